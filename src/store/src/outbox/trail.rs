//! The audit trail on the disk: opened beside the journal, held against the ends of it that records were signed with.

use super::{OpenReport, Outbox, StoreFault, folder_of};
use crate::audit::{self, Action, Event, FOLDER, MOST_OWED, SEGMENT_BYTES, beginning, segment};
use crate::disk::{Disk, is_full};
use crate::journal::{Broken, Chain};
use domain::case::{CaseNumber, StationId};
use domain::record::AuditHead;
use domain::session::Outcome;
use std::collections::{BTreeSet, VecDeque};
use std::io;

/// Where the next line goes.
pub(super) struct Trail {
    chain: Chain,
    file: String,
    /// Bytes of the segment's whole lines.
    bytes: u64,
    /// Lines that a full disk did not take, in order.
    owed: VecDeque<Event>,
}

impl Outbox {
    /// Writes down what somebody did. It is on the disk when this returns.
    ///
    /// # Errors
    /// [`StoreFault::NoSpace`] on a full disk: the line is held in memory and written before the next one, and no
    /// traveller is taken until it is. Any other fault closes the store, and so do more lines than can be held.
    pub fn note(&mut self, event: &Event) -> Result<(), StoreFault> {
        self.usable()?;
        let written = self.settle().and_then(|()| self.write_line(event));
        if matches!(written, Err(StoreFault::NoSpace)) {
            if self.trail.owed.len() >= MOST_OWED {
                return Err(self.poison("hold another line of", FOLDER, io::ErrorKind::OutOfMemory.into()));
            }
            self.trail.owed.push_back(event.clone());
        }
        written
    }

    /// Writes the lines that found no room when they were noted.
    ///
    /// # Errors
    /// [`StoreFault::NoSpace`] while there is none for all of them.
    pub fn settle(&mut self) -> Result<(), StoreFault> {
        self.usable()?;
        while let Some(event) = self.trail.owed.front().cloned() {
            self.write_line(&event)?;
            self.trail.owed.pop_front();
        }
        Ok(())
    }

    fn write_line(&mut self, event: &Event) -> Result<(), StoreFault> {
        if self.trail.bytes >= SEGMENT_BYTES {
            self.next_segment()?;
        }
        let (line, chain) = match self.trail.chain.next(event) {
            Ok(next) => next,
            Err(error) => return Err(self.poison("encode", FOLDER, error.into())),
        };
        self.make_room(line.len() as u64);
        match self.disk.append(&self.trail.file, &line) {
            Ok(()) => {
                self.trail.chain = chain;
                self.trail.bytes += line.len() as u64;
                Ok(())
            }
            Err(error) if is_full(&error) => match self.disk.cut(&self.trail.file, self.trail.bytes) {
                Ok(()) => Err(StoreFault::NoSpace),
                Err(error) => Err(self.poison("cut the torn line of", FOLDER, error)),
            },
            Err(error) => Err(self.poison("append to", FOLDER, error)),
        }
    }

    /// The last lines of the trail, newest first: so many at most, and of one case if that is named. They are taken from the
    /// last two segments, and nothing is verified; [`Self::verify`] does that.
    ///
    /// # Errors
    /// A disk that cannot be read.
    pub fn last_lines(&self, most: usize, case: Option<&CaseNumber>) -> Result<Vec<Event>, StoreFault> {
        let mut found = Vec::new();
        for first in segments(&*self.disk)?.into_iter().rev().take(2) {
            let bytes = read(&*self.disk, first)?;
            let lines = bytes.rsplit(|byte| *byte == b'\n');
            let events = lines.filter_map(|line| serde_json::from_slice::<Event>(line.get(65..)?).ok());
            let wanted = events.filter(|event| case.is_none() || event.case.as_ref() == case);
            found.extend(wanted.take(most - found.len()));
        }
        Ok(found)
    }

    /// Kept records whose line of the trail the end of the program, or a full disk, has prevented: oldest first. A record
    /// and its line go to the disk one after the other, so only the newest can lack theirs.
    ///
    /// # Errors
    /// A disk that cannot be read.
    pub fn unnoted(&self, report: &OpenReport) -> Result<Vec<(CaseNumber, Outcome)>, StoreFault> {
        let lines = self.last_lines(usize::MAX, None)?;
        let noted: BTreeSet<_> =
            lines.into_iter().filter(|line| line.what == Action::RecordKept).filter_map(|line| line.case).collect();
        let lacking = report.newest.iter().rev().take_while(|(case, _)| !noted.contains(case));
        let mut lacking: Vec<_> = lacking.cloned().collect();
        lacking.reverse();
        Ok(lacking)
    }

    /// What a line says, by its number from 1; nothing where there is no such line. As with [`Self::last_lines`], nothing is
    /// verified.
    ///
    /// # Errors
    /// A disk that cannot be read.
    pub fn line(&self, number: u64) -> Result<Option<Event>, StoreFault> {
        let segments = segments(&*self.disk)?;
        let Some(first) = segments.into_iter().rev().find(|first| *first <= number) else { return Ok(None) };
        let bytes = read(&*self.disk, first)?;
        let nth = usize::try_from(number - first).unwrap_or(usize::MAX);
        let line = bytes.split(|byte| *byte == b'\n').nth(nth);
        Ok(line.and_then(|line| serde_json::from_slice(line.get(65..)?).ok()))
    }

    /// Where the audit trail ends now.
    pub fn audit_head(&self) -> AuditHead {
        audit::head(&self.trail.chain)
    }

