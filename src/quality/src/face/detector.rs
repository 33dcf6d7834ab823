//! What finds faces, behind one trait.

use super::{Basis, FaceBox, Landmarks};
use domain::image::Frame;
use serde::Deserialize;
use std::path::Path;
use std::str::FromStr;
use thiserror::Error;

/// What a detector says about one frame.
#[derive(Clone, Debug, PartialEq)]
pub enum Detection {
    /// The faces found, at most [`super::MAX_FACES`] of them, the largest first; none is an answer.
    Faces(Vec<FaceBox>),
    /// The detector could not judge this frame, and why (one lower-case phrase, nothing of the frame in it).
    FailureToAssess(&'static str),
}

impl Detection {
    /// Boxes put in order: impossible ones dropped, the largest first, the list cut to [`super::MAX_FACES`].
    pub fn of(mut faces: Vec<FaceBox>) -> Self {
        faces.retain(FaceBox::is_sound);
        faces.sort_by(|a, b| b.area().total_cmp(&a.area()));
        faces.truncate(super::MAX_FACES);
        Self::Faces(faces)
    }

    /// The faces found; none when the frame could not be judged.
    pub fn faces(&self) -> &[FaceBox] {
        match self {
            Self::Faces(faces) => faces,
            Self::FailureToAssess(_) => &[],
        }
    }
}

/// What an engine saw in one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    /// The boxes.
    pub detection: Detection,
    /// The points of the face in front, `detection.faces()[0]`, where they were found.
    pub landmarks: Option<Landmarks>,
    /// What the engine can tell. An engine of landmarks may find none on a face: then pose, eyes and mouth are unknown,
    /// and the picture is not judged as if nobody had asked for them.
    pub basis: Basis,
}

impl Sighting {
    /// What an engine with a landmark network saw.
    pub fn by_landmarks(detection: Detection, landmarks: Option<Landmarks>) -> Self {
        Self { detection, landmarks, basis: Basis::Landmarks }
    }

    /// The faces found, the largest first; none when the frame could not be judged.
    pub fn faces(&self) -> &[FaceBox] {
        self.detection.faces()
    }
}

/// Boxes alone, from an engine that has nothing else.
impl From<Detection> for Sighting {
    fn from(detection: Detection) -> Self {
        Self { detection, landmarks: None, basis: Basis::Box }
    }
}

/// Finds faces in frames. One detector belongs to one stream: it may keep state between frames.
pub trait FaceDetector: Send {
    /// The engine's stable name, which the record keeps.
    fn name(&self) -> &'static str;

    /// SHA-256 of the model file that judges, which the record keeps.
    fn model_digest(&self) -> [u8; 32];

    /// The faces of the stream's next frame. A frame that cannot be judged is an answer, never a panic.
    fn detect(&mut self, frame: &Frame) -> Sighting;

    /// Forgets the stream: the next frame is the first of another one. What frames left in memory is wiped.
    fn forget(&mut self) {}

    /// The faces of a single picture, which has nothing to do with those before: nothing is remembered, and an engine that
    /// finds nobody may look longer than a stream's frame allows.
    fn examine(&mut self, picture: &Frame) -> Sighting {
        self.detect(picture)
    }
}

/// One make of detector: one file in this folder and one line in [`ENGINES`].
pub struct Engine {
    /// The name the configuration uses.
    pub name: &'static str,
    /// Where set-up or Debian puts the engine's model file, or the folder of its files.
    pub default_model: &'static str,
    /// Loads the model file; one of the operator's only if it has the digest that the configuration gives.
    pub open: fn(&Path, Option<&ModelDigest>) -> Opened,
}

/// A detector, or why there is none.
pub type Opened = Result<Box<dyn FaceDetector>, EngineFault>;

/// Every detector of this build, the preferred one first.
pub const ENGINES: &[Engine] = &[
    super::blazeface::ENGINE,
    #[cfg(feature = "opencv")]
    super::cascade::ENGINE,
    #[cfg(feature = "opencv")]
    super::yunet::ENGINE,
];

/// The SHA-256 that a model must have, as the operator writes it: 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ModelDigest(pub [u8; 32]);

impl FromStr for ModelDigest {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "a SHA-256 is 64 hexadecimal digits";
        let mut digest = [0; 32];
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != digest.len() || !rest.is_empty() {
            return Err(WRONG);
        }
        for (byte, pair) in digest.iter_mut().zip(pairs) {
            let digit = |digit: u8| char::from(digit).to_digit(16).ok_or(WRONG);
            *byte = (digit(pair[0])? * 16 + digit(pair[1])?) as u8;
        }
        Ok(Self(digest))
    }
}

