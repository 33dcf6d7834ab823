//! An old copy of the store in the place of the newer one is found at the next start, and no crash looks like one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use domain::units::StaffId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use store::testing::{FailingDisk, Trouble, World, case, closure};
use store::{
    Counter, CounterFault, Outbox, RECORDS_PER_STEP, Reason, Restored, Standing, StoreFault, Witness, verify_header,
};

type Files = BTreeMap<String, Vec<u8>>;

const NOON: i64 = 1_766_577_600_000;

/// A counter in memory. At a chosen call the power goes: before the call has an effect, or after.
#[derive(Clone, Default)]
struct Chip(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    standing: Option<Standing>,
    calls: usize,
    cut: Option<(usize, bool)>,
    dead: bool,
}

impl Chip {
    fn standing(&self) -> Option<Standing> {
        self.0.lock().unwrap().standing
    }

    fn set(&self, standing: Option<Standing>) {
        self.0.lock().unwrap().standing = standing;
    }

    /// The power is back.
    fn revive(&self) {
        let mut inner = self.0.lock().unwrap();
        (inner.cut, inner.dead) = (None, false);
    }

    fn call(&mut self, act: impl FnOnce(&mut Option<Standing>)) -> Result<Option<Standing>, CounterFault> {
        let mut inner = self.0.lock().unwrap();
        let at = inner.calls;
        inner.calls += 1;
        let cut = inner.cut.filter(|(call, _)| *call == at);
        if inner.dead || cut.is_some_and(|(_, effect)| !effect) {
            inner.dead = true;
            return Err(CounterFault("no power".into()));
        }
        act(&mut inner.standing);
        inner.dead = cut.is_some();
        if inner.dead { Err(CounterFault("no power".into())) } else { Ok(inner.standing) }
    }
}

impl Counter for Chip {
    fn read(&mut self) -> Result<Option<Standing>, CounterFault> {
        self.call(|_| {})
    }

    fn make(&mut self) -> Result<Standing, CounterFault> {
        // A TPM begins a new counter beyond the highest that it ever had.
        self.call(|standing| *standing = Some(Standing { value: 41, first: 41 })).map(Option::unwrap)
    }

    fn step(&mut self) -> Result<(), CounterFault> {
        self.call(|standing| standing.as_mut().unwrap().value += 1).map(drop)
    }
}

/// One run of a station: start, records, stop. As far as disk and chip let it.
fn run(world: &World, disk: &FailingDisk, chip: &Chip, records: u8) -> Result<Option<Restored>, StoreFault> {
    let (mut outbox, _) = Outbox::open_on(Arc::new(disk.clone()), None, &world.station)?;
    let found = outbox.guard(Box::new(chip.clone()), NOON)?;
    for n in 0..records {
        let record = world.signed(&outbox, closure(n));
        outbox.append(record)?;
        // The record stands, whatever becomes of the step.
        let _ = outbox.count_up(NOON);
        if chip.0.lock().unwrap().dead {
            return Ok(found);
        }
    }
    outbox.stopped(NOON)?;
    Ok(found)
}

fn files(world: &World, chip: &Chip, records: u8) -> Files {
    let disk = FailingDisk::default();
    assert_eq!(run(world, &disk, chip, records).unwrap(), None);
    disk.files()
}

