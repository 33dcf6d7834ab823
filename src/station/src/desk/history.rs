//! The history of a case, from the audit trail: who did what and when, and nothing about the traveller.

use super::keep::Keeper;
use super::view::InterruptedView;
use domain::case::CaseNumber;
use store::Action;

/// Lines of a case that are shown: more than any case has, as attempts are limited.
const MOST_LINES: usize = 500;

/// One line of a case's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryLine {
    /// UTC, milliseconds since 1970.
    pub at_ms: i64,
    /// Who: somebody of the staff, or `station`.
    pub who: String,
    /// What, in the word of the trail: `capture-begun`.
    pub what: String,
    /// Why, or which one, in the word of the trail.
    pub reason: Option<String>,
}

/// Every line of a case. A store that cannot be read has said so in the log.
pub fn lines(keeper: &Keeper, case: &CaseNumber) -> Vec<HistoryLine> {
    let events = keeper.trail(MOST_LINES, Some(case));
    let line = |event: store::Event| HistoryLine {
        at_ms: event.at_ms,
        who: event.who.0,
        what: event.what.id(),
        reason: event.reason.map(|reason| reason.to_string()),
    };
    events.into_iter().rev().map(line).collect()
}

/// A case that the last run left open, and the stage that it has to be repeated from.
pub fn interrupted(keeper: &Keeper, case: &CaseNumber) -> InterruptedView {
    let stage = keeper.trail(MOST_LINES, Some(case)).iter().find_map(|event| stage(event.what)).unwrap_or("document");
    InterruptedView { case: case.clone(), stage }
}

/// Where a case stood after this.
fn stage(what: Action) -> Option<&'static str> {
    match what {
        Action::CaseOpened | Action::ClockConfirmed => Some("document"),
        Action::Decided => Some("decision"),
        Action::CaptureBegun | Action::CaptureEnded | Action::DeviceFault | Action::TakenBack => Some("capture"),
        Action::Signed | Action::Overridden => Some("sign"),
        Action::Approved | Action::ExemptionClaimed | Action::Parked | Action::Refused => Some("review"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stage_to_repeat_is_that_of_the_last_deed() {
        for (what, expected) in [
            (Action::CaseOpened, Some("document")),
            (Action::Decided, Some("decision")),
            (Action::CaptureEnded, Some("capture")),
            (Action::Signed, Some("sign")),
            (Action::Parked, Some("review")),
            (Action::LoggedIn, None),
        ] {
            assert_eq!(stage(what), expected, "{what:?}");
        }
    }
}
