//! Face and fingers at the same time, where the devices allow.

use super::*;

fn both() -> CapturePlan {
    CapturePlan { together: true, ..plan(&[Finger::RightIndex, Finger::RightMiddle], &[]) }
}

/// Plays events from the declaration on: every effect, and the session at the end.
fn play(plan: CapturePlan, events: Vec<Event>) -> (Vec<String>, Session) {
    let mut session = in_step(Step::Declare(due(), Progress::new(CapturePlan::default())));
    let mut log = Vec::new();
    for event in core::iter::once(Event::CaptureDeclared(plan)).chain(events) {
        let (next, effects) = session.apply(event).unwrap();
        log.extend(effects.iter().map(done));
        session = next;
    }
    (log, session)
}

fn middle(passes: bool) -> Event {
    Event::AttemptScored(right_middle(), vec![(MIDDLE, attempt(passes))], vec![])
}

#[test]
fn fingers_go_on_while_the_face_is_captured_and_the_face_while_fingers_are() {
    let rows: [(&str, Vec<Event>, &[&str]); 4] = [
        (
            "face first",
            vec![scored(Slot::Face, true), scored(INDEX, true), middle(true)],
            &[
                "capture face",
                "capture right-index beside",
                "capture right-index",
                "capture right-middle",
                "stop devices",
            ],
        ),
        (
            "fingers first",
            vec![scored(INDEX, true), middle(true), scored(Slot::Face, true)],
            &["capture face", "capture right-index beside", "capture right-middle beside", "stop devices"],
        ),
        (
            "each again by itself",
            vec![
                scored(INDEX, false),
                scored(Slot::Face, false),
                scored(INDEX, true),
                scored(Slot::Face, true),
                middle(true),
            ],
            &[
                "capture face",
                "capture right-index beside",
                "capture right-index beside",
                "capture face",
                "capture right-index beside",
                "capture right-middle beside",
                "capture right-middle",
                "stop devices",
            ],
        ),
        (
            "a scanner that fails beside the face is told when its turn comes",
            vec![
                Event::DeviceFailed(right_index(), "D-19".into()),
                scored(Slot::Face, true),
                scored(INDEX, true),
                middle(true),
            ],
            &[
                "capture face",
                "capture right-index beside",
                "capture right-index",
                "capture right-middle",
                "stop devices",
            ],
        ),
    ];
    for (name, events, effects) in rows {
        let (log, session) = play(both(), events);
        assert_eq!(log, effects, "{name}");
        let Step::Summary(_, progress) = session.step() else { panic!("{name}: {:?}", session.step()) };
        assert!(progress.slots().all(|slot| progress.state(slot) == SlotState::Accepted), "{name}");
    }
}

#[test]
fn nothing_runs_beside_a_capture_that_is_held_or_taken_back() {
    let failed = Event::DeviceFailed(Aim::Face, "D-30".into());
    for (event, step, effects) in [
        (failed, "held", vec!["stop devices"]),
        (Event::Undone, "declare", vec!["stop devices"]),
        (Event::TravellerRefused, "keeping", vec!["stop devices", "wipe samples", "keep record refused-by-traveller"]),
    ] {
        let (log, session) = play(both(), vec![event]);
        assert_eq!((session.step().id(), log[2..].to_vec()), (step, effects.iter().map(ToString::to_string).collect()));
    }
    let (log, _) = play(both(), vec![Event::DeviceFailed(Aim::Face, "D-30".into()), Event::Retry]);
    assert_eq!(log[3..], ["capture face", "capture right-index beside"], "both go on after the repair");
}

#[test]
fn without_two_devices_nothing_is_captured_beside_the_face() {
    let alone = CapturePlan { together: false, ..both() };
    let (log, session) = play(alone, vec![]);
    assert_eq!(log, ["capture face"]);
    assert!(matches!(session.apply(scored(INDEX, true)), Err(Refused::NotNow { .. })), "nobody asked for that finger");
    let (_, session) = play(both(), vec![]);
    assert!(matches!(session.apply(middle(true)), Err(Refused::NotNow { .. })), "its turn has not come");
}
