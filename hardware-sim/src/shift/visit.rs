//! One traveller's visit: the officer reads the page and acts, the traveller does what the page asks for.

use super::browser::{Browser, BrowserError, Views};
use super::director::{Director, DirectorError};
use super::human::Act;
use super::plan::Planned;
use super::script::How;
use super::situation::Situation;
use super::stopwatch::Stopwatch;
use super::view::{BesideView, Health, View};
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

/// What came of the visit at the desk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Left {
    /// The case's number.
    pub case: String,
    /// Attempts of all slots together.
    pub attempts: u32,
    /// Warnings that the officer saw.
    pub warnings: Vec<String>,
    /// Keys that the officer pressed: one for each order, for each choice in a list, and for each character.
    pub key_presses: u32,
    /// From the officer's key for a new traveller until the page shows the new case.
    pub next_traveller: Duration,
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
    /// Keys that the officer has pressed for this traveller.
    pub pressed: u32,
}

impl Desk<'_> {
    /// The whole visit, from "new traveller" until the case has left the desk.
    pub async fn play(&mut self, planned: &Planned, person: &Person) -> Result<Left, VisitError> {
        let before = self.views.now().case;
        let asked = Instant::now();
        self.press("/officer/new", &[]).await?;
        let is_new = |view: &View| view.case.is_some() && view.case != before && view.step != "idle";
        let opened = self.views.until("a new case", STEP_LIMIT, is_new).await?;
        let next_traveller = asked.elapsed();
        let case = opened.case.clone().unwrap_or_default();
        let mut left = Left { case, next_traveller, ..Left::default() };
        let mut retries = 0;
        let mut last: Option<Situation> = None;
        let mut beside = None;
        let mut view = opened;
        for _ in 0..MAX_VIEWS {
            left.attempts = left.attempts.max(view.attempts());
            left.key_presses = self.pressed;
            if view.left(&left.case).is_some() {
                return Ok(left);
            }
            self.beside(&view, person, &mut beside).await?;
            let situation = Situation::of(&view);
            if view.case.as_ref() == Some(&left.case) && last.as_ref() != Some(&situation) {
                self.note_warnings(&view, &mut left).await;
                let acted = self.pass_on(&situation).await?;
                self.react(&view, planned, person, acted, &mut retries).await?;
                last = Some(situation);
            }
            view = self.next(last.as_ref(), beside.clone(), &left.case).await?;
        }
        Err(VisitError::Restless)
    }

    /// The officer gives an order: the keys that it takes are counted as they are sent.
    async fn press(&mut self, path: &str, fields: &[(&str, &str)]) -> Result<(), BrowserError> {
        self.pressed += keys(fields);
        self.officer.post(path, fields).await
    }

    /// The next view. The wait is for another situation: frames of a live hint do not prolong it.
    async fn next(
        &mut self,
        last: Option<&Situation>,
        asked: Option<BesideView>,
        case: &str,
    ) -> Result<View, VisitError> {
        let deadline = Instant::now() + STEP_LIMIT;
        loop {
            match self.views.next(deadline).await? {
                None => return Err(self.views.timed_out("the page to go on", STEP_LIMIT).into()),
                Some(view) if Some(&Situation::of(&view)) != last || view.left(case).is_some() => return Ok(view),
                Some(view) if view.beside != asked => return Ok(view),
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

    /// Fingers that are asked for while the face is captured. Whoever looks at a camera can put a hand down: that takes no
    /// time of its own up to the time of the look, but it takes a moment to see that both are wanted.
    async fn beside(&mut self, view: &View, person: &Person, last: &mut Option<BesideView>) -> Result<(), VisitError> {
        if view.beside == *last {
            return Ok(());
        }
        last.clone_from(&view.beside);
        let Some(beside) = view.beside.as_ref().filter(|_| !self.director.is_scripted()) else { return Ok(()) };
        match beside.prompt.as_str() {
            "place-finger" | "place-fingers" => {
                let fingers = beside.aimed_at.iter().filter_map(|slot| Finger::from_id(slot));
                let there: Vec<Finger> = fingers.filter(|finger| !person.lacks(*finger)).collect();
                let act = if there.len() > 1 { Act::PlaceHand } else { Act::PlaceFinger };
                self.watch.act(Act::DoTwoThings).await;
                self.watch.act_beside(act, Act::LookAtCamera).await;
                self.director.put(&there).await?;
            }
            "lift-finger" | "lift-fingers" => {
                self.watch.act(Act::LiftFinger).await;
                self.director.lift().await?;
            }
            _ => {}
        }
        Ok(())
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
                self.press("/officer/date-confirmed", &[]).await?;
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
                self.press("/officer/retry", &[]).await?;
            }
            "summary" => {
                self.director.lift().await?;
                self.watch.act(Act::CheckSummary).await;
                self.press("/officer/sign", &[]).await?;
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
            self.press("/officer/document", &[("lines", &person.lines.join("\n"))]).await?;
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
            return Ok(self.press("/officer/claim", &fields).await?);
        }
        match view.decision.as_ref().and_then(|decision| decision.question.as_ref()) {
            None => self.press("/officer/proceed", &[]).await?,
            Some(question) if question.settled_by == "officer" => {
                let answers = &planned.script.desk.answers;
                let answer = answers.get(&question.id).ok_or_else(|| VisitError::NoAnswer(question.id.clone()))?;
                self.watch.act(Act::AnswerQuestion).await;
                self.press("/officer/answer", &[("question", &question.id), ("answer", answer)]).await?;
            }
            Some(_) => self.press("/officer/to-supervisor", &[]).await?,
        }
        Ok(())
    }

    async fn declare(&mut self, fields: &BTreeMap<String, String>) -> Result<(), VisitError> {
        for _ in fields {
            self.watch.act(Act::DeclareException).await;
        }
        self.watch.act(Act::StartCapture).await;
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Ok(self.press("/officer/declare", &fields).await?)
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
        Ok(self.press(path, &[]).await?)
    }
}

/// Keys for an order: its own, one for each choice, and one for each character that is typed. An answer is its own key.
fn keys(fields: &[(&str, &str)]) -> u32 {
    let of = |(name, value): &(&str, &str)| match *name {
        "lines" => u32::try_from(value.chars().count()).unwrap_or(u32::MAX),
        "question" | "answer" => 0,
        _ => 1,
    };
    1 + fields.iter().map(of).sum::<u32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_an_order_counts() {
        for (fields, expected) in [
            (&[][..], 1),
            (&[("question", "confirm-child"), ("answer", "yes")], 1),
            (&[("missing-left-ring", "bandaged"), ("face_exception", "medical")], 3),
            (&[("ground", "diplomat"), ("evidence", "accreditation-card")], 3),
            (&[("lines", "P<UZB\nX87")], 10),
        ] {
            assert_eq!(keys(fields), expected, "{fields:?}");
        }
    }
}
