//! The whole transition table as a reviewed snapshot, and what no sequence of events may do.

extern crate std;

use super::*;
use crate::case::StationId;
use crate::finger::{Finger, MissingFinger, MissingReason};
use crate::policy::Question;
use crate::units::Millis;
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt::Write;
use jiff::civil::date;
use proptest::prelude::*;

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
    let ask = |settled_by| Question { id: "birth-date".into(), text: "Which date?".into(), settled_by };
    Decision {
        verdict,
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
    CapturePlan { fingers: fingers.to_vec(), missing: missing.iter().map(gone).collect(), face_exception: None }
}

const INDEX: Slot = Slot::Finger(Finger::RightIndex);

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
    Attempt { score: None, passes, took: Millis(800) }
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
        ("biometrics are due", Step::Declare(due())),
        ("face, nothing taken", Step::Capturing(due(), Progress::new(one()), Slot::Face)),
        ("right index, face taken", Step::Capturing(due(), progress(one(), &[true], &[]), INDEX)),
        ("right index, two poor attempts", Step::Capturing(due(), progress(one(), &[true], &[false; 2]), INDEX)),
        ("right index, device failed", Step::Held(due(), progress(one(), &[true], &[]), INDEX)),
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
        ("AttemptScored(face, good)", Event::AttemptScored(Slot::Face, attempt(true))),
        ("AttemptScored(right-index, good)", Event::AttemptScored(INDEX, attempt(true))),
        ("AttemptScored(right-index, poor)", Event::AttemptScored(INDEX, attempt(false))),
        ("DeviceFailed(right-index)", Event::DeviceFailed(INDEX, "D-12".into())),
        ("Retry", Event::Retry),
        ("Signed", Event::Signed),
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
        Step::Capturing(_, _, slot) | Step::Held(_, _, slot) => slot.id(),
        Step::Keeping(outcome) | Step::Closed(outcome) => outcome.id(),
        Step::InReview(reason, _) => reason.id(),
        _ => return step.id().to_string(),
    };
    format!("{} {slot}", step.id())
}

fn done(effect: &Effect) -> String {
    match effect {
        Effect::Capture(slot, _) => format!("capture {}", slot.id()),
        Effect::KeepRecord(outcome) => format!("keep record {}", outcome.id()),
        Effect::Park(reason) => format!("park for {}", reason.id()),
        Effect::StopDevices => "stop devices".into(),
        Effect::WipeSamples => "wipe samples".into(),
    }
}

fn in_step(step: Step) -> Session {
    Session { case: case(), officer: officer(), step }
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
    assert_eq!(events.len(), 19, "{events:?}");
}

fn any_decision() -> impl Strategy<Value = Decision> {
    let verdicts = [
        Verdict::AskSupervisor,
        Verdict::Exempt,
        Verdict::NoRule,
        Verdict::NotInScope,
        Verdict::Required,
        Verdict::Required,
    ];
    let question = prop_oneof![Just(None), Just(Some(SettledBy::Officer)), Just(Some(SettledBy::Supervisor))];
    (proptest::sample::select(verdicts.to_vec()), question).prop_map(|(verdict, asks)| decision(verdict, asks))
}

/// Events as clicks come: any of them, in any order, those of the table and more decisions, plans and attempts.
fn any_event() -> impl Strategy<Value = Event> {
    let from_table: Vec<Event> = events().into_iter().map(|(_, event)| event).collect();
    let slot = proptest::sample::select(vec![Slot::Face, INDEX, Slot::Finger(Finger::LeftIndex)]);
    let plans = proptest::sample::select(vec![
        plan(&[], &[]),
        plan(&[Finger::RightIndex, Finger::LeftIndex], &[]),
        plan(&[Finger::LeftIndex], &[Finger::RightIndex]),
    ]);
    prop_oneof![
        4 => proptest::sample::select(from_table),
        2 => any_decision().prop_map(Event::Decided),
        1 => plans.prop_map(Event::CaptureDeclared),
        4 => (slot, any::<bool>()).prop_map(|(slot, passes)| Event::AttemptScored(slot, attempt(passes))),
        // The straight way through, so that long sequences get far.
        6 => proptest::sample::select(vec![
            Event::Decided(decision(Verdict::Required, None)), Event::Proceed, Event::Signed, Event::Recalled,
        ]),
    ]
}

/// What an observer who sees accepted events and effects knows of a case.
#[derive(Default)]
struct Witness {
    decision: Option<Decision>,
    captures: usize,
    records: usize,
}

impl Witness {
    /// Holds the promises of one accepted event.
    fn check(&mut self, event: &Event, next: &Session, effects: &[Effect]) -> Result<(), TestCaseError> {
        let reviewer = match event {
            Event::ReviewApproved(by) | Event::ReviewRecapture(by) | Event::ReviewRefused(by) => Some(by),
            _ => None,
        };
        prop_assert_ne!(reviewer, Some(next.officer()), "nobody decides on their own case");
        if let Event::Decided(decision) = event {
            self.decision = Some(decision.clone());
        }
        for effect in effects {
            match effect {
                Effect::Capture(slot, permit) => {
                    self.captures += 1;
                    let decided = self.decision.as_ref();
                    prop_assert!(decided.is_some_and(|d| d.verdict == Verdict::Required && d.stands()));
                    prop_assert!(matches!(next.step(), Step::Capturing(_, _, of) if of == slot));
                    prop_assert_eq!(permit.case(), next.case());
                    prop_assert_eq!(self.records, 0, "no capture after the record");
                }
                Effect::KeepRecord(outcome) => {
                    self.records += 1;
                    let enrolled = matches!(outcome, Outcome::Enrolled | Outcome::EnrolledWithExceptions);
                    prop_assert!(!enrolled || self.captures > 0, "nobody is enrolled without a capture");
                }
                Effect::Park(_) | Effect::StopDevices | Effect::WipeSamples => {}
            }
        }
        prop_assert!(self.records <= 1, "one record a case");
        if let Step::Capturing(_, progress, slot) = next.step() {
            prop_assert_eq!(progress.state(*slot), SlotState::Open, "no attempt beyond the limit");
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn no_sequence_of_events_breaks_a_promise(
        clock_in_doubt in any::<bool>(),
        events in proptest::collection::vec(any_event(), 1..60),
    ) {
        let mut session = Session::open(case(), officer(), clock_in_doubt);
        let mut witness = Witness::default();
        for event in events {
            let before = session.clone();
            match session.apply(event.clone()) {
                Ok((next, effects)) => {
                    witness.check(&event, &next, &effects)?;
                    session = next;
                }
                Err(refused) => {
                    prop_assert_eq!(&before, &session, "a refused event changes nothing");
                    prop_assert!(refused.to_string().contains(case().as_str()));
                }
            }
        }
    }

    /// While a case waits for a second person about an exemption or a question, no device opens.
    #[test]
    fn no_device_opens_while_a_claim_waits(events in proptest::collection::vec(any_event(), 1..30)) {
        let undecided = Parked::Undecided(decision(Verdict::Required, None));
        let mut session = in_step(Step::InReview(claim(), undecided));
        for event in events {
            let Ok((next, effects)) = session.apply(event) else { continue };
            if matches!(next.step(), Step::Decided(_)) {
                break;
            }
            prop_assert!(!effects.iter().any(|effect| matches!(effect, Effect::Capture(..))));
            session = next;
        }
    }
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
        Event::AttemptScored(Slot::Face, attempt(true)),
        Event::AttemptScored(INDEX, attempt(false)),
        Event::AttemptScored(INDEX, attempt(true)),
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
