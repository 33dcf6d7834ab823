//! Opening a store: read the journal, compare it with the files and the index, mend what a crash may leave, report it.

use super::guard::Guard;
use super::{BALLAST, JOURNAL, MARGIN_BYTES, Outbox, Stats, StoreFault, TIGHT_BYTES, record_file, trail};
use crate::disk::{Disk, RealDisk};
use crate::format::{Envelope, digest, station_id};
use crate::index::{Index, IndexState};
use crate::journal::{self, Appended, Chain, Entry, Fact, Hash, Name, Read, State};
use crate::restored::Restored;
use crate::sign::peek_header;
use domain::case::{CaseNumber, StationId};
use domain::session::Outcome;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// What was found and done when a store was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenReport {
    /// Cases that were opened or parked and have no end: the station stopped in the middle of them.
    pub interrupted: Vec<CaseNumber>,
    /// Records whose file is missing or has the wrong size; their neighbours are as they were.
    pub quarantined: Vec<u64>,
    /// Records that were on the disk when the station stopped, but whose journal line was not: taken in now.
    pub adopted: Vec<u64>,
    /// Acknowledged records whose body was erased only now.
    pub erased: Vec<u64>,
    /// Files that belong to no record, moved into quarantine.
    pub strays: Vec<String>,
    /// Bytes of a torn last line that were cut from the journal; kept in quarantine.
    pub cut_tail: Option<usize>,
    /// Why the store is taken for an old copy, as an earlier start found. [`Outbox::guard`] tells what this one finds.
    pub restored: Option<Restored>,
    /// How the index was found.
    pub index: IndexState,
    /// The newest records, oldest first, for [`Outbox::unnoted`].
    pub newest: VecDeque<(CaseNumber, Outcome)>,
}

impl Outbox {
    /// Opens the store in this folder, or makes a new one.
    ///
    /// # Errors
    /// [`StoreFault::JournalBroken`] and [`StoreFault::JournalMissing`] leave everything as it is.
    pub fn open(folder: &Path, station: &StationId) -> Result<(Self, OpenReport), StoreFault> {
        let disk = RealDisk::open(folder).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => StoreFault::Locked,
            _ => StoreFault::io("open", &folder.display().to_string(), error),
        })?;
        Self::open_on(Arc::new(disk), Some(&folder.join("index")), station)
    }

    /// Opens a store on this disk, with its index in a folder, or in memory where there is none.
    pub fn open_on(
        disk: Arc<dyn Disk>,
        index_folder: Option<&Path>,
        station: &StationId,
    ) -> Result<(Self, OpenReport), StoreFault> {
        if station_id(&station.0).is_none() {
            return Err(StoreFault::BadStation(station.to_string()));
        }
        let ballast = give_back_holds(&*disk);
        let (read, cut_tail) = read_journal(&*disk, station)?;
        let Read { replay, chain, good } = read;
        let trail = trail::open(&*disk, station, &replay.anchors)?;
        let next_sequence = replay.next_sequence();
        let mut entries = replay.entries;
        let mut outbox = Self {
            disk,
            station: station.clone(),
            chain,
            // Filled below, when the files have been looked at.
            index: Index::in_memory(&entries),
            next_sequence,
            last_digest: replay.last_digest,
            cases: replay.cases,
            counts: replay.counts,
            cases_from: replay.cases_from,
            stats: Stats { records: entries.len() as u64, ..Stats::default() },
            newest_time_ms: replay.newest_time_ms,
            unerased: BTreeMap::new(),
            known: replay.known,
            journal_bytes: good as u64,
            trail,
            guard: Guard::of(replay.counter, replay.restored),
            ballast,
            holds: 0,
            poisoned: None,
        };
        entries.values().for_each(|entry| outbox.stats.enter(entry));
        let mut report = OpenReport {
            interrupted: Vec::new(),
            quarantined: Vec::new(),
            adopted: Vec::new(),
            erased: Vec::new(),
            strays: Vec::new(),
            cut_tail,
            restored: outbox.restored(),
            index: IndexState::Intact,
            newest: replay.newest,
        };
        outbox.compare_files(&entries, &mut report)?;
        if let (Some(folder), Index::Memory { records, .. }) = (index_folder, &outbox.index) {
            entries = records.clone();
            (outbox.index, report.index) = Index::open(folder, &entries);
        }
        // Again also where a file is there: a disk that was full when it was made may hold none of it.
        if outbox.disk.free().is_ok_and(|free| free > MARGIN_BYTES) {
            outbox.hold_ballast();
        }
        report.interrupted = outbox.cases.keys().cloned().collect();
        Ok((outbox, report))
    }

    /// Holds the folder of records against the journal.
    fn compare_files(&mut self, entries: &BTreeMap<u64, Entry>, report: &mut OpenReport) -> Result<(), StoreFault> {
        let listed = self.disk.list("records").map_err(|error| StoreFault::io("list", "records", error))?;
        let files: BTreeMap<String, u64> =
            listed.into_iter().map(|(name, size)| (format!("records/{name}"), size)).collect();
        for file in files.keys().filter(|file| file.ends_with(".tmp")) {
            self.remove_synced(file)?;
        }
        for (sequence, entry) in entries {
            let size = files.get(&record_file(*sequence));
            match entry.state {
                State::Pending if size != Some(&entry.bytes) => {
                    self.quarantine(*sequence)?;
                    report.quarantined.push(*sequence);
                }
                State::Acknowledged => {
                    self.unerased.insert(*sequence, None);
                    report.erased.push(*sequence);
                }
                State::Erased if size.is_some() => self.remove_synced(&record_file(*sequence))?,
                _ => {}
            }
        }
        self.erase_owed()?;
        report.erased.retain(|sequence| !self.unerased.contains_key(sequence));
        let known = |file: &str| sequence_of(file).is_some_and(|sequence| entries.contains_key(&sequence));
        for file in files.keys().filter(|file| file.ends_with(".rec") && !known(file)) {
            match self.next_appended(file) {
                Some(appended) => {
                    self.journal(&Fact::Appended(appended.clone()))?;
                    self.count_in(&appended);
                    report.adopted.push(appended.sequence);
                    report.newest.push_back((appended.case, appended.outcome));
                }
                None => {
                    self.set_aside(file)?;
                    report.strays.push(file.clone());
                }
            }
        }
        Ok(())
    }

    /// What the journal line of this file would have said, if the file is whole and the next of the chain.
    ///
    /// The record was signed and complete when the station stopped between its two last steps. Nobody was told
    /// "queued", but to keep it loses nothing, and to drop it could: the line may have been damaged since.
    fn next_appended(&self, file: &str) -> Option<Appended> {
        let bytes = self.disk.read(file).ok()?;
        let envelope = Envelope::decode(&bytes).ok()?;
        let header = peek_header(envelope.cose).ok()?;
        let place = (header.sequence, header.previous, &header.station);
        let next = place == (self.next_sequence, self.last_digest, &self.station);
        let whole = header.body_digest == digest(envelope.body) && record_file(header.sequence) == file;
        (next && whole).then(|| Appended {
            sequence: header.sequence,
            record: Name(header.record),
            case: header.case,
            outcome: header.outcome,
            digest: Hash(digest(&bytes)),
            bytes: bytes.len() as u64,
            time_ms: header.time_ms,
            audit_lines: header.audit.lines,
            audit_head: Hash(header.audit.digest),
        })
    }
}

