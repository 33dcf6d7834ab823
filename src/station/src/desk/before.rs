//! What the traveller owed before arrival: what the rules say, which number the officer was given, and what a look-up says
//! of it. Nothing of this holds a case up.

use super::actor::{Desk, Message};
use super::case::Case;
use super::command::DeskRefusal;
use super::facts;
use super::orders::Done;
use crate::lookup::{Answer, Inquiry};
use domain::case::CaseNumber;
use domain::guarded::Personal;
use domain::policy::{
    ApplicationNumber, Pack, PreArrivalAnswer, PreArrivalFacts, PreArrivalKind, PreArrivalVerdict, Verdict,
};
use domain::record::{BeforeArrival, LookedUp, Shown};
use domain::session::Step;
use domain::units::StaffId;
use jiff::civil::DateTime;
use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// Stands in the form for "none of the exceptions holds".
const NO_EXCEPTION: &str = "none";

/// What the officer notes.
#[derive(Debug)]
pub struct Noted {
    /// What it is about.
    pub kind: PreArrivalKind,
    /// The number as typed; empty where the traveller has none to show.
    pub number: Personal<String>,
    /// The exception that holds, `none`, or nothing where that was not asked.
    pub exception: String,
    /// The journey is an emergency.
    pub emergency: bool,
}

/// All of it for one case.
#[derive(Default)]
pub struct Before {
    told: PreArrivalFacts,
    answers: Vec<PreArrivalAnswer>,
    papers: BTreeMap<PreArrivalKind, Paper>,
    /// Look-ups so far: an answer to an earlier one counts no more.
    asked: u64,
}

/// What was noted of an application or a profile.
#[derive(Default)]
struct Paper {
    number: Option<Personal<String>>,
    /// The look-up that is under way, or its answer.
    asked: u64,
    looked_up: Option<LookedUp>,
}

/// What a look-up said, and of what.
pub struct LookedUpFor {
    case: CaseNumber,
    kind: PreArrivalKind,
    asked: u64,
    answer: Answer,
}

/// Something that was owed before arrival. Neither `Debug` nor `Serialize`: it is read by templates only.
#[derive(Clone)]
pub struct BeforePanel {
    /// `application` or `profile`.
    pub kind: &'static str,
    /// `ask`, `excepted`, `owed`.
    pub verdict: &'static str,
    /// Exceptions that the officer may see, each with its question in English.
    pub exceptions: Vec<(String, String)>,
    /// The one that holds, `none`, or nothing where that was not asked.
    pub stated: String,
    /// The journey is an emergency.
    pub emergency: bool,
    /// When it was to be handed in.
    pub window: Option<WindowPanel>,
    /// `in-time`, `late`, `too-early`, `unknown`.
    pub timing: Option<&'static str>,
    /// `given`, `not-known`, `not-shown`.
    pub shown: &'static str,
    /// The number, where it was given.
    pub number: String,
    /// What the look-up said.
    pub looked_up: Option<&'static str>,
    /// It has not answered yet.
    pub under_way: bool,
    /// What the rule rests on.
    pub source: String,
}

/// Moments in local time.
#[derive(Clone)]
pub struct WindowPanel {
    /// The first that is in time.
    pub not_before: String,
    /// The last.
    pub not_after: String,
    /// The last in an emergency.
    pub in_an_emergency: String,
}

impl Before {
    /// What each rule says and what was noted, for the record; and the two numbers.
    pub fn into_record(mut self) -> (Vec<BeforeArrival>, Option<Personal<String>>, Option<Personal<String>>) {
        let owed = |answer: &PreArrivalAnswer| BeforeArrival {
            rule: answer.rule.clone(),
            kind: answer.kind,
            verdict: answer.verdict,
            exception: answer.exception.clone(),
            timing: answer.timing,
            shown: self.shown(answer.kind),
            looked_up: self.looked_up(answer.kind),
        };
        let rules = self.answers.iter().map(owed).collect();
        let mut number = |kind| self.papers.remove(&kind).and_then(|paper: Paper| paper.number);
        (rules, number(PreArrivalKind::Application), number(PreArrivalKind::Profile))
    }

