//! Days of work at a store that end in a power cut, and what must hold afterwards.

use super::failing_disk::{FailingDisk, Files, Trouble};
use super::promises::{Promise, Promises};
use super::tally::{Draw, Tally};
use super::{World, case, closure, enrolment, exemption};
use crate::format::Envelope;
use crate::{Action, Event, OpenReport, Outbox, StoreFault, verify_header};
use domain::case::RecordId;
use domain::session::Outcome;
use domain::units::StaffId;
use std::collections::BTreeSet;
use std::sync::Arc;

/// One thing that the station asks of its store.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// The intake's receipt for a record comes.
    Acknowledge(u64),
    /// A case ends without a record.
    Close(u8),
    /// A case ends with one.
    Keep(u8),
    /// A line of the audit trail.
    Note,
    /// A traveller stands at the desk.
    Open(u8),
    /// A case waits for a supervisor.
    Park(u8),
}

/// A day with everything in it.
pub const DAY: [Act; 14] = [
    Act::Note,
    Act::Open(1),
    Act::Keep(1),
    Act::Open(2),
    Act::Park(2),
    Act::Open(3),
    Act::Keep(3),
    Act::Acknowledge(1),
    Act::Note,
    Act::Keep(4),
    Act::Acknowledge(2),
    Act::Close(2),
    Act::Note,
    Act::Open(5),
];

/// The case of the record that is appended to see whether the store works.
const PROBE: u8 = 255;

/// Opens a store on this disk, with its index in memory.
pub fn open(world: &World, disk: &FailingDisk) -> Result<(Outbox, OpenReport), StoreFault> {
    Outbox::open_on(Arc::new(disk.clone()), None, &world.station)
}

/// Seals, signs and appends the record of a case.
pub fn keep(world: &World, outbox: &mut Outbox, n: u8) -> Result<(u64, RecordId), StoreFault> {
    let draft = match n % 4 {
        1 => enrolment(n, 40 * usize::from(n)),
        3 => exemption(n),
        _ => closure(n),
    };
    let record = world.signed(outbox, draft);
    outbox.append(record).map(|receipt| (receipt.sequence(), receipt.record()))
}

/// Works through these acts as far as the disk lets it, and tells of each promise when it is given.
///
/// # Panics
/// When a store that has failed says yes to anything.
pub fn work_through(world: &World, outbox: &mut Outbox, acts: &[Act], tell: &mut dyn FnMut(Promise)) {
    for act in acts.iter().copied() {
        let broken = outbox.poisoned().is_some();
        let done = one_act(world, outbox, act, tell);
        assert!(!(broken && done), "after a failed sync, {act:?} succeeded");
    }
}

/// The same, with the promises put together.
pub fn work(world: &World, outbox: &mut Outbox, acts: &[Act]) -> Promises {
    let mut promises = Promises::default();
    work_through(world, outbox, acts, &mut |promise| promises.take(promise));
    promises
}

pub(super) fn one_act(world: &World, outbox: &mut Outbox, act: Act, tell: &mut dyn FnMut(Promise)) -> bool {
    let officer = StaffId("officer-1".into());
    let done = match act {
        Act::Open(n) => outbox.case_opened(&case(n), &officer).ok().map(|()| Promise::Opened(case(n))),
        Act::Park(n) => return outbox.case_parked(&case(n), "rejected").is_ok(),
        Act::Close(n) => {
            tell(Promise::Ending(case(n)));
            outbox.case_closed(&case(n), Outcome::Interrupted).ok().map(|()| Promise::Ended(case(n)))
        }
        Act::Keep(n) => {
            tell(Promise::Ending(case(n)));
            let kept = keep(world, outbox, n).ok();
            if let Some((sequence, record)) = kept {
                tell(Promise::Queued(sequence, record));
            }
            kept.map(|_| Promise::Ended(case(n)))
        }
        Act::Note => match outbox.note(&event()) {
            Ok(()) => Some(Promise::Noted),
            Err(StoreFault::NoSpace) => {
                tell(Promise::Owed);
                None
            }
            Err(_) => None,
        },
        Act::Acknowledge(sequence) => {
            let waiting = outbox.pending(1000).unwrap_or_default();
            let record = waiting.iter().find(|queued| queued.sequence == sequence);
            let receipt = record.map(|queued| world.receipt(outbox, queued));
            let taken = receipt.is_some_and(|receipt| outbox.acknowledge(&receipt, world.intake.public()).is_ok());
            taken.then_some(Promise::Acknowledged(sequence))
        }
    };
    let yes = done.is_some();
    done.into_iter().for_each(tell);
    yes
}

