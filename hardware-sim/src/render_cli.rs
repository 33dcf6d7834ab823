//! `gatepost-sim render`: one picture into a file, and the truth about it if asked.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use render::head::{Figure, Identity, Light, Pose, Scene, Shot, Subject, shoot};
use render::print::{Impression, Master};

/// What to render.
#[derive(Clone, Debug, Subcommand)]
pub enum RenderCommand {
    /// People, or an egg, or nobody, before the camera.
    Head(Box<HeadArgs>),
    /// An impression of a finger.
    Print(PrintArgs),
}

/// People before the camera.
#[derive(Args, Clone, Debug)]
#[command(allow_negative_numbers = true)]
pub struct HeadArgs {
    /// Who: the same seed is the same person.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where to; the ending says the format (png, jpg, ppm).
    #[arg(long)]
    pub out: PathBuf,
    /// Writes what the picture shows as JSON: box, key points and pose of every face.
    #[arg(long)]
    pub truth: Option<PathBuf>,
    /// Pixels across.
    #[arg(long, default_value_t = 640, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub width: u32,
    /// Pixels down.
    #[arg(long, default_value_t = 480, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub height: u32,
    /// Degrees the nose is turned towards the right edge of the picture.
    #[arg(long, default_value_t = 0.0)]
    pub yaw: f32,
    /// Degrees the nose is raised.
    #[arg(long, default_value_t = 0.0)]
    pub pitch: f32,
    /// Degrees the crown is tilted towards the right edge.
    #[arg(long, default_value_t = 0.0)]
    pub roll: f32,
    /// Eyelids: 0 shut, 1 open.
    #[arg(long, default_value_t = 1.0)]
    pub lids: f32,
    /// Mouth: 0 shut, 1 wide open.
    #[arg(long, default_value_t = 0.0)]
    pub mouth: f32,
    /// Metres from camera to face.
    #[arg(long, default_value_t = 0.62)]
    pub distance: f32,
    /// Share of the width that the face stands right of the middle.
    #[arg(long, default_value_t = 0.0)]
    pub x: f32,
    /// Share of the height that the face stands below the middle.
    #[arg(long, default_value_t = 0.0)]
    pub y: f32,
    /// Exposure: 1 is right, less is darker.
    #[arg(long, default_value_t = 1.0)]
    pub exposure: f32,
    /// Blur of the lens, pixels at 480 lines.
    #[arg(long, default_value_t = 0.55)]
    pub blur: f32,
    /// Noise of the sensor, grey levels.
    #[arg(long, default_value_t = 2.2)]
    pub noise: f32,
    /// How many people, side by side; 0 is an empty booth.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=8))]
    pub people: u8,
    /// An egg instead of a person.
    #[arg(long)]
    pub egg: bool,
}

/// An impression of a finger. Defects are levels from 0 to 1.
#[derive(Args, Clone, Debug)]
#[command(allow_negative_numbers = true)]
pub struct PrintArgs {
    /// Whose: the same seed is the same person.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where to; the ending says the format (png, jpg, pgm).
    #[arg(long)]
    pub out: PathBuf,
    /// Which finger, by its ISO/IEC 19794 number: 1 right thumb, 2 right index, 7 left index.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=10))]
    pub finger: u8,
    /// Which touch: another number is another impression of the same finger.
    #[arg(long, default_value_t = 1)]
    pub touch: u64,
    /// Pixels across.
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub width: u32,
    /// Pixels down.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub height: u32,
    /// Pixels per inch.
    #[arg(long, default_value_t = 500.0)]
    pub ppi: f32,
    /// Degrees clockwise; by default as the touch happens to fall.
    #[arg(long)]
    pub rotation: Option<f32>,
    /// Dry skin.
    #[arg(long, default_value_t = 0.0)]
    pub dry: f32,
    /// Wet skin or too much pressure.
    #[arg(long, default_value_t = 0.0)]
    pub wet: f32,
    /// Low contrast.
    #[arg(long, default_value_t = 0.0)]
    pub low_contrast: f32,
    /// Small contact area.
    #[arg(long, default_value_t = 0.0)]
    pub small_area: f32,
    /// Grain.
    #[arg(long, default_value_t = 0.0)]
    pub grain: f32,
    /// Creases.
    #[arg(long, default_value_t = 0.0)]
    pub creases: f32,
    /// Blur.
    #[arg(long, default_value_t = 0.0)]
    pub blur: f32,
    /// Smudges.
    #[arg(long, default_value_t = 0.0)]
    pub smudge: f32,
    /// Broken ridges.
    #[arg(long, default_value_t = 0.0)]
    pub broken: f32,
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
        RenderCommand::Head(args) => head(args),
        RenderCommand::Print(args) => print(args),
    }
}

