//! `gatepost-sim render`: one picture into a file.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What to render.
#[derive(Clone, Debug, Subcommand)]
pub enum RenderCommand {
    /// A head before the camera.
    Head(HeadArgs),
    /// An impression of a finger.
    Print(PrintArgs),
}

/// A head before the camera.
#[derive(Args, Clone, Debug)]
pub struct HeadArgs {
    /// Who: the same seed is the same person.
    #[arg(long)]
    pub seed: u64,
    /// Where to; the ending says the format (png, jpg, ppm).
    #[arg(long)]
    pub out: PathBuf,
}

/// An impression of a finger.
#[derive(Args, Clone, Debug)]
pub struct PrintArgs {
    /// Whose: the same seed is the same person.
    #[arg(long)]
    pub seed: u64,
    /// Where to; the ending says the format (png, jpg, pgm).
    #[arg(long)]
    pub out: PathBuf,
}

/// Why no picture was written.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The file could not be written.
    #[error("the picture could not be written: {0}")]
    Write(#[from] image::ImageError),
}

/// Renders and writes the file.
///
/// # Errors
///
/// When the file cannot be written, or its ending names no known format.
pub fn run(command: &RenderCommand) -> Result<(), RenderError> {
    use crate::render::{head, print};
    match command {
        RenderCommand::Head(args) => {
            let who = head::Identity::from_seed(args.seed);
            head::render(&who, &head::Pose::default(), &head::Scene::default(), 640, 480).save(&args.out)?;
        }
        RenderCommand::Print(args) => {
            let touch = print::Impression::clean(args.seed);
            print::Master::from_seed(args.seed, 2).impression(&touch, 400, 500, 500.0).save(&args.out)?;
        }
    }
    Ok(())
}
