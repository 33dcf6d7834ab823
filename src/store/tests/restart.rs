//! The promise: a restart finds what was there, says what it had to mend, and isolates what is damaged.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use domain::case::StationId;
use domain::record::AuditHead;
use domain::session::Outcome;
use domain::units::StaffId;
use jiff::civil::date;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use store::testing::{FailingDisk, NOW_MS, Trouble, World, case, closure, enrolment};
use store::{
    Acknowledgement, IndexState, OpenReport, Outbox, ReadFault, ReceiptRefused, StoreFault, rebuild_index,
    sign_receipt, verify,
};

fn folder(world: &World) -> PathBuf {
    world.dir.path().join("store")
}

fn open(world: &World) -> (Outbox, OpenReport) {
    Outbox::open(&folder(world), &world.station).unwrap()
}

/// A store with this many records, closed.
fn filled(world: &World, count: u8) {
    let (mut outbox, _) = open(world);
    for n in 1..=count {
        let record = world.signed(&outbox, enrolment(n, 500));
        outbox.append(record).unwrap();
    }
}

fn record_path(world: &World, sequence: u64) -> PathBuf {
    folder(world).join(format!("records/{sequence:010}.rec"))
}

#[test]
fn everything_is_there_after_a_restart() {
    let world = World::new();
    filled(&world, 3);
    let (mut outbox, report) = open(&world);
    assert_eq!(report.index, IndexState::Intact);
    let waiting = outbox.pending(10).unwrap();
    assert_eq!(waiting.iter().map(|queued| queued.sequence).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(outbox.pending(2).unwrap().len(), 2);
    for queued in waiting {
        assert_eq!(store::format::digest(&outbox.read(queued.sequence).unwrap()), queued.digest);
    }
    let locked = Outbox::open(&folder(&world), &world.station).map(|_| ());
    assert!(matches!(locked, Err(StoreFault::Locked)), "one writer only");
    drop(outbox);
    let other = Outbox::open(&folder(&world), &StationId("S2".into())).map(|_| ());
    assert!(matches!(other, Err(StoreFault::OtherStation(_))));
    let bad = Outbox::open(&folder(&world), &StationId("S 1".into())).map(|_| ());
    assert!(matches!(bad, Err(StoreFault::BadStation(_))), "no intake would take its records");
}

#[test]
fn an_index_that_is_lost_damaged_or_behind_is_made_again() {
    type Harm = fn(&std::path::Path);
    type Expected = fn(&IndexState) -> bool;
    let rows: [(&str, Harm, Expected); 4] = [
        ("removed", |index| fs::remove_dir_all(index).unwrap(), |state| matches!(state, IndexState::Rebuilt(_))),
        (
            "overwritten",
            |index| fs::write(index.join("db"), vec![0xff; 4096]).unwrap(),
            |state| !matches!(state, IndexState::Intact),
        ),
        (
            "conf is garbage",
            |index| fs::write(index.join("conf"), b"no configuration").unwrap(),
            |state| matches!(state, IndexState::Rebuilt(_)),
        ),
        (
            "a snapshot was being written",
            |index| fs::write(index.join("snap.0000000000000010.generating"), b"half").unwrap(),
            |state| matches!(state, IndexState::Intact),
        ),
    ];
    for (name, harm, expected) in rows {
        let world = World::new();
        filled(&world, 3);
        harm(&folder(&world).join("index"));
        let (mut outbox, report) = open(&world);
        assert!(expected(&report.index), "{name}: {:?}", report.index);
        assert_eq!(outbox.pending(10).unwrap().len(), 3, "{name}");
        drop(outbox);
        assert_eq!(open(&world).1.index, IndexState::Intact, "{name}: it keeps what it was told");
    }
}

#[test]
fn an_index_that_is_behind_or_ahead_is_mended() {
    let world = World::new();
    filled(&world, 2);
    let (index, old) = (folder(&world).join("index"), world.dir.path().join("old"));
    copy(&index, &old);
    let (mut outbox, _) = open(&world);
    let queued = outbox.pending(1).unwrap().remove(0);
    let receipt = world.receipt(&mut outbox, &queued);
    outbox.acknowledge(&receipt, world.intake.public()).unwrap();
    let record = world.signed(&outbox, closure(3));
    outbox.append(record).unwrap();
    drop(outbox);
    fs::remove_dir_all(&index).unwrap();
    fs::rename(&old, &index).unwrap();
    let (mut outbox, report) = open(&world);
    assert_eq!(report.index, IndexState::Mended(2));
    let waiting: Vec<_> = outbox.pending(10).unwrap().iter().map(|queued| queued.sequence).collect();
    assert_eq!(waiting, [2, 3]);
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_damaged_record_is_isolated() {
    let world = World::new();
    filled(&world, 4);
    // Missing or of another length: seen at the start. A flipped bit: seen when it is read.
    fs::remove_file(record_path(&world, 1)).unwrap();
    let mut bytes = fs::read(record_path(&world, 3)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(record_path(&world, 3), bytes).unwrap();
    assert_eq!(verify(&folder(&world)).unwrap().damaged, [1, 3], "verify reads them all");

    let (mut outbox, report) = open(&world);
    assert_eq!(report.quarantined, [1]);
    assert!(matches!(outbox.read(3), Err(ReadFault::Damaged(3))));
    assert!(matches!(outbox.read(3), Err(ReadFault::NotWaiting(3))), "it is out of the queue");
    assert!(folder(&world).join("quarantine/0000000003.rec").exists(), "and kept as evidence");
    let waiting: Vec<_> = outbox.pending(10).unwrap().iter().map(|queued| queued.sequence).collect();
    assert_eq!(waiting, [2, 4], "the neighbours are usable");
    assert!(outbox.read(2).is_ok() && outbox.read(4).is_ok());
    assert_eq!(outbox.stats().quarantined, 2);
    let record = world.signed(&outbox, closure(5));
    assert_eq!(outbox.append(record).unwrap().sequence(), 5, "the sequence goes on");
    drop(outbox);
    let (outbox, report) = open(&world);
    assert!(report.quarantined.is_empty(), "said once");
    assert_eq!((outbox.stats().quarantined, outbox.stats().pending), (2, 3));
}

#[test]
fn a_torn_line_is_cut_and_a_broken_chain_is_left_as_evidence() {
    let world = World::new();
    filled(&world, 2);
    let journal = folder(&world).join("journal.log");
    let whole = fs::read(&journal).unwrap();

    for tail in [&b"0123"[..], &[0; 300], b"\n", &whole[..40]] {
        fs::write(&journal, [&whole, tail].concat()).unwrap();
        let report = open(&world).1;
        assert_eq!(report.cut_tail, Some(tail.len()));
        assert_eq!(fs::read(&journal).unwrap(), whole);
    }
    // A torn line about a record that is there: the record is taken in again.
    fs::write(&journal, &whole[..whole.len() - 7]).unwrap();
    let (outbox, report) = open(&world);
    assert_eq!((report.adopted.as_slice(), outbox.stats().pending), (&[2][..], 2));
    drop(outbox);

    let lines = whole.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(lines, 3);
    for at in (0..whole.len() - 1).step_by(17) {
        let mut broken = whole.clone();
        broken[at] ^= 1;
        fs::write(&journal, &broken).unwrap();
        let line = whole[..at].iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        let opened = Outbox::open(&folder(&world), &world.station).map(|_| ());
        if line < 3 {
            let fault = opened.unwrap_err();
            assert!(matches!(fault, StoreFault::JournalBroken { .. }), "byte {at}: {fault}");
            assert_eq!(fs::read(&journal).unwrap(), broken, "nothing is touched");
        } else {
            opened.unwrap();
        }
    }
    fs::remove_file(&journal).unwrap();
    let opened = Outbox::open(&folder(&world), &world.station).map(|_| ());
    assert!(matches!(opened, Err(StoreFault::JournalMissing(_))));
}

#[test]
fn a_body_is_erased_on_a_valid_receipt_only() {
    let world = World::new();
    filled(&world, 2);
    let (mut outbox, _) = open(&world);
    let waiting = outbox.pending(10).unwrap();
    let good = world.receipt(&mut outbox, &waiting[0]);
    let said = world.acknowledgement(&mut outbox, &waiting[0]);
    let forged = sign_receipt(&world.key, &said).unwrap();
    let of_other = Acknowledgement { digest: waiting[1].digest, ..said.clone() };
    let unknown = Acknowledgement { sequence: 9, ..said.clone() };
    let of_other_trail = Acknowledgement { audit: AuditHead { lines: said.audit.lines + 1, ..said.audit }, ..said };
    let sign = |of| sign_receipt(&world.intake, of).unwrap();
    let key = world.intake.public();
    assert!(matches!(outbox.acknowledge(&forged, key), Err(ReceiptRefused::Signature(_))));
    assert_eq!(outbox.acknowledge(&sign(&of_other), key), Err(ReceiptRefused::OtherRecord("digest")));
    assert_eq!(outbox.acknowledge(&sign(&unknown), key), Err(ReceiptRefused::Unknown(9)));
    assert_eq!(outbox.acknowledge(&sign(&of_other_trail), key), Err(ReceiptRefused::OtherRecord("audit head")));
    assert!(outbox.acknowledge(b"garbage", key).is_err());
    assert!(record_path(&world, 1).exists(), "nothing was erased");

    assert!(outbox.acknowledge(&good, key).is_ok());
    assert!(!record_path(&world, 1).exists());
    let stub = fs::read(folder(&world).join("records/0000000001.stub")).unwrap();
    let stub = store::format::Stub::decode(&stub).unwrap();
    assert_eq!(store::verify_header(world.key.public(), stub.cose).unwrap().sequence, 1);
    let lines = outbox.stats().journal_lines;
    assert!(outbox.acknowledge(&good, key).is_ok(), "the same receipt twice");
    assert_eq!(outbox.stats().journal_lines, lines, "changes nothing");
    assert_eq!((outbox.stats().pending, outbox.stats().acknowledged), (1, 1));
    drop(outbox);
    let found = verify(&folder(&world)).unwrap();
    assert_eq!((found.good, found.stubs, found.damaged.len()), (1, 1, 0));
}

/// Whatever comes back from the network: nothing of it erases a body but the one receipt that is true.
#[test]
fn a_thousand_forged_receipts_erase_nothing() {
    let world = World::new();
    filled(&world, 2);
    let (mut outbox, _) = open(&world);
    let waiting = outbox.pending(10).unwrap();
    let [good, other] = [0, 1].map(|n: usize| world.receipt(&mut outbox, &waiting[n]));
    let header = outbox.read(1).map(|bytes| store::format::Envelope::decode(&bytes).unwrap().cose.to_vec()).unwrap();
    let by_station = sign_receipt(&world.key, &world.acknowledgement(&mut outbox, &waiting[0])).unwrap();
    let mut refused = 0;
    for n in 0..1000usize {
        let forged = match n % 5 {
            0 => [&good[..n % good.len()], &[n as u8; 3], &good[n % good.len()..]].concat(),
            1 => good[..good.len() - 1 - n % (good.len() - 1)].to_vec(),
            2 => [&good[..good.len() - 64], &other[other.len() - 64..]].concat(),
            3 => by_station.iter().chain(&header).copied().take(n).collect(),
            _ => {
                let mut touched = good.clone();
                touched[n % good.len()] ^= 1 << (n % 8);
                touched
            }
        };
        refused += usize::from(outbox.acknowledge(&forged, world.intake.public()).is_err());
    }
    assert_eq!(refused, 1000);
    assert_eq!(outbox.stats().pending, 2);
    for queued in waiting {
        assert_eq!(store::format::digest(&outbox.read(queued.sequence).unwrap()), queued.digest);
    }
    assert_eq!(outbox.acknowledge(&good, world.intake.public()).unwrap().sequence, 1);
    assert!(!record_path(&world, 1).exists(), "the true one erases at once");
}

#[test]
fn cases_without_an_end_are_interrupted() {
    let world = World::new();
    let officer = StaffId("officer-1".into());
    let (mut outbox, _) = open(&world);
    let day = date(2025, 12, 24);
    assert_eq!(outbox.next_case(day), case(1));
    for n in 1..=4 {
        outbox.case_opened(&case(n), &officer).unwrap();
    }
    outbox.case_parked(&case(2), "rejected").unwrap();
    outbox.case_closed(&case(3), Outcome::Cancelled).unwrap();
    let record = world.signed(&outbox, closure(4));
    outbox.append(record).unwrap();
    assert_eq!((outbox.stats().open_cases, outbox.stats().parked_cases), (2, 1));
    drop(outbox);
    let (mut outbox, report) = open(&world);
    assert_eq!(report.interrupted, [case(1), case(2)]);
    assert_eq!(outbox.next_case(day), case(5), "a number is never given twice");
    assert_eq!(outbox.next_case(date(2025, 12, 25)).as_str(), "S1-251225-0001");
    outbox.case_closed(&case(1), Outcome::Interrupted).unwrap();
    outbox.case_closed(&case(2), Outcome::Interrupted).unwrap();
    drop(outbox);
    assert!(open(&world).1.interrupted.is_empty());
}

#[test]
fn a_document_is_remembered_for_an_hour_over_a_restart() {
    const MINUTE: i64 = 60_000;
    let world = World::new();
    let (mut outbox, _) = open(&world);
    assert!(!outbox.seen_within_the_hour(&[1; 32], NOW_MS).unwrap());
    assert!(!outbox.seen_within_the_hour(&[2; 32], NOW_MS + MINUTE).unwrap());
    drop(outbox);
    let (mut outbox, _) = open(&world);
    assert!(outbox.seen_within_the_hour(&[1; 32], NOW_MS + 59 * MINUTE).unwrap());
    assert!(outbox.seen_within_the_hour(&[1; 32], NOW_MS + 110 * MINUTE).unwrap(), "counted from the last time");
    assert!(!outbox.seen_within_the_hour(&[2; 32], NOW_MS + 111 * MINUTE).unwrap());
    assert!(!outbox.seen_within_the_hour(&[1; 32], NOW_MS - 9 * MINUTE).unwrap(), "the clock was set back");
}

#[test]
fn space_is_held_before_a_device_opens() {
    let world = World::new();
    let (mut outbox, _) = open(&world);
    let held = || fs::read_dir(folder(&world).join("hold")).unwrap().count();
    let before = held();
    let reservation = outbox.reserve(300_000).unwrap();
    assert_eq!(held(), before + 1);
    drop(reservation);
    assert_eq!(held(), before);
    assert!(matches!(outbox.reserve(u64::MAX / 2).map(|_| ()), Err(StoreFault::NoSpace)));
    drop(outbox);
    fs::write(folder(&world).join("hold/3"), [0; 4096]).unwrap();
    open(&world);
    assert_eq!(held(), before, "what a killed program held is given back");
}

#[test]
fn after_a_failed_sync_nothing_succeeds() {
    let world = World::new();
    let calm = FailingDisk::default();
    drop(Outbox::open_on(Arc::new(calm.clone()), None, &world.station).unwrap());
    let failing = FailingDisk::with(calm.files(), Some((0, Trouble::Fails)));
    let (mut outbox, _) = Outbox::open_on(Arc::new(failing), None, &world.station).unwrap();
    let record = world.signed(&outbox, closure(1));
    assert!(matches!(outbox.append(record.clone()), Err(StoreFault::Io { .. })));
    assert!(matches!(outbox.append(record), Err(StoreFault::Poisoned(_))), "the disk works again, and still");
    assert!(matches!(outbox.pending(1), Err(StoreFault::Poisoned(_))));
    assert!(matches!(outbox.reserve(1).map(|_| ()), Err(StoreFault::Poisoned(_))));
    assert!(outbox.case_opened(&case(1), &StaffId("o".into())).is_err());
}

#[test]
fn the_time_of_the_newest_record_outlives_a_restart() {
    let world = World::new();
    let (mut outbox, _) = open(&world);
    assert_eq!(outbox.newest_time_ms(), None);
    for (n, time_ms) in [(1, NOW_MS + 7), (2, NOW_MS + 3)] {
        let at = outbox.position(time_ms, "boot");
        let sealed = closure(n).seal(&world.sealer).unwrap();
        outbox.append(sealed.sign(&world.key, at).unwrap()).unwrap();
        outbox.case_opened(&case(9), &StaffId("o".into())).unwrap();
        assert_eq!(outbox.newest_time_ms(), Some(time_ms), "of the last one: the clock may have been put right");
    }
    drop(outbox);
    assert_eq!(open(&world).0.newest_time_ms(), Some(NOW_MS + 3));
}

#[test]
fn a_record_stands_in_its_own_place_only() {
    let world = World::new();
    let (mut outbox, _) = open(&world);
    let first = world.signed(&outbox, closure(1));
    let second = world.signed(&outbox, closure(2));
    outbox.append(first.clone()).unwrap();
    for late in [first, second] {
        assert!(matches!(outbox.append(late), Err(StoreFault::NotNext { expected: 2, found: 1 })));
    }
    assert_eq!(outbox.stats().records, 1);
}

#[test]
fn strays_are_moved_aside_and_the_index_rebuilds_on_demand() {
    let world = World::new();
    filled(&world, 2);
    fs::copy(record_path(&world, 1), record_path(&world, 7)).unwrap();
    fs::write(folder(&world).join("records/0000000003.rec.tmp"), b"half").unwrap();
    let (outbox, report) = open(&world);
    assert_eq!(report.strays, ["records/0000000007.rec"]);
    assert!(!folder(&world).join("records/0000000003.rec.tmp").exists());
    assert!(matches!(rebuild_index(&folder(&world), &world.station), Err(StoreFault::Locked)));
    drop(outbox);
    let report = rebuild_index(&folder(&world), &world.station).unwrap();
    assert!(matches!(report.index, IndexState::Rebuilt(_)));
    assert!(verify(world.dir.path()).is_err(), "no store there");
}
