//! The promise: in a real Chromium an officer enrols a traveller by clicking, or with the keyboard alone, and a
//! supervisor approves a rejected capture by clicking. The traveller follows what the page says, and nothing else.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use serde_json::json;
use std::time::Duration;
use tests::at_the_page::{follow_the_page, log_in_by_keys};
use tests::chrome::{BACKSPACE, Chrome, DELETE, ENTER};
use tests::station::{OFFICER, SUPERVISOR};
use tests::wait::until;
use tests::{Sim, Station, people};

/// Screens in CSS pixels: a kiosk, a desk, and a tablet of 10 inches, held upright.
const SCREENS: [(u32, u32, bool); 3] = [(1280, 800, false), (1920, 1080, false), (800, 1280, true)];

/// How long a record may take to the intake.
const ARRIVES: Duration = Duration::from_secs(30);

/// Counts the keys that a person presses; what a reader types is none.
const COUNT_KEYS: &str = "
    window.pressed = 0;
    addEventListener('keydown', (event) => { if (event.isTrusted) window.pressed += 1; }, true);
    return true;";

/// Whether the live picture shows something.
const LIVE: &str = "const live = document.getElementById('live'); return Boolean(live) && live.naturalWidth > 0;";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_officer_enrols_by_clicking_and_a_supervisor_approves() {
    let station = Station::start().await;
    station.until_ready(&["camera", "scanner", "reader"]).await;
    let (chrome, mut sim) = (Chrome::start().await, station.sim().await);
    let traveller = people::adult(31);

    log_in(&chrome, &station, OFFICER).await;
    chrome.click("#new").await;
    chrome.click("details:has(#typed) > summary").await;
    chrome.fill("#typed textarea", &traveller.lines.join("\n")).await;
    chrome.click("#typed button.primary").await;
    chrome.see(".verdict.required").await;
    chrome.click("#proceed").await;
    // Nobody stands there yet: the live picture can be looked at for as long as that takes.
    chrome.click("#start-capture").await;
    chrome.see("#live").await;
    chrome.script("the live picture", LIVE).await;
    sim.arrive(&traveller).await;
    follow_the_page(&chrome, &mut sim).await;
    let case = chrome.script("the case's number", "return document.querySelector('.desk').dataset.case;").await;
    chrome.click("#sign").await;
    chrome.see("[data-outcome=enrolled]").await;
    let acknowledged = chrome.see("#record.uploaded").await;
    assert!(acknowledged.contains("acknowledged"), "{acknowledged}");
    assert_eq!(listed(&station), ["enrolled"], "{case}");

    let parked = park_a_rejected_capture(&station, &mut sim).await;
    chrome.click("form[action='/logout'] button").await;
    log_in(&chrome, &station, SUPERVISOR).await;
    let waiting = chrome.see(&format!("[data-case='{parked}']")).await;
    assert!(waiting.contains(&parked), "{waiting}");
    chrome.click(&format!("[data-case='{parked}'] a.button")).await;
    let samples = "const all = [...document.querySelectorAll('img[src*=\"/sample/\"]:not([src*=\"?\"])')];
        return all.length > 0 && all.every((image) => image.naturalWidth > 0) ? all.length : null;";
    assert_eq!(chrome.script("face and finger before the supervisor", samples).await, json!(6));
    chrome.click("label:has(input[name=reason][value=condition-of-skin])").await;
    chrome.click("#approve").await;
    let gone =
        format!("return location.pathname === '/supervisor' && !document.querySelector('[data-case=\"{parked}\"]');");
    chrome.script("the case to leave the list", &gone).await;
    // The case leaves the list before its record is on disk: nothing may be queued yet, or any more.
    until("the record to arrive", ARRIVES, async || (listed(&station).len() == 2).then_some(())).await;
    assert_eq!(listed(&station), ["enrolled", "enrolled-with-exceptions"]);
    chrome.quit().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_officer_enrols_with_the_keyboard_alone() {
    let station = Station::start().await;
    station.until_ready(&["camera", "scanner", "reader"]).await;
    let mut sim = station.sim().await;
    for (turn, (width, height, touch)) in SCREENS.into_iter().enumerate() {
        let chrome = Chrome::start().await;
        chrome.size(width, height, touch).await;
        enrol_with_the_keyboard_alone(&station, &chrome, &mut sim, 32 + 10 * turn as u64).await;
        assert_eq!(listed(&station)[3 * turn..][..3], ["enrolled", "not-in-scope", "cancelled"], "{width}x{height}");
        chrome.quit().await;
    }
}

/// From the log-in to a closed case, then a family: travellers from this number on.
async fn enrol_with_the_keyboard_alone(station: &Station, chrome: &Chrome, sim: &mut Sim, first: u64) {
    let traveller = people::adult(first);
    sim.arrive(&traveller).await;

    // The key that logs in may reach the button of the page that comes: then a case is open already.
    log_in_by_keys(chrome, station, OFFICER).await;
    chrome.see(".desk[data-step]").await;
    chrome.script("a count of keys", COUNT_KEYS).await;
    chrome.press_until(ENTER, "[data-step=document]").await;
    sim.swipe(&traveller.lines).await;
    chrome.see("[data-step=decided]").await;
    chrome.press_until(ENTER, "[data-step=declare]").await;
    chrome.press_until(ENTER, "[data-step=capturing]").await;
    follow_the_page(chrome, sim).await;
    chrome.press_until(ENTER, "[data-step=closed] [data-outcome=enrolled]").await;
    chrome.see("#record.uploaded").await;
    let pressed = chrome.script("the count of keys", "return window.pressed;").await.as_u64().unwrap();
    assert!((3..=12).contains(&pressed), "an ordinary traveller took {pressed} keys");
    a_family_without_the_mouse(chrome, &people::citizen(first + 2, "RUS").lines, &traveller.lines).await;
}

/// Documents come from a reader at the keyboard, which opens the case that it is for; a step is taken back; the next one of
/// the family is noted with the first; what is missing is declared by keys.
async fn a_family_without_the_mouse(chrome: &Chrome, adult: &[String], other: &[String]) {
    chrome.scan(adult).await;
    chrome.see("[data-step=decided]").await;
    chrome.press_until(BACKSPACE, "[data-step=document]").await;
    // A fold that hands over the focus, for lines that are typed by hand.
    chrome.press_until("t", "#typed textarea:focus").await;
    chrome.press(&adult[0]).await;
    chrome.press(ENTER).await;
    chrome.press(&adult[1]).await;
    chrome.press_with_control(ENTER).await;
    // Nobody vouches for a reader at the keyboard: the officer compares the nationality with the page.
    chrome.press_until("y", ".verdict.not-in-scope").await;
    chrome.press_until(ENTER, "[data-outcome=not-in-scope]").await;
    let first = chrome.script("the case", "return document.querySelector('.desk').dataset.case;").await;
    chrome.press_until("k", "[data-step=document] [data-accompanying]").await;
    let adult = "return document.querySelector('[data-accompanying]').dataset.accompanying;";
    assert_eq!(chrome.script("the adult", adult).await, first);

    chrome.scan(other).await;
    chrome.see("[data-step=decided]").await;
    chrome.press_until(ENTER, "[data-step=declare]").await;
    // The fold opens for the key that chooses in it.
    chrome.press_until("1", "select[name=missing-left-little]").await;
    for (key, select) in [("9", "missing-right-ring"), ("0", "missing-right-little"), ("e", "face_exception")] {
        chrome.press(key).await;
        let chosen = format!("return document.querySelector('select[name={select}]').value === 'bandaged';");
        chrome.script(select, &chosen).await;
    }
    // Once: another press would go one more step back.
    chrome.press(BACKSPACE).await;
    chrome.see("[data-step=decided]").await;
    chrome.press_until(DELETE, "[data-outcome=cancelled]").await;
    chrome.see("#record.uploaded").await;
}

async fn log_in(chrome: &Chrome, station: &Station, (person, pin): (&str, &str)) {
    chrome.open(&format!("{}/login", station.place().address())).await;
    chrome.fill("input[name=person]", person).await;
    chrome.fill("input[name=pin]", pin).await;
    chrome.click("#login button").await;
}

/// An officer at another browser takes somebody whose prints stay poor. One hand is bandaged, which saves time.
async fn park_a_rejected_capture(station: &Station, sim: &mut Sim) -> String {
    let poor = people::poor_prints(33);
    sim.arrive(&poor).await;
    let mut officer = station.officer().await;
    let case = officer.read(&poor.lines).await.unwrap();
    officer.go_on().await.unwrap();
    let left =
        ["missing-left-thumb", "missing-left-index", "missing-left-middle", "missing-left-ring", "missing-left-little"];
    let view = officer.capture(sim, &left.map(|finger| (finger, "bandaged"))).await.unwrap();
    assert!(view.slots.iter().any(|slot| slot.state == "exhausted"), "{}: {:?}", view.describe(), view.slots);
    officer.post("/officer/sign", &[]).await.unwrap();
    officer.until("the case to wait", |view| view.parked.iter().any(|parked| parked.case == case)).await.unwrap();
    case
}

/// The outcomes that the intake has, in the order of the chain.
fn listed(station: &Station) -> Vec<String> {
    station.list().into_iter().map(|record| record.outcome).collect()
}
