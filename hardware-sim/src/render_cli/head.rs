//! `gatepost-sim render head`: people, an egg, a picture of somebody, or nobody before the camera.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use render::head::{Beard, Figure, Glasses, HairStyle, Identity, Light, Looks, Medium, Pose, Scene, Subject, shoot};

use super::RenderError;
use super::truth;

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
    /// Writes what the picture shows as JSON: box, key points, pose and looks of every face, light and camera.
    #[arg(long)]
    pub truth: Option<PathBuf>,
    /// Pixels across.
    #[arg(long, default_value_t = 640, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub width: u32,
    /// Pixels down.
    #[arg(long, default_value_t = 480, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub height: u32,
    /// How many people, side by side; 0 is an empty booth.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=8))]
    pub people: u8,
    /// An egg instead of a person.
    #[arg(long)]
    pub egg: bool,
    /// A picture of the person, held up by another one.
    #[arg(long)]
    pub attack: Option<Attack>,
    /// The pose.
    #[command(flatten)]
    pub pose: PoseArgs,
    /// What the person wears and looks like, where the seed shall not decide.
    #[command(flatten)]
    pub looks: LooksArgs,
    /// The lamps.
    #[command(flatten)]
    pub light: LightArgs,
    /// The camera.
    #[command(flatten)]
    pub camera: CameraArgs,
}

/// How the head stands.
#[derive(Args, Clone, Debug)]
pub struct PoseArgs {
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
    /// Corners of the mouth: -1 down, 1 a broad smile.
    #[arg(long, default_value_t = 0.0)]
    pub smile: f32,
    /// Brows: -1 knit, 1 raised.
    #[arg(long, default_value_t = 0.0)]
    pub brows: f32,
    /// Degrees the eyes look past the camera to the right of the picture.
    #[arg(long, default_value_t = 0.0)]
    pub gaze_x: f32,
    /// Degrees the eyes look above the camera.
    #[arg(long, default_value_t = 0.0)]
    pub gaze_y: f32,
    /// Metres from camera to face.
    #[arg(long, default_value_t = 0.62)]
    pub distance: f32,
    /// Share of the width that the face stands right of the middle.
    #[arg(long, default_value_t = 0.0)]
    pub x: f32,
    /// Share of the height that the face stands below the middle.
    #[arg(long, default_value_t = 0.0)]
    pub y: f32,
}

/// What the seed shall not decide.
#[derive(Args, Clone, Debug)]
pub struct LooksArgs {
    /// Skin: 0 the darkest, 1 the lightest.
    #[arg(long)]
    pub tone: Option<f32>,
    /// Age of the face: 0 young, 1 old.
    #[arg(long)]
    pub age: Option<f32>,
    /// Hair, or what covers it.
    #[arg(long)]
    pub hair: Option<Hair>,
    /// Beard.
    #[arg(long)]
    pub beard: Option<BeardKind>,
    /// Glasses.
    #[arg(long)]
    pub glasses: Option<GlassesKind>,
    /// A medical mask over nose and mouth.
    #[arg(long)]
    pub mask: bool,
}

/// Two lamps and the room.
#[derive(Args, Clone, Debug)]
pub struct LightArgs {
    /// Strength of the main lamp.
    #[arg(long, default_value_t = Light::default().key)]
    pub key: f32,
    /// Degrees the main lamp hangs to the side; positive is the right edge.
    #[arg(long, default_value_t = Light::default().key_azimuth)]
    pub key_azimuth: f32,
    /// Degrees the main lamp hangs above the eyes.
    #[arg(long, default_value_t = Light::default().key_elevation)]
    pub key_elevation: f32,
    /// Strength of the second lamp.
    #[arg(long, default_value_t = Light::default().fill)]
    pub fill: f32,
    /// Degrees the second lamp hangs to the side.
    #[arg(long, default_value_t = Light::default().fill_azimuth)]
    pub fill_azimuth: f32,
    /// Degrees the second lamp hangs above the eyes.
    #[arg(long, default_value_t = Light::default().fill_elevation)]
    pub fill_elevation: f32,
    /// Light from everywhere.
    #[arg(long, default_value_t = Light::default().ambient)]
    pub ambient: f32,
    /// Colour of the main lamp: -1 cold, 1 warm.
    #[arg(long, default_value_t = Light::default().warmth)]
    pub warmth: f32,
}

