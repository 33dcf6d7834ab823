//! An officer at a browser, who does what the page asks for.

use crate::sim::Sim;
use crate::station::OFFICER;
use hardware_sim::shift::browser::{Browser, BrowserError, Views};
use hardware_sim::shift::view::{RecentView, View};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long the page may take for one step; an attempt at a finger lasts 20 s at most.
pub const STEP: Duration = Duration::from_secs(30);

/// What an officer has read from the page.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Cases that stood at the desk.
    pub opened: BTreeSet<String>,
    /// Cases whose records the page called queued.
    pub queued: BTreeMap<String, RecentView>,
}

/// An officer at a browser.
pub struct Officer {
    /// Forms and pages.
    pub browser: Browser,
    views: Views,
    seen: Arc<Mutex<Seen>>,
}

type Done<T> = Result<T, BrowserError>;

impl Officer {
    /// Logs in and waits for the first view.
    pub async fn log_in(station: &str) -> Done<Self> {
        Self::log_in_as(station, OFFICER).await
    }

    /// The same for another officer.
    pub async fn log_in_as(station: &str, (person, pin): (&str, &str)) -> Done<Self> {
        let browser = Browser::log_in(station, person, pin).await?;
        let views = browser.views();
        let mut officer = Self { browser, views, seen: Arc::default() };
        officer.until("the first view", |view| !view.step.is_empty()).await?;
        Ok(officer)
    }

    /// What this officer has read so far; it goes on being filled.
    pub fn seen(&self) -> Arc<Mutex<Seen>> {
        Arc::clone(&self.seen)
    }

    /// The newest view.
    pub fn now(&self) -> View {
        self.views.now()
    }

    /// Sends a form.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Done<()> {
        self.browser.post(path, fields).await
    }

    /// Waits until the view is as wanted, and notes everything that it shows meanwhile.
    pub async fn until(&mut self, what: &str, mut wanted: impl FnMut(&View) -> bool) -> Done<View> {
        let seen = Arc::clone(&self.seen);
        let look = |view: &View| {
            seen.lock().unwrap().note(view);
            wanted(view)
        };
        self.views.until(what, STEP, look).await
    }

    /// Opens a case.
    pub async fn open(&mut self) -> Done<String> {
        let before = self.now().case;
        self.post("/officer/new", &[]).await?;
        let view = self.until("a new case", |view| view.step == "document" && view.case != before).await?;
        Ok(view.case.unwrap_or_default())
    }

    /// Opens a case and types the lines of the document.
    pub async fn read(&mut self, lines: &[String]) -> Done<String> {
        let case = self.open().await?;
        self.type_lines(lines).await?;
        Ok(case)
    }

    /// Types the lines of the document.
    pub async fn type_lines(&mut self, lines: &[String]) -> Done<View> {
        self.post("/officer/document", &[("lines", &lines.join("\n"))]).await?;
        self.until("a decision", |view| view.step == "decided").await
    }

    /// Says yes to the questions that an officer may settle, and goes on with what the rules say.
    pub async fn go_on(&mut self) -> Done<View> {
        let asked = |view: &View| {
            let question = view.decision.as_ref().and_then(|decision| decision.question.as_ref());
            question.map(|question| question.id.clone())
        };
        let mut view = self.now();
        while view.step == "decided" {
            let question = asked(&view);
            match &question {
                Some(id) => self.post("/officer/answer", &[("question", id), ("answer", "yes")]).await?,
                None => self.post("/officer/proceed", &[]).await?,
            }
            let over = |view: &View| view.step != "decided" || (question.is_some() && asked(view) != question);
            view = self.until("the page to go on", over).await?;
        }
        Ok(view)
    }

    /// Starts the capture with these exceptions and takes everything that is asked for.
    pub async fn capture(&mut self, sim: &mut Sim, exceptions: &[(&str, &str)]) -> Done<View> {
        self.post("/officer/declare", exceptions).await?;
        self.until("the capture to begin", |view| view.step != "declare").await?;
        self.take(sim).await
    }

    /// Puts fingers down and lifts them as the page says, until it shows something else: the summary, or a fault.
    pub async fn take(&mut self, sim: &mut Sim) -> Done<View> {
        let mut last = None;
        loop {
            let ask = |view: &View| (view.slot.clone(), view.prompt.clone(), view.attempts_here());
            let view =
                self.until("the capture to go on", |view| view.step != "capturing" || Some(ask(view)) != last).await?;
            if view.step != "capturing" {
                if view.step == "summary" {
                    sim.hand(&[]).await;
                }
                return Ok(view);
            }
            match view.prompt.as_deref() {
                Some("place-finger" | "place-fingers") => sim.hand(&view.aimed_at).await,
                Some("lift-finger" | "lift-fingers") => sim.hand(&[]).await,
                _ => {}
            }
            last = Some(ask(&view));
        }
    }

    /// A whole enrolment of whoever stands there, up to the record.
    pub async fn enrol(&mut self, sim: &mut Sim, lines: &[String]) -> Done<RecentView> {
        let case = self.read(lines).await?;
        self.go_on().await?;
        let view = self.capture(sim, &[]).await?;
        assert_eq!(view.step, "summary", "{}", view.describe());
        self.post("/officer/sign", &[]).await?;
        self.queued(&case).await
    }

    /// Waits until the page calls the record of a case queued.
    pub async fn queued(&mut self, case: &str) -> Done<RecentView> {
        self.left(case, "queued", |left| left.record.as_ref().is_some_and(|record| record.queued)).await
    }

    /// Waits until the page says that the intake has acknowledged the record of a case.
    pub async fn uploaded(&mut self, case: &str) -> Done<RecentView> {
        self.left(case, "uploaded", |left| left.record.as_ref().is_some_and(|record| record.uploaded)).await
    }

    async fn left(&mut self, case: &str, how: &str, wanted: impl Fn(&RecentView) -> bool) -> Done<RecentView> {
        let view = self.until(&format!("{case} to be {how}"), |view| view.left(case).is_some_and(&wanted)).await?;
        Ok(view.left(case).cloned().unwrap_or_default())
    }
}

impl Seen {
    fn note(&mut self, view: &View) {
        if let Some(case) = &view.case {
            self.opened.insert(case.clone());
        }
        for left in &view.recent {
            self.opened.insert(left.case.clone());
            if left.record.as_ref().is_some_and(|record| record.queued) {
                self.queued.insert(left.case.clone(), left.clone());
            }
        }
    }
}
