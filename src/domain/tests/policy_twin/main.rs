//! The policy engine against a second, deliberately naive implementation of the rules for entry to Russia, over
//! generated travellers: 50,000 by default, as many as `GATEPOST_TRAVELLERS` says otherwise, from the seed
//! `GATEPOST_SEED`. The proof is 1,000,000: `cargo xtask soak policy`.
//!
//! Every traveller also goes through a session, so that the permits are counted that each gets.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of a test fail by panicking, as the test does")]
#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers of a test")]

mod calendar;
mod naive;
mod replay;
mod travellers;

use calendar::{Calendar, Ymd};
use domain::case::{CaseNumber, StationId};
use domain::finger::Finger;
use domain::mrz::{Field, PartialDate};
use domain::policy::{
    Attestation, BirthDate, Checkpoint, Decision, Direction, Due, EntryConfirmation, Evidence, Facts, Pack,
    PreArrivalAnswer, PreArrivalFacts, Verdict, before_arrival, decide,
};
use domain::session::{CapturePlan, Effect, Event, Outcome, Session};
use domain::units::StaffId;
use jiff::civil::{Date, DateTime};
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use travellers::{Birth, Chance, Document, SPECIAL, Traveller};

const RU_ENTRY: &str = include_str!("../../../../config/policies/ru-entry.toml");
const TRAVELLERS: u64 = 50_000;
const SEED: u64 = 2026;

fn pack() -> Pack {
    Pack::parse(RU_ENTRY).unwrap_or_else(|faults| panic!("{faults}"))
}

fn civil((year, month, day): Ymd) -> Date {
    Date::new(year as i16, month as i8, day as i8).unwrap()
}

fn birth_date(birth: Birth) -> Option<BirthDate> {
    let small = |part: Option<u32>| part.map(|part| u8::try_from(part).unwrap());
    match birth {
        Birth::Absent => None,
        Birth::Zone(year, month, day) => {
            Some(BirthDate::from_mrz(PartialDate::new(small(year), small(month), small(day)).unwrap()))
        }
        Birth::Page(year, month, day) => {
            let year = year.map_or("XXXX".into(), |year| format!("{year:04}"));
            let part = |part: Option<u32>| part.map_or("XX".into(), |part| format!("{part:02}"));
            let typed = format!("{year}-{}-{}", part(month), part(day));
            Some(BirthDate::parse(&typed).unwrap_or_else(|| panic!("{typed} is refused")))
        }
    }
}

fn of_document(document: &Document) -> Facts {
    let text = |text: &str| Some(String::from(text));
    Facts {
        nationality: text(document.nationality),
        issuing_state: text(document.issuer),
        document_code: text(document.code),
        birth_date: birth_date(document.birth),
        failed_checks: if document.misread { vec![Field::DocumentNumber] } else { vec![] },
        ..Facts::none(Evidence::from_id(document.evidence).unwrap())
    }
}

fn facts(t: &Traveller) -> Facts {
    let mut facts = of_document(&t.document);
    if let Some(earlier) = &t.earlier {
        facts.remember(&of_document(earlier));
    }
    facts.direction = Direction::from_id(t.direction).unwrap();
    facts.answers.birth_date = t.said.birth.map(civil);
    facts.answers.child = t.said.child;
    facts.answers.claims_exemption = t.said.claims;
    facts.answers.nationality = t.said.nationality;
    facts.answers.read_again = t.said.read_again;
    facts.ruled_due_by = t.said.ruled_due.then(|| StaffId("S2".into()));
    facts.attestation = t.said.attested.map(|(ground, confirmed)| Attestation {
        ground: ground.into(),
        evidence: "accreditation-card".into(),
        confirmed_by: confirmed.then(|| StaffId("S2".into())),
    });
    facts
}

fn arrival(t: &Traveller, calendar: &Calendar) -> DateTime {
    let (hour, minute, second) = (t.second / 3600, t.second / 60 % 60, t.second % 60);
    let date = civil(calendar.date(t.day));
    DateTime::from_parts(date, jiff::civil::time(hour as i8, minute as i8, second as i8, 999_999_999))
}

