//! `gatepost-sim render heads`: many pictures drawn from the default population, with their truth.

use std::fs::{File, create_dir_all};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use render::head::{Draw, Population, Who};

use super::RenderError;
use super::truth;

/// The file with one line of JSON for each picture: that of `render head --truth`, and the picture's file.
const TRUTH: &str = "truth.jsonl";

/// Many pictures.
#[derive(Args, Clone, Debug)]
pub struct HeadsArgs {
    /// How many.
    #[arg(long, default_value_t = 36, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub count: u32,
    /// The same seed draws the same pictures.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// What is drawn.
    #[arg(long, value_enum, default_value = "frontal")]
    pub population: Kind,
    /// Folder for the pictures, 0000.png and so on, and truth.jsonl; made if it is not there.
    #[arg(long)]
    pub dir: PathBuf,
    /// Pixels across.
    #[arg(long, default_value_t = 640, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub width: u32,
    /// Pixels down.
    #[arg(long, default_value_t = 480, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub height: u32,
}

/// Populations.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Kind {
    /// Eggs: nothing may take one for a face.
    Egg,
    /// The booth without anybody.
    Empty,
    /// One person, nearly facing the camera.
    Frontal,
    /// One person, turned further, before worse cameras.
    Wide,
}

/// Draws the pictures and writes the files.
pub(super) fn run(args: &HeadsArgs) -> Result<(), RenderError> {
    let path = args.dir.join(TRUTH);
    let failed = |source| RenderError::Truth { path: path.clone(), source };
    create_dir_all(&args.dir).map_err(failed)?;
    let mut lines = BufWriter::new(File::create(&path).map_err(failed)?);
    for number in 0..args.count {
        let draw = Draw::new(args.population.into(), args.seed, u64::from(number), (args.width, args.height));
        let shot = draw.shoot(args.width, args.height);
        let name = format!("{number:04}.png");
        let picture = args.dir.join(&name);
        shot.image.save(&picture).map_err(|source| RenderError::Picture { path: picture, source })?;
        let people = match &draw.who {
            Who::Person(who) => vec![&**who],
            Who::Egg(_) | Who::Nobody => Vec::new(),
        };
        let mut told = truth::json(&shot, &draw.scene, &people);
        told["file"] = name.into();
        writeln!(lines, "{told}").map_err(failed)?;
    }
    lines.flush().map_err(failed)
}

impl From<Kind> for Population {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Egg => Self::Egg,
            Kind::Empty => Self::Empty,
            Kind::Frontal => Self::Frontal,
            Kind::Wide => Self::Wide,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::{RenderCommand, RenderError, run};

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
    fn a_batch_has_a_line_of_truth_for_every_picture() {
        let dir = tempfile::tempdir().expect("directory");
        let place = dir.path().join("new").display().to_string();
        for (population, faces) in [("frontal", 1), ("egg", 0)] {
            let line = ["heads", "--count", "3", "--population", population, "--dir", &place];
            run_line(&[&line[..], &["--width", "120", "--height", "90"]].concat()).expect("heads");
            let told = std::fs::read_to_string(dir.path().join("new/truth.jsonl")).expect("file");
            let told: Vec<serde_json::Value> =
                told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
            assert_eq!(told.len(), 3);
            for line in told {
                let name = line["file"].as_str().expect("name");
                assert!(image::open(dir.path().join("new").join(name)).is_ok());
                assert_eq!(line["faces"].as_array().expect("faces").len(), faces);
            }
        }
    }

    #[test]
    fn every_wish_for_a_head_is_in_its_truth() {
        let dir = tempfile::tempdir().expect("directory");
        let (head, truth) = (dir.path().join("h.png"), dir.path().join("t.json"));
        let rows: &[(&[&str], &str, serde_json::Value)] = &[
            (&["--smile", "0.5"], "/faces/0/pose/smile", 0.5.into()),
            (&["--brows", "-0.5"], "/faces/0/pose/brows", (-0.5).into()),
            (&["--gaze-x", "8", "--gaze-y", "-4"], "/faces/0/pose/gaze_y", (-4.0).into()),
            (&["--beard", "moustache"], "/faces/0/looks/beard", "moustache".into()),
            (&["--hair", "turban"], "/faces/0/looks/hair", "turban".into()),
            (&["--glasses", "sun"], "/faces/0/looks/glasses", "sun".into()),
            (&["--mask"], "/faces/0/looks/mask", true.into()),
            (&["--attack", "print"], "/faces/0/attack", "print".into()),
            (&["--attack", "screen", "--people", "2"], "/faces/1/attack", "screen".into()),
            (&["--defocus", "8"], "/scene/camera/defocus", 8.0.into()),
            (&["--motion", "16", "--motion-angle", "30"], "/scene/camera/motion", 16.0.into()),
            (&["--white-balance", "-0.5"], "/scene/camera/white_balance", (-0.5).into()),
            (&["--jpeg", "40"], "/scene/camera/jpeg", 40.into()),
            (&["--key", "0.5", "--fill-azimuth", "30"], "/scene/light/fill_azimuth", 30.0.into()),
        ];
        let (out, told) = (head.display().to_string(), truth.display().to_string());
        let plain = ["head", "--out", &out, "--truth", &told, "--width", "120", "--height", "90"];
        run_line(&plain).expect("head");
        let before = std::fs::read(&head).expect("picture");
        for (wish, pointer, expected) in rows {
            run_line(&[&plain[..], wish].concat()).expect("head");
            let told: serde_json::Value = serde_json::from_slice(&std::fs::read(&truth).expect("file")).expect("JSON");
            assert_eq!(told.pointer(pointer), Some(expected), "{wish:?}");
            assert!(std::fs::read(&head).expect("picture") != before, "{wish:?} changes nothing");
        }
    }
}
