//! The whole transition table as a reviewed snapshot, and what no sequence of events may do.

extern crate std;

mod sequences;
mod together;
mod undo;

use super::*;
use crate::case::StationId;
use crate::device::CaptureGroup;
use crate::finger::{Finger, MissingFinger, MissingReason};
use crate::policy::{Modalities, Question};
use crate::units::Millis;
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt::Write;
use jiff::civil::date;

fn officer() -> StaffId {
    StaffId("o-17".into())
}

fn supervisor() -> StaffId {
    StaffId("s-3".into())
}

fn case() -> CaseNumber {
    CaseNumber::new(&StationId("S1".into()), date(2025, 12, 24), 7)
}

fn decision(verdict: Verdict, question: Option<SettledBy>) -> Decision {
    let ask = |settled_by| Question { id: "birth-date".into(), text: "Which date?".into(), settled_by, age: None };
    Decision {
        verdict,
        takes: if verdict == Verdict::Required { Modalities::ALL } else { Modalities::NONE },
        ground: None,
        entry: Some("all-2025-12".into()),
        superseded: vec![],
        sources: vec![],
        facts_used: vec![],
        facts_missing: vec![],
        question: question.map(ask),
        notes: vec![],
        pack: "ru-entry 2026.1".into(),
    }
}

fn due() -> Due {
    Due::from_decision(&decision(Verdict::Required, None)).unwrap()
}

fn plan(fingers: &[Finger], missing: &[Finger]) -> CapturePlan {
    let gone = |finger: &Finger| MissingFinger { finger: *finger, reason: MissingReason::Bandaged };
    let placements = fingers.iter().map(|finger| vec![*finger]).collect();
    CapturePlan { placements, missing: missing.iter().map(gone).collect(), ..CapturePlan::default() }
}

/// Right hand and both thumbs, put down together.
fn slaps() -> CapturePlan {
    let placements = [CaptureGroup::RightFour, CaptureGroup::TwoThumbs].map(|group| group.fingers().to_vec()).to_vec();
    CapturePlan { placements, ..CapturePlan::default() }
}

fn right_four() -> Aim {
    Aim::Fingers(CaptureGroup::RightFour.fingers().to_vec())
}

fn right_index() -> Aim {
    Aim::Fingers(vec![Finger::RightIndex])
}

fn right_middle() -> Aim {
    Aim::Fingers(vec![Finger::RightMiddle])
}

fn scored(slot: Slot, passes: bool) -> Event {
    let aim = match slot {
        Slot::Face => Aim::Face,
        Slot::Finger(finger) => Aim::Fingers(vec![finger]),
    };
    Event::AttemptScored(aim, vec![(slot, attempt(passes))], vec![])
}

/// How a right hand went: index, middle, ring, little.
fn hand(passes: [bool; 4]) -> Event {
    let slots = right_four().slots();
    Event::AttemptScored(right_four(), slots.into_iter().zip(passes.map(attempt)).collect(), vec![])
}

const INDEX: Slot = Slot::Finger(Finger::RightIndex);
const MIDDLE: Slot = Slot::Finger(Finger::RightMiddle);

/// The finger that was accepted for the right index is put down where the middle one is asked for.
fn same_for_the_middle() -> Event {
    let wrong = Attempt { wrong: Some(Wrong::SameFinger), ..Attempt::without_sample(Millis(800)) };
    Event::AttemptScored(right_middle(), vec![(MIDDLE, wrong)], vec![INDEX])
}

/// Progress with this many good (`true`) and poor attempts at the face, then at the right index finger.
fn progress(plan: CapturePlan, face: &[bool], index: &[bool]) -> Progress {
    let mut progress = Progress::new(plan);
    let attempts = face.iter().map(|passes| (Slot::Face, *passes));
    for (slot, passes) in attempts.chain(index.iter().map(|passes| (INDEX, *passes))) {
        progress.scored(slot, attempt(passes));
    }
    progress
}

fn attempt(passes: bool) -> Attempt {
    Attempt { score: None, passes, wrong: None, took: Millis(800) }
}

fn claim() -> ReviewReason {
    ReviewReason::Attestation { ground: "diplomat".into(), evidence: "accreditation-card".into() }
}

