//! What goes into the audit trail from the desk: every event that changed a case, with who and why in a word.

use super::case::Case;
use domain::session::{Event, Step};
use domain::units::StaffId;
use store::{Action, Reason};

/// What somebody did to a case, before it is known whether the session takes it.
pub struct Note {
    who: Option<StaffId>,
    what: Action,
    reason: Option<Reason>,
}

impl Note {
    /// What an event in this step says for the trail; nothing for one that changes no more than the page.
    pub fn of(event: &Event, step: &Step) -> Option<Self> {
        let word = |text: &str| Reason::word(text);
        let (what, reason) = match event {
            Event::AttemptScored(aim, attempts, doubted) => {
                let passed = !attempts.is_empty() && attempts.iter().all(|(_, attempt)| attempt.passes);
                let outcome = match (passed, doubted.is_empty()) {
                    (_, false) => "doubts-earlier",
                    (true, true) => "accepted",
                    (false, true) => "rejected",
                };
                (Action::CaptureEnded, word(&format!("{}-{outcome}", aim.id())))
            }
            Event::CaptureDeclared(_) => (Action::CaptureBegun, None),
            Event::DateConfirmed => (Action::ClockConfirmed, None),
            Event::Decided(decision) => (Action::Decided, word(verdict(decision.verdict))),
            Event::DeviceFailed(_, code) => (Action::DeviceFault, Reason::parse(code)),
            Event::ExemptionClaimed { ground, .. } => (Action::ExemptionClaimed, word(ground)),
            Event::Recalled => (Action::CaptureBegun, word("recalled")),
            Event::Retry => (Action::CaptureBegun, word("again")),
            Event::ReviewApproved(by) => return Some(Self::by(by, Action::Approved, None)),
            Event::ReviewRecapture(by) => return Some(Self::by(by, Action::Refused, word("recapture"))),
            Event::ReviewRefused(by) => return Some(Self::by(by, Action::Refused, None)),
            Event::Signed => (Action::Signed, None),
            Event::TakenBack(slot) => (Action::TakenBack, word(slot.id())),
            Event::TravellerRefused => (Action::TravellerRefused, None),
            Event::Undone => (Action::Undone, word(step.id())),
            Event::Vetoed(slot, veto) => (Action::Overridden, word(&format!("{}-{}", slot.id(), veto.id()))),
            Event::Cancelled => (Action::Cancelled, None),
            // A jumped clock stands in the next header; what follows a record is noted with its outcome.
            Event::ClockDoubted | Event::Proceed | Event::RecordKept | Event::SentToSupervisor => return None,
        };
        Some(Self { who: None, what, reason })
    }

    fn by(who: &StaffId, what: Action, reason: Option<Reason>) -> Self {
        Self { who: Some(who.clone()), what, reason }
    }

    /// With the case that it was done to: who, what, why.
    pub fn on(self, case: &Case) -> (StaffId, Action, Option<Reason>) {
        let reason = match self.what {
            Action::Approved | Action::Refused => reviewed(case, self.reason.as_ref()),
            _ => self.reason,
        };
        (self.who.unwrap_or_else(|| case.hand.clone()), self.what, reason)
    }
}

/// The reason that a supervisor chose from the list, behind what the decision is called: `recapture-evidence-seen`. Their
/// own words stay out of the trail, as somebody could have written a name into them.
fn reviewed(case: &Case, decision: Option<&Reason>) -> Option<Reason> {
    let chosen = case.review.as_ref().map(|review| review.reason.split(':').next().unwrap_or_default());
    let words: Vec<String> = decision.map(Reason::to_string).into_iter().chain(chosen.map(str::to_owned)).collect();
    Reason::word(&words.join("-"))
}

fn verdict(verdict: domain::policy::Verdict) -> &'static str {
    use domain::policy::Verdict;
    match verdict {
        Verdict::AskSupervisor => "ask-supervisor",
        Verdict::Exempt => "exempt",
        Verdict::NoRule => "no-rule",
        Verdict::NotInScope => "not-in-scope",
        Verdict::Required => "required",
    }
}
