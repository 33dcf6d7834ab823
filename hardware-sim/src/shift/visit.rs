//! One traveller's visit: the officer reads the page and acts, the traveller does what the page asks for.

use super::browser::{Browser, BrowserError, Views};
use super::director::{Director, DirectorError};
use super::human::Act;
use super::plan::Planned;
use super::script::How;
use super::situation::Situation;
use super::view::{Health, View};
use crate::person::Person;
use crate::scenario::Acted;
use domain::finger::Finger;
use std::collections::BTreeMap;
use std::time::Duration;
use thiserror::Error;
use tokio::time::{Instant, sleep};

/// How long the page may stay the same while something is to happen.
pub const STEP_LIMIT: Duration = Duration::from_secs(20);

/// Retries after device faults in one visit.
const MAX_RETRIES: u32 = 5;

/// How often the station's health is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Views of one visit: a guard against a page that changes for ever.
const MAX_VIEWS: u32 = 20_000;

/// Why a visit broke off.
#[derive(Debug, Error)]
pub enum VisitError {
    /// The station's pages.
    #[error(transparent)]
    Browser(#[from] BrowserError),
    /// The simulated devices.
    #[error(transparent)]
    Director(#[from] DirectorError),
    /// A device failed again and again.
    #[error("devices failed {MAX_RETRIES} times; {0}")]
    Faults(String),
    /// A device did not become ready again.
    #[error("a device did not become ready again: {0}")]
    NotMended(String),
    /// The page asks something that the script has no answer to.
    #[error("the page asks {0}, and the script has no answer to it")]
    NoAnswer(String),
    /// The page changes without end.
    #[error("the page changed {MAX_VIEWS} times without an end")]
    Restless,
}

/// Time of one visit: what people take is added up, and slept only on request.
#[derive(Debug)]
pub struct Stopwatch {
    realtime: bool,
    human: Duration,
    slept: Duration,
    elapsed: Duration,
    since: Option<Instant>,
}

impl Stopwatch {
    /// Stopped at zero.
    pub fn new(realtime: bool) -> Self {
        let zero = Duration::ZERO;
        Self { realtime, human: zero, slept: zero, elapsed: zero, since: None }
    }

    /// Runs from now on.
    pub fn start(&mut self) {
        self.since = Some(Instant::now());
    }

    /// Stops; may be started again.
    pub fn stop(&mut self) {
        self.elapsed += self.since.take().map_or(Duration::ZERO, |since| since.elapsed());
    }

    /// Somebody does something.
    pub async fn act(&mut self, act: Act) {
        let takes = Duration::from_millis(act.takes_ms());
        self.human += takes;
        if self.realtime {
            sleep(takes).await;
            self.slept += takes;
        }
    }

    /// Scripted time of people in milliseconds.
    pub fn human_ms(&self) -> u64 {
        self.human.as_millis() as u64
    }

    /// What is left of the elapsed time without sleep, the lines' own transfer and the simulation's own work.
    pub fn machine_wait_ms(&self, transfer_ms: u64, simulation: Duration) -> u64 {
        let others = self.slept + Duration::from_millis(transfer_ms) + simulation;
        self.elapsed.saturating_sub(others).as_millis() as u64
    }
}

/// What came of the visit at the desk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Left {
    /// The case's number.
    pub case: String,
    /// Attempts of all slots together.
    pub attempts: u32,
    /// Warnings that the officer saw.
    pub warnings: Vec<String>,
}

/// Officer and traveller at the desk.
pub struct Desk<'a> {
    /// The officer's browser.
    pub officer: &'a mut Browser,
    /// What the officer's page shows.
    pub views: &'a mut Views,
    /// The traveller's hands.
    pub director: &'a mut Director,
    /// The time.
    pub watch: &'a mut Stopwatch,
}

