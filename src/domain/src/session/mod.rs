//! One traveller at the desk, as a closed enum of steps. The session decides, the station does.
//!
//! No clock, no device and no store inside: [`Session::apply`] takes an event and gives the next session with the
//! effects to carry out, or refuses and changes nothing. There is no wildcard arm over steps, so that a new event has
//! to be answered by each of them; `tests.rs` prints the whole table.

mod exception;
mod progress;
mod review;
#[cfg(test)]
mod tests;
mod words;
mod wrong;

pub use exception::FaceException;
pub use progress::{MAX_ATTEMPTS, MAX_LOGGED, Progress, SlotState};
pub use words::{Aim, Attempt, AttemptLog, CapturePlan, Effect, Event, Outcome, Refused, ReviewReason, Slot, Veto};
pub use wrong::Wrong;

use crate::case::CaseNumber;
use crate::permit::{CapturePermit, Permitted};
use crate::policy::{Decision, Due, Modality, SettledBy, Verdict};
use crate::units::StaffId;
use alloc::collections::BTreeSet;
use alloc::{vec, vec::Vec};

/// Where a case stands. The order is that of the work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The clock is in doubt: the officer checks the date before anything is decided.
    ConfirmDate,
    /// Waiting for the document, or for facts from its printed page.
    Document,
    /// The rules have been asked; the officer sees the answer or its question.
    Decided(Decision),
    /// Biometrics are due; waiting for the officer to declare what can be taken, with what was taken before the officer
    /// went back to it.
    Declare(Due, Progress),
    /// A device works on this attempt.
    Capturing(Due, Progress, Aim),
    /// A device failed; waiting for the officer to press Retry.
    Held(Due, Progress, Aim),
    /// Everything is taken; the officer looks at the summary.
    Summary(Due, Progress),
    /// Parked for a supervisor.
    InReview(ReviewReason, Parked),
    /// A supervisor has spoken, and the traveller is to be called back: for these slots, or for a new decision.
    AwaitingRecall(Parked, Vec<Slot>),
    /// The record is being sealed and committed.
    Keeping(Outcome),
    /// Over.
    Closed(Outcome),
}

/// What a parked case holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parked {
    /// Biometrics were taken; the best attempts are kept.
    Taken(Due, Progress),
    /// Whether biometrics are due is still open: no device has opened, and none may.
    Undecided(Decision),
}

impl Step {
    /// The step's name in pages, logs and tests.
    pub const fn id(&self) -> &'static str {
        match self {
            Self::ConfirmDate => "confirm-date",
            Self::Document => "document",
            Self::Decided(_) => "decided",
            Self::Declare(..) => "declare",
            Self::Capturing(..) => "capturing",
            Self::Held(..) => "held",
            Self::Summary(..) => "summary",
            Self::InReview(..) => "in-review",
            Self::AwaitingRecall(..) => "awaiting-recall",
            Self::Keeping(_) => "keeping",
            Self::Closed(_) => "closed",
        }
    }
}

/// One case, from "new traveller" to its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    case: CaseNumber,
    officer: StaffId,
    /// Others who worked on it: whoever vetoed or signed, above all.
    helpers: BTreeSet<StaffId>,
    step: Step,
}

/// The next session and what to do, or a refusal that changes nothing.
pub type Applied = Result<(Session, Vec<Effect>), Refused>;

impl Session {
    /// A new case. `clock_in_doubt` makes the officer confirm the date first.
    pub fn open(case: CaseNumber, officer: StaffId, clock_in_doubt: bool) -> Self {
        let step = if clock_in_doubt { Step::ConfirmDate } else { Step::Document };
        Self { case, officer, helpers: BTreeSet::new(), step }
    }

    /// The case's number.
    pub fn case(&self) -> &CaseNumber {
        &self.case
    }

    /// Who opened the case.
    pub fn officer(&self) -> &StaffId {
        &self.officer
    }

