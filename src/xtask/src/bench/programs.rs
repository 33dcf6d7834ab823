//! The measuring programs: sub-commands of the product's own programs, so that one plain release build makes all of
//! them. Examples or benches would build the crates a second time, with the features of their tests.

use super::row::{Goal, Row};
use super::samples::{self, Pick, Wanted};
use crate::demo::program;
use crate::failure::Failure;
use crate::process::{foreground, said};
use std::fs;
use std::path::Path;

/// Persons before the camera, and fingers on the sensor.
const SEEDS: [&str; 3] = ["1", "2", "3"];

/// Checks of each picture.
const ROUNDS: &str = "30";

const FACE: &[Wanted] = &[
    Wanted {
        sample: "face",
        row: "face check of a 640x480 frame, one person (detector and components)",
        unit: "ms",
        pick: Pick::Median,
        goal: Some(Goal::AtMost(33.0)),
    },
    Wanted {
        sample: "face",
        row: "face check of a 640x480 frame, one person (detector and components)",
        unit: "ms",
        pick: Pick::Percentile95,
        goal: None,
    },
];

/// A head that does not stand quite straight, so that the portrait is turned.
const PORTRAIT_DRAWN: &[&str] = &["head", "--width", "1280", "--height", "720", "--roll", "4"];

const PORTRAIT: &[Wanted] = &[portrait(Pick::Median, Some(Goal::AtMost(8.0))), portrait(Pick::Percentile95, None)];

const fn portrait(pick: Pick, goal: Option<Goal>) -> Wanted {
    Wanted {
        sample: "portrait",
        row: "portrait out of a 1280x720 frame, turned and encoded, one core",
        unit: "ms",
        pick,
        goal,
    }
}

const NOBODY: &[Wanted] = &[Wanted {
    sample: "nobody",
    row: "face check of a 640x480 frame, empty desk",
    unit: "ms",
    pick: Pick::Median,
    goal: Some(Goal::AtMost(33.0)),
}];

/// One kind of picture and its check.
struct Check {
    /// Of the files.
    name: &'static str,
    /// What the simulator is told.
    drawn: &'static [&'static str],
    /// What the quality program is told.
    asked: &'static [&'static str],
    wanted: &'static [Wanted],
}

const CHECKS: &[Check] = &[
    Check { name: "slap", drawn: &["slap", "--rotation", "20"], asked: &["slap"], wanted: SLAP },
    Check { name: "face", drawn: &["head"], asked: &["face"], wanted: FACE },
    Check { name: "portrait", drawn: PORTRAIT_DRAWN, asked: &["portrait"], wanted: PORTRAIT },
    Check { name: "nobody", drawn: &["head", "--people", "0"], asked: &["face"], wanted: NOBODY },
];

/// As it is looked at in a preview: found and named.
const SLAP: &[Wanted] = &[Wanted {
    sample: "slap",
    row: "fingers of one 1600x1500 slap found and named, one core",
    unit: "ms",
    pick: Pick::Median,
    goal: Some(Goal::AtMost(15.0)),
}];

const STORE: &[Wanted] = &[
    store("keep", "sign, seal and durable commit of a record of 500 kB", Pick::Median, Some(Goal::AtMost(100.0))),
    store("keep", "sign, seal and durable commit of a record of 500 kB", Pick::Percentile95, Some(Goal::AtMost(100.0))),
    store("seal", "of that, seal", Pick::Median, None),
    store("sign", "of that, sign", Pick::Median, None),
    store("commit", "of that, durable commit", Pick::Median, None),
    store("reopen", "store opened with 10,000 waiting records", Pick::Largest, Some(Goal::AtMost(2000.0))),
];

const fn store(sample: &'static str, row: &'static str, pick: Pick, goal: Option<Goal>) -> Wanted {
    Wanted { sample, row, unit: "ms", pick, goal }
}

const DESK: &[Wanted] = &[
    Wanted {
        sample: "preview",
        row: "preview frames a second that reach the officer's page in a face capture (the camera gives 20)",
        unit: "1/s",
        pick: Pick::Smallest,
        goal: Some(Goal::AtLeast(15.0)),
    },
    Wanted {
        sample: "hint",
        row: "hint latency: first frame that calls for it leaves the camera, until the hint is on the page",
        unit: "ms",
        pick: Pick::Percentile95,
        goal: Some(Goal::AtMost(150.0)),
    },
    Wanted {
        sample: "hint",
        row: "hint latency: first frame that calls for it leaves the camera, until the hint is on the page",
        unit: "ms",
        pick: Pick::Median,
        goal: None,
    },
    Wanted {
        sample: "device ready",
        row: "device ready: officer starts the capture, until the first preview frame is on the page",
        unit: "ms",
        pick: Pick::Largest,
        goal: Some(Goal::AtMost(1000.0)),
    },
    Wanted {
        sample: "next traveller",
        row: "next traveller: officer asks for a new case, until the page asks for the document",
        unit: "ms",
        pick: Pick::Largest,
        goal: Some(Goal::AtMost(300.0)),
    },
];

const HEADS: &[Wanted] = &[
    // 15 frames a second.
    head("head frame", "simulated head frame 640x480 with the camera's response, one core", Some(Goal::AtMost(66.0))),
    head("head still", "simulated head still 1280x720 with the camera's response, one core", None),
];

const fn head(sample: &'static str, row: &'static str, goal: Option<Goal>) -> Wanted {
    Wanted { sample, row, unit: "ms", pick: Pick::Median, goal }
}

/// The face and finger checks, and the heads they are made with, on pictures that the simulator draws into `folder`.
pub fn checks(folder: &Path) -> Result<Vec<Row>, Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::io("make the folder", folder, &error))?;
    let mut rows = Vec::new();
    for check in CHECKS {
        let mut pictures = Vec::with_capacity(SEEDS.len());
        for seed in SEEDS {
            let path = folder.join(format!("{}-{seed}.png", check.name)).display().to_string();
            foreground(&sim(), &[&["render"][..], check.drawn, &["--seed", seed, "--out", &path]].concat())?;
            pictures.push(path);
        }
        let pictures: Vec<&str> = pictures.iter().map(String::as_str).collect();
        let line = [&["measure"][..], check.asked, &["--rounds", ROUNDS], &pictures].concat();
        rows.extend(measured("gatepost-quality", &line, check.wanted)?);
    }
    rows.extend(measured("gatepost-sim", &["render", "measure"], HEADS)?);
    Ok(rows)
}

/// What the store promises, on the disk of `folder`.
pub fn store_rows(folder: &Path) -> Result<Vec<Row>, Failure> {
    let folder = folder.display().to_string();
    measured("gatepost", &["store", "measure", "--folder", &folder, "--waiting", "10000"], STORE)
}

/// What an officer waits for, at a running station. `line` is the simulator's command line.
pub fn desk_rows(line: &[String]) -> Result<Vec<Row>, Failure> {
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    measured("gatepost-sim", &line, DESK)
}

pub(super) fn measured(name: &str, line: &[&str], wanted: &[Wanted]) -> Result<Vec<Row>, Failure> {
    println!("$ {name} {}", line.join(" "));
    let said = said(&program(name).display().to_string(), line)?;
    samples::rows(wanted, &samples::parse(name, &said)?)
}

pub(super) fn sim() -> String {
    program("gatepost-sim").display().to_string()
}
