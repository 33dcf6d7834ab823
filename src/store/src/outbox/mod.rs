//! The outbox: where a signed record becomes a queued one, and an acknowledged one loses its body.
//!
//! Order of every append: temporary file, write, sync, rename, sync of the folder, journal line, sync; then, and only
//! then, a [`Receipt`]. One program writes; inside it, a mutex does.

mod copy;
mod export;
mod fault;
mod guard;
mod open;
mod reader;
mod steps;
mod trail;
mod words;

pub(crate) use trail::verify as verify_trail;

pub use export::{Exported, ExportedRecord, RECEIPT_ENDING, RECORD_ENDING, Receipts};
pub use fault::{ReadFault, StoreFault};
pub use guard::Lent;
pub use open::OpenReport;
pub use reader::{TrailChecked, TrailPage, TrailQuery, TrailReader};
pub use words::{Queued, Receipt, Reservation, Stats};

use crate::disk::Disk;
use crate::format::{Envelope, digest};
use crate::index::Index;
use crate::journal::{self, Appended, CasesFrom, Chain, Entry, Fact, Hash, Known, Name, OpenCase, State};
use crate::keys::VerifyKey;
use crate::receipt::{Acknowledgement, ReceiptRefused, verify_receipt};
use domain::case::{CaseNumber, StationId};
use domain::record::{Position, SignedRecord};
use domain::session::Outcome;
use domain::units::StaffId;
use guard::Guard;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use trail::Trail;

const JOURNAL: &str = "journal.log";

/// Freed when the disk is full, so that a captured traveller can still be kept, acknowledgements written down and
/// bodies erased.
const BALLAST: &str = "hold/ballast";
const BALLAST_BYTES: u64 = 1 << 20;

/// Free space below which the ballast is let go, and that a record leaves: for hundreds of journal lines, so that the
/// upload can go on and make room.
const TIGHT_BYTES: u64 = 256 << 10;

/// Free space without which no traveller is taken, and that a reservation leaves untouched, for journal, index, logs.
const MARGIN_BYTES: u64 = 8 << 20;

/// The store of one station.
pub struct Outbox {
    disk: Arc<dyn Disk>,
    station: StationId,
    chain: Chain,
    index: Index,
    next_sequence: u64,
    last_digest: [u8; 32],
    cases: BTreeMap<CaseNumber, OpenCase>,
    counts: BTreeMap<String, u32>,
    cases_from: Option<CasesFrom>,
    stats: Stats,
    newest_time_ms: Option<i64>,
    /// Acknowledged records whose body is still to be erased, each with its receipt where that has just come.
    unerased: BTreeMap<u64, Option<Vec<u8>>>,
    /// A record that the intake has and this store has not.
    known: Option<Known>,
    /// Bytes of the journal's whole lines: where it is cut when a line finds no room.
    journal_bytes: u64,
    trail: Trail,
    guard: Guard,
    ballast: bool,
    holds: u64,
    poisoned: Option<String>,
}

impl Outbox {
    /// Where the next record will stand in the chain. It is signed with it and appended before any other.
    pub fn position(&self, time_ms: i64, boot_id: &str) -> Position {
        let (sequence, previous) = (self.next_sequence, self.last_digest);
        let audit = self.audit_head();
        Position { sequence, previous, time_ms, boot_id: boot_id.into(), clock_jumped: false, audit }
    }

    /// The number for the next case of this local day: one more than the highest that was ever opened on it, here or in
    /// another copy of this store.
    pub fn next_case(&self, day: jiff::civil::Date) -> CaseNumber {
        let zero = CaseNumber::new(&self.station, day, 0);
        let prefix = zero.as_str().rsplit_once('-').map_or("", |(prefix, _)| prefix);
        let of_other_copies = self.cases_from.as_ref().map_or(0, |from| from.highest(prefix));
        let highest = self.counts.get(prefix).copied().unwrap_or(0).max(of_other_copies);
        CaseNumber::new(&self.station, day, highest.saturating_add(1))
    }