    /// The same session, on which this officer has worked: whoever did cannot decide on it as a supervisor.
    #[must_use]
    pub fn worked_on_by(mut self, officer: &StaffId) -> Self {
        if *officer != self.officer {
            self.helpers.insert(officer.clone());
        }
        self
    }

    /// Whether this person opened the case or worked on it.
    pub fn is_own(&self, person: &StaffId) -> bool {
        *person == self.officer || self.helpers.contains(person)
    }

    /// Everybody who worked on it.
    pub fn staff(&self) -> impl Iterator<Item = &StaffId> {
        core::iter::once(&self.officer).chain(&self.helpers)
    }

    /// Where the case stands.
    pub fn step(&self) -> &Step {
        &self.step
    }

    /// The session after this event, with the effects to carry out.
    pub fn apply(&self, event: Event) -> Applied {
        match &self.step {
            Step::ConfirmDate => self.in_confirm_date(event),
            Step::Document => self.in_document(event),
            Step::Decided(decision) => self.in_decided(decision, event),
            Step::Declare(due, before) => self.in_declare(due, before, event),
            Step::Capturing(due, progress, aim) => self.in_capturing(due, progress, aim, event),
            Step::Held(due, progress, aim) => self.in_held(due, progress, aim, event),
            Step::Summary(due, progress) => self.in_summary(due, progress, event),
            Step::InReview(reason, parked) => self.in_review(reason, parked, event),
            Step::AwaitingRecall(parked, slots) => self.in_recall(parked, slots, event),
            Step::Keeping(outcome) => match event {
                Event::RecordKept => self.to(Step::Closed(*outcome), vec![Effect::WipeSamples]),
                other => self.refuse(&other),
            },
            Step::Closed(_) => self.refuse(&event),
        }
    }

    fn in_confirm_date(&self, event: Event) -> Applied {
        match event {
            Event::DateConfirmed => self.to(Step::Document, vec![]),
            Event::Cancelled => self.keep(Outcome::Cancelled),
            other => self.refuse(&other),
        }
    }

    fn in_document(&self, event: Event) -> Applied {
        match event {
            Event::Decided(decision) => self.to(Step::Decided(decision), vec![]),
            Event::ClockDoubted => self.to(Step::ConfirmDate, vec![]),
            Event::Cancelled => self.keep(Outcome::Cancelled),
            other => self.refuse(&other),
        }
    }

    fn in_decided(&self, decision: &Decision, event: Event) -> Applied {
        match event {
            Event::Decided(again) => self.to(Step::Decided(again), vec![]),
            // What was decided on a doubtful date is not decided.
            Event::ClockDoubted => self.to(Step::ConfirmDate, vec![]),
            Event::ExemptionClaimed { ground, evidence } => {
                self.park(ReviewReason::Attestation { ground, evidence }, Parked::Undecided(decision.clone()))
            }
            Event::SentToSupervisor => match &decision.question {
                Some(question) => {
                    let reason = ReviewReason::Question(question.id.clone());
                    self.park(reason, Parked::Undecided(decision.clone()))
                }
                None => self.refuse(&Event::SentToSupervisor),
            },
            Event::Proceed => self.proceed(decision),
            // Another document may be read; the facts of this one are remembered.
            Event::Undone => self.to(Step::Document, vec![]),
            Event::Cancelled => self.keep(Outcome::Cancelled),
            other => self.refuse(&other),
        }
    }

    fn proceed(&self, decision: &Decision) -> Applied {
        let open = Err(Refused::QuestionOpen(self.case.clone()));
        match decision.verdict {
            Verdict::Exempt if decision.stands() => self.keep(Outcome::Exempt),
            Verdict::NotInScope if decision.stands() => self.keep(Outcome::NotInScope),
            Verdict::Required => match Due::from_decision(decision) {
                Some(due) => self.to(Step::Declare(due, Progress::new(CapturePlan::default())), vec![]),
                None => open,
            },
            Verdict::AskSupervisor | Verdict::Exempt | Verdict::NoRule | Verdict::NotInScope => open,
        }
    }