impl Desk<'_> {
    /// The whole visit, from "new traveller" until the case has left the desk.
    pub async fn play(&mut self, planned: &Planned, person: &Person) -> Result<Left, VisitError> {
        let before = self.views.now().case;
        self.officer.post("/officer/new", &[]).await?;
        let is_new = |view: &View| view.case.is_some() && view.case != before && view.step != "idle";
        let opened = self.views.until("a new case", STEP_LIMIT, is_new).await?;
        let mut left = Left { case: opened.case.clone().unwrap_or_default(), ..Left::default() };
        let mut retries = 0;
        let mut last: Option<Situation> = None;
        let mut view = opened;
        for _ in 0..MAX_VIEWS {
            left.attempts = left.attempts.max(view.attempts());
            if view.left(&left.case).is_some() {
                return Ok(left);
            }
            let situation = Situation::of(&view);
            if view.case.as_ref() == Some(&left.case) && last.as_ref() != Some(&situation) {
                self.note_warnings(&view, &mut left).await;
                let acted = self.pass_on(&situation).await?;
                self.react(&view, planned, person, acted, &mut retries).await?;
                last = Some(situation);
            }
            view = self.next(last.as_ref(), &left.case).await?;
        }
        Err(VisitError::Restless)
    }

    /// The next view. The wait is for another situation: frames of a live hint do not prolong it.
    async fn next(&mut self, last: Option<&Situation>, case: &str) -> Result<View, VisitError> {
        let deadline = Instant::now() + STEP_LIMIT;
        loop {
            match self.views.next(deadline).await? {
                None => return Err(self.views.timed_out("the page to go on", STEP_LIMIT).into()),
                Some(view) if Some(&Situation::of(&view)) != last || view.left(case).is_some() => return Ok(view),
                Some(_) => {}
            }
        }
    }

    /// Tells the simulator what the page says, if a scenario waits for it. After a fault somebody repairs the device, and
    /// the officer goes on when the station calls it ready.
    async fn pass_on(&mut self, situation: &Situation) -> Result<Acted, VisitError> {
        let Some(says) = situation.says().filter(|_| self.director.is_scripted()) else { return Ok(Acted::default()) };
        let acted = self.director.page(&says).await?;
        if situation.fault().is_some() {
            self.director.lift().await?;
            self.until_ready().await?;
        }
        Ok(acted)
    }

    async fn until_ready(&mut self) -> Result<(), VisitError> {
        let deadline = Instant::now() + STEP_LIMIT;
        loop {
            let health = self.officer.page("/health").await?;
            let well = Health::read(&health).is_some_and(|health| health.is_well());
            if well {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(VisitError::NotMended(health));
            }
            sleep(LOOK).await;
        }
    }

    async fn note_warnings(&mut self, view: &View, left: &mut Left) {
        for warning in &view.warnings {
            if !left.warnings.contains(warning) {
                left.warnings.push(warning.clone());
                self.watch.act(Act::ReadWarning).await;
            }
        }
    }

    /// One deed of the officer or the traveller, as the page asks for it.
    async fn react(
        &mut self,
        view: &View,
        planned: &Planned,
        person: &Person,
        acted: Acted,
        retries: &mut u32,
    ) -> Result<(), VisitError> {
        let desk = &planned.script.desk;
        let ends_here = desk
            .ends
            .as_ref()
            .filter(|ending| ending.at == view.step || (view.takes(&ending.at) && view.prompt.is_some()));
        if let Some(ending) = ends_here {
            return self.end(ending.how).await;
        }
        match view.step.as_str() {
            "confirm-date" => {
                self.watch.act(Act::ConfirmDate).await;
                self.officer.post("/officer/date-confirmed", &[]).await?;
            }
            "document" if acted.document => self.watch.act(Act::HandOver).await,
            "document" => self.present(planned.typed || view.fault.is_some(), person).await?,
            "decided" => self.decided(view, planned).await?,
            "declare" => self.declare(&desk.declare).await?,
            "capturing" => self.capture(view, person, acted).await?,
            "held" => {
                *retries += 1;
                if *retries > MAX_RETRIES {
                    return Err(VisitError::Faults(view.describe()));
                }
                self.watch.act(Act::Retry).await;
                self.officer.post("/officer/retry", &[]).await?;
            }
            "summary" => {
                self.director.lift().await?;
                self.watch.act(Act::CheckSummary).await;
                self.officer.post("/officer/sign", &[]).await?;
            }
            // Nobody has anything to do until the station goes on.
            _ => {}
        }
        Ok(())
    }

    async fn present(&mut self, typed: bool, person: &Person) -> Result<(), VisitError> {
        self.watch.act(Act::HandOver).await;
        if typed {
            self.watch.act(Act::TypeDocument).await;
            self.officer.post("/officer/document", &[("lines", &person.lines.join("\n"))]).await?;
        } else {
            self.director.swipe(&person.lines).await?;
        }
        Ok(())
    }

    async fn decided(&mut self, view: &View, planned: &Planned) -> Result<(), VisitError> {
        self.watch.act(Act::ReadDecision).await;
        if let Some(claim) = &planned.script.desk.claim {
            self.watch.act(Act::StateClaim).await;
            let fields = [("ground", claim.ground.as_str()), ("evidence", claim.evidence.as_str())];
            return Ok(self.officer.post("/officer/claim", &fields).await?);
        }
        match view.decision.as_ref().and_then(|decision| decision.question.as_ref()) {
            None => self.officer.post("/officer/proceed", &[]).await?,
            Some(question) if question.settled_by == "officer" => {
                let answers = &planned.script.desk.answers;
                let answer = answers.get(&question.id).ok_or_else(|| VisitError::NoAnswer(question.id.clone()))?;
                self.watch.act(Act::AnswerQuestion).await;
                self.officer.post("/officer/answer", &[("question", &question.id), ("answer", answer)]).await?;
            }
            Some(_) => self.officer.post("/officer/to-supervisor", &[]).await?,
        }
        Ok(())
    }

    async fn declare(&mut self, fields: &BTreeMap<String, String>) -> Result<(), VisitError> {
        for _ in fields {
            self.watch.act(Act::DeclareException).await;
        }
        self.watch.act(Act::StartCapture).await;
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Ok(self.officer.post("/officer/declare", &fields).await?)
    }

    async fn capture(&mut self, view: &View, person: &Person, acted: Acted) -> Result<(), VisitError> {
        match view.prompt.as_deref() {
            Some("look-at-camera") => self.watch.act(Act::LookAtCamera).await,
            Some("place-finger" | "place-fingers") => {
                let there: Vec<Finger> = view.fingers().into_iter().filter(|finger| !person.lacks(*finger)).collect();
                self.watch.act(if there.len() > 1 { Act::PlaceHand } else { Act::PlaceFinger }).await;
                if !acted.fingers {
                    self.director.put(&there).await?;
                }
            }
            Some("lift-finger" | "lift-fingers") => {
                self.watch.act(Act::LiftFinger).await;
                self.director.lift().await?;
            }
            _ => {}
        }
        Ok(())
    }

    async fn end(&mut self, how: How) -> Result<(), VisitError> {
        let (act, path) = match how {
            How::Refuses => (Act::Refuse, "/officer/refused"),
            How::WalksAway => (Act::WalkAway, "/officer/cancel"),
        };
        self.watch.act(act).await;
        if how == How::WalksAway {
            self.director.leave().await?;
        }
        Ok(self.officer.post(path, &[]).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_after_people_lines_and_simulation_is_machine_wait() {
        let mut watch = Stopwatch::new(false);
        watch.elapsed = Duration::from_secs(9);
        watch.slept = Duration::from_secs(5);
        for (transfer_ms, simulation_ms, wait_ms) in [(0, 0, 4000), (1500, 300, 2200), (60_000, 0, 0)] {
            assert_eq!(watch.machine_wait_ms(transfer_ms, Duration::from_millis(simulation_ms)), wait_ms);
        }
    }

    #[tokio::test]
    async fn human_time_is_added_and_not_slept() {
        let mut watch = Stopwatch::new(false);
        watch.act(Act::HandOver).await;
        watch.act(Act::TypeDocument).await;
        assert_eq!((watch.human_ms(), watch.slept), (35_000, Duration::ZERO));
    }
}
