//! A station with an officer who is disturbed.

use crate::outdated;
use hardware_sim::shift::view::View;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use tests::wait::until;
use tests::{Officer, Setup, Sim, Station, people};

/// A device that is well again is ready within this.
const MENDED: Duration = Duration::from_secs(10);

/// How long a record may take to the intake.
const ARRIVES: Duration = Duration::from_secs(30);

/// A request that is given up after this may have reached the station or not.
const GIVEN_UP: Duration = Duration::from_millis(2);

/// The station, the officer, and the traveller before them.
pub struct Walk {
    /// The station.
    pub station: Station,
    /// The officer.
    pub officer: Officer,
    sim: Sim,
    lines: Vec<String>,
    case: String,
}

impl Walk {
    /// A station in good order, with a traveller before it; where `in_doubt`, nobody vouches for its clock.
    pub async fn start(in_doubt: bool) -> Self {
        let mut station = Setup { scanner: Some("ef01"), ..Setup::default() }.start().await;
        if in_doubt {
            station.stop().await;
            station.place().replace("trust = \"demonstration\"", "trust = \"officer-confirms\"");
            station.restart().await;
        }
        station.until_ready(&["camera", "scanner", "reader"]).await;
        let (officer, mut sim) = (station.officer().await, station.sim().await);
        let traveller = people::adult(5);
        sim.arrive(&traveller).await;
        Self { station, officer, sim, lines: traveller.lines, case: String::new() }
    }

    /// On this page nothing but its order leads on, and that counts once: not another language, not a reload, not one of
    /// two clicks at the same time, not a click on a page of before.
    pub async fn counts_once(&mut self, other: &mut Officer, order: &str, at: &str) {
        let before = self.officer.now();
        let step = before.step.clone();
        for language in ["ar", "en"] {
            // The answer leads over "/" to the page, which this browser does not follow.
            let _ = self.officer.post("/language", &[("language", language)]).await;
            let page = self.officer.browser.page("/officer").await.unwrap();
            assert!(page.contains(&format!("<html lang=\"{language}\"")), "{step}");
            assert_eq!(at_in(&page), at, "{step}: another language changes nothing");
        }
        let fields = self.fields(order, at);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (one, two) = tokio::join!(self.officer.post(order, &fields), other.post(order, &fields));
        let refused = match (one, two) {
            (Ok(()), Err(refused)) | (Err(refused), Ok(())) => refused,
            both => panic!("{step}: one of two clicks counts: {both:?}"),
        };
        outdated(&step, &refused);
        let asked = question(&before);
        let over = |view: &View| view.step != step || question(view) != asked;
        self.officer.until("the page to go on", over).await.unwrap();
        outdated(&step, &self.officer.post(order, &fields).await.unwrap_err());
    }

    /// The connection ends before the answer, so that the order has reached the station or not. The officer presses again
    /// on the same page, and it counts once.
    pub async fn pressed_again(&mut self, order: &str, at: &str) {
        let before = self.officer.now();
        let (step, asked) = (before.step.clone(), question(&before));
        let fields = self.fields(order, at);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let _ = tokio::time::timeout(GIVEN_UP, self.officer.post(order, &fields)).await;
        if let Err(refused) = self.officer.post(order, &fields).await {
            outdated(&step, &refused);
        }
        let over = |view: &View| view.step != step || question(view) != asked;
        self.officer.until("the page to go on", over).await.unwrap();
    }

    /// The next traveller.
    pub async fn open(&mut self) {
        self.opened().await;
        self.reach("document").await;
    }

    /// The next traveller, while nobody vouches for the clock: what the page shows.
    pub async fn opened_in_doubt(&mut self) -> String {
        self.opened().await;
        assert_eq!(self.officer.now().step, "confirm-date");
        self.at().await
    }

    async fn opened(&mut self) {
        let before = self.officer.now().case;
        self.officer.post("/officer/new", &[]).await.unwrap();
        let is_new = |view: &View| view.case.is_some() && view.case != before && view.step != "idle";
        self.case = self.officer.until("a new case", is_new).await.unwrap().case.unwrap();
    }

    /// The next traveller's document is typed, and leaves a question.
    pub async fn asked(&mut self, lines: &[String]) {
        self.open().await;
        let view = self.officer.type_lines(lines).await.unwrap();
        assert!(question(&view).is_some(), "{}", view.describe());
    }

