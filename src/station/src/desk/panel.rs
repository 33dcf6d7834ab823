//! From the desk to what there is to show.

use super::case::Case;
use super::view::{AttemptPanel, ParkedPanel, ParkedView, SlotView, View};
use domain::session::{Aim, FaceException, Progress, ReviewReason, SlotState, Step, Wrong};

/// The slots of a capture in codes.
pub fn slots(progress: &Progress) -> Vec<SlotView> {
    let view = |slot| {
        let of_slot = || progress.attempts().iter().filter(move |log| log.slot == slot);
        SlotView {
            slot: domain::session::Slot::id(slot),
            state: match progress.state(slot) {
                SlotState::Accepted => "accepted",
                SlotState::Exhausted => "exhausted",
                SlotState::Open => "open",
            },
            attempts: of_slot().count(),
            score: of_slot().filter_map(|log| log.score).max().map(|score| score.get()),
        }
    };
    progress.slots().map(view).collect()
}

/// The case at the desk in codes.
pub fn view_of(case: &Case) -> View {
    let step = case.session.step();
    let aim = match step {
        Step::Capturing(_, _, aim) | Step::Held(_, _, aim) => Some(aim),
        _ => None,
    };
    View {
        case: Some(case.number().clone()),
        step: step.id(),
        slot: aim.map(Aim::id),
        aimed_at: aim.map(|aim| aim.slots().iter().map(|slot| slot.id()).collect()).unwrap_or_default(),
        decision: case.decision().cloned(),
        slots: case.progress().map(slots).unwrap_or_default(),
        face_exception: case.progress().and_then(|progress| progress.plan().face_exception).map(FaceException::id),
        accompanying: case.accompanying.clone(),
        missing: case.progress().map(|progress| progress.plan().missing.clone()).unwrap_or_default(),
        warnings: case.warnings.clone(),
        ..View::default()
    }
}

/// A parked case as the supervisor sees it; none when it does not wait for anybody.
pub fn parked(case: &Case) -> Option<ParkedPanel> {
    let (reason, state) = match case.session.step() {
        Step::InReview(reason, _) => (Some(reason), "waiting"),
        Step::AwaitingRecall(..) => (None, "recapture"),
        _ => return None,
    };
    let (since, parked_at) = case.parked.as_ref()?;
    let question = match reason {
        Some(ReviewReason::Question(id)) => Some(id.clone()),
        _ => None,
    };
    let attempts = case.progress().map(Progress::attempts).unwrap_or_default();
    Some(ParkedPanel {
        view: ParkedView {
            case: case.number().clone(),
            reason: reason.map_or("recapture", ReviewReason::id),
            state,
            since_s: since.elapsed().as_secs(),
        },
        officer: case.session.officer().0.clone(),
        claim: case.claim.clone(),
        question,
        slots: case.progress().map(slots).unwrap_or_default(),
        attempts: attempts
            .iter()
            .map(|log| AttemptPanel {
                slot: log.slot,
                number: log.number,
                score: log.score.map(|score| score.get()),
                passes: log.passes,
                wrong: log.wrong.map(Wrong::id),
                error: log.error.clone(),
                measures: case.samples.judged(log.slot, log.number).map(<[_]>::to_vec),
            })
            .collect(),
        missing: case.progress().map(|progress| progress.plan().missing.clone()).unwrap_or_default(),
        face_exception: case.progress().and_then(|progress| progress.plan().face_exception).map(FaceException::id),
        vetoes: case.vetoes.clone(),
        staff: case.session.staff().cloned().collect(),
        accompanying: case.accompanying.clone(),
        refers: case.refers.clone(),
        family: Vec::new(),
        portrait: case.samples.portrait(),
        decision: case.decision()?.clone(),
        since: *since,
        parked_at: parked_at.clone(),
    })
}
