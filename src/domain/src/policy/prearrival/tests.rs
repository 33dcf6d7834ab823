//! What is owed before an arrival in Russia.

use super::*;
use crate::policy::{BirthDate, EntryConfirmation, Evidence, Facts, Pack, decide};
use alloc::{string::ToString, vec};

const RU_ENTRY: &str = include_str!("../../../../../config/policies/ru-entry.toml");

fn pack() -> Pack {
    Pack::parse(RU_ENTRY).unwrap()
}

fn of(nationality: &str, born: &str) -> Facts {
    Facts {
        nationality: Some(nationality.into()),
        issuing_state: Some(nationality.into()),
        birth_date: BirthDate::parse(born),
        ..Facts::none(Evidence::Reader)
    }
}

fn neither() -> PreArrivalFacts {
    let stated = [("visa", false), ("resident", false)].map(|(id, holds)| (String::from(id), holds));
    PreArrivalFacts { stated: stated.into(), ..PreArrivalFacts::default() }
}

fn at(text: &str) -> DateTime {
    text.parse().unwrap()
}

fn confirmed() -> [EntryConfirmation; 1] {
    let [entry, who, when, basis] = ["all-checkpoints-2026", "operator", "2026-07-01", "a test"].map(String::from);
    [EntryConfirmation { entry, who, when, basis }]
}

/// Rule, verdict, exception and question of each answer.
fn short(answers: &[PreArrivalAnswer]) -> Vec<(&str, PreArrivalVerdict, Option<&str>, Option<&str>)> {
    answers
        .iter()
        .map(|a| (a.rule.as_str(), a.verdict, a.exception.as_deref(), a.question.as_ref().map(|q| q.id.as_str())))
        .collect()
}

#[test]
fn exceptions_are_shown_stated_or_asked_for() {
    use PreArrivalVerdict::*;
    let one = |id: &str, holds| PreArrivalFacts { stated: vec![(id.into(), holds)], ..PreArrivalFacts::default() };
    let typed = Facts { evidence: Evidence::Typed, ..of("BLR", "1985-01-01") };
    for (facts, told, expected) in [
        (of("KAZ", "1985-01-01"), neither(), (Owed, None, None)),
        (of("KAZ", "1985-01-01"), PreArrivalFacts::default(), (Ask, None, Some("visa"))),
        (of("KAZ", "1985-01-01"), one("visa", false), (Ask, None, Some("resident"))),
        (of("KAZ", "1985-01-01"), one("visa", true), (Excepted, Some("visa"), None)),
        (of("KAZ", "1985-01-01"), one("resident", true), (Excepted, Some("resident"), None)),
        (of("KAZ", "2019-12-25"), neither(), (Excepted, Some("under-six"), None)),
        (of("KAZ", "2019-12-24"), neither(), (Owed, None, None)),
        (of("KAZ", "2019-XX-XX"), neither(), (Ask, None, Some("birth-date"))),
        (of("BLR", "1985-01-01"), neither(), (Excepted, Some("belarus"), None)),
        (typed, neither(), (Ask, None, Some("confirm-nationality"))),
        (of("XXA", "1985-01-01"), neither(), (Owed, None, None)),
        (of("XXX", "1985-01-01"), neither(), (Ask, None, Some("unknown-code"))),
        (of("XXX", "1985-01-01"), one("visa", true), (Excepted, Some("visa"), None)),
        (of("RUS", "1985-01-01"), neither(), (NotInScope, None, None)),
    ] {
        let answers = before_arrival(&pack(), &facts, &told, at("2025-12-24T03:00"), &[]);
        let (verdict, exception, question) = expected;
        let word = facts.nationality.clone();
        assert_eq!(short(&answers), [("application", verdict, exception, question)], "{word:?} {told:?}");
    }
}