    /// Commits a record. The receipt is given only when the record and its journal line are on the disk.
    ///
    /// # Errors
    /// [`StoreFault::NotNext`] when the record was signed for another position; [`StoreFault::NoSpace`] when the disk
    /// is full, with nothing kept: sign again for the position of that moment and append again when there is room.
    /// A fault of the disk poisons the store.
    pub fn append(&mut self, record: SignedRecord) -> Result<Receipt, StoreFault> {
        self.usable()?;
        let header = record.header();
        let next = header.sequence == self.next_sequence && header.previous == self.last_digest;
        if !next || header.station != self.station || header.body_digest != digest(record.body()) {
            return Err(StoreFault::NotNext { expected: self.next_sequence, found: header.sequence });
        }
        let envelope = Envelope::of(&record).encode();
        if envelope.len() > crate::format::MAX_ENVELOPE_BYTES {
            return Err(StoreFault::TooLarge(envelope.len()));
        }
        let appended = Appended {
            sequence: header.sequence,
            record: Name(header.record),
            case: header.case.clone(),
            outcome: header.outcome,
            digest: Hash(digest(&envelope)),
            bytes: envelope.len() as u64,
            time_ms: header.time_ms,
            audit_lines: header.audit.lines,
            audit_head: Hash(header.audit.digest),
        };
        self.room_for(appended.bytes)?;
        let file = record_file(header.sequence);
        self.keep_file(&file, &envelope)?;
        match self.journal(&Fact::Appended(appended.clone())) {
            // Without a line it is no record: its bytes are room that acknowledgements may need.
            Err(StoreFault::NoSpace) => return Err(self.take_back(&[&file])),
            result => result?,
        }
        self.count_in(&appended);
        self.count_record();
        Ok(Receipt {
            sequence: appended.sequence,
            record: header.record,
            case: appended.case,
            outcome: appended.outcome,
            digest: appended.digest.0,
        })
    }

    /// Records that wait for the upload, oldest first. Bodies that a full disk kept from being erased are erased first.
    pub fn pending(&mut self, limit: usize) -> Result<Vec<Queued>, StoreFault> {
        self.usable()?;
        self.erase_owed()?;
        let sequences = self.indexed(|index| index.pending(limit))?;
        let mut queued = Vec::with_capacity(sequences.len());
        for sequence in sequences {
            if let Some(Entry { digest, record, bytes, .. }) = self.entry(sequence)? {
                queued.push(Queued { sequence, record, digest, bytes });
            }
        }
        Ok(queued)
    }

