//! The promise: a finger that rests on a scanner with a preview is told what to change and is taken at its best, without
//! being lifted; and such a scanner opens for nobody who owes nothing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use hardware_sim::shift::view::View;
use image::ImageReader;
use std::time::Duration;
use tests::station::device;
use tests::{Setup, people};

/// A scanner that is well again is ready within this: 5 s of the promise, and what a busy machine adds.
const MENDED: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resting_finger_is_advised_and_taken_at_its_best() {
    let station = Setup { scanner: Some("live"), ..Setup::default() }.start().await;
    station.until_ready(&["camera", "scanner", "reader"]).await;
    let (mut officer, mut sim) = (station.officer().await, station.sim().await);
    let before = sim.opens().await;

    let child = people::child(2);
    let case = officer.read(&child.lines).await.unwrap();
    officer.go_on().await.unwrap();
    assert_eq!(officer.queued(&case).await.unwrap().outcome, "exempt");
    assert_eq!(sim.opens().await, before, "nothing opens for a child of five");

    let traveller = people::adult(5);
    sim.arrive(&traveller).await;
    let case = officer.read(&traveller.lines).await.unwrap();
    officer.go_on().await.unwrap();
    officer.post("/officer/declare", &[]).await.unwrap();
    let asked = |view: &View| view.step == "capturing" && view.prompt.as_deref() == Some("place-finger");
    officer.until("the first finger to be asked for", asked).await.unwrap();

    // It comes down badly: advice stands on the page while it rests. Then it is pressed, and taken without being lifted.
    sim.touch_lightly("right-index").await;
    let advised = |view: &View| view.hint.is_some() && view.attempts_here() == 0;
    let view = officer.until("advice", advised).await.unwrap();
    assert_eq!((view.slot.as_deref(), view.step.as_str()), (Some("right-index"), "capturing"), "{}", view.describe());
    assert!(["press-more", "place-whole-fingertip", "moisten"].contains(&view.hint.as_deref().unwrap()), "{view:?}");
    assert_eq!(sim.opens().await.live_streams, before.live_streams + 1, "one stream for one attempt");
    sim.finger(Some("right-index")).await;
    let accepted = |view: &View| view.slot.as_deref() == Some("left-index");
    officer.until("the next finger", accepted).await.unwrap();

    // Unplugged while the second one rests: a code, and Retry works.
    let lift = |view: &View| view.prompt.as_deref() == Some("lift-finger") || asked(view);
    officer.until("the first finger to be lifted", lift).await.unwrap();
    sim.finger(None).await;
    officer.until("the second finger to be asked for", asked).await.unwrap();
    sim.touch_lightly("left-index").await;
    officer.until("the finger to be seen", |view| view.prompt.as_deref() == Some("hold-still")).await.unwrap();
    sim.fault("scanner", "unplug", 0).await;
    let view = officer.until("the fault", |view| view.step == "held").await.unwrap();
    assert_eq!(view.fault.as_ref().map(|fault| fault.code.as_str()), Some("D-12"), "{}", view.describe());
    sim.finger(None).await;
    sim.mend("scanner").await;
    station
        .until_health("the scanner to be ready again", MENDED, |health| device(health, "scanner")["state"] == "ready")
        .await;
    officer.post("/officer/retry", &[]).await.unwrap();
    officer.until("the capture to go on", |view| view.step == "capturing").await.unwrap();
    let end = officer.take(&mut sim).await.unwrap();
    assert_eq!(end.step, "summary", "{}", end.describe());
    officer.post("/officer/sign", &[]).await.unwrap();

    let left = officer.uploaded(&case).await.unwrap();
    assert_eq!(left.outcome, "enrolled");
    let opened = station.open(&left.record.unwrap().id);
    let fingers = opened.json["enrolment"]["fingers"].as_array().unwrap();
    assert_eq!(fingers.len(), 2, "{}", opened.json);
    for finger in fingers {
        assert!(finger["score"].as_u64().unwrap() >= 30, "the limit of an index finger: {finger}");
    }
    let sizes =
        tests::search::files(&opened.folder).into_iter().filter(|file| file.extension().is_some_and(|is| is == "png"));
    let sizes: Vec<_> = sizes.map(|file| ImageReader::open(file).unwrap().into_dimensions().unwrap()).collect();
    assert_eq!(sizes, [(500, 600); 2], "each is a whole frame of the preview");
}
