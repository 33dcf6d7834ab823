//! The promise: in a real Chromium an officer deals with whatever goes wrong with the keyboard alone, on every screen that a
//! desk may have: a claim, a device that is pulled out, a sample that is taken again, a veto, a traveller who is called back
//! and one who refuses.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use std::time::Duration;
use tests::at_the_page::{follow_the_page, log_in_by_keys};
use tests::chrome::{Chrome, DOWN, ENTER, ESCAPE, TAB};
use tests::station::OFFICER;
use tests::wait::until;
use tests::{Setup, Sim, Station, people};

/// The screens of the desk, in CSS pixels: a kiosk, a large one, and a tablet of 10 inches, held upright.
const SCREENS: [(u32, u32, bool); 3] = [(1280, 800, false), (1920, 1080, false), (800, 1280, true)];

/// How long a record may take to the intake.
const ARRIVES: Duration = Duration::from_secs(30);

/// The officer's words, whose letters are keys of other orders outside the field.
const WORDS: &str = "A beard in the passport: x, c, v";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_wrong_is_put_right_with_the_keyboard_alone() {
    let station = Setup { scanner: Some("ef01"), ..Setup::default() }.start().await;
    station.until_ready(&["camera", "scanner", "reader"]).await;
    let mut sim = station.sim().await;
    let mut expected = Vec::new();
    for (turn, (width, height, touch)) in SCREENS.into_iter().enumerate() {
        let chrome = Chrome::start().await;
        chrome.size(width, height, touch).await;
        log_in_by_keys(&chrome, &station, OFFICER).await;
        // The key that logs in may have opened a case: documents open or fill one.
        chrome.see(".desk[data-step]").await;
        let first = 100 + 10 * turn as u64;
        let claimed = a_claim(&chrome, &people::diplomat(first).lines).await;
        let called_back = a_case_with_troubles(&station, &chrome, &mut sim, first + 1).await;
        let refused = a_refusal(&chrome, &people::adult(first + 2).lines).await;
        decide(&station, &claimed, "approve", "evidence-seen").await;
        expected.extend([(claimed, "exempt"), (called_back, "enrolled"), (refused, "refused-by-traveller")]);
        chrome.quit().await;
    }
    let kept = until("the records to arrive", ARRIVES, async || {
        let kept = station.list();
        (kept.len() >= expected.len()).then_some(kept)
    })
    .await;
    let outcomes: Vec<_> = kept.iter().map(|record| record.outcome.as_str()).collect();
    assert_eq!(outcomes.len(), expected.len(), "{outcomes:?}");
    for (case, outcome) in expected {
        let record =
            kept.iter().map(|record| station.open(&record.record).json).find(|body| body["case"] == case.as_str());
        assert_eq!(record.unwrap()["outcome"], outcome, "{case}");
    }
}

/// A diplomat's passport opens the fold of claims by itself; its key goes into it, and arrows choose.
async fn a_claim(chrome: &Chrome, lines: &[String]) -> String {
    chrome.scan(lines).await;
    chrome.see("[data-step=decided] #claim").await;
    chrome.press_until("c", "#claim select[name=ground]:focus").await;
    choose(chrome, "ground", "diplomat").await;
    chrome.press(TAB).await;
    choose(chrome, "evidence", "accreditation-card").await;
    let case = case(chrome).await;
    chrome.press(ENTER).await;
    chrome.see(&format!("li[data-case='{case}'].waiting")).await;
    case
}

/// The camera is pulled out, the face is taken again, the result is vetoed, and a supervisor has the traveller called back.
async fn a_case_with_troubles(station: &Station, chrome: &Chrome, sim: &mut Sim, seed: u64) -> String {
    let traveller = people::adult(seed);
    chrome.scan(&traveller.lines).await;
    chrome.see("[data-step=decided] #proceed").await;
    chrome.press_until(ENTER, "[data-step=declare]").await;
    sim.fault("camera", "unplug", 0).await;
    chrome.press_until(ENTER, "[data-step=held] p.error").await;
    sim.arrive(&traveller).await;
    sim.mend("camera").await;
    station.until_ready(&["camera"]).await;
    chrome.press_until(ENTER, "[data-step=capturing]").await;
    follow_the_page(chrome, sim).await;
    let case = case(chrome).await;

    chrome.press_until("a", "#take-back select[name=slot]:focus").await;
    choose(chrome, "slot", "right-index").await;
    chrome.press(ENTER).await;
    chrome.see("[data-step=capturing]").await;
    follow_the_page(chrome, sim).await;

    // Escape leaves the field, and the other fold's key is a key again.
    chrome.press_until("a", "#take-back select[name=slot]:focus").await;
    chrome.press(ESCAPE).await;
    chrome.press_until("v", "#veto select[name=slot]:focus").await;
    chrome.press(TAB).await;
    choose(chrome, "veto", "accepted-for-reason").await;
    chrome.press(TAB).await;
    chrome.press(WORDS).await;
    chrome.press(ENTER).await;
    chrome.see(&format!("li[data-case='{case}'].waiting")).await;

    decide(station, &case, "recapture", "sample-unusable").await;
    chrome.see(&format!("li[data-case='{case}'].recapture")).await;
    chrome.press_until("b", "[data-step=capturing]").await;
    follow_the_page(chrome, sim).await;
    chrome.press_until(ENTER, "[data-outcome=enrolled]").await;
    case
}

/// The traveller says no before anything was taken.
async fn a_refusal(chrome: &Chrome, lines: &[String]) -> String {
    chrome.scan(lines).await;
    chrome.see("[data-step=decided] #proceed").await;
    chrome.press_until(ENTER, "[data-step=declare]").await;
    let case = case(chrome).await;
    chrome.press_until("x", "[data-outcome=refused-by-traveller]").await;
    case
}

/// Arrows go through the list that has the focus, until it shows this choice.
async fn choose(chrome: &Chrome, list: &str, value: &str) {
    let focused = format!("return document.activeElement.name === {list:?};");
    chrome.script(&format!("the list of {list} to have the focus"), &focused).await;
    let choices = "return document.activeElement.options.length;";
    for _ in 0..chrome.script("the number of choices", choices).await.as_u64().unwrap() {
        if chrome.script(list, "return document.activeElement.value || ' ';").await == value {
            return;
        }
        chrome.press(DOWN).await;
    }
    panic!("no {value} in the list of {list}");
}

async fn case(chrome: &Chrome) -> String {
    let case = chrome.script("the case", "return document.querySelector('.desk').dataset.case;").await;
    case.as_str().unwrap().to_owned()
}

/// A supervisor elsewhere decides.
async fn decide(station: &Station, case: &str, decision: &str, reason: &str) {
    let fields = [("case", case), ("decision", decision), ("reason", reason)];
    station.supervisor().await.post("/supervisor/decide", &fields).await.unwrap();
}
