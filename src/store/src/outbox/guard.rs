//! The question whether this store is an old copy: asked of a counter, remembered in the journal, and decided by an
//! administrator. Until then no new traveller is taken; what is queued is sent, and nothing is erased for its sake.

use super::{Outbox, StoreFault};
use crate::audit::{Action, Event, Reason};
use crate::journal::{CasesFrom, Fact};
use crate::restored::{Counter, CounterFault, RECORDS_PER_STEP, Restored, Standing, Witness};
use domain::units::StaffId;

/// The counter beside this store.
#[derive(Default)]
pub(super) struct Guard {
    counter: Option<Box<dyn Counter>>,
    /// The value that the journal noted last.
    noted: Option<u64>,
    /// Records since the last step.
    records: u32,
    /// The step of this start found no room in the journal: before it is taken, no case is opened.
    owed: bool,
    restored: Option<Restored>,
    /// When it was found, while that is not in the journal for want of room.
    unsaid: Option<i64>,
}

/// The counter, lent for one step, so that a chip that takes long holds up nobody who needs the store: [`Lent::ask`],
/// [`Outbox::note_counter`], [`Lent::step`] if that says so, [`Outbox::return_counter`].
pub struct Lent {
    counter: Box<dyn Counter>,
    may_make: bool,
    stepped: bool,
}

impl Guard {
    /// What the journal says.
    pub(super) fn of(noted: Option<u64>, restored: Option<Restored>) -> Self {
        Self { noted, restored, ..Self::default() }
    }
}

impl Lent {
    /// Where the counter stands; it is made where the store never had one.
    ///
    /// # Errors
    /// The counter cannot be asked now.
    pub fn ask(&mut self) -> Result<Option<Standing>, CounterFault> {
        match self.counter.read()? {
            None if self.may_make => self.counter.make().map(Some),
            standing => Ok(standing),
        }
    }

    /// Takes the counter one up.
    ///
    /// # Errors
    /// The counter cannot be asked now: it has gone up or not.
    pub fn step(&mut self) -> Result<(), CounterFault> {
        self.counter.step()?;
        self.stepped = true;
        Ok(())
    }
}

impl Outbox {
    /// Compares the store with the counter and takes the counter one up, or finds that the store is an old copy. From
    /// now on the counter goes up with the store. `at_ms` is the time: UTC, milliseconds since 1970.
    ///
    /// A full disk keeps nothing from being found and nothing from being sent. What could not be written down then is
    /// written before the next case.
    ///
    /// # Errors
    /// [`StoreFault::Counter`] when the counter cannot be asked: the store must not be used without it.
    pub fn guard(&mut self, counter: Box<dyn Counter>, at_ms: i64) -> Result<Option<Restored>, StoreFault> {
        self.usable()?;
        self.guard.counter = Some(counter);
        self.guard.owed = true;
        match self.count_up(at_ms) {
            Err(StoreFault::NoSpace) => tracing::error!("the disk is full: the counter of this store waits for room"),
            counted => counted?,
        }
        Ok(self.guard.restored)
    }

    /// Why the store is taken for an old copy, if so.
    pub fn restored(&self) -> Option<Restored> {
        self.guard.restored
    }

    /// Somebody who knows better than the store says that it is an old copy. Said twice, it is written down once.
    ///
    /// # Errors
    /// [`StoreFault::NoSpace`] on a full disk: it holds all the same, and is written down when it is said again.
    pub fn doubt(&mut self, restored: Restored, at_ms: i64) -> Result<(), StoreFault> {
        self.usable()?;
        let restored = match self.guard.restored {
            Some(_) if self.guard.unsaid.is_none() => return Ok(()),
            Some(found) => found,
            None => {
                tracing::error!(%restored, "the store is an old copy: no new traveller until an administrator decides");
                restored
            }
        };
        (self.guard.restored, self.guard.unsaid) = (Some(restored), Some(at_ms));
        self.journal(&Fact::RestoredFound(restored))?;
        self.guard.unsaid = None;
        let reason = Reason::word(restored.witness.word());
        let who = StaffId("station".into());
        self.note(&Event { at_ms, who, what: Action::RestoredCopyFound, case: None, reason })
    }

