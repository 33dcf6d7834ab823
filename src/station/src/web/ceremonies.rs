//! What is under way with security keys: who is asked to touch one, at which browser, and what the station has to
//! remember until the key answers.

use super::logins::random_token;
use crate::people::{Asking, Person, Registering};
use domain::units::StaffId;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Ceremonies at one time; the oldest gives way.
const MOST: usize = 64;

/// A ceremony that takes longer is over: time to look for the key, and no more.
const LONGEST: Duration = Duration::from_secs(5 * 60);

/// All that are under way, each by the token of its browser.
#[derive(Default)]
pub struct Ceremonies(Mutex<HashMap<String, Ceremony>>);

/// One that is under way.
#[derive(Clone)]
pub struct Ceremony {
    /// Whose key it is about.
    pub whom: StaffId,
    /// The person's version when it began.
    pub version: u32,
    /// The secret of its forms.
    pub csrf: String,
    /// How far it is.
    pub step: Step,
    since: Instant,
}

/// How far a ceremony is.
#[derive(Clone)]
pub enum Step {
    /// A known key was asked to prove itself.
    Asking(Asking),
    /// Nothing has been asked yet.
    Begun,
    /// A new key was asked to be registered.
    Registering(Registering),
}

impl Ceremonies {
    /// Begins one at the browser of this token; what was under way there is over.
    pub fn begin(&self, token: &str, whom: &Person, now: Instant) -> Option<()> {
        let csrf = random_token()?;
        let (id, version) = (whom.id.clone(), whom.version);
        let mut all = self.all();
        all.retain(|_, ceremony| ceremony.alive(now));
        if all.len() >= MOST
            && let Some(oldest) = all.iter().min_by_key(|(_, one)| one.since).map(|(token, _)| token.clone())
        {
            all.remove(&oldest);
        }
        all.insert(token.into(), Ceremony { whom: id, version, csrf, step: Step::Begun, since: now });
        Some(())
    }

    /// The one at this browser.
    pub fn find(&self, token: &str, now: Instant) -> Option<Ceremony> {
        self.all().get(token).filter(|ceremony| ceremony.alive(now)).cloned()
    }

    /// Goes on to a step.
    pub fn go_on(&self, token: &str, step: Step) {
        if let Some(ceremony) = self.all().get_mut(token) {
            ceremony.step = step;
        }
    }

    /// Takes the step that waits for an answer: each answers once.
    pub fn take(&self, token: &str, now: Instant) -> Option<Step> {
        let mut all = self.all();
        let ceremony = all.get_mut(token).filter(|ceremony| ceremony.alive(now))?;
        Some(std::mem::replace(&mut ceremony.step, Step::Begun))
    }

    /// Ends the one at this browser.
    pub fn end(&self, token: &str) {
        self.all().remove(token);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Ceremony>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ceremony {
    fn alive(&self, now: Instant) -> bool {
        now.duration_since(self.since) < LONGEST
    }
}
