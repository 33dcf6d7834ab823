//! The policy desk: what an administrator does with the rules while the station works. Packs are brought, tried on the
//! last decisions and put into force; announced entries are confirmed; questions are put to any pack.
//!
//! The desk of travellers hears of a change by [`PolicyDesk::change`] and goes on under it with the next case.

mod asked;
mod confirmations;
mod packs;
mod refusal;
#[cfg(test)]
mod tests;

pub use asked::{AskFault, Asked, CHECKED, attestation, confirmation};
pub use packs::{Known, Lying, Unusable};
pub use refusal::PolicyRefusal;

use crate::clock::Clock;
use crate::config::{Accepted, ConfigFaults, Given, Loaded, Look, RulesWatch, SignedPack, print_of};
use crate::desk::{DeskHandle, Last};
use crate::setup::DataDir;
use confirmations::Confirmations;
use domain::policy::{Replay, Status};
use domain::units::StaffId;
use jiff::civil::{Date, DateTime};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::{Action, Event, Reason};

/// Characters of a basis: a citation with its date and number.
const BASIS: std::ops::RangeInclusive<usize> = 3..=200;

/// Writes a line of the audit trail, and gives its number.
pub type Note = dyn Fn(&Event) -> Result<u64, String> + Send + Sync;
/// Reads a line of the audit trail.
pub type Line = dyn Fn(u64) -> Option<Event> + Send + Sync;

/// The policy desk.
pub struct PolicyDesk {
    inner: Mutex<Inner>,
    last: Last,
    /// Changes take turns, so that the desk hears of them in order.
    turn: tokio::sync::Mutex<()>,
    accepted: Accepted,
    drawer: PathBuf,
    note: Box<Note>,
    clock: Arc<Clock>,
    /// Local time from which decisions are remembered.
    since: DateTime,
}

struct Inner {
    watch: RulesWatch,
    confirmations: Confirmations,
    /// Why the configured rules were refused at the last look that judged them.
    refused: Option<ConfigFaults>,
}

impl PolicyDesk {
    /// The desk of a station whose rules are watched from here on. `read` and `note` are the audit trail's: what it does
    /// not have was not confirmed.
    pub fn open(
        (config, loaded): (&std::path::Path, Arc<Loaded>),
        data: &DataDir,
        clock: Arc<Clock>,
        (read, note): (&Line, Box<Note>),
    ) -> Self {
        let confirmations = Confirmations::open(data.confirmations(), read);
        let refused = loaded.instead_of.clone();
        let watch = RulesWatch::new(config, loaded, confirmations.given());
        let since = clock.local();
        Self {
            inner: Mutex::new(Inner { watch, confirmations, refused }),
            last: Last::default(),
            turn: tokio::sync::Mutex::default(),
            accepted: Accepted::new(data.accepted_rules()),
            drawer: data.packs(),
            note,
            clock,
            since,
        }
    }

    /// The rules that work now.
    pub fn working(&self) -> Arc<Loaded> {
        self.inner().watch.working()
    }

    /// Why the configured rules do not work, where others do.
    pub fn refused(&self) -> Option<ConfigFaults> {
        self.inner().refused.clone()
    }

    /// The local time now.
    pub fn now(&self) -> DateTime {
        self.clock.local()
    }

    /// Local time from which decisions are remembered.
    pub fn since(&self) -> DateTime {
        self.since
    }

    /// What was said of an announced entry at this page, newest first.
    pub fn said_of(&self, entry: &str) -> Vec<Given> {
        let inner = self.inner();
        inner.watch.given().iter().rev().filter(|given| given.entry == entry).cloned().collect()
    }

    /// Looks whether the configured rules have changed.
    pub fn look(&self) -> Look {
        let look = self.inner().watch.look(self.today());
        match &look {
            Look::Same => {}
            Look::Mended => self.inner().refused = None,
            Look::Refused(faults) => self.inner().refused = Some(faults.clone()),
            Look::Replaced(loaded) => {
                self.inner().refused = None;
                self.remember_rules(loaded);
                self.note_quietly("station", Action::PolicyLoaded, reason_of(&loaded.rules));
            }
        }
        look
    }

