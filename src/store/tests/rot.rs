//! The promise: bits that flip on the disk are found, and cost the record that they are in and no other. Plain sled, which
//! holds the index only, hides them or ends the program: that is why nothing rests on it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use domain::units::StaffId;
use std::sync::Arc;
use store::format::{Envelope, digest};
use store::testing::{FailingDisk, World, closure};
use store::{
    Action, Event, IndexState, Outbox, ReadFault, Restored, StoreFault, Witness, rebuild_index, stats, verify,
    verify_header,
};

const RECORDS: u8 = 8;

#[test]
fn every_flipped_bit_of_a_record_is_found_and_isolated() {
    let world = World::new();
    let disk = FailingDisk::default();
    let open = |disk: &FailingDisk| Outbox::open_on(Arc::new(disk.clone()), None, &world.station);
    let (mut outbox, _) = open(&disk).unwrap();
    for n in 1..=RECORDS {
        let record = world.signed(&outbox, closure(n));
        outbox.append(record).unwrap();
    }
    drop(outbox);
    let files = disk.files();
    for (round, at) in (0..400usize).step_by(13).enumerate() {
        let sequence = 1 + round as u64 % u64::from(RECORDS);
        let mut rotten = files.clone();
        let bytes = rotten.get_mut(&format!("records/{sequence:010}.rec")).unwrap();
        let at = at % bytes.len();
        bytes[at] ^= 1 << (round % 8);
        let disk = FailingDisk::with(rotten, None);
        let (mut outbox, _) = open(&disk).unwrap();
        for other in 1..=u64::from(RECORDS) {
            match outbox.read(other) {
                Ok(_) => assert_ne!(other, sequence, "bit {at} was not found"),
                Err(ReadFault::Damaged(damaged)) => assert_eq!((damaged, other), (sequence, sequence)),
                Err(fault) => panic!("{fault}"),
            }
        }
        assert_eq!(outbox.pending(100).unwrap().len(), usize::from(RECORDS) - 1);
    }
}

/// An index that ended the program when it was opened is not opened a second time: the store always opens.
#[test]
fn an_index_that_ended_the_program_is_made_again() {
    let world = World::new();
    let folder = world.dir.path().join("store");
    let open = || Outbox::open(&folder, &world.station).unwrap();
    let mut outbox = open().0;
    let record = world.signed(&outbox, closure(1));
    outbox.append(record).unwrap();
    drop(outbox);
    std::fs::write(folder.join("index.opening"), b"").unwrap();
    let (mut outbox, report) = open();
    assert!(matches!(report.index, IndexState::Rebuilt(_)), "{:?}", report.index);
    assert_eq!(outbox.pending(10).unwrap().len(), 1);
    drop(outbox);
    assert!(!folder.join("index.opening").exists());
    assert_eq!(open().1.index, IndexState::Intact);
}

/// The same harm done to plain sled: it opens without a word, and acknowledged records are gone, or it panics. If this test fails,
/// sled has learnt to say so, and the rule that nothing rests on it can be looked at again.
#[test]
fn plain_sled_hides_what_it_loses() {
    const KEPT: u32 = 128;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sled");
    let open = |path: &std::path::Path| sled::Config::new().path(path).open();
    let db = open(&path).unwrap();
    for n in 0..KEPT {
        db.insert(n.to_be_bytes(), vec![n as u8; 4096]).unwrap();
        db.flush().unwrap();
    }
    drop(db);
    let whole = std::fs::read(path.join("db")).unwrap();
    let harmed = dir.path().join("harmed");
    let (mut hidden, mut died, mut most) = (0, 0, 0);
    for round in 0..24 {
        let _ = std::fs::remove_dir_all(&harmed);
        std::fs::create_dir(&harmed).unwrap();
        std::fs::copy(path.join("conf"), harmed.join("conf")).unwrap();
        let mut rotten = whole.clone();
        let at = whole.len() / 24 * round + 700;
        rotten[at % whole.len()] ^= 4;
        std::fs::write(harmed.join("db"), &rotten).unwrap();
        // Opened without an error, and asked without one: what is not there was promised.
        let ended = std::panic::catch_unwind(|| {
            let db = open(&harmed).ok()?;
            Some((0..KEPT).filter(|n| matches!(db.get(n.to_be_bytes()), Ok(Some(_)))).count() as u32)
        });
        match ended {
            Ok(Some(there)) if there < KEPT => {
                hidden += 1;
                most = most.max(KEPT - there);
            }
            Ok(_) => {}
            Err(_) => died += 1,
        }
    }
    assert!(hidden + died > 0, "sled found every flipped bit, and said so");
    println!(
        "plain sled: opened without an error with records gone in {hidden} of 24 rounds, {most} of {KEPT} at worst; ended the program in {died}"
    );
}

