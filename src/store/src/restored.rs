//! An old copy of the store, put in the place of the newer one, looks whole: every digest and every chain is right. Only
//! somebody who remembers more than the copy does can tell: a counter in a chip, or the intake.
//!
//! The journal notes the counter's next value durably before the counter goes up. So a journal that says the counter's
//! value, or one more, is the newest there is; one that says less is an old copy.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Records between two steps of the counter. It goes up at every start and every orderly stop too.
///
/// The non-volatile memory of a TPM bears 100,000 writes and more in each place (makers say 10^5 to 10^6). 300 records
/// on each day of ten years, with two starts and two stops a day, make 1,095,000 / 16 + 14,600 = 83,000 steps.
pub const RECORDS_PER_STEP: u32 = 16;

/// A number outside of the disk that goes up by one at a time and never down.
pub trait Counter: Send {
    /// Where it stands; nothing where there is none yet, or none any more.
    ///
    /// # Errors
    /// It cannot be asked now. What it says is then not known, and that is no reason to doubt the store.
    fn read(&mut self) -> Result<Option<Standing>, CounterFault>;

    /// Makes it where there is none.
    fn make(&mut self) -> Result<Standing, CounterFault>;

    /// Takes it one up.
    fn step(&mut self) -> Result<(), CounterFault>;
}

/// Where a counter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its value.
    pub value: u64,
    /// The value that it was made with: a journal that never heard of the counter goes with no other.
    pub first: u64,
}

/// The counter cannot be asked.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct CounterFault(pub String);

/// Why the store is taken for a copy, until an administrator decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restored {
    /// Who knows better than the store.
    pub witness: Witness,
    /// What the store says: the counter that it noted last, or the last sequence number.
    pub here: u64,
    /// What the witness says of the same.
    pub there: u64,
}

/// Who knows better than the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Witness {
    /// The counter.
    Counter,
    /// The counter is gone: the chip was cleared or changed, or somebody took the counter away.
    CounterGone,
    /// The intake has records of this station that the store knows nothing of.
    Intake,
}

impl std::fmt::Display for Restored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { here, there, .. } = self;
        match self.witness {
            Witness::Counter => write!(f, "the store noted {here} of a counter that stands at {there}"),
            Witness::CounterGone => write!(f, "the store noted {here} of a counter that is not there any more"),
            Witness::Intake => write!(f, "the store ends with record {here}, and the intake has record {there}"),
        }
    }
}