    /// What of it concerns the officer: what is owed, or may be.
    pub fn panels(&self, pack: &Pack, arrival: DateTime) -> Vec<BeforePanel> {
        let stated = |answer: &PreArrivalAnswer| {
            let holds = |id: &String| self.told.stated.contains(&(id.clone(), true));
            answer.exception.as_ref().is_some_and(holds)
        };
        let concerns = |answer: &&PreArrivalAnswer| match answer.verdict {
            PreArrivalVerdict::Ask | PreArrivalVerdict::Owed => true,
            PreArrivalVerdict::Excepted => stated(answer),
            PreArrivalVerdict::NotInScope => false,
        };
        let panel = |answer: &PreArrivalAnswer| {
            let paper = self.papers.get(&answer.kind);
            let rule = pack.pre_arrival.iter().find(|rule| rule.id == answer.rule);
            let exceptions = rule.map(|rule| rule.exceptions.as_slice()).unwrap_or_default();
            let local = |at: DateTime| at.strftime("%Y-%m-%d %H:%M").to_string();
            BeforePanel {
                kind: answer.kind.id(),
                verdict: answer.verdict.id(),
                exceptions: exceptions.iter().map(|one| (one.id.clone(), one.question.clone())).collect(),
                stated: self.stated(answer),
                emergency: self.told.emergency,
                window: answer.window.map(|window| WindowPanel {
                    not_before: local(window.earliest(arrival)),
                    not_after: local(window.latest(arrival, false)),
                    in_an_emergency: local(window.latest(arrival, true)),
                }),
                timing: answer.timing.map(|timing| timing.id()),
                shown: self.shown(answer.kind).id(),
                number: paper.and_then(|paper| paper.number.as_ref()).map(|of| of.expose().clone()).unwrap_or_default(),
                looked_up: self.looked_up(answer.kind).map(LookedUp::id),
                under_way: paper.is_some_and(|paper| paper.number.is_some() && paper.looked_up.is_none()),
                source: answer.sources.first().map(|source| source.cite.clone()).unwrap_or_default(),
            }
        };
        self.answers.iter().filter(concerns).map(panel).collect()
    }

    /// What the officer said of the exceptions of a rule, as the form says it.
    fn stated(&self, answer: &PreArrivalAnswer) -> String {
        match &answer.exception {
            Some(exception) => exception.clone(),
            None if self.told.stated.is_empty() => String::new(),
            None => NO_EXCEPTION.into(),
        }
    }

    fn shown(&self, kind: PreArrivalKind) -> Shown {
        match self.papers.get(&kind) {
            Some(Paper { number: Some(_), .. }) => Shown::Given,
            Some(_) => Shown::NotShown,
            None => Shown::NotKnown,
        }
    }

    /// What the look-up said; one that has not answered yet is not known.
    fn looked_up(&self, kind: PreArrivalKind) -> Option<LookedUp> {
        let paper = self.papers.get(&kind).filter(|paper| paper.number.is_some())?;
        Some(paper.looked_up.unwrap_or(LookedUp::Unknown))
    }

    /// What a barcode is taken for: the first thing that is owed and that no number was given of.
    fn awaited(&self) -> Option<PreArrivalKind> {
        let open = |answer: &&PreArrivalAnswer| {
            matches!(answer.verdict, PreArrivalVerdict::Ask | PreArrivalVerdict::Owed)
                && self.shown(answer.kind) != Shown::Given
        };
        self.answers.iter().find(open).map(|answer| answer.kind)
    }
}

impl Desk {
    /// Asks the rules about the time before arrival once more, of what is known of the case at the desk now.
    pub(super) fn ask_before_arrival(&mut self) {
        let Some(case) = self.at_desk.as_ref() else { return };
        let Some(known) = &case.facts else { return };
        let loaded = case.under.as_ref().unwrap_or(&self.loaded);
        let answers = facts::before_arrival(loaded, self.clock.local(), known, &case.before.told);
        if let Some(case) = self.at_desk.as_mut() {
            case.before.answers = answers;
        }
    }

    /// What the officer is shown of it: nothing where no biometrics are due, because no other record could carry it.
    pub(super) fn before_panels(&self) -> Vec<BeforePanel> {
        let Some(case) = self.at_desk.as_ref().filter(|case| carries(case)) else { return Vec::new() };
        case.before.panels(&self.rules_of(case).pack, self.clock.local())
    }

    /// The officer notes what the traveller has shown, or has not.
    pub(super) fn note_before_arrival(&mut self, noted: Noted, officer: &StaffId) -> Done {
        let case = self.at_desk.as_ref().ok_or(DeskRefusal::DeskEmpty)?;
        if !carries(case) || case.before.answers.iter().all(|answer| answer.kind != noted.kind) {
            return Err(DeskRefusal::NotNow);
        }
        let number = match noted.number.expose().trim() {
            "" => None,
            text => Some(ApplicationNumber::parse(text).map_err(DeskRefusal::Number)?.into_personal()),
        };
        let stated = self.stated(case, &noted)?;
        // Of somebody who owes nothing, no number is missing.
        let excepted = stated.iter().flatten().any(|(_, holds)| *holds);
        if number.is_some() || !excepted {
            self.take_before_arrival(noted.kind, number, officer);
        }
        if let Some(case) = self.at_desk.as_mut() {
            if let Some(stated) = stated {
                case.before.told.stated = stated;
            }
            if noted.kind == PreArrivalKind::Application {
                case.before.told.emergency = noted.emergency;
            }
        }
        self.ask_before_arrival();
        Ok(())
    }

