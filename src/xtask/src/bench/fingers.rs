//! Fingerprint quality: how fast on one core, beside NFIQ 2 itself, for four fingers at once, and in how much memory.

use super::programs::{measured, sim};
use super::row::{Goal, Row};
use super::samples::{self, Pick, Wanted};
use crate::failure::Failure;
use crate::judge;
use crate::process::{foreground, said};
use std::fs;
use std::path::Path;

/// Persons whose fingers are on the sensor.
const SEEDS: [&str; 4] = ["1", "2", "3", "4"];

/// Checks of each picture.
const ROUNDS: &str = "30";

const fn finger(sample: &'static str, row: &'static str, goal: Goal) -> Wanted {
    Wanted { sample, row, unit: "ms", pick: Pick::Median, goal: Some(goal) }
}

const SMALL: &[Wanted] =
    &[finger("finger", "finger check of one 192x192 print at 508 ppi, one core", Goal::AtMost(4.0))];
const LARGE: &[Wanted] =
    &[finger("finger", "finger check of one 500x500 print with everything, one core", Goal::AtMost(4.0))];
const VALUES: &[Wanted] =
    &[finger("finger values", "finger check of one 500x500 print without minutiae, one core", Goal::AtMost(2.5))];
const HAND: &[Wanted] = &[Wanted {
    sample: "hand",
    row: "frames of four fingers, 500x500 each, checked with everything in four threads",
    unit: "1/s",
    pick: Pick::Median,
    goal: Some(Goal::AtLeast(15.0)),
}];
const MEMORY: &[Wanted] = &[Wanted {
    sample: "memory",
    row: "most resident memory of the quality program while it checks prints",
    unit: "MB",
    pick: Pick::Largest,
    goal: Some(Goal::AtMost(40.0)),
}];
const REFERENCE: &[Wanted] = &[Wanted {
    sample: "nfiq2",
    row: "NFIQ 2's own time for the same 500x500 prints, without decoding, one core",
    unit: "ms",
    pick: Pick::Median,
    goal: None,
}];

/// Draws the prints into `folder` and measures.
pub fn rows(folder: &Path) -> Result<Vec<Row>, Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::io("make the folder", folder, &error))?;
    // As the simulated sensor of the demonstration has it.
    let small = drawn(folder, "small", &["--width", "192", "--height", "192", "--ppi", "508"])?;
    let large = drawn(folder, "large", &["--width", "500", "--height", "500", "--ppi", "500"])?;
    let measure = |check: &[&str], files: &[String], wanted| {
        let files = files.iter().map(String::as_str);
        let line: Vec<&str> =
            ["measure"].iter().chain(check).copied().chain(["--rounds", ROUNDS]).chain(files).collect();
        measured("gatepost-quality", &line, wanted)
    };
    let mut rows = measure(&["finger", "--ppi", "508"], &small, SMALL)?;
    let whole = measure(&["finger"], &large, LARGE)?;
    rows.extend(measure(&["finger-values"], &large, VALUES)?);
    rows.extend(reference(&large, &whole)?);
    rows.extend(whole);
    rows.extend(measure(&["hand"], &large, HAND)?);
    rows.extend(measure(&["memory"], &large, MEMORY)?);
    Ok(rows)
}

fn drawn(folder: &Path, name: &str, sensor: &[&str]) -> Result<Vec<String>, Failure> {
    let draw = |seed: &&str| {
        let path = folder.join(format!("{name}-{seed}.png")).display().to_string();
        foreground(&sim(), &[&["render", "print"], sensor, &["--seed", seed, "--out", &path]].concat()).map(|()| path)
    };
    SEEDS.iter().map(draw).collect()
}

/// NFIQ 2 on the same prints in the same run, and how many times it takes what ours takes.
fn reference(prints: &[String], ours: &[Row]) -> Result<Vec<Row>, Failure> {
    let python = match judge::environment("nfiq2") {
        Ok(python) => python.display().to_string(),
        Err(why) => {
            println!("SKIPPED NFIQ 2 beside ours: {why}");
            return Ok(Vec::new());
        }
    };
    let script = format!("{}/nfiq2.py", judge::FOLDER);
    let line: Vec<&str> = [&*script, "--measure"].into_iter().chain(prints.iter().map(String::as_str)).collect();
    println!("$ {python} {}", line.join(" "));
    let mut rows = samples::rows(REFERENCE, &samples::parse(&script, &said(&python, &line)?)?)?;
    if let (Some(theirs), Some(ours)) = (rows.first(), ours.first()) {
        let times = theirs.value() / ours.value();
        rows.push(Row::new("NFIQ 2's time over ours with everything", times, "x", Some(Goal::AtLeast(8.0))));
    }
    Ok(rows)
}
