//! The promise: people log in by PIN and security key in a real Chromium, whose virtual key stands for one of the border's;
//! a locked screen opens to the same person and stays as it was; what people did stands in the audit trail.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use tests::Station;
use tests::chrome::Chrome;
use tests::process::succeed;
use tests::station::{OFFICER, SUPERVISOR};

const ADMINISTRATOR: (&str, &str) = ("zarina", "864209");
const AUDITOR: (&str, &str) = ("galina", "753142");

/// What the administrator at the command line gives out: its owner has to choose another.
const GIVEN: &str = "1928374650";

/// Has the page hear that its screen locks in ten seconds.
const LITTLE_TIME: &str = "
    window.realFetch = window.fetch;
    const left = { locked: false, idle_ms: 10000, warning_ms: 20000, shift_minutes: null };
    window.fetch = (address, options) => address === '/session'
        ? Promise.resolve({ url: location.href, json: async () => left }) : window.realFetch(address, options);
    return true;";

/// Adds somebody by the command line, beside the running station.
fn add(station: &Station, role: &str, name: &str) {
    let file = station.place().path("pin");
    std::fs::write(&file, GIVEN).unwrap();
    let (data, file) = (station.place().text("station"), file.display().to_string());
    succeed("gatepost", &["people", "add", "--data", &data, "--role", role, "--pin-file", &file, name]);
}

async fn log_in(chrome: &Chrome, station: &Station, (person, pin): (&str, &str)) {
    chrome.open(&format!("{}/login", station.place().address())).await;
    chrome.fill("input[name=person]", person).await;
    chrome.fill("input[name=pin]", pin).await;
    chrome.click("#login button").await;
}

/// The first log-in of somebody whose PIN another person knows: no page opens before it is changed.
async fn log_in_first(chrome: &Chrome, station: &Station, (person, pin): (&str, &str), page: &str) {
    log_in(chrome, station, (person, GIVEN)).await;
    chrome.see("#own-pin").await;
    chrome.open(&format!("{}{page}", station.place().address())).await;
    chrome.see("#own-pin").await;
    for (old, new, again, said) in
        [(GIVEN, pin, GIVEN, "P-30"), (GIVEN, GIVEN, GIVEN, "P-31"), (pin, pin, pin, "P-31"), ("99", pin, pin, "P-03")]
    {
        choose_pin(chrome, old, new, again).await;
        chrome.see(&format!("#own-pin [data-code={said}]")).await;
    }
    choose_pin(chrome, GIVEN, pin, pin).await;
    chrome.script("the page", &format!("return location.pathname === '{page}';")).await;
}

async fn choose_pin(chrome: &Chrome, old: &str, new: &str, again: &str) {
    for (field, typed) in [("old", old), ("pin", new), ("again", again)] {
        chrome.fill(&format!("#own-pin input[name={field}]"), typed).await;
    }
    chrome.click("#own-pin button").await;
}

/// Opens what the administrator can do with a person, and presses one of its buttons.
async fn do_with(chrome: &Chrome, person: &str, action: &str) {
    chrome.click(&format!("[data-person={person}] summary")).await;
    chrome.click(&format!("[data-person={person}] form[action='/administrator/{action}'] button")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_log_in_by_pin_and_key_and_come_back_to_a_locked_screen() {
    let mut station = Station::start().await;
    add(&station, "administrator", ADMINISTRATOR.0);
    add(&station, "auditor", AUDITOR.0);
    let chrome = Chrome::start().await;
    let key = chrome.plug_in_a_key().await;

    // An administrator registers the officer's key, with the officer beside them.
    log_in_first(&chrome, &station, ADMINISTRATOR, "/administrator").await;
    chrome.see("[data-person=anna] summary").await;
    do_with(&chrome, "anna", "key").await;
    chrome
        .script(
            "the key in the list",
            "return document.querySelector('[data-person=anna] .keys')?.textContent[0] === '1';",
        )
        .await;
    // The supervisor is to register their own by a code.
    do_with(&chrome, "boris", "consent").await;
    let code = chrome.see("#code").await;
    chrome.click("form[action='/logout'] button").await;

    // PIN and touch.
    log_in(&chrome, &station, OFFICER).await;
    chrome.see("[data-step=idle]").await;

    // Nobody is locked out without a warning: the page is told that little time is left.
    chrome.script("little time", LITTLE_TIME).await;
    let warning = "return document.getElementById('session').textContent || null;";
    assert_eq!(chrome.script("the warning", warning).await, "The screen locks soon. Press any key to go on.");
    chrome.script("time as it is", "window.fetch = window.realFetch; return true;").await;

    comes_back_to_a_locked_screen(&chrome).await;

    // A code registers one's own key.
    log_in(&chrome, &station, SUPERVISOR).await;
    chrome.fill("#touch input[name=code]", "WRONGCODE2").await;
    chrome.click("#touch button").await;
    chrome.see("#refusal [data-code=P-27]").await;
    chrome.fill("#touch input[name=code]", code.trim()).await;
    chrome.click("#touch button").await;
    chrome.script("the supervisor's page", "return location.pathname === '/supervisor';").await;
    chrome.click("form[action='/logout'] button").await;

    // Without the key nobody gets past the PIN.
    chrome.unplug(&key).await;
    chrome.plug_in_a_key().await;
    log_in(&chrome, &station, OFFICER).await;
    chrome.see("#touch").await;
    chrome.open(&format!("{}/officer", station.place().address())).await;
    chrome.see("#login").await;

    log_in_first(&chrome, &station, AUDITOR, "/auditor").await;
    let lines = chrome.see(".trail").await;
    for what in
        ["security-key-added", "consent-given", "person-added", "pin-changed", "session-locked", "session-unlocked"]
    {
        assert!(lines.contains(what), "{what} is not in the audit trail:\n{lines}");
    }
    chrome.click("form[action='/logout'] button").await;

    // In production a PIN alone opens nothing.
    station.stop().await;
    station.place().replace("mode = \"demonstration\"", "mode = \"production\"");
    station.restart().await;
    log_in(&chrome, &station, ADMINISTRATOR).await;
    chrome.see("#login [data-code=P-12]").await;
    let said = chrome.script("the page", "return document.getElementById('pin-only') ? 'pin only' : 'both';").await;
    assert_eq!(said, "both");
    chrome.quit().await;
}

/// A lock leaves the officer's page as it was: what was typed is there again.
async fn comes_back_to_a_locked_screen(chrome: &Chrome) {
    chrome.click("#new").await;
    let fold = "const fold = document.querySelector('details:has(#typed)'); return fold && (fold.open = true);";
    chrome.script("the fold for typed lines", fold).await;
    chrome.fill("#typed textarea", "half a line").await;
    for unlock in ["PIN", "key"] {
        chrome.click("form[action='/session/lock'] button").await;
        chrome.see("#lock input[name=pin]").await;
        let hidden = "return getComputedStyle(document.getElementById('main')).visibility === 'hidden';";
        chrome.script("the page to be covered", hidden).await;
        if unlock == "PIN" {
            chrome.fill("#lock input[name=pin]", OFFICER.1).await;
            chrome.click("#lock #unlock button").await;
        } else {
            chrome.click("#lock #unlock-key button").await;
        }
        chrome.script("the lock to go", "return !document.getElementById('lock');").await;
        let typed = chrome.script("what was typed", "return document.querySelector('#typed textarea').value;").await;
        assert_eq!(typed, "half a line", "{unlock}");
    }
    chrome.click("form[action='/logout'] button").await;
}
