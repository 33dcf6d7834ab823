//! The answer for one face file.

use super::{Line, Refusal, draw};
use crate::image_file;
use domain::image::Frame;
use domain::units::Millis;
use image::ImageFormat;
use quality::face::{self, Detection, EngineFault, FaceAssessment, FaceDetector, FaceReport, ModelDigest};
use serde::{Serialize, Serializer};
use std::path::{Path, PathBuf};

/// The name of the detector that this build prefers.
pub(super) fn default_engine() -> &'static str {
    face::ENGINES.first().map_or("none", |engine| engine.name)
}

/// The detector, opened once for all files. One that cannot be opened is said at every file.
pub(super) struct Engine(Result<Box<dyn FaceDetector>, EngineFault>);

impl Engine {
    pub fn open(name: &str, model: Option<&Path>, digest: Option<&ModelDigest>) -> Self {
        let place = model.map_or_else(|| place(name), Path::to_owned);
        Self(face::open(name, Some(&place), digest))
    }

    /// Reads and assesses one file, as a picture by itself; draws what was found, if a place for that is given.
    pub fn answer(&mut self, path: &Path, drawing: Option<&Path>) -> Result<Answer, Refusal> {
        let detector = self.detector()?;
        let frame = frame(path)?;
        let sighting = detector.examine(&frame);
        let found = face::assess(&frame, &sighting);
        if let Some(place) = drawing {
            let written = draw::drawn(&frame, &found).save_with_format(place, ImageFormat::Png);
            written.map_err(|error| Refusal { code: "Q-07", text: format!("the drawing: {error}") })?;
        }
        Ok(Answer { found, engine: detector.name() })
    }

    /// The detector, unless it could not be opened.
    pub fn detector(&mut self) -> Result<&mut dyn FaceDetector, Refusal> {
        match &mut self.0 {
            Ok(detector) => Ok(detector.as_mut()),
            Err(fault) => Err(Refusal { code: fault.code(), text: format!("{} ({fault})", fault.advice()) }),
        }
    }
}

/// An engine's own model. A relative place is looked for in the working folder, then in those above this program: a build
/// lies below the folder that set-up fills.
pub(super) fn place(name: &str) -> PathBuf {
    let place = face::ENGINES.iter().find(|engine| engine.name == name).map_or("", |engine| engine.default_model);
    let place = Path::new(place);
    let program = std::env::current_exe().unwrap_or_default();
    let above = program.ancestors().map(|folder| folder.join(place)).find(|place| place.exists());
    if place.exists() { place.to_owned() } else { above.unwrap_or(place.to_owned()) }
}

/// A picture file as a camera's frame.
pub(super) fn frame(path: &Path) -> Result<Frame, Refusal> {
    let rgb = image_file::read(path)?.pixels.into_rgb8();
    let (width, height) = rgb.dimensions();
    Frame::new(width, height, Millis(0), 0, rgb.into_raw())
        .map_err(|mismatch| Refusal { code: "Q-04", text: mismatch.to_string() })
}

/// Everything found in one face picture.
pub struct Answer {
    found: FaceAssessment,
    engine: &'static str,
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        FaceReport::new(&self.found, self.engine).serialize(serializer)
    }
}

impl Line for Answer {
    fn words(&self) -> String {
        let faces = match &self.found.detection {
            Detection::Faces(faces) => format!("{} face(s)", faces.len()),
            Detection::FailureToAssess(reason) => format!("not judged: {reason}"),
        };
        let scores = self.found.components.iter().filter_map(|(id, a)| Some(format!("{} {}", id.id(), a.score()?)));
        let mut parts = vec![self.engine.to_owned(), faces];
        parts.extend(scores);
        parts.join("  ")
    }
}
