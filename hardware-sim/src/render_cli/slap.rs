//! `gatepost-sim render slap`: several fingers on a platen at once.

use std::panic::resume_unwind;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use render::print::slap::{self, HandPose, Slap, SlapPicture};
use render::print::{Impression, Master};

use super::glass::GlassArgs;
use super::print::TouchArgs;
use super::{RenderError, contact_truth, print_truth, save, write_truth};

/// Which fingers are laid down together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Hand {
    /// Index to little finger of the right hand.
    Right,
    /// Index to little finger of the left hand.
    Left,
    /// Both thumbs.
    Thumbs,
    /// Index and middle finger of both hands.
    Mixed,
}

impl Hand {
    /// ISO/IEC 19794-4 codes.
    fn codes(self) -> &'static [u8] {
        match self {
            Self::Right => &[2, 3, 4, 5],
            Self::Left => &[7, 8, 9, 10],
            Self::Thumbs => &[1, 6],
            Self::Mixed => &[2, 3, 7, 8],
        }
    }
}

/// Fingers on the platen of a slap scanner at 500 pixels per inch. Defects are levels from 0 to 1.
#[derive(Args, Clone, Debug)]
#[command(allow_negative_numbers = true)]
pub struct SlapArgs {
    /// Whose: the same seed is the same person.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where to; the ending says the format (png, jpg, pgm).
    #[arg(long)]
    pub out: PathBuf,
    /// Writes what the picture shows as JSON: for every finger its code, box, and what `print` tells.
    #[arg(long)]
    pub truth: Option<PathBuf>,
    /// Writes every finger cut out and upright, 400 x 500, into this folder as CODE.png.
    #[arg(long)]
    pub segments: Option<PathBuf>,
    /// Which fingers.
    #[arg(long, value_enum, default_value = "right")]
    pub hand: Hand,
    /// Fingers that are not there, by their ISO/IEC 19794 numbers.
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u8).range(1..=10))]
    pub missing: Vec<u8>,
    /// Which placement: another number is another impression of the same hand.
    #[arg(long, default_value_t = 1)]
    pub touch: u64,
    /// How far the fingers are apart: -1 pressed together, 1 spread.
    #[arg(long, default_value_t = 0.0)]
    pub spread: f32,
    /// Pixels across.
    #[arg(long, default_value_t = slap::WIDTH, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub width: u32,
    /// Pixels down.
    #[arg(long, default_value_t = slap::HEIGHT, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub height: u32,
    /// How it is put down: rotation and shift are those of the hand.
    #[command(flatten)]
    pub how: TouchArgs,
    /// How clean the glass is.
    #[command(flatten)]
    pub glass: GlassArgs,
}

/// Renders the slap and writes the files.
pub(super) fn run(args: &SlapArgs) -> Result<(), RenderError> {
    let codes: Vec<u8> = args.hand.codes().iter().copied().filter(|code| !args.missing.contains(code)).collect();
    let fingers: Vec<(u8, Master, Impression)> = std::thread::scope(|scope| {
        let growing: Vec<_> =
            codes.iter().map(|code| (*code, scope.spawn(|| Master::from_seed(args.seed, *code)))).collect();
        let touch = |code: u8| Impression {
            rotation: 0.0,
            shift: (0.0, 0.0),
            ..args.how.touch(args.touch.wrapping_mul(16).wrapping_add(u64::from(code)))
        };
        growing
            .into_iter()
            .map(|(code, grown)| (code, grown.join().unwrap_or_else(|cause| resume_unwind(cause)), touch(code)))
            .collect()
    });
    let laid: Vec<(u8, &Master, &Impression)> =
        fingers.iter().map(|(code, master, touch)| (*code, master, touch)).collect();
    let pose = HandPose {
        rotation: args.how.rotation.unwrap_or(0.0),
        spread: args.spread,
        shift: (args.how.x.unwrap_or(0.0), args.how.y.unwrap_or(0.0)),
        // Lengths are the hand's own.
        seed: args.seed,
    };
    let mut picture = Slap::lay(&laid, pose, args.width, args.height);
    args.glass.cover(&mut picture.image, slap::PPI);
    save(&picture.image, &args.out)?;
    if let Some(folder) = &args.segments {
        std::fs::create_dir_all(folder).map_err(|source| RenderError::Truth { path: folder.clone(), source })?;
        for code in codes {
            let Some(cut) = picture.cut(code, 400, 500) else { continue };
            save(&cut.image, &folder.join(format!("{code}.png")))?;
        }
    }
    let Some(path) = &args.truth else { return Ok(()) };
    write_truth(path, truth(&picture, pose.rotation).to_string().as_bytes())
}

fn truth(picture: &SlapPicture, rotation: f32) -> serde_json::Value {
    let fingers: Vec<_> = picture
        .truth
        .fingers
        .iter()
        .map(|finger| {
            let mut told = print_truth(&finger.print);
            told["finger"] = finger.finger.into();
            told["box"] = contact_truth(&finger.place);
            told
        })
        .collect();
    json!({ "simulated": true, "ppi": slap::PPI, "rotation": rotation, "fingers": fingers })
}