/// Whatever bit of the audit trail flips: a record was signed with its end, so the store says that the trail is not the one.
#[test]
fn every_flipped_bit_of_the_trail_is_found() {
    let world = World::new();
    let disk = FailingDisk::default();
    let open = |disk: &FailingDisk| Outbox::open_on(Arc::new(disk.clone()), None, &world.station);
    let mut outbox = open(&disk).unwrap().0;
    let line = Event { at_ms: 1, who: StaffId("anna".into()), what: Action::LoggedIn, case: None, reason: None };
    (0..6).for_each(|_| outbox.note(&line).unwrap());
    let record = world.signed(&outbox, closure(1));
    outbox.append(record).unwrap();
    drop(outbox);
    let files = disk.files();
    let trail = files.keys().find(|file| file.starts_with("audit/")).unwrap();
    for at in 0..files[trail].len() {
        let mut rotten = files.clone();
        rotten.get_mut(trail).unwrap()[at] ^= 1 << (at % 8);
        match open(&FailingDisk::with(rotten, None)) {
            Err(StoreFault::AuditBroken { .. }) => {}
            other => panic!("bit {} of byte {at}: {:?}", at % 8, other.map(|(_, report)| report)),
        }
    }
}

/// A copy on a medium that rots is refused by whoever takes it, its neighbours are whole, and the next export mends it.
#[test]
fn every_flipped_bit_on_a_medium_is_found_and_mended() {
    let world = World::new();
    let disk = FailingDisk::default();
    let mut outbox = Outbox::open_on(Arc::new(disk), None, &world.station).unwrap().0;
    for n in 1..=3 {
        let record = world.signed(&outbox, closure(n));
        outbox.append(record).unwrap();
    }
    let medium = world.dir.path().join("medium");
    let accepted = |bytes: &[u8]| {
        let envelope = Envelope::decode(bytes).ok()?;
        let header = verify_header(world.key.public(), envelope.cose).ok()?;
        (header.body_digest == digest(envelope.body)).then_some(header.sequence)
    };
    let copies = outbox.export(&medium).unwrap().records;
    let whole: Vec<_> = copies.iter().map(|copy| std::fs::read(medium.join(&copy.file)).unwrap()).collect();
    for at in 0..whole[1].len() {
        let mut rotten = whole[1].clone();
        rotten[at] ^= 1 << (at % 8);
        assert_eq!(accepted(&rotten), None, "bit {} of byte {at}", at % 8);
    }
    std::fs::write(medium.join(&copies[1].file), &whole[1][1..]).unwrap();
    for (copy, sequence) in copies.iter().zip([Some(1), None, Some(3)]) {
        assert_eq!(accepted(&std::fs::read(medium.join(&copy.file)).unwrap()), sequence);
    }
    outbox.export(&medium).unwrap();
    assert_eq!(std::fs::read(medium.join(&copies[1].file)).unwrap(), whole[1]);
}

/// What an administrator is told of a store that is not as it should be, without the station.
#[test]
fn a_store_is_looked_after_whatever_has_become_of_it() {
    let world = World::new();
    let at = |name: &str| world.dir.path().join(name);
    let station = || {
        std::fs::remove_dir_all(at("store")).ok();
        let mut outbox = Outbox::open(&at("store"), &world.station).unwrap().0;
        for n in 1..=3 {
            let record = world.signed(&outbox, closure(n));
            outbox.append(record).unwrap();
        }
        outbox
    };
    let flip = |file: &str, at_byte: usize| {
        let path = at("store").join(file);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[at_byte] ^= 0x11;
        std::fs::write(&path, bytes).unwrap();
    };
    assert!(matches!(verify(&at("store")), Err(StoreFault::NoStore(_))), "nothing is called broken that never was");

    drop(station());
    let whole = verify(&at("store")).unwrap();
    assert_eq!((whole.good, whole.restored, whole.damaged.len()), (3, None, 0));
    flip("records/0000000002.rec", 40);
    assert_eq!(verify(&at("store")).unwrap().damaged, [2]);
    // Whatever stands in the index's place, and however often.
    std::fs::remove_dir_all(at("store").join("index")).unwrap();
    for _ in 0..2 {
        rebuild_index(&at("store"), &world.station).unwrap();
    }
    std::fs::remove_dir_all(at("store").join("index")).unwrap();
    std::fs::write(at("store").join("index"), "no index").unwrap();
    rebuild_index(&at("store"), &world.station).unwrap();
    assert_eq!(stats(&at("store")).unwrap().pending, 3, "verify and rebuild-index take nothing away");

    let mut outbox = station();
    let doubt = Restored { witness: Witness::Intake, here: 3, there: 9 };
    outbox.doubt(doubt, 1).unwrap();
    assert!(matches!(verify(&at("store")), Err(StoreFault::Locked)), "the station runs");
    drop(outbox);
    assert_eq!(verify(&at("store")).unwrap().restored, Some(doubt), "an old copy is called one");

    drop(station());
    flip("journal.log", 200);
    for told in [verify(&at("store")).map(drop), stats(&at("store")).map(drop)] {
        assert!(matches!(told, Err(StoreFault::JournalBroken { .. })), "{told:?}");
    }
    assert!(rebuild_index(&at("store"), &world.station).is_err());
    std::fs::remove_file(at("store/journal.log")).unwrap();
    assert!(matches!(verify(&at("store")), Err(StoreFault::JournalMissing(3))));
}
