//! The promise: whoever steals the disk reads nobody's record, not from the raw blocks under the file system either, and not
//! with every key that the station holds.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use std::process::Command;
use store::format::Envelope;
use store::testing::{World, keep};
use store::{AuthoritySecret, FileKey, Outbox, open, verify_header};
use tests::power::{DISK, Ext4, PowerFs, ext4_missing, new_disk};
use tests::process::program;
use tests::search::{disguises, files};

/// What stands in the enrolments that are kept: name, number, date of birth, and a piece of an image.
const CANARIES: [&[u8]; 5] = [b"ERIKSSON", b"ANNA MARIA", b"L898902C3", b"1974-08-12", &[5; 64]];

#[test]
fn the_raw_disk_holds_nothing_of_a_traveller() {
    if let Some(why) = ext4_missing() {
        eprintln!("SKIPPED the raw disk: {why}");
        return;
    }
    let world = World::new();
    let keys = world.dir.path();
    let fs = PowerFs::new(new_disk().unwrap(), None);
    let mounted = Ext4::mount(&fs, keys).unwrap();
    let folder = mounted.folder().to_owned();
    let words =
        ["work", folder.join("store").to_str().unwrap(), keys.to_str().unwrap(), "3", "1", "30"].map(str::to_owned);
    let worked = Command::new(program("store_worker")).args(words).output().unwrap();
    let said = String::from_utf8(worked.stdout).unwrap();
    assert!(said.contains("queued ") && said.contains("acknowledged ") && said.ends_with("done\n"), "{said}");
    // The search finds what is there.
    std::fs::write(folder.join("canary"), b"a name that nobody has").unwrap();
    drop(mounted);
    // A character for each byte: searching text is quick.
    let text = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
    let disk = text(&fs.bytes(DISK).unwrap());
    let holds = |needle: &[u8]| disk.contains(&text(needle));
    assert!(holds(b"a name that nobody has") && holds(b"case-opened"), "the journal and a file are on the raw disk");
    for needle in CANARIES.iter().flat_map(|canary| disguises(canary)) {
        assert!(!holds(&needle), "{:?} is on the raw disk", String::from_utf8_lossy(&needle));
    }
}

/// The station's and the intake's keys are of the same kind as the authority's, and open nothing.
#[test]
fn no_key_of_the_station_opens_a_body() {
    let world = World::new();
    let store = world.dir.path().join("store");
    let mut outbox = Outbox::open(&store, &world.station).unwrap().0;
    for n in 1..=8 {
        keep(&world, &mut outbox, n).unwrap();
    }
    let keys: Vec<_> = ["station.key", "receipt.key"].map(|name| world.dir.path().join(name)).to_vec();
    assert!(keys.iter().all(|key| FileKey::load(key).is_ok()));
    let (mut opened, mut tried) = (0, 0);
    for queued in outbox.pending(10).unwrap() {
        let bytes = outbox.read(queued.sequence).unwrap();
        let envelope = Envelope::decode(&bytes).unwrap();
        let header = verify_header(world.key.public(), envelope.cose).unwrap();
        for key in &keys {
            let Ok(secret) = AuthoritySecret::load(key) else { continue };
            tried += 1;
            opened += usize::from(open(&secret, &header, envelope.body).is_ok());
        }
        assert!(open(&world.authority, &header, envelope.body).is_ok(), "the authority's key does");
    }
    assert_eq!(opened, 0, "of {tried} bodies that were tried");
    assert!(files(&store).len() > 8);
}
