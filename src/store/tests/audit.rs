//! The promise: what was done is in the trail, whoever cuts or alters it is found out, and nothing of a traveller is there.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use domain::units::StaffId;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use store::testing::{FailingDisk, NOW_MS, Trouble, World, case, closure};
use store::{Action, Event, OpenReport, Outbox, Reason, StoreFault, verify};

fn event(n: u8) -> Event {
    Event {
        at_ms: NOW_MS + i64::from(n),
        who: StaffId("anna".into()),
        what: Action::Decided,
        case: Some(case(n)),
        reason: Reason::word("required"),
    }
}

fn folder(world: &World) -> PathBuf {
    world.dir.path().join("store")
}

fn segment(world: &World) -> PathBuf {
    folder(world).join("audit/000000000001.log")
}

/// A store with six events and two records in between.
fn worked(world: &World) {
    let (mut outbox, _) = Outbox::open(&folder(world), &world.station).unwrap();
    for n in 1..=6 {
        outbox.note(&event(n)).unwrap();
        if n % 3 == 0 {
            let record = world.signed(&outbox, closure(n));
            assert_eq!(record.header().audit, outbox.audit_head());
            assert_eq!(record.header().audit.lines, u64::from(n));
            outbox.append(record).unwrap();
        }
    }
}

#[test]
fn what_was_done_is_there_after_a_restart_and_goes_on() {
    let world = World::new();
    worked(&world);
    let found = verify(&folder(&world)).unwrap();
    assert_eq!((found.audit_lines, found.station.as_str()), (6, "S1"));
    let (mut outbox, _) = Outbox::open(&folder(&world), &world.station).unwrap();
    assert_eq!(store::hex(&outbox.audit_head().digest), found.audit_head);
    outbox.note(&event(7)).unwrap();
    drop(outbox);
    assert_eq!(verify(&folder(&world)).unwrap().audit_lines, 7);
    let text = fs::read_to_string(segment(&world)).unwrap();
    assert_eq!(text.lines().count(), 7);
    assert!(text.lines().all(|line| line.contains(r#""who":"anna","what":"decided","case":"S1-251224-"#)));
}

/// Lines that are gone, other lines in their place, and a trail that was begun anew: all are found, by the start of the
/// station and by `verify`, and nothing is changed.
#[test]
fn a_trail_that_was_cut_or_altered_is_found_out() {
    type Harm = fn(Vec<String>) -> Option<Vec<String>>;
    let rows: [(&str, u64, Harm); 7] = [
        ("the end is cut", 4, |lines| Some(lines[..3].to_vec())),
        ("one line is cut", 6, |lines| Some(lines[..5].to_vec())),
        ("a line in the middle is gone", 3, |mut lines| {
            lines.remove(2);
            Some(lines)
        }),
        ("a line is altered", 2, |mut lines| {
            lines[1] = lines[1].replace("required", "exempt");
            Some(lines)
        }),
        ("two lines are exchanged", 1, |mut lines| {
            lines.swap(0, 1);
            Some(lines)
        }),
        ("all lines are gone", 1, |_| Some(Vec::new())),
        ("the file is gone", 1, |_| None),
    ];
    for (what, at, harm) in rows {
        let world = World::new();
        worked(&world);
        let text = fs::read_to_string(segment(&world)).unwrap();
        match harm(text.lines().map(str::to_owned).collect()) {
            Some(lines) => fs::write(segment(&world), lines.iter().map(|line| format!("{line}\n")).collect::<String>()),
            None => fs::remove_file(segment(&world)),
        }
        .unwrap();
        let opened = Outbox::open(&folder(&world), &world.station).map(|_| ());
        for refused in [opened, verify(&folder(&world)).map(|_| ())] {
            match refused {
                Err(fault @ StoreFault::AuditBroken { line, .. }) => {
                    assert_eq!((line, fault.code()), (at, "S-11"), "{what}")
                }
                other => panic!("{what}: {other:?}"),
            }
        }
    }
}

/// A trail that was written anew by somebody who knows how, with other events, hangs together, and does not have the
/// ends that records were signed with.
#[test]
fn a_trail_that_was_written_anew_is_found_out() {
    let (world, other) = (World::new(), World::new());
    worked(&world);
    let (mut outbox, _) = Outbox::open(&folder(&other), &other.station).unwrap();
    (0..8).for_each(|_| outbox.note(&event(9)).unwrap());
    drop(outbox);
    assert_eq!(verify(&folder(&other)).unwrap().audit_lines, 8, "whole in itself");
    fs::copy(segment(&other), segment(&world)).unwrap();
    let opened = Outbox::open(&folder(&world), &world.station).map(|_| ());
    assert!(matches!(opened, Err(StoreFault::AuditBroken { line: 3, .. })), "{opened:?}");
}

#[test]
fn a_torn_line_is_cut_and_kept() {
    let world = World::new();
    worked(&world);
    let whole = fs::read(segment(&world)).unwrap();
    fs::write(segment(&world), [&whole[..], b"0123 torn"].concat()).unwrap();
    let (outbox, _) = Outbox::open(&folder(&world), &world.station).unwrap();
    assert_eq!(outbox.audit_head().lines, 6);
    assert_eq!(fs::read(segment(&world)).unwrap(), whole);
    assert_eq!(fs::read(folder(&world).join("quarantine/audit-tail.6")).unwrap(), b"0123 torn");
}

#[test]
fn a_long_trail_goes_on_in_another_segment() {
    let world = World::new();
    let disk = FailingDisk::default();
    let open = |disk: &FailingDisk| Outbox::open_on(Arc::new(disk.clone()), None, &world.station);
    let (mut outbox, _) = open(&disk).unwrap();
    let bytes = |disk: &FailingDisk| -> BTreeMap<String, usize> {
        let files = disk.files().into_iter().filter(|(name, _)| name.starts_with("audit/"));
        files.map(|(name, bytes)| (name, bytes.len())).collect()
    };
    while bytes(&disk).len() < 3 {
        (0..500).for_each(|_| outbox.note(&event(1)).unwrap());
    }
    let record = world.signed(&outbox, closure(2));
    outbox.append(record).unwrap();
    let head = outbox.audit_head();
    drop(outbox);
    assert!(bytes(&disk).values().all(|size| *size < (4 << 20) + 1000), "{:?}", bytes(&disk));
    assert_eq!(open(&disk).unwrap().0.audit_head(), head);
    let mut files = disk.files();
    let last = bytes(&disk).into_keys().next_back().unwrap();
    files.remove(&last);
    let cut = open(&FailingDisk::with(files, None)).map(|_| ());
    assert!(matches!(cut, Err(StoreFault::AuditBroken { .. })), "a whole segment is gone: {cut:?}");
}

/// Every line that was promised is there after a power cut at every call, and a full disk costs a line, not the trail.
#[test]
fn no_line_is_lost_at_any_call_by_any_trouble() {
    let world = World::new();
    let open = |disk: &FailingDisk| -> Result<(Outbox, OpenReport), StoreFault> {
        Outbox::open_on(Arc::new(disk.clone()), None, &world.station)
    };
    let empty = FailingDisk::default();
    drop(open(&empty).unwrap());
    let fresh = empty.files();
    let work = |outbox: &mut Outbox| (1..=6).filter(|n| outbox.note(&event(*n)).is_ok()).count() as u64;
    let mut states = 0;
    for at in 0..6 {
        for trouble in [Trouble::CutBefore, Trouble::CutTorn, Trouble::CutAfter, Trouble::Fails, Trouble::Full] {
            let disk = FailingDisk::with(fresh.clone(), Some((at, trouble)));
            let mut outbox = open(&disk).unwrap().0;
            let promised = work(&mut outbox);
            assert_eq!(outbox.poisoned().is_some(), trouble != Trouble::Full);
            for names in [false, true] {
                states += 1;
                let disk = FailingDisk::with(disk.after_cut(names), None);
                let lines = open(&disk).unwrap().0.audit_head().lines;
                // A line that was whole when the power went may be there without having been promised.
                assert!((promised..=promised + 1).contains(&lines), "{at} {trouble:?}: {lines} of {promised}");
            }
        }
    }
    assert_eq!(states, 60);
}
