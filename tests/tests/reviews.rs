//! What the station keeps beside the desk: a case that waits for a supervisor, whose samples are sealed, shown to the
//! supervisor only and forgotten for good at the end of the shift; and the rules that worked last.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use tests::{Officer, Sim, Station, people};

/// Captures a traveller and vetoes the face: the case waits for a supervisor.
async fn vetoed(officer: &mut Officer, sim: &mut Sim, seed: u64) -> String {
    let traveller = people::adult(seed);
    sim.arrive(&traveller).await;
    let case = officer.read(&traveller.lines).await.unwrap();
    officer.go_on().await.unwrap();
    assert_eq!(officer.capture(sim, &[]).await.unwrap().step, "summary");
    officer
        .post("/officer/veto", &[("slot", "face"), ("veto", "refused-although-accepted"), ("reason", "another person")])
        .await
        .unwrap();
    officer.until("the case to wait", |view| view.parked.iter().any(|parked| parked.case == case)).await.unwrap();
    case
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_shown_sealed_and_forgotten() {
    let mut station = Station::start().await;
    station.until_ready(&["camera", "scanner"]).await;
    let (mut officer, mut sim) = (station.officer().await, station.sim().await);
    let approved = vetoed(&mut officer, &mut sim, 21).await;
    let forgotten = vetoed(&mut officer, &mut sim, 22).await;
    let mut supervisor = station.supervisor().await;
    supervisor.page("/supervisor").await.unwrap();

    // Sealed while it waits, and whole again once it is decided.
    let decision = [("case", approved.as_str()), ("decision", "approve"), ("reason", "condition-of-skin")];
    supervisor.post("/supervisor/decide", &decision).await.unwrap();
    let ended = officer.uploaded(&approved).await.unwrap();
    let opened = station.open(&ended.record.unwrap().id);
    let pictures = tests::search::files(&opened.folder).into_iter().filter(|file| file.extension().unwrap() != "json");
    let pictures: Vec<_> = pictures.map(|file| image::open(&file).unwrap()).collect();
    assert!(pictures.len() >= 3, "face and fingers of an approved case");

    // One press too many forgets nobody, and an officer may not.
    assert!(supervisor.post("/supervisor/end-shift", &[]).await.is_err());
    assert!(officer.post("/supervisor/end-shift", &[("sure", "yes")]).await.is_err());
    let sample = format!("/supervisor/case/{forgotten}/sample/face");
    supervisor.page(&format!("/supervisor/case/{forgotten}")).await.unwrap();

    supervisor.page("/supervisor").await.unwrap();
    supervisor.post("/supervisor/end-shift", &[("sure", "yes")]).await.unwrap();
    let view = officer.until("nothing to wait", |view| view.parked.is_empty()).await.unwrap();
    let ended = view.recent.iter().find(|recent| recent.case == forgotten).unwrap();
    assert_eq!(ended.outcome, "interrupted");
    assert!(supervisor.page(&sample).await.is_err(), "the picture is gone");
    let trail = std::fs::read_dir(station.place().path("station/store/audit")).unwrap();
    let trail: String = trail.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    assert!(trail.contains("review-forgotten") && trail.contains("end-of-shift"), "{trail}");

    // A later start does not find the case open again.
    station.kill9();
    station.restart().await;
    let closed = |event: &&serde_json::Value| {
        event.to_string().contains(&forgotten) && event.to_string().contains("interrupted")
    };
    assert_eq!(station.journal().iter().filter(closed).count(), 1);
}

/// A station whose rules were spoilt while it was off starts with those that worked, and says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spoilt_rules_keep_no_station_from_starting() {
    let mut station = Station::start().await;
    let before = station.health().await["rules"].clone();
    assert_eq!(before["instead_of_refused"], false, "{before}");
    station.kill9();
    let pack = station.place().path("config/policies/ru-entry.toml");
    let text = std::fs::read_to_string(&pack).unwrap();
    std::fs::write(&pack, text.replace("age_below = 6", "age_below = 16")).unwrap();
    station.restart().await;
    let after = station.health().await["rules"].clone();
    assert_eq!((&after["working"], &after["instead_of_refused"]), (&before["working"], &true.into()));
}
