//! The promise: whatever a device does in the middle of a capture, the officer reads what happened and what to do, and
//! goes on with Retry once the device is well again, without a restart of the station.
//!
//! The bad days are scenarios of the simulator: each cue there is a fault that begins after so many good bytes, and the
//! code that the officer must read. A shift plays them and fails if an outcome differs or a cue is left over.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use serde_json::Value;
use tests::Station;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn capture_devices_fail_with_a_word_and_recover_without_a_restart() {
    let station = Station::start().await;
    station.until_ready(&["camera", "scanner", "reader"]).await;
    let report = station.play("capture-bad-days").await;
    let outcomes: Vec<&str> = rows(&report).map(|row| row["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["enrolled"; 5]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_fails_leaves_the_keyboard_and_reads_again_later() {
    let station = Station::start().await;
    station.until_ready(&["camera", "scanner", "reader"]).await;
    let report = station.play("reader-bad-days").await;
    assert!(rows(&report).all(|row| row["device_opens"] == 0), "nobody's biometrics are taken: {report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strange_pictures_and_strange_fingers_do_not_stop_the_desk() {
    let station = Station::start().await;
    station.until_ready(&["camera", "scanner", "reader"]).await;
    let cameras = ["two-faces", "frozen-camera", "dark-camera", "dropped-frames"];
    for scenario in cameras.into_iter().chain(["busy-scanner", "replayed-print", "same-finger-twice"]) {
        station.play(scenario).await;
    }
}

#[test]
fn every_fault_is_told_in_a_sentence() {
    for fault in drivers::codes::Code::ALL {
        let sentence = fault.officer();
        assert!(sentence.ends_with('.') && sentence.split_whitespace().count() >= 6, "{sentence}");
    }
}

fn rows(report: &Value) -> impl Iterator<Item = &Value> {
    report["travellers"].as_array().unwrap().iter()
}
