//! The promise: a full disk refuses a new traveller. It loses nothing that was promised, it does not stop the upload,
//! and when there is room the store goes on without a restart.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use domain::record::{Draft, Sealed};
use domain::session::Outcome;
use domain::units::StaffId;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::testing::{BOOT, DiskFaults, FailingDisk, NOW_MS, Tally, Trouble, World, case, closure, enrolment};
use store::{Action, Event, Outbox, Receipt, StoreFault};

/// Of a captured traveller's images, so that a record has about as many bytes as a real one.
const IMAGE_BYTES: usize = 100_000;

/// Room for everything: more than the margin.
const AMPLE: u64 = 1 << 30;

const RECORDS: u8 = 3;

fn officer() -> StaffId {
    StaffId("officer-1".into())
}

fn open(world: &World, disk: &FailingDisk) -> Outbox {
    Outbox::open_on(Arc::new(disk.clone()), None, &world.station).unwrap().0
}

/// A disk with three records that wait, and with two cases open at the desk.
fn busy(world: &World) -> BTreeMap<String, Vec<u8>> {
    let disk = FailingDisk::default();
    disk.leave_free(AMPLE);
    let mut outbox = open(world, &disk);
    for n in 1..=RECORDS {
        let record = world.signed(&outbox, enrolment(n, IMAGE_BYTES));
        outbox.append(record).unwrap();
    }
    for n in [11, 12] {
        outbox.case_opened(&case(n), &officer()).unwrap();
    }
    disk.files()
}

fn sealed(world: &World, draft: Draft) -> Sealed {
    draft.seal(&world.sealer).unwrap()
}

fn append(world: &World, outbox: &mut Outbox, sealed: &Sealed) -> Result<Receipt, StoreFault> {
    let at = outbox.position(NOW_MS, BOOT);
    outbox.append(sealed.clone().sign(&world.key, at).unwrap())
}

/// Sends everything that waits; how many were acknowledged.
fn drain(world: &World, outbox: &mut Outbox) -> usize {
    let waiting = outbox.pending(100).unwrap();
    let sent = waiting.iter().filter(|queued| {
        outbox.read(queued.sequence).unwrap();
        let receipt = world.receipt(outbox, queued);
        outbox.acknowledge(&receipt, world.intake.public()).is_ok()
    });
    sent.count()
}

/// With room again, everything goes on in the same process, and the next start finds it as it was left.
fn goes_on(world: &World, disk: &FailingDisk, mut outbox: Outbox, held: &Sealed, kept: Result<Receipt, StoreFault>) {
    disk.leave_free(AMPLE);
    let receipt = kept.or_else(|_| append(world, &mut outbox, held)).unwrap();
    assert_eq!(receipt.sequence(), u64::from(RECORDS) + 1);
    outbox.case_opened(&case(20), &officer()).unwrap();
    drain(world, &mut outbox);
    assert!(outbox.pending(100).unwrap().is_empty());
    let stats = outbox.stats();
    assert_eq!((stats.pending, stats.acknowledged, stats.quarantined), (0, u64::from(RECORDS) + 1, 0));
    drop(outbox);
    assert!(disk.files().keys().all(|file| !file.ends_with(".rec") && !file.ends_with(".tmp")), "bodies are erased");
    let (again, report) = Outbox::open_on(Arc::new(disk.clone()), None, &world.station).unwrap();
    assert_eq!(again.stats(), stats);
    assert_eq!((report.cut_tail, report.strays.len(), report.erased.len()), (None, 0, 0));
}