    /// The same beside the event loop, telling the desk of travellers; nothing when the station is stopping.
    pub async fn look_and_tell(self: &Arc<Self>, desk: &DeskHandle) -> Option<Look> {
        let _turn = self.turn.lock().await;
        let policy = self.clone();
        let look = tokio::task::spawn_blocking(move || policy.look()).await.ok()?;
        match &look {
            Look::Replaced(loaded) => desk.rules(loaded.clone()).await.then_some(look),
            Look::Mended | Look::Refused(_) | Look::Same => Some(look),
        }
    }

    /// Carries out a change of the rules beside the event loop, and tells the desk of travellers.
    ///
    /// # Errors
    /// What the change refuses; [`PolicyRefusal::Stopping`] when the station is.
    pub async fn change(
        self: &Arc<Self>,
        desk: &DeskHandle,
        work: impl FnOnce(&Self) -> Result<Arc<Loaded>, PolicyRefusal> + Send + 'static,
    ) -> Result<(), PolicyRefusal> {
        let _turn = self.turn.lock().await;
        let policy = self.clone();
        let worked = tokio::task::spawn_blocking(move || work(&policy)).await;
        let loaded = worked.map_err(|_| PolicyRefusal::Stopping)??;
        if desk.rules(loaded).await { Ok(()) } else { Err(PolicyRefusal::Stopping) }
    }

    /// Puts a pack into the drawer, if the authority signed it and it has no fault. It decides nothing yet.
    ///
    /// # Errors
    /// Every fault.
    pub fn bring(&self, text: String, signature: &str, who: &StaffId) -> Result<SignedPack, PolicyRefusal> {
        let trust = self.trust()?;
        let rules = packs::bring(&self.drawer, (text, signature), &trust)?;
        self.note(&who.0, Action::PolicyBrought, reason_of(&rules))?;
        Ok(rules)
    }

    /// Every pack that lies here, and what is no pack.
    pub fn lying(&self) -> Lying {
        let (working, folder) = {
            let inner = self.inner();
            let working = inner.watch.working();
            let pack = inner.watch.beside().join(&working.config.policy.pack);
            (working, pack.parent().unwrap_or(inner.watch.beside()).to_path_buf())
        };
        let Ok(trust) = self.trust() else { return Lying::only(&working.rules) };
        let (today, inner) = (self.today(), self.inner());
        packs::lying(&working.rules, [&folder, &self.drawer], &trust, |rules| inner.watch.may_take(rules, today))
    }

    /// A pack that lies here, by its digest.
    pub fn pack(&self, digest: &str) -> Option<SignedPack> {
        self.lying().packs.into_iter().find(|known| known.rules.digest == digest).map(|known| known.rules)
    }

    /// Puts a pack that lies here into force.
    ///
    /// # Errors
    /// When there is no such pack any more, or why it may not follow the working one, which stays.
    pub fn put_into_force(&self, digest: &str, who: &StaffId) -> Result<Arc<Loaded>, PolicyRefusal> {
        let rules = self.pack(digest).ok_or(PolicyRefusal::NoSuchPack)?;
        let mut inner = self.inner();
        inner.watch.may_take(&rules, self.today()).map_err(|faults| PolicyRefusal::NotTaken(ConfigFaults(faults)))?;
        // A change that the trail does not have is not made.
        self.note(&who.0, Action::PolicyPutIntoForce, reason_of(&rules))?;
        let loaded = inner.watch.take(rules, self.today()).map_err(PolicyRefusal::NotTaken)?;
        inner.refused = None;
        self.remember_rules(&loaded);
        Ok(loaded)
    }