#[test]
fn an_old_copy_is_found_at_the_next_start_and_an_administrator_decides() {
    let world = World::new();
    let chip = Chip::default();
    let old = files(&world, &chip, 1);
    let disk = FailingDisk::with(old.clone(), None);
    assert_eq!(run(&world, &disk, &chip, 1).unwrap(), None, "the newest is no old copy");
    let there = chip.standing().unwrap().value;

    let disk = FailingDisk::with(old.clone(), None);
    let (mut outbox, report) = Outbox::open_on(Arc::new(disk.clone()), None, &world.station).unwrap();
    assert_eq!(report.restored, None);
    let found = outbox.guard(Box::new(chip.clone()), NOON).unwrap().unwrap();
    assert_eq!(found, Restored { witness: Witness::Counter, here: there - 2, there });
    let officer = StaffId("officer-1".into());
    let refused = outbox.case_opened(&case(9), &officer).unwrap_err();
    assert_eq!(refused.code(), "S-13", "{refused}");
    assert!(refused.officer().contains("administrator"));
    assert_eq!(outbox.pending(9).unwrap().len(), 1, "what is queued is sent");
    outbox.stopped(NOON).unwrap();
    drop(outbox);
    let kept = disk.files();
    assert!(old.keys().all(|file| kept.contains_key(file)), "nothing is taken away");
    assert!(old.iter().all(|(file, bytes)| kept[file].starts_with(bytes)), "nothing is written over");
    assert_eq!(chip.standing().unwrap().value, there, "the question stays as it was found");

    // The question outlives restarts, with or without the counter.
    let (mut outbox, report) = Outbox::open_on(Arc::new(disk.clone()), None, &world.station).unwrap();
    assert_eq!(report.restored, Some(found));
    assert!(matches!(outbox.case_opened(&case(9), &officer), Err(StoreFault::Restored(_))));
    let before = outbox.audit_head().lines;
    assert_eq!(outbox.accept_restored(Reason::word("disk-replaced").unwrap(), NOON).unwrap(), Some(found));
    assert_eq!(outbox.audit_head().lines, before + 1, "the decision is a line of the trail");
    assert_eq!(outbox.accept_restored(Reason::word("twice").unwrap(), NOON).unwrap(), None);
    drop(outbox);
    let trail = disk.files().into_iter().filter(|(file, _)| file.starts_with("audit/")).flat_map(|(_, bytes)| bytes);
    let trail = String::from_utf8(trail.collect()).unwrap();
    for words in [r#""what":"restored-copy-found","reason":"counter""#, r#""reason":"disk-replaced""#] {
        assert!(trail.contains(words), "{words}: {trail}");
    }

    assert_eq!(run(&world, &disk, &chip, 1).unwrap(), None, "accepted");
    let (mut outbox, _) = Outbox::open_on(Arc::new(disk), None, &world.station).unwrap();
    assert_eq!(outbox.guard(Box::new(chip), NOON).unwrap(), None);
    outbox.case_opened(&case(9), &officer).unwrap();
    for queued in outbox.pending(9).unwrap() {
        let bytes = outbox.read(queued.sequence).unwrap();
        let envelope = store::format::Envelope::decode(&bytes).unwrap();
        verify_header(world.key.public(), envelope.cose).unwrap();
    }
}

/// Nobody here knows how many travellers the other copy has numbered since.
#[test]
fn case_numbers_do_not_repeat_after_an_accepted_copy() {
    let world = World::new();
    let chip = Chip::default();
    let old = files(&world, &chip, 1);
    run(&world, &FailingDisk::with(old.clone(), None), &chip, 0).unwrap();
    let (christmas, officer) = (jiff::civil::date(2025, 12, 24), StaffId("officer-1".into()));
    let mut given = std::collections::BTreeSet::new();
    let mut use_one = |outbox: &mut Outbox, day| {
        let number = outbox.next_case(day);
        outbox.case_opened(&number, &officer).unwrap();
        assert!(given.insert(number.to_string()), "{number} is given twice");
        number.to_string()
    };
    // The copy is put back twice, the second time without a word about the first.
    for (at_ms, expected) in [(NOON, 721_001), (NOON + 60_000, 722_001)] {
        let disk = FailingDisk::with(old.clone(), None);
        let (mut outbox, _) = Outbox::open_on(Arc::new(disk.clone()), None, &world.station).unwrap();
        assert_eq!(outbox.next_case(christmas).as_str(), "S1-251224-0001");
        outbox.guard(Box::new(chip.clone()), at_ms).unwrap().unwrap();
        outbox.accept_restored(Reason::word("disk-replaced").unwrap(), at_ms).unwrap().unwrap();
        for nth in 0..2 {
            drop(outbox);
            (outbox, _) = Outbox::open_on(Arc::new(disk.clone()), None, &world.station).unwrap();
            assert_eq!(outbox.guard(Box::new(chip.clone()), at_ms).unwrap(), None, "accepted");
            let number = use_one(&mut outbox, christmas);
            assert_eq!(number, format!("S1-251224-{}", expected + nth), "also after another start");
        }
        let number = outbox.next_case(christmas.tomorrow().unwrap());
        assert!(number.as_str() > "S1-251225-700000", "{number}: it may be tomorrow here already");
        let later = jiff::civil::date(2025, 12, 26);
        assert_eq!(outbox.next_case(later).as_str(), "S1-251226-0001", "the other copy is long gone");
    }
}

