//! Asking the rules about a case: always those that worked when it was opened. What they said is remembered without names,
//! so that an administrator can try another pack on it.

use super::actor::Desk;
use super::case::Case;
use super::facts;
use crate::config::Loaded;
use domain::policy::{Checkpoint, Decision, Facts, LastDecisions};
use jiff::civil::DateTime;
use std::sync::{Arc, Mutex, PoisonError};

/// The last decisions, shared with the policy desk.
pub type Last = Arc<Mutex<LastDecisions>>;

/// Facts and the local time at which the rules were asked with them.
pub(super) struct Put {
    facts: Facts,
    at: DateTime,
}

impl Desk {
    /// Asks the rules of the case at the desk. The answer is remembered once the session has taken it.
    pub(super) fn ask_rules(&mut self, facts: &Facts) -> Decision {
        let (put, decision) = self.put(self.at_desk.as_ref(), facts);
        self.put = Some(put);
        decision
    }

    /// The same for any case.
    pub(super) fn put(&self, case: Option<&Case>, facts: &Facts) -> (Put, Decision) {
        let loaded = case.and_then(|case| case.under.as_ref()).unwrap_or(&self.loaded);
        let at = self.clock.local();
        (Put { facts: facts.clone(), at }, facts::decide(loaded, at, facts))
    }
}

/// Remembers what was decided about a case, in the place of what was decided before.
pub(super) fn remember(last: &Last, loaded: &Loaded, case: &mut Case, put: &Put, decision: &Decision) {
    let checkpoint: Checkpoint = facts::checkpoint(loaded);
    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
    case.remembered = Some(last.remember(case.remembered, (&put.facts, put.at, &checkpoint), decision));
}
