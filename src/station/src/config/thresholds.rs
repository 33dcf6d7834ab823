//! `thresholds.toml`: what a good capture is. Each value names its source in the file.

use domain::finger::Digit;
use domain::units::QualityScore;
use quality::face::cues::CueSettings;
use quality::face::{AutoCaptureSettings, FaceLimits, GuideSettings};
use quality::finger::RestSettings;
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
    /// How cues of a presentation attack are weighed.
    pub cues: CueSettings,
}

/// Limits of fingers: one for each digit, never a mean.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FingerLimits {
    /// Where the limits come from.
    pub source: String,
    /// How long one attempt waits for a finger, in milliseconds.
    pub attempt_ms: u32,
    /// When a finger that rests on a scanner with a preview is enough.
    pub preview: RestSettings,
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
    /// Limits for sensors that see a part of the fingertip only.
    #[serde(rename = "small-sensor")]
    pub small_sensor: SmallSensorLimits,
}

/// Limits for a sensor smaller than FAP 10: the score falls with the area, whatever the finger is like.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmallSensorLimits {
    /// Where the limits come from.
    pub source: String,
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
    /// The limit of a digit, on a sensor that sees a part of the fingertip only or on another one.
    pub fn of(&self, digit: Digit, small_sensor: bool) -> QualityScore {
        let small = &self.small_sensor;
        match (digit, small_sensor) {
            (Digit::Thumb, false) => self.thumb,
            (Digit::Index, false) => self.index,
            (Digit::Middle, false) => self.middle,
            (Digit::Ring, false) => self.ring,
            (Digit::Little, false) => self.little,
            (Digit::Thumb, true) => small.thumb,
            (Digit::Index, true) => small.index,
            (Digit::Middle, true) => small.middle,
            (Digit::Ring, true) => small.ring,
            (Digit::Little, true) => small.little,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_sensor_has_limits_of_its_own_and_never_higher_ones() {
        let text = include_str!("../../../../config/thresholds.toml");
        let limits = toml::from_str::<Thresholds>(text).unwrap().finger;
        for digit in [Digit::Thumb, Digit::Index, Digit::Middle, Digit::Ring, Digit::Little] {
            assert!(limits.of(digit, true) <= limits.of(digit, false), "{digit:?}");
            assert!(limits.of(digit, true).get() > 0, "{digit:?}: something is refused");
        }
        assert_eq!(limits.of(Digit::Index, false).get(), 30, "BSI TR-03121-3");
        assert!(limits.of(Digit::Index, true) < limits.of(Digit::Index, false));
    }
}
