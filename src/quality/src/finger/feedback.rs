//! Feedback that an operator can act on and that needs no model (NFIQ 2's actionable feedback).

use super::Print;
use super::natives::{self, Natives};
use serde::Serialize;

/// NFIQ 2's actionable feedback under its own identifiers, with its own thresholds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Feedback {
    /// Standard deviation of the grey values; below 1 the image is uniform.
    #[serde(rename = "UniformImage")]
    pub uniform_image: f64,
    /// Mean grey; above 250 the image is empty or its contrast too low.
    #[serde(rename = "EmptyImageOrContrastTooLow")]
    pub empty_image_or_contrast_too_low: f64,
    /// Number of minutiae; below 5 it is hardly a fingerprint. Absent where none were looked for.
    #[serde(rename = "FingerprintImageWithMinutiae", skip_serializing_if = "Option::is_none")]
    pub fingerprint_image_with_minutiae: Option<f64>,
    /// Pixels in the region of interest; below 50,000 the print is too small.
    #[serde(rename = "SufficientFingerprintForeground")]
    pub sufficient_fingerprint_foreground: f64,
}

impl Feedback {
    pub(super) fn of(print: &Print, natives: &Natives) -> Self {
        Self {
            uniform_image: print.cells.sigma,
            empty_image_or_contrast_too_low: print.cells.mean,
            fingerprint_image_with_minutiae: natives.at(natives::MINUTIAE_COUNT.start + 1),
            sufficient_fingerprint_foreground: print.region.area as f64,
        }
    }

    /// Whether the image is uniform.
    pub fn is_uniform(&self) -> bool {
        self.uniform_image < 1.0
    }

    /// Whether the image is empty or its contrast too low.
    pub fn is_empty(&self) -> bool {
        self.empty_image_or_contrast_too_low > 250.0
    }

    /// Whether there are too few minutiae for a fingerprint; not where none were looked for.
    pub fn has_too_few_minutiae(&self) -> bool {
        self.fingerprint_image_with_minutiae.is_some_and(|count| count < 5.0)
    }

    /// Whether too little of a finger is there for NFIQ 2. A small sensor never reaches it.
    pub fn has_too_little_foreground(&self) -> bool {
        self.sufficient_fingerprint_foreground < 50_000.0
    }
}
