//! Which entry speaks: every edge of every entry.

use super::Verdict::{AskSupervisor, NoRule, Required};
use super::*;
use alloc::vec;

#[test]
fn every_edge_of_every_entry() {
    let (first, june, december, profile) =
        ("experiment-2024-12", "every-checkpoint-2025-06", "where-possible-2025-12", "all-checkpoints-2026");
    for (time, place, verdict, entry, superseded) in [
        ("2024-11-30T23:59:59", "mashtakovo", NoRule, None, vec![]),
        ("2024-12-01T00:00:00", "mashtakovo", Required, Some(first), vec![]),
        ("2024-12-01T00:00:00", "domodedovo", Required, Some(first), vec![]),
        ("2024-12-01T00:00:00", "sheremetyevo", Required, Some(first), vec![]),
        ("2024-12-01T00:00:00", "vnukovo", Required, Some(first), vec![]),
        ("2024-12-01T00:00:00", "zhukovsky", Required, Some(first), vec![]),
        ("2024-12-01T00:00:00", "pulkovo", NoRule, None, vec![]),
        ("2025-06-29T23:59:59.999999999", "mashtakovo", Required, Some(first), vec![]),
        ("2025-06-29T23:59:59.999999999", "pulkovo", NoRule, None, vec![]),
        ("2025-06-30T00:00:00", "mashtakovo", Required, Some(june), vec![first]),
        ("2025-06-30T00:00:00", "pulkovo", Required, Some(june), vec![]),
        ("2025-11-30T23:59:59.999999999", "mashtakovo", Required, Some(june), vec![first]),
        ("2025-12-01T00:00:00", "mashtakovo", Required, Some(december), vec![june, first]),
        ("2025-12-01T00:00:00", "pulkovo", Required, Some(december), vec![june]),
        ("2026-06-30T23:59:59.999999999", "mashtakovo", Required, Some(december), vec![june, first]),
        ("2026-07-01T00:00:00", "mashtakovo", AskSupervisor, Some(profile), vec![]),
        ("2026-07-01T00:00:00", "pulkovo", AskSupervisor, Some(profile), vec![]),
        ("2044-02-29T12:00:00", "pulkovo", AskSupervisor, Some(profile), vec![]),
    ] {
        let decision = decide(&pack(), &adult(), at(time), &checkpoint(place), &[]);
        let found = (decision.verdict, decision.entry.as_deref());
        assert_eq!(found, (verdict, entry), "{place} at {time}");
        assert_eq!(decision.superseded, superseded, "{place} at {time}");
    }
}

#[test]
fn an_announced_entry_decides_only_once_it_is_confirmed() {
    let ask = |facts: &Facts, confirmations: &[EntryConfirmation]| {
        decide(&pack(), facts, at("2026-08-01T12:00"), &checkpoint("pulkovo"), confirmations)
    };
    let open = ask(&adult(), &[]);
    assert_eq!(short(&open), (AskSupervisor, None, Some("announced-entry")));
    assert!(open.question.as_ref().unwrap().text.contains("all-checkpoints-2026"));
    assert_eq!(open.question.as_ref().unwrap().settled_by, SettledBy::Supervisor);
    // The question comes before any exemption: nothing of the entry decides yet.
    assert_eq!(short(&ask(&of("BLR", "BLR"), &[])).2, Some("announced-entry"));

    let stands = ask(&adult(), &confirmed());
    assert_eq!(short(&stands), (Required, None, None));
    let shown = stands.facts_used.iter().find(|fact| fact.fact == "entry-confirmation").unwrap();
    assert_eq!(shown.value, "all-checkpoints-2026, by operator, 2026-07-01, on the basis \"demonstration\"");
    let other = [EntryConfirmation { entry: "experiment-2024-12".into(), ..confirmed()[0].clone() }];
    assert_eq!(ask(&adult(), &other).verdict, AskSupervisor);
}

