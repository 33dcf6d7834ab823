//! The promise: whatever a device does in the middle of a capture, the officer reads what happened and what to do, and
//! goes on with Retry once the device is well again, without a restart of the station.
//!
//! One station has all these days one after another. Each row is one fault that begins after so many good bytes: in
//! the middle of a picture, of a fingerprint's transfer, of a document.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use hardware_sim::shift::view::View;
use std::time::Duration;
use tests::station::device;
use tests::{Officer, Setup, Sim, Station, people};

/// A device that is well again is ready within this: 5 s of the promise, and what a busy machine adds.
const MENDED: Duration = Duration::from_secs(10);

struct Day {
    fault: &'static str,
    /// Bytes that the device still sends well.
    after_bytes: u64,
    /// The codes that may be told: what a broken line looks like depends on where it breaks.
    codes: &'static [&'static str],
}

const fn day(fault: &'static str, after_bytes: u64, codes: &'static [&'static str]) -> Day {
    Day { fault, after_bytes, codes }
}

/// A picture has some tens of kilobytes; three or more are needed before the best one is taken.
const CAMERA: [Day; 5] = [
    day("unplug", 60_000, &["D-30"]),
    day("garbage", 60_000, &["D-34"]),
    day("slow", 60_000, &["D-33"]),
    day("silent", 60_000, &["D-33"]),
    day("stall", 60_000, &["D-33"]),
];

/// An image has 18,432 bytes, a little more with its packets.
const SCANNER: [Day; 6] = [
    day("unplug", 8_000, &["D-12"]),
    day("garbage", 8_000, &["D-17", "D-18"]),
    day("bad-checksum", 0, &["D-18"]),
    day("slow", 8_000, &["D-15", "D-16"]),
    day("silent", 0, &["D-15"]),
    day("stall", 8_000, &["D-15", "D-16"]),
];

/// A document has 90 bytes.
const READER: [Day; 5] = [
    day("unplug", 40, &["D-40"]),
    day("garbage", 40, &["D-44"]),
    day("slow", 40, &["D-44"]),
    day("silent", 0, &["D-43"]),
    day("stall", 40, &["D-43", "D-44"]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn capture_devices_fail_with_a_word_and_recover_without_a_restart() {
    let station = Setup { scanner: Some("ef01"), ..Setup::default() }.start().await;
    let mut desk = Desk::at(&station).await;
    let traveller = people::adult(5);
    desk.sim.arrive(&traveller).await;
    let mut scanner = SCANNER.iter();
    for camera in &CAMERA {
        let case = desk.officer.read(&traveller.lines).await.unwrap();
        desk.officer.go_on().await.unwrap();
        desk.sim.fault("camera", camera.fault, camera.after_bytes).await;
        desk.officer.post("/officer/declare", &[]).await.unwrap();
        desk.officer.until("the capture to begin", |view| view.step != "declare").await.unwrap();
        let mut view = desk.fails("camera", camera).await;
        assert_eq!(view.slot.as_deref(), Some("face"), "{}", view.describe());
        for finger in ["right-index", "left-index"] {
            let Some(day) = scanner.next() else { break };
            desk.until_asked_for(finger).await;
            desk.sim.fault("scanner", day.fault, day.after_bytes).await;
            view = desk.fails("scanner", day).await;
            assert_eq!(view.slot.as_deref(), Some(finger), "{}", view.describe());
        }
        let end = desk.officer.take(&mut desk.sim).await.unwrap();
        assert_eq!(end.step, "summary", "after {}: {}", camera.fault, end.describe());
        desk.officer.post("/officer/sign", &[]).await.unwrap();
        assert_eq!(desk.officer.uploaded(&case).await.unwrap().outcome, "enrolled");
    }
    assert!(scanner.next().is_none(), "every day of the scanner was had");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_fails_leaves_the_keyboard_and_reads_again_later() {
    let station = Setup { scanner: Some("ef01"), ..Setup::default() }.start().await;
    let mut desk = Desk::at(&station).await;
    let traveller = people::citizen(6, "RUS");
    for day in &READER {
        // The officer is told while the page asks for the document.
        let case = desk.officer.open().await.unwrap();
        desk.sim.fault("reader", day.fault, day.after_bytes).await;
        if day.after_bytes > 0 {
            desk.sim.swipe(&traveller.lines).await;
        }
        let view = desk.officer.until("the reader's fault", |view| view.fault.is_some()).await.unwrap();
        told(day, &view);
        let panel = desk.officer.browser.page("/officer").await.unwrap();
        assert!(panel.contains(&format!("data-code=\"{}\"", view.fault.unwrap().code)), "{}: {panel}", day.fault);

        // Typed lines do as well.
        desk.officer.type_lines(&traveller.lines).await.unwrap();
        desk.officer.go_on().await.unwrap();
        assert_eq!(desk.officer.queued(&case).await.unwrap().outcome, "not-in-scope", "{}", day.fault);

        desk.mend("reader").await;
        let case = desk.officer.open().await.unwrap();
        desk.sim.swipe(&traveller.lines).await;
        let read = desk.officer.until("the document", |view| view.step == "decided").await.unwrap();
        assert!(read.fault.is_none(), "{}: {}", day.fault, read.describe());
        desk.officer.go_on().await.unwrap();
        desk.officer.queued(&case).await.unwrap();
    }
}

/// The officer, the traveller's hand, and the station under both.
struct Desk<'a> {
    station: &'a Station,
    officer: Officer,
    sim: Sim,
}

impl<'a> Desk<'a> {
    async fn at(station: &'a Station) -> Self {
        station.until_ready(&["camera", "scanner", "reader"]).await;
        Self { station, officer: station.officer().await, sim: station.sim().await }
    }

    /// The fault that has been set comes, is told, ends, and Retry works. The view with the fault.
    async fn fails(&mut self, name: &str, day: &Day) -> View {
        let view = self.officer.take(&mut self.sim).await.unwrap();
        assert_eq!(view.step, "held", "{name} {}: {}", day.fault, view.describe());
        told(day, &view);
        self.sim.finger(None).await;
        self.mend(name).await;
        self.officer.post("/officer/retry", &[]).await.unwrap();
        let version = view.version;
        let again = |view: &View| view.version > version && view.step == "capturing";
        self.officer.until("the capture to go on after Retry", again).await.unwrap();
        view
    }

    /// Ends the fault and waits until the station calls the device ready.
    async fn mend(&mut self, name: &str) {
        self.sim.mend(name).await;
        let what = format!("the {name} to be ready again");
        self.station.until_health(&what, MENDED, |health| device(health, name)["state"] == "ready").await;
    }

    /// Takes what comes before this finger, until it is asked for.
    async fn until_asked_for(&mut self, finger: &str) {
        loop {
            let view = self.officer.now();
            let asked = view.slot.as_deref() == Some(finger) && view.prompt.as_deref() == Some("place-finger");
            if asked {
                return;
            }
            assert_eq!(view.step, "capturing", "{}", view.describe());
            match (view.prompt.as_deref(), view.finger()) {
                (Some("place-finger"), Some(earlier)) => self.sim.finger(Some(earlier.id())).await,
                (Some("lift-finger"), _) => self.sim.finger(None).await,
                _ => {}
            }
            let version = view.version;
            self.officer.until("the next step of the capture", |view| view.version > version).await.unwrap();
        }
    }
}

/// The officer reads a code, and a sentence with what to do.
fn told(day: &Day, view: &View) {
    let fault = view.fault.as_ref().unwrap();
    assert!(day.codes.contains(&fault.code.as_str()), "{}: {} ({})", day.fault, fault.text, fault.code);
    let sentences = fault.text.ends_with('.') && fault.text.split_whitespace().count() >= 6;
    assert!(sentences, "{}: {}", day.fault, fault.text);
}
