//! The promise: whenever the station dies, no record that the page called queued is lost, none is there twice, and
//! cases that were under way are shown as interrupted. `cargo xtask soak kill` and `station-cuts` do it as often as one likes.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use tests::soak::find;

#[test]
fn no_acknowledged_record_is_lost_or_doubled_by_kill_9() {
    find("kill").unwrap().holds(20, 20);
}

#[test]
fn no_acknowledged_record_is_lost_or_doubled_by_power_cuts_under_the_station() {
    find("station-cuts").unwrap().holds(3, 1);
}
