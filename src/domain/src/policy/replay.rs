//! The last decisions once more under another pack, without anything that tells who the travellers were.

use super::capture::Modalities;
use super::decision::{Decision, Verdict};
use super::engine::decide;
use super::entries::{Checkpoint, EntryConfirmation};
use super::facts::Facts;
use super::pack::Pack;
use alloc::collections::VecDeque;
use alloc::{string::String, vec::Vec};
use jiff::civil::{Date, DateTime};

/// Decisions that are remembered. The newest drives out the oldest.
pub const MOST_REMEMBERED: usize = 1000;

/// The last decisions, with the facts that each rests on: ages instead of dates of birth, no name, no number, no case.
#[derive(Default)]
pub struct LastDecisions {
    kept: VecDeque<Remembered>,
    next: u64,
}

struct Remembered {
    number: u64,
    facts: Facts,
    at: DateTime,
    checkpoint: Checkpoint,
    outcome: Outcome,
}

/// What a traveller meets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outcome {
    /// What the rules say.
    pub verdict: Verdict,
    /// The ground that exempts, limits or is claimed.
    pub ground: Option<String>,
    /// The question that is open.
    pub question: Option<String>,
    /// What is taken, as words: `face`, `fingers`.
    pub takes: Vec<&'static str>,
}

/// One decision that would be another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its place among the last decisions, the newest being 1.
    pub place: usize,
    /// The local date on which it was made.
    pub made_on: Date,
    /// What was decided.
    pub before: Outcome,
    /// What would be decided.
    pub after: Outcome,
}

/// The last decisions under another pack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    /// Decisions that were asked again.
    pub asked: usize,
    /// Those that would be others, newest first.
    pub differences: Vec<Difference>,
}

impl LastDecisions {
    /// Remembers a decision. `earlier` is the number of the one that it takes the place of: a case is remembered with its
    /// newest decision only.
    pub fn remember(
        &mut self,
        earlier: Option<u64>,
        (facts, at, checkpoint): (&Facts, DateTime, &Checkpoint),
        decision: &Decision,
    ) -> u64 {
        self.kept.retain(|kept| Some(kept.number) != earlier);
        let (number, facts) = (self.next, facts.with_ages_only(at.date()));
        self.next += 1;
        let (checkpoint, outcome) = (checkpoint.clone(), Outcome::of(decision));
        self.kept.push_back(Remembered { number, facts, at, checkpoint, outcome });
        while self.kept.len() > MOST_REMEMBERED {
            self.kept.pop_front();
        }
        number
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Asks them again under a pack and these confirmations of announced entries: at their own times, or as if travellers
    /// of the same ages had come at the same hours of another day.
    pub fn replay(&self, pack: &Pack, confirmations: &[EntryConfirmation], day: Option<Date>) -> Replay {
        let again = |(index, kept): (usize, &Remembered)| {
            let at = day.map_or(kept.at, |day| DateTime::from_parts(day, kept.at.time()));
            let facts = kept.facts.clone().moved_to(at.date());
            let after = Outcome::of(&decide(pack, &facts, at, &kept.checkpoint, confirmations));
            let before = kept.outcome.clone();
            (before != after).then(|| Difference { place: index + 1, made_on: kept.at.date(), before, after })
        };
        Replay { asked: self.len(), differences: self.kept.iter().rev().enumerate().filter_map(again).collect() }
    }
}

impl Outcome {
    /// What a decision means for the traveller.
    pub fn of(decision: &Decision) -> Self {
        let takes: Modalities = decision.takes;
        Self {
            verdict: decision.verdict,
            ground: decision.ground.clone(),
            question: decision.question.as_ref().map(|question| question.id.clone()),
            takes: takes.iter().map(|modality| modality.id()).collect(),
        }
    }
}

impl Replay {
    /// How many went from one outcome to another, the most first.
    pub fn counts(&self) -> Vec<(&Outcome, &Outcome, usize)> {
        let mut counts: Vec<(&Outcome, &Outcome, usize)> = Vec::new();
        for Difference { before, after, .. } in &self.differences {
            match counts.iter_mut().find(|(from, to, _)| *from == before && *to == after) {
                Some((.., count)) => *count += 1,
                None => counts.push((before, after, 1)),
            }
        }
        counts.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| (a.0, a.1).cmp(&(b.0, b.1))));
        counts
    }
}
