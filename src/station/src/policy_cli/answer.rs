//! The answer as people and other programs read it: the decision, then what was owed before arrival.

use super::CliError;
use domain::policy::{
    Decision, FactUsed, Modalities, PreArrivalAnswer, PreArrivalKind, PreArrivalVerdict, SettledBy, Source, Timing,
    Verdict,
};
use jiff::civil::DateTime;
use serde::Serialize;

/// What both rule sets of a pack say about an arrival.
pub(super) struct Answered {
    decision: Decision,
    before: Vec<PreArrivalAnswer>,
    arrival: DateTime,
}

impl Answered {
    /// What they say, and of which local time of arrival.
    pub(super) fn new(decision: Decision, before: Vec<PreArrivalAnswer>, arrival: DateTime) -> Self {
        Self { decision, before, arrival }
    }

    /// As JSON, or as lines for people.
    pub(super) fn text(&self, json: bool) -> Result<String, CliError> {
        if json { self.json() } else { Ok(self.readable()) }
    }

    fn json(&self) -> Result<String, CliError> {
        let decision = &self.decision;
        let question = decision.question.as_ref();
        let explained = Explained {
            decision: decision.verdict,
            takes: decision.takes,
            ground: &decision.ground,
            entry: &decision.entry,
            superseded: &decision.superseded,
            sources: &decision.sources,
            facts_used: &decision.facts_used,
            facts_missing: &decision.facts_missing,
            question: question.map(|question| question.text.as_str()),
            question_id: question.map(|question| question.id.as_str()),
            settled_by: question.map(|question| question.settled_by),
            notes: &decision.notes,
            before_arrival: self.before.iter().map(|answer| Before { answer, moments: self.moments(answer) }).collect(),
            pack: &decision.pack,
        };
        serde_json::to_string_pretty(&explained).map_err(|error| CliError(format!("cannot write JSON: {error}")))
    }

    fn readable(&self) -> String {
        let mut lines = decided(&self.decision);
        for answer in &self.before {
            lines.push(String::new());
            lines.extend(owed(answer, self.moments(answer)));
        }
        lines.join("\n")
    }

    /// The moments that the window of an answer means for this arrival.
    fn moments(&self, answer: &PreArrivalAnswer) -> Option<Moments> {
        let window = answer.window?;
        let local = |at: DateTime| at.to_string();
        Some(Moments {
            not_before: local(window.earliest(self.arrival)),
            not_after: local(window.latest(self.arrival, false)),
            in_an_emergency: local(window.latest(self.arrival, true)),
        })
    }
}

/// The answer as other programs read it: the question is a plain sentence.
#[derive(Serialize)]
struct Explained<'a> {
    decision: Verdict,
    takes: Modalities,
    ground: &'a Option<String>,
    entry: &'a Option<String>,
    superseded: &'a [String],
    sources: &'a [Source],
    facts_used: &'a [FactUsed],
    facts_missing: &'a [String],
    question: Option<&'a str>,
    question_id: Option<&'a str>,
    settled_by: Option<SettledBy>,
    notes: &'a [String],
    before_arrival: Vec<Before<'a>>,
    pack: &'a str,
}

/// One rule about the time before arrival, with what its hours mean for this one.
#[derive(Serialize)]
struct Before<'a> {
    #[serde(flatten)]
    answer: &'a PreArrivalAnswer,
    moments: Option<Moments>,
}

/// Local times.
#[derive(Serialize)]
struct Moments {
    not_before: String,
    not_after: String,
    in_an_emergency: String,
}

/// One line: what it is about, and what it says.
fn line(name: &str, text: &str) -> String {
    format!("{:<11} {text}", format!("{name}:"))
}

fn decided(decision: &Decision) -> Vec<String> {
    let verdict = match decision.verdict {
        Verdict::AskSupervisor => "ask a supervisor",
        Verdict::Exempt => "exempt",
        Verdict::NoRule => "no rule applies",
        Verdict::NotInScope => "not in scope",
        Verdict::Required => "biometrics are required",
    };
    let mut lines = vec![line("Decision", verdict)];
    let mut say = |name: &str, text: &str| lines.push(line(name, text));
    decision.question.iter().for_each(|question| say("Question", &format!("{} ({})", question.text, question.id)));
    let takes: Vec<&str> = decision.takes.iter().map(|modality| modality.id()).collect();
    takes.first().iter().for_each(|_| say("Takes", &takes.join(", ")));
    decision.ground.iter().for_each(|ground| say("Ground", ground));
    decision.entry.iter().for_each(|entry| say("Entry", entry));
    decision.superseded.iter().for_each(|entry| say("Superseded", entry));
    decision.sources.iter().for_each(|source| say("Source", &format!("{} ({})", source.cite, source.published)));
    let facts = decision.facts_used.iter();
    facts.for_each(|fact| say("Fact", &format!("{}: {} ({})", fact.fact, fact.value, fact.evidence)));
    decision.facts_missing.iter().for_each(|fact| say("Missing", fact));
    decision.notes.iter().for_each(|note| say("Note", note));
    say("Pack", &decision.pack);
    lines
}

fn owed(answer: &PreArrivalAnswer, moments: Option<Moments>) -> Vec<String> {
    let what = match answer.kind {
        PreArrivalKind::Application => "pre-arrival application",
        PreArrivalKind::Profile => "digital profile",
    };
    let verdict = match answer.verdict {
        PreArrivalVerdict::Ask => "a question is open",
        PreArrivalVerdict::Excepted => "not owed, an exception holds",
        PreArrivalVerdict::NotInScope => "not in scope",
        PreArrivalVerdict::Owed => "owed by the traveller",
    };
    let mut lines = vec![line("Before", &format!("{what}: {verdict}"))];
    let mut say = |name: &str, text: &str| lines.push(line(name, text));
    answer.question.iter().for_each(|question| say("Question", &format!("{} ({})", question.text, question.id)));
    answer.exception.iter().for_each(|exception| say("Exception", exception));
    if let (Some(window), Some(moments)) = (answer.window, moments) {
        let Moments { not_before, not_after, in_an_emergency } = moments;
        say("By", &format!("{not_after}, {} hours before arrival", window.latest_hours));
        say("Emergency", &format!("by {in_an_emergency}, {} hours before arrival", window.emergency_hours));
        say("Not before", &format!("{not_before}, {} days before arrival", window.earliest_days));
    }
    let timing = answer.timing.map(|timing| match timing {
        Timing::InTime => "in time",
        Timing::Late => "late",
        Timing::TooEarly => "too early",
        Timing::Unknown => "not known: nobody has said when it was handed in",
    });
    timing.iter().for_each(|timing| say("Handed in", timing));
    say("Rule", &answer.rule);
    answer.sources.iter().for_each(|source| say("Source", &format!("{} ({})", source.cite, source.published)));
    let facts = answer.facts_used.iter();
    facts.for_each(|fact| say("Fact", &format!("{}: {} ({})", fact.fact, fact.value, fact.evidence)));
    say("Note", &answer.note);
    lines
}