    /// The face is taken, and fingers are asked for.
    pub async fn fingers(&mut self) {
        self.reach("capturing").await;
        let taken = |view: &View| view.step == "capturing" && view.slot.as_deref() != Some("face");
        self.officer.until("fingers to be asked for", taken).await.unwrap();
    }

    /// The camera is pulled out before the capture.
    pub async fn held(&mut self) {
        self.reach("declare").await;
        self.sim.fault("camera", "unplug", 0).await;
        self.officer.post("/officer/declare", &[]).await.unwrap();
        self.officer.until("the fault", |view| view.step == "held").await.unwrap();
    }

    /// A supervisor wants the vetoed face again.
    pub async fn recaptured(&mut self) {
        self.veto().await;
        let fields = [("case", self.case.as_str()), ("decision", "recapture"), ("reason", "sample-unusable")];
        self.station.supervisor().await.post("/supervisor/decide", &fields).await.unwrap();
        let case = self.case.clone();
        let called = |view: &View| view.parked.iter().any(|of| of.case == case && of.state == "recapture");
        self.officer.until("the traveller to be called back", called).await.unwrap();
    }

    /// The case at the desk is closed without a capture.
    pub async fn cancelled(&mut self) {
        self.officer.post("/officer/cancel", &[]).await.unwrap();
        self.ended("cancelled").await;
    }

