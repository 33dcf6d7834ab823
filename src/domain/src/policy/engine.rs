//! The policy engine: from a pack, a traveller's facts, a local time and a checkpoint to a decision.

use super::decision::Decision;
use super::document;
use super::entries::{Checkpoint, EntryConfirmation, Ranked};
use super::explain;
use super::facts::Facts;
use super::grounds::Weighed;
use super::pack::Pack;
use jiff::civil::DateTime;

/// Decides whether biometrics are due. Pure: the same arguments give the same decision.
///
/// Own citizens go first, then the question which entry speaks, then exemptions that are shown, then whatever is open.
/// Only where nothing is left are biometrics due, all of them or what a ground leaves. Codes and dates are used; names and numbers are not even there.
pub fn decide(
    pack: &Pack,
    facts: &Facts,
    at: DateTime,
    checkpoint: &Checkpoint,
    confirmations: &[EntryConfirmation],
) -> Decision {
    let entries = Ranked::of(pack, at, checkpoint, facts.direction);
    let grounds = Weighed::of(pack, entries.deciding, facts, at.date());
    let answer = document::own_citizen(pack, facts)
        .or_else(|| entries.unsettled(confirmations))
        .or_else(|| grounds.exemption())
        .or_else(|| grounds.claim())
        .or_else(|| document::doubt(facts))
        .or_else(|| grounds.other_document(pack, facts))
        .or_else(|| grounds.open())
        .or_else(|| grounds.hint())
        .unwrap_or_else(|| grounds.due())
        .after_ruling(facts.ruled_due_by.is_some(), || grounds.due());
    explain::decision(&explain::Case { pack, facts, at, checkpoint, confirmations, entries }, answer)
}
