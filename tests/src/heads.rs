//! Rendered heads before the product's own face engine, judged by the limits of the demonstration's `thresholds.toml`.

use domain::image::Frame;
use domain::units::Millis;
use image::RgbImage;
use quality::face::cues::CueSettings;
use quality::face::{self, FaceDetector, FaceLimits, GuideSettings};
use serde::Deserialize;
use std::path::Path;

/// What `thresholds.toml` says of faces, as far as the tests need it.
#[derive(Clone, Debug, Deserialize)]
pub struct FaceThresholds {
    /// What a frame must keep.
    pub limits: FaceLimits,
    /// How hints come and go.
    pub guide: GuideSettings,
    /// Cues of a presentation attack.
    pub cues: CueSettings,
}

/// The demonstration's thresholds.
pub fn thresholds() -> FaceThresholds {
    #[derive(Deserialize)]
    struct File {
        face: FaceThresholds,
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/thresholds.toml");
    toml::from_str::<File>(&std::fs::read_to_string(path).unwrap()).unwrap().face
}

/// The engine of two networks.
pub fn engine() -> Box<dyn FaceDetector> {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/face");
    assert!(models.is_dir(), "{} is missing: run `cargo xtask setup`", models.display());
    face::open("blazeface", Some(&models), None).unwrap()
}

/// A rendered picture as a camera's frame.
pub fn frame(picture: RgbImage, at: u64) -> Frame {
    let (width, height) = picture.dimensions();
    Frame::new(width, height, Millis(at), at, picture.into_raw()).unwrap()
}

/// How many of something to take: as many as the environment says, or these.
pub fn many(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |value| value.parse().unwrap())
}