    fn in_declare(&self, due: &Due, before: &Progress, event: Event) -> Applied {
        match event {
            // What is not due is not taken, whatever was declared.
            Event::CaptureDeclared(plan) if !due.takes(Modality::Fingers) && !plan.placements.is_empty() => {
                Err(Refused::NotDue(self.case.clone()))
            }
            Event::CaptureDeclared(plan) => self.next_attempt(due, before.under(plan)),
            // A capture that has begun rests on the decision that it was begun under.
            Event::Undone if before.attempts().is_empty() => self.to(Step::Decided(due.decision().clone()), vec![]),
            // Somebody who claims an exemption only now is heard before any device opens.
            Event::ExemptionClaimed { ground, evidence } if before.attempts().is_empty() => {
                let undecided = Parked::Undecided(due.decision().clone());
                self.park(ReviewReason::Attestation { ground, evidence }, undecided)
            }
            Event::TravellerRefused => self.stop_and_keep(Outcome::RefusedByTraveller),
            Event::Cancelled => self.stop_and_keep(Outcome::Cancelled),
            other => self.refuse(&other),
        }
    }

    fn in_capturing(&self, due: &Due, progress: &Progress, aim: &Aim, event: Event) -> Applied {
        let mut progress = progress.clone();
        match event {
            Event::AttemptScored(of, judged, doubted) if of == *aim || progress.beside(aim).as_ref() == Some(&of) => {
                // A finger that was accepted before stays as it is; one that did not show has used up an attempt.
                let took = judged.first().map(|(_, attempt)| attempt.took).unwrap_or_default();
                for slot in progress.open_slots(&of) {
                    let found = judged.iter().find(|(of, _)| *of == slot).map(|(_, attempt)| *attempt);
                    progress.scored(slot, found.unwrap_or(Attempt::without_sample(took)));
                }
                doubted.into_iter().for_each(|slot| progress.doubt(slot));
                if of == *aim {
                    return self.next_attempt(due, progress);
                }
                // The face goes on, and the next fingers beside it.
                let beside = self.beside(due, &progress, aim);
                self.to(Step::Capturing(due.clone(), progress, aim.clone()), beside.into_iter().collect())
            }
            Event::DeviceFailed(of, code) if of == *aim => {
                progress.failed(aim, &code);
                // Nothing runs beside a capture that waits for its device.
                let stop = progress.beside(aim).map(|_| Effect::StopDevices);
                self.to(Step::Held(due.clone(), progress, of), stop.into_iter().collect())
            }
            // These fingers are asked for again when the face is done, and whoever is there then sees what is wrong.
            Event::DeviceFailed(of, code) if progress.beside(aim).as_ref() == Some(&of) => {
                progress.failed(&of, &code);
                self.to(Step::Capturing(due.clone(), progress, aim.clone()), vec![])
            }
            Event::Undone => self.to(Step::Declare(due.clone(), progress), vec![Effect::StopDevices]),
            Event::TravellerRefused => self.stop_and_keep(Outcome::RefusedByTraveller),
            Event::Cancelled => self.stop_and_keep(Outcome::Cancelled),
            other => self.refuse(&other),
        }
    }

    fn in_held(&self, due: &Due, progress: &Progress, aim: &Aim, event: Event) -> Applied {
        match event {
            Event::Retry if progress.has_room() => self.capture(due, progress.clone(), aim.clone()),
            Event::Undone => self.to(Step::Declare(due.clone(), progress.clone()), vec![Effect::StopDevices]),
            Event::TravellerRefused => self.stop_and_keep(Outcome::RefusedByTraveller),
            Event::Cancelled => self.stop_and_keep(Outcome::Cancelled),
            other => self.refuse(&other),
        }
    }

