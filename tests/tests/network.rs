//! The promise: every record arrives exactly once, whatever the network loses and whoever is killed. Here it is a small
//! backlog; `cargo xtask soak network` sends as many records as one likes.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use tests::soak::find;

#[test]
fn a_backlog_arrives_exactly_once_over_a_bad_network() {
    find("network").unwrap().holds(80, 1);
}
