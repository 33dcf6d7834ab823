//! The packs of other jurisdictions: data alone makes the difference, and what is limited is limited at the desk.

use super::Verdict::{AskSupervisor, Exempt, NotInScope, Required};
use super::*;
use crate::case::{CaseNumber, StationId};
use crate::device::CaptureGroup;
use crate::finger::Finger;
use crate::session::{CapturePlan, Effect, Event, Outcome, Refused, Session, Slot};
use crate::units::{Millis, StaffId};
use alloc::{vec, vec::Vec};

const EU_EES: &str = include_str!("../../../../../config/policies/eu-ees.toml");
const KZ_ENTRY: &str = include_str!("../../../../../config/policies/kz-entry.toml");

fn ees() -> Pack {
    Pack::parse(EU_EES).unwrap_or_else(|faults| panic!("{faults}"))
}

fn kz() -> Pack {
    Pack::parse(KZ_ENTRY).unwrap_or_else(|faults| panic!("{faults}"))
}

fn in_may(facts: &Facts) -> Decision {
    decide(&ees(), facts, at("2026-05-05T10:00"), &checkpoint("roissy"), &[])
}

fn aged(born_on: &str) -> Facts {
    Facts { birth_date: BirthDate::parse(born_on), ..of("USA", "USA") }
}

#[test]
fn the_same_traveller_meets_three_countries() {
    let confirmed_kz = [EntryConfirmation { entry: "visitors".into(), ..confirmed()[0].clone() }];
    let time = "2026-08-01T12:00";
    for (nationality, russia, union, kazakhstan) in [
        ("USA", Required, Required, Required),
        ("RUS", NotInScope, Required, Required),
        ("KAZ", Required, Required, NotInScope),
        ("DEU", Required, NotInScope, Required),
        ("D", Required, NotInScope, Required),
        ("CHE", Required, NotInScope, Required),
        ("BLR", Exempt, Required, Required),
        ("SMR", Required, Exempt, Required),
        ("XXX", AskSupervisor, AskSupervisor, AskSupervisor),
    ] {
        let facts = of(nationality, nationality);
        let ask = |pack: &Pack, told: &[EntryConfirmation]| {
            decide(pack, &facts, at(time), &checkpoint("anywhere"), told).verdict
        };
        let verdicts = (ask(&pack(), &confirmed()), ask(&ees(), &[]), ask(&kz(), &confirmed_kz));
        assert_eq!(verdicts, (russia, union, kazakhstan), "{nationality}");
    }
}

#[test]
fn what_is_not_confirmed_decides_nothing() {
    let decision = decide(&kz(), &of("USA", "USA"), at("2026-08-01T12:00"), &checkpoint("astana"), &[]);
    assert_eq!(short(&decision), (AskSupervisor, None, Some("announced-entry")));
    assert!(kz().entries.iter().all(|entry| entry.status == Status::Announced));
}

#[test]
fn the_entry_exit_system_begins_and_becomes_full() {
    for (time, possible, entry) in [
        ("2025-10-11T23:59:59", true, None),
        ("2025-10-12T00:00", true, Some("progressive-start-2025")),
        ("2026-04-09T23:59:59", true, Some("progressive-start-2025")),
        ("2026-04-10T00:00", true, Some("full-operation-2026")),
        ("2026-04-10T00:00", false, None),
    ] {
        let there = Checkpoint { id: "roissy".into(), technically_possible: possible };
        let decision = decide(&ees(), &of("USA", "USA"), at(time), &there, &[]);
        assert_eq!(decision.entry.as_deref(), entry, "{time}");
        assert_eq!(decision.verdict == Required, entry.is_some(), "{time}");
    }
}

#[test]
fn fingerprints_are_due_from_the_twelfth_birthday() {
    use Modality::{Face, Fingers};
    for (born_on, takes, ground, question) in [
        ("2014-05-04", vec![Face, Fingers], None, None),
        ("2014-05-05", vec![Face, Fingers], None, None),
        ("2014-05-06", vec![Face], Some("under-twelve"), None),
        ("2025-01-01", vec![Face], Some("under-twelve"), None),
        ("2014-05-XX", vec![], None, Some("birth-date")),
        ("2014-04-XX", vec![Face, Fingers], None, None),
    ] {
        let decision = in_may(&aged(born_on));
        assert_eq!(decision.takes.iter().collect::<Vec<_>>(), takes, "born {born_on}");
        let asked = decision.question.as_ref().map(|question| question.id.as_str());
        assert_eq!((decision.ground.as_deref(), asked), (ground, question), "born {born_on}");
        let told = decision.facts_used.iter().find(|fact| fact.fact == "takes").map(|fact| fact.value.as_str());
        assert_eq!(told, ground.map(|_| "face"), "born {born_on}");
        let cited = decision.sources.iter().any(|source| source.cite.contains("Article 17(3)"));
        assert_eq!(cited, ground.is_some(), "born {born_on}");
    }
}

