//! Who is logged in: random tokens in memory, gone with the process. Wrong tries are counted on the disk.

use super::refusals::Refusals;
use crate::people::{PeopleError, Person, Register, Role, Standing as Tried, Tries, hex};
use domain::units::StaffId;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use store::{Action, Reason};

/// A screen that nobody has used for this long is locked.
pub const IDLE: Duration = Duration::from_secs(120);
/// How long before that the page says so.
pub const WARNING: Duration = Duration::from_secs(20);
/// A log-in lasts one shift at most, but never ends between a traveller's first step and the last.
pub const SHIFT: Duration = Duration::from_secs(8 * 60 * 60);
/// A locked screen that nobody comes back to is a log-in that is over.
const FORGOTTEN: Duration = Duration::from_secs(60 * 60);
/// Log-ins at one time; the one unused for longest gives way.
const MOST_LOGINS: usize = 64;
/// Log-ins of one person at one time.
const MOST_OF_ONE: usize = 4;

/// A moment by both clocks: one that only goes forward, for what lasts, and one that outlives the program.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Since some time before the program began.
    pub at: Instant,
    /// UTC, milliseconds since 1970.
    pub utc_ms: i64,
}

/// A person at a browser.
#[derive(Clone, Debug)]
pub struct Login {
    /// Who.
    pub id: StaffId,
    /// What they may do.
    pub role: Role,
    /// The secret that every form of this log-in carries.
    pub csrf: String,
    /// Somebody else has set the PIN: nothing is open before its owner has chosen another.
    pub owes_pin: bool,
    token: String,
    /// The person's version when the log-in began.
    version: u32,
    since: Instant,
    used: Instant,
    locked: Option<Instant>,
}

/// How somebody at a browser stands.
#[derive(Clone, Debug)]
pub enum Standing {
    /// No log-in, or one that is over.
    Nobody,
    /// Logged in, and the screen is locked.
    Locked(Login),
    /// Logged in.
    Open(Login),
}

/// Why a log-in fails. The page does not say whether the name or the PIN is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginRefusal {
    /// Too many wrong tries: whole seconds to wait.
    Waits(u64),
    /// Too many wrong tries: an administrator has to unlock the name.
    Locked,
    /// Name or PIN is wrong.
    Wrong,
}

/// What remains to a log-in, for its page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Until the screen locks.
    pub idle: Duration,
    /// Until the log-in is over.
    pub shift: Duration,
}

/// Everybody who is logged in.
pub struct Logins {
    people: Register,
    tries: Tries,
    state: Mutex<State>,
    /// Hears of everything that people do here, for the audit trail.
    noted: Box<Noted>,
}

type Noted = dyn Fn(&StaffId, Action, Option<Reason>) + Send + Sync;

#[derive(Default)]
struct State {
    by_token: HashMap<String, Login>,
    refusals: Refusals,
}

impl Logins {
    /// Nobody is logged in.
    pub fn new(people: Register, tries: Tries) -> Self {
        Self { people, tries, state: Mutex::default(), noted: Box::new(|_, _, _| ()) }
    }

    /// Tells of everything that people do here: who, what and why.
    pub fn noting(self, noted: impl Fn(&StaffId, Action, Option<Reason>) + Send + Sync + 'static) -> Self {
        Self { noted: Box::new(noted), ..self }
    }

    /// The people file.
    pub fn people(&self) -> &Register {
        &self.people
    }

    /// Checks a PIN: whose it is. Takes some 30 ms by design: call it off the event loop.
    pub fn check(&self, id: &str, pin: &str, now: Moment) -> Result<Person, LoginRefusal> {
        let people = self.people.people();
        let tried = self.attempt(id, now, || people.check(id, pin).cloned());
        // With a second factor to come the tries are not forgotten yet: a PIN that was guessed is no log-in.
        tried.inspect(|person| {
            if person.keys.is_empty() {
                self.right(id)
            }
        })
    }

