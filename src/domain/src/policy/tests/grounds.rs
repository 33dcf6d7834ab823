//! Each ground: what shows it, what only hints at it, and which entry lists it.

use super::Verdict::{AskSupervisor, Exempt, NotInScope, Required};
use super::*;
use crate::units::StaffId;
use alloc::vec;

const ATTESTED: [&str; 9] = [
    "diplomat",
    "consular",
    "diplomat-family",
    "consular-family",
    "organisation",
    "organisation-family",
    "courier",
    "official-passport",
    "official-visa",
];

fn attested(facts: Facts, ground: &str, confirmed: bool) -> Facts {
    let confirmed_by = confirmed.then(|| StaffId("S1".into()));
    let evidence = pack().ground(ground).map_or("card".into(), |ground| ground.evidence[0].clone());
    Facts { attestation: Some(Attestation { ground: ground.into(), evidence, confirmed_by }), ..facts }
}

#[test]
fn nationality_and_issuing_state_decide_together_and_only_from_a_reader() {
    for (nationality, issuer, evidence, answer) in [
        ("BLR", "BLR", Evidence::Reader, (Exempt, Some("belarus"), None)),
        ("BLR", "BLR", Evidence::Typed, (AskSupervisor, None, Some("confirm-nationality"))),
        ("BLR", "BLR", Evidence::Manual, (AskSupervisor, None, Some("confirm-nationality"))),
        ("BLR", "POL", Evidence::Reader, (AskSupervisor, None, Some("confirm-nationality"))),
        ("BLR", "", Evidence::Reader, (AskSupervisor, None, Some("confirm-nationality"))),
        ("XXB", "BLR", Evidence::Reader, (Required, None, None)),
        ("XXA", "BLR", Evidence::Typed, (Required, None, None)),
        ("XXC", "D", Evidence::Reader, (Required, None, None)),
        ("POL", "BLR", Evidence::Reader, (Required, None, None)),
        ("RUS", "RUS", Evidence::Reader, (NotInScope, None, None)),
        ("RUS", "RUS", Evidence::Typed, (AskSupervisor, None, Some("confirm-nationality"))),
        ("RUS", "BLR", Evidence::Reader, (AskSupervisor, None, Some("confirm-nationality"))),
        ("XXA", "RUS", Evidence::Reader, (Required, None, None)),
        ("KAZ", "RUS", Evidence::Reader, (Required, None, None)),
        ("UTO", "UTO", Evidence::Reader, (Required, None, None)),
        ("D", "D", Evidence::Reader, (Required, None, None)),
        ("ZZZ", "ZZZ", Evidence::Reader, (AskSupervisor, None, Some("unknown-code"))),
        ("XXX", "KAZ", Evidence::Reader, (AskSupervisor, None, Some("unknown-code"))),
        ("", "KAZ", Evidence::Reader, (AskSupervisor, None, Some("read-again"))),
    ] {
        let decision = in_december(&Facts { evidence, ..of(nationality, issuer) });
        assert_eq!(short(&decision), answer, "{nationality} by {issuer}, {evidence:?}");
    }
}

#[test]
fn the_officer_confirms_a_nationality_from_the_printed_page() {
    for (nationality, answer, result) in [
        ("BLR", "yes", (Exempt, Some("belarus"), None)),
        ("BLR", "no", (AskSupervisor, None, Some("read-again"))),
        ("RUS", "yes", (NotInScope, None, None)),
        ("RUS", "no", (AskSupervisor, None, Some("read-again"))),
    ] {
        let typed = Facts { evidence: Evidence::Typed, ..of(nationality, nationality) };
        let decision = in_december(&answered(typed, &[("confirm-nationality", answer)]));
        assert_eq!(short(&decision), result, "{nationality}: {answer}");
        let fact = decision.facts_used.iter().find(|fact| fact.fact == "nationality").unwrap();
        assert_eq!(fact.evidence == "officer", answer == "yes", "{nationality}: {answer}");
    }
}

