//! Faces: how fast on one core, beside MediaPipe's own graphs on the same pictures, and how near the processor's peak.

use super::programs::{measured, sim};
use super::row::{Goal, Row};
use super::samples::{self, Pick, Wanted};
use crate::failure::Failure;
use crate::judge;
use crate::process::{foreground, said};
use std::fs;
use std::path::Path;

/// Persons before the camera.
const SEEDS: [&str; 3] = ["1", "2", "3"];

/// Checks of each picture.
const ROUNDS: &str = "100";

const fn row(sample: &'static str, row: &'static str, unit: &'static str, goal: Option<Goal>) -> Wanted {
    Wanted { sample, row, unit, pick: Pick::Median, goal }
}

/// The first row is the one that MediaPipe is compared with.
const ENGINE: &[Wanted] = &[
    row("detection", "faces of a 640x480 frame, one core", "ms", None),
    row("share of detection", "of that, share of the processor's measured peak", "%", None),
    row("landmarks", "faces and landmarks of a 640x480 frame, one core", "ms", None),
    row("share of landmarks", "of that, share of the processor's measured peak", "%", None),
    row("components", "faces, landmarks and all components of a 640x480 frame", "ms", Some(Goal::AtMost(3.0))),
    row("tracking", "face followed with landmarks through a stream, each frame", "ms", Some(Goal::AtMost(1.5))),
    row("tracking and components", "face followed, with all components, each frame", "ms", None),
];

const REFERENCE: &[Wanted] = &[
    row("mediapipe detection", "MediaPipe's own graph: faces of the same frames, one core", "ms", None),
    row("mediapipe landmarks", "MediaPipe's own graph: faces and landmarks of the same frames, one core", "ms", None),
];

/// Draws the heads into `folder` and measures.
pub fn rows(folder: &Path) -> Result<Vec<Row>, Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::io("make the folder", folder, &error))?;
    let draw = |seed: &&str| {
        let path = folder.join(format!("engine-{seed}.png")).display().to_string();
        foreground(&sim(), &["render", "head", "--seed", seed, "--out", &path]).map(|()| path)
    };
    let heads = SEEDS.iter().map(draw).collect::<Result<Vec<_>, _>>()?;
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let ours =
        measured("gatepost-quality", &[&["measure", "face-engine", "--rounds", ROUNDS], &heads[..]].concat(), ENGINE)?;
    let theirs = reference(&heads, &ours)?;
    Ok([ours, theirs].concat())
}

/// MediaPipe on the same heads in the same run, and which share of its time ours takes.
fn reference(heads: &[&str], ours: &[Row]) -> Result<Vec<Row>, Failure> {
    let python = match judge::environment("heads") {
        Ok(python) => python.display().to_string(),
        Err(why) => {
            println!("SKIPPED MediaPipe beside ours: {why}");
            return Ok(Vec::new());
        }
    };
    let script = format!("{}/faces.py", judge::FOLDER);
    let line = [&[&*script, "--measure"], heads].concat();
    println!("$ {python} {}", line.join(" "));
    let mut rows = samples::rows(REFERENCE, &samples::parse(&script, &said(&python, &line)?)?)?;
    if let (Some(theirs), Some(ours)) = (rows.first(), ours.first()) {
        let share = ours.value() / theirs.value();
        rows.push(Row::new("our time for faces over MediaPipe's", share, "x", Some(Goal::AtMost(0.75))));
    }
    Ok(rows)
}