/// An event that nobody takes for another.
pub(super) fn event() -> Event {
    Event { at_ms: 0, who: StaffId("anna".into()), what: Action::LoggedIn, case: None, reason: None }
}

/// Whether every promise holds, nothing is there twice, and the store works. `stub` says whether there is one for a
/// record.
pub fn check(
    world: &World,
    outbox: &mut Outbox,
    report: &OpenReport,
    promises: &Promises,
    stub: &dyn Fn(u64) -> bool,
) -> Tally {
    let mut tally = Tally::default();
    let waiting = match outbox.pending(10_000) {
        Ok(waiting) => waiting,
        Err(fault) => {
            tally.garble(format!("the queue: {fault}"));
            return tally;
        }
    };
    let names: BTreeSet<_> = waiting.iter().map(|queued| queued.record).collect();
    if names.len() < waiting.len() {
        tally.double("a record in the queue");
    }
    report.quarantined.iter().for_each(|sequence| tally.garble(format!("record {sequence}")));
    for (sequence, record) in &promises.queued {
        match waiting.iter().find(|queued| queued.sequence == *sequence) {
            Some(_) if promises.acknowledged.contains(sequence) => {
                tally.double(format!("record {sequence} was acknowledged and is queued again"));
            }
            Some(queued) if queued.record != *record => tally.lose(format!("record {sequence}: another has its place")),
            Some(_) => {
                if let Err(why) = readable(world, outbox, *sequence, *record) {
                    tally.garble(format!("record {sequence}: {why}"));
                }
            }
            // Acknowledged, or about to be when the power went: then the stub is there.
            None if stub(*sequence) => {}
            None => tally.lose(format!("record {sequence}")),
        }
    }
    for case in &promises.opened {
        let shown = report.interrupted.contains(case);
        if !shown && !promises.ending.contains(case) {
            tally.lose(format!("{case} is neither ended nor interrupted"));
        }
        if shown && promises.ended.contains(case) {
            tally.double(format!("{case} has ended and is shown as interrupted"));
        }
    }
    match outbox.audit_head().lines {
        lines if lines < promises.noted => tally.lose(format!("{lines} lines of the trail of {}", promises.noted)),
        // One line may have been on the disk when the power went, before anybody was told.
        lines if lines > promises.noted + promises.owed + 1 => {
            tally.double(format!("{lines} lines of {}", promises.noted))
        }
        _ => {}
    }
    works(world, outbox, &mut tally);
    tally
}

fn readable(world: &World, outbox: &mut Outbox, sequence: u64, record: RecordId) -> Result<(), String> {
    let bytes = outbox.read(sequence).map_err(|fault| fault.to_string())?;
    let envelope = Envelope::decode(&bytes).map_err(|fault| fault.to_string())?;
    let header = verify_header(world.key.public(), envelope.cose).map_err(|fault| fault.to_string())?;
    if header.record == record { Ok(()) } else { Err("it is another record".into()) }
}

