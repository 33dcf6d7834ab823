//! Days of work on a disk that is full or fails now and then, while the program lives on.

use super::crash::{check, day, event, one_act, open};
use super::failing_disk::{FailingDisk, Files, Trouble};
use super::promises::Promises;
use super::tally::{Draw, Tally};
use super::{Act, World, case, keep};
use crate::Outbox;
use crate::format::digest;

/// Cases of a day.
const CASES: u8 = 5;

/// Segments of the audit trail end at 4 MiB: one day in so many begins near that.
const LONG_TRAIL: u64 = 40;

/// Room that a disk has at a random moment: none, some bytes, a line or two, a record, all that is wanted.
const ROOMS: [u64; 7] = [0, 1, 200, 1_000, 5_000, 400 << 10, 1 << 30];

/// Random days with random faults: no room at chosen calls or at all, a write or sync that fails, a read that fails; with
/// records exported in between. Afterwards, in the same process and after a restart, everything that was promised is there.
pub struct DiskFaults {
    world: World,
    fresh: Files,
    /// The same with a trail whose segment is nearly full.
    long: Files,
    draw: Draw,
    done: u64,
    /// Acts that a full disk refused, and stores that a failing one closed.
    refused: u64,
    closed: u64,
}

impl DiskFaults {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        let world = World::new();
        let disk = FailingDisk::default();
        let mut outbox = open(&world, &disk).unwrap().0;
        let fresh = disk.files();
        while disk.files().iter().any(|(file, bytes)| file.starts_with("audit/") && bytes.len() < (4 << 20) - 500) {
            // Looked at now and then: each look copies all of it.
            (0..200).for_each(|_| outbox.note(&event()).unwrap());
        }
        let long = disk.files();
        Self { world, fresh, long, draw: Draw::new(seed), done: 0, refused: 0, closed: 0 }
    }

    /// One day, and what is left of it.
    pub fn one(&mut self) -> Tally {
        self.done += 1;
        let acts = day(&mut self.draw, CASES);
        let files = if self.done.is_multiple_of(LONG_TRAIL) { self.long.clone() } else { self.fresh.clone() };
        let (disk, mut tally) = (FailingDisk::with(files, None), Tally::default());
        let mut outbox = open(&self.world, &disk).unwrap().0;
        let mut promises = Promises { noted: outbox.audit_head().lines, ..Promises::default() };
        let mut later = Vec::new();
        for act in acts.iter().copied() {
            self.harm(&disk);
            let broken = outbox.poisoned().is_some();
            let done = self.act(&mut outbox, act, &mut promises);
            if broken && done {
                tally.lose(format!("after a failed write, {act:?} succeeded"));
            }
            // The store itself holds lines of the trail.
            if !done && outbox.poisoned().is_none() && !matches!(act, Act::Note) {
                later.push(act);
            }
            if self.draw.below(8) == 0 {
                self.export(&mut outbox, &mut tally);
            }
        }
        self.refused += later.len() as u64;
        disk.without_end();
        match outbox.poisoned() {
            Some(_) => self.closed += 1,
            None => self.catch_up(&mut outbox, &later, &mut promises, &mut tally),
        }
        drop(outbox);
        // What it is after a restart of the program, and after a power cut on top of everything.
        for files in [disk.files(), disk.after_cut_of(self.draw.bits())] {
            tally.add("restart", self.restart(files, &promises));
        }
        let mut told = Tally::default();
        told.add(format!("day {} ({acts:?})", self.done), tally);
        told
    }

    /// Whether the faults met the work; without that a run proves nothing.
    pub fn bites(&self) -> bool {
        self.refused > self.done / 4 && self.closed > self.done / 20
    }

    /// Nothing is done for a traveller who was not taken.
    fn act(&self, outbox: &mut Outbox, act: Act, promises: &mut Promises) -> bool {
        match act {
            Act::Keep(n) | Act::Park(n) | Act::Close(n) if !promises.opened.contains(&case(n)) => false,
            _ => one_act(&self.world, outbox, act, &mut |promise| promises.take(promise)),
        }
    }

    fn harm(&mut self, disk: &FailingDisk) {
        let (draw, next) = (&mut self.draw, disk.calls());
        match draw.below(24) {
            0..6 => disk.leave_free(draw.of(&ROOMS)),
            6..10 => disk.trouble_at(next + draw.below(6) as usize, Trouble::Full),
            10 => disk.trouble_at(next + draw.below(6) as usize, Trouble::Fails),
            11 => disk.unreadable_after(draw.below(6) as usize),
            12..16 => disk.without_end(),
            _ => {}
        }
    }

    /// With room again, everything that was refused for want of it is done in the same process.
    fn catch_up(&mut self, outbox: &mut Outbox, later: &[Act], promises: &mut Promises, tally: &mut Tally) {
        // Troubles that were put ahead of the last calls may still come: twice is enough for all of them.
        let mut left: Vec<Act> = later.to_vec();
        for _ in 0..8 {
            left.retain(|act| !self.act(outbox, *act, promises));
            let _ = outbox.settle();
        }
        // A receipt for a record that never came, or that came twice, is no work that is left.
        left.retain(|act| !matches!(act, Act::Acknowledge(_)));
        if outbox.poisoned().is_some() {
            return;
        }
        if !left.is_empty() {
            tally.lose(format!("with room again, {left:?} is still refused"));
        }
        promises.noted += std::mem::take(&mut promises.owed);
    }

    /// Copies of everything that waits, each of them whole.
    fn export(&self, outbox: &mut Outbox, tally: &mut Tally) {
        let medium = self.world.dir.path().join("medium");
        let Ok(exported) = outbox.export(&medium) else { return };
        for record in exported.records {
            let copied = std::fs::read(medium.join(&record.file)).unwrap_or_default();
            if crate::hex(&digest(&copied)) != record.sha256 {
                tally.garble(format!("the copy of record {}", record.sequence));
            }
        }
        exported.damaged.iter().for_each(|sequence| tally.garble(format!("record {sequence} for the medium")));
        std::fs::remove_dir_all(&medium).unwrap();
    }

    fn restart(&self, files: Files, promises: &Promises) -> Tally {
        let disk = FailingDisk::with(files, None);
        let (mut outbox, report) = match open(&self.world, &disk) {
            Ok(opened) => opened,
            Err(fault) => {
                let mut tally = Tally::default();
                tally.garble(format!("the store does not open: {fault}"));
                return tally;
            }
        };
        let stub = |sequence| disk.files().contains_key(&format!("records/{sequence:010}.stub"));
        check(&self.world, &mut outbox, &report, promises, &stub)
    }
}

