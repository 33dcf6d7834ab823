//! The last decisions under another pack: none differs under the same one, and under a changed one exactly those differ
//! that the naive rules find. What is remembered has ages in the place of dates of birth, and gives the same decisions.

use super::naive::{self, Law};
use super::travellers::{self, Chance, Traveller};
use super::{RU_ENTRY, SEED, arrival, asked, confirmation, facts, pack};
use crate::calendar::Calendar;
use domain::policy::{Checkpoint, LastDecisions, MOST_REMEMBERED, Outcome, Pack, decide};
use std::collections::BTreeSet;

const TRAVELLERS: usize = 10_000;

/// Travellers whose dates exist. Whether the announced entry is confirmed is the same for all: a station confirms it once.
fn generated(count: usize, confirmed: bool, calendar: &Calendar) -> Vec<Traveller> {
    let mut chance = Chance(SEED);
    let all = std::iter::repeat_with(|| Traveller { confirmed, ..travellers::traveller(&mut chance, calendar) });
    let exist =
        |t: &Traveller| naive::exists(t.document.birth) && t.earlier.is_none_or(|earlier| naive::exists(earlier.birth));
    all.filter(exist).take(count).collect()
}

fn checkpoint(t: &Traveller) -> Checkpoint {
    Checkpoint { id: t.checkpoint.into(), technically_possible: t.possible }
}

/// What was decided about these travellers under the pack.
fn remembered(pack: &Pack, travellers: &[Traveller], calendar: &Calendar) -> LastDecisions {
    let mut last = LastDecisions::default();
    for t in travellers {
        let facts = facts(t);
        let decision = asked(pack, t, &facts, calendar);
        last.remember(None, (&facts, arrival(t, calendar), &checkpoint(t)), &decision);
    }
    last
}

/// Changed packs, and the same change of the law for the naive rules.
fn changes() -> [(Pack, Law); 3] {
    let parse = |text: String| Pack::parse(&text).unwrap_or_else(|faults| panic!("{faults}"));
    let older = parse(RU_ENTRY.replace("age_below = 6", "age_below = 9"));
    let later = parse(RU_ENTRY.replace("valid_from = 2025-12-01T00:00:00", "valid_from = 2026-02-28T00:00:00"));
    let entries = RU_ENTRY.split_once("# ---- Exemption grounds").unwrap();
    let without = parse(format!("{}# {}", entries.0.replace("    \"belarus\",\n", ""), entries.1));
    [
        (older, Law { child_years: 9, ..naive::LAW }),
        (later, Law { december: (2026, 2, 28), ..naive::LAW }),
        (without, Law { belarus: false, ..naive::LAW }),
    ]
}

#[test]
fn the_same_pack_changes_nothing_and_a_changed_one_what_the_naive_rules_find() {
    let (pack, calendar) = (pack(), Calendar::new());
    for confirmed in [false, true] {
        let confirmations = &[confirmation()][..usize::from(confirmed)];
        let all = generated(TRAVELLERS, confirmed, &calendar);
        let (mut found_by_both, mut asked) = ([0; 3], 0);
        for some in all.chunks(MOST_REMEMBERED) {
            let last = remembered(&pack, some, &calendar);
            let same = last.replay(&pack, confirmations, None);
            assert_eq!((same.asked, same.differences.as_slice()), (some.len(), &[][..]));
            asked += same.asked;
            for (index, (changed, law)) in changes().iter().enumerate() {
                let replay = last.replay(changed, confirmations, None);
                let found: BTreeSet<usize> = replay.differences.iter().map(|d| some.len() - d.place).collect();
                let differs = |t: &Traveller| {
                    let said = |law: &Law| {
                        let answer = naive::decide_under(law, t, &calendar);
                        (answer.verdict, answer.ground, answer.question)
                    };
                    said(&naive::LAW) != said(law)
                };
                let expected: BTreeSet<usize> = (0..some.len()).filter(|at| differs(&some[*at])).collect();
                assert_eq!(found, expected, "change {index}");
                assert_eq!(replay.counts().iter().map(|(.., count)| count).sum::<usize>(), found.len());
                found_by_both[index] += found.len();
            }
        }
        assert_eq!(asked, TRAVELLERS);
        assert!(found_by_both.iter().all(|count| *count > 20), "{found_by_both:?}");
    }
}

#[test]
fn ages_give_every_pack_the_same_decision_as_dates() {
    let calendar = Calendar::new();
    let mut packs: Vec<Pack> = changes().into_iter().map(|(pack, _)| pack).collect();
    packs.extend(
        (1..20).map(|years| Pack::parse(&RU_ENTRY.replace("age_below = 6", &format!("age_below = {years}"))).unwrap()),
    );
    packs.push(Pack::parse(include_str!("../../../../config/policies/eu-ees.toml")).unwrap());
    for t in generated(4_000, true, &calendar) {
        let (facts, at, checkpoint) = (facts(&t), arrival(&t, &calendar), checkpoint(&t));
        let kept = facts.with_ages_only(at.date());
        for pack in &packs {
            let said = |facts| decide(pack, facts, at, &checkpoint, &[confirmation()]);
            assert_eq!(said(&facts), said(&kept), "{t:?}");
        }
    }
}

#[test]
fn the_newest_thousand_are_remembered_and_a_case_once() {
    let (pack, calendar) = (pack(), Calendar::new());
    let all = generated(MOST_REMEMBERED + 5, true, &calendar);
    let mut last = remembered(&pack, &all, &calendar);
    assert_eq!(last.len(), MOST_REMEMBERED);
    let t = &all[0];
    let decision = asked(&pack, t, &facts(t), &calendar);
    let facts = facts(t);
    let mut remember = |earlier| last.remember(earlier, (&facts, arrival(t, &calendar), &checkpoint(t)), &decision);
    let first = remember(None);
    let second = remember(Some(first));
    assert_ne!(first, second);
    // The second took the place of the first: the oldest stayed.
    assert_eq!(last.len(), MOST_REMEMBERED);
}

/// Travellers of the same ages, on the day from which the announced entry decides.
#[test]
fn another_day_asks_with_the_same_ages() {
    let (pack, calendar) = (pack(), Calendar::new());
    let (mut last, day) = (LastDecisions::default(), jiff::civil::date(2026, 9, 1));
    for t in generated(300, true, &calendar) {
        let (facts, at, checkpoint) = (facts(&t), arrival(&t, &calendar), checkpoint(&t));
        last.remember(None, (&facts, at, &checkpoint), &decide(&pack, &facts, at, &checkpoint, &[confirmation()]));
    }
    let replay = last.replay(&pack, &[], Some(day));
    let asks = |outcome: &Outcome| outcome.question.as_deref() == Some("announced-entry");
    assert!(replay.differences.iter().any(|difference| asks(&difference.after)));
    let confirmed = last.replay(&pack, &[confirmation()], Some(day));
    assert!(!confirmed.differences.iter().any(|difference| asks(&difference.after)));
    assert!(confirmed.differences.len() < replay.differences.len());
}
