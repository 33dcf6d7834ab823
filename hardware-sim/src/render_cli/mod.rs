//! `gatepost-sim render`: pictures into files, and the truth about them if asked.

mod glass;
mod head;
mod heads;
mod measure;
mod print;
mod slap;
pub(crate) mod truth;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use image::GrayImage;
use serde_json::{Value, json};

use render::print::{Axis, Contact, PrintTruth};

pub use head::HeadArgs;
pub use heads::HeadsArgs;
pub use measure::MeasureArgs;
pub use print::{PrintArgs, PrintsArgs};
pub use slap::SlapArgs;

/// What to render.
#[derive(Clone, Debug, Subcommand)]
pub enum RenderCommand {
    /// People, or an egg, or nobody, before the camera.
    Head(Box<HeadArgs>),
    /// Many pictures of the default population into a folder, with their truth.
    Heads(HeadsArgs),
    /// How long rendering takes: one JSON line for each sample.
    Measure(MeasureArgs),
    /// An impression of a finger.
    Print(Box<PrintArgs>),
    /// Impressions of many fingers, for programs that judge them.
    Prints(Box<PrintsArgs>),
    /// Several fingers on the platen of a slap scanner.
    Slap(Box<SlapArgs>),
}

/// Why no picture was written.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The picture could not be written.
    #[error("the picture could not be written to {path}: {source}")]
    Picture {
        /// Where to.
        path: PathBuf,
        /// What happened.
        source: image::ImageError,
    },
    /// The truth could not be written.
    #[error("the truth could not be written to {path}: {source}")]
    Truth {
        /// Where to.
        path: PathBuf,
        /// What happened.
        source: std::io::Error,
    },
}

/// Renders and writes the files.
///
/// # Errors
///
/// When a file cannot be written, or its ending names no known format.
pub fn run(command: &RenderCommand) -> Result<(), RenderError> {
    match command {
        RenderCommand::Head(args) => head::run(args),
        RenderCommand::Heads(args) => heads::run(args),
        RenderCommand::Measure(args) => {
            measure::run(args);
            Ok(())
        }
        RenderCommand::Print(args) => print::run(args),
        RenderCommand::Prints(args) => print::run_many(args),
        RenderCommand::Slap(args) => slap::run(args),
    }
}

fn save(image: &GrayImage, path: &Path) -> Result<(), RenderError> {
    image.save(path).map_err(|source| RenderError::Picture { path: path.to_owned(), source })
}

fn write_truth(path: &Path, text: &[u8]) -> Result<(), RenderError> {
    std::fs::write(path, text).map_err(|source| RenderError::Truth { path: path.to_owned(), source })
}

/// Pixels to the right and downwards; degrees clockwise.
fn contact_truth(contact: &Contact) -> Value {
    json!({
        "x": contact.centre.0,
        "y": contact.centre.1,
        "width": 2.0 * contact.half.0,
        "height": 2.0 * contact.half.1,
        "angle": contact.angle,
    })
}