#[test]
fn the_technical_flag_changes_only_the_entries_that_carry_it() {
    for (time, place, possible, verdict, entry) in [
        ("2025-12-24T03:00", "mashtakovo", true, Required, Some("where-possible-2025-12")),
        ("2025-12-24T03:00", "mashtakovo", false, Required, Some("every-checkpoint-2025-06")),
        ("2025-12-24T03:00", "pulkovo", false, Required, Some("every-checkpoint-2025-06")),
        ("2025-08-24T03:00", "pulkovo", false, Required, Some("every-checkpoint-2025-06")),
        ("2025-01-01T03:00", "vnukovo", false, Required, Some("experiment-2024-12")),
        ("2025-01-01T03:00", "pulkovo", false, NoRule, None),
    ] {
        let there = Checkpoint { id: place.into(), technically_possible: possible };
        let decision = decide(&pack(), &adult(), at(time), &there, &[]);
        assert_eq!((decision.verdict, decision.entry.as_deref()), (verdict, entry), "{place} at {time}, {possible}");
        let noted = decision.notes.iter().any(|note| note.contains("technically possible"));
        assert_eq!(noted, !possible && time.starts_with("2025-12"), "{place} at {time}, {possible}");
    }
}

#[test]
fn only_entry_is_meant() {
    for (direction, verdict) in [(Direction::Entry, Required), (Direction::Exit, NoRule), (Direction::Transit, NoRule)]
    {
        assert_eq!(in_december(&Facts { direction, ..adult() }).verdict, verdict, "{direction:?}");
    }
}

#[test]
fn where_no_entry_applies_only_a_supervisor_can_say_that_biometrics_are_due() {
    let early = |facts: &Facts| decide(&pack(), facts, at("2024-01-01T12:00"), &checkpoint("vnukovo"), &[]);
    assert_eq!(short(&early(&adult())), (NoRule, None, Some("no-rule")));
    assert_eq!(short(&early(&of("BLR", "BLR"))), (NoRule, None, Some("no-rule")));
    let ruled = early(&Facts { ruled_due_by: Some(crate::units::StaffId("S".into())), ..adult() });
    assert_eq!(short(&ruled), (Required, None, None));
    assert!(ruled.notes.iter().any(|note| note.contains("ruling")));
}

/// A page to read: what an adult, a child and a citizen of Belarus meet, by date and checkpoint.
#[test]
fn the_table_by_date_and_checkpoint() {
    let child = Facts { birth_date: BirthDate::parse("2023-05-05"), ..adult() };
    let mut table = String::new();
    for time in ["2024-11-30T12:00", "2024-12-01T12:00", "2025-07-01T12:00", "2025-12-24T03:00", "2026-08-01T12:00"] {
        for place in ["mashtakovo", "pulkovo"] {
            let ask = |facts: &Facts| decide(&pack(), facts, at(time), &checkpoint(place), &confirmed());
            let verdicts = [adult(), child.clone(), of("BLR", "BLR"), of("RUS", "RUS")].map(|facts| {
                let decision = ask(&facts);
                let ground = decision.ground.map(|ground| alloc::format!(" ({ground})")).unwrap_or_default();
                alloc::format!("{:?}{ground}", decision.verdict)
            });
            table.push_str(&alloc::format!("{time} {place}: {}\n", verdicts.join(", ")));
        }
    }
    insta::assert_snapshot!(table, @"
    2024-11-30T12:00 mashtakovo: NoRule, NoRule, NoRule, NotInScope
    2024-11-30T12:00 pulkovo: NoRule, NoRule, NoRule, NotInScope
    2024-12-01T12:00 mashtakovo: Required, Exempt (under-six), Exempt (belarus), NotInScope
    2024-12-01T12:00 pulkovo: NoRule, NoRule, NoRule, NotInScope
    2025-07-01T12:00 mashtakovo: Required, Exempt (under-six), Exempt (belarus), NotInScope
    2025-07-01T12:00 pulkovo: Required, Exempt (under-six), Exempt (belarus), NotInScope
    2025-12-24T03:00 mashtakovo: Required, Exempt (under-six), Exempt (belarus), NotInScope
    2025-12-24T03:00 pulkovo: Required, Exempt (under-six), Exempt (belarus), NotInScope
    2026-08-01T12:00 mashtakovo: Required, Exempt (under-six), Exempt (belarus), NotInScope
    2026-08-01T12:00 pulkovo: Required, Exempt (under-six), Exempt (belarus), NotInScope
    ");
}