#[test]
fn what_the_journal_noted_held_against_the_counter() {
    let world = World::new();
    let counted = Chip::default();
    let noted_44 = files(&world, &counted, 0);
    let noted = counted.standing().unwrap().value;
    assert_eq!(noted, 43, "made at 41, one start, one stop");
    let standing = |value, first| Some(Standing { value, first });
    let counter = |here, there| Some(Restored { witness: Witness::Counter, here, there });
    let gone = Some(Restored { witness: Witness::CounterGone, here: noted, there: 0 });
    let rows = [
        ("as noted", &noted_44, standing(noted, 41), None),
        ("noted, and the power went", &noted_44, standing(noted - 1, 41), None),
        ("one further", &noted_44, standing(noted + 1, 41), counter(noted, noted + 1)),
        ("much further", &noted_44, standing(noted + 1000, 41), counter(noted, noted + 1000)),
        ("another counter", &noted_44, standing(noted - 2, 1), counter(noted, noted - 2)),
        ("a counter at its end", &noted_44, standing(u64::MAX, 41), counter(noted, u64::MAX)),
        ("cleared", &noted_44, None, gone),
        ("a new store and a new counter", &Files::new(), None, None),
        ("a counter that was made, and the power went", &Files::new(), standing(41, 41), None),
        ("a copy from before the counter", &Files::new(), standing(44, 41), counter(0, 44)),
    ];
    for (what, files, standing, expected) in rows {
        let chip = Chip::default();
        chip.set(standing);
        let found = run(&world, &FailingDisk::with(files.clone(), None), &chip, 0).unwrap();
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn no_crash_of_disk_or_chip_looks_like_an_old_copy() {
    let world = World::new();
    let records = u8::try_from(RECORDS_PER_STEP).unwrap() + 1;
    let seen = Chip::default();
    let earlier = files(&world, &seen, 0);
    let first_value = seen.standing();
    let disk = FailingDisk::with(earlier.clone(), None);
    let before = seen.0.lock().unwrap().calls;
    run(&world, &disk, &seen, records).unwrap();
    let (writes, calls) = (disk.calls(), seen.0.lock().unwrap().calls - before);
    assert_eq!(calls, 6, "start, one step among the records, stop");
    let mut states = 0;
    let mut check = |disk: &FailingDisk, chip: &Chip, what: &str| {
        chip.revive();
        let standing = chip.standing();
        for with_names in [false, true] {
            chip.set(standing);
            let left = FailingDisk::with(disk.after_cut(with_names), None);
            for start in 1..=2 {
                let found = run(&world, &left, chip, 1).unwrap_or_else(|fault| panic!("{what}: {fault}"));
                assert_eq!(found, None, "{what}, start {start}");
            }
            states += 1;
        }
    };
    let cuts = [Trouble::CutBefore, Trouble::CutTorn, Trouble::CutAfter, Trouble::Fails].into_iter();
    for (at, trouble) in (0..writes).flat_map(|at| cuts.clone().map(move |trouble| (at, trouble))) {
        let (disk, chip) = (FailingDisk::with(earlier.clone(), [(at, trouble)]), Chip::default());
        chip.set(first_value);
        let _ = run(&world, &disk, &chip, records);
        check(&disk, &chip, &format!("write {at}, {trouble:?}"));
    }
    for (at, effect) in (0..calls).flat_map(|at| [(at, false), (at, true)]) {
        let (disk, chip) = (FailingDisk::with(earlier.clone(), None), Chip::default());
        chip.set(first_value);
        chip.0.lock().unwrap().cut = Some((at, effect));
        let _ = run(&world, &disk, &chip, records);
        check(&disk, &chip, &format!("call {at} of the chip, effect {effect}"));
    }
    // And the first start of all, when there is no counter yet.
    for (at, effect) in (0..3).flat_map(|at| [(at, false), (at, true)]) {
        let (disk, chip) = (FailingDisk::default(), Chip::default());
        chip.0.lock().unwrap().cut = Some((at, effect));
        let _ = run(&world, &disk, &chip, 0);
        check(&disk, &chip, &format!("call {at} of a new chip, effect {effect}"));
    }
    assert!(states > 500, "{states} states");
}

#[test]
fn many_records_take_the_counter_up_in_mid_run() {
    let world = World::new();
    let chip = Chip::default();
    let disk = FailingDisk::with(files(&world, &chip, 0), None);
    let (mut outbox, _) = Outbox::open_on(Arc::new(disk.clone()), None, &world.station).unwrap();
    outbox.guard(Box::new(chip.clone()), NOON).unwrap();
    let copy = disk.files();
    for n in 0..RECORDS_PER_STEP {
        let record = world.signed(&outbox, closure(u8::try_from(n).unwrap()));
        outbox.append(record).unwrap();
        outbox.count_up(NOON).unwrap();
    }
    // The power went: no stop in order. The copy was taken while the station ran.
    drop(outbox);
    let found = run(&world, &FailingDisk::with(copy, None), &chip, 0).unwrap();
    assert!(matches!(found, Some(Restored { witness: Witness::Counter, .. })), "{found:?}");
}

#[test]
fn the_intake_may_say_it_too() {
    let world = World::new();
    let disk = FailingDisk::default();
    let (mut outbox, _) = Outbox::open_on(Arc::new(disk.clone()), None, &world.station).unwrap();
    let doubt = Restored { witness: Witness::Intake, here: 0, there: 7 };
    outbox.doubt(doubt, NOON).unwrap();
    let lines = outbox.stats().journal_lines;
    outbox.doubt(Restored { there: 8, ..doubt }, NOON).unwrap();
    assert_eq!((outbox.restored(), outbox.stats().journal_lines), (Some(doubt), lines), "said twice, kept once");
    drop(outbox);
    let (mut outbox, report) = Outbox::open_on(Arc::new(disk), None, &world.station).unwrap();
    assert_eq!(report.restored, Some(doubt));
    outbox.accept_restored(Reason::word("moved-to-another-disk").unwrap(), NOON).unwrap();
    outbox.case_opened(&case(1), &StaffId("officer-1".into())).unwrap();
}

/// A disk without a byte of room: found is what there is to find, sent is what waits, and no traveller is taken until the
/// counter has gone up.
#[test]
fn a_full_disk_keeps_no_station_with_a_counter_from_starting() {
    let world = World::new();
    let chip = Chip::default();
    let full = |files: Files| {
        let disk = FailingDisk::with(files, None);
        disk.leave_free(0);
        let (outbox, _) = Outbox::open_on(Arc::new(disk.clone()), None, &world.station).unwrap();
        // What the ballast gave back is taken up by others.
        disk.leave_free(0);
        (disk, outbox)
    };
    let officer = StaffId("officer-1".into());
    let old = files(&world, &chip, 2);
    let newest = FailingDisk::with(old.clone(), None);
    assert_eq!(run(&world, &newest, &chip, 0).unwrap(), None);
    let before = chip.standing().unwrap().value;

    let (disk, mut outbox) = full(newest.files());
    assert_eq!(outbox.guard(Box::new(chip.clone()), NOON).unwrap(), None, "it starts");
    assert_eq!(chip.standing().unwrap().value, before, "no step that the journal has not noted");
    let refused = outbox.case_opened(&case(9), &officer).unwrap_err();
    assert_eq!(refused.code(), "S-05", "{refused}");
    for queued in outbox.pending(9).unwrap() {
        let receipt = world.receipt(&mut outbox, &queued);
        // As much room as a file system keeps back for its own sake.
        disk.leave_free(4096);
        outbox.acknowledge(&receipt, world.intake.public()).unwrap();
    }
    assert!(disk.files().keys().all(|file| !file.ends_with(".rec")), "the backlog is sent, its bodies are erased");
    disk.without_end();
    let refused = outbox.case_opened(&case(9), &officer).unwrap_err();
    assert_eq!(refused.code(), "S-14", "there is room, and the step is still to be taken: {refused}");
    outbox.count_up(NOON).unwrap();
    outbox.case_opened(&case(9), &officer).unwrap();
    drop(outbox);
    assert_eq!(run(&world, &disk, &chip, 1).unwrap(), None, "the newest is no old copy");

    // An old copy on a full disk is found, and written down when there is room.
    let (disk, mut outbox) = full(old);
    let found = outbox.guard(Box::new(chip.clone()), NOON).unwrap();
    assert!(matches!(found, Some(Restored { witness: Witness::Counter, .. })), "{found:?}");
    assert!(outbox.case_opened(&case(9), &officer).is_err());
    disk.without_end();
    for _ in 0..2 {
        assert_eq!(outbox.case_opened(&case(9), &officer).unwrap_err().code(), "S-13");
    }
    drop(outbox);
    let (_, report) = Outbox::open_on(Arc::new(disk.clone()), None, &world.station).unwrap();
    assert_eq!(report.restored, found, "said once there was room");
    let lines = String::from_utf8(disk.files()["journal.log"].clone()).unwrap();
    assert_eq!(lines.matches("restored-found").count(), 1, "{lines}");

    // A station whose disk was full before it had a counter: none is made that no file could name.
    let disk = FailingDisk::default();
    drop(Outbox::open_on(Arc::new(disk.clone()), None, &world.station).unwrap());
    let (disk, mut outbox) = full(disk.files());
    let new = Chip::default();
    assert_eq!(outbox.guard(Box::new(new.clone()), NOON).unwrap(), None);
    assert_eq!(new.standing(), None);
    disk.without_end();
    outbox.count_up(NOON).unwrap();
    outbox.case_opened(&case(9), &officer).unwrap();
    assert_eq!(new.standing().unwrap().value, 42);
}
