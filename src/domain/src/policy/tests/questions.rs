//! Documents in doubt, and what a decision tells about itself.

use super::Verdict::{AskSupervisor, Exempt, NotInScope, Required};
use super::*;
use crate::mrz::{self, Field};
use crate::units::StaffId;
use alloc::{format, vec};

#[test]
fn a_failed_check_digit_decides_nothing() {
    let failed = |facts: Facts| Facts { failed_checks: vec![Field::BirthDate, Field::Composite], ..facts };
    let child = Facts { birth_date: born("201225"), ..adult() };
    for facts in [adult(), of("BLR", "BLR"), of("RUS", "RUS"), child] {
        let decision = in_december(&failed(facts));
        assert_eq!(short(&decision), (AskSupervisor, None, Some("read-again")));
        assert_eq!(decision.facts_missing, vec!["birth-date", "composite"]);
        assert!(decision.notes.iter().any(|note| note.contains("Check digits do not hold")));
    }
}

#[test]
fn fields_compared_with_the_printed_page_are_manual_evidence() {
    let compared = |facts: Facts, answer: &str| {
        let failed = Facts { failed_checks: vec![Field::DocumentNumber], ..facts };
        in_december(&answered(failed, &[("read-again", answer)]))
    };
    assert_eq!(short(&compared(adult(), "yes")), (Required, None, None));
    assert_eq!(short(&compared(adult(), "no")), (AskSupervisor, None, Some("read-again")));
    // A misread line is no reader's evidence any more: the nationality is confirmed as well.
    for nationality in ["BLR", "RUS"] {
        let question = Some("confirm-nationality");
        assert_eq!(short(&compared(of(nationality, nationality), "yes")), (AskSupervisor, None, question));
    }
}

#[test]
fn a_confirmed_attestation_does_not_rest_on_the_document() {
    let attestation = Attestation {
        ground: "diplomat".into(),
        evidence: "accreditation-card".into(),
        confirmed_by: Some(StaffId("S1".into())),
    };
    let facts = Facts { failed_checks: vec![Field::Composite], attestation: Some(attestation), ..adult() };
    let decision = in_december(&facts);
    assert_eq!(short(&decision), (Exempt, Some("diplomat"), None));
    assert!(decision.facts_used.iter().any(|fact| fact.fact == "attestation" && fact.evidence == "supervisor"));
}

#[test]
fn specimens_count_as_documents_of_a_state() {
    let lines = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
    let decision = in_december(&Facts::from_mrz(&mrz::parse(lines).unwrap(), Evidence::Reader));
    assert_eq!(short(&decision), (Required, None, None));
    assert!(decision.notes.iter().any(|note| note.contains("specimen")));
}

#[test]
fn an_exemption_names_its_sources_facts_and_readings() {
    let decision = in_december(&of("BLR", "BLR"));
    let cites: Vec<&str> = decision.sources.iter().map(|source| source.cite.as_str()).collect();
    assert!(cites[0].contains("1562"), "{cites:?}");
    assert!(cites.iter().any(|cite| cite.starts_with("project's reading: Citizenship")), "{cites:?}");
    assert_eq!(decision.pack, "ru-entry 2026.1");
    let used: Vec<String> =
        decision.facts_used.iter().map(|fact| format!("{}={} ({})", fact.fact, fact.value, fact.evidence)).collect();
    assert_eq!(
        used,
        [
            "date=2025-12-24T03:00:00 (clock)",
            "checkpoint=mashtakovo (configuration)",
            "direction=entry (configuration)",
            "technically-possible=yes (configuration)",
            "nationality=BLR (reader)",
            "issuing-state=BLR (reader)",
            "birth-date=6 or older (reader)",
        ]
    );
}

#[test]
fn own_citizens_rest_on_no_entry() {
    for time in ["2024-01-01T00:00", "2025-12-24T03:00", "2026-08-01T00:00"] {
        let decision = decide(&pack(), &of("RUS", "RUS"), at(time), &checkpoint("pulkovo"), &[]);
        assert_eq!((decision.verdict, decision.entry.as_deref()), (NotInScope, None), "{time}");
        assert!(decision.superseded.is_empty() && decision.stands(), "{time}");
        assert_eq!(decision.sources.len(), 1, "{time}");
    }
}

#[test]
fn a_decision_holds_no_date_of_birth() {
    let facts = answered(Facts { birth_date: born("<<<<<<"), ..adult() }, &[("birth-date", "2019-12-25")]);
    let shown = format!("{:?} {facts:?}", in_december(&facts));
    assert!(shown.contains("under 6") && !shown.contains("2019-12-25"), "{shown}");
}