fn print_truth(truth: &PrintTruth) -> Value {
    let points = |points: &[(f32, f32)]| -> Value { points.iter().map(|(x, y)| json!({ "x": x, "y": y })).collect() };
    let minutiae: Value =
        truth.minutiae.iter().map(|m| json!({ "x": m.x, "y": m.y, "angle": m.angle, "type": m.kind.id() })).collect();
    let levels: serde_json::Map<String, Value> =
        Axis::ALL.into_iter().map(|axis| (axis.id().to_owned(), truth.touch.level(axis).into())).collect();
    json!({
        "class": truth.class.id(),
        "cores": points(&truth.singular.cores),
        "deltas": points(&truth.singular.deltas),
        "minutiae": minutiae,
        "contact": truth.contact.as_ref().map(contact_truth),
        "rotation": truth.touch.rotation,
        "distortion": truth.touch.distortion,
        "scars": truth.touch.scars,
        "background": truth.touch.background,
        "noise": truth.touch.noise,
        "levels": levels,
        "degradation": truth.touch.degradation(),
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(subcommand)]
        command: RenderCommand,
    }

    fn run_line(line: &[&str]) -> Result<(), RenderError> {
        let program = Program::try_parse_from([&["sim"], line].concat()).expect("arguments");
        run(&program.command)
    }

    #[test]
    fn pictures_and_truth_are_written() {
        let dir = tempfile::tempdir().expect("directory");
        let place = |name: &str| dir.path().join(name).display().to_string();
        let (head, truth, print) = (place("head.png"), place("truth.json"), place("print.pgm"));
        let size = ["--width", "160", "--height", "120"];
        run_line(&[&["head", "--seed", "3", "--yaw", "-5", "--out", &head, "--truth", &truth], &size[..]].concat())
            .expect("head");
        run_line(&["print", "--seed", "3", "--dry", "0.5", "--out", &print, "--width", "96", "--height", "96"])
            .expect("print");
        assert_eq!(image::open(head).expect("picture").to_rgb8().dimensions(), (160, 120));
        assert_eq!(image::open(print).expect("picture").to_luma8().dimensions(), (96, 96));
        let told: serde_json::Value = serde_json::from_slice(&std::fs::read(truth).expect("file")).expect("JSON");
        assert_eq!(told["simulated"], true);
        assert_eq!(told["faces"][0]["person"], 3);
        assert_eq!(told["faces"][0]["pose"]["yaw"], -5.0);
    }

    #[test]
    fn fingers_come_with_their_truth() {
        let dir = tempfile::tempdir().expect("directory");
        let place = |name: &str| dir.path().join(name).display().to_string();
        let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).expect("file");
        let (print, truth) = (place("print.png"), place("print.json"));
        run_line(&["print", "--finger", "7", "--wet", "0.3", "--bits", "4", "--out", &print, "--truth", &truth])
            .expect("print");
        let told: Value = serde_json::from_str(&read("print.json")).expect("JSON");
        assert_eq!((&told["finger"], &told["simulated"]), (&json!(7), &json!(true)));
        assert!(told["minutiae"].as_array().is_some_and(|all| all.len() > 15), "{told}");
        let (out, truth, cut) = (place("slap.png"), place("slap.json"), place("cut"));
        let line =
            ["slap", "--hand", "left", "--missing", "8,9", "--rotation", "-30", "--out", &out, "--truth", &truth];
        run_line(&[&line[..], &["--segments", &cut]].concat()).expect("slap");
        let told: Value = serde_json::from_str(&read("slap.json")).expect("JSON");
        let codes: Vec<_> = told["fingers"].as_array().expect("fingers").iter().map(|f| f["finger"].clone()).collect();
        assert_eq!(codes, [json!(7), json!(10)]);
        assert!((told["fingers"][0]["box"]["angle"].as_f64().expect("angle") + 30.0).abs() < 15.0);
        assert_eq!(image::open(place("cut/10.png")).expect("picture").to_luma8().dimensions(), (400, 500));
        assert!(!dir.path().join("cut/8.png").exists());
    }

    #[test]
    fn many_prints_repeat_from_their_seed() {
        let dir = tempfile::tempdir().expect("directory");
        let runs = ["one", "two"].map(|name| {
            let folder = dir.path().join(name).display().to_string();
            let line =
                ["prints", "--count", "3", "--impressions", "2", "--population", "--seed", "9", "--dir", &folder];
            run_line(&[&line[..], &["--width", "90", "--height", "90"]].concat()).expect("prints");
            let picture = std::fs::read(dir.path().join(name).join("00002-01.png")).expect("file");
            (std::fs::read_to_string(dir.path().join(name).join("truth.jsonl")).expect("file"), picture)
        });
        assert_eq!(runs[0], runs[1]);
        assert_eq!(runs[0].0.lines().count(), 6);
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let missing = "/nonexistent-directory/picture.png";
        let refused = run_line(&["print", "--out", missing, "--width", "9", "--height", "9"]).expect_err("refused");
        assert!(refused.to_string().contains(missing), "{refused}");
    }
}