    /// A try of whatever kind at a name, counted before it is made.
    pub fn attempt<T>(&self, id: &str, now: Moment, check: impl FnOnce() -> Option<T>) -> Result<T, LoginRefusal> {
        let known = self.people.people().find(id).is_some();
        let tries = match self.tries.begin(id, known, now.utc_ms) {
            Ok(Ok(tries)) => tries,
            Ok(Err(closed)) => {
                self.note_refused(id, "locked", now.at);
                return Err(LoginRefusal::of(closed));
            }
            Err(error) => {
                // A full disk must not keep those out who could make room.
                tracing::error!(%error, "a try to log in could not be counted");
                0
            }
        };
        let Some(right) = check() else {
            self.note_refused(id, "wrong", now.at);
            if known && tries >= crate::people::FREE {
                let after = if tries >= crate::people::MOST { "until-unlocked" } else { "for-a-while" };
                (self.noted)(&StaffId(id.into()), Action::LogInLocked, Reason::word(after));
            }
            return Err(LoginRefusal::Wrong);
        };
        Ok(right)
    }

    /// Every factor was right: wrong tries before are forgotten.
    pub fn right(&self, id: &str) {
        if let Err(error) = self.tries.forget(id) {
            tracing::error!(%error, "wrong tries could not be forgotten");
        }
    }

    /// How the tries at a name stand.
    pub fn tried(&self, id: &str, now: Moment) -> Tried {
        self.tries.standing(id, true, now.utc_ms).unwrap_or(Tried::Open)
    }

    /// An administrator unlocks a name.
    pub fn unlock_name(&self, id: &str, by: &Login, now: Moment) -> Result<(), PeopleError> {
        self.tries.forget(id)?;
        self.people.change((now.utc_ms, &by.id), (Action::PersonUnlocked, id), |people| {
            people.find(id).map(|_| ()).ok_or(PeopleError::Nobody)
        })
    }

    /// Logs a person in who has given all that is asked for: the token for the cookie is a new one, and the log-in that the
    /// browser had before is over.
    pub fn log_in(&self, person: &Person, before: Option<&str>, now: Moment) -> Option<(String, Login)> {
        let (token, csrf) = (random_token()?, random_token()?);
        let login = Login {
            id: person.id.clone(),
            role: person.role,
            csrf,
            owes_pin: person.owes_pin,
            token: token.clone(),
            version: person.version,
            since: now.at,
            used: now.at,
            locked: None,
        };
        self.right(&person.id.0);
        let mut state = self.state();
        before.map(|before| state.by_token.remove(before));
        state.make_room(&person.id);
        state.by_token.insert(token.clone(), login.clone());
        drop(state);
        (self.noted)(&login.id, Action::LoggedIn, Reason::word(login.role.id()));
        Some((token, login))
    }

    /// How whoever holds this token stands. `busy` is whether a traveller of theirs is at the desk: no log-in ends then.
    pub fn standing(&self, token: &str, now: Moment, busy: bool) -> Standing {
        let people = self.people.people();
        let mut state = self.state();
        let Some(login) = state.by_token.get_mut(token) else { return Standing::Nobody };
        let busy = busy && login.role == Role::Officer;
        let same = people.find(&login.id.0).is_some_and(|person| person.version == login.version);
        let over = if !same {
            Some("person-changed")
        } else if now.at.duration_since(login.since) >= SHIFT && !busy {
            Some("shift-over")
        } else if now.at.duration_since(login.used) >= IDLE + FORGOTTEN && !busy {
            Some("unused")
        } else {
            None
        };
        if let Some(why) = over {
            let gone = login.id.clone();
            state.by_token.remove(token);
            drop(state);
            (self.noted)(&gone, Action::SessionOver, Reason::word(why));
            return Standing::Nobody;
        }
        if login.locked.is_none() && now.at.duration_since(login.used) >= IDLE {
            login.locked = Some(now.at);
            let login = login.clone();
            drop(state);
            (self.noted)(&login.id, Action::SessionLocked, Reason::word("unused"));
            return Standing::Locked(login);
        }
        let login = login.clone();
        if login.locked.is_some() { Standing::Locked(login) } else { Standing::Open(login) }
    }

