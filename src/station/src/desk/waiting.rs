//! Cases that wait for a supervisor, and how long they may: nothing of them outlives the shift, or a day.

use super::actor::Desk;
use domain::case::CaseNumber;
use domain::session::{Outcome, Step};
use domain::units::StaffId;
use std::time::Duration;
use store::{Action, Reason};

/// How long samples may wait for a supervisor (storage reference: 24 hours or the end of the shift).
pub const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// How often waiting cases are looked at: a minute more or less does not matter in a day.
pub const LOOK: Duration = Duration::from_secs(60);

impl Desk {
    /// Forgets the cases that have waited too long.
    pub(super) fn forget_old_cases(&mut self, longest: Duration) {
        let old: Vec<CaseNumber> = self
            .parked
            .values()
            .filter(|case| waits(case.session.step()))
            .filter(|case| case.parked.as_ref().is_some_and(|(since, _)| since.elapsed() >= longest))
            .map(|case| case.number().clone())
            .collect();
        old.iter().for_each(|number| self.forget(number, "too-old", StaffId("station".into())));
    }

    /// A supervisor ends the shift: nobody will decide on what still waits.
    pub(super) fn end_shift(&mut self, by: &StaffId) {
        let waiting = self.parked.values().filter(|case| waits(case.session.step()));
        let waiting: Vec<CaseNumber> = waiting.map(|case| case.number().clone()).collect();
        waiting.iter().for_each(|number| self.forget(number, "end-of-shift", by.clone()));
    }

    /// The case ends as an interrupted one; its samples and their key are gone.
    fn forget(&mut self, number: &CaseNumber, why: &'static str, by: StaffId) {
        let Some(mut case) = self.parked.remove(number) else { return };
        case.samples.wipe();
        tracing::warn!(case = %number, why, "a case that waited for a supervisor was forgotten");
        if let Err(fault) = self.keeper.interrupted(number) {
            self.store_failed(fault);
        }
        self.note(by, Action::ReviewForgotten, Some(number.clone()), Reason::word(why));
        self.ended(number.clone(), Outcome::Interrupted, None);
    }
}

/// A case whose record is on its way to the disk waits for nobody any more.
fn waits(step: &Step) -> bool {
    matches!(step, Step::InReview(..) | Step::AwaitingRecall(..))
}
