//! `gatepost-sim render print`: an impression of a finger.

use std::path::PathBuf;

use clap::Args;

use render::print::{Impression, Master};

use super::RenderError;

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

/// Renders the impression and writes the file.
pub(super) fn run(args: &PrintArgs) -> Result<(), RenderError> {
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