    fn in_summary(&self, due: &Due, progress: &Progress, event: Event) -> Applied {
        let taken = Parked::Taken(due.clone(), progress.clone());
        match event {
            Event::Signed => match review_needed(due, progress) {
                Some(reason) => self.park(reason, taken),
                None => self.keep(unreviewed_outcome(progress)),
            },
            Event::Vetoed(slot, veto) if progress.slots().any(|of| of == slot) => {
                self.park(ReviewReason::Vetoed(slot, veto), taken)
            }
            Event::TakenBack(slot) if progress.has_room() && progress.slots().any(|of| of == slot) => {
                let mut progress = progress.clone();
                progress.take_back(slot);
                self.next_attempt(due, progress)
            }
            Event::Undone => self.to(Step::Declare(due.clone(), progress.clone()), vec![]),
            Event::TravellerRefused => self.stop_and_keep(Outcome::RefusedByTraveller),
            Event::Cancelled => self.stop_and_keep(Outcome::Cancelled),
            other => self.refuse(&other),
        }
    }

    fn next_attempt(&self, due: &Due, progress: Progress) -> Applied {
        match progress.next_open() {
            Some(aim) => self.capture(due, progress, aim),
            None => self.to(Step::Summary(due.clone(), progress), vec![Effect::StopDevices]),
        }
    }

    fn capture(&self, due: &Due, progress: Progress, aim: Aim) -> Applied {
        let effect = Effect::Capture(aim.clone(), self.permit(due, &aim));
        let beside = if progress.has_room() { self.beside(due, &progress, &aim) } else { None };
        self.to(Step::Capturing(due.clone(), progress, aim), core::iter::once(effect).chain(beside).collect())
    }

    /// The attempt that goes on beside this one, if any does.
    fn beside(&self, due: &Due, progress: &Progress, aim: &Aim) -> Option<Effect> {
        progress.beside(aim).map(|beside| Effect::CaptureBeside(beside.clone(), self.permit(due, &beside)))
    }

    fn permit(&self, due: &Due, aim: &Aim) -> CapturePermit {
        let what = match aim {
            Aim::Face => Permitted::Face,
            Aim::Fingers(fingers) => Permitted::Fingers(fingers.clone()),
        };
        CapturePermit::issue(due, &self.case, what)
    }

    fn park(&self, reason: ReviewReason, parked: Parked) -> Applied {
        self.to(Step::InReview(reason.clone(), parked), vec![Effect::Park(reason)])
    }

    fn keep(&self, outcome: Outcome) -> Applied {
        self.to(Step::Keeping(outcome), vec![Effect::KeepRecord(outcome)])
    }

    /// Ends a case in which devices may be open and samples may be held.
    fn stop_and_keep(&self, outcome: Outcome) -> Applied {
        self.to(Step::Keeping(outcome), vec![Effect::StopDevices, Effect::WipeSamples, Effect::KeepRecord(outcome)])
    }

    fn to(&self, step: Step, effects: Vec<Effect>) -> Applied {
        Ok((Self { step, ..self.clone() }, effects))
    }

    fn refuse(&self, event: &Event) -> Applied {
        Err(Refused::NotNow { case: self.case.clone(), step: self.step.id(), event: event.id() })
    }
}

/// Why a finished capture has to go to a supervisor, if it has to.
fn review_needed(due: &Due, progress: &Progress) -> Option<ReviewReason> {
    let rejected = progress.rejected();
    if !rejected.is_empty() {
        Some(ReviewReason::Rejected(rejected))
    } else if due.takes(Modality::Fingers) && progress.plan().placements.is_empty() {
        Some(ReviewReason::NoFingers)
    } else {
        None
    }
}

fn unreviewed_outcome(progress: &Progress) -> Outcome {
    let plan = progress.plan();
    if plan.missing.is_empty() && plan.face_exception.is_none() {
        Outcome::Enrolled
    } else {
        Outcome::EnrolledWithExceptions
    }
}

/// Whether the officer alone may settle this decision's question.
pub fn officer_may_settle(decision: &Decision) -> bool {
    decision.question.as_ref().is_some_and(|question| question.settled_by == SettledBy::Officer)
}