fn asked(pack: &Pack, t: &Traveller, facts: &Facts, calendar: &Calendar) -> Decision {
    let at = arrival(t, calendar);
    let checkpoint = Checkpoint { id: t.checkpoint.into(), technically_possible: t.possible };
    decide(pack, facts, at, &checkpoint, &[confirmation()][..usize::from(t.confirmed)])
}

/// The rules about what is owed before arrival.
fn asked_before(pack: &Pack, t: &Traveller, facts: &Facts, calendar: &Calendar) -> Vec<PreArrivalAnswer> {
    let at = arrival(t, calendar);
    let stated = [("visa", t.before.visa), ("resident", t.before.resident)];
    let told = PreArrivalFacts {
        stated: stated.into_iter().filter_map(|(id, holds)| Some((id.into(), holds?))).collect(),
        emergency: t.before.emergency,
        applied: t.before.applied.map(|seconds| at - jiff::SignedDuration::from_secs(seconds)),
    };
    before_arrival(pack, facts, &told, at, &[confirmation()][..usize::from(t.confirmed)])
}

/// Both implementations about what is owed before arrival.
fn before_agrees(pack: &Pack, t: &Traveller, facts: &Facts, calendar: &Calendar, seen: &mut Seen) {
    let answers = asked_before(pack, t, facts, calendar);
    let word = |value: serde_json::Value| value.as_str().map(String::from);
    let found: Vec<_> = answers
        .iter()
        .map(|answer| {
            let verdict = word(serde_json::to_value(answer.verdict).unwrap()).unwrap();
            let question = answer.question.as_ref().map(|question| question.id.clone());
            let timing = answer.timing.and_then(|timing| word(serde_json::to_value(timing).unwrap()));
            (answer.rule.clone(), verdict, answer.exception.clone(), question, timing)
        })
        .collect();
    let owned = |text: Option<&str>| text.map(String::from);
    let expected: Vec<_> = naive::before_arrival(t, calendar)
        .into_iter()
        .map(|(rule, word, by, question, timing)| {
            (String::from(rule), String::from(word), owned(by), owned(question), owned(timing))
        })
        .collect();
    assert_eq!(found, expected, "what is owed before arrival differs on {t:?}");
    for answer in answers {
        seen.cites.extend(answer.sources.into_iter().map(|source| source.cite));
    }
    for (rule, verdict, by, question, timing) in found {
        seen.before.extend([Some(format!("{rule} {verdict}")), by, question, timing].into_iter().flatten());
    }
}

fn confirmation() -> EntryConfirmation {
    let text = |text: &str| String::from(text);
    EntryConfirmation {
        entry: text("all-checkpoints-2026"),
        who: text("operator"),
        when: text("2026-07-01"),
        basis: text("a test"),
    }
}

/// The engine's decision in the words of the naive one.
fn words(decision: &Decision) -> (&'static str, Option<&str>, Option<&str>, Vec<&str>, Option<&str>) {
    let verdict = match decision.verdict {
        Verdict::AskSupervisor => "ask-supervisor",
        Verdict::Exempt => "exempt",
        Verdict::NoRule => "no-rule",
        Verdict::NotInScope => "not-in-scope",
        Verdict::Required => "required",
    };
    let superseded = decision.superseded.iter().map(String::as_str).collect();
    let question = decision.question.as_ref().map(|question| question.id.as_str());
    (verdict, decision.ground.as_deref(), decision.entry.as_deref(), superseded, question)
}

/// What becomes of the traveller at the desk: permits handed out, and the outcome if the case ended.
fn at_the_desk(before: Option<Decision>, decision: Decision) -> (usize, Option<Outcome>) {
    let number = CaseNumber::new(&StationId("S1".into()), civil((2026, 1, 1)), 1);
    let session = Session::open(number, StaffId("O1".into()), false);
    let mut events: Vec<Event> = before.into_iter().map(Event::Decided).collect();
    let plan = CapturePlan { placements: vec![vec![Finger::RightIndex]], ..CapturePlan::default() };
    events.extend([Event::Decided(decision), Event::Proceed, Event::CaptureDeclared(plan)]);
    let (mut session, mut permits, mut outcome) = (session, 0, None);
    for event in events {
        let Ok((next, effects)) = session.apply(event) else { break };
        session = next;
        for effect in effects {
            match effect {
                Effect::Capture(..) => permits += 1,
                Effect::KeepRecord(ended) => outcome = Some(ended),
                Effect::CaptureBeside(..) | Effect::Park(_) | Effect::StopDevices | Effect::WipeSamples => {}
            }
        }
    }
    (permits, outcome)
}