#[test]
fn on_a_full_disk_a_traveller_is_refused_and_all_else_goes_on() {
    let world = World::new();
    let files = busy(&world);
    for left in [0, 1, 4_000, 255 << 10, 600 << 10, (8 << 20) - 1] {
        let disk = FailingDisk::with(files.clone(), None);
        disk.leave_free(AMPLE);
        let mut outbox = open(&world, &disk);
        disk.leave_free(left);
        let before = disk.files();
        assert!(matches!(outbox.case_opened(&case(20), &officer()), Err(StoreFault::NoSpace)), "{left}");
        assert_eq!(disk.files(), before, "{left}: refused before anything was written");
        assert!(matches!(outbox.reserve(1).map(|_| ()), Err(StoreFault::NoSpace)));

        outbox.case_parked(&case(11), "no-fingers").unwrap();
        outbox.case_closed(&case(12), Outcome::Cancelled).unwrap();
        let held = sealed(&world, enrolment(11, IMAGE_BYTES));
        let kept = append(&world, &mut outbox, &held);
        assert!(kept.is_ok(), "{left}: the ballast has room for a captured traveller: {kept:?}");
        assert_eq!(drain(&world, &mut outbox), usize::from(RECORDS) + 1, "{left}");
        assert!(disk.files().keys().all(|file| !file.ends_with(".rec")), "{left}: bodies are erased");
        goes_on(&world, &disk, outbox, &held, kept);
    }
}

#[test]
fn captured_travellers_leave_room_for_acknowledgements() {
    let world = World::new();
    let disk = FailingDisk::with(busy(&world), None);
    disk.leave_free(AMPLE);
    let mut outbox = open(&world, &disk);
    disk.leave_free(0);
    let held: Vec<_> = (30..60).map(|n| sealed(&world, enrolment(n, IMAGE_BYTES))).collect();
    let kept = held.iter().filter(|held| append(&world, &mut outbox, held).is_ok()).count();
    assert!(kept > 0 && kept < held.len(), "{kept}");
    assert_eq!(outbox.poisoned(), None);
    assert_eq!(drain(&world, &mut outbox), usize::from(RECORDS) + kept);
    assert!(append(&world, &mut outbox, held.last().unwrap()).is_ok(), "the upload has made room");
}

/// Without ballast, a line or a stub can find room for some of its bytes only: for none, for one, and so on.
#[test]
fn a_disk_that_is_full_at_any_byte_loses_nothing() {
    let world = World::new();
    let files = busy(&world);
    let mut refused = 0;
    for left in (0..1500).step_by(7) {
        let disk = FailingDisk::with(files.clone(), None);
        disk.leave_free(0);
        let mut outbox = open(&world, &disk);
        let held = sealed(&world, closure(11));
        disk.leave_free(left);
        let parked = outbox.case_parked(&case(12), "no-fingers");
        let kept = append(&world, &mut outbox, &held);
        let closed = outbox.case_closed(&case(12), Outcome::Cancelled);
        let sent = drain(&world, &mut outbox);
        assert_eq!(outbox.poisoned(), None, "{left}");
        let is_no_space = |fault: StoreFault| assert!(matches!(fault, StoreFault::NoSpace), "{left}: {fault}");
        refused += usize::from(parked.is_err()) + usize::from(closed.is_err()) + usize::from(RECORDS) - sent;
        parked.err().map(is_no_space);
        let parked_or_open = outbox.stats().open_cases;
        assert_eq!(parked_or_open, 2 - u64::from(closed.is_ok()), "{left}: what was refused has not happened");
        closed.err().map(is_no_space);
        goes_on(&world, &disk, outbox, &held, kept);
    }
    assert!(refused > 50, "{refused} refusals are too few: the disk was not full");
}

/// Full at every single call, each time with the same work in the same process afterwards.
#[test]
fn a_disk_that_is_full_at_any_call_loses_nothing() {
    let world = World::new();
    let files = busy(&world);
    let held = sealed(&world, enrolment(11, 40));
    let work = |disk: &FailingDisk| {
        let mut outbox = open(&world, disk);
        let kept = append(&world, &mut outbox, &held);
        // Twice: what the full disk refused the first time is done the second time.
        drain(&world, &mut outbox);
        drain(&world, &mut outbox);
        (outbox, kept)
    };
    let calm = FailingDisk::with(files.clone(), None);
    assert!(work(&calm).1.is_ok());
    let mut full = 0;
    for at in 0..calm.calls() {
        let disk = FailingDisk::with(files.clone(), [(at, Trouble::Full)]);
        let (outbox, kept) = work(&disk);
        full += usize::from(kept.is_err());
        assert_eq!((outbox.poisoned(), outbox.stats().pending), (None, 0), "call {at}");
        goes_on(&world, &disk, outbox, &held, kept);
    }
    assert_eq!(full, 4, "write, rename, sync of the folder and journal line of the record");
}

