//! The promise: where camera and scanner are two devices, the fingers are taken while the face is captured, on the officer's
//! page and on the traveller's display; what was taken beside the face counts as any other attempt does.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use tests::chrome::Chrome;
use tests::{Setup, people, tour};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fingers_are_taken_while_the_face_is_captured() {
    let mut station = Setup { scanner: Some("ef01"), ..Setup::default() }.start().await;
    station.stop().await;
    station.place().replace("[desk]\n", "[desk]\ntogether = true\n");
    station.restart().await;
    station.until_ready(&["camera", "scanner", "reader"]).await;
    let (mut officer, mut sim) = (station.officer().await, station.sim().await);
    let display = Chrome::start().await;
    tour::bind(&station, &display).await;
    let traveller = people::adult(71);
    sim.arrive(&traveller).await;
    // Shut eyes keep the capture of the face going.
    sim.lids(0.0).await;
    let case = officer.read(&traveller.lines).await.unwrap();
    officer.go_on().await.unwrap();
    officer.post("/officer/declare", &[]).await.unwrap();
    let asks = |slot: &'static str, prompt: &'static str| {
        move |view: &hardware_sim::shift::view::View| {
            let beside = view.beside.as_ref().is_some_and(|beside| beside.slot == slot && beside.prompt == prompt);
            view.slot.as_deref() == Some("face") && beside
        }
    };
    officer.until("a finger beside the face", asks("right-index", "place-finger")).await.unwrap();
    display.see("#mirror").await;
    display.see("[data-screen=face] .beside .hand").await;
    sim.hand(&["right-index".to_owned()]).await;
    let view = officer.until("the other finger", asks("left-index", "lift-finger")).await.unwrap();
    let accepted = |slot: &str| view.slots.iter().any(|of| of.slot == slot && of.state == "accepted");
    assert!(accepted("right-index") && !accepted("face"), "{:?}", view.slots);
    sim.hand(&[]).await;
    officer.until("its turn", asks("left-index", "place-finger")).await.unwrap();
    // The face is done first now: the attempt that ran beside it goes on.
    sim.lids(1.0).await;
    officer.until("the face", |view| view.slot.as_deref() == Some("left-index")).await.unwrap();
    assert!(officer.now().beside.is_none());
    assert_eq!(officer.take(&mut sim).await.unwrap().step, "summary");
    officer.post("/officer/sign", &[]).await.unwrap();
    let left = officer.uploaded(&case).await.unwrap();
    assert_eq!(left.outcome, "enrolled");
    let fingers = station.open(&left.record.unwrap().id).json["enrolment"]["fingers"].as_array().unwrap().len();
    assert_eq!(fingers, 2);
    display.quit().await;
}
