//! The promise: axe-core finds no serious and no critical barrier on any page, in a language that is written from the left
//! and in one that is written from the right; no page needs sideways scrolling, not even enlarged twice; no traveller has
//! to scroll the notice; and whatever a station of simulated devices shows says that it is simulated.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use tests::Station;
use tests::chrome::Chrome;
use tests::tour::Tour;

/// Screens in CSS pixels: a kiosk, a desk, a tablet of 10 inches across and upright, and the kiosk at 200 % zoom.
const SCREENS: [(u32, u32, bool); 5] =
    [(1280, 800, false), (1920, 1080, false), (1280, 800, true), (800, 1280, true), (640, 400, false)];

/// Pages that show nothing of a device or a case.
const EMPTY: [&str; 1] = ["display-connect"];

/// Whether the page says that the devices are simulated.
const SIMULATED: &str = "return 1 + document.querySelectorAll('.simulated').length;";

/// How far the page reaches past the right or left edge of the screen, in CSS pixels.
const OVERFLOW: &str =
    "return 1 + Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth);";

/// How much of the privacy notice has to be scrolled to, in CSS pixels: nobody scrolls a display.
const HIDDEN: &str = "
    const notice = document.querySelector('.privacy');
    return 1 + (notice ? notice.scrollHeight - notice.clientHeight : 0);";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_has_a_serious_barrier() {
    every_page("en", 24).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_has_a_serious_barrier_when_written_from_the_right() {
    every_page("ar", 24).await;
}

async fn every_page(language: &str, at_least: usize) {
    let station = Station::start().await;
    let chrome = Chrome::start().await;
    let (mut found, mut seen) = (Vec::new(), Vec::new());
    Tour::new(&station, &chrome, language)
        .await
        .walk(async |chrome: &Chrome, name: &str| {
            for (width, height, touch) in SCREENS {
                chrome.size(width, height, touch).await;
                let wider = chrome.script("the width of the page", OVERFLOW).await.as_f64().unwrap() - 1.0;
                if wider > 0.0 {
                    found.push(format!("{name} at {width}x{height} is {wider} px too wide"));
                }
                let hidden = chrome.script("the height of the notice", HIDDEN).await.as_f64().unwrap() - 1.0;
                if hidden > 1.0 && height >= 800 {
                    found.push(format!("{name} at {width}x{height} hides {hidden} px of the notice"));
                }
            }
            let badges = chrome.script("the badges", SIMULATED).await.as_f64().unwrap() - 1.0;
            if badges == 0.0 && !EMPTY.contains(&name) {
                found.push(format!("{name} does not say that it is simulated"));
            }
            let (width, height, touch) = SCREENS[0];
            chrome.size(width, height, touch).await;
            found.extend(chrome.barriers().await.into_iter().map(|barrier| format!("{name}: {barrier}")));
            seen.push(name.to_owned());
        })
        .await;
    assert!(seen.len() >= at_least, "{seen:?}");
    assert!(found.is_empty(), "{language}: {}", found.join("\n"));
    chrome.quit().await;
}