#[test]
fn an_open_age_is_asked_and_a_ruling_takes_no_more_than_is_certain() {
    let two_digits = Facts { birth_date: born("150101"), ..of("USA", "USA") };
    let asked = in_may(&two_digits);
    assert_eq!(
        asked.question.as_ref().map(|question| (question.id.as_str(), question.age)),
        Some(("confirm-child", Some(12)))
    );
    for (answer, takes) in [("yes", 1), ("no", 2)] {
        let decision = in_may(&answered(two_digits.clone(), &[("confirm-child", answer)]));
        assert_eq!((decision.verdict, decision.takes.iter().count()), (Required, takes), "{answer}");
    }
    let misread = Facts { failed_checks: vec![crate::mrz::Field::BirthDate], ..aged("1980-01-01") };
    for open in [two_digits, aged("2014-05-XX"), misread] {
        let ruled = in_may(&Facts { ruled_due_by: Some(StaffId("S".into())), ..open });
        assert_eq!((ruled.verdict, ruled.takes), (Required, Modalities::of(&[Modality::Face])));
    }
    let adult = in_may(&Facts { ruled_due_by: Some(StaffId("S".into())), ..of("USA", "VAT") });
    assert_eq!(adult.takes, Modalities::ALL);
}

/// The session of a decision, with everything declared and every attempt good.
fn at_the_desk(decision: Decision, placements: Vec<Vec<Finger>>) -> Result<(Vec<Slot>, Option<Outcome>), Refused> {
    let number = CaseNumber::new(&StationId("S1".into()), jiff::civil::date(2026, 5, 5), 1);
    let mut session = Session::open(number, StaffId("O1".into()), false);
    let (mut taken, mut outcome) = (vec![], None);
    let plan = CapturePlan { placements, ..CapturePlan::default() };
    let mut events = vec![Event::Signed, Event::CaptureDeclared(plan), Event::Proceed, Event::Decided(decision)];
    while let Some(event) = events.pop() {
        let (next, effects) = session.apply(event)?;
        session = next;
        for effect in effects {
            match effect {
                Effect::Capture(aim, _) => {
                    let good = crate::session::Attempt { score: None, passes: true, wrong: None, took: Millis(1) };
                    taken.extend(aim.slots());
                    let judged = aim.slots().into_iter().map(|slot| (slot, good)).collect();
                    events.push(Event::AttemptScored(aim, judged, vec![]));
                }
                Effect::KeepRecord(ended) => outcome = Some(ended),
                Effect::CaptureBeside(..) | Effect::Park(_) | Effect::StopDevices | Effect::WipeSamples => {}
            }
        }
    }
    Ok((taken, outcome))
}

#[test]
fn the_session_takes_a_face_and_four_fingers_and_of_a_child_the_face_alone() {
    let scanner = [CaptureGroup::Single, CaptureGroup::RightFour, CaptureGroup::LeftFour];
    let hand = ees().capture.plan(&scanner, &[]);
    let (taken, outcome) = at_the_desk(in_may(&aged("1980-01-01")), hand.clone()).unwrap();
    let fingers = CaptureGroup::RightFour.fingers().iter().copied().map(Slot::Finger);
    assert_eq!(taken, [Slot::Face].into_iter().chain(fingers).collect::<Vec<_>>());
    assert_eq!(outcome, Some(Outcome::Enrolled));

    // No permit for a finger comes from this decision, whatever is declared; and no finger is no exception.
    let child = in_may(&aged("2018-01-01"));
    assert!(matches!(at_the_desk(child.clone(), hand), Err(Refused::NotDue(_))));
    assert_eq!(at_the_desk(child, vec![]).unwrap(), (vec![Slot::Face], Some(Outcome::Enrolled)));
    // Of a grown-up without fingers a supervisor has to hear.
    assert_eq!(at_the_desk(in_may(&aged("1980-01-01")), vec![]).unwrap(), (vec![Slot::Face], None));
}

#[test]
fn a_limit_is_told_from_an_exemption() {
    for (from, to, fault) in [
        ("gives = [\"face\"]", "gives = [\"fingers\"]", "gives: a ground that limits leaves [\"face\"] due"),
        ("gives = [\"face\"]", "gives = []", "gives: the list is empty"),
        ("rule = { age_below = 12 }", "rule = \"attested\"", "gives: only what the document shows can limit"),
        ("slap = [\"right-four\"]", "slap = [\"left-four\"]", "slap: with hands = \"right-else-left\""),
        ("single_of_hand = 4", "single_of_hand = 6", "single_of_hand: a hand has 1 to 5 fingers"),
        ("hands = \"right-else-left\"\n", "", "\"hands\" is missing"),
    ] {
        let text = EU_EES.replacen(from, to, 1);
        assert_ne!(text, EU_EES, "{from:?} is in the pack");
        let faults = fault_texts(&text);
        assert!(faults.iter().any(|told| told.contains(fault)), "{from:?} -> {to:?}: {faults:#?}");
    }
}
