//! The promise: advice follows the measures. Fingers are put down badly in one way at a time, and what the quality core
//! tells their owners is counted. The shares are frozen a little below what was measured.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use render::print::{Impression, Master};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tests::process::succeed;

/// Fingers for each way. None of them is among those that the limits of advice were set on.
const FINGERS: u64 = 20;

/// A single-finger sensor of 1 by 1.2 inch.
const SIZE: (u32, u32) = (500, 600);

/// One way to put a finger down.
struct Way {
    name: &'static str,
    spoil: fn(&mut Impression, u64),
    /// What may be said first.
    sensible: &'static [&'static str],
    /// Of so many fingers at least.
    least: u64,
}

const WAYS: [Way; 9] = [
    Way { name: "clean", spoil: |_, _| {}, sensible: &["none"], least: 18 },
    Way { name: "dry", spoil: |touch, _| touch.dryness = 0.7, sensible: &["moisten"], least: 17 },
    Way { name: "wet", spoil: |touch, _| touch.wetness = 0.7, sensible: &["dry", "press-less"], least: 18 },
    Way { name: "pale", spoil: |touch, _| touch.low_contrast = 0.7, sensible: &["press-more"], least: 18 },
    Way { name: "light", spoil: lightly, sensible: &["press-more"], least: 16 },
    Way {
        name: "small",
        spoil: |touch, _| touch.small_area = 0.7,
        sensible: &["place-whole-fingertip", "centre-finger"],
        least: 18,
    },
    Way { name: "beside", spoil: beside, sensible: &["centre-finger"], least: 18 },
    Way { name: "moved a little", spoil: |touch, _| touch.motion = 0.6, sensible: &["hold-still"], least: 16 },
    Way { name: "moved", spoil: |touch, _| touch.motion = 0.8, sensible: &["hold-still"], least: 18 },
];

/// As a live-scan sensor sees a finger on its way down: little of its tip, thin and pale ridges.
fn lightly(touch: &mut Impression, _: u64) {
    (touch.small_area, touch.dryness, touch.low_contrast) = (0.6, 0.42, 0.21);
}

/// 8 to 10 mm from the middle, in each direction in turn.
fn beside(touch: &mut Impression, number: u64) {
    let (right, down) = [(8.0, 0.0), (-8.0, 0.0), (0.0, 10.0), (0.0, -10.0), (6.0, 6.0)][(number % 5) as usize];
    touch.shift = (right, down);
}

#[test]
fn advice_follows_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let files = draw(folder.path());
    let names: Vec<&str> = files.iter().map(|file| file.to_str().unwrap()).collect();
    let said = succeed("gatepost-quality", &[&["finger", "--json"], &names[..]].concat());
    let answers: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), files.len());
    let mut poor = Vec::new();
    for (way, answers) in WAYS.iter().zip(answers.chunks(FINGERS as usize)) {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for answer in answers {
            *counts.entry(answer["advice"][0].as_str().unwrap_or("none")).or_default() += 1;
        }
        let sensible: u64 = way.sensible.iter().filter_map(|advice| counts.get(advice)).sum();
        println!("{:>15}: {sensible:>2} of {FINGERS} sensible; {counts:?}", way.name);
        if sensible < way.least {
            poor.push(format!("{}: {counts:?}", way.name));
        }
    }
    assert!(poor.is_empty(), "{poor:#?}");
}

/// All prints as PNG, way after way.
fn draw(folder: &Path) -> Vec<PathBuf> {
    let halves = std::thread::scope(|scope| {
        let half =
            |odd: u64| scope.spawn(move || (odd..FINGERS).step_by(2).for_each(|number| draw_finger(folder, number)));
        [half(0), half(1)].map(|thread| thread.join().is_ok())
    });
    assert_eq!(halves, [true; 2]);
    let all = (0..WAYS.len()).flat_map(|way| (0..FINGERS).map(move |number| (way, number)));
    all.map(|(way, number)| file(folder, way, number)).collect()
}

fn draw_finger(folder: &Path, number: u64) {
    let master = Master::from_seed(31_000 + number, 1 + (number % 10) as u8);
    for (at, way) in WAYS.iter().enumerate() {
        let mut touch = Impression::clean(number * 17 + at as u64);
        (way.spoil)(&mut touch, number);
        master.impression(&touch, SIZE.0, SIZE.1, 500.0).save(file(folder, at, number)).unwrap();
    }
}

fn file(folder: &Path, way: usize, number: u64) -> PathBuf {
    folder.join(format!("{way}-{number:02}.png"))
}
