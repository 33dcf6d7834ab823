//! The promise: a finger that is put down where another one is asked for counts for neither. The officer is told which
//! two look like one, the earlier one is asked for again, and nothing of either attempt is enrolled.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use hardware_sim::shift::view::View;
use tests::{Setup, people};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finger_that_comes_twice_opens_the_earlier_one_again() {
    // A scanner for single fingers: only what was asked for says whose a finger is.
    let station = Setup { scanner: Some("live"), ..Setup::default() }.start().await;
    station.until_ready(&["camera", "scanner", "reader"]).await;
    let (mut officer, mut sim) = (station.officer().await, station.sim().await);
    let traveller = people::adult(5);
    sim.arrive(&traveller).await;
    let case = officer.read(&traveller.lines).await.unwrap();
    officer.go_on().await.unwrap();
    officer.post("/officer/declare", &[]).await.unwrap();

    let asked = |view: &View, slot: &str| {
        view.step == "capturing" && view.slot.as_deref() == Some(slot) && view.prompt.as_deref() == Some("place-finger")
    };
    officer.until("the right index finger to be asked for", |view| asked(view, "right-index")).await.unwrap();
    sim.finger(Some("right-index")).await;
    let next = |view: &View| view.slot.as_deref() == Some("left-index");
    let view = officer.until("the left one to be wanted", next).await.unwrap();
    assert_eq!(state(&view, "right-index"), "accepted", "{}", view.describe());
    sim.finger(None).await;
    officer.until("the left one to be asked for", |view| asked(view, "left-index")).await.unwrap();

    sim.finger(Some("right-index")).await;
    let told =
        officer.until("the officer to be told", |view| view.hint.as_deref() == Some("same-finger")).await.unwrap();
    assert_eq!(told.hinted, ["right-index", "left-index"], "{}", told.describe());
    assert_eq!(state(&told, "right-index"), "open", "the earlier one is in doubt: {}", told.describe());
    assert_eq!(state(&told, "left-index"), "open", "{}", told.describe());
    assert_eq!(told.slot.as_deref(), Some("right-index"), "{}", told.describe());
    sim.finger(None).await;

    let end = officer.take(&mut sim).await.unwrap();
    assert_eq!(end.step, "summary", "{}", end.describe());
    for slot in &end.slots {
        assert_eq!(slot.state, "accepted", "{}: {}", slot.slot, end.describe());
    }
    officer.post("/officer/sign", &[]).await.unwrap();
    let left = officer.uploaded(&case).await.unwrap();
    assert_eq!(left.outcome, "enrolled");
    let opened = station.open(&left.record.unwrap().id);
    let record = &opened.json["enrolment"];
    for slot in ["right-index", "left-index"] {
        let attempts = record["attempts"].as_array().unwrap().iter().filter(|attempt| attempt["slot"] == slot);
        let wrong: Vec<_> = attempts.map(|attempt| attempt["wrong"].as_str()).collect();
        assert_eq!(wrong, [Some("same-finger"), None], "{slot}: {record}");
    }
    assert_eq!(record["fingers"].as_array().unwrap().len(), 2);
}

/// How a slot stands: `open`, `accepted`, `exhausted`.
fn state<'a>(view: &'a View, slot: &str) -> &'a str {
    &view.slots.iter().find(|one| one.slot == slot).unwrap().state
}
