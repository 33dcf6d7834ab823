//! How far the capture of one traveller has come: slots, attempts, the best of them.

use super::words::{Aim, Attempt, AttemptLog, CapturePlan, Slot};
use super::wrong::Wrong;
use alloc::collections::BTreeMap;
use alloc::{string::String, vec::Vec};

/// Attempts for a finger or the face before the best one has to do (BSI TR-03121-3 volume 1).
pub const MAX_ATTEMPTS: u8 = 3;

/// Attempts of one case, failed ones among them, after which a broken device is not tried again. Own value: three rounds
/// of three attempts for a face and ten fingers, and room for device faults.
pub const MAX_LOGGED: usize = 120;

/// Where one slot stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotState {
    /// An attempt met the limit.
    Accepted,
    /// All attempts are used up and none met the limit.
    Exhausted,
    /// More attempts may be made.
    Open,
}

/// The capture of one traveller: the plan, and every attempt so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    plan: CapturePlan,
    attempts: Vec<AttemptLog>,
    /// Slots whose earlier attempts are not counted any more, with the first one that is: a supervisor asked for a
    /// recapture, or the officer took something back.
    counted_from: BTreeMap<Slot, usize>,
}

impl Progress {
    /// Nothing captured yet.
    pub fn new(plan: CapturePlan) -> Self {
        Self { plan, attempts: Vec::new(), counted_from: BTreeMap::new() }
    }

    /// The same attempts under another plan: what was taken stays taken, and what is new is to be taken.
    pub(super) fn under(&self, plan: CapturePlan) -> Self {
        Self { plan, ..self.clone() }
    }

    /// The plan.
    pub fn plan(&self) -> &CapturePlan {
        &self.plan
    }

    /// Every attempt, oldest first, of all rounds.
    pub fn attempts(&self) -> &[AttemptLog] {
        &self.attempts
    }

    /// The slots of this traveller: the face, then the fingers in order.
    pub fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        core::iter::once(Slot::Face).chain(self.plan.fingers().map(Slot::Finger))
    }

    /// Where a slot stands.
    pub fn state(&self, slot: Slot) -> SlotState {
        let from = self.counted_from.get(&slot).copied().unwrap_or_default();
        let counted = self.attempts.iter().skip(from).filter(|log| log.slot == slot && log.error.is_none());
        if counted.clone().any(|log| log.passes) {
            SlotState::Accepted
        } else if counted.count() >= usize::from(MAX_ATTEMPTS) {
            SlotState::Exhausted
        } else {
            SlotState::Open
        }
    }

    /// The next thing to attempt: the face, or the first placement with a finger that needs one. All its fingers are put
    /// down again, since a hand is not put down in parts.
    pub fn next_open(&self) -> Option<Aim> {
        let face = core::iter::once(Aim::Face);
        let mut aims = face.chain(self.plan.placements.iter().cloned().map(Aim::Fingers));
        aims.find(|aim| aim.slots().iter().any(|slot| self.state(*slot) == SlotState::Open))
    }

    /// What is attempted beside the face while that is captured: the first placement with a finger that needs one.
    pub fn beside(&self, aim: &Aim) -> Option<Aim> {
        let open = |aim: &Aim| aim.slots().iter().any(|slot| self.state(*slot) == SlotState::Open);
        let aims = || self.plan.placements.iter().cloned().map(Aim::Fingers);
        (self.plan.together && *aim == Aim::Face).then(|| aims().find(open)).flatten()
    }

    /// The slots of an attempt that still need one. The others keep what they have.
    pub fn open_slots(&self, aim: &Aim) -> Vec<Slot> {
        aim.slots().into_iter().filter(|slot| self.state(*slot) == SlotState::Open).collect()
    }

    /// Slots whose attempts are used up without success.
    pub fn rejected(&self) -> Vec<Slot> {
        self.slots().filter(|slot| self.state(*slot) == SlotState::Exhausted).collect()
    }

    /// Number of the best attempt of a slot in all rounds: an accepted one before any other, one of the right finger
    /// before a wrong one, then the higher score, then the later one. Every finger keeps its own best. That is never
    /// worse than keeping one whole attempt, chosen by its index, middle, ring and little finger in that order (BSI
    /// TR-03121-3), and needs no such order. What the officer took back is none.
    pub fn best(&self, slot: Slot) -> Option<u8> {
        let key = |log: &&AttemptLog| (log.passes, log.score.is_some() && log.wrong.is_none(), log.score, log.number);
        let stands = |log: &&AttemptLog| log.error.is_none() && log.wrong != Some(Wrong::TakenBack);
        self.attempts.iter().filter(|log| log.slot == slot).filter(stands).max_by_key(key).map(|log| log.number)
    }

    /// The number that the next attempt of a slot will have.
    pub fn next_number(&self, slot: Slot) -> u8 {
        let count = self.attempts.iter().filter(|log| log.slot == slot).count();
        u8::try_from(count).unwrap_or(u8::MAX).saturating_add(1)
    }

    pub(super) fn scored(&mut self, slot: Slot, attempt: Attempt) {
        let number = self.next_number(slot);
        let Attempt { score, passes, wrong, took } = attempt;
        let passes = passes && wrong.is_none();
        self.attempts.push(AttemptLog { slot, number, score, passes, wrong, error: None, took });
    }

    /// What this slot was accepted with is a finger that was put down for another one as well: it does not count any
    /// more, and its attempts stay used up, so that nobody can be asked for ever.
    pub(super) fn doubt(&mut self, slot: Slot) {
        for log in self.attempts.iter_mut().filter(|log| log.slot == slot && log.passes) {
            (log.passes, log.wrong) = (false, Some(Wrong::SameFinger));
        }
    }

    pub(super) fn failed(&mut self, aim: &Aim, code: &str) {
        for slot in self.open_slots(aim) {
            let (number, error) = (self.next_number(slot), Some(String::from(code)));
            self.attempts.push(AttemptLog {
                slot,
                number,
                score: None,
                passes: false,
                wrong: None,
                error,
                took: Default::default(),
            });
        }
    }

    /// These slots are captured anew; the best of all their attempts will do.
    pub(super) fn again(&mut self, slots: &[Slot]) {
        self.counted_from.extend(slots.iter().map(|slot| (*slot, self.attempts.len())));
    }

    /// What this slot was captured with counts no more, and it is captured anew.
    pub(super) fn take_back(&mut self, slot: Slot) {
        for log in self.attempts.iter_mut().filter(|log| log.slot == slot && log.error.is_none()) {
            (log.passes, log.wrong) = (false, Some(Wrong::TakenBack));
        }
        self.again(&[slot]);
    }

    /// Whether another attempt may be made: a device that keeps failing is not tried for ever, nor is a finger.
    pub(super) fn has_room(&self) -> bool {
        self.attempts.len() < MAX_LOGGED
    }
}
