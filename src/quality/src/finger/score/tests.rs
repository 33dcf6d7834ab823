use super::*;
use crate::finger::natives::{COUNT, MINUTIAE_COUNT, MINUTIAE_QUALITY};
use std::ops::Range;

/// Native values of prints, and what the trainer's own evaluation (double precision, another program) answered: with
/// minutiae, without. Written by `models/finger/train.py` with the models.
const FROZEN: &str = include_str!("../../../../../models/finger/frozen.csv");

fn rows() -> Vec<(Natives, f32, f32)> {
    let row = |line: &str| {
        let numbers: Vec<f64> = line.split(',').map(|number| number.parse().unwrap()).collect();
        let (values, [with, without]) = numbers.split_last_chunk::<2>().unwrap();
        let mut natives = Natives::EMPTY;
        natives.put(0..COUNT, values);
        (natives, *with as f32, *without as f32)
    };
    FROZEN.lines().map(row).collect()
}

fn without(natives: &Natives, group: Range<usize>) -> Natives {
    let mut without = *natives;
    without.put(group.clone(), &vec![f64::NAN; group.len()]);
    without
}

#[test]
fn the_models_answer_as_they_did_when_they_were_trained() {
    let rows = rows();
    assert!(rows.len() >= 12);
    for (natives, with, without_minutiae) in rows {
        let answer = |natives: &Natives| {
            let features = natives.features();
            gfq::model_for(&features).vote(&features).unwrap()
        };
        let bare = without(&natives, MINUTIAE_COUNT);
        let (found, found_bare) = (answer(&natives), answer(&bare));
        assert!((found - with).abs() < 0.01 && (found_bare - without_minutiae).abs() < 0.01, "{found} {found_bare}");
        let (score, bare) = (Score::of(&natives), Score::of(&bare));
        assert_eq!(score.value.map(|value| value.get()), Ok((with + 0.5).floor() as u8));
        assert_eq!((score.name, bare.name), (NAME, NAME_WITHOUT_MINUTIAE));
        assert_ne!(score.model, bare.model);
        assert_eq!(score, Score::of(&natives), "the same values, the same score");
    }
}

#[test]
fn the_rows_tell_good_prints_from_bad_ones() {
    let (least, most) =
        rows().iter().fold((100.0f32, 0.0f32), |(least, most), row| (least.min(row.1), most.max(row.1)));
    assert!(least < 15.0 && most > 70.0, "{least} to {most}");
}

#[test]
fn without_values_there_is_no_score() {
    let whole = rows()[0].0;
    for (group, name) in [(0..1, NAME), (16..17, NAME), (68..69, NAME), (0..COUNT, NAME_WITHOUT_MINUTIAE)] {
        let score = Score::of(&without(&whole, group));
        assert_eq!((score.value, score.name), (Err(Failure::TooFewRidges), name));
    }
    assert_eq!(Score::of(&without(&whole, MINUTIAE_QUALITY)).value, Err(Failure::NoMinutiae));
    assert_eq!(Scorer::Gfq.failed(Failure::Blank).value, Err(Failure::Blank));
}

#[test]
fn a_model_is_named_by_its_bytes() {
    for ((name, digest), natives) in model_digests().into_iter().zip([rows()[0].0, Natives::EMPTY]) {
        let score = Score::of(&natives);
        assert_eq!(score.name, name);
        let (_, named) = score.model.as_str().split_once('-').unwrap();
        assert!(named.len() == 12 && digest.starts_with(named), "{named} {digest}");
    }
}

#[test]
fn votes_are_rounded_as_the_reference_does() {
    for (vote, score) in [(0.0, 0), (0.49, 0), (0.5, 1), (29.5, 30), (29.49, 29), (99.6, 100), (100.0, 100)] {
        assert_eq!(scored(Some(vote)).map(|value| value.get()), Ok(score), "{vote}");
    }
}
