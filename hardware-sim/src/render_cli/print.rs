//! `gatepost-sim render print` and `prints`: impressions of fingers.

use std::io::Write;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Args;

use render::Rng;
use render::print::{Axis, Impression, Look, Master, at_depth};

use super::glass::GlassArgs;
use super::{RenderError, print_truth, save, write_truth};

/// How fingers are put down. Defects are levels from 0 to 1.
#[derive(Args, Clone, Debug)]
pub struct TouchArgs {
    /// Degrees clockwise; by default as the touch happens to fall.
    #[arg(long)]
    pub rotation: Option<f32>,
    /// Millimetres to the right; by default as the touch happens to fall.
    #[arg(long)]
    pub x: Option<f32>,
    /// Millimetres downwards; by default as the touch happens to fall.
    #[arg(long)]
    pub y: Option<f32>,
    /// Skin pulled and twisted over the glass, 0 to 1; by default as the touch happens to fall.
    #[arg(long)]
    pub distortion: Option<f32>,
    /// Scars of the finger: 0 none, 1 four.
    #[arg(long, default_value_t = 0.0)]
    pub scars: f32,
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
    /// A finger that moves.
    #[arg(long, default_value_t = 0.0)]
    pub motion: f32,
    /// Smudges.
    #[arg(long, default_value_t = 0.0)]
    pub smudge: f32,
    /// Prints of others on the platen.
    #[arg(long, default_value_t = 0.0)]
    pub latent: f32,
    /// Broken ridges.
    #[arg(long, default_value_t = 0.0)]
    pub broken: f32,
    /// A grey, unevenly lit platen.
    #[arg(long, default_value_t = 0.0)]
    pub background: f32,
    /// Noise of the sensor.
    #[arg(long, default_value_t = 0.0)]
    pub noise: f32,
    /// What skin and sensor look like.
    #[command(flatten)]
    pub look: LookArgs,
}

/// What skin and sensor look like apart from any defect: added to, or multiplied with, the everyday look.
#[derive(Args, Clone, Copy, Debug)]
pub struct LookArgs {
    /// Thinner ridges; below 0 thicker ones.
    #[arg(long, default_value_t = Look::default().thin)]
    pub thin: f32,
    /// Times the roughness of the ridges' edges.
    #[arg(long, default_value_t = Look::default().rough)]
    pub rough: f32,
    /// Times the steepness from valley to ridge.
    #[arg(long, default_value_t = Look::default().steep)]
    pub steep: f32,
    /// Grey values added to the ridges.
    #[arg(long, default_value_t = Look::default().ridge)]
    pub ridge_grey: f32,
    /// Grey values added to the ground.
    #[arg(long, default_value_t = Look::default().ground)]
    pub ground_grey: f32,
    /// Times the fine speckle of the ridges.
    #[arg(long, default_value_t = Look::default().speckle)]
    pub speckle: f32,
    /// Times the bends of soft skin.
    #[arg(long, default_value_t = Look::default().bend)]
    pub bend: f32,
    /// Times the blur of the lens.
    #[arg(long, default_value_t = Look::default().lens)]
    pub lens: f32,
}

impl LookArgs {
    fn look(self) -> Look {
        Look {
            thin: self.thin,
            rough: self.rough,
            steep: self.steep,
            ridge: self.ridge_grey,
            ground: self.ground_grey,
            speckle: self.speckle,
            bend: self.bend,
            lens: self.lens,
        }
    }
}

impl TouchArgs {
    /// The touch of this number.
    pub(super) fn touch(&self, number: u64) -> Impression {
        let clean = Impression::clean(number);
        Impression {
            seed: number,
            rotation: self.rotation.unwrap_or(clean.rotation),
            shift: (self.x.unwrap_or(clean.shift.0), self.y.unwrap_or(clean.shift.1)),
            distortion: self.distortion.unwrap_or(clean.distortion),
            scars: self.scars,
            dryness: self.dry,
            wetness: self.wet,
            low_contrast: self.low_contrast,
            small_area: self.small_area,
            grain: self.grain,
            creases: self.creases,
            blur: self.blur,
            motion: self.motion,
            smudge: self.smudge,
            latent: self.latent,
            broken: self.broken,
            background: self.background,
            noise: self.noise,
            look: self.look.look(),
        }
    }
}