/// Every kind of step, and the variants of it that answer differently.
fn steps() -> Vec<(&'static str, Step)> {
    let one = || plan(&[Finger::RightIndex], &[]);
    let taken = |progress| Parked::Taken(due(), progress);
    let asked = || Parked::Undecided(decision(Verdict::AskSupervisor, Some(SettledBy::Supervisor)));
    let poor = || progress(one(), &[true], &[false; 3]);
    let good = || progress(one(), &[true], &[true]);
    let rejected = ReviewReason::Rejected(vec![INDEX]);
    let vetoed = ReviewReason::Vetoed(Slot::Face, Veto::RefusedAlthoughAccepted);
    let question = ReviewReason::Question("unknown-code".into());
    vec![
        ("the clock is in doubt", Step::ConfirmDate),
        ("no document yet", Step::Document),
        ("required", Step::Decided(decision(Verdict::Required, None))),
        ("required, officer asked", Step::Decided(decision(Verdict::Required, Some(SettledBy::Officer)))),
        ("ask supervisor", Step::Decided(decision(Verdict::AskSupervisor, Some(SettledBy::Supervisor)))),
        ("exempt", Step::Decided(decision(Verdict::Exempt, None))),
        ("exempt, officer asked", Step::Decided(decision(Verdict::Exempt, Some(SettledBy::Officer)))),
        ("not in scope", Step::Decided(decision(Verdict::NotInScope, None))),
        ("no rule", Step::Decided(decision(Verdict::NoRule, None))),
        ("biometrics are due", Step::Declare(due(), Progress::new(CapturePlan::default()))),
        ("back from the capture, face taken", Step::Declare(due(), progress(one(), &[true], &[]))),
        ("face, nothing taken", Step::Capturing(due(), Progress::new(one()), Aim::Face)),
        ("right index, face taken", Step::Capturing(due(), progress(one(), &[true], &[]), right_index())),
        (
            "right index, two poor attempts",
            Step::Capturing(due(), progress(one(), &[true], &[false; 2]), right_index()),
        ),
        ("right middle, right index taken", {
            let two = plan(&[Finger::RightIndex, Finger::RightMiddle], &[]);
            Step::Capturing(due(), progress(two, &[true], &[true]), right_middle())
        }),
        ("right hand, face taken", Step::Capturing(due(), progress(slaps(), &[true], &[]), right_four())),
        ("face, right index beside it", {
            let plan = CapturePlan { together: true, ..plan(&[Finger::RightIndex, Finger::RightMiddle], &[]) };
            Step::Capturing(due(), Progress::new(plan), Aim::Face)
        }),
        ("right index, device failed", Step::Held(due(), progress(one(), &[true], &[]), right_index())),
        ("all accepted", Step::Summary(due(), good())),
        ("all accepted, one finger missing", {
            let plan = plan(&[Finger::RightIndex], &[Finger::LeftIndex]);
            Step::Summary(due(), progress(plan, &[true], &[true]))
        }),
        ("face only", Step::Summary(due(), progress(plan(&[], &[]), &[true], &[]))),
        ("right index exhausted", Step::Summary(due(), poor())),
        ("rejected finger", Step::InReview(rejected, taken(poor()))),
        ("vetoed face", Step::InReview(vetoed, taken(good()))),
        ("claimed exemption", Step::InReview(claim(), asked())),
        ("open question", Step::InReview(question, asked())),
        ("recapture of the right index", Step::AwaitingRecall(taken(poor()), vec![INDEX])),
        ("a new decision", Step::AwaitingRecall(asked(), vec![])),
        ("enrolled", Step::Keeping(Outcome::Enrolled)),
        ("enrolled", Step::Closed(Outcome::Enrolled)),
    ]
}