#[test]
fn the_sixth_birthday_ends_the_exemption() {
    for (born_on, answer) in [
        ("2019-12-24", (Required, None, None)),
        ("2019-12-23", (Required, None, None)),
        ("2019-12-25", (Exempt, Some("under-six"), Some("confirm-child"))),
        ("2025-12-24", (Exempt, Some("under-six"), Some("confirm-child"))),
        ("1920-12-25", (Required, None, None)),
        ("2019-12-XX", (AskSupervisor, None, Some("birth-date"))),
        ("2019-11-XX", (Required, None, None)),
        ("2020-XX-XX", (Exempt, Some("under-six"), Some("confirm-child"))),
        ("XXXX-XX-XX", (AskSupervisor, None, Some("birth-date"))),
        ("2026-01-01", (AskSupervisor, None, Some("birth-date"))),
    ] {
        let manual = Facts { evidence: Evidence::Manual, birth_date: BirthDate::parse(born_on), ..adult() };
        assert_eq!(short(&in_december(&manual)), answer, "born {born_on}");
        // One confirming key, and an exemption that was entered by hand stands; the other key, and it is none.
        for (child, exempt) in [(true, answer.0 == Exempt), (false, false)] {
            let answers = Answers { child: Some(child), ..Answers::default() };
            let decision = in_december(&Facts { answers, ..manual.clone() });
            assert_eq!(decision.verdict == Exempt && decision.stands(), exempt, "born {born_on}, a child: {child}");
        }
    }
    let nothing_known = Facts { birth_date: None, ..adult() };
    let decision = in_december(&nothing_known);
    assert_eq!(short(&decision), (AskSupervisor, None, Some("birth-date")));
    assert_eq!(decision.facts_missing, vec!["birth-date"]);
}

#[test]
fn a_child_born_on_29_february_is_six_on_1_march() {
    let child = Facts { birth_date: BirthDate::parse("2020-02-29"), ..adult() };
    for (time, verdict) in [("2026-02-28T23:59", Exempt), ("2026-03-01T00:00", Required)] {
        assert_eq!(decide(&pack(), &child, at(time), &checkpoint("vnukovo"), &[]).verdict, verdict, "{time}");
    }
}

#[test]
fn a_two_digit_year_of_a_small_child_needs_one_key() {
    let read = Facts { birth_date: born("201225"), ..adult() };
    let open = in_december(&read);
    assert_eq!(short(&open), (Exempt, Some("under-six"), Some("confirm-child")));
    assert!(!open.stands());
    assert_eq!(open.question.as_ref().unwrap().settled_by, SettledBy::Officer);
    for (answer, result) in [("yes", (Exempt, Some("under-six"), None)), ("no", (Required, None, None))] {
        let decision = in_december(&answered(read.clone(), &[("confirm-child", answer)]));
        assert_eq!(short(&decision), result, "{answer}");
        assert!(decision.stands());
    }
    // Who is a child and a citizen of Belarus needs no key: that exemption stands already.
    let belarusian = Facts { birth_date: born("201225"), ..of("BLR", "BLR") };
    assert_eq!(short(&in_december(&belarusian)), (Exempt, Some("belarus"), None));
}

#[test]
fn an_unknown_birthday_is_asked_for_only_when_it_matters() {
    for (read, answers, result) in [
        ("19<<<<", &[][..], (AskSupervisor, None, Some("birth-date"))),
        ("85<<<<", &[], (Required, None, None)),
        ("20<<<<", &[], (Exempt, Some("under-six"), Some("confirm-child"))),
        ("19<<<<", &[("birth-date", "2019-12-25")], (Exempt, Some("under-six"), None)),
        ("19<<<<", &[("birth-date", "2019-12-24")], (Required, None, None)),
        ("19<<<<", &[("birth-date", "1919-12-25")], (Required, None, None)),
        ("19<<<<", &[("birth-date", "2024-01-01")], (AskSupervisor, None, Some("birth-date"))),
        ("<<<<<<", &[("birth-date", "2024-01-01")], (Exempt, Some("under-six"), None)),
    ] {
        let facts = answered(Facts { birth_date: born(read), ..adult() }, answers);
        assert_eq!(short(&in_december(&facts)), result, "{read} {answers:?}");
    }
}

