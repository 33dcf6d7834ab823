//! Tests of the engine with the pack for entry to Russia.

mod countries;
mod dates;
mod grounds;
mod packs;
mod properties;
mod questions;

use super::*;
use alloc::{string::String, vec::Vec};
use jiff::civil::DateTime;

/// The pack as it is shipped.
const RU_ENTRY: &str = include_str!("../../../../../config/policies/ru-entry.toml");

fn pack() -> Pack {
    Pack::parse(RU_ENTRY).unwrap_or_else(|faults| panic!("{faults}"))
}

fn at(text: &str) -> DateTime {
    text.parse().unwrap()
}

fn checkpoint(id: &str) -> Checkpoint {
    Checkpoint { id: id.into(), technically_possible: true }
}

fn confirmed() -> [EntryConfirmation; 1] {
    let text = |text: &str| String::from(text);
    [EntryConfirmation {
        entry: text("all-checkpoints-2026"),
        who: text("operator"),
        when: text("2026-07-01"),
        basis: text("demonstration"),
    }]
}

/// A grown-up citizen of Kazakhstan whose passport a reader read.
fn adult() -> Facts {
    Facts {
        nationality: Some("KAZ".into()),
        issuing_state: Some("KAZ".into()),
        document_code: Some("P".into()),
        birth_date: born("850101"),
        ..Facts::none(Evidence::Reader)
    }
}

fn of(nationality: &str, issuing_state: &str) -> Facts {
    Facts { nationality: Some(nationality.into()), issuing_state: Some(issuing_state.into()), ..adult() }
}

/// A birth date as the MRZ has it.
fn born(six: &str) -> Option<BirthDate> {
    let part = |at: usize| six.get(at..at + 2).and_then(|two| two.parse().ok());
    crate::mrz::PartialDate::new(part(0), part(2), part(4)).ok().map(BirthDate::from_mrz)
}

fn answered(mut facts: Facts, answers: &[(&str, &str)]) -> Facts {
    for (question, answer) in answers {
        facts.answers.set(question, answer).unwrap();
    }
    facts
}

/// Decides at Mashtakovo on the morning of 24 December 2025, where the entry of December 2025 speaks.
fn in_december(facts: &Facts) -> Decision {
    decide(&pack(), facts, at("2025-12-24T03:00"), &checkpoint("mashtakovo"), &[])
}

/// Decides at Mashtakovo on 24 August 2025, where the entry of June 2025 speaks.
fn in_august(facts: &Facts) -> Decision {
    decide(&pack(), facts, at("2025-08-24T03:00"), &checkpoint("mashtakovo"), &[])
}

/// Verdict, ground and question: what most rows look at.
fn short(decision: &Decision) -> (Verdict, Option<&str>, Option<&str>) {
    let question = decision.question.as_ref().map(|question| question.id.as_str());
    (decision.verdict, decision.ground.as_deref(), question)
}

fn fault_texts(text: &str) -> Vec<String> {
    use alloc::string::ToString;
    let faults = Pack::parse(text).err().map(|faults| faults.0).unwrap_or_default();
    faults.iter().map(ToString::to_string).collect()
}
