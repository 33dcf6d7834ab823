//! How long one check takes: the same calls that a station makes for a frame or a print, on pictures in memory.
//!
//! Samples are printed as they are; whoever reads them takes medians. A picture on which nothing is found has another
//! name in its lines, so that a quick answer to a bad picture is not taken for a quick check.

use super::{Refusal, face, finger, slap};
use clap::{Args, ValueEnum};
use domain::units::Ppi;
use quality::slap::Segmenter;
use serde_json::json;
use std::hint::black_box;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Instant;

/// What is measured, and how often.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Which check.
    check: Check,
    /// Picture files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Face detector.
    #[arg(long, default_value = face::default_engine())]
    engine: String,
    /// Resolution of prints in pixels per inch, whatever the files state.
    #[arg(long, value_parser = super::ppi)]
    ppi: Option<Ppi>,
    /// Checks of each picture.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rounds: u32,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Check {
    /// Detector and components on one frame.
    Face,
    /// Everything on one print.
    Finger,
    /// Finding and naming the fingers on one platen.
    Slap,
}

/// Measures and prints `{"name", "value", "unit"}` for each check.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> io::Result<()> {
    let mut engine = face::Engine::open(&arguments.engine, None);
    let mut assessor = quality::finger::Assessor::new();
    for path in &arguments.files {
        let refused =
            |refusal: Refusal| io::Error::other(format!("{}: {} ({})", path.display(), refusal.text, refusal.code));
        match arguments.check {
            Check::Face => {
                let frame = face::frame(path).map_err(refused)?;
                let detector = engine.detector().map_err(refused)?;
                let mut check = || {
                    let detection = detector.detect(&frame);
                    quality::face::assess(&frame, &detection).face().map_or("nobody", |_| "face")
                };
                repeat(arguments.rounds, &mut check, out)?;
            }
            Check::Finger => {
                let (print, _) = finger::print(path, arguments.ppi).map_err(refused)?;
                let mut check = || assessor.assess(&print).value().map_or("no print", |_| "finger");
                repeat(arguments.rounds, &mut check, out)?;
            }
            Check::Slap => {
                let (image, ppi) = finger::print(path, arguments.ppi).map_err(refused)?;
                let mut segmenter = Segmenter::new();
                let mut check = || {
                    let slap = segmenter.segment(image.grey(), image.width as usize, image.height as usize, ppi);
                    if slap::of_any_hand(&slap).named.is_empty() { "no slap" } else { "slap" }
                };
                repeat(arguments.rounds, &mut check, out)?;
            }
        }
    }
    Ok(())
}

fn repeat(rounds: u32, check: &mut dyn FnMut() -> &'static str, out: &mut impl Write) -> io::Result<()> {
    for _ in 0..rounds {
        let began = Instant::now();
        let name = black_box(check());
        let took = began.elapsed().as_secs_f64() * 1000.0;
        writeln!(out, "{}", json!({ "name": name, "value": took, "unit": "ms" }))?;
    }
    Ok(())
}