#[test]
fn a_journal_that_cannot_be_cut_closes_the_store() {
    let world = World::new();
    for trouble in [Trouble::Fails, Trouble::Full] {
        let disk = FailingDisk::with(busy(&world), [(0, Trouble::Full), (1, trouble)]);
        let mut outbox = open(&world, &disk);
        let refused = outbox.case_closed(&case(11), Outcome::Cancelled);
        assert!(matches!(refused, Err(StoreFault::Io { .. })), "not `NoSpace`, which would pass: {refused:?}");
        assert!(matches!(outbox.case_closed(&case(11), Outcome::Cancelled), Err(StoreFault::Poisoned(_))));
    }
}

#[test]
fn ballast_that_was_dropped_is_held_again() {
    let world = World::new();
    let disk = FailingDisk::with(busy(&world), None);
    disk.leave_free(AMPLE);
    let mut outbox = open(&world, &disk);
    let ballast = || disk.files().contains_key("hold/ballast");
    for _ in 0..2 {
        assert!(ballast());
        disk.leave_free(0);
        outbox.case_parked(&case(11), "no-fingers").unwrap();
        assert!(!ballast());
        disk.leave_free(AMPLE);
        outbox.case_opened(&case(20), &officer()).unwrap();
    }
}

/// A line of the audit trail that finds no room is held: no traveller is taken without it, and it comes before later ones.
#[test]
fn a_line_of_the_trail_without_room_keeps_travellers_away() {
    let world = World::new();
    let disk = FailingDisk::with(busy(&world), None);
    disk.leave_free(0);
    let mut outbox = open(&world, &disk);
    let line = |n| Event { at_ms: n, who: officer(), what: Action::Decided, case: None, reason: None };
    disk.leave_free(10);
    for n in 1..=3 {
        assert!(matches!(outbox.note(&line(n)), Err(StoreFault::NoSpace)), "{n}");
    }
    assert_eq!(outbox.audit_head().lines, 0);
    // Room enough for a traveller, and not for the lines: a disk that is full for files and not for others.
    disk.leave_free(AMPLE);
    disk.trouble_at(disk.calls(), Trouble::Full);
    assert!(matches!(outbox.case_opened(&case(20), &officer()), Err(StoreFault::NoSpace)));
    outbox.case_opened(&case(20), &officer()).unwrap();
    assert_eq!(outbox.audit_head().lines, 3, "held lines come first");
    outbox.note(&line(4)).unwrap();
    let text = disk.files().into_iter().find(|(file, _)| file.starts_with("audit/")).unwrap().1;
    let text = String::from_utf8(text).unwrap();
    let times: Vec<_> = text.lines().map(|line| line.split("at_ms\":").nth(1).unwrap()[..1].to_owned()).collect();
    assert_eq!(times, ["1", "2", "3", "4"]);
}

#[test]
fn more_lines_than_can_be_held_close_the_store() {
    let world = World::new();
    let disk = FailingDisk::with(busy(&world), None);
    disk.leave_free(0);
    let mut outbox = open(&world, &disk);
    disk.leave_free(0);
    let line = Event { at_ms: 1, who: officer(), what: Action::LogInRefused, case: None, reason: None };
    let held = (0..5000).take_while(|_| matches!(outbox.note(&line), Err(StoreFault::NoSpace))).count();
    assert!((100..5000).contains(&held), "{held}");
    assert!(outbox.poisoned().is_some());
    disk.leave_free(AMPLE);
    assert!(matches!(outbox.case_opened(&case(20), &officer()), Err(StoreFault::Poisoned(_))));
}

/// Random faults; `cargo xtask soak disk-faults` makes as many days as one likes.
#[test]
fn no_promise_is_broken_on_a_disk_that_fails_now_and_then() {
    let mut days = DiskFaults::new(1);
    for _ in 0..39 {
        assert_eq!(days.one(), Tally::default());
    }
    assert!(days.bites(), "the faults did not meet the work");
}

#[test]
fn a_read_that_fails_takes_no_record_for_damaged() {
    store::testing::every_read_fails_once();
}
