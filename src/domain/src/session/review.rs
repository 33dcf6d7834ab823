//! A case before a supervisor: what may be decided on it, and by whom not.

use super::{Applied, Event, Outcome, Parked, Progress, Refused, ReviewReason, Session, Slot, Step};
use alloc::{vec, vec::Vec};

impl Session {
    pub(super) fn in_review(&self, why: &ReviewReason, parked: &Parked, event: Event) -> Applied {
        let own = Err(Refused::OwnCase(self.case.clone()));
        match event {
            Event::ReviewApproved(by) | Event::ReviewRecapture(by) | Event::ReviewRefused(by) if self.is_own(&by) => {
                own
            }
            Event::Cancelled => self.stop_and_keep(Outcome::Cancelled),
            Event::TravellerRefused => self.stop_and_keep(Outcome::RefusedByTraveller),
            other => match (parked, why) {
                (Parked::Taken(_, progress), _) => self.review_of_samples(why, parked, progress, other),
                (Parked::Undecided(_), ReviewReason::Attestation { .. }) => self.review_of_claim(parked, other),
                (Parked::Undecided(_), _) => self.review_of_question(parked, other),
            },
        }
    }

    fn review_of_samples(&self, why: &ReviewReason, parked: &Parked, progress: &Progress, event: Event) -> Applied {
        match event {
            Event::ReviewApproved(_) => self.keep(Outcome::EnrolledWithExceptions),
            Event::ReviewRecapture(_) => {
                self.to(Step::AwaitingRecall(parked.clone(), slots_again(why, progress)), vec![])
            }
            Event::ReviewRefused(_) => self.stop_and_keep(Outcome::FailureToEnrol),
            other => self.refuse(&other),
        }
    }

    /// A claimed exemption: confirmed, it ends the case; refused, the rules are asked again without it.
    fn review_of_claim(&self, parked: &Parked, event: Event) -> Applied {
        match event {
            Event::ReviewApproved(_) => self.keep(Outcome::Exempt),
            Event::ReviewRefused(_) => self.to(Step::AwaitingRecall(parked.clone(), vec![]), vec![]),
            other => self.refuse(&other),
        }
    }

    /// A question of the rules: approved means that biometrics are due, and the rules are asked again with that ruling.
    fn review_of_question(&self, parked: &Parked, event: Event) -> Applied {
        match event {
            Event::ReviewApproved(_) => self.to(Step::AwaitingRecall(parked.clone(), vec![]), vec![]),
            Event::ReviewRefused(_) => self.keep(Outcome::NoRule),
            other => self.refuse(&other),
        }
    }

    pub(super) fn in_recall(&self, parked: &Parked, slots: &[Slot], event: Event) -> Applied {
        match (event, parked) {
            (Event::Recalled, Parked::Undecided(decision)) => self.to(Step::Decided(decision.clone()), vec![]),
            (Event::Recalled, Parked::Taken(due, progress)) => {
                let mut progress = progress.clone();
                progress.again(slots);
                self.next_attempt(due, progress)
            }
            (Event::Cancelled, _) => self.stop_and_keep(Outcome::Cancelled),
            (Event::TravellerRefused, _) => self.stop_and_keep(Outcome::RefusedByTraveller),
            (other, _) => self.refuse(&other),
        }
    }
}

/// The slots that a recapture takes again.
fn slots_again(why: &ReviewReason, progress: &Progress) -> Vec<Slot> {
    match why {
        ReviewReason::Rejected(slots) => slots.clone(),
        ReviewReason::Vetoed(slot, _) => vec![*slot],
        ReviewReason::Attestation { .. } | ReviewReason::NoFingers | ReviewReason::Question(_) => {
            progress.slots().collect()
        }
    }
}
