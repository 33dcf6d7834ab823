//! The promise: bits that flip on the disk are found, and cost the record that they are in and no other.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod common;

use common::failing_disk::FailingDisk;
use common::{World, closure};
use std::sync::Arc;
use store::{Outbox, ReadFault};

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
