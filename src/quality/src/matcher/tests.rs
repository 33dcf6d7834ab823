//! Prints that are known to be of one finger, or of two.

use super::{Matcher, SAME_FINGER, Similarity, score};
use crate::minutiae::{Kind, Minutia};
use proptest::prelude::*;
use std::f32::consts::TAU;

/// Numbers from 0 to 1.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1u64 << 24) as f32
    }
}

/// Minutiae of a finger: whorl-like flow, none nearer to another than ridges allow.
fn finger(seed: u64, count: usize) -> Vec<Minutia> {
    let mut dice = Dice(seed.wrapping_mul(977).wrapping_add(5));
    let mut minutiae: Vec<Minutia> = Vec::new();
    while minutiae.len() < count {
        let (x, y) = (20.0 + 320.0 * dice.roll(), 20.0 + 400.0 * dice.roll());
        if minutiae.iter().any(|m| (m.x - x).hypot(m.y - y) < 14.0) {
            continue;
        }
        let flow = (180.0 - y).atan2(x - 180.0) + TAU / 4.0;
        let angle = (flow + if dice.roll() < 0.5 { TAU / 2.0 } else { 0.0 } + 0.3 * dice.roll()).rem_euclid(TAU);
        let kind = if dice.roll() < 0.5 { Kind::Ending } else { Kind::Bifurcation };
        minutiae.push(Minutia { x, y, angle, kind, quality: 40 + (60.0 * dice.roll()) as u8 });
    }
    minutiae
}

/// The finger put down again: turned, shifted, a little bent; so many minutiae of it missing and new ones in their
/// place.
fn again(finger: &[Minutia], seed: u64, turn: f32, missing: usize) -> Vec<Minutia> {
    let mut dice = Dice(seed);
    let (sin, cos) = turn.sin_cos();
    let moved = finger.iter().skip(missing).map(|m| {
        let (dx, dy) = (m.x - 180.0, m.y - 220.0);
        let (bx, by) = (3.0 * (dy / 50.0).sin(), 3.0 * (dx / 60.0).cos());
        let jitter = |dice: &mut Dice| 5.0 * (dice.roll() - 0.5);
        Minutia {
            x: 200.0 + dx * cos + dy * sin + bx + jitter(&mut dice),
            y: 230.0 - dx * sin + dy * cos + by + jitter(&mut dice),
            angle: (m.angle + turn + 0.2 * (dice.roll() - 0.5)).rem_euclid(TAU),
            ..*m
        }
    });
    let mut minutiae: Vec<Minutia> = moved.collect();
    minutiae.extend(self::finger(seed.wrapping_add(999), missing));
    minutiae
}

#[test]
fn a_finger_is_known_again_however_it_is_turned() {
    let mut matcher = Matcher::new();
    for seed in 0..12 {
        let first = finger(seed, 45);
        for (turn, missing) in [(0.0, 0), (0.2, 8), (-0.7, 8), (1.5, 12), (3.0, 8), (-2.0, 12)] {
            let second = again(&first, seed + 50, turn, missing);
            let similarity = matcher.score(&first, &second);
            assert!(similarity >= SAME_FINGER, "{seed} {turn} {missing}: {similarity:?}");
        }
    }
}

#[test]
fn other_fingers_are_others() {
    let mut matcher = Matcher::new();
    let fingers: Vec<_> = (100..130).map(|seed| finger(seed, 45)).collect();
    for (at, one) in fingers.iter().enumerate() {
        for other in &fingers[at + 1..] {
            let similarity = matcher.score(one, other);
            assert!(similarity < SAME_FINGER, "{at}: {similarity:?}");
        }
    }
}

#[test]
fn more_that_agrees_scores_more() {
    let first = finger(7, 50);
    let scores: Vec<Similarity> =
        [40, 30, 20, 10, 0].into_iter().map(|missing| score(&first, &again(&first, 3, 0.3, missing))).collect();
    assert!(scores.windows(2).all(|pair| pair[0] < pair[1]), "{scores:?}");
    // A part of the finger that agrees throughout scores by its size.
    let parts: Vec<Similarity> = [10, 20, 30, 50].into_iter().map(|count| score(&first, &first[..count])).collect();
    assert!(parts.windows(2).all(|pair| pair[0] < pair[1]), "{parts:?}");
}

#[test]
fn nothing_is_like_nothing() {
    let one = finger(1, 40);
    for (one, other) in [(&[][..], &[][..]), (&one[..], &[][..]), (&one[..3], &one[..3])] {
        assert_eq!(score(one, other), Similarity(0.0));
    }
}

#[test]
fn the_order_does_not_matter_and_neither_does_what_came_before() {
    let (one, other) = (finger(3, 60), finger(4, 40));
    let mut matcher = Matcher::new();
    let first = matcher.score(&one, &other);
    matcher.score(&other, &again(&other, 1, 0.4, 3));
    assert_eq!(matcher.score(&other, &one), first);
}

fn any_minutia() -> impl Strategy<Value = Minutia> {
    (any::<f32>(), -50.0..900.0f32, any::<f32>(), any::<u8>(), any::<bool>()).prop_map(
        |(x, y, angle, quality, ends)| {
            let kind = if ends { Kind::Ending } else { Kind::Bifurcation };
            Minutia { x, y, angle, kind, quality }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_minutiae_can_be_compared(
        one in prop::collection::vec(any_minutia(), 0..150),
        other in prop::collection::vec(any_minutia(), 0..150),
    ) {
        let mut matcher = Matcher::new();
        let there = matcher.score(&one, &other).0;
        prop_assert!(there.is_finite() && there >= 0.0);
        let itself = matcher.score(&one, &one).0;
        prop_assert!(itself.is_finite() && itself >= 0.0);
    }
}
