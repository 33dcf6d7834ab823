//! The promise: a portrait is judged by pose, eyes and mouth, and the traveller is told what to change; where the model
//! for that is missing or altered the desk goes on without, and says so to everybody who has to know.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use hardware_sim::shift::view::View;
use serde_json::{Value, json};
use std::fs;
use tests::place::{FACE_MODELS, repository};
use tests::{Officer, Sim, Station, people};

/// One hand is left out, which saves time: this is about faces.
const BANDAGED: [(&str, &str); 5] = [
    ("missing-left-thumb", "bandaged"),
    ("missing-left-index", "bandaged"),
    ("missing-left-middle", "bandaged"),
    ("missing-left-ring", "bandaged"),
    ("missing-left-little", "bandaged"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_or_altered_model_stands_in_and_says_so() {
    let mut station = Station::start().await;
    station.until_ready(&["camera", "scanner"]).await;
    let model = station.place().path("models/face").join(FACE_MODELS[1]);
    for (state, code) in [("altered", "Q-11"), ("missing", "Q-12")] {
        match state {
            "altered" => fs::write(&model, b"nothing of a network").unwrap(),
            _ => fs::remove_file(&model).unwrap(),
        }
        station.kill9();
        station.restart().await;
        let engine = &station.health().await["face_engine"];
        assert_eq!(engine["name"], "opencv-haar-frontalface", "{state}: {engine}");
        let lacking = json!({
            "engine": "blazeface", "code": code, "not_assessed": ["pose", "eyes", "mouth"], "mend": "cargo xtask setup",
        });
        assert_eq!(engine["lacking"], lacking, "{state}");
        let officer = station.officer().await;
        let page = officer.browser.page("/officer").await.unwrap();
        let warned = format!("data-warning=\"face-engine\" data-code=\"{code}\"");
        assert!(page.contains(&warned) && page.contains("<code>cargo xtask setup</code>"), "{state}: {page}");
    }
    // The desk goes on, and the record names what nobody has judged.
    station.until_ready(&["camera", "scanner"]).await;
    let (mut officer, mut sim) = (station.officer().await, station.sim().await);
    let face = enrol(&station, &mut officer, &mut sim, 5).await;
    assert_eq!((&face["basis"], &face["accepted"]), (&json!("box"), &json!(true)), "{face}");
    assert!(face["engine"].as_str().unwrap().starts_with("opencv-haar-frontalface sha256:"), "{face}");
    let not_judged = face["not-assessed"].as_array().unwrap();
    for component in ["EyesOpen", "HeadPosePitch", "HeadPoseRoll", "HeadPoseYaw", "MouthClosed"] {
        assert!(not_judged.contains(&json!(component)), "{component} is in {not_judged:?}");
    }

    // What the command puts back is taken at the next start.
    fs::copy(repository().join("models/face").join(FACE_MODELS[1]), &model).unwrap();
    station.kill9();
    station.restart().await;
    let engine = &station.health().await["face_engine"];
    assert_eq!((&engine["name"], &engine["lacking"]), (&json!("blazeface"), &Value::Null));
    let page = station.officer().await.browser.page("/officer").await.unwrap();
    assert!(!page.contains("data-warning=\"face-engine\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shut_eyes_are_told_and_the_portrait_waits_for_them() {
    let station = Station::start().await;
    station.until_ready(&["camera", "scanner"]).await;
    let (mut officer, mut sim) = (station.officer().await, station.sim().await);
    let traveller = people::adult(5);
    sim.arrive(&traveller).await;
    sim.lids(0.0).await;
    let case = officer.read(&traveller.lines).await.unwrap();
    officer.go_on().await.unwrap();
    officer.post("/officer/declare", &[]).await.unwrap();
    let hinted = |view: &View| view.slot.as_deref() == Some("face") && view.hint.as_deref() == Some("open-eyes");
    officer.until("open your eyes", hinted).await.unwrap();
    let page = officer.browser.page("/officer").await.unwrap();
    assert!(page.contains("/assets/hints.svg#open-eyes") && page.contains("Open your eyes"), "{page}");
    assert_eq!(officer.now().attempts_here(), 0, "nothing is taken of shut eyes");
    sim.lids(1.0).await;
    let taken = |view: &View| view.slots.iter().any(|slot| slot.slot == "face" && slot.state == "accepted");
    officer.until("the portrait", taken).await.unwrap();
    let end = officer.take(&mut sim).await.unwrap();
    assert_eq!(end.step, "summary", "{}", end.describe());
    officer.post("/officer/sign", &[]).await.unwrap();
    let face = recorded(&station, &mut officer, &case).await;
    assert_eq!((&face["basis"], &face["not-assessed"]), (&json!("landmarks"), &json!([])), "{face}");
    assert!(face["engine"].as_str().unwrap().starts_with("blazeface sha256:"), "{face}");
    let eyes = face["quality"].as_array().unwrap().iter().find(|measure| measure["name"] == "EyesOpen").unwrap();
    assert!(eyes["native"].is_f64() && eyes["score"].is_u64(), "{eyes}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_people_are_told_and_counted_once_and_shut_eyes_waited_for() {
    let station = Station::start().await;
    station.until_ready(&["camera", "scanner", "reader"]).await;
    // Whose portrait is taken too early leaves a cue over.
    station.play("two-faces").await;
    station.play("eyes-shut").await;
    let log = fs::read_to_string(station.place().path("logs/station.log")).unwrap();
    let told: Vec<_> = log.lines().filter(|line| line.contains("several people in view")).collect();
    assert!(told.len() == 1 && told[0].contains("faces=2"), "{told:?}");
}

/// A whole enrolment of somebody with one bandaged hand: the portrait in the record.
async fn enrol(station: &Station, officer: &mut Officer, sim: &mut Sim, seed: u64) -> Value {
    let traveller = people::adult(seed);
    sim.arrive(&traveller).await;
    let case = officer.read(&traveller.lines).await.unwrap();
    officer.go_on().await.unwrap();
    let view = officer.capture(sim, &BANDAGED).await.unwrap();
    assert_eq!(view.step, "summary", "{}", view.describe());
    officer.post("/officer/sign", &[]).await.unwrap();
    recorded(station, officer, &case).await
}

/// The portrait of a case as the authority opens it.
async fn recorded(station: &Station, officer: &mut Officer, case: &str) -> Value {
    let left = officer.uploaded(case).await.unwrap();
    station.open(&left.record.unwrap().id).json["enrolment"]["face"].clone()
}
