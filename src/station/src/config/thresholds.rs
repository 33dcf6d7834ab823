//! `thresholds.toml`: what a good capture is. Each value names its source in the file.

use domain::finger::Digit;
use domain::units::QualityScore;
use quality::face::{AutoCaptureSettings, FaceLimits, GuideSettings, PortraitRules};
use serde::Deserialize;

/// Everything that `thresholds.toml` says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// The face.
    pub face: FaceThresholds,
    /// Fingers.
    pub finger: FingerLimits,
}

/// Limits of the face capture.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaceThresholds {
    /// Where the limits come from.
    pub source: String,
    /// When the picture is taken by itself, and how long one attempt may look for it.
    pub capture: AutoCaptureSettings,
    /// How hints appear and go.
    pub guide: GuideSettings,
    /// What a frame must keep.
    pub limits: FaceLimits,
    /// Geometry and size of the portrait.
    pub portrait: PortraitRules,
}

/// Limits of fingers: one for each digit, never a mean.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FingerLimits {
    /// Where the limits come from.
    pub source: String,
    /// How long one attempt waits for a finger, in milliseconds.
    pub attempt_ms: u32,
    /// Lowest score for a thumb.
    pub thumb: QualityScore,
    /// Lowest score for an index finger.
    pub index: QualityScore,
    /// Lowest score for a middle finger.
    pub middle: QualityScore,
    /// Lowest score for a ring finger.
    pub ring: QualityScore,
    /// Lowest score for a little finger.
    pub little: QualityScore,
}

impl FingerLimits {
    /// The limit of a digit.
    pub fn of(&self, digit: Digit) -> QualityScore {
        match digit {
            Digit::Thumb => self.thumb,
            Digit::Index => self.index,
            Digit::Middle => self.middle,
            Digit::Ring => self.ring,
            Digit::Little => self.little,
        }
    }
}
