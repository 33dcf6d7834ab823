//! The command line: what is asked, and one answer for each file in the order given.

mod compare;
mod draw;
mod face;
mod finger;
mod measure;
mod measure_face;
mod slap;
#[cfg(test)]
mod tests;

use crate::image_file::ReadError;
use clap::{Args, Parser, Subcommand};
use domain::finger::Finger;
use domain::units::Ppi;
use quality::face::ModelDigest;
use quality::finger::{Assessor, Forest, Scorer};
use serde::Serialize;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Face and finger quality of picture files (PGM, PNG, JPEG).
#[derive(Debug, Parser)]
#[command(name = "gatepost-quality", version)]
pub struct Arguments {
    #[command(subcommand)]
    modality: Modality,
}

#[derive(Debug, Subcommand)]
enum Modality {
    /// Quality of a face picture.
    Face(FaceArguments),
    /// Quality of a fingerprint picture.
    Finger(FingerArguments),
    /// Whether prints are of the same finger: files in twos.
    Compare(CompareArguments),
    /// Fingers on a platen: their boxes.
    Slap(SlapArguments),
    /// Measures how long one check takes on this machine: one line of JSON for each check.
    Measure(measure::Arguments),
}

#[derive(Debug, Args)]
struct FaceArguments {
    /// Picture files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// One line of JSON for each file.
    #[arg(long)]
    json: bool,
    /// Face detector.
    #[arg(long, default_value = face::default_engine())]
    engine: String,
    /// Model file of the detector, or the folder of its files, instead of the engine's own place.
    #[arg(long)]
    model: Option<PathBuf>,
    /// SHA-256 that the model must have, 64 hexadecimal digits; `yunet` needs it.
    #[arg(long, value_name = "HEX")]
    digest: Option<ModelDigest>,
    /// Writes the one picture with boxes, landmarks and values drawn into this PNG file. It is biometric data.
    #[arg(long, value_name = "OUT.png")]
    draw: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct CompareArguments {
    /// Picture files: each is compared with the one after it, in twos.
    #[arg(required = true, num_args = 2..)]
    files: Vec<PathBuf>,
    /// One line of JSON for each pair.
    #[arg(long)]
    json: bool,
    /// Resolution in pixels per inch, whatever the files state. Without it a file that states none counts as 500.
    #[arg(long, value_parser = ppi)]
    ppi: Option<Ppi>,
}

#[derive(Debug, Args)]
struct SlapArguments {
    /// Picture files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// One line of JSON for each file.
    #[arg(long)]
    json: bool,
    /// Resolution in pixels per inch, whatever the files state. Without it a file that states none counts as 500.
    #[arg(long, value_parser = ppi)]
    ppi: Option<Ppi>,
    /// Fingers that were asked for, separated by commas: `right-index,right-middle`. Without it, a whole hand.
    #[arg(long, value_delimiter = ',', value_parser = slap::finger)]
    wanted: Vec<Finger>,
    /// Writes every finger cut out, as it lies, into this folder: the slap's name, and which from the left.
    #[arg(long)]
    cut: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct FingerArguments {
    /// Picture files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// One line of JSON for each file.
    #[arg(long)]
    json: bool,
    /// Resolution in pixels per inch, whatever the files state. Without it a file that states none counts as 500.
    #[arg(long, value_parser = ppi)]
    ppi: Option<Ppi>,
    /// Writes the minutiae of the one print as an ISO/IEC 19794-2:2005 finger minutiae record into this file. It is
    /// biometric data.
    #[arg(long, value_name = "OUT.fmr")]
    minutiae: Option<PathBuf>,
    /// NIST's forest (nist_plain_tir-ink of NFIQ 2), asked instead of our own scorer. Another file is refused.
    #[arg(long, value_name = "FILE", conflicts_with = "forest_any")]
    forest: Option<PathBuf>,
    /// Any forest of that form, whatever it was trained on: for comparisons with OpenCV, not for use.
    #[arg(long, value_name = "FILE")]
    forest_any: Option<PathBuf>,
}

impl FingerArguments {
    fn scorer(&self) -> io::Result<Scorer> {
        let forest = match (&self.forest, &self.forest_any) {
            (Some(nist), _) => Forest::open_nist(nist),
            (None, Some(any)) => Forest::open_any(any),
            (None, None) => return Ok(Scorer::Gfq),
        };
        forest.map(|forest| Scorer::Forest(Arc::new(forest))).map_err(io::Error::other)
    }
}

/// Answers every file; the only error is an output that cannot be written, a measurement that cannot be made, or a forest
/// that cannot be used.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> io::Result<()> {
    let answered = match &arguments.modality {
        Modality::Measure(asked) => return measure::run(asked, out),
        Modality::Compare(asked) => compare::run(asked, out),
        Modality::Face(asked) => {
            let mut engine = face::Engine::open(&asked.engine, asked.model.as_deref(), asked.digest.as_ref());
            if asked.draw.is_some() && asked.files.len() != 1 {
                return Err(io::Error::other("a drawing shows one picture: name one picture file"));
            }
            let drawing = asked.draw.as_deref();
            asked.files.iter().try_for_each(|path| write(out, asked.json, path, engine.answer(path, drawing)))
        }
        Modality::Finger(asked) => {
            let mut assessor = Assessor::with(asked.scorer()?);
            if asked.minutiae.is_some() && asked.files.len() != 1 {
                return Err(io::Error::other("a minutiae record holds one print: name one picture file"));
            }
            let record = asked.minutiae.as_deref();
            let mut answer = |path| finger::answer(path, asked.ppi, &mut assessor, record);
            asked.files.iter().try_for_each(|path| write(out, asked.json, path, answer(path)))
        }
        Modality::Slap(asked) => {
            let mut segmenter = quality::slap::Segmenter::new();
            let mut answer = |path: &PathBuf| slap::answer(&mut segmenter, path, asked);
            asked.files.iter().try_for_each(|path| write(out, asked.json, path, answer(path)))
        }
    };
    answered.map_err(|error| io::Error::new(error.kind(), format!("the answer could not be written: {error}")))
}

fn ppi(text: &str) -> Result<Ppi, String> {
    let number: u32 = text.parse().map_err(|_| "ppi is a whole number".to_owned())?;
    Ppi::try_from(number).map_err(|error| error.to_string())
}

/// What went wrong with one file.
#[derive(Debug, Serialize)]
struct Refusal {
    code: &'static str,
    text: String,
}

impl From<ReadError> for Refusal {
    fn from(error: ReadError) -> Self {
        Self { code: error.code(), text: error.to_string() }
    }
}

/// An answer that can be said on one line to a reader.
trait Line: Serialize {
    /// The answer in words, without the file's name and without a line break.
    fn words(&self) -> String;
}

#[derive(Serialize)]
struct Answered<'a, T> {
    file: &'a str,
    #[serde(flatten)]
    answer: &'a T,
}

#[derive(Serialize)]
struct Refused<'a> {
    file: &'a str,
    error: &'a Refusal,
}

fn write<T: Line>(out: &mut impl Write, json: bool, path: &Path, answer: Result<T, Refusal>) -> io::Result<()> {
    let file = &*path.to_string_lossy();
    let line = match (json, &answer) {
        (true, Ok(answer)) => serde_json::to_string(&Answered { file, answer })?,
        (true, Err(error)) => serde_json::to_string(&Refused { file, error })?,
        (false, Ok(answer)) => format!("{}  {}", file.escape_debug(), answer.words()),
        (false, Err(error)) => format!("{}  error {}: {}", file.escape_debug(), error.code, one_line(&error.text)),
    };
    writeln!(out, "{line}")?;
    // Whoever reads along gets each answer when it is there.
    out.flush()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