/// Gives back what earlier reservations held, and the ballast too where the disk is full: a journal may have to be
/// mended. Whether there is ballast.
fn give_back_holds(disk: &dyn Disk) -> bool {
    let full = disk.free().is_ok_and(|free| free < TIGHT_BYTES);
    let mut ballast = false;
    for (name, _) in disk.list("hold").unwrap_or_default() {
        let file = format!("hold/{name}");
        let kept = file == BALLAST && !full;
        if !kept && let Err(error) = disk.remove(&file) {
            tracing::warn!(file, %error, "space that an earlier run held could not be given back");
        }
        ballast |= kept;
    }
    ballast
}

fn sequence_of(file: &str) -> Option<u64> {
    let number = file.strip_prefix("records/")?.split('.').next()?;
    number.parse().ok()
}

/// The journal with a torn last line cut off, or a new one.
fn read_journal(disk: &dyn Disk, station: &StationId) -> Result<(Read, Option<usize>), StoreFault> {
    let bytes = match disk.read(JOURNAL) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return create_journal(disk, station),
        Err(error) => return Err(StoreFault::io("read", JOURNAL, error)),
    };
    let read = journal::read(&bytes)?;
    match &read.replay.station {
        Some(of) if of == station => {}
        Some(other) => return Err(StoreFault::OtherStation(other.to_string())),
        None => return Err(StoreFault::JournalBroken { line: 1, why: "does not create a journal" }),
    }
    if read.good == bytes.len() {
        return Ok((read, None));
    }
    let tail = &bytes[read.good..];
    let cut = || {
        disk.write(&format!("quarantine/journal-tail.{}", read.chain.lines), tail)?;
        disk.sync_dir("quarantine")?;
        disk.cut(JOURNAL, read.good as u64)
    };
    cut().map_err(|error| StoreFault::io("cut the torn line of", JOURNAL, error))?;
    tracing::warn!(bytes = tail.len(), "the last line of the journal was torn and has been cut off");
    let cut = tail.len();
    Ok((read, Some(cut)))
}

fn create_journal(disk: &dyn Disk, station: &StationId) -> Result<(Read, Option<usize>), StoreFault> {
    let records = disk.list("records").map_err(|error| StoreFault::io("list", "records", error))?;
    if !records.is_empty() {
        return Err(StoreFault::JournalMissing(records.len()));
    }
    let fact = Fact::Created { version: 1, station: station.clone() };
    let (line, _) = Chain::default().next(&fact).map_err(|error| StoreFault::io("encode", JOURNAL, error.into()))?;
    let created = disk.write("journal.tmp", &line).and_then(|()| disk.rename("journal.tmp", JOURNAL));
    created.and_then(|()| disk.sync_dir("")).map_err(|error| StoreFault::io("create", JOURNAL, error))?;
    Ok((journal::read(&line)?, None))
}