#[test]
fn both_ends_of_the_window_are_in_time() {
    use Timing::*;
    let arrival = at("2025-12-24T12:00");
    for (applied, emergency, timing) in [
        (None, false, Unknown),
        (Some("2025-12-21T12:00"), false, InTime),
        (Some("2025-12-21T12:00:01"), false, Late),
        (Some("2025-12-21T12:00:01"), true, InTime),
        (Some("2025-12-24T08:00"), true, InTime),
        (Some("2025-12-24T08:00:01"), true, Late),
        (Some("2025-12-24T13:00"), true, Late),
        (Some("2025-09-25T12:00"), false, InTime),
        (Some("2025-09-25T11:59:59"), false, TooEarly),
        (Some("2025-09-25T11:59:59"), true, TooEarly),
    ] {
        let told = PreArrivalFacts { applied: applied.map(at), emergency, ..neither() };
        let answers = before_arrival(&pack(), &of("KAZ", "1985-01-01"), &told, arrival, &[]);
        assert_eq!(answers[0].timing, Some(timing), "{applied:?} {emergency}");
        assert_eq!(answers[0].verdict, PreArrivalVerdict::Owed, "time changes nothing about what is owed");
    }
}

#[test]
fn the_profile_is_asked_of_a_supervisor_until_its_entry_is_confirmed() {
    use PreArrivalVerdict::*;
    let ask = |date, confirmations: &[EntryConfirmation]| {
        let answers = before_arrival(&pack(), &of("KAZ", "1985-01-01"), &neither(), at(date), confirmations);
        answers.iter().map(|answer| (answer.rule.clone(), answer.verdict)).collect::<Vec<_>>()
    };
    let rules = |rules: &[(&str, PreArrivalVerdict)]| {
        rules.iter().map(|(rule, verdict)| (String::from(*rule), *verdict)).collect::<Vec<_>>()
    };
    assert_eq!(ask("2025-06-29T23:59:59", &confirmed()), []);
    assert_eq!(ask("2026-06-30T23:59:59", &confirmed()), rules(&[("application", Owed)]));
    assert_eq!(ask("2026-07-01T00:00", &[]), rules(&[("application", Owed), ("profile", Ask)]));
    assert_eq!(ask("2026-07-01T00:00", &confirmed()), rules(&[("application", Owed), ("profile", Owed)]));
}

#[test]
fn faults_of_the_rule_set_come_with_their_line() {
    for (from, to, fault) in [
        ("latest_hours = 72", "latest_hours = 0", "expected 1 to 8784 hours"),
        ("emergency_hours = 4", "emergency_hours = 73", "leaves more time than usual"),
        ("earliest_days = 90", "earliest_days = 2", "the window is empty"),
        ("earliest_days = 90", "earliest_weeks = 9", "unknown key \"earliest_weeks\""),
        ("kind = \"profile\"", "kind = \"application\"", "\"window\" is missing"),
        ("kind = \"application\"", "kind = \"profile\"", "a profile has no window"),
        (
            "grounds = [\"belarus\", \"under-six\"]\nexc",
            "grounds = [\"diplomat\"]\nexc",
            "no ground \"diplomat\" that exempts",
        ),
        ("{ id = \"visa\",", "{ id = \"resident\",", "names something twice"),
        ("confirmed_with = \"all-checkpoints-2026\"", "confirmed_with = \"x\"", "no announced entry \"x\""),
        ("confirmed_with = \"all-checkpoints-2026\"\n", "", "names by confirmed_with"),
        ("of = [\"profile\"]", "of = [\"profiles\"]", "no entry, ground or pre_arrival \"profiles\""),
        ("id = \"profile\"", "id = \"application\"", "the identifier is used twice"),
        ("published = \"2025\"\nsources", "published = \"2023\"\nsources", "no source of this date"),
    ] {
        assert_eq!(RU_ENTRY.matches(from).count(), 1, "{from}");
        let faults = Pack::parse(&RU_ENTRY.replace(from, to)).unwrap_err().0;
        let told = faults.iter().find(|told| told.to_string().contains(fault));
        assert!(told.is_some_and(|told| told.line.is_some()), "{to}: {faults:?}");
    }
}

#[test]
fn biometrics_do_not_depend_on_it() {
    let (with, without) = (pack(), Pack { pre_arrival: vec![], ..pack() });
    let place = crate::policy::Checkpoint { id: "vnukovo".into(), technically_possible: true };
    for (nationality, date) in [("KAZ", "2025-12-24T03:00"), ("BLR", "2026-07-01T00:00"), ("RUS", "2026-07-01T00:00")] {
        let facts = of(nationality, "1985-01-01");
        let [a, b] = [&with, &without].map(|pack| decide(pack, &facts, at(date), &place, &confirmed()));
        assert_eq!(a, b);
    }
}