/// What a sensor is like.
#[derive(Args, Clone, Copy, Debug)]
pub struct SensorArgs {
    /// Pixels across.
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub width: u32,
    /// Pixels down.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub height: u32,
    /// Pixels per inch.
    #[arg(long, default_value_t = 500.0)]
    pub ppi: f32,
    /// Bits a pixel.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=8))]
    pub bits: u8,
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
    /// Writes what the picture shows as JSON: class, singular points, minutiae, contact and levels.
    #[arg(long)]
    pub truth: Option<PathBuf>,
    /// Which finger, by its ISO/IEC 19794 number: 1 right thumb, 2 right index, 7 left index.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=10))]
    pub finger: u8,
    /// Which touch: another number is another impression of the same finger.
    #[arg(long, default_value_t = 1)]
    pub touch: u64,
    /// A touch as a population has them, good or bad; levels given here are added where they are higher.
    #[arg(long)]
    pub population: bool,
    /// How it is put down.
    #[command(flatten)]
    pub how: TouchArgs,
    /// On what.
    #[command(flatten)]
    pub sensor: SensorArgs,
    /// How clean that is.
    #[command(flatten)]
    pub glass: GlassArgs,
}

/// Many impressions, PNG files in a folder, and the truth about each as a line of JSON in its `truth.jsonl`: for
/// programs that judge them.
#[derive(Args, Clone, Debug)]
#[command(allow_negative_numbers = true)]
pub struct PrintsArgs {
    /// Where to; it is made if it is not there.
    #[arg(long)]
    pub dir: PathBuf,
    /// How many fingers, each of another person.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub count: u64,
    /// Impressions of each finger.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub impressions: u64,
    /// The first person; the others follow.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Touches as a population has them, good and bad; levels given here are added where they are higher.
    #[arg(long)]
    pub population: bool,
    /// How the fingers are put down.
    #[command(flatten)]
    pub how: TouchArgs,
    /// On what.
    #[command(flatten)]
    pub sensor: SensorArgs,
    /// How clean that is.
    #[command(flatten)]
    pub glass: GlassArgs,
}

/// Renders the impression and writes the file.
pub(super) fn run(args: &PrintArgs) -> Result<(), RenderError> {
    let SensorArgs { width, height, ppi, bits } = args.sensor;
    let wanted = args.how.touch(args.touch);
    let touch = if args.population { drawn(&wanted) } else { wanted };
    let mut print = Master::from_seed(args.seed, args.finger).print(&touch, width, height, ppi);
    args.glass.cover(&mut print.image, ppi);
    save(&at_depth(&print.image, bits), &args.out)?;
    let Some(path) = &args.truth else { return Ok(()) };
    let mut truth = print_truth(&print.truth);
    truth["simulated"] = true.into();
    truth["finger"] = args.finger.into();
    write_truth(path, truth.to_string().as_bytes())
}

/// Renders the impressions, as many at a time as there are processors, and writes the files.
pub(super) fn run_many(args: &PrintsArgs) -> Result<(), RenderError> {
    std::fs::create_dir_all(&args.dir).map_err(|source| RenderError::Truth { path: args.dir.clone(), source })?;
    let next = AtomicU64::new(0);
    let lines = Mutex::new(Vec::new());
    let work = || -> Result<(), RenderError> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= args.count {
                return Ok(());
            }
            let made = one_finger(args, number)?;
            lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((number, made));
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get);
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        running.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|cause| resume_unwind(cause)))
    })?;
    let mut lines = lines.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    lines.sort_unstable();
    let mut text = Vec::new();
    for (_, line) in lines {
        // Writing into memory does not fail.
        let _ = text.write_all(line.as_bytes());
    }
    write_truth(&args.dir.join("truth.jsonl"), &text)
}

/// Every impression of one finger: writes the pictures, gives the lines of their truth.
fn one_finger(args: &PrintsArgs, number: u64) -> Result<String, RenderError> {
    let SensorArgs { width, height, ppi, bits } = args.sensor;
    let person = args.seed.wrapping_add(number);
    // Fingers in turn, so that thumbs and little fingers are among them.
    let finger = (number % 10) as u8 + 1;
    let master = Master::from_seed(person, finger);
    let mut lines = String::new();
    for impression in 0..args.impressions {
        let wanted = args.how.touch(person.wrapping_mul(1000).wrapping_add(impression));
        let touch = if args.population { drawn(&wanted) } else { wanted };
        let mut print = master.print(&touch, width, height, ppi);
        args.glass.cover(&mut print.image, ppi);
        let name = format!("{number:05}-{impression:02}.png");
        save(&at_depth(&print.image, bits), &args.dir.join(Path::new(&name)))?;
        let mut truth = print_truth(&print.truth);
        truth["file"] = name.into();
        truth["person"] = person.into();
        truth["finger"] = finger.into();
        lines.push_str(&truth.to_string());
        lines.push('\n');
    }
    Ok(lines)
}

fn drawn(wanted: &Impression) -> Impression {
    let touch = Impression::draw(&mut Rng::stream(wanted.seed, 0x90B));
    Axis::ALL.into_iter().fold(touch, |touch, axis| touch.with(axis, touch.level(axis).max(wanted.level(axis))))
}