/// What was seen over all travellers.
#[derive(Default)]
struct Seen {
    verdicts: BTreeMap<&'static str, u64>,
    questions: BTreeSet<String>,
    grounds: BTreeSet<String>,
    nationalities: BTreeSet<&'static str>,
    cites: BTreeSet<String>,
    /// Words of answers about what is owed before arrival.
    before: BTreeSet<String>,
}

fn one(pack: &Pack, t: &Traveller, calendar: &Calendar, seen: &mut Seen) {
    let facts = facts(t);
    let decision = asked(pack, t, &facts, calendar);
    let expected = naive::decide(t, calendar);
    let found = words(&decision);
    let said = (expected.verdict, expected.ground, expected.entry, expected.superseded.clone(), expected.question);
    assert_eq!(found, said, "the engine (left) and the naive rules (right) differ on {t:?}");

    // The second rule set, which the decision above has not seen.
    before_agrees(pack, t, &facts, calendar, seen);

    // The permit, from the naive answer: the engine is not asked again.
    let due = expected.verdict == "required" && expected.question.is_none();
    assert_eq!(Due::from_decision(&decision).is_some(), due, "{t:?}");
    let before = t.earlier.as_ref().map(|earlier| {
        let first = Facts { direction: facts.direction, ..of_document(earlier) };
        asked(pack, t, &first, calendar)
    });
    let (permits, outcome) = at_the_desk(before, decision.clone());
    assert_eq!(permits, usize::from(due), "{t:?}");
    let ends = match (expected.verdict, expected.question) {
        ("exempt", None) => Some(Outcome::Exempt),
        ("not-in-scope", None) => Some(Outcome::NotInScope),
        _ => None,
    };
    assert_eq!(outcome, ends, "{t:?}");

    *seen.verdicts.entry(expected.verdict).or_default() += 1;
    seen.questions.extend(expected.question.map(String::from));
    seen.grounds.extend(expected.ground.map(String::from));
    seen.nationalities.insert(t.document.nationality);
    seen.cites.extend(decision.sources.iter().map(|source| source.cite.clone()));
}

/// Asks so many travellers from this seed.
fn run(travellers: u64, seed: u64) -> Seen {
    let (pack, calendar, mut chance) = (pack(), Calendar::new(), Chance(seed));
    let (mut seen, mut asked) = (Seen::default(), 0);
    while asked < travellers {
        let t = travellers::traveller(&mut chance, &calendar);
        // A date that does not exist is refused before anybody is asked: such a traveller does not count.
        if naive::exists(t.document.birth) && t.earlier.is_none_or(|earlier| naive::exists(earlier.birth)) {
            one(&pack, &t, &calendar, &mut seen);
            asked += 1;
        }
    }
    seen
}

/// A number from the environment.
fn told(name: &str, otherwise: u64) -> u64 {
    env::var(name).map_or(otherwise, |number| number.parse().unwrap_or_else(|_| panic!("{name} takes a number")))
}

