//! The history of a case, from the audit trail: who did what and when, and nothing about the traveller.

use super::keep::Keeper;
use super::view::InterruptedView;
use domain::case::CaseNumber;
use domain::session::Outcome;
use domain::units::StaffId;
use store::{Action, Reason};

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

/// Who confirmed the exemption of this case, if somebody did and its record was kept after this moment. The audit trail tells
/// it, which outlives a restart.
pub fn exempt_since(keeper: &Keeper, case: &CaseNumber, since_ms: i64) -> Option<StaffId> {
    confirmed(&keeper.trail(MOST_LINES, Some(case)), since_ms)
}

fn confirmed(events: &[store::Event], since_ms: i64) -> Option<StaffId> {
    let exempt = Reason::word(Outcome::Exempt.id());
    let kept = |event: &&store::Event| event.what == Action::RecordKept && event.reason == exempt;
    events.iter().find(kept).filter(|event| event.at_ms >= since_ms)?;
    events.iter().find(|event| event.what == Action::Approved).map(|event| event.who.clone())
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
    fn only_a_confirmed_exemption_of_the_day_can_be_referred_to() {
        let line = |what, who: &str, at_ms, reason: &str| store::Event {
            at_ms,
            who: StaffId(who.into()),
            what,
            case: CaseNumber::parse("S1-260315-0007"),
            reason: Reason::word(reason),
        };
        let approved = line(Action::Approved, "boris", 900, "evidence-seen");
        let exempt = line(Action::RecordKept, "station", 1000, "exempt");
        for (events, since, by) in [
            (vec![exempt.clone(), approved.clone()], 1000, Some("boris")),
            (vec![exempt.clone(), approved.clone()], 1001, None),
            // A child is exempt by the document: nobody has confirmed anything that a family could rest on.
            (vec![exempt], 0, None),
            (vec![line(Action::RecordKept, "station", 1000, "enrolled-with-exceptions"), approved], 0, None),
            (vec![], 0, None),
        ] {
            assert_eq!(confirmed(&events, since).map(|by| by.0).as_deref(), by, "{events:?}");
        }
    }

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