/// Every single reading call of opening and of a day fails once; the store says so, and nothing is taken for damaged.
///
/// # Panics
/// When a promise is broken.
pub fn every_read_fails_once() {
    let world = World::new();
    let disk = FailingDisk::default();
    let mut outbox = open(&world, &disk).unwrap().0;
    for n in 1..=3 {
        keep(&world, &mut outbox, n).unwrap();
    }
    drop(outbox);
    let files = disk.files();
    let mut failed = 0;
    for at in 0..40 {
        let disk = FailingDisk::with(files.clone(), None);
        disk.unreadable_after(at);
        let opened = open(&world, &disk).and_then(|(mut outbox, _)| {
            let queued = outbox.pending(10)?;
            let read = queued.iter().filter(|queued| outbox.read(queued.sequence).is_err()).count();
            failed += read;
            outbox.pending(10).map(|queued| queued.len())
        });
        failed += usize::from(opened.is_err());
        assert!(opened.is_err() || matches!(opened, Ok(3)), "{at}: {opened:?}: a record was taken for damaged");
        let disk = FailingDisk::with(disk.files(), None);
        assert_eq!(open(&world, &disk).unwrap().0.pending(10).unwrap().len(), 3, "{at}");
    }
    assert!(failed > 3, "{failed}");
}
