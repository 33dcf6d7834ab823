//! The promise: what the station was told is kept, is kept once, whatever moment the power goes at.
//!
//! A day's work runs on a disk that meets trouble at the n-th writing call, for every n and every kind of trouble.
//! Then the store is opened on what a power cut leaves: with and without the names that were not synced, and with the
//! power going again while it is being opened.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use std::collections::BTreeMap;
use store::testing::{CrashStates, DAY, FailingDisk, Promises, Tally, Trouble, World, check, keep, open, work};
use store::{OpenReport, Outbox};

fn clean(world: &World, disk: &FailingDisk, outbox: &mut Outbox, report: &OpenReport, promises: &Promises) {
    let stub = |sequence| disk.files().contains_key(&format!("records/{sequence:010}.stub"));
    let tally = check(world, outbox, report, promises, &stub);
    assert_eq!(tally, Tally::default());
}

#[test]
fn no_promise_is_broken_at_any_call_by_any_trouble() {
    let world = World::new();
    let empty = FailingDisk::default();
    drop(open(&world, &empty).unwrap());
    let fresh = empty.files();

    let untroubled = FailingDisk::with(fresh.clone(), None);
    let all = work(&world, &mut open(&world, &untroubled).unwrap().0, &DAY);
    assert_eq!((all.queued.len(), all.acknowledged.len()), (3, 2), "the day itself works");

    let mut states = 0;
    let troubles = [Trouble::CutBefore, Trouble::CutTorn, Trouble::CutAfter, Trouble::Fails, Trouble::Full];
    for (at, trouble) in (0..untroubled.calls()).flat_map(|at| troubles.map(|trouble| (at, trouble))) {
        let disk = FailingDisk::with(fresh.clone(), Some((at, trouble)));
        let mut outbox = open(&world, &disk).unwrap().0;
        let promises = work(&world, &mut outbox, &DAY);
        let closed = outbox.poisoned().is_some();
        assert_eq!(closed, trouble != Trouble::Full, "{at} {trouble:?}: a full disk does not close the store");
        drop(outbox);
        for names in [false, true] {
            states += 1 + cut_while_opening(&world, &disk.after_cut(names));
            let disk = FailingDisk::with(disk.after_cut(names), None);
            let (mut outbox, report) = open(&world, &disk).unwrap_or_else(|fault| panic!("{at} {trouble:?}: {fault}"));
            clean(&world, &disk, &mut outbox, &report, &promises);
        }
    }
    assert!(states > 500, "{states} crash states are too few: the harness does not bite");
}

/// Random states; `cargo xtask soak crash-states` makes as many as one likes.
#[test]
fn no_promise_is_broken_in_random_crash_states() {
    let mut states = CrashStates::new(1);
    for _ in 0..300 {
        assert_eq!(states.one(), Tally::default());
    }
    assert!(states.bites(), "the power went at no moment that matters");
}

/// The harness bites: on a disk that does not keep names when it says so, records are lost, and the store says which.
#[test]
fn on_a_disk_that_lies_records_are_lost_and_reported() {
    let world = World::new();
    let empty = FailingDisk::default();
    drop(open(&world, &empty).unwrap());
    let disk = FailingDisk::forgetful(empty.files());
    let promises = work(&world, &mut open(&world, &disk).unwrap().0, &DAY);
    assert_eq!(promises.queued.len(), 3);
    let disk = FailingDisk::with(disk.after_cut(false), None);
    assert_eq!(open(&world, &disk).unwrap().1.quarantined, [3]);
}

/// Cuts the power at every call of opening; the store opens afterwards and says the same. How many cuts there were.
fn cut_while_opening(world: &World, files: &BTreeMap<String, Vec<u8>>) -> usize {
    let calm = FailingDisk::with(files.clone(), None);
    let expected = open(world, &calm).unwrap().0.stats();
    for at in 0..calm.calls() {
        for names in [false, true] {
            let disk = FailingDisk::with(files.clone(), Some((at, Trouble::CutTorn)));
            assert!(open(world, &disk).is_err());
            let again = FailingDisk::with(disk.after_cut(names), None);
            let stats = open(world, &again).unwrap().0.stats();
            assert_eq!((stats.records, stats.pending), (expected.records, expected.pending));
        }
    }
    2 * calm.calls()
}

/// A new store that loses power while it is made is made at the next start.
#[test]
fn a_store_that_was_never_finished_is_made_again() {
    let world = World::new();
    let calm = FailingDisk::default();
    drop(open(&world, &calm).unwrap());
    for (at, names) in (0..calm.calls()).flat_map(|at| [(at, false), (at, true)]) {
        let disk = FailingDisk::with(BTreeMap::new(), Some((at, Trouble::CutTorn)));
        assert!(open(&world, &disk).is_err());
        let disk = FailingDisk::with(disk.after_cut(names), None);
        let (mut outbox, _) = open(&world, &disk).unwrap();
        assert_eq!(keep(&world, &mut outbox, 1).unwrap().0, 1);
    }
}