    /// Each exception of the rule with the officer's answer: one that holds leaves the others open. Nothing where it was not
    /// asked.
    fn stated(&self, case: &Case, noted: &Noted) -> Result<Option<Vec<(String, bool)>>, DeskRefusal> {
        let rules = &self.rules_of(case).pack.pre_arrival;
        let applies =
            |id: &String| case.before.answers.iter().any(|answer| answer.rule == *id && answer.kind == noted.kind);
        let known = rules.iter().filter(|rule| applies(&rule.id)).flat_map(|rule| &rule.exceptions);
        let known: Vec<&String> = known.map(|exception| &exception.id).collect();
        match noted.exception.as_str() {
            "" => Ok(None),
            NO_EXCEPTION => Ok(Some(known.into_iter().map(|id| (id.clone(), false)).collect())),
            holds if known.iter().any(|id| *id == holds) => Ok(Some(vec![(holds.into(), true)])),
            _ => Err(DeskRefusal::UnknownAnswer),
        }
    }

    /// What a reader typed, or sent, while no document is asked for: the number of what is owed.
    pub(super) fn barcode(&mut self, text: &Personal<String>, officer: Option<&StaffId>) -> Done {
        let case = self.at_desk.as_ref().filter(|case| carries(case)).ok_or(DeskRefusal::NotNow)?;
        let kind = case.before.awaited().ok_or(DeskRefusal::NotNow)?;
        if domain::mrz::parse(text.expose()).is_ok() {
            return Err(DeskRefusal::NotNow);
        }
        let number = ApplicationNumber::parse(text.expose()).map_err(DeskRefusal::Number)?.into_personal();
        let by = officer.cloned().unwrap_or_else(|| case.hand.clone());
        self.take_before_arrival(kind, Some(number), &by);
        Ok(())
    }

    /// Keeps a number, or that there is none, and has a new one looked up.
    fn take_before_arrival(&mut self, kind: PreArrivalKind, number: Option<Personal<String>>, officer: &StaffId) {
        let Some(case) = self.at_desk.as_mut() else { return };
        case.worked_on_by(officer);
        let paper = case.before.papers.entry(kind).or_default();
        if paper.number == number && number.is_some() {
            return;
        }
        case.before.asked += 1;
        *paper = Paper { number, asked: case.before.asked, looked_up: None };
        case.before.told.applied = case.before.told.applied.filter(|_| kind != PreArrivalKind::Application);
        let (Some(number), Some(file)) = (paper.number.clone(), &case.traveller) else { return };
        let (issuing_state, document_number) = file.document();
        let inquiry = Inquiry { kind, number, issuing_state, document_number };
        let (lookups, messages) = (self.lookups.clone(), self.messages.clone());
        let (case, asked) = (case.number().clone(), case.before.asked);
        tokio::spawn(async move {
            let answer = lookups.ask(&inquiry).await;
            // A desk that is gone needs no answer.
            let _ = messages.send(Message::LookedUp(LookedUpFor { case, kind, asked, answer })).await;
        });
    }

    /// The answer of a look-up; one that comes after its case, or after another number, is dropped.
    pub(super) fn looked_up(&mut self, of: LookedUpFor) {
        let case = self.at_desk.as_mut().filter(|case| *case.number() == of.case);
        let Some(case) = case else { return };
        let Some(paper) = case.before.papers.get_mut(&of.kind).filter(|paper| paper.asked == of.asked) else { return };
        paper.looked_up = Some(of.answer.says);
        if of.kind == PreArrivalKind::Application {
            case.before.told.applied = of.answer.handed_in_ms.and_then(|utc_ms| self.clock.local_of(utc_ms));
        }
        self.ask_before_arrival();
    }
}

/// Whether the record of this case could carry a number: biometrics are due. The record of somebody who is exempt, or of
/// whom nobody knows yet, must not.
fn carries(case: &Case) -> bool {
    let due = case.decision().is_some_and(|decision| decision.verdict == Verdict::Required && decision.stands());
    let open = matches!(
        case.session.step(),
        Step::Decided(_) | Step::Declare(..) | Step::Capturing(..) | Step::Held(..) | Step::Summary(..)
    );
    due && open
}
