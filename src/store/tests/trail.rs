//! The promise: an auditor can page through the trail of a store that is at work, and a single changed byte is found.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use domain::units::StaffId;
use std::fs;
use store::testing::{NOW_MS, World, case, closure};
use store::{Action, Event, Outbox, Reason, ReceiptKeys, StoreFault, TrailQuery};

fn event(n: u8) -> Event {
    Event {
        at_ms: NOW_MS + i64::from(n),
        who: StaffId(if n.is_multiple_of(2) { "anna" } else { "boris" }.into()),
        what: if n.is_multiple_of(3) { Action::Decided } else { Action::LoggedIn },
        case: (n.is_multiple_of(3)).then(|| case(n)),
        reason: Reason::word("required"),
    }
}

/// A store at work with twelve lines and one record after the sixth.
fn at_work(world: &World) -> Outbox {
    let (mut outbox, _) = Outbox::open(&world.dir.path().join("store"), &world.station).unwrap();
    for n in 1..=12 {
        outbox.note(&event(n)).unwrap();
        if n == 6 {
            outbox.append(world.signed(&outbox, closure(1))).unwrap();
        }
    }
    outbox
}

#[test]
fn pages_lead_from_the_newest_line_to_the_first() {
    let world = World::new();
    let outbox = at_work(&world);
    let (reader, mut seen, mut before) = (outbox.trail_reader(), Vec::new(), None);
    loop {
        let page = reader.page(&TrailQuery { most: 5, before, ..TrailQuery::default() }).unwrap();
        assert!(page.lines.len() <= 5);
        seen.extend(page.lines.iter().map(|(number, _)| *number));
        before = page.older;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen, (1..=12).rev().collect::<Vec<_>>());
}

#[test]
fn lines_are_found_by_person_action_case_and_time() {
    let world = World::new();
    let reader = at_work(&world).trail_reader();
    let all = || TrailQuery { most: 100, ..TrailQuery::default() };
    for (query, numbers) in [
        (TrailQuery { who: Some("anna".into()), ..all() }, vec![12, 10, 8, 6, 4, 2]),
        (TrailQuery { what: Some("decided".into()), ..all() }, vec![12, 9, 6, 3]),
        (TrailQuery { case: Some(case(9)), ..all() }, vec![9]),
        (TrailQuery { between_ms: Some((NOW_MS + 3, NOW_MS + 5)), ..all() }, vec![4, 3]),
        (TrailQuery { who: Some("anna".into()), what: Some("decided".into()), ..all() }, vec![12, 6]),
        (TrailQuery { who: Some("nobody".into()), ..all() }, vec![]),
    ] {
        let found: Vec<_> = reader.page(&query).unwrap().lines.into_iter().map(|(number, _)| number).collect();
        assert_eq!(found, numbers, "{query:?}");
    }
}

#[test]
fn a_whole_trail_says_what_covers_it() {
    let world = World::new();
    let mut outbox = at_work(&world);
    let keys = ReceiptKeys::new(world.intake.public().clone());
    let found = outbox.trail_reader().check(&keys).unwrap();
    assert_eq!((found.lines, found.signed, found.countersigned), (12, 6, 0));
    assert_eq!(found.head, outbox.audit_head().digest);
    let queued = outbox.pending(1).unwrap().remove(0);
    let receipt = world.receipt(&mut outbox, &queued);
    outbox.acknowledge(&receipt, world.intake.public()).unwrap();
    let found = outbox.trail_reader().check(&keys).unwrap();
    assert_eq!((found.signed, found.countersigned), (6, 6));
}

#[test]
fn every_changed_byte_is_found_while_the_store_is_at_work() {
    let world = World::new();
    let outbox = at_work(&world);
    let (reader, keys) = (outbox.trail_reader(), ReceiptKeys::new(world.intake.public().clone()));
    let file = world.dir.path().join("store/audit/000000000001.log");
    let whole = fs::read(&file).unwrap();
    let last_line = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap();
    for at in (0..last_line).step_by(37) {
        let mut touched = whole.clone();
        touched[at] ^= 1;
        fs::write(&file, &touched).unwrap();
        let found = reader.check(&keys);
        assert!(matches!(found, Err(StoreFault::AuditBroken { .. })), "byte {at}: {found:?}");
    }
    fs::write(&file, &whole).unwrap();
    assert!(reader.check(&keys).is_ok());
}

/// The end of the program between a record and its line costs no line: the next start knows which are missing.
#[test]
fn a_record_without_its_line_is_known_at_the_next_start() {
    let world = World::new();
    let folder = world.dir.path().join("store");
    let kept = |n| Event { what: Action::RecordKept, case: Some(case(n)), ..event(1) };
    let open = || Outbox::open(&folder, &world.station).unwrap();
    for (records, lines, lacking) in [(0..0, 0..0, 0..0), (1..4, 1..3, 3..4), (4..7, 3..5, 5..7), (7..7, 5..7, 7..7)] {
        let (mut outbox, _) = open();
        records.for_each(|n| drop(outbox.append(world.signed(&outbox, closure(n))).unwrap()));
        lines.for_each(|n| outbox.note(&kept(n)).unwrap());
        drop(outbox);
        let (outbox, report) = open();
        let unnoted = outbox.unnoted(&report).unwrap();
        let expected: Vec<_> = lacking.map(|n| (case(n), closure(n).outcome)).collect();
        assert_eq!(unnoted, expected);
    }
}
