//! Which entry of the pack speaks, and which have been overtaken.

use super::answer::Answer;
use super::pack::{Condition, Direction, Entry, Pack, Status};
use super::questions;
use alloc::{string::String, vec::Vec};
use jiff::civil::DateTime;

/// A place where travellers are checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Its identifier: `mashtakovo`.
    pub id: String,
    /// The operator's word on whether capture is technically possible there.
    pub technically_possible: bool,
}

/// The operator's confirmation, from the configuration, that an announced entry has come into force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryConfirmation {
    /// The entry.
    pub entry: String,
    /// Who confirmed it.
    pub who: String,
    /// When.
    pub when: String,
    /// On what basis.
    pub basis: String,
}

/// The entries that apply, by age of publication.
pub(super) struct Ranked<'a> {
    /// The latest publication: it decides.
    pub(super) deciding: Option<&'a Entry>,
    /// The others, later before earlier.
    pub(super) superseded: Vec<&'a Entry>,
    /// Entries that would apply if the checkpoint met their condition.
    pub(super) impossible: Vec<&'a Entry>,
}

impl<'a> Ranked<'a> {
    pub(super) fn of(pack: &'a Pack, at: DateTime, checkpoint: &Checkpoint, direction: Direction) -> Self {
        let speaks = |entry: &&Entry| {
            entry.validity.contains(at)
                && entry.checkpoints.contain(&checkpoint.id)
                && entry.directions.contains(&direction)
        };
        let possible = |entry: &&Entry| match entry.condition {
            Some(Condition::TechnicallyPossible) => checkpoint.technically_possible,
            None => true,
        };
        let mut speaking: Vec<&Entry> = pack.entries.iter().filter(speaks).collect();
        // Entries of the same day give the same answer (the pack is checked for that); the identifier makes the order
        // independent of the file's.
        speaking.sort_by(|a, b| b.published.age_order(&a.published).then_with(|| a.id.cmp(&b.id)));
        let (applying, impossible): (Vec<&Entry>, Vec<&Entry>) = speaking.into_iter().partition(possible);
        let mut applying = applying.into_iter();
        Self { deciding: applying.next(), superseded: applying.collect(), impossible }
    }

    /// Where no entry decides: none applies, or the one that does is only announced.
    pub(super) fn unsettled(&self, confirmations: &[EntryConfirmation]) -> Option<Answer> {
        match self.deciding {
            None => Some(Answer::no_rule(questions::no_rule())),
            Some(entry) if entry.status == Status::Announced && confirmation(entry, confirmations).is_none() => {
                Some(Answer::ask(questions::announced_entry(entry), &["entry-confirmation"]))
            }
            Some(_) => None,
        }
    }
}

/// The operator's confirmation of an entry that needs one.
pub(super) fn confirmation<'a>(entry: &Entry, confirmations: &'a [EntryConfirmation]) -> Option<&'a EntryConfirmation> {
    let given = || confirmations.iter().find(|confirmation| confirmation.entry == entry.id);
    (entry.status == Status::Announced).then(given).flatten()
}