    /// Begins a new segment. On a full disk the old one goes on.
    fn next_segment(&mut self) -> Result<(), StoreFault> {
        let file = segment(self.trail.chain.lines + 1);
        match self.disk.write(&file, b"").and_then(|()| self.disk.sync_dir(folder_of(&file))) {
            Ok(()) => {
                (self.trail.file, self.trail.bytes) = (file, 0);
                Ok(())
            }
            Err(error) if is_full(&error) => {
                // An empty segment that is followed by a later one would read as a trail that was cut.
                match self.disk.remove(&file) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.poison("remove", &file, error)),
                    _ => Ok(()),
                }
            }
            Err(error) => Err(self.poison("begin", &file, error)),
        }
    }
}

/// Opens the trail, cuts a torn last line, and holds it against its anchors.
pub(super) fn open(disk: &dyn Disk, station: &StationId, anchors: &[AuditHead]) -> Result<Trail, StoreFault> {
    let segments = segments(disk)?;
    let Some(&last) = segments.last() else {
        return if anchors.is_empty() { create(disk, station) } else { Err(broken(1, "is missing with all others")) };
    };
    let base = match segments.iter().rev().nth(1) {
        None if last == 1 => beginning(station),
        None => return Err(broken(1, "is missing with all others of the segments before")),
        Some(before) => {
            let bytes = read(disk, *before)?;
            audit::end_of(&bytes, last - 1).ok_or_else(|| broken(last - 1, "cannot be read"))?
        }
    };
    let bytes = read(disk, last)?;
    let mut check = Check { anchors, wrong: None };
    check.head(&base);
    let found =
        audit::read(&bytes, &base, |chain| check.head(chain)).map_err(|Broken { line, why }| broken(line, why))?;
    check.end(&found.chain)?;
    let file = segment(last);
    if found.good < bytes.len() {
        let cut = || {
            disk.write(&format!("quarantine/audit-tail.{}", found.chain.lines), &bytes[found.good..])?;
            disk.sync_dir("quarantine")?;
            disk.cut(&file, found.good as u64)
        };
        cut().map_err(|error| StoreFault::io("cut the torn line of", &file, error))?;
        tracing::warn!(
            bytes = bytes.len() - found.good,
            "the last line of the audit trail was torn and has been cut off"
        );
    }
    Ok(Trail { chain: found.chain, file, bytes: found.good as u64, owed: VecDeque::new() })
}

/// Reads all of the trail and holds it against every anchor: where it ends.
pub(crate) fn verify(disk: &dyn Disk, station: &StationId, anchors: &[AuditHead]) -> Result<AuditHead, StoreFault> {
    let mut chain = beginning(station);
    let mut check = Check { anchors, wrong: None };
    let segments = segments(disk)?;
    for (at, first) in segments.iter().enumerate() {
        if *first != chain.lines + 1 {
            return Err(broken(chain.lines + 1, "is missing"));
        }
        let bytes = read(disk, *first)?;
        let found = audit::read(&bytes, &chain, |chain| check.head(chain));
        let found = found.map_err(|Broken { line, why }| broken(line, why))?;
        if found.good < bytes.len() && at + 1 < segments.len() {
            return Err(broken(found.chain.lines + 1, "is torn"));
        }
        chain = found.chain;
    }
    check.end(&chain)?;
    Ok(audit::head(&chain))
}

/// Compares heads of the trail with what records were signed with.
struct Check<'a> {
    anchors: &'a [AuditHead],
    wrong: Option<u64>,
}

impl Check<'_> {
    fn head(&mut self, chain: &Chain) {
        let found = audit::head(chain);
        let at = self.anchors.partition_point(|anchor| anchor.lines < found.lines);
        let expected = self.anchors.get(at).filter(|anchor| anchor.lines == found.lines);
        if expected.is_some_and(|anchor| *anchor != found) {
            self.wrong.get_or_insert(found.lines);
        }
    }

    fn end(&self, chain: &Chain) -> Result<(), StoreFault> {
        if let Some(line) = self.wrong {
            return Err(broken(line, "is not the one that a record was signed with"));
        }
        match self.anchors.last() {
            Some(anchor) if anchor.lines > chain.lines => {
                Err(broken(chain.lines + 1, "is missing, and a record was signed with it"))
            }
            _ => Ok(()),
        }
    }
}

fn create(disk: &dyn Disk, station: &StationId) -> Result<Trail, StoreFault> {
    let file = segment(1);
    // The folder may be new in a store of an earlier version.
    let created = disk.write(&file, b"").and_then(|()| disk.sync_dir(FOLDER)).and_then(|()| disk.sync_dir(""));
    created.map_err(|error| StoreFault::io("create", &file, error))?;
    Ok(Trail { chain: beginning(station), file, bytes: 0, owed: VecDeque::new() })
}

/// Numbers of the first lines of the segments, in order.
pub(super) fn segments(disk: &dyn Disk) -> Result<Vec<u64>, StoreFault> {
    let listed = disk.list(FOLDER).map_err(|error| StoreFault::io("list", FOLDER, error))?;
    let mut firsts: Vec<u64> = listed.iter().filter_map(|(name, _)| audit::first_line(name)).collect();
    firsts.sort_unstable();
    Ok(firsts)
}

pub(super) fn read(disk: &dyn Disk, first: u64) -> Result<Vec<u8>, StoreFault> {
    let file = segment(first);
    disk.read(&file).map_err(|error| StoreFault::io("read", &file, error))
}

fn broken(line: u64, why: &'static str) -> StoreFault {
    StoreFault::AuditBroken { line, why }
}