    /// Confirms an announced entry of the working pack on this basis, or takes that back.
    ///
    /// # Errors
    /// When the working pack announces no such entry, the basis is too short or too long, there is nothing to take back, or
    /// it cannot be kept.
    pub fn say(&self, entry: &str, basis: &str, withdrawn: bool, who: &StaffId) -> Result<Arc<Loaded>, PolicyRefusal> {
        let mut inner = self.inner();
        let working = inner.watch.working();
        let pack = &working.rules.pack;
        let announced = pack.entry(entry).filter(|entry| entry.status == Status::Announced);
        let announced = announced.ok_or(PolicyRefusal::NotAnnounced)?;
        if !BASIS.contains(&basis.chars().count()) {
            return Err(PolicyRefusal::Basis);
        }
        if working.confirmed.iter().any(|given| given.entry == entry) != withdrawn {
            return Err(PolicyRefusal::NotAnnounced);
        }
        let given = Given {
            pack: pack.id.clone(),
            entry: entry.into(),
            print: print_of(announced),
            who: who.0.clone(),
            when: self.today().to_string(),
            basis: basis.into(),
            withdrawn,
        };
        let reason = confirmations::reason(&given);
        let line = self.note(&who.0, confirmations::action(&given), reason)?;
        inner.confirmations.keep(given.clone(), line)?;
        Ok(inner.watch.say(given))
    }

    /// The last decisions, for the desk that makes them. They lie in memory alone: ages and nationalities of travellers
    /// are on no disk, and a restart forgets them.
    pub fn last(&self) -> Last {
        self.last.clone()
    }

    /// Decisions that are remembered.
    pub fn remembered(&self) -> usize {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The last decisions under a pack that lies here, at their own times or on another day, with what would count as
    /// confirmed under it. That somebody looked stands in the audit trail.
    ///
    /// # Errors
    /// When there is no such pack any more.
    pub fn replay(
        &self,
        digest: &str,
        day: Option<Date>,
        who: &StaffId,
    ) -> Result<(SignedPack, Replay), PolicyRefusal> {
        let rules = self.pack(digest).ok_or(PolicyRefusal::NoSuchPack)?;
        let confirmed = {
            let inner = self.inner();
            crate::config::confirmed(&inner.watch.working().config.policy, inner.watch.given(), &rules.pack)
        };
        self.note(&who.0, Action::PolicyReplayed, reason_of(&rules))?;
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let replay = last.replay(&rules.pack, &confirmed, day);
        Ok((rules, replay))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn today(&self) -> Date {
        self.clock.local().date()
    }

    fn trust(&self) -> Result<store::VerifyKey, PolicyRefusal> {
        let inner = self.inner();
        let trust = inner.watch.beside().join(&inner.watch.working().config.policy.trust);
        store::VerifyKey::load(&trust).map_err(|fault| PolicyRefusal::Kept(fault.to_string()))
    }

    /// The rules work all the same where they cannot be kept for the next start.
    fn remember_rules(&self, loaded: &Loaded) {
        if let Err(error) = self.accepted.keep(loaded, self.today()) {
            tracing::error!(%error, "the working rules could not be kept for the next start");
        }
    }

    fn note(&self, who: &str, what: Action, reason: Reason) -> Result<u64, PolicyRefusal> {
        let (at_ms, who) = (self.clock.utc_ms(), StaffId(who.into()));
        (self.note)(&Event { at_ms, who, what, case: None, reason: Some(reason) }).map_err(PolicyRefusal::Kept)
    }

    fn note_quietly(&self, who: &str, what: Action, reason: Reason) {
        // What the trail could not take closes the store, and that is told there.
        let _ = self.note(who, what, reason);
    }
}

/// A pack as the audit trail names it: identifier, version and digest.
pub fn reason_of(rules: &SignedPack) -> Reason {
    let digest = store::unhex32(&rules.digest).unwrap_or_default();
    Reason::pack(&rules.pack.id, &rules.pack.version, digest)
}
