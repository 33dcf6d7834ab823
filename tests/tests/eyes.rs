//! The promise: whoever cannot open their eyes, and was declared so, is never told to open them: neither on the officer's
//! page nor on the traveller's display, which mirrors them as it does everybody.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::collections::BTreeSet;
use std::time::Duration;
use tests::chrome::Chrome;
use tests::wait::until;
use tests::{Officer, Setup, Sim, Station, people, tour};

/// Keeps everything that the display says.
const LISTEN: &str = "
    const spoken = document.getElementById('spoken');
    window.said = [];
    new MutationObserver(() => window.said.push(spoken.textContent)).observe(spoken, { childList: true, characterData: true, subtree: true });
    return true;";

const MIRRORED: &str = "return document.getElementById('mirror')?.naturalWidth > 0;";

/// What is done to a display is noted within this.
const NOTED: Duration = Duration::from_secs(30);

const TOLD: &str = "Open your eyes";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_with_blind_eyes_is_told_to_open_them() {
    let station = Setup { scanner: Some("ef01"), ..Setup::default() }.start().await;
    station.until_ready(&["camera", "scanner", "reader"]).await;
    let (mut officer, mut sim) = (station.officer().await, station.sim().await);
    let display = Chrome::start().await;
    tour::bind(&station, &display).await;
    display.script("an ear at the display", LISTEN).await;

    // Without a declaration both say it: otherwise the rest would prove nothing.
    let hints = shut_eyes(&mut officer, &mut sim, 61, &[]).await;
    assert!(hints.contains("open-eyes"), "{hints:?}");
    display
        .script("the display to say it", &format!("return window.said.some((said) => said.includes('{TOLD}'));"))
        .await;
    officer.post("/officer/cancel", &[]).await.unwrap();
    display.see("[data-screen=speak]").await;
    display.script("a display that has said nothing", "window.said = []; return true;").await;

    let hints = shut_eyes(&mut officer, &mut sim, 62, &[("face_exception", "eyes-closed")]).await;
    assert!(!hints.contains("open-eyes"), "{hints:?}");
    display.script("the mirror", MIRRORED).await;
    let said = display.script("what the display said", "return window.said;").await;
    assert!(said.to_string().contains("Look into the camera"), "{said}");
    assert!(!said.to_string().contains(TOLD), "{said}");
    officer.post("/officer/cancel", &[]).await.unwrap();
    bound_and_removed(&station).await;
    display.quit().await;
}

/// Somebody with shut eyes before the camera, for as long as one attempt lasts, or until they are told: every hint.
async fn shut_eyes(officer: &mut Officer, sim: &mut Sim, seed: u64, declared: &[(&str, &str)]) -> BTreeSet<String> {
    let traveller = people::adult(seed);
    sim.arrive(&traveller).await;
    sim.lids(0.0).await;
    officer.read(&traveller.lines).await.unwrap();
    officer.post("/officer/traveller-language", &[("language", "en")]).await.unwrap();
    officer.go_on().await.unwrap();
    officer.post("/officer/declare", declared).await.unwrap();
    let mut hints = BTreeSet::new();
    officer
        .until("the attempt to end, or a hint", |view| {
            hints.extend(view.hint.clone());
            view.attempts() > 0 || hints.contains("open-eyes")
        })
        .await
        .unwrap();
    hints
}

/// Which browser may show what travellers are told stands in the audit trail.
async fn bound_and_removed(station: &Station) {
    let data = station.place().text("station");
    tests::process::succeed("gatepost", &["display", "remove", "--data", &data, "--name", "tour"]);
    let lines = ["display-invited", "display-bound", "display-removed", "\"reason\":\"display-tour\""];
    until("the display in the audit trail", NOTED, async || {
        let files = std::fs::read_dir(station.place().path("station/store/audit")).unwrap();
        let trail: String = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
        lines.iter().all(|what| trail.contains(what)).then_some(())
    })
    .await;
}
