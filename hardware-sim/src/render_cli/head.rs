//! `gatepost-sim render head`: people, an egg or nobody before the camera.

use std::path::PathBuf;

use clap::Args;

use render::head::{Figure, Identity, Light, Pose, Scene, Shot, Subject, shoot};

use super::RenderError;

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

/// Renders the picture and writes the files.
pub(super) fn run(args: &HeadArgs) -> Result<(), RenderError> {
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
