//! Reading and checking the audit trail beside a store that is at work. Nobody waits for it: files only grow, and a last
//! line that is just being written reads as a torn one.

use super::trail::{self, segments};
use super::{Outbox, StoreFault, stub_file};
use crate::audit::Event;
use crate::disk::Disk;
use crate::format::Stub;
use crate::journal::{self, Read, State};
use crate::keys::ReceiptKeys;
use crate::receipt::verify_receipt;
use domain::case::{CaseNumber, StationId};
use domain::record::AuditHead;
use std::sync::Arc;

/// Receipts that are looked at, newest first, for the newest that countersigns an end of the trail.
const MOST_RECEIPTS: usize = 64;

/// Segments that one page is looked for in: 64 MiB of lines.
const MOST_SEGMENTS: usize = 16;

/// Reads and checks the trail of a store that is at work.
#[derive(Clone)]
pub struct TrailReader {
    disk: Arc<dyn Disk>,
    station: StationId,
}

/// Which lines of the trail are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrailQuery {
    /// Of this case.
    pub case: Option<CaseNumber>,
    /// Done by this person.
    pub who: Option<String>,
    /// Of this kind, by its word.
    pub what: Option<String>,
    /// From this moment on, and before that one: UTC, milliseconds since 1970.
    pub between_ms: Option<(i64, i64)>,
    /// Only lines before the one of this number.
    pub before: Option<u64>,
    /// So many at most.
    pub most: usize,
}

/// Lines of the trail, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrailPage {
    /// Number and event.
    pub lines: Vec<(u64, Event)>,
    /// There may be more before the line of this number.
    pub older: Option<u64>,
}

/// A trail whose every line hangs on the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailChecked {
    /// Lines.
    pub lines: u64,
    /// Hash of the last one.
    pub head: [u8; 32],
    /// The last line that the signed header of a record names, and with it all lines before; 0 for none.
    pub signed: u64,
    /// The last line that a receipt of the intake countersigns; 0 for none.
    pub countersigned: u64,
}

impl Outbox {
    /// Reads and checks the audit trail without holding the store.
    pub fn trail_reader(&self) -> TrailReader {
        TrailReader { disk: Arc::clone(&self.disk), station: self.station.clone() }
    }
}

impl TrailReader {
    /// A page of the trail. Nothing is verified; lines that cannot be read are left out.
    ///
    /// # Errors
    /// A disk that cannot be read.
    pub fn page(&self, query: &TrailQuery) -> Result<TrailPage, StoreFault> {
        let mut page = TrailPage::default();
        let before = query.before.unwrap_or(u64::MAX);
        let wanted: Vec<u64> = segments(&*self.disk)?.into_iter().filter(|first| *first < before).rev().collect();
        for (read, first) in wanted.iter().enumerate() {
            if read == MOST_SEGMENTS {
                // The lines of this segment and of those before it are still to be looked at.
                page.older = wanted.get(read - 1).copied();
                return Ok(page);
            }
            let bytes = trail::read(&*self.disk, *first)?;
            let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
            for (at, line) in lines.iter().enumerate().rev() {
                let number = first + at as u64;
                if number >= before {
                    continue;
                }
                let Some(event) = line.get(65..).and_then(|json| serde_json::from_slice::<Event>(json).ok()) else {
                    continue;
                };
                if query.wants(&event) {
                    if page.lines.len() == query.most {
                        page.older = page.lines.last().map(|(number, _)| *number);
                        return Ok(page);
                    }
                    page.lines.push((number, event));
                }
            }
        }
        Ok(page)
    }

    /// Reads the whole trail, one segment in memory at a time, and holds it against every record's signed header and
    /// against what the intake has countersigned.
    ///
    /// # Errors
    /// [`StoreFault::AuditBroken`] names the line; [`StoreFault::JournalBroken`]; a disk that cannot be read.
    pub fn check(&self, receipts: &ReceiptKeys) -> Result<TrailChecked, StoreFault> {
        // First the journal: whatever it names is in the trail by then.
        let file = "journal.log";
        let bytes = self.disk.read(file).map_err(|error| StoreFault::io("read", file, error))?;
        let Read { replay, .. } = journal::read(&bytes)?;
        let found = trail::verify(&*self.disk, &self.station, &replay.anchors)?;
        let mut countersigned = 0;
        let gone = |state: &State| matches!(state, State::Acknowledged | State::Erased);
        let acknowledged = replay.entries.iter().rev().filter(|(_, entry)| gone(&entry.state));
        for (sequence, _) in acknowledged.take(MOST_RECEIPTS) {
            let Some(audit) = self.countersigned(*sequence, receipts) else { continue };
            if audit.lines > 0 && !replay.anchors.contains(&audit) {
                return Err(StoreFault::AuditBroken {
                    line: audit.lines,
                    why: "is not the one that the intake has countersigned",
                });
            }
            countersigned = audit.lines;
            break;
        }
        let signed = replay.anchors.last().map_or(0, |anchor| anchor.lines);
        Ok(TrailChecked { lines: found.lines, head: found.digest, signed, countersigned })
    }

    /// The end of the trail that the receipt of a record countersigns.
    fn countersigned(&self, sequence: u64, receipts: &ReceiptKeys) -> Option<AuditHead> {
        let bytes = self.disk.read(&stub_file(sequence)).ok()?;
        let receipt = Stub::decode(&bytes).ok()?.receipt?;
        let keys = std::iter::once(&receipts.current).chain(receipts.earlier.iter().map(|(key, _)| key));
        keys.into_iter().find_map(|key| verify_receipt(key, receipt).ok()).map(|given| given.audit)
    }
}

impl TrailQuery {
    fn wants(&self, event: &Event) -> bool {
        self.case.as_ref().is_none_or(|case| event.case.as_ref() == Some(case))
            && self.who.as_ref().is_none_or(|who| event.who.0 == *who)
            && self.what.as_ref().is_none_or(|what| event.what.id() == *what)
            && self.between_ms.is_none_or(|(from, until)| (from..until).contains(&event.at_ms))
    }
}
