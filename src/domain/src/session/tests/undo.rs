//! Going back a step, taking something back, and who may decide afterwards.

use super::*;

#[test]
fn who_worked_on_a_case_does_not_decide_on_it() {
    let second = StaffId("o-18".into());
    let waiting = Step::InReview(claim(), Parked::Undecided(decision(Verdict::AskSupervisor, None)));
    for (helper, own) in [(None, false), (Some(&second), true), (Some(&officer()), false)] {
        let session = in_step(waiting.clone());
        let session = helper.map_or(session.clone(), |helper| session.worked_on_by(helper));
        assert_eq!(session.officer(), &officer(), "who opened the case stays who opened it");
        for event in [Event::ReviewApproved, Event::ReviewRefused] {
            let refused = session.apply(event(second.clone())).is_err_and(|no| no == Refused::OwnCase(case()));
            assert_eq!(refused, own, "{helper:?}");
            assert!(session.apply(event(officer())).is_err());
        }
    }
}

#[test]
fn what_was_taken_back_counts_no_more_and_is_taken_anew() {
    let summary = Step::Summary(due(), progress(plan(&[Finger::RightIndex], &[]), &[true], &[false, true]));
    let (session, effects) = in_step(summary).apply(Event::TakenBack(INDEX)).unwrap();
    assert_eq!(effects.iter().map(done).collect::<Vec<_>>(), ["capture right-index"]);
    let Step::Capturing(_, progress, _) = session.step() else { panic!("{:?}", session.step()) };
    assert_eq!((progress.state(INDEX), progress.best(INDEX)), (SlotState::Open, None));
    assert_eq!(progress.state(Slot::Face), SlotState::Accepted, "nothing else is touched");
    let mut session = session;
    for expected in [SlotState::Open, SlotState::Open, SlotState::Exhausted] {
        (session, _) = session.apply(scored(INDEX, false)).unwrap();
        let (Step::Capturing(_, progress, _) | Step::Summary(_, progress)) = session.step() else {
            panic!("{:?}", session.step())
        };
        assert_eq!(progress.state(INDEX), expected);
        assert!(progress.best(INDEX) > Some(2), "what was taken back is never the best");
    }
}

#[test]
fn a_declaration_may_be_changed_and_keeps_what_was_taken() {
    let two = plan(&[Finger::RightIndex, Finger::RightMiddle], &[]);
    let capturing = Step::Capturing(due(), progress(two, &[true], &[false]), right_index());
    let mut session = in_step(capturing);
    let bandaged = plan(&[Finger::RightMiddle], &[Finger::RightIndex]);
    for (event, effects) in [
        (Event::Undone, vec!["stop devices"]),
        (Event::CaptureDeclared(bandaged), vec!["capture right-middle"]),
        (scored(MIDDLE, true), vec!["stop devices"]),
        (Event::Undone, vec![]),
        // The decision is not reopened once something was taken.
        (Event::CaptureDeclared(plan(&[Finger::RightIndex, Finger::RightMiddle], &[])), vec!["capture right-index"]),
        (scored(INDEX, true), vec!["stop devices"]),
        (Event::Signed, vec!["keep record enrolled"]),
    ] {
        if matches!(session.step(), Step::Declare(..)) {
            assert!(session.apply(Event::Undone).is_err());
        }
        let (next, done_now) = session.apply(event).unwrap();
        assert_eq!(done_now.iter().map(done).collect::<Vec<_>>(), effects);
        session = next;
    }
}

#[test]
fn nobody_takes_back_for_ever() {
    let mut session = in_step(Step::Summary(due(), progress(plan(&[], &[]), &[true], &[])));
    let mut attempts = 1;
    while let Ok((capturing, _)) = session.apply(Event::TakenBack(Slot::Face)) {
        (session, _) = capturing.apply(scored(Slot::Face, true)).unwrap();
        attempts += 1;
    }
    assert_eq!(attempts, MAX_LOGGED);
}

/// A finger that was doubted after a recall is asked for again, and its new attempts count.
#[test]
fn a_finger_doubted_in_a_later_round_gets_its_attempts() {
    let two = plan(&[Finger::RightIndex, Finger::RightMiddle], &[]);
    let mut taken = progress(two, &[true], &[true]);
    (0..3).for_each(|_| taken.scored(MIDDLE, attempt(false)));
    let mut session = in_step(Step::AwaitingRecall(Parked::Taken(due(), taken), vec![MIDDLE]));
    for event in [Event::Recalled, same_for_the_middle(), scored(INDEX, true), scored(MIDDLE, true)] {
        (session, _) = session.apply(event).unwrap();
    }
    assert!(matches!(session.step(), Step::Summary(..)), "{:?}", session.step());
}
