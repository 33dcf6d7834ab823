//! Who is logged in: random tokens in memory, gone with the process.

use crate::people::{People, Role, hex};
use domain::units::StaffId;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use store::{Action, Reason};

/// A log-in that nobody used for this long is over: longer than a queue's lull, shorter than a break.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// A log-in lasts one shift at most.
const SHIFT: Duration = Duration::from_secs(12 * 60 * 60);
/// Log-ins at one time; the oldest gives way.
const MOST_LOGINS: usize = 64;
/// Wrong PINs in a row before a name has to wait.
const MOST_FAILURES: u32 = 5;
/// Log-ins that failed and have a line of their own in the audit trail, in [`REFUSALS_PER`]; those beyond are counted, so that
/// nobody fills the disk from the log-in page.
const MOST_REFUSALS: u32 = 120;
/// The time that [`MOST_REFUSALS`] is about.
const REFUSALS_PER: Duration = Duration::from_secs(3600);
/// How long a name waits after that.
const LOCKED: Duration = Duration::from_secs(30);

/// A person at a browser.
#[derive(Clone, Debug)]
pub struct Login {
    /// Who.
    pub id: StaffId,
    /// What they may do.
    pub role: Role,
    /// The secret that every form of this log-in carries.
    pub csrf: String,
    since: Instant,
    used: Instant,
}

/// Why a log-in fails. The page does not say whether the name or the PIN is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginRefusal {
    /// Too many wrong PINs.
    Locked,
    /// Name or PIN is wrong.
    Wrong,
}

/// Everybody who is logged in.
pub struct Logins {
    people: People,
    state: Mutex<State>,
    /// Hears of every log-in and log-out, for the audit trail.
    noted: Box<Noted>,
}

type Noted = dyn Fn(&StaffId, Action, Option<Reason>) + Send + Sync;

#[derive(Default)]
struct State {
    by_token: HashMap<String, Login>,
    failures: HashMap<String, (u32, Instant)>,
    refusals: Refusals,
}

/// Log-ins that failed since a moment.
#[derive(Default)]
struct Refusals {
    since: Option<Instant>,
    noted: u32,
    unnoted: u32,
}

impl Refusals {
    /// One more at this moment: whether it has a line of its own, and how many went without one in the time before.
    fn count(&mut self, now: Instant) -> (bool, u32) {
        let mut before = 0;
        if self.since.is_none_or(|since| now.duration_since(since) >= REFUSALS_PER) {
            before = self.unnoted;
            *self = Self { since: Some(now), noted: 0, unnoted: 0 };
        }
        let own = self.noted < MOST_REFUSALS;
        let counter = if own { &mut self.noted } else { &mut self.unnoted };
        *counter = counter.saturating_add(1);
        (own, before)
    }
}

impl Logins {
    /// Nobody is logged in.
    pub fn new(people: People) -> Self {
        Self { people, state: Mutex::default(), noted: Box::new(|_, _, _| ()) }
    }

    /// Tells of every log-in and log-out: who, what and why.
    pub fn noting(self, noted: impl Fn(&StaffId, Action, Option<Reason>) + Send + Sync + 'static) -> Self {
        Self { noted: Box::new(noted), ..self }
    }

    /// Notes a log-in that failed. A name that nobody has stays out of the trail: it may be anything, a PIN among it.
    fn note_refused(&self, id: &str, why: &str, now: Instant) {
        let Ok((own, before)) = self.state.lock().map(|mut state| state.refusals.count(now)) else { return };
        let note = |who: &str, why: &str| (self.noted)(&StaffId(who.into()), Action::LogInRefused, Reason::word(why));
        if before > 0 {
            note("unknown", &format!("and-{before}-more"));
        }
        if own {
            note(if self.people.knows(id) { id } else { "unknown" }, why);
        }
    }