#[test]
fn the_engine_and_the_naive_rules_give_the_same_answers_and_permits() {
    let (travellers, seed) = (told("GATEPOST_TRAVELLERS", TRAVELLERS), told("GATEPOST_SEED", SEED));
    let seen = run(travellers, seed);
    println!("{travellers} travellers from seed {seed}: {:?}", seen.verdicts);

    // All of it has been met, or the agreement would say little.
    let verdicts: Vec<&str> = seen.verdicts.keys().copied().collect();
    assert_eq!(verdicts, ["ask-supervisor", "exempt", "no-rule", "not-in-scope", "required"]);
    let questions: Vec<&str> = seen.questions.iter().map(String::as_str).collect();
    assert_eq!(
        questions,
        [
            "announced-entry",
            "birth-date",
            "confirm-attestation",
            "confirm-child",
            "confirm-nationality",
            "hinted-exemption",
            "no-rule",
            "read-again",
            "two-documents",
            "unknown-code",
        ]
    );
    for words in [
        &["application ask", "application excepted", "application not-in-scope", "application owed"][..],
        &["profile ask", "profile not-in-scope", "profile owed"],
        &["belarus", "under-six", "visa", "resident", "announced-rule", "two-documents", "confirm-attestation"],
        &["in-time", "late", "too-early", "unknown"],
    ] {
        words.iter().for_each(|word| assert!(seen.before.contains(*word), "{word} was never met"));
    }
    let pack = pack();
    let grounds: BTreeSet<String> = pack.grounds.iter().map(|ground| ground.id.clone()).collect();
    assert_eq!(seen.grounds, grounds);
    assert!(SPECIAL.iter().all(|code| seen.nationalities.contains(code)));
    every_source_was_named(&pack, &seen.cites);
}

/// Each source of the pack and each reading of the project stands in some answer, and so does each that the timeline
/// and the exemptions rest on.
fn every_source_was_named(pack: &Pack, cites: &BTreeSet<String>) {
    let of_entries = pack.entries.iter().flat_map(|entry| &entry.sources);
    let of_grounds = pack.grounds.iter().flat_map(|ground| &ground.sources);
    let before_arrival = pack.pre_arrival.iter().flat_map(|rule| &rule.sources);
    for source in of_entries.chain(of_grounds).chain(before_arrival) {
        assert!(cites.contains(&source.cite), "no answer names {}", source.cite);
    }
    for reading in &pack.readings {
        let cite = format!("{}: {}", reading.source, reading.text);
        assert!(cites.contains(&cite), "no answer names {cite}");
    }
    for words in [
        &["Embassy of Kazakhstan", "end of 2024", "experiment"][..],
        &["Embassy of Kazakhstan", "end of 2024", "summer 2026"],
        &["1510", "2024-11-07"],
        &["TASS", "2025-06-09"],
        &["1562", "October 2025", "RIA", "TASS"],
        &["project's reading", "sixth birthday", "29 February"],
        &["project's reading", "\"Entry\" means"],
        &["72 hours", "4 hours in emergencies", "90 days"],
        &["Embassy of Kazakhstan", "digital account"],
    ] {
        let names = |cite: &&String| words.iter().all(|word| cite.contains(word));
        assert!(cites.iter().any(|cite| names(&cite)), "no answer names {words:?}");
    }
}

/// A second look at ages alone, for every limit that a pack may set and not only for six.
#[test]
fn ages_agree_for_every_birth_near_a_limit() {
    let calendar = Calendar::new();
    for (year, month, day) in [(2025, 2, 28), (2025, 3, 1), (2025, 12, 31), (2028, 2, 28), (2028, 2, 29), (2028, 3, 1)]
    {
        let today = calendar.count((year, month, day));
        for years in [5, 6, 12, 18] {
            for offset in -3..=3 {
                let (y, m, d) = calendar.date(calendar.count((year - years, month, day.min(28))) + offset);
                let page = Birth::Page(Some(y), Some(m), Some(d));
                let text = RU_ENTRY.replace("age_below = 6", &format!("age_below = {years}"));
                let pack = Pack::parse(&text).unwrap();
                let facts = Facts {
                    nationality: Some("KAZ".into()),
                    birth_date: birth_date(page),
                    ..Facts::none(Evidence::Reader)
                };
                let at = DateTime::from_parts(civil((year, month, day)), jiff::civil::time(12, 0, 0, 0));
                let checkpoint = Checkpoint { id: "vnukovo".into(), technically_possible: true };
                let decision = decide(&pack, &facts, at, &checkpoint, &[confirmation()]);
                let under = naive::under(years, page, today, &calendar);
                let exempt = decision.verdict == Verdict::Exempt;
                assert_eq!(exempt, under == "yes", "born {y}-{m}-{d}, {years} years, on {year}-{month}-{day}");
            }
        }
    }
}