/// A store that was opened takes the next record, and empties.
fn works(world: &World, outbox: &mut Outbox, tally: &mut Tally) {
    match keep(world, outbox, PROBE) {
        Ok((sequence, _)) if sequence == outbox.stats().records => {}
        Ok((sequence, _)) => tally.lose(format!("a gap in the sequence before {sequence}")),
        Err(fault) => tally.garble(format!("the store takes nothing: {fault}")),
    }
    for queued in outbox.pending(10_000).unwrap_or_default() {
        let receipt = world.receipt(outbox, &queued);
        if let Err(refused) = outbox.acknowledge(&receipt, world.intake.public()) {
            tally.garble(format!("record {} cannot be acknowledged: {refused}", queued.sequence));
        }
    }
    if outbox.stats().pending != 0 {
        tally.double("records that were acknowledged still wait");
    }
}

/// Random days on a disk that loses power at a random call, with writes that are dropped, torn or reordered, and with any
/// of the changes of names that were not synced; and that loses it again while the store is opened.
pub struct CrashStates {
    world: World,
    fresh: Files,
    draw: Draw,
    done: u64,
    /// States in which changes of names were in question.
    unsynced: u64,
    /// Cuts that came while the store was opened.
    again: u64,
}

impl CrashStates {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        let world = World::new();
        let empty = FailingDisk::default();
        drop(open(&world, &empty).unwrap());
        Self { world, fresh: empty.files(), draw: Draw::new(seed), done: 0, unsynced: 0, again: 0 }
    }

    /// Makes one state and looks at what is left.
    pub fn one(&mut self) -> Tally {
        let Self { world, fresh, draw, .. } = self;
        let acts = day(draw, 3);
        let calm = FailingDisk::with(fresh.clone(), None);
        drop(work(world, &mut open(world, &calm).unwrap().0, &acts));
        let (at, trouble) = (draw.below(calm.calls() as u64) as usize, draw.of(&Trouble::CUTS));
        let disk = FailingDisk::with(fresh.clone(), Some((at, trouble)));
        let promises = work(world, &mut open(world, &disk).unwrap().0, &acts);
        let mut files = disk.after_cut_of(draw.bits());
        self.unsynced += u64::from(files != disk.after_cut(false));
        // Up to two more cuts, while the store mends what the first one left.
        for _ in 0..draw.below(3) {
            let disk = FailingDisk::with(files.clone(), Some((draw.below(8) as usize, draw.of(&Trouble::CUTS))));
            self.again += u64::from(open(world, &disk).is_err());
            files = disk.after_cut_of(draw.bits());
        }
        self.done += 1;
        let mut tally = Tally::default();
        let disk = FailingDisk::with(files, None);
        let found = match open(world, &disk) {
            Ok((mut outbox, report)) => {
                let stub = |sequence| disk.files().contains_key(&format!("records/{sequence:010}.stub"));
                check(world, &mut outbox, &report, &promises, &stub)
            }
            Err(fault) => {
                let mut tally = Tally::default();
                tally.garble(format!("the store does not open: {fault}"));
                tally
            }
        };
        tally.add(format!("state {} ({acts:?}, {trouble:?} at {at})", self.done), found);
        tally
    }

    /// Whether the power went at moments that matter; without that a run proves nothing.
    pub fn bites(&self) -> bool {
        self.unsynced > self.done / 10 && self.again > self.done / 10
    }
}

/// Some acts; only cases that were opened are parked or closed, and each ends once.
pub(super) fn day(draw: &mut Draw, cases: u8) -> Vec<Act> {
    let (mut acts, mut kept) = (Vec::new(), 0);
    for n in 1..=cases {
        acts.push(Act::Note);
        acts.push(Act::Open(n));
        match draw.below(4) {
            0 => acts.push(Act::Park(n)),
            1 => acts.push(Act::Close(n)),
            _ => {
                acts.push(Act::Keep(n));
                kept += 1;
            }
        }
        if kept > 0 && draw.below(2) == 0 {
            acts.push(Act::Acknowledge(1 + draw.below(kept)));
        }
    }
    acts
}