    /// Checks a PIN; the token for the cookie, and who it is. Takes some 30 ms by design: call it off the event loop.
    pub fn log_in(&self, id: &str, pin: &str, now: Instant) -> Result<(String, Login), LoginRefusal> {
        if self.locked(id, now) {
            self.note_refused(id, "locked", now);
            return Err(LoginRefusal::Locked);
        }
        let person = self.people.check(id, pin).cloned();
        let (Some(token), Some(csrf)) = (random_token(), random_token()) else { return Err(LoginRefusal::Wrong) };
        let mut state = self.state.lock().map_err(|_| LoginRefusal::Wrong)?;
        let Some(person) = person else {
            // Names that nobody has are counted too, but only so many of them.
            if state.failures.len() >= MOST_LOGINS {
                state.failures.retain(|_, (_, at)| now.duration_since(*at) < LOCKED);
            }
            if state.failures.len() < MOST_LOGINS {
                let entry = state.failures.entry(id.into()).or_insert((0, now));
                *entry = (entry.0 + 1, now);
            }
            drop(state);
            self.note_refused(id, "wrong", now);
            return Err(LoginRefusal::Wrong);
        };
        state.failures.remove(id);
        let login = Login { id: person.id, role: person.role, csrf, since: now, used: now };
        state.by_token.retain(|_, login| login.alive(now));
        if state.by_token.len() >= MOST_LOGINS
            && let Some(oldest) =
                state.by_token.iter().min_by_key(|(_, login)| login.used).map(|(token, _)| token.clone())
        {
            state.by_token.remove(&oldest);
        }
        state.by_token.insert(token.clone(), login.clone());
        drop(state);
        (self.noted)(&login.id, Action::LoggedIn, Reason::word(login.role.id()));
        Ok((token, login))
    }

    /// Who holds this token, if the log-in is still good.
    pub fn find(&self, token: &str, now: Instant) -> Option<Login> {
        let mut state = self.state.lock().ok()?;
        let login = state.by_token.get_mut(token)?;
        if !login.alive(now) {
            state.by_token.remove(token);
            return None;
        }
        login.used = now;
        Some(login.clone())
    }

    /// Ends a log-in.
    pub fn log_out(&self, token: &str) {
        let gone = self.state.lock().ok().and_then(|mut state| state.by_token.remove(token));
        if let Some(login) = gone {
            (self.noted)(&login.id, Action::LoggedOut, None);
        }
    }

    fn locked(&self, id: &str, now: Instant) -> bool {
        let Ok(state) = self.state.lock() else { return true };
        let failed = state.failures.get(id);
        failed.is_some_and(|(count, at)| *count >= MOST_FAILURES && now.duration_since(*at) < LOCKED)
    }
}

impl Login {
    fn alive(&self, now: Instant) -> bool {
        now.duration_since(self.used) < IDLE && now.duration_since(self.since) < SHIFT
    }
}

fn random_token() -> Option<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(hex(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn logins() -> Logins {
        let mut people = People::default();
        people.add("anna", Role::Officer, "2468").unwrap();
        Logins::new(people)
    }

    #[test]
    fn a_login_ends_when_idle_and_after_a_shift() {
        let (logins, start) = (logins(), Instant::now());
        let (token, _) = logins.log_in("anna", "2468", start).unwrap();
        assert!(logins.find(&token, start + IDLE / 2).is_some());
        assert!(logins.find(&token, start + IDLE / 2 + IDLE).is_none());

        let (token, _) = logins.log_in("anna", "2468", start).unwrap();
        let mut at = start;
        while at < start + SHIFT - IDLE / 2 {
            at += IDLE / 2;
            let alive = logins.find(&token, at).is_some();
            assert_eq!(alive, at < start + SHIFT, "{:?}", at - start);
        }
        assert!(logins.find(&token, start + SHIFT).is_none());
    }

    #[test]
    fn five_wrong_pins_lock_a_name_for_a_while() {
        let (logins, start) = (logins(), Instant::now());
        for _ in 0..MOST_FAILURES {
            assert_eq!(logins.log_in("anna", "0000", start).unwrap_err(), LoginRefusal::Wrong);
        }
        assert_eq!(logins.log_in("anna", "2468", start).unwrap_err(), LoginRefusal::Locked);
        assert!(logins.log_in("anna", "2468", start + LOCKED).is_ok());
    }

    #[test]
    fn whoever_tries_again_and_again_does_not_fill_the_trail() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&lines);
        let logins = logins().noting(move |who, what, reason| {
            told.lock().unwrap().push((who.0.clone(), what, reason.map(|reason| reason.to_string())));
        });
        let start = Instant::now();
        for _ in 0..300 {
            logins.note_refused("anna", "locked", start);
        }
        assert_eq!(lines.lock().unwrap().len() as u32, MOST_REFUSALS);
        logins.note_refused("L898902C3", "wrong", start + REFUSALS_PER);
        let lines = lines.lock().unwrap();
        let last = |why: &str| ("unknown".to_owned(), Action::LogInRefused, Some(why.to_owned()));
        assert_eq!(lines[MOST_REFUSALS as usize..], [last("and-180-more"), last("wrong")]);
    }

    #[test]
    fn a_token_is_gone_after_log_out() {
        let (logins, start) = (logins(), Instant::now());
        let (token, login) = logins.log_in("anna", "2468", start).unwrap();
        assert_ne!(token, login.csrf);
        logins.log_out(&token);
        assert!(logins.find(&token, start).is_none());
    }
}
