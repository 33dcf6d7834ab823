//! The pages of the rules, put together for their templates.

use super::errors::page;
use super::locale::Locale;
use super::logins::Login;
use super::policy::QUESTIONS;
use crate::config::{ConfigFaults, Given, SignedPack, print_of};
use crate::people::Role;
use crate::policy_desk::{AskFault, Asked, CHECKED, Lying, PolicyDesk};
use askama::Template;
use axum::response::Response;
use domain::mrz::Field;
use domain::policy::{
    Checkpoints, Decision, Direction, Entry, EntryConfirmation, Evidence, MOST_REMEMBERED, Modality, Outcome, Pack,
    Question, Replay, SettledBy, Status, Verdict,
};
use jiff::civil::{Date, DateTime};
use std::collections::BTreeSet;

#[derive(Template)]
#[template(path = "policy/desk.html")]
struct DeskPage<'a> {
    t: Locale<'a>,
    login: &'a Login,
    lying: &'a Lying,
    refused: Option<ConfigFaults>,
    announced: Vec<Announced>,
    remembered: usize,
}

/// An announced entry with what was said of it.
struct Announced {
    entry: Entry,
    /// By whom, when and on what basis it counts as confirmed.
    stands: Option<EntryConfirmation>,
    /// Whether that was said at this page, and can be taken back here.
    here: bool,
    said: Vec<Said>,
}

struct Said {
    given: Given,
    /// About the entry as it reads now.
    of_this: bool,
}

impl Announced {
    fn of(entry: &Entry, policy: &PolicyDesk, confirmed: &[EntryConfirmation], pack: &Pack) -> Self {
        let print = print_of(entry);
        let said = policy.said_of(&entry.id).into_iter();
        let said: Vec<Said> =
            said.map(|given| Said { of_this: given.print == print && given.pack == pack.id, given }).collect();
        let stands = confirmed.iter().find(|confirmation| confirmation.entry == entry.id).cloned();
        let is_said = |stands: &EntryConfirmation| {
            said.iter().any(|said| said.of_this && said.given.basis == stands.basis && said.given.who == stands.who)
        };
        Self { here: stands.as_ref().is_some_and(is_said), entry: entry.clone(), stands, said }
    }
}

/// The policy desk.
pub fn desk(t: Locale<'_>, login: &Login, policy: &PolicyDesk, lying: &Lying) -> Response {
    let loaded = policy.working();
    let pack = &loaded.rules.pack;
    let announced = pack.entries.iter().filter(|entry| entry.status == Status::Announced);
    page(&DeskPage {
        t,
        login,
        lying,
        refused: policy.refused(),
        announced: announced.map(|entry| Announced::of(entry, policy, &loaded.confirmed, pack)).collect(),
        remembered: policy.remembered(),
    })
}

#[derive(Template)]
#[template(path = "policy/ask.html")]
struct AskPage<'a> {
    t: Locale<'a>,
    login: &'a Login,
    lying: &'a Lying,
    chosen: &'a SignedPack,
    asked: &'a Asked,
    fault: Option<&'a AskFault>,
    decision: Option<&'a Decision>,
    other: (&'a str, &'a str),
}

/// The form of a question, and the answer if one was asked.
pub fn ask(
    t: Locale<'_>,
    login: &Login,
    (lying, chosen): (&Lying, &SignedPack),
    (asked, said): (&Asked, Option<&Result<Decision, AskFault>>),
) -> Response {
    let (decision, fault) = (said.and_then(|said| said.as_ref().ok()), said.and_then(|said| said.as_ref().err()));
    let other = asked.others.first().and_then(|other| other.split_once(':')).unwrap_or_default();
    page(&AskPage { t, login, lying, chosen, asked, fault, decision, other })
}

