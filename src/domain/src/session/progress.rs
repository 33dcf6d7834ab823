//! How far the capture of one traveller has come: slots, attempts, the best of them.

use super::words::{Aim, Attempt, AttemptLog, CapturePlan, Slot};
use super::wrong::Wrong;
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
    /// Attempts before this index belong to an earlier round: a supervisor asked for a recapture.
    round_starts: usize,
    again: Option<Vec<Slot>>,
}

impl Progress {
    /// Nothing captured yet.
    pub fn new(plan: CapturePlan) -> Self {
        Self { plan, attempts: Vec::new(), round_starts: 0, again: None }
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

    /// Where a slot stands in this round.
    pub fn state(&self, slot: Slot) -> SlotState {
        let (earlier, round) = self.attempts.split_at(self.round_starts);
        let in_this_round = self.again.as_ref().is_none_or(|again| again.contains(&slot));
        let of_slot = |log: &&AttemptLog| log.slot == slot && log.error.is_none();
        let counted = if in_this_round { round } else { earlier };
        if counted.iter().filter(of_slot).any(|log| log.passes) {
            SlotState::Accepted
        } else if counted.iter().filter(of_slot).count() >= usize::from(MAX_ATTEMPTS) {
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
    /// TR-03121-3), and needs no such order.
    pub fn best(&self, slot: Slot) -> Option<u8> {
        let key = |log: &&AttemptLog| (log.passes, log.score.is_some() && log.wrong.is_none(), log.score, log.number);
        self.attempts.iter().filter(|log| log.slot == slot && log.error.is_none()).max_by_key(key).map(|log| log.number)
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

    pub(super) fn again(&mut self, slots: Vec<Slot>) {
        self.round_starts = self.attempts.len();
        self.again = Some(slots);
    }
}