impl TryFrom<String> for ModelDigest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// Why there is no detector.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EngineFault {
    /// The file is no model of this engine, or a damaged one.
    #[error("the model file of {engine} is damaged or of another kind: {inside}")]
    BadModel {
        /// The engine that refused it.
        engine: &'static str,
        /// What the loader said, for the log.
        inside: String,
    },
    /// The model file cannot be read.
    #[error("the model file of {engine} cannot be read: {inside}")]
    NoModel {
        /// The engine that wanted it.
        engine: &'static str,
        /// What the system said, for the log.
        inside: String,
    },
    /// The model is the operator's, and the configuration does not say which file it is.
    #[error("the configuration gives no SHA-256 of the model file of {engine}")]
    NoDigest {
        /// The engine that asked for it.
        engine: &'static str,
    },
    /// No engine of this build has that name.
    #[error("this build has no face detector of that name")]
    UnknownEngine,
}

impl EngineFault {
    /// The code shown to people.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BadModel { .. } => "Q-11",
            Self::NoModel { .. } => "Q-12",
            Self::UnknownEngine => "Q-13",
            Self::NoDigest { .. } => "Q-14",
        }
    }

    /// What the officer or installer does now.
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::BadModel { .. } => {
                "The face detector's file is damaged. Run the set-up command again, or put the operator's own file back."
            }
            Self::NoModel { .. } => {
                "The face detector's file is missing. Run the set-up command, or put the operator's own file there."
            }
            Self::NoDigest { .. } => {
                "The configuration needs the SHA-256 of the operator's face detector: quality.digest."
            }
            Self::UnknownEngine => "The configuration names a face detector that this program does not have.",
        }
    }
}

/// Opens a detector by name; without a model path, the engine's default one. A model of another digest than the one given
/// is refused, whichever engine it is of.
///
/// # Errors
/// [`EngineFault`], which says what is missing or wrong.
pub fn open(
    engine: &str,
    model: Option<&Path>,
    digest: Option<&ModelDigest>,
) -> Result<Box<dyn FaceDetector>, EngineFault> {
    let engine = ENGINES.iter().find(|e| e.name == engine).ok_or(EngineFault::UnknownEngine)?;
    let detector = (engine.open)(model.unwrap_or(Path::new(engine.default_model)), digest)?;
    if digest.is_some_and(|wanted| wanted.0 != detector.model_digest()) {
        let inside = "its SHA-256 is not the one that the configuration gives".into();
        return Err(EngineFault::BadModel { engine: engine.name, inside });
    }
    Ok(detector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poster_of_ten_thousand_faces_is_cut() {
        let face = |i: u16| FaceBox { x: 0.0, y: 0.0, width: f32::from(i), height: 10.0, score: 1.0 };
        let found = Detection::of((0..10_000).map(face).collect());
        assert_eq!(found.faces().len(), super::super::MAX_FACES);
        assert_eq!(found.faces()[0].width, 9_999.0);
    }

    #[test]
    fn an_unknown_engine_is_refused_by_name() {
        assert_eq!(open("oracle", None, None).err(), Some(EngineFault::UnknownEngine));
    }

    #[test]
    fn a_digest_is_64_hexadecimal_digits_and_must_be_the_model_s() {
        let whole = "0123456789abcdefABCDEF000000000000000000000000000000000000000001";
        assert_eq!(whole.parse::<ModelDigest>().unwrap().0[..9], [1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xab]);
        for wrong in ["", &whole[1..], &format!("{whole}0"), &whole.replace('f', "g"), &whole.replace("ab", "ä")] {
            assert!(wrong.parse::<ModelDigest>().is_err(), "{wrong}");
        }
        let models = super::super::scenes::models();
        let own = ModelDigest(open("blazeface", Some(&models), None).unwrap().model_digest());
        let other = ModelDigest([7; 32]);
        assert!(open("blazeface", Some(&models), Some(&own)).is_ok());
        assert_eq!(open("blazeface", Some(&models), Some(&other)).err().map(|fault| fault.code()), Some("Q-11"));
    }

    #[test]
    fn engine_names_differ() {
        let mut names: Vec<_> = ENGINES.iter().map(|e| e.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ENGINES.len());
    }
}