/// Every event, and the variants of it that are answered differently.
fn events() -> Vec<(&'static str, Event)> {
    vec![
        ("ClockDoubted", Event::ClockDoubted),
        ("DateConfirmed", Event::DateConfirmed),
        ("Decided(required)", Event::Decided(decision(Verdict::Required, None))),
        ("ExemptionClaimed", Event::ExemptionClaimed { ground: "diplomat".into(), evidence: "card".into() }),
        ("SentToSupervisor", Event::SentToSupervisor),
        ("Proceed", Event::Proceed),
        ("CaptureDeclared(one finger)", Event::CaptureDeclared(plan(&[Finger::RightIndex], &[]))),
        ("AttemptScored(face, good)", scored(Slot::Face, true)),
        ("AttemptScored(right-index, good)", scored(INDEX, true)),
        ("AttemptScored(right-index, poor)", scored(INDEX, false)),
        ("AttemptScored(right-four, good)", hand([true; 4])),
        ("AttemptScored(right-four, ring poor)", hand([true, true, false, true])),
        ("AttemptScored(right-middle, same as right-index)", same_for_the_middle()),
        ("DeviceFailed(right-index)", Event::DeviceFailed(right_index(), "D-12".into())),
        ("Retry", Event::Retry),
        ("Signed", Event::Signed),
        ("TakenBack(face)", Event::TakenBack(Slot::Face)),
        ("TakenBack(left-ring)", Event::TakenBack(Slot::Finger(Finger::LeftRing))),
        ("Undone", Event::Undone),
        ("Vetoed(face)", Event::Vetoed(Slot::Face, Veto::RefusedAlthoughAccepted)),
        ("Vetoed(left-ring)", Event::Vetoed(Slot::Finger(Finger::LeftRing), Veto::AcceptedForReason)),
        ("ReviewApproved(supervisor)", Event::ReviewApproved(supervisor())),
        ("ReviewApproved(own officer)", Event::ReviewApproved(officer())),
        ("ReviewRecapture(supervisor)", Event::ReviewRecapture(supervisor())),
        ("ReviewRecapture(own officer)", Event::ReviewRecapture(officer())),
        ("ReviewRefused(supervisor)", Event::ReviewRefused(supervisor())),
        ("ReviewRefused(own officer)", Event::ReviewRefused(officer())),
        ("Recalled", Event::Recalled),
        ("RecordKept", Event::RecordKept),
        ("TravellerRefused", Event::TravellerRefused),
        ("Cancelled", Event::Cancelled),
    ]
}

fn said(step: &Step) -> String {
    let slot = match step {
        Step::Capturing(_, _, aim) | Step::Held(_, _, aim) => aim.id(),
        Step::Keeping(outcome) | Step::Closed(outcome) => outcome.id(),
        Step::InReview(reason, _) => reason.id(),
        _ => return step.id().to_string(),
    };
    format!("{} {slot}", step.id())
}

fn done(effect: &Effect) -> String {
    match effect {
        Effect::Capture(aim, _) => format!("capture {}", aim.id()),
        Effect::CaptureBeside(aim, _) => format!("capture {} beside", aim.id()),
        Effect::KeepRecord(outcome) => format!("keep record {}", outcome.id()),
        Effect::Park(reason) => format!("park for {}", reason.id()),
        Effect::StopDevices => "stop devices".into(),
        Effect::WipeSamples => "wipe samples".into(),
    }
}

fn in_step(step: Step) -> Session {
    Session { step, ..Session::open(case(), officer(), false) }
}

/// The table as people review it: each step, what each event does there, and the events that it refuses.
fn table() -> String {
    let mut text = String::new();
    for (name, step) in steps() {
        writeln!(text, "## {}: {name}", said(&step)).unwrap();
        let mut not_now = vec![];
        for (event_name, event) in events() {
            let answer = match in_step(step.clone()).apply(event) {
                Ok((next, effects)) => {
                    let effects: Vec<String> = effects.iter().map(done).collect();
                    format!("{} [{}]", said(next.step()), effects.join(", "))
                }
                Err(Refused::NotNow { .. }) => {
                    not_now.push(event_name);
                    continue;
                }
                Err(Refused::OwnCase(_)) => "refused: own case".into(),
                Err(Refused::NotDue(_)) => "refused: not due".into(),
                Err(Refused::QuestionOpen(_)) => "refused: question open".into(),
            };
            writeln!(text, "{event_name} -> {answer}").unwrap();
        }
        writeln!(text, "not possible: {}\n", not_now.join(", ")).unwrap();
    }
    text
}

#[test]
fn the_transition_table_is_the_reviewed_one() {
    insta::assert_snapshot!("transitions", table());
}

#[test]
fn the_table_has_every_step_and_every_event() {
    let mut steps: Vec<_> = steps().iter().map(|(_, step)| step.id()).collect();
    let mut events: Vec<_> = events().iter().map(|(_, event)| event.id()).collect();
    for ids in [&mut steps, &mut events] {
        ids.sort_unstable();
        ids.dedup();
    }
    // The counts of the enums: `Step::id` and `Event::id` have no wildcard, so a new variant is met there first.
    assert_eq!(steps.len(), 11, "{steps:?}");
    assert_eq!(events.len(), 21, "{events:?}");
}

