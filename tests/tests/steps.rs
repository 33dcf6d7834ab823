//! The promise: whatever happens to the page, the connection, a device or the station in the middle of a step, no signed
//! record, no decision and no line of the audit trail is lost or doubled, and people are told which step to repeat.
//!
//! One station is walked through every step again and again: with a reload, the back button and two tabs that press at once;
//! with a connection that ends before the answer and devices that are pulled out; and with a station that dies.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use hardware_sim::shift::browser::BrowserError;
use hardware_sim::shift::view::View;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use tests::{Officer, Setup, Sim, Station, people};

/// Each step of an ordinary enrolment, with the order that leads on, and the stage that is repeated after a restart. From
/// the capture an order leads back to its declaration.
const STEPS: [(&str, &str, &str); 5] = [
    ("document", "/officer/document", "Document"),
    ("decided", "/officer/proceed", "Decision"),
    ("declare", "/officer/declare", "Decision"),
    ("capturing", "/officer/undo", "Face and fingers"),
    ("summary", "/officer/sign", "Face and fingers"),
];

/// A request that is given up after this may have reached the station or not.
const GIVEN_UP: Duration = Duration::from_millis(2);

/// A device that is well again is ready within this.
const MENDED: Duration = Duration::from_secs(10);

struct Walk {
    station: Station,
    officer: Officer,
    sim: Sim,
    lines: Vec<String>,
    case: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_step_is_lost_or_done_twice() {
    let station = Setup { scanner: Some("ef01"), ..Setup::default() }.start().await;
    station.until_ready(&["camera", "scanner", "reader"]).await;
    let (officer, mut sim) = (station.officer().await, station.sim().await);
    let traveller = people::adult(5);
    sim.arrive(&traveller).await;
    let mut walk = Walk { station, officer, sim, lines: traveller.lines, case: String::new() };

    // Reload, back button, double click, two tabs.
    walk.open().await;
    let mut other = walk.station.officer().await;
    for (step, order, _) in STEPS {
        let at = walk.reach(step).await;
        assert_eq!(walk.at().await, at, "{step}: a page that is loaded again changes nothing");
        let fields = walk.fields(order, &at);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (one, two) = tokio::join!(walk.officer.post(order, &fields), other.post(order, &fields));
        let refused = match (one, two) {
            (Ok(()), Err(refused)) | (Err(refused), Ok(())) => refused,
            both => panic!("{step}: one of two clicks counts: {both:?}"),
        };
        outdated(step, &refused);
        walk.left(step).await;
        outdated(step, &walk.officer.post(order, &fields).await.unwrap_err());
        walk.go_back_to(step).await;
    }
    walk.ended("enrolled").await;

    // A connection that ends before the answer, devices that are pulled out.
    walk.open().await;
    for (step, order, _) in STEPS {
        let mut at = walk.reach(step).await;
        if step == "capturing" {
            walk.held_and_mended().await;
            at = walk.at().await;
        } else {
            walk.pulled_out_and_mended(step).await;
        }
        let fields = walk.fields(order, &at);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let _ = tokio::time::timeout(GIVEN_UP, walk.officer.post(order, &fields)).await;
        // The officer presses again on the same page, and it is known whether the first one counted.
        if let Err(refused) = walk.officer.post(order, &fields).await {
            outdated(step, &refused);
        }
        walk.left(step).await;
        walk.go_back_to(step).await;
    }
    walk.ended("enrolled").await;

    for (step, _, stage) in STEPS {
        walk.open().await;
        walk.reach(step).await;
        walk.dies(stage).await;
    }
    walk.decided_once_and_told_when_gone().await;
    walk.accounts();
}

impl Walk {
    async fn open(&mut self) {
        self.case = self.officer.open().await.unwrap();
    }

    /// Leads the case to a step; what the page shows there.
    async fn reach(&mut self, wanted: &str) -> String {
        loop {
            let view = self.officer.now();
            if view.step == wanted {
                return self.at().await;
            }
            match view.step.as_str() {
                "document" => drop(self.officer.type_lines(&self.lines).await.unwrap()),
                "decided" => drop(self.officer.go_on().await.unwrap()),
                "declare" => {
                    self.officer.post("/officer/declare", &[]).await.unwrap();
                    self.officer.until("the capture to begin", |view| view.step != "declare").await.unwrap();
                }
                "capturing" => drop(self.officer.take(&mut self.sim).await.unwrap()),
                _ => panic!("no way to {wanted}: {}", view.describe()),
            }
        }
    }

    /// Waits until the view has left a step.
    async fn left(&mut self, step: &str) {
        self.officer.until("the page to go on", |view| view.step != step).await.unwrap();
    }

    /// From the declaration that the capture was left for.
    async fn go_back_to(&mut self, step: &str) {
        if step == "capturing" {
            self.reach(step).await;
        }
    }

