//! What the outbox hands out.

use crate::disk::Disk;
use crate::journal::{Entry, Replay, State};
use domain::case::{CaseNumber, RecordId};
use domain::session::Outcome;
use std::sync::Arc;

/// Proof that a record is durable: the page may say "queued". Only [`Outbox::append`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub(super) sequence: u64,
    pub(super) record: RecordId,
    pub(super) case: CaseNumber,
    pub(super) outcome: Outcome,
    pub(super) digest: [u8; 32],
}

/// A record that waits for the upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// Its place in the station's chain.
    pub sequence: u64,
    /// Its name.
    pub record: RecordId,
    /// SHA-256 of the envelope.
    pub digest: [u8; 32],
    /// Size of the envelope.
    pub bytes: u64,
}

/// Disk space that is kept for one capture. Dropping it gives the space back: do so right before the append.
pub struct Reservation {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) file: String,
}

/// How many records there are, and where they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Stats {
    /// Records ever appended.
    pub records: u64,
    /// Waiting for the upload.
    pub pending: u64,
    /// Bytes of those.
    pub pending_bytes: u64,
    /// Acknowledged by the intake; their bodies are gone, or about to be.
    pub acknowledged: u64,
    /// Missing or damaged.
    pub quarantined: u64,
    /// Cases without an end.
    pub open_cases: u64,
    /// Of those, the ones that wait for a supervisor.
    pub parked_cases: u64,
    /// Lines of the journal.
    pub journal_lines: u64,
}

impl Receipt {
    /// The record's place in the station's chain.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The record's name.
    pub fn record(&self) -> RecordId {
        self.record
    }

    /// The case that it closes.
    pub fn case(&self) -> &CaseNumber {
        &self.case
    }

    /// How the case ended.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// SHA-256 of the envelope.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Err(error) = self.disk.remove(&self.file) {
            tracing::warn!(file = self.file, %error, "reserved space could not be given back; the next start will");
        }
    }
}

impl Stats {
    /// What a journal says.
    pub(crate) fn of(replay: &Replay, journal_lines: u64) -> Self {
        let parked = replay.cases.values().filter(|case| case.parked).count() as u64;
        let (records, open_cases) = (replay.entries.len() as u64, replay.cases.len() as u64);
        let mut stats = Self { records, open_cases, parked_cases: parked, journal_lines, ..Self::default() };
        replay.entries.values().for_each(|entry| stats.enter(entry));
        stats
    }

    pub(super) fn enter(&mut self, entry: &Entry) {
        match entry.state {
            State::Acknowledged | State::Erased => self.acknowledged += 1,
            State::Pending => {
                self.pending += 1;
                self.pending_bytes += entry.bytes;
            }
            State::Quarantined => self.quarantined += 1,
        }
    }

    pub(super) fn leave(&mut self, entry: &Entry) {
        match entry.state {
            State::Acknowledged | State::Erased => self.acknowledged -= 1,
            State::Pending => {
                self.pending -= 1;
                self.pending_bytes -= entry.bytes;
            }
            State::Quarantined => self.quarantined -= 1,
        }
    }
}