#[test]
fn a_straight_enrolment_takes_face_and_fingers_once() {
    let mut session = Session::open(case(), officer(), true);
    let mut log = vec![];
    for event in [
        Event::DateConfirmed,
        Event::Decided(decision(Verdict::Required, None)),
        Event::Proceed,
        Event::CaptureDeclared(plan(&[Finger::RightIndex], &[])),
        scored(Slot::Face, true),
        scored(INDEX, false),
        scored(INDEX, true),
        Event::Signed,
        Event::RecordKept,
    ] {
        let (next, effects) = session.apply(event).unwrap();
        log.extend(effects.iter().map(done));
        session = next;
    }
    let expected = [
        "capture face",
        "capture right-index",
        "capture right-index",
        "stop devices",
        "keep record enrolled",
        "wipe samples",
    ];
    assert_eq!(log, expected);
    assert_eq!(session.step(), &Step::Closed(Outcome::Enrolled));
}

#[test]
fn a_hand_is_put_down_again_for_the_finger_that_was_poor() {
    let mut session = in_step(Step::Declare(due(), Progress::new(CapturePlan::default())));
    let mut log = vec![];
    for event in [
        Event::CaptureDeclared(slaps()),
        scored(Slot::Face, true),
        hand([true, false, true, false]),
        // What was accepted stays accepted, whatever the second placement brings.
        hand([false, true, false, false]),
        Event::AttemptScored(right_four(), vec![], vec![]),
    ] {
        let (next, effects) = session.apply(event).unwrap();
        log.extend(effects.iter().map(done));
        session = next;
    }
    assert_eq!(
        log,
        ["capture face", "capture right-four", "capture right-four", "capture right-four", "capture two-thumbs"]
    );
    let Step::Capturing(_, progress, _) = session.step() else { panic!("{:?}", session.step()) };
    use Finger::*;
    for (finger, state, attempts) in [
        (RightIndex, SlotState::Accepted, 1),
        (RightMiddle, SlotState::Accepted, 2),
        (RightRing, SlotState::Accepted, 1),
        (RightLittle, SlotState::Exhausted, 3),
        (LeftThumb, SlotState::Open, 0),
    ] {
        let slot = Slot::Finger(finger);
        let made = progress.attempts().iter().filter(|log| log.slot == slot).count();
        assert_eq!((progress.state(slot), made), (state, attempts), "{finger}");
    }
}

#[test]
fn a_wrong_finger_uses_an_attempt_up_and_is_never_the_best() {
    let mut progress = Progress::new(plan(&[Finger::RightIndex], &[]));
    let of = |score: f64, wrong| Attempt {
        score: Some(crate::units::QualityScore::nearest(score)),
        passes: score > 30.0,
        wrong,
        took: Millis(800),
    };
    for (attempt, best, state) in [
        (of(90.0, Some(Wrong::SameFinger)), 1, SlotState::Open),
        (of(12.0, None), 2, SlotState::Open),
        (of(95.0, Some(Wrong::WrongHand)), 2, SlotState::Exhausted),
    ] {
        progress.scored(INDEX, attempt);
        assert_eq!((progress.best(INDEX), progress.state(INDEX)), (Some(best), state), "{attempt:?}");
    }
}

#[test]
fn a_finger_that_was_put_down_for_two_is_taken_again_for_both() {
    let two = plan(&[Finger::RightIndex, Finger::RightMiddle], &[]);
    let mut session = in_step(Step::Capturing(due(), progress(two, &[true], &[true]), right_middle()));
    for (event, aim, index, middle) in [
        (same_for_the_middle(), right_index(), SlotState::Open, SlotState::Open),
        (scored(INDEX, true), right_middle(), SlotState::Accepted, SlotState::Open),
        // The same mistake again: attempts end all the same.
        (same_for_the_middle(), right_index(), SlotState::Open, SlotState::Open),
        (scored(INDEX, true), right_middle(), SlotState::Accepted, SlotState::Open),
    ] {
        (session, _) = session.apply(event).unwrap();
        let Step::Capturing(_, progress, of) = session.step() else { panic!("{:?}", session.step()) };
        assert_eq!((of, progress.state(INDEX), progress.state(MIDDLE)), (&aim, index, middle));
        let [first, ..] = progress.attempts().iter().filter(|log| log.slot == INDEX).collect::<Vec<_>>()[..] else {
            panic!("{:?}", progress.attempts())
        };
        assert_eq!((first.passes, first.wrong), (false, Some(Wrong::SameFinger)), "what was in doubt never counts");
    }
    let (session, _) = session.apply(same_for_the_middle()).unwrap();
    let Step::Summary(_, progress) = session.step() else { panic!("{:?}", session.step()) };
    assert_eq!(progress.rejected(), [INDEX, MIDDLE]);
}