    /// The envelope of a waiting record, its digest checked. A damaged one goes into quarantine, and its neighbours
    /// stay as they are.
    pub fn read(&mut self, sequence: u64) -> Result<Vec<u8>, ReadFault> {
        self.usable()?;
        let entry = self.entry(sequence)?.filter(|entry| entry.state == State::Pending);
        let entry = entry.ok_or(ReadFault::NotWaiting(sequence))?;
        match self.disk.read(&record_file(sequence)) {
            Ok(bytes) if digest(&bytes) == entry.digest => Ok(bytes),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(ReadFault::Store(StoreFault::io("read", &record_file(sequence), error)))
            }
            _ => {
                self.quarantine(sequence)?;
                Err(ReadFault::Damaged(sequence))
            }
        }
    }

    /// Takes an intake's receipt: checks signature, record, digest, station, sequence and the end of the audit trail that
    /// it countersigns, writes it down, and erases the body; the stub keeps the receipt. A receipt that came before is taken again and changes nothing. Where a full disk keeps the body from
    /// being erased, the receipt is taken all the same, and later calls erase it.
    pub fn acknowledge(&mut self, receipt: &[u8], intake: &VerifyKey) -> Result<Acknowledgement, ReceiptRefused> {
        let given = verify_receipt(intake, receipt)?;
        let store = |fault: StoreFault| ReceiptRefused::Store(fault.to_string());
        self.usable().map_err(store)?;
        let entry = self.entry(given.sequence).map_err(store)?.ok_or(ReceiptRefused::Unknown(given.sequence))?;
        given.same_record(&Acknowledgement {
            digest: entry.digest,
            station: self.station.clone(),
            sequence: given.sequence,
            record: entry.record,
            audit: given.audit,
            received_ms: given.received_ms,
        })?;
        if let Some(audit) = self.signed_audit(given.sequence, &entry)
            && audit != given.audit
        {
            return Err(ReceiptRefused::OtherRecord("audit head"));
        }
        if entry.state == State::Pending || entry.state == State::Quarantined {
            let fact = Fact::Acknowledged { sequence: given.sequence, received_ms: given.received_ms };
            self.journal(&fact).map_err(store)?;
            self.move_to(given.sequence, State::Acknowledged).map_err(store)?;
        }
        if entry.state != State::Erased {
            self.unerased.insert(given.sequence, Some(receipt.to_vec()));
        }
        self.erase_owed().map_err(store)?;
        Ok(given)
    }

    /// Keeps this much disk space for a capture that is about to begin.
    ///
    /// # Errors
    /// [`StoreFault::NoSpace`] when the disk has no more room: no device should open.
    pub fn reserve(&mut self, bytes: u64) -> Result<Reservation, StoreFault> {
        self.usable()?;
        let free = self.disk.free().map_err(|error| StoreFault::io("ask for free space", "", error))?;
        if free < bytes.saturating_add(MARGIN_BYTES) {
            return Err(StoreFault::NoSpace);
        }
        self.holds += 1;
        let reservation = Reservation { disk: Arc::clone(&self.disk), file: format!("hold/{}", self.holds) };
        match self.disk.hold(&reservation.file, bytes) {
            Ok(()) => Ok(reservation),
            Err(error) => Err(StoreFault::io("hold", &reservation.file, error)),
        }
    }

    /// Writes down that a traveller stands at the desk. Until the case ends, a restart shows it as interrupted.
    ///
    /// # Errors
    /// [`StoreFault::NoSpace`] when the disk has less free than the cases that are open may need, or a line of the audit
    /// trail still waits for room, and [`StoreFault::Restored`] while it is to be decided whether an old copy goes on:
    /// nothing is written.
    pub fn case_opened(&mut self, case: &CaseNumber, officer: &StaffId) -> Result<(), StoreFault> {
        self.settle()?;
        self.margin()?;
        self.undoubted()?;
        self.case_fact(Fact::CaseOpened { case: case.clone(), officer: officer.clone() })
    }

    /// Writes down that a case waits for a supervisor; `reason` is the identifier of the reason.
    pub fn case_parked(&mut self, case: &CaseNumber, reason: &str) -> Result<(), StoreFault> {
        self.case_fact(Fact::CaseParked { case: case.clone(), reason: reason.into() })
    }

    /// Writes down that a case ended without a record. A record that is appended ends its case by itself.
    pub fn case_closed(&mut self, case: &CaseNumber, outcome: Outcome) -> Result<(), StoreFault> {
        self.case_fact(Fact::CaseClosed { case: case.clone(), outcome })
    }

    /// Cases without an end, in order of their numbers.
    pub fn open_cases(&self) -> impl Iterator<Item = &CaseNumber> {
        self.cases.keys()
    }

    /// Whether the document with this keyed digest was seen within the hour before `now_ms` (UTC, milliseconds);
    /// it is remembered from now on. The digest is an HMAC under the station's key: no number can be had from it.
    pub fn seen_within_the_hour(&mut self, digest: &[u8; 32], now_ms: i64) -> Result<bool, StoreFault> {
        self.usable()?;
        self.indexed(|index| crate::recent::seen_before(index, digest, now_ms))
    }

    /// How many records there are, and where they stand.
    pub fn stats(&self) -> Stats {
        let parked = self.cases.values().filter(|case| case.parked).count() as u64;
        let (open, lines) = (self.cases.len() as u64, self.chain.lines);
        Stats { open_cases: open, parked_cases: parked, journal_lines: lines, ..self.stats.clone() }
    }

    /// Time that the last record was signed at: UTC, milliseconds since 1970. `None` before the first. A clock that
    /// says less was set back, also while the station was off.
    pub fn newest_time_ms(&self) -> Option<i64> {
        self.newest_time_ms
    }

    /// The station whose records these are.
    pub fn station(&self) -> &StationId {
        &self.station
    }

    /// Why nothing is taken any more, if so.
    pub fn poisoned(&self) -> Option<&str> {
        self.poisoned.as_deref()
    }

    fn case_fact(&mut self, fact: Fact) -> Result<(), StoreFault> {
        self.usable()?;
        self.journal(&fact)?;
        let mut replay = journal::Replay {
            station: Some(self.station.clone()),
            cases: std::mem::take(&mut self.cases),
            counts: std::mem::take(&mut self.counts),
            ..Default::default()
        };
        let applied = replay.apply(&fact);
        (self.cases, self.counts) = (replay.cases, replay.counts);
        applied.map_err(|why| self.poison("follow", JOURNAL, io::Error::other(why)))
    }

    fn count_in(&mut self, appended: &Appended) {
        let (digest, bytes) = (appended.digest.0, appended.bytes);
        let entry = Entry { state: State::Pending, digest, record: appended.record.0, bytes };
        self.put(appended.sequence, &entry);
        self.next_sequence = appended.sequence + 1;
        self.last_digest = digest;
        self.newest_time_ms = Some(appended.time_ms);
        self.cases.remove(&appended.case);
        self.stats.records += 1;
        self.stats.pending += 1;
        self.stats.pending_bytes += bytes;
    }

    fn move_to(&mut self, sequence: u64, state: State) -> Result<(), StoreFault> {
        let Some(entry) = self.entry(sequence)? else {
            return Ok(());
        };
        self.stats.leave(&entry);
        let entry = Entry { state, ..entry };
        self.stats.enter(&entry);
        self.put(sequence, &entry);
        Ok(())
    }

    fn entry(&mut self, sequence: u64) -> Result<Option<Entry>, StoreFault> {
        self.indexed(|index| index.get(sequence))
    }

    /// The journal already says it, so a failing index costs no record: the queue goes on in memory.
    fn put(&mut self, sequence: u64, entry: &Entry) {
        if let Err(error) = self.index.put(sequence, entry)
            && let Err(fault) = self.index_to_memory(&error)
        {
            tracing::error!(%fault, "the queue is incomplete until the next start");
        }
    }

    fn indexed<T>(&mut self, ask: impl Fn(&mut Index) -> sled::Result<T>) -> Result<T, StoreFault> {
        match ask(&mut self.index) {
            Ok(answer) => Ok(answer),
            Err(error) => {
                self.index_to_memory(&error)?;
                ask(&mut self.index).map_err(|error| StoreFault::io("ask", "index", error.into()))
            }
        }
    }

    fn index_to_memory(&mut self, because: &sled::Error) -> Result<(), StoreFault> {
        tracing::warn!(error = %because, "the index failed; the queue goes on in memory");
        let bytes = self.disk.read(JOURNAL).map_err(|error| StoreFault::io("read", JOURNAL, error))?;
        let read = journal::read(&bytes).map_err(StoreFault::from)?;
        self.index = Index::in_memory(&read.replay.entries);
        Ok(())
    }
}

fn record_file(sequence: u64) -> String {
    format!("records/{sequence:010}.rec")
}

fn stub_file(sequence: u64) -> String {
    format!("records/{sequence:010}.stub")
}

fn folder_of(file: &str) -> &str {
    file.split_once('/').map_or("", |(folder, _)| folder)
}
