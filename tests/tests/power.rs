//! The promise: whatever moment the power goes at, or the disk fails at, nothing that was promised is lost, nothing is there
//! twice, and the store opens. Here it is a short count of each; `cargo xtask soak NAME` does as many as one likes.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use tests::soak::{find, plain_sled};

#[test]
fn no_promise_is_broken_in_crash_states() {
    find("crash-states").unwrap().holds(100, 1);
}

#[test]
fn no_promise_is_broken_by_power_cuts_under_a_real_program() {
    find("fuse-cuts").unwrap().holds(6, 1);
}

/// The harness bites: under the same cuts plain sled loses what it called kept. If this test fails, sled has learnt to sync, and
/// the rule that nothing rests on it can be looked at again.
#[test]
fn plain_sled_loses_what_it_called_kept() {
    match plain_sled(3, 1).unwrap() {
        Some((kept, lost)) => {
            assert!(kept > 0 && lost > 0, "{lost} of {kept}");
            println!("plain sled lost {lost} of {kept} values that it called kept");
        }
        None => eprintln!("SKIPPED plain sled under power cuts: no FUSE here"),
    }
}

#[test]
fn no_promise_is_broken_by_power_cuts_under_ext4() {
    find("ext4-cuts").unwrap().holds(3, 1);
}

#[test]
fn no_promise_is_broken_on_disks_that_are_full_or_fail() {
    find("disk-faults").unwrap().holds(40, 2);
}

#[test]
fn no_promise_is_broken_in_days_with_all_faults_together() {
    find("station-days").unwrap().holds(6, 1);
}