fn head(args: &HeadArgs) -> Result<(), RenderError> {
    let people: Vec<Identity> =
        (0..u64::from(args.people)).map(|next| Identity::from_seed(args.seed.wrapping_add(next))).collect();
    let scene = Scene {
        light: Light { exposure: args.exposure, ..Light::default() },
        blur: args.blur,
        noise: args.noise,
        seed: args.seed,
        ..Scene::default()
    };
    let figures: Vec<Figure<'_>> = if args.egg {
        vec![Figure { subject: Subject::Egg, pose: pose(args, 0.0) }]
    } else {
        let beside = |i: usize| (i as f32 - (people.len() as f32 - 1.0) / 2.0) / people.len() as f32;
        let place = |(i, who)| Figure { subject: Subject::Person(who), pose: pose(args, beside(i)) };
        people.iter().enumerate().map(place).collect()
    };
    let shot = shoot(&figures, &scene, args.width, args.height);
    let picture = |source| RenderError::Picture { path: args.out.clone(), source };
    shot.image.save(&args.out).map_err(picture)?;
    let Some(path) = &args.truth else { return Ok(()) };
    std::fs::write(path, truth(&shot)).map_err(|source| RenderError::Truth { path: path.clone(), source })
}

fn pose(args: &HeadArgs, beside: f32) -> Pose {
    Pose {
        yaw: args.yaw,
        pitch: args.pitch,
        roll: args.roll,
        lids: args.lids,
        mouth: args.mouth,
        distance: args.distance,
        offset_x: args.x + beside,
        offset_y: args.y,
    }
}

fn truth(shot: &Shot) -> String {
    let faces: Vec<serde_json::Value> = shot
        .truth
        .iter()
        .map(|face| {
            let points = face.landmarks.iter();
            serde_json::json!({
                "person": face.person,
                "box": face.face,
                "eye_distance": face.eye_distance,
                "pose": { "yaw": face.pose.yaw, "pitch": face.pose.pitch, "roll": face.pose.roll },
                "landmarks": points.map(|p| serde_json::json!({
                    "index": p.index, "name": p.name, "x": p.x, "y": p.y,
                })).collect::<Vec<_>>(),
            })
        })
        .collect();
    serde_json::json!({ "simulated": true, "faces": faces }).to_string()
}

fn print(args: &PrintArgs) -> Result<(), RenderError> {
    let clean = Impression::clean(args.touch);
    let touch = Impression {
        rotation: args.rotation.unwrap_or(clean.rotation),
        dryness: args.dry,
        wetness: args.wet,
        low_contrast: args.low_contrast,
        small_area: args.small_area,
        grain: args.grain,
        creases: args.creases,
        blur: args.blur,
        smudge: args.smudge,
        broken: args.broken,
        ..clean
    };
    let image = Master::from_seed(args.seed, args.finger).impression(&touch, args.width, args.height, args.ppi);
    image.save(&args.out).map_err(|source| RenderError::Picture { path: args.out.clone(), source })
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
    fn a_place_that_cannot_be_written_is_named() {
        let missing = "/nonexistent-directory/picture.png";
        let refused = run_line(&["print", "--out", missing, "--width", "9", "--height", "9"]).expect_err("refused");
        assert!(refused.to_string().contains(missing), "{refused}");
    }
}
