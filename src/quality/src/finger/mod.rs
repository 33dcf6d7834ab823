//! Fingerprint quality.
//!
//! [`assess`] takes one print as the device sent it and answers with the native measures of ISO/IEC 29794-4 (NFIQ 2's
//! definitions and identifiers), the feedback values that need no model, our own components, a score under our own
//! name ([`Scorer`]), and advice for the next attempt. The measures are computed at 500 ppi on the cropped print.
//!
//! The order is: [`prepare`] (resample, crop), the shared intermediates of [`Print`] (each computed once), then one
//! file per measure, one line per file in [`MODULES`].

use domain::image::FingerImage;

mod advice;
mod assessor;
mod blocks;
mod blur;
mod cells;
mod coherence;
mod components;
mod contrast;
mod fda;
mod feedback;
mod histogram;
mod lcs;
mod mapped;
mod minutiae;
pub mod natives;
mod ocl;
mod of;
mod otsu;
mod prepare;
mod print;
mod profile;
mod regions;
mod rest;
mod roi;
mod rotate;
mod rvu;
mod score;
mod still;
mod tensor;
mod tone;
pub mod trace;
mod values;

pub use assessor::{Assessor, FingerAssessment};
pub use components::{COMPONENTS, Component, Evidence};
pub use feedback::Feedback;
pub use mapped::mapped;
use natives::Natives;
pub use prepare::{Failure, MAX_CROPPED_HEIGHT, MAX_CROPPED_WIDTH, MAX_SIDE, MIN_PPI};
pub use print::Print;
pub use rest::{Look, Rest, RestSettings};
pub use score::{
    Forest, ForestError, ModelError, ModelId, NAME, NAME_OF_FOREST, NAME_OF_OTHER_FOREST, NAME_WITHOUT_MINUTIAE,
    NIST_MD5, Score,
};
pub use score::{Scorer, model_digests};
pub use still::Stillness;
use trace::Trace;

/// One native measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// NFIQ 2's own identifier.
    pub id: &'static str,
    /// The value in the measure's own unit; always finite.
    pub value: f64,
}

/// One group of measures that are computed together.
pub struct Module {
    /// NFIQ 2's name of the group.
    pub id: &'static str,
    /// Puts the measures of the group in their places, or says why there are none.
    pub measure: fn(&Print, &mut Natives) -> Result<(), &'static str>,
}

/// Every group of measures, in the order of NFIQ 2's table.
pub const MODULES: &[Module] = &[
    fda::MODULE,
    minutiae::COUNT_MODULE,
    minutiae::QUALITY_MODULE,
    roi::MODULE,
    lcs::MODULE,
    contrast::MODULE,
    ocl::MODULE,
    of::MODULE,
    coherence::MODULE,
    rvu::MODULE,
];

/// Assesses one print. Never fails: what could not be assessed is part of the answer. Who assesses many keeps an
/// [`Assessor`].
pub fn assess(image: &FingerImage) -> FingerAssessment {
    let mut assessor = Assessor::new();
    assessor.assess(image);
    assessor.into_assessment()
}

/// As [`assess`], and shows every intermediate picture to `trace`. Intermediates are biometric data.
pub fn assess_traced(image: &FingerImage, trace: &dyn Trace) -> FingerAssessment {
    let mut assessor = Assessor::new();
    assessor.assess_traced(image, trace);
    assessor.into_assessment()
}

#[cfg(test)]
mod definition;
#[cfg(test)]
mod drawn;
#[cfg(test)]
mod frozen;
#[cfg(test)]
mod tests;