#[test]
fn an_attestation_needs_a_second_person_and_an_entry_that_lists_its_ground() {
    for ground in ATTESTED.into_iter().chain(["belarus", "under-six"]) {
        let only_in_december = ["courier", "official-passport", "official-visa"].contains(&ground);
        let (claimed, confirmed) = (attested(adult(), ground, false), attested(adult(), ground, true));
        assert_eq!(short(&in_december(&claimed)), (AskSupervisor, Some(ground), Some("confirm-attestation")));
        assert_eq!(short(&in_december(&confirmed)), (Exempt, Some(ground), None), "{ground}");
        for facts in [&claimed, &confirmed] {
            let decision = in_august(facts);
            let noted = decision.notes.iter().any(|note| note.contains("changes nothing"));
            assert_eq!((decision.verdict == Required, noted), (only_in_december, only_in_december), "{ground}");
        }
    }
    let unknown = attested(adult(), "astronaut", true);
    assert_eq!(short(&in_december(&unknown)), (Required, None, None));
}

#[test]
fn a_supervisor_who_refuses_a_claim_rules_that_biometrics_are_due() {
    let ruled = |facts: Facts| in_december(&Facts { ruled_due_by: Some(StaffId("S1".into())), ..facts });
    let refused = ruled(attested(adult(), "diplomat", false));
    assert_eq!(short(&refused), (Required, None, None));
    assert!(refused.facts_used.iter().any(|fact| fact.fact == "ruling" && fact.evidence == "supervisor"));
    assert_eq!(short(&ruled(of("ZZZ", "ZZZ"))), (Required, None, None));
    // A ruling settles what is open. It takes nothing from somebody whose exemption stands.
    assert_eq!(short(&ruled(of("BLR", "BLR"))), (Exempt, Some("belarus"), None));
    assert_eq!(short(&ruled(of("RUS", "RUS"))), (NotInScope, None, None));
}

#[test]
fn a_hint_makes_the_officer_ask_and_decides_nothing() {
    let coded = |code: &str, issuer: &str| Facts { document_code: Some(code.into()), ..of("KAZ", issuer) };
    let hinted = (AskSupervisor, None, Some("hinted-exemption"));
    for (code, issuer, august, december) in [
        ("PD", "KAZ", hinted, hinted),
        ("PO", "KAZ", (Required, None, None), hinted),
        ("PL", "KAZ", hinted, hinted),
        ("P", "UNO", hinted, hinted),
        ("P", "XOM", hinted, hinted),
        ("PS", "KAZ", (Required, None, None), (Required, None, None)),
        ("P", "UNK", (Required, None, None), (Required, None, None)),
    ] {
        let facts = coded(code, issuer);
        assert_eq!(short(&in_august(&facts)), august, "{code} of {issuer} in August");
        assert_eq!(short(&in_december(&facts)), december, "{code} of {issuer} in December");
        let unclaimed = in_december(&answered(facts.clone(), &[("hinted-exemption", "no")]));
        assert_eq!(short(&unclaimed), (Required, None, None), "{code} of {issuer}, not claimed");
        let note = unclaimed.notes.iter().any(|note| note.contains("a hint decides nothing"));
        assert_eq!(note, december == hinted, "{code} of {issuer}");
        let claimed = in_december(&answered(facts, &[("hinted-exemption", "yes")]));
        assert_ne!(claimed.verdict, Exempt, "{code} of {issuer}: a claim is no exemption");
    }
    let unlisted = in_august(&coded("PO", "KAZ"));
    assert!(unlisted.notes.iter().any(|note| note.contains("which the entry does not list")));
    assert_eq!(short(&in_december(&attested(coded("PD", "KAZ"), "diplomat", true))), (Exempt, Some("diplomat"), None));
}
