//! Sequences of events as clicks come, and the promises that none of them may break.

use super::*;
use proptest::prelude::*;

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
        slaps(),
        CapturePlan { together: true, ..slaps() },
        CapturePlan { together: true, ..plan(&[Finger::RightIndex, Finger::LeftIndex], &[]) },
    ]);
    prop_oneof![
        4 => proptest::sample::select(from_table),
        2 => any_decision().prop_map(Event::Decided),
        1 => plans.prop_map(Event::CaptureDeclared),
        4 => (slot, any::<bool>()).prop_map(|(slot, passes)| scored(slot, passes)),
        4 => any::<[bool; 4]>().prop_map(hand),
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
                Effect::Capture(aim, permit) => {
                    self.captures += 1;
                    let decided = self.decision.as_ref();
                    prop_assert!(decided.is_some_and(|d| d.verdict == Verdict::Required && d.stands()));
                    prop_assert!(matches!(next.step(), Step::Capturing(_, _, of) if of == aim));
                    prop_assert_eq!(permit.case(), next.case());
                    prop_assert_eq!(self.records, 0, "no capture after the record");
                }
                Effect::CaptureBeside(aim, permit) => {
                    let decided = self.decision.as_ref();
                    prop_assert!(decided.is_some_and(|d| d.verdict == Verdict::Required && d.stands()));
                    let beside = match next.step() {
                        Step::Capturing(_, progress, of) => progress.beside(of),
                        _ => None,
                    };
                    prop_assert_eq!(beside.as_ref(), Some(aim), "beside a face, and nothing else");
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
        if let Step::Capturing(_, progress, aim) = next.step() {
            prop_assert!(!progress.open_slots(aim).is_empty(), "no attempt beyond the limit");
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
