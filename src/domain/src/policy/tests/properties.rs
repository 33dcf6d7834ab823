//! What holds for every text and every traveller.

use super::*;
use crate::mrz::Field;
use crate::units::StaffId;
use alloc::{string::ToString, vec};
use jiff::civil::date;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn code() -> impl Strategy<Value = Option<String>> {
    let codes = vec!["RUS", "BLR", "KAZ", "XXA", "XXB", "XXX", "UNO", "UTO", "D", "ZZZ", ""];
    option::of(prop_oneof![4 => select(codes).prop_map(String::from), 1 => "[A-Z<]{0,3}"])
}

fn birth() -> impl Strategy<Value = Option<BirthDate>> {
    let part = |most: u8| option::of(0..=most);
    let mrz = (part(99), part(12), part(31))
        .prop_map(|(year, month, day)| crate::mrz::PartialDate::new(year, month, day).ok().map(BirthDate::from_mrz));
    prop_oneof![mrz, "[0-9X]{4}-[0-9X]{2}-[0-9X]{2}".prop_map(|typed| BirthDate::parse(&typed))]
}

fn attestation() -> impl Strategy<Value = Option<Attestation>> {
    let grounds = vec!["diplomat", "courier", "under-six", "astronaut"];
    option::of((select(grounds), any::<bool>()).prop_map(|(ground, confirmed)| Attestation {
        ground: ground.into(),
        evidence: "accreditation-card".into(),
        confirmed_by: confirmed.then(|| StaffId("S1".into())),
    }))
}

fn answers() -> impl Strategy<Value = Answers> {
    let answer = || option::of(any::<bool>());
    let birth_date = option::weighted(0.2, (1890i16..2030, 1i8..=12, 1i8..=28).prop_map(|(y, m, d)| date(y, m, d)));
    (birth_date, answer(), answer(), answer(), answer()).prop_map(|(birth_date, child, claims, nationality, again)| {
        Answers { birth_date, child, claims_exemption: claims, nationality, read_again: again }
    })
}

fn facts() -> impl Strategy<Value = Facts> {
    let evidence = select(&[Evidence::Manual, Evidence::Reader, Evidence::Typed][..]);
    let document = option::of(select(&["P", "PD", "PO", "PL", "PS", "ID", ""][..]).prop_map(String::from));
    let failed = prop_oneof![3 => Just(vec![]), 1 => Just(vec![Field::BirthDate]), 1 => Just(vec![Field::Composite])];
    let read = (evidence, code(), code(), document, birth(), failed);
    let said = (select(&Direction::ALL[..]), attestation(), answers(), any::<bool>());
    (read, said).prop_map(|((evidence, nationality, issuing_state, document_code, birth_date, failed_checks), said)| {
        let (direction, attestation, answers, ruled) = said;
        let ruled_due_by = ruled.then(|| StaffId("S1".into()));
        Facts {
            evidence,
            nationality,
            issuing_state,
            document_code,
            birth_date,
            failed_checks,
            direction,
            attestation,
            answers,
            ruled_due_by,
            others: vec![],
        }
    })
}

fn moment() -> impl Strategy<Value = DateTime> {
    (2023i16..2030, 1i8..=12, 1i8..=28, 0i8..24).prop_map(|(y, m, d, h)| date(y, m, d).at(h, 0, 0, 0))
}

fn place() -> impl Strategy<Value = Checkpoint> {
    let ids = select(&["mashtakovo", "vnukovo", "pulkovo", ""][..]);
    (ids, any::<bool>()).prop_map(|(id, technically_possible)| Checkpoint { id: id.into(), technically_possible })
}

/// A nonsense that a slip of the keyboard, or a bad disk, makes of a pack.
fn mutated() -> impl Strategy<Value = String> {
    let cut = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), ".{0,12}");
    prop::collection::vec(cut, 1..4).prop_map(|cuts| {
        let mut text: Vec<char> = RU_ENTRY.chars().collect();
        for (at, length, put) in cuts {
            let at = at.index(text.len());
            let end = text.len().min(at + length.index(40));
            text.splice(at..end, put.chars());
        }
        text.into_iter().collect()
    })
}

fn told_within(text: &str) -> Result<(), TestCaseError> {
    let lines = text.lines().count().max(1) + 1;
    if let Err(faults) = Pack::parse(text) {
        prop_assert!(!faults.0.is_empty());
        prop_assert!(faults.0.iter().all(|fault| fault.line.is_none_or(|line| (1..=lines).contains(&line))));
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text_is_a_pack_or_has_faults(text in "(?s).{0,300}") {
        told_within(&text)?;
    }

    #[test]
    fn any_damaged_pack_is_a_pack_or_has_faults(text in mutated()) {
        told_within(&text)?;
    }

    #[test]
    fn an_exemption_has_a_listed_ground_and_an_open_question_decides_nothing(
        facts in facts(), at in moment(), place in place(), told in any::<bool>(),
    ) {
        let pack = pack();
        let confirmed = confirmed();
        let decision = decide(&pack, &facts, at, &place, if told { &confirmed[..] } else { &[] });
        let entry = decision.entry.as_deref().and_then(|id| pack.entry(id));
        let listed = |ground: &String| entry.is_some_and(|entry| entry.grounds.contains(ground));
        match decision.verdict {
            Verdict::Exempt => prop_assert!(decision.ground.as_ref().is_some_and(listed)),
            Verdict::Required => prop_assert!(decision.stands() && (entry.is_some() || facts.ruled_due_by.is_some())),
            Verdict::NotInScope => prop_assert_eq!(facts.nationality.as_deref(), Some("RUS")),
            Verdict::AskSupervisor | Verdict::NoRule => prop_assert!(decision.question.is_some()),
        }
        let announced = entry.is_some_and(|entry| entry.status == Status::Announced);
        let settled = facts.ruled_due_by.is_some();
        prop_assert!(!announced || told || settled || decision.verdict == Verdict::AskSupervisor);
        prop_assert!(Due::from_decision(&decision).is_none() || decision.verdict == Verdict::Required);
    }

    #[test]
    fn a_misread_document_alone_decides_nothing(facts in facts(), at in moment(), place in place()) {
        let misread = Facts {
            failed_checks: vec![Field::DocumentNumber],
            answers: Answers { read_again: None, ..facts.answers },
            attestation: None,
            ruled_due_by: None,
            ..facts
        };
        let decision = decide(&pack(), &misread, at, &place, &confirmed());
        prop_assert!(!decision.stands());
    }

    #[test]
    fn the_order_of_entries_changes_nothing(
        facts in facts(), at in moment(), place in place(), order in Just((0..4usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let pack = pack();
        let shuffled = Pack { entries: order.iter().map(|index| pack.entries[*index].clone()).collect(), ..pack.clone() };
        let (one, other) =
            (decide(&pack, &facts, at, &place, &confirmed()), decide(&shuffled, &facts, at, &place, &confirmed()));
        prop_assert_eq!(one, other);
    }

    #[test]
    fn answers_of_any_form_are_taken_or_refused(question in ".{0,20}", answer in ".{0,20}") {
        let mut answers = Answers::default();
        if let Err(error) = answers.set(&question, &answer) {
            prop_assert!(!error.to_string().is_empty());
            prop_assert_eq!(answers, Answers::default());
        }
    }
}