    /// What the page says that it shows.
    async fn at(&self) -> String {
        let page = self.officer.browser.page("/officer").await.unwrap();
        let (_, rest) = page.split_once("name=\"at\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    fn fields(&self, order: &str, at: &str) -> Vec<(&'static str, String)> {
        let lines = (order == "/officer/document").then(|| ("lines", self.lines.join("\n")));
        [("at", at.to_owned())].into_iter().chain(lines).collect()
    }

    /// Outside a capture nobody needs the devices: the step stays as it is.
    async fn pulled_out_and_mended(&mut self, step: &str) {
        for device in ["camera", "scanner"] {
            self.sim.fault(device, "unplug", 0).await;
        }
        assert_eq!(self.officer.now().step, step, "{}", self.officer.now().describe());
        self.mend().await;
        assert_eq!(self.officer.now().step, step, "{}", self.officer.now().describe());
    }

    /// In the capture the officer reads what happened, and presses Retry.
    async fn held_and_mended(&mut self) {
        self.sim.fault("camera", "unplug", 0).await;
        let held = |view: &View| view.step == "held" || view.slot.as_deref() != Some("face");
        let view = self.officer.until("the fault", held).await.unwrap();
        if view.step == "held" {
            assert_eq!(view.fault.as_ref().map(|fault| fault.code.as_str()), Some("D-30"), "{}", view.describe());
            self.mend().await;
            self.officer.post("/officer/retry", &[]).await.unwrap();
            self.officer.until("the capture to go on", |view| view.step == "capturing").await.unwrap();
        } else {
            self.mend().await;
        }
    }

    async fn mend(&mut self) {
        for device in ["camera", "scanner"] {
            self.sim.mend(device).await;
        }
        let ready = |health: &Value| {
            ["camera", "scanner"].iter().all(|name| tests::station::device(health, name)["state"] == "ready")
        };
        self.station.until_health("the devices to be ready", MENDED, ready).await;
    }

    async fn ended(&mut self, outcome: &str) {
        let left = self.officer.uploaded(&self.case).await.unwrap();
        assert_eq!(left.outcome, outcome);
    }

    /// The station dies and comes back: the page names the case and the stage, until the next traveller.
    async fn dies(&mut self, stage: &str) {
        self.station.kill9();
        self.sim.hand(&[]).await;
        self.station.restart().await;
        self.station.until_ready(&["camera", "scanner"]).await;
        self.officer = self.station.officer().await;
        assert_eq!(self.officer.now().step, "idle");
        let page = self.officer.browser.page("/officer").await.unwrap();
        let told = page.split_once(&format!("data-interrupted=\"{}\"", self.case)).unwrap_or_else(|| panic!("{page}"));
        let told = told.1.split_once("</p>").unwrap().0;
        assert!(told.contains(stage) && told.contains("Nothing of this case was signed"), "{stage}: {told}");
    }

    /// Two supervisors' windows decide at once; what waits when the station dies is told to the supervisor.
    async fn decided_once_and_told_when_gone(&mut self) {
        self.veto().await;
        let (mut one, mut two) = (self.station.supervisor().await, self.station.supervisor().await);
        let fields = [("case", self.case.as_str()), ("decision", "approve"), ("reason", "evidence-seen")];
        let decided = tokio::join!(one.post("/supervisor/decide", &fields), two.post("/supervisor/decide", &fields));
        assert!(decided.0.is_ok() != decided.1.is_ok(), "one decision counts: {decided:?}");
        self.ended("enrolled-with-exceptions").await;
        let history = one.page(&format!("/supervisor/case/{}", self.case)).await.unwrap();
        assert!(history.contains("data-history") && history.contains("Approved"), "{history}");

        self.veto().await;
        self.dies("Review").await;
        let list = self.station.supervisor().await.page("/supervisor").await.unwrap();
        assert!(list.contains(&format!("data-interrupted=\"{}\"", self.case)), "{list}");
        // The next traveller takes the notice off the page.
        self.open().await;
        self.officer.post("/officer/cancel", &[]).await.unwrap();
        self.ended("cancelled").await;
        assert!(!self.officer.browser.page("/officer").await.unwrap().contains("data-interrupted"));
    }

    async fn veto(&mut self) {
        self.open().await;
        self.reach("summary").await;
        let fields = [("slot", "face"), ("veto", "refused-although-accepted"), ("reason", "another person")];
        self.officer.post("/officer/veto", &fields).await.unwrap();
        let case = self.case.clone();
        self.officer.until("the case to wait", |view| view.parked.iter().any(|of| of.case == case)).await.unwrap();
    }

    /// Every case has one beginning and one end, every record is at the intake once, every deed is in the trail once.
    fn accounts(&self) {
        let mut ends: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        let mut records = 0;
        for fact in self.station.journal() {
            let Some(case) = fact["case"].as_str() else { continue };
            let entry = ends.entry(case.to_owned()).or_default();
            match fact["fact"].as_str().unwrap() {
                "case-opened" => entry.0 += 1,
                "case-closed" => entry.1 += 1,
                "appended" => (entry.1, records) = (entry.1 + 1, records + 1),
                _ => {}
            }
        }
        assert!(ends.len() >= 10 && ends.values().all(|counts| *counts == (1, 1)), "{ends:?}");
        let mut sequences: Vec<_> = self.station.list().iter().map(|record| record.sequence).collect();
        sequences.sort_unstable();
        assert_eq!(sequences, (1..=records).collect::<Vec<u64>>());

        let trail = std::fs::read_dir(self.station.place().path("station/store/audit")).unwrap();
        let trail: String = trail.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
        let mut deeds: BTreeMap<(String, String), usize> = BTreeMap::new();
        for line in trail.lines() {
            let event: Value = serde_json::from_str(line.split_once(' ').unwrap().1).unwrap();
            if let Some(case) = event["case"].as_str() {
                *deeds.entry((event["what"].as_str().unwrap().into(), case.into())).or_default() += 1;
            }
        }
        for once in ["case-opened", "signed", "overridden", "approved", "record-kept", "parked"] {
            let of: Vec<_> = deeds.iter().filter(|((what, _), _)| what == once).collect();
            assert!(!of.is_empty() && of.iter().all(|(_, count)| **count == 1), "{once}: {of:?}");
        }
        assert_eq!(deeds.iter().filter(|((what, _), _)| what == "record-kept").count() as u64, records);
    }
}

/// The order came from a page that the desk had left behind.
fn outdated(step: &str, refused: &BrowserError) {
    assert!(matches!(refused, BrowserError::Refused { code, .. } if code == "U-16"), "{step}: {refused}");
}