    /// Leads the case to a step; what the page shows there.
    pub async fn reach(&mut self, wanted: &str) -> String {
        loop {
            let view = self.officer.now();
            if view.step == wanted {
                return self.at().await;
            }
            match view.step.as_str() {
                "confirm-date" => {
                    self.officer.post("/officer/date-confirmed", &[]).await.unwrap();
                    self.officer.until("the date to be confirmed", |view| view.step != "confirm-date").await.unwrap();
                }
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

    /// From the declaration that the capture was left for.
    pub async fn go_back_to(&mut self, step: &str) {
        if step == "capturing" {
            self.reach(step).await;
        }
    }

    /// What the page says that it shows.
    pub async fn at(&self) -> String {
        let page = self.officer.browser.page("/officer").await.unwrap();
        at_in(&page).to_owned()
    }

    pub fn fields(&self, order: &str, at: &str) -> Vec<(&'static str, String)> {
        let more = match order {
            "/officer/answer" => {
                vec![("question", question(&self.officer.now()).unwrap()), ("answer", "yes".to_owned())]
            }
            "/officer/document" => vec![("lines", self.lines.join("\n"))],
            "/officer/recall" => vec![("case", self.case.clone())],
            _ => Vec::new(),
        };
        [("at", at.to_owned())].into_iter().chain(more).collect()
    }

    /// Outside a capture nobody needs the devices: the step stays as it is.
    pub async fn pulled_out_and_mended(&mut self, step: &str) {
        for device in ["camera", "scanner"] {
            self.sim.fault(device, "unplug", 0).await;
        }
        assert_eq!(self.officer.now().step, step, "{}", self.officer.now().describe());
        self.mend().await;
        assert_eq!(self.officer.now().step, step, "{}", self.officer.now().describe());
    }

    /// In the capture the officer reads what happened, in one of these codes, and presses Retry. A device that goes just
    /// before it is asked for is one that is not ready.
    pub async fn held_and_mended(&mut self, device: &str, codes: &[&str]) {
        let slot = self.officer.now().slot;
        self.sim.fault(device, "unplug", 0).await;
        let held = |view: &View| view.step == "held" || view.slot != slot;
        let view = self.officer.until("the fault", held).await.unwrap();
        if view.step == "held" {
            let told = view.fault.as_ref().is_some_and(|fault| codes.contains(&fault.code.as_str()));
            assert!(told, "{}", view.describe());
            self.mend().await;
            self.officer.post("/officer/retry", &[]).await.unwrap();
            self.officer.until("the capture to go on", |view| view.step == "capturing").await.unwrap();
        } else {
            self.mend().await;
        }
    }

    /// Devices are pulled out while the record is made and kept: it needs none.
    pub async fn kept_without_devices(&mut self) {
        self.officer.post("/officer/sign", &[]).await.unwrap();
        for device in ["camera", "scanner"] {
            self.sim.fault(device, "unplug", 0).await;
        }
        self.ended("enrolled").await;
        self.mend().await;
    }

    pub async fn mend(&mut self) {
        for device in ["camera", "scanner"] {
            self.sim.mend(device).await;
        }
        let ready = |health: &Value| {
            ["camera", "scanner"].iter().all(|name| tests::station::device(health, name)["state"] == "ready")
        };
        self.station.until_health("the devices to be ready", MENDED, ready).await;
    }

    pub async fn ended(&mut self, outcome: &str) {
        let left = self.officer.uploaded(&self.case).await.unwrap();
        assert_eq!(left.outcome, outcome);
    }

    /// The station dies and comes back: the page names the case and the stage, until the next traveller.
    pub async fn dies(&mut self, stage: &str) {
        self.restart().await;
        assert_eq!(self.officer.now().step, "idle");
        let page = self.officer.browser.page("/officer").await.unwrap();
        let told = page.split_once(&format!("data-interrupted=\"{}\"", self.case)).unwrap_or_else(|| panic!("{page}"));
        let told = told.1.split_once("</p>").unwrap().0;
        assert!(told.contains(stage) && told.contains("Nothing of this case was signed"), "{stage}: {told}");
    }

    /// The station dies so long after the signature: whether the record is kept. It is, and arrives, or the officer is
    /// told that nothing was signed.
    pub async fn dies_while_it_keeps(&mut self, after: Duration) -> bool {
        self.officer.post("/officer/sign", &[]).await.unwrap();
        tokio::time::sleep(after).await;
        self.restart().await;
        let facts = self.station.journal();
        let appended: Vec<_> = facts.iter().filter(|fact| fact["fact"] == "appended").collect();
        let kept = appended.iter().filter(|fact| fact["case"] == self.case.as_str()).count();
        let page = self.officer.browser.page("/officer").await.unwrap();
        assert_eq!(usize::from(!page.contains(&format!("data-interrupted=\"{}\"", self.case))), kept, "{after:?}");
        let all = || (self.station.list().len() == appended.len()).then_some(());
        until("every kept record to arrive", ARRIVES, async || all()).await;
        kept == 1
    }

    async fn restart(&mut self) {
        self.station.kill9();
        self.sim.hand(&[]).await;
        self.station.restart().await;
        self.station.until_ready(&["camera", "scanner"]).await;
        self.officer = self.station.officer().await;
    }

    /// Two supervisors' windows decide at once; what waits when the station dies is told to the supervisor.
    pub async fn decided_once_and_told_when_gone(&mut self) {
        self.veto().await;
        let (mut one, mut two) = (self.station.supervisor().await, self.station.supervisor().await);
        let fields = [("case", self.case.as_str()), ("decision", "approve"), ("reason", "evidence-seen")];
        let decided = tokio::join!(one.post("/supervisor/decide", &fields), two.post("/supervisor/decide", &fields));
        assert!(decided.0.is_ok() != decided.1.is_ok(), "one decision counts: {decided:?}");
        self.ended("enrolled-with-exceptions").await;
        // The connection ends before the answer, and the supervisor decides again.
        self.veto().await;
        let fields = [("case", self.case.as_str()), ("decision", "approve"), ("reason", "evidence-seen")];
        let _ = tokio::time::timeout(GIVEN_UP, one.post("/supervisor/decide", &fields)).await;
        let _ = one.post("/supervisor/decide", &fields).await;
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

    /// Every case has one beginning and one end, every record is at the intake once, every one of these deeds is in the
    /// trail once.
    pub fn accounts(&self, at_least: usize, done: &[&str]) {
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
        assert!(ends.len() >= at_least && ends.values().all(|counts| *counts == (1, 1)), "{ends:?}");
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
        for once in done {
            let of: Vec<_> = deeds.iter().filter(|((what, _), _)| what == *once).collect();
            assert!(!of.is_empty() && of.iter().all(|(_, count)| **count == 1), "{once}: {of:?}");
        }
        assert_eq!(deeds.iter().filter(|((what, _), _)| what == "record-kept").count() as u64, records);
    }
}

/// What this page says that it shows.
fn at_in(page: &str) -> &str {
    let (_, rest) = page.split_once("name=\"at\" value=\"").unwrap();
    rest.split('"').next().unwrap()
}

/// The question that a decision leaves.
fn question(view: &View) -> Option<String> {
    view.decision.as_ref()?.question.as_ref().map(|question| question.id.clone())
}