impl AskPage<'_> {
    const EVIDENCE: [Evidence; 3] = [Evidence::Reader, Evidence::Typed, Evidence::Manual];

    /// Checkpoints that the pack names.
    fn checkpoints(&self) -> BTreeSet<&str> {
        let listed = self.chosen.pack.entries.iter().filter_map(|entry| match &entry.checkpoints {
            Checkpoints::Every => None,
            Checkpoints::Listed(ids) => Some(ids),
        });
        listed.flatten().map(String::as_str).collect()
    }

    /// Kinds of evidence that the pack names.
    fn kinds(&self) -> BTreeSet<&str> {
        self.chosen.pack.grounds.iter().flat_map(|ground| &ground.evidence).map(String::as_str).collect()
    }

    fn announced(&self) -> impl Iterator<Item = &Entry> {
        self.chosen.pack.entries.iter().filter(|entry| entry.status == Status::Announced)
    }

    fn failed(&self, field: &Field) -> bool {
        self.asked.failed.iter().any(|word| word == field.id())
    }

    fn answered(&self, question: &str) -> &str {
        self.asked.answers.iter().find(|(of, _)| of == question).map_or("", |(_, said)| said)
    }

    fn wrong(&self, field: &str) -> bool {
        self.fault.is_some_and(|fault| fault.field == field)
    }

    fn verdict(&self, decision: &Decision) -> &'static str {
        verdict(decision.verdict)
    }

    /// The question in the language of the page.
    fn question(&self, question: &Question) -> String {
        let key = format!("question-{}", question.id);
        match question.age {
            _ if !self.t.has(&key) => question.text.clone(),
            Some(age) => self.t.with(&key, "age", age),
            None => self.t.with(&key, "nationality", self.asked.nationality.to_ascii_uppercase()),
        }
    }

    /// Who settles it.
    fn settles(&self, question: &Question) -> String {
        let role = match question.settled_by {
            SettledBy::Officer => Role::Officer,
            SettledBy::Supervisor => Role::Supervisor,
        };
        self.t.word("role", role.id())
    }

    /// What is taken, in words.
    fn takes(&self, decision: &Decision) -> String {
        let word = |modality| self.t.word("leaflet", modality_word(modality));
        let words: Vec<String> = decision.takes.iter().map(word).collect();
        if words.is_empty() { self.t.say("policy-nothing") } else { words.join(", ") }
    }

    /// The label of a field that could not be read.
    fn label(&self, field: &str) -> String {
        self.t.say(match field {
            "answer" => "policy-answers",
            "attest" => "claim-ground",
            "born" => "field-birth-date",
            "checkpoint" => "fact-checkpoint",
            "confirm-entry" => "policy-counts",
            "date" => "fact-date",
            "direction" => "fact-direction",
            "evidence" => "field-evidence",
            "failed" => "failed-checks",
            "issuer" => "field-issuing-state",
            "other" => "fact-other-nationality",
            _ => "field-nationality",
        })
    }
}

#[derive(Template)]
#[template(path = "policy/replay.html")]
struct ReplayPage<'a> {
    t: Locale<'a>,
    login: &'a Login,
    rules: &'a SignedPack,
    replay: &'a Replay,
    day: Option<Date>,
    since: DateTime,
}

impl ReplayPage<'_> {
    /// An outcome in one line: verdict, ground, question, and what is taken where it is not everything.
    fn outcome(&self, of: &Outcome) -> String {
        let t = self.t;
        let mut words = vec![t.word("verdict", verdict(of.verdict))];
        words.extend(of.ground.as_ref().map(|ground| t.word_or("ground", ground, ground)));
        words.extend(of.question.clone());
        let part = of.verdict == Verdict::Required && of.takes.len() == 1;
        words.extend(of.takes.iter().filter(|_| part).map(|takes| t.word("leaflet", takes)));
        words.join(", ")
    }
}

/// The last decisions under a pack.
pub fn replay(
    t: Locale<'_>,
    login: &Login,
    policy: &PolicyDesk,
    (rules, replay, day): (&SignedPack, &Replay, Option<Date>),
) -> Response {
    page(&ReplayPage { t, login, rules, replay, day, since: policy.since() })
}

/// The word of a verdict in the locale files.
fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::AskSupervisor => "ask",
        Verdict::Exempt => "exempt",
        Verdict::NoRule => "no-rule",
        Verdict::NotInScope => "not-in-scope",
        Verdict::Required => "required",
    }
}

fn modality_word(modality: Modality) -> &'static str {
    match modality {
        Modality::Face => "face",
        Modality::Fingers => "fingers",
    }
}
