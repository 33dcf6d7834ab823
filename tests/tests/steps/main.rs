//! The promise: whatever happens to the page, the connection, a device or the station in the middle of a step, no signed
//! record, no decision and no line of the audit trail is lost or doubled, and people are told which step to repeat.
//!
//! One station is walked through every step again and again: in another language, with a reload, the back button and two
//! tabs that press at once; with a connection that ends before the answer and devices that are pulled out; and with a station
//! that dies.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod walk;

use hardware_sim::shift::browser::BrowserError;
use std::time::Duration;
use tests::people;
use walk::Walk;

/// Each step of an ordinary enrolment, with the order that leads on, and the stage that is repeated after a restart. From
/// the capture an order leads back to its declaration.
const STEPS: [(&str, &str, &str); 5] = [
    ("document", "/officer/document", "Document"),
    ("decided", "/officer/proceed", "Decision"),
    ("declare", "/officer/declare", "Decision"),
    ("capturing", "/officer/undo", "Face and fingers"),
    ("summary", "/officer/sign", "Face and fingers"),
];

/// How many milliseconds after the signature the station dies: while the record is made and kept, or just after.
const SIGNED_MS: [u64; 5] = [0, 2, 10, 40, 150];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_step_is_lost_or_done_twice() {
    let mut walk = Walk::start(false).await;

    // Another language, reload, back button, double click, two tabs.
    walk.open().await;
    let mut other = walk.station.officer().await;
    for (step, order, _) in STEPS {
        let at = walk.reach(step).await;
        walk.counts_once(&mut other, order, &at).await;
        walk.go_back_to(step).await;
    }
    walk.ended("enrolled").await;

    // A connection that ends before the answer, devices that are pulled out.
    walk.open().await;
    for (step, order, _) in STEPS {
        let mut at = walk.reach(step).await;
        if step == "capturing" {
            walk.held_and_mended("camera", &["D-30"]).await;
            at = walk.at().await;
        } else {
            walk.pulled_out_and_mended(step).await;
        }
        walk.pressed_again(order, &at).await;
        walk.go_back_to(step).await;
    }
    walk.ended("enrolled").await;

    for (step, _, stage) in STEPS {
        walk.open().await;
        walk.reach(step).await;
        walk.dies(stage).await;
    }
    walk.decided_once_and_told_when_gone().await;
    walk.accounts(10, &["case-opened", "signed", "overridden", "approved", "record-kept", "parked"]);
}

/// What an ordinary enrolment does not have: a date that the officer confirms, a question, fingers alone, a fault, a record
/// that is being kept, and a traveller who is called back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_other_step_is_lost_or_done_twice() {
    let mut walk = Walk::start(true).await;
    let mut other = walk.station.officer().await;

    // The clock is in doubt for each traveller.
    let at = walk.opened_in_doubt().await;
    walk.counts_once(&mut other, "/officer/date-confirmed", &at).await;
    walk.cancelled().await;
    walk.opened_in_doubt().await;
    walk.dies("Document").await;

    // Nobody vouches for what was typed of a citizen.
    let mut other = walk.station.officer().await;
    let citizen = people::citizen(6, "RUS").lines;
    walk.asked(&citizen).await;
    let at = walk.at().await;
    walk.counts_once(&mut other, "/officer/answer", &at).await;
    walk.cancelled().await;
    walk.asked(&citizen).await;
    walk.dies("Decision").await;

    walk.open().await;
    walk.fingers().await;
    walk.dies("Face and fingers").await;

    walk.open().await;
    let mut other = walk.station.officer().await;
    walk.held().await;
    let at = walk.at().await;
    walk.mend().await;
    walk.counts_once(&mut other, "/officer/retry", &at).await;
    walk.cancelled().await;
    walk.open().await;
    walk.held().await;
    walk.mend().await;
    walk.dies("Face and fingers").await;

    let mut kept = 0;
    for after in SIGNED_MS.map(Duration::from_millis) {
        walk.open().await;
        walk.reach("summary").await;
        kept += usize::from(walk.dies_while_it_keeps(after).await);
    }
    assert!(kept > 0, "the longest of these times is enough");

    walk.recaptured().await;
    let mut other = walk.station.officer().await;
    let at = walk.at().await;
    walk.counts_once(&mut other, "/officer/recall", &at).await;
    walk.dies("Face and fingers").await;
    walk.accounts(8 + SIGNED_MS.len(), &["case-opened", "signed", "overridden", "record-kept", "parked"]);
}

/// The same steps, with a connection that ends before the answer and with devices that are pulled out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_steps_outlast_connections_and_devices() {
    let mut walk = Walk::start(true).await;

    let at = walk.opened_in_doubt().await;
    walk.pulled_out_and_mended("confirm-date").await;
    walk.pressed_again("/officer/date-confirmed", &at).await;
    walk.cancelled().await;

    walk.asked(&people::citizen(6, "RUS").lines).await;
    let at = walk.at().await;
    walk.pulled_out_and_mended("decided").await;
    walk.pressed_again("/officer/answer", &at).await;
    walk.cancelled().await;

    walk.open().await;
    walk.fingers().await;
    walk.held_and_mended("scanner", &["D-12", "D-55"]).await;
    let at = walk.at().await;
    walk.pressed_again("/officer/undo", &at).await;
    walk.cancelled().await;

    walk.open().await;
    walk.held().await;
    let at = walk.at().await;
    walk.pulled_out_and_mended("held").await;
    walk.pressed_again("/officer/retry", &at).await;
    walk.cancelled().await;

    walk.open().await;
    walk.reach("summary").await;
    walk.kept_without_devices().await;

    walk.recaptured().await;
    let (step, at) = (walk.officer.now().step, walk.at().await);
    walk.pulled_out_and_mended(&step).await;
    walk.pressed_again("/officer/recall", &at).await;
    walk.dies("Face and fingers").await;
    walk.accounts(6, &["case-opened", "signed", "overridden", "record-kept", "parked"]);
}

/// The order came from a page that the desk had left behind.
pub fn outdated(step: &str, refused: &BrowserError) {
    assert!(matches!(refused, BrowserError::Refused { code, .. } if code == "U-16"), "{step}: {refused}");
}