/// What the camera does.
#[derive(Args, Clone, Debug)]
pub struct CameraArgs {
    /// Exposure: 1 is right, less is darker.
    #[arg(long, default_value_t = 1.0)]
    pub exposure: f32,
    /// White balance: -1 too blue, 1 too yellow.
    #[arg(long, default_value_t = 0.0)]
    pub white_balance: f32,
    /// Blur of the lens, pixels at 480 lines.
    #[arg(long, default_value_t = 0.55)]
    pub blur: f32,
    /// Radius of a point out of focus, pixels at 480 lines.
    #[arg(long, default_value_t = 0.0)]
    pub defocus: f32,
    /// Length of the streak of a movement, pixels at 480 lines.
    #[arg(long, default_value_t = 0.0)]
    pub motion: f32,
    /// Direction of the movement, degrees from the right, upwards.
    #[arg(long, default_value_t = 0.0)]
    pub motion_angle: f32,
    /// Noise of the sensor, grey levels.
    #[arg(long, default_value_t = 2.2)]
    pub noise: f32,
    /// Quality of the camera's JPEG compression; without it there is none.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub jpeg: Option<u8>,
}

/// What is held up.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Attack {
    /// A printed photograph.
    Print,
    /// A tablet.
    Screen,
}

/// Hair or cover.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Hair {
    /// None at all.
    Bald,
    /// A knitted cap.
    Beanie,
    /// Shoulder-length, parted.
    Bob,
    /// Tied into a knot.
    Bun,
    /// A few millimetres.
    Buzz,
    /// Thick and curly.
    Curly,
    /// Below the shoulders.
    Long,
    /// A scarf that leaves the face free.
    Scarf,
    /// Short all round.
    Short,
    /// Long on top.
    Swept,
    /// A wound cloth.
    Turban,
}

/// Beards.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum BeardKind {
    /// Moustache, cheeks and chin.
    Full,
    /// Moustache and chin.
    Goatee,
    /// On the upper lip alone.
    Moustache,
    /// None.
    None,
    /// A few days' growth.
    Stubble,
}

/// Glasses.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum GlassesKind {
    /// None.
    None,
    /// Thin round rims.
    Round,
    /// Rounded rectangles.
    Square,
    /// Dark ones.
    Sun,
    /// Broad dark rims.
    Thick,
}

/// Renders the picture and writes the files.
pub(super) fn run(args: &HeadArgs) -> Result<(), RenderError> {
    let looks = |who: u64| dressed(&args.looks, args.seed.wrapping_add(who));
    let people: Vec<Identity> = (0..u64::from(args.people)).map(looks).collect();
    // Whoever holds a picture up is somebody else.
    let bearer = Identity::from_seed(!args.seed);
    let scene = scene(args);
    let beside = |i: usize| (i as f32 - (people.len() as f32 - 1.0) / 2.0) / people.len() as f32;
    let mut figures = Vec::new();
    if args.egg {
        figures.push(Figure { subject: Subject::Egg(args.looks.tone.unwrap_or(0.75)), pose: pose(&args.pose, 0.0) });
    } else {
        for (i, who) in people.iter().enumerate() {
            let pose = pose(&args.pose, beside(i));
            let Some(attack) = args.attack else {
                figures.push(Figure { subject: Subject::Person(who), pose });
                continue;
            };
            let upright = Pose { distance: pose.distance + 0.2, ..at(pose.offset_x, pose.offset_y) };
            figures.push(Figure { subject: Subject::Person(&bearer), pose: upright });
            figures.push(Figure { subject: Subject::Photo(who, attack.into()), pose });
        }
    }
    let shot = shoot(&figures, &scene, args.width, args.height);
    let picture = |source| RenderError::Picture { path: args.out.clone(), source };
    shot.image.save(&args.out).map_err(picture)?;
    let Some(path) = &args.truth else { return Ok(()) };
    let everybody: Vec<&Identity> = people.iter().chain([&bearer]).collect();
    std::fs::write(path, truth::json(&shot, &scene, &everybody).to_string())
        .map_err(|source| RenderError::Truth { path: path.clone(), source })
}

