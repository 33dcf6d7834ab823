//! What `gatepost store verify|rebuild-index|stats` does, for a station that is not running.

use crate::disk::{Disk, RealDisk};
use crate::format::{Stub, digest};
use crate::journal::{self, Entry, State};
use crate::outbox::{OpenReport, Outbox, Stats, StoreFault, verify_trail};
use crate::restored::Restored;
use domain::case::StationId;
use std::io;
use std::path::Path;

/// The result of reading everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Verified {
    /// The station that the journal names.
    pub station: String,
    /// Whole lines of the journal.
    pub journal_lines: u64,
    /// Bytes of a torn last line; the next start of the station cuts them.
    pub torn_bytes: usize,
    /// Waiting records whose digest is right.
    pub good: u64,
    /// Stubs that can be read.
    pub stubs: u64,
    /// Waiting records that are missing or damaged.
    pub damaged: Vec<u64>,
    /// Lines of the audit trail.
    pub audit_lines: u64,
    /// Hash of the last of them: what the intake has countersigned, if it is not older.
    pub audit_head: String,
    /// Records that an earlier check put into quarantine.
    pub quarantined: Vec<u64>,
    /// Why the store is taken for an old copy, if so: `gatepost store accept-restored` decides.
    pub restored: Option<Restored>,
    /// What somebody has to do something about. Empty for a store that is whole.
    pub findings: Vec<Finding>,
}

/// Something about a store that somebody has to see to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// What was found.
    pub found: String,
    /// What the administrator does now.
    pub remedy: &'static str,
}

/// What to do about a record that cannot be read. Its name is the same at the intake.
const DAMAGED: &str = "Copy the folder of the store away before anything else, and look at the disk (dmesg, smartctl). \
    Then ask for the record at the intake by its name (`gatepost-intake list`). If it is there, nothing is lost. If not, \
    the traveller has to come again; the line of journal.log with this sequence number names the case.";

const OLD_COPY: &str = "Find out who put this copy in place, and keep every other copy. Then \
    `gatepost store accept-restored --reason WORD` goes on with it; until then no new traveller is taken.";

/// Reads the whole journal and every record, and changes nothing.
///
/// # Errors
/// [`StoreFault::Locked`] while the station runs; [`StoreFault::NoStore`] where there is none;
/// [`StoreFault::JournalMissing`] where there are records without one; [`StoreFault::JournalBroken`] and [`StoreFault::AuditBroken`] name the
/// line.
pub fn verify(folder: &Path) -> Result<Verified, StoreFault> {
    let disk = lock(folder)?;
    let bytes = disk.read("journal.log").map_err(|error| StoreFault::io("read", "journal.log", error))?;
    let read = journal::read(&bytes)?;
    let station = read.replay.station.clone().unwrap_or(StationId(String::new()));
    let audit = verify_trail(&disk, &station, &read.replay.anchors)?;
    let mut found = Verified {
        station: station.0,
        audit_lines: audit.lines,
        audit_head: crate::hex(&audit.digest),
        journal_lines: read.chain.lines,
        torn_bytes: bytes.len() - read.good,
        restored: read.replay.restored,
        ..Verified::default()
    };
    for (sequence, entry) in &read.replay.entries {
        match entry.state {
            State::Pending => match trouble(&disk, *sequence, entry) {
                None => found.good += 1,
                Some(why) => {
                    found.damaged.push(*sequence);
                    found.finds(*sequence, entry, &why);
                }
            },
            State::Quarantined => {
                found.quarantined.push(*sequence);
                found.finds(
                    *sequence,
                    entry,
                    "was missing or damaged at an earlier check; what is left is in quarantine/",
                );
            }
            State::Acknowledged | State::Erased => {
                let stub = disk.read(&format!("records/{sequence:010}.stub"));
                if stub.is_ok_and(|bytes| Stub::decode(&bytes).is_ok()) {
                    found.stubs += 1;
                }
            }
        }
    }
    if let Some(restored) = &found.restored {
        found.findings.push(Finding { found: restored.to_string(), remedy: OLD_COPY });
    }
    Ok(found)
}

impl Verified {
    fn finds(&mut self, sequence: u64, entry: &Entry, why: &str) {
        self.findings.push(Finding { found: format!("record {sequence} ({}) {why}", entry.record), remedy: DAMAGED });
    }
}

/// What is wrong with the file of a waiting record.
fn trouble(disk: &RealDisk, sequence: u64, entry: &Entry) -> Option<String> {
    match disk.read(&format!("records/{sequence:010}.rec")) {
        Ok(bytes) if digest(&bytes) == entry.digest => None,
        Ok(_) => Some("is not as it was written".into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some("is missing".into()),
        Err(error) => Some(format!("cannot be read: {error}")),
    }
}

/// The time of the newest record, as the journal says: UTC, milliseconds since 1970; `None` before the first. Changes
/// nothing.
///
/// # Errors
/// Those of [`verify`] about the journal.
pub fn newest_time_ms(folder: &Path) -> Result<Option<i64>, StoreFault> {
    let disk = lock(folder)?;
    let bytes = disk.read("journal.log").map_err(|error| StoreFault::io("read", "journal.log", error))?;
    Ok(journal::read(&bytes)?.replay.newest_time_ms)
}

/// How many records there are and where they stand, as the journal says. Changes nothing.
pub fn stats(folder: &Path) -> Result<Stats, StoreFault> {
    let disk = lock(folder)?;
    let bytes = disk.read("journal.log").map_err(|error| StoreFault::io("read", "journal.log", error))?;
    let read = journal::read(&bytes)?;
    Ok(Stats::of(&read.replay, read.chain.lines))
}

/// Drops the index and makes it again from the journal. Digests of documents seen lately are forgotten.
pub fn rebuild_index(folder: &Path, station: &StationId) -> Result<OpenReport, StoreFault> {
    let disk = lock(folder)?;
    let index = folder.join("index");
    // Whatever stands in its place: nothing rests on it.
    let removed = if index.is_dir() { std::fs::remove_dir_all(&index) } else { std::fs::remove_file(&index) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(StoreFault::io("remove", "index", error)),
        _ => drop(disk),
    }
    Outbox::open(folder, station).map(|(_, report)| report)
}

fn lock(folder: &Path) -> Result<RealDisk, StoreFault> {
    if !folder.join("journal.log").exists() {
        let records = std::fs::read_dir(folder.join("records")).map_or(0, Iterator::count);
        let none = || StoreFault::NoStore(folder.display().to_string());
        return Err(if records == 0 { none() } else { StoreFault::JournalMissing(records) });
    }
    RealDisk::open(folder).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => StoreFault::Locked,
        _ => StoreFault::io("open", "store.lock", error),
    })
}
