//! People in front of a real browser: whoever logs in, and a traveller who does what the officer's page says.

use crate::chrome::{Chrome, ENTER, TAB};
use crate::wait::until;
use crate::{Sim, Station};
use domain::device::CaptureGroup;
use serde_json::Value;
use std::time::Duration;

/// How long a whole capture may take, three attempts at a finger among it.
const CAPTURE: Duration = Duration::from_secs(90);

/// What the page asks the traveller for: step, finger, prompt.
const ASKED: &str = "
    const desk = document.querySelector('.desk'), slot = document.querySelector('h1.slot');
    const prompt = document.getElementById('prompt');
    return [desk.dataset.step, slot ? slot.dataset.slot : '', prompt ? prompt.textContent.trim() : ''];";

/// Logs in with the keyboard alone. The key that does so may reach the page that comes.
pub async fn log_in_by_keys(chrome: &Chrome, station: &Station, (person, pin): (&str, &str)) {
    chrome.open(&format!("{}/login", station.place().address())).await;
    chrome.see("input[name=person]:focus").await;
    for keys in [person, TAB, pin, ENTER] {
        chrome.press(keys).await;
    }
}

/// The traveller reads the page and puts fingers down and lifts them, until the page shows the summary.
pub async fn follow_the_page(chrome: &Chrome, sim: &mut Sim) {
    let mut last = Value::Null;
    until("the summary", CAPTURE, async || {
        let asked = chrome.script("the officer's page", ASKED).await;
        if asked == last {
            return None;
        }
        let [step, slot, prompt] = [0, 1, 2].map(|at| asked[at].as_str().unwrap().to_owned());
        assert!(["declare", "capturing", "summary"].contains(&step.as_str()), "{asked}");
        match prompt.as_str() {
            "Put the finger on the sensor" | "Put all these fingers flat on the glass" => {
                sim.hand(&fingers(&slot)).await
            }
            "Lift the finger" | "Lift the fingers" => sim.hand(&[]).await,
            _ => {}
        }
        last = asked;
        (step == "summary").then_some(())
    })
    .await;
    sim.hand(&[]).await;
}

/// The fingers that the page's word for a slot means.
fn fingers(slot: &str) -> Vec<String> {
    let slaps = [CaptureGroup::RightFour, CaptureGroup::LeftFour, CaptureGroup::TwoThumbs];
    let slap = slaps.into_iter().find(|slap| slap.id() == slot);
    slap.map_or_else(|| vec![slot.to_owned()], |slap| slap.fingers().iter().map(ToString::to_string).collect())
}