fn dressed(looks: &LooksArgs, seed: u64) -> Identity {
    let seeded = Identity::from_seed_with(seed, Looks { tone: looks.tone, age: looks.age });
    Identity {
        hair: looks.hair.map_or(seeded.hair, Into::into),
        beard: looks.beard.map_or(seeded.beard, Into::into),
        glasses: looks.glasses.map_or(seeded.glasses, Into::into),
        mask: looks.mask,
        ..seeded
    }
}

fn at(offset_x: f32, offset_y: f32) -> Pose {
    Pose { offset_x, offset_y, ..Pose::default() }
}

fn pose(args: &PoseArgs, beside: f32) -> Pose {
    Pose {
        yaw: args.yaw,
        pitch: args.pitch,
        roll: args.roll,
        lids: args.lids,
        mouth: args.mouth,
        smile: args.smile,
        brows: args.brows,
        gaze_x: args.gaze_x,
        gaze_y: args.gaze_y,
        distance: args.distance,
        ..at(args.x + beside, args.y)
    }
}

fn scene(args: &HeadArgs) -> Scene {
    let (light, camera) = (&args.light, &args.camera);
    Scene {
        light: Light {
            key_azimuth: light.key_azimuth,
            key_elevation: light.key_elevation,
            key: light.key,
            fill_azimuth: light.fill_azimuth,
            fill_elevation: light.fill_elevation,
            fill: light.fill,
            ambient: light.ambient,
            warmth: light.warmth,
            exposure: camera.exposure,
        },
        blur: camera.blur,
        defocus: camera.defocus,
        motion: camera.motion,
        motion_angle: camera.motion_angle,
        white_balance: camera.white_balance,
        noise: camera.noise,
        jpeg: camera.jpeg,
        seed: args.seed,
        ..Scene::default()
    }
}

impl From<Attack> for Medium {
    fn from(attack: Attack) -> Self {
        match attack {
            Attack::Print => Self::Print,
            Attack::Screen => Self::Screen,
        }
    }
}

impl From<Hair> for HairStyle {
    fn from(hair: Hair) -> Self {
        match hair {
            Hair::Bald => Self::Bald,
            Hair::Beanie => Self::Beanie,
            Hair::Bob => Self::Bob,
            Hair::Bun => Self::Bun,
            Hair::Buzz => Self::Buzz,
            Hair::Curly => Self::Curly,
            Hair::Long => Self::Long,
            Hair::Scarf => Self::Scarf,
            Hair::Short => Self::Short,
            Hair::Swept => Self::Swept,
            Hair::Turban => Self::Turban,
        }
    }
}

impl From<BeardKind> for Beard {
    fn from(beard: BeardKind) -> Self {
        match beard {
            BeardKind::Full => Self::Full,
            BeardKind::Goatee => Self::Goatee,
            BeardKind::Moustache => Self::Moustache,
            BeardKind::None => Self::None,
            BeardKind::Stubble => Self::Stubble,
        }
    }
}

impl From<GlassesKind> for Glasses {
    fn from(glasses: GlassesKind) -> Self {
        match glasses {
            GlassesKind::None => Self::None,
            GlassesKind::Round => Self::Round,
            GlassesKind::Square => Self::Square,
            GlassesKind::Sun => Self::Sun,
            GlassesKind::Thick => Self::Thick,
        }
    }
}
