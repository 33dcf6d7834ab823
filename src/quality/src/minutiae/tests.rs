//! Drawn patterns whose minutiae are known.

use super::{Extractor, MAX_MINUTIAE, Minutia};
use proptest::prelude::*;
use std::f32::consts::{PI, TAU};

/// A print of 200x200 whose ridges are where the cosine of `phase` is positive, on white paper.
fn drawn(phase: impl Fn(f32, f32) -> f32) -> Vec<u8> {
    let side = 200;
    let pixel = |i: usize| {
        let (x, y) = ((i % side) as f32, (i / side) as f32);
        if x.min(y) < 8.0 || x.max(y) >= 192.0 { 255 } else { (140.0 - 90.0 * phase(x, y).cos()) as u8 }
    };
    (0..side * side).map(pixel).collect()
}

fn found(grey: &[u8]) -> Vec<Minutia> {
    Extractor::new().extract(grey, 200, 200).to_vec()
}

/// Parallel ridges 9 pixels apart that run in `direction`, with one more on one side of (100, 100): a phase vortex. The
/// side with more ridges lies where `direction` points to.
fn dislocation(direction: f32, sign: f32) -> impl Fn(f32, f32) -> f32 {
    move |x, y| {
        let (dx, dy) = (x - 100.0, 100.0 - y);
        let across = dy * direction.cos() - dx * direction.sin();
        TAU / 9.0 * across + sign * dy.atan2(dx)
    }
}

#[test]
fn parallel_ridges_have_no_minutiae() {
    for turn in 0..12 {
        let direction = turn as f32 * PI / 12.0;
        let grey = drawn(|x, y| TAU / 9.0 * (x * direction.sin() + y * direction.cos()));
        assert_eq!(found(&grey), [], "{turn}");
    }
}

#[test]
fn one_ridge_more_is_one_minutia_that_points_to_it() {
    for turn in 0..32 {
        let (direction, sign) = (turn as f32 * TAU / 16.0 + 0.1, if turn < 16 { 1.0 } else { -1.0 });
        let minutiae = found(&drawn(dislocation(direction, sign)));
        let [one] = minutiae.as_slice() else { panic!("{turn}: {minutiae:?}") };
        let (dx, dy) = (one.x - 100.0, one.y - 100.0);
        assert!(dx.hypot(dy) < 9.0, "{turn}: {one:?}");
        let wanted = if sign > 0.0 { direction } else { direction + PI };
        let off = (one.angle - wanted).rem_euclid(TAU);
        assert!(off.min(TAU - off) < 0.3, "{turn}: {one:?} is {off} off");
    }
}

#[test]
fn the_same_memory_gives_the_same_answer() {
    let (one, other) = (drawn(dislocation(0.4, 1.0)), drawn(dislocation(2.0, -1.0)));
    let mut extractor = Extractor::new();
    let first = extractor.extract(&one, 200, 200).to_vec();
    assert_eq!(extractor.extract(&[90; 64 * 100], 64, 100), []);
    extractor.extract(&other, 200, 200);
    assert_eq!(extractor.extract(&one, 200, 200), first);
}

#[test]
fn what_is_no_print_has_no_minutiae() {
    let mut extractor = Extractor::new();
    for (grey, width, height) in [
        (vec![], 0, 0),
        (vec![0], 1, 1),
        (vec![7; 31 * 400], 31, 400),
        (vec![255; 300 * 300], 300, 300),
        (vec![0; 300 * 300], 300, 300),
        (vec![9; 10], usize::MAX, 2),
        (vec![9; 100 * 100], 100, 99),
    ] {
        assert_eq!(extractor.extract(&grey, width, height), [], "{width}x{height}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_picture_gives_minutiae_within_it(
        grey in prop::collection::vec(any::<u8>(), 6000),
        scale in 1usize..6,
        width in 32usize..140,
        height in 32usize..140,
    ) {
        let grey: Vec<u8> = (0..width * height)
            .map(|i| grey[(i % width / scale + i / width / scale * 61) % grey.len()])
            .collect();
        let mut extractor = Extractor::new();
        let minutiae = extractor.extract(&grey, width, height);
        prop_assert!(minutiae.len() <= MAX_MINUTIAE);
        for one in minutiae {
            prop_assert!(one.x >= 0.0 && one.y >= 0.0 && one.x < width as f32 && one.y < height as f32, "{one:?}");
            prop_assert!((0.0..TAU).contains(&one.angle) && one.quality <= 100, "{one:?}");
        }
    }
}