    /// Whoever holds this token has just done something.
    pub fn used(&self, token: &str, now: Moment) {
        if let Some(login) = self.state().by_token.get_mut(token)
            && login.locked.is_none()
        {
            login.used = now.at;
        }
    }

    /// Locks a screen at once.
    pub fn lock(&self, token: &str, now: Moment) {
        let locked = self.state().by_token.get_mut(token).filter(|login| login.locked.is_none()).map(|login| {
            login.locked = Some(now.at);
            login.id.clone()
        });
        if let Some(id) = locked {
            (self.noted)(&id, Action::SessionLocked, Reason::word("asked-for"));
        }
    }

    /// Checks the PIN of a locked screen's person, which alone opens it again. Off the event loop, as [`Self::check`].
    pub fn unlock(&self, login: &Login, pin: &str, now: Moment) -> Result<(), LoginRefusal> {
        let people = self.people.people();
        self.attempt(&login.id.0, now, || people.check(&login.id.0, pin).map(|_| ()))?;
        self.opened(login, "pin", now);
        Ok(())
    }

    /// A locked screen's person has shown to be there.
    pub fn opened(&self, login: &Login, by: &str, now: Moment) {
        self.right(&login.id.0);
        let mut state = self.state();
        let Some(login) = state.by_token.get_mut(&login.token) else { return };
        (login.locked, login.used) = (None, now.at);
        let id = login.id.clone();
        drop(state);
        (self.noted)(&id, Action::SessionUnlocked, Reason::word(by));
    }

    /// Ends a log-in.
    pub fn log_out(&self, token: &str) {
        let gone = self.state().by_token.remove(token);
        if let Some(login) = gone {
            (self.noted)(&login.id, Action::LoggedOut, None);
        }
    }

    /// Notes what somebody did that is not about a case.
    pub fn note(&self, by: &StaffId, what: Action, reason: Option<Reason>) {
        (self.noted)(by, what, reason);
    }

    /// Notes a log-in that failed. A name that nobody has stays out of the trail: it may be anything, a PIN among it.
    fn note_refused(&self, id: &str, why: &str, now: Instant) {
        let (own, before) = self.state().refusals.count(now);
        let note = |who: &str, why: &str| (self.noted)(&StaffId(who.into()), Action::LogInRefused, Reason::word(why));
        if before > 0 {
            note("unknown", &format!("and-{before}-more"));
        }
        if own {
            note(if self.people.people().knows(id) { id } else { "unknown" }, why);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Makes room for one more log-in of this person.
    fn make_room(&mut self, id: &StaffId) {
        let unused = |logins: &HashMap<String, Login>, of: Option<&StaffId>| {
            let mine = logins.values().filter(|login| of.is_none_or(|id| login.id == *id));
            mine.min_by_key(|login| login.used).map(|login| login.token.clone())
        };
        if self.by_token.values().filter(|login| login.id == *id).count() >= MOST_OF_ONE
            && let Some(oldest) = unused(&self.by_token, Some(id))
        {
            self.by_token.remove(&oldest);
        }
        if self.by_token.len() >= MOST_LOGINS
            && let Some(oldest) = unused(&self.by_token, None)
        {
            self.by_token.remove(&oldest);
        }
    }
}

impl Login {
    /// The token of its cookie.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// What remains to it.
    pub fn left(&self, now: Moment) -> Left {
        let left = |from: Instant, of: Duration| of.saturating_sub(now.at.duration_since(from));
        Left { idle: left(self.used, IDLE), shift: left(self.since, SHIFT) }
    }
}

impl LoginRefusal {
    fn of(standing: Tried) -> Self {
        match standing {
            Tried::Waits(ms) => Self::Waits(u64::try_from(ms).unwrap_or(0).div_ceil(1000)),
            Tried::Locked => Self::Locked,
            Tried::Open => Self::Wrong,
        }
    }
}

/// 256 random bits.
pub fn random_token() -> Option<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(hex(&bytes))
}
