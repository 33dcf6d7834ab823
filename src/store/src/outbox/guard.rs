//! The question whether this store is an old copy: asked of a counter, remembered in the journal, and decided by an
//! administrator. Until then no new traveller is taken; what is queued is sent, and nothing is erased for its sake.

use super::{Outbox, StoreFault};
use crate::audit::{Action, Event, Reason};
use crate::journal::Fact;
use crate::restored::{Counter, RECORDS_PER_STEP, Restored, Standing, Witness};
use domain::units::StaffId;

/// The counter beside this store.
#[derive(Default)]
pub(super) struct Guard {
    counter: Option<Box<dyn Counter>>,
    /// The value that the journal noted last.
    noted: Option<u64>,
    /// Records since the last step.
    records: u32,
    restored: Option<Restored>,
}

impl Guard {
    /// What the journal says.
    pub(super) fn of(noted: Option<u64>, restored: Option<Restored>) -> Self {
        Self { noted, restored, ..Self::default() }
    }
}

impl Outbox {
    /// Compares the store with the counter and takes the counter one up, or finds that the store is an old copy. From
    /// now on the counter goes up with the store. `at_ms` is the time: UTC, milliseconds since 1970.
    ///
    /// # Errors
    /// [`StoreFault::Counter`] when the counter cannot be asked: the store must not be used without it.
    pub fn guard(&mut self, counter: Box<dyn Counter>, at_ms: i64) -> Result<Option<Restored>, StoreFault> {
        self.usable()?;
        self.guard.counter = Some(counter);
        self.step_counter(at_ms)?;
        Ok(self.guard.restored)
    }

    /// Why the store is taken for an old copy, if so.
    pub fn restored(&self) -> Option<Restored> {
        self.guard.restored
    }

    /// Somebody who knows better than the store says that it is an old copy. Said twice, it is written down once.
    pub fn doubt(&mut self, restored: Restored, at_ms: i64) -> Result<(), StoreFault> {
        self.usable()?;
        if self.guard.restored.is_some() {
            return Ok(());
        }
        tracing::error!(%restored, "the store is an old copy: no new traveller until an administrator decides");
        self.journal(&Fact::RestoredFound(restored))?;
        self.guard.restored = Some(restored);
        let reason = Reason::word(restored.witness.word());
        let who = StaffId("station".into());
        self.note(&Event { at_ms, who, what: Action::RestoredCopyFound, case: None, reason })
    }

    /// An administrator has decided that the station goes on with this copy. The reason is a word such as
    /// `disk-replaced`. Nothing where there was no question.
    pub fn accept_restored(&mut self, reason: Reason, at_ms: i64) -> Result<Option<Restored>, StoreFault> {
        self.usable()?;
        let Some(restored) = self.guard.restored else { return Ok(None) };
        // First the line of the trail: a decision that nobody could be asked about would be worse than a second one.
        let who = StaffId("administrator".into());
        let what = Action::RestoredCopyAccepted;
        self.note(&Event { at_ms, who, what, case: None, reason: Some(reason) })?;
        self.journal(&Fact::RestoredAccepted(restored))?;
        self.guard.noted = restored.noted_after(self.guard.noted);
        self.guard.restored = None;
        self.resume();
        Ok(Some(restored))
    }

    /// The station stops in order: a copy that is made from now on is another than every one before.
    pub fn stopped(&mut self, at_ms: i64) -> Result<(), StoreFault> {
        self.usable()?;
        self.step_counter(at_ms)
    }

    /// After a record. The record stands whatever becomes of the counter, which is tried again after the next one.
    pub(super) fn count_record(&mut self, at_ms: i64) {
        self.guard.records += 1;
        if self.guard.counter.is_none() || self.guard.records < RECORDS_PER_STEP {
            return;
        }
        if let Err(fault) = self.step_counter(at_ms) {
            tracing::error!(code = fault.code(), detail = %fault, "the counter of this store did not go up");
        }
    }

    /// Nothing new while it is open whether this store is the newest.
    pub(super) fn undoubted(&self) -> Result<(), StoreFault> {
        self.guard.restored.map_or(Ok(()), |restored| Err(StoreFault::Restored(restored)))
    }

    fn step_counter(&mut self, at_ms: i64) -> Result<(), StoreFault> {
        // What is in doubt stays as it was found.
        if self.guard.restored.is_some() {
            return Ok(());
        }
        let Some(mut counter) = self.guard.counter.take() else { return Ok(()) };
        let stepped = self.step(&mut *counter, at_ms);
        self.guard.counter = Some(counter);
        stepped
    }

    fn step(&mut self, counter: &mut dyn Counter, at_ms: i64) -> Result<(), StoreFault> {
        let standing = match (counter.read()?, self.guard.noted) {
            (Some(standing), _) => standing,
            (None, None) => counter.make()?,
            (None, Some(here)) => {
                return self.doubt(Restored { witness: Witness::CounterGone, here, there: 0 }, at_ms);
            }
        };
        if let Some(restored) = doubtful(self.guard.noted, standing) {
            return self.doubt(restored, at_ms);
        }
        let next = standing.value.saturating_add(1);
        if self.guard.noted != Some(next) {
            self.journal(&Fact::CounterNoted { value: next })?;
            self.guard.noted = Some(next);
        }
        counter.step()?;
        self.guard.records = 0;
        Ok(())
    }
}

/// What a journal that noted this much says against itself, held against a counter.
fn doubtful(noted: Option<u64>, standing: Standing) -> Option<Restored> {
    let there = standing.value;
    let newest = match noted {
        Some(here) => here == there || Some(here) == there.checked_add(1),
        None => there == standing.first,
    };
    (!newest).then_some(Restored { witness: Witness::Counter, here: noted.unwrap_or(0), there })
}

impl Restored {
    /// What the journal goes on from when this was accepted.
    pub(crate) fn noted_after(&self, noted: Option<u64>) -> Option<u64> {
        match self.witness {
            Witness::Counter => Some(self.there),
            Witness::CounterGone => None,
            Witness::Intake => noted,
        }
    }
}

impl Witness {
    fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::CounterGone => "counter-gone",
            Self::Intake => "intake",
        }
    }
}