    /// An administrator has decided that the station goes on with this copy. The reason is a word such as
    /// `disk-replaced`. Nothing where there was no question.
    pub fn accept_restored(&mut self, reason: Reason, at_ms: i64) -> Result<Option<Restored>, StoreFault> {
        self.usable()?;
        let Some(restored) = self.guard.restored else { return Ok(None) };
        // What was found comes before what was decided, and both before what follows.
        self.doubt(restored, at_ms)?;
        // First the line of the trail: a decision that nobody could be asked about would be worse than a second one.
        let who = StaffId("administrator".into());
        let what = Action::RestoredCopyAccepted;
        self.note(&Event { at_ms, who, what, case: None, reason: Some(reason) })?;
        // What the other copy has called its travellers since, nobody here knows.
        let from = CasesFrom::accepted_at(at_ms);
        self.journal(&Fact::CasesFrom(from.clone()))?;
        self.cases_from = Some(from);
        self.journal(&Fact::RestoredAccepted(restored))?;
        self.guard.noted = restored.noted_after(self.guard.noted);
        self.guard.restored = None;
        self.resume();
        Ok(Some(restored))
    }

    /// The station stops in order: a copy that is made from now on is another than every one before.
    pub fn stopped(&mut self, at_ms: i64) -> Result<(), StoreFault> {
        self.usable()?;
        self.guard.owed = self.guard.counter.is_some();
        self.count_up(at_ms)
    }

    /// Lends the counter when it has to go up: after so many records, or when the step of the start is still to be
    /// taken. Nothing where it does not, or is out already, or where it is in doubt what the store is.
    pub fn lend_counter(&mut self) -> Option<Lent> {
        let due = self.guard.owed || self.guard.records >= RECORDS_PER_STEP;
        // What is in doubt stays as it was found.
        if !due || self.guard.restored.is_some() {
            return None;
        }
        // A new counter has a place in the chip, and a file that names it: not on a disk that has no room for the file.
        let may_make = self.guard.noted.is_none() && self.margin().is_ok();
        let counter = self.guard.counter.take()?;
        Some(Lent { counter, may_make, stepped: false })
    }

    /// Holds what the counter says against the journal, and notes its next value. Whether it is to go up now.
    ///
    /// # Errors
    /// [`StoreFault::NoSpace`] on a full disk. The counter must not go up then, and is lent again later.
    pub fn note_counter(&mut self, standing: Option<Standing>, at_ms: i64) -> Result<bool, StoreFault> {
        self.usable()?;
        let Some(standing) = standing else {
            let gone = |here| Restored { witness: Witness::CounterGone, here, there: 0 };
            return match self.guard.noted {
                Some(here) => self.doubt(gone(here), at_ms).map(|()| false),
                // It could not be made for want of room.
                None => Err(StoreFault::NoSpace),
            };
        };
        if let Some(restored) = doubtful(self.guard.noted, standing) {
            return self.doubt(restored, at_ms).map(|()| false);
        }
        let next = standing.value.saturating_add(1);
        if self.guard.noted != Some(next) {
            self.journal(&Fact::CounterNoted { value: next })?;
            self.guard.noted = Some(next);
        }
        Ok(true)
    }

    /// Takes the counter back. One that did not go up is lent again after the next record.
    pub fn return_counter(&mut self, lent: Lent) {
        if lent.stepped {
            (self.guard.records, self.guard.owed) = (0, false);
        }
        self.guard.counter = Some(lent.counter);
    }

    /// All of a step, for those whom nobody waits for.
    ///
    /// # Errors
    /// Those of the single steps. Records stand whatever becomes of the counter.
    pub fn count_up(&mut self, at_ms: i64) -> Result<(), StoreFault> {
        let Some(mut lent) = self.lend_counter() else { return Ok(()) };
        let stepped = self.step(&mut lent, at_ms);
        self.return_counter(lent);
        stepped
    }

    fn step(&mut self, lent: &mut Lent, at_ms: i64) -> Result<(), StoreFault> {
        let standing = lent.ask()?;
        if self.note_counter(standing, at_ms)? {
            lent.step()?;
        }
        Ok(())
    }

    /// One more record since the last step.
    pub(super) fn count_record(&mut self) {
        self.guard.records = self.guard.records.saturating_add(1);
    }

    /// Nothing new while it is open whether this store is the newest, nor before the counter of this start has gone up.
    pub(super) fn undoubted(&mut self) -> Result<(), StoreFault> {
        if let Some(restored) = self.guard.restored {
            if let Some(found_ms) = self.guard.unsaid {
                self.doubt(restored, found_ms)?;
            }
            return Err(StoreFault::Restored(restored));
        }
        if self.guard.owed {
            return Err(CounterFault("it has still to go up for this start".into()).into());
        }
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
