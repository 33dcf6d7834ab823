//! The promise: in a real Chromium a supervisor decides with the keyboard alone, on every screen that a desk may have. A
//! decision needs its own key, a reason from the list, and words where the list does not say it; what was decided is found
//! again by the number of the case alone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use hardware_sim::shift::browser::{Browser, BrowserError};
use serde_json::{Value, json};
use tests::at_the_page::log_in_by_keys;
use tests::chrome::{Chrome, ENTER, ESCAPE};
use tests::station::SUPERVISOR;
use tests::{Officer, Setup, Sim, Station, people};

/// The screens of the desk, in CSS pixels: a kiosk, a large one, and a tablet of 10 inches, across and upright.
const SCREENS: [(u32, u32, bool); 4] = [(1280, 800, false), (1920, 1080, false), (1280, 800, true), (800, 1280, true)];

/// The words of the supervisor, whose letters are keys of other decisions outside the field.
const WORDS: &str = "Lamp was off: r, x, a";

/// Whether this is on the screen as a whole, without scrolling.
fn on_screen(css: &str) -> String {
    format!(
        "const at = document.querySelector({css:?})?.getBoundingClientRect();
         return Boolean(at) && at.height > 0 && at.top >= 0 && at.bottom <= innerHeight && at.right <= innerWidth;"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_supervisor_decides_with_the_keyboard_alone_on_every_screen() {
    let station = Setup { scanner: Some("ef01"), ..Setup::default() }.start().await;
    station.until_ready(&["camera", "scanner", "reader"]).await;
    let (mut officer, mut sim) = (station.officer().await, station.sim().await);
    let mut cases = Vec::new();
    for seed in 51..54 {
        cases.push(vetoed(&mut officer, &mut sim, seed).await);
    }
    cases.push(claimed(&mut officer).await);
    let [approved, again, refused, exempt] = cases.try_into().unwrap();
    words_are_asked_for(&mut station.supervisor().await, &approved).await;

    let chrome = Chrome::start().await;
    log_in(&chrome, &station).await;

    // Approved, after a look at the history.
    open_the_first(&chrome, &approved, SCREENS[0]).await;
    chrome.press_until("h", "details[open] .history").await;
    choose(&chrome, "1", "condition-of-skin").await;
    // Enter is no decision.
    chrome.press(ENTER).await;
    decide(&chrome, "a", &approved).await;

    // To be captured again, for a reason that the list does not name.
    open_the_first(&chrome, &again, SCREENS[1]).await;
    chrome.press_until("6", "input[name=note]:focus").await;
    chrome.press(ESCAPE).await;
    chrome.script("the field to be left", "return document.activeElement === document.body;").await;
    // The page does not send a decision that lacks its words: it goes back to the field.
    chrome.press_until("r", "input[name=note]:focus").await;
    chrome.press(WORDS).await;
    let typed = "return document.querySelector('input[name=note]').value;";
    assert_eq!(chrome.script("what was typed", typed).await, WORDS);
    chrome.press(ENTER).await;
    decide(&chrome, "r", &again).await;

    // Refused, with words beside the reason.
    open_the_first(&chrome, &refused, SCREENS[2]).await;
    choose(&chrome, "4", "sample-unusable").await;
    chrome.press_until("n", "input[name=note]:focus").await;
    chrome.press(WORDS).await;
    chrome.press(ENTER).await;
    decide(&chrome, "x", &refused).await;

    // The exemption that the officer attested is confirmed by the second person.
    open_the_first(&chrome, &exempt, SCREENS[3]).await;
    choose(&chrome, "2", "evidence-seen").await;
    decide(&chrome, "a", &exempt).await;

    finds_by_number_alone(&chrome, &approved).await;
    chrome.quit().await;

    // The traveller is called back, and the record tells why.
    officer.post("/officer/recall", &[("case", &again)]).await.unwrap();
    officer.until("the capture to begin", |view| view.step == "capturing").await.unwrap();
    assert_eq!(officer.take(&mut sim).await.unwrap().step, "summary");
    officer.post("/officer/sign", &[]).await.unwrap();
    for (case, outcome, review) in [
        (&approved, "enrolled-with-exceptions", "condition-of-skin".to_owned()),
        (&again, "enrolled", format!("other: {WORDS}")),
        // Where nobody's biometrics are kept, nobody's name can be in the record: the words stay out of it.
        (&refused, "failure-to-enrol", "sample-unusable".to_owned()),
        (&exempt, "exempt", "evidence-seen".to_owned()),
    ] {
        let ended = officer.uploaded(case).await.unwrap();
        assert_eq!(ended.outcome, outcome);
        let body = station.open(&ended.record.unwrap().id).json;
        assert_eq!((&body["review"]["reason"], &body["review"]["supervisor"]), (&json!(review), &json!(SUPERVISOR.0)));
    }
    a_relative_comes_later(&station, &mut officer, &exempt, &approved).await;
    let trail = std::fs::read_dir(station.place().path("station/store/audit")).unwrap();
    let trail: String = trail.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    for reason in ["condition-of-skin", "recapture-other", "sample-unusable", "evidence-seen"] {
        assert!(trail.contains(&format!("\"reason\":\"{reason}\"")), "{reason} is not in the trail");
    }
    assert!(!trail.contains("Lamp"), "words of people stay out of the trail");
}

/// The desk asks for the words itself, whatever a page lets through.
async fn words_are_asked_for(supervisor: &mut Browser, case: &str) {
    supervisor.page("/supervisor").await.unwrap();
    let long = "x".repeat(201);
    for (reason, note, code) in
        [("", "", "U-11"), ("cold", "", "U-11"), ("other", " \t", "U-19"), ("other", &long, "U-20")]
    {
        let fields = [("case", case), ("decision", "approve"), ("reason", reason), ("note", note)];
        match supervisor.post("/supervisor/decide", &fields).await {
            Err(BrowserError::Refused { code: said, .. }) => assert_eq!(said, code, "{reason} {note}"),
            other => panic!("{reason} {note}: {other:?}"),
        }
    }
}

/// A relative of the exempt person names their case. A second person confirms this claim too, and sees what it rests on.
async fn a_relative_comes_later(station: &Station, officer: &mut Officer, exempt: &str, enrolled: &str) {
    let case = officer.read(&people::diplomat(55).lines).await.unwrap();
    let claim = |family_of: &str| {
        [("ground", "diplomat-family"), ("evidence", "family-card"), ("family_of", family_of)]
            .map(|(n, v)| (n, v.to_owned()))
    };
    for (family_of, code) in
        [(enrolled, Some("U-21")), ("S1-000101-0001", Some("U-21")), ("x", Some("U-21")), (exempt, None)]
    {
        let fields = claim(family_of);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let said = match officer.post("/officer/claim", &fields).await {
            Ok(()) => None,
            Err(BrowserError::Refused { code, .. }) => Some(code),
            Err(other) => panic!("{family_of}: {other}"),
        };
        assert_eq!(said.as_deref(), code, "{family_of}");
    }
    let case = waits(officer, case).await;
    let mut supervisor = station.supervisor().await;
    let page = supervisor.page(&format!("/supervisor/case/{case}")).await.unwrap();
    assert!(page.contains(&format!("data-refers=\"{exempt}\"")), "{page}");
    let decision = [("case", case.as_str()), ("decision", "approve"), ("reason", "evidence-seen")];
    supervisor.post("/supervisor/decide", &decision).await.unwrap();
    let ended = officer.uploaded(&case).await.unwrap();
    assert_eq!(ended.outcome, "exempt");
    assert_eq!(station.open(&ended.record.unwrap().id).json["accompanying"], json!(exempt));
}

async fn log_in(chrome: &Chrome, station: &Station) {
    log_in_by_keys(chrome, station, SUPERVISOR).await;
    // The key that logs in may reach the page that comes, and open the first case there.
    chrome.press_until(ESCAPE, ".waiting").await;
}

/// The oldest case is the first of the list, and its decision is on the screen without scrolling.
async fn open_the_first(chrome: &Chrome, case: &str, (width, height, touch): (u32, u32, bool)) {
    chrome.size(width, height, touch).await;
    chrome.see(&format!("li[data-case='{case}']:first-child a.primary")).await;
    chrome.press_until(ENTER, &format!("[data-review='{case}']")).await;
    let what = format!("the decision at {width}x{height}");
    chrome.script(&what, &on_screen("#decide")).await;
}

async fn choose(chrome: &Chrome, key: &str, reason: &str) {
    chrome.press_until(key, &format!("label:has(input[name=reason][value={reason}]:checked)")).await;
}

/// Presses the key of a decision: the list comes back, and the case waits there no more.
async fn decide(chrome: &Chrome, key: &str, case: &str) {
    let still = chrome.script("the case", "return document.querySelector('[data-review]').dataset.review;").await;
    assert_eq!(still, Value::from(case), "nothing was decided before its key");
    chrome.press(key).await;
    let gone = format!(
        "return location.pathname === '/supervisor' && !document.querySelector('li.waiting[data-case=\"{case}\"]');"
    );
    chrome.script(&format!("{case} to leave the list"), &gone).await;
}

/// The search takes the number of a case, and nothing else leads to one.
async fn finds_by_number_alone(chrome: &Chrome, case: &str) {
    for (text, found) in [("IVANOV", false), (case.to_ascii_lowercase().as_str(), true)] {
        chrome.press_until("/", "#search input:focus").await;
        chrome.press(text).await;
        chrome.press(ENTER).await;
        if found {
            let lines = chrome.see(&format!("[data-history='{case}']")).await;
            for part in ["Officer's veto", "Approved", "condition-of-skin", SUPERVISOR.0] {
                assert!(lines.contains(part), "{part}: {lines}");
            }
        } else {
            chrome.see("p.error[data-code=U-17]").await;
            chrome.script("the way back", "history.back(); return true;").await;
        }
    }
    chrome.press_until(ESCAPE, "#search").await;
}

/// Captures a traveller and vetoes the face: the case waits for a supervisor.
async fn vetoed(officer: &mut Officer, sim: &mut Sim, seed: u64) -> String {
    let traveller = people::adult(seed);
    sim.arrive(&traveller).await;
    let case = officer.read(&traveller.lines).await.unwrap();
    officer.go_on().await.unwrap();
    assert_eq!(officer.capture(sim, &[]).await.unwrap().step, "summary");
    let veto = [("slot", "face"), ("veto", "accepted-without-reason"), ("reason", "")];
    officer.post("/officer/veto", &veto).await.unwrap();
    waits(officer, case).await
}

/// A diplomat's claim, which a second person has to confirm.
async fn claimed(officer: &mut Officer) -> String {
    let case = officer.read(&people::diplomat(54).lines).await.unwrap();
    officer.post("/officer/claim", &[("ground", "diplomat"), ("evidence", "accreditation-card")]).await.unwrap();
    waits(officer, case).await
}

async fn waits(officer: &mut Officer, case: String) -> String {
    officer.until("the case to wait", |view| view.parked.iter().any(|parked| parked.case == case)).await.unwrap();
    case
}
