//! The provisional score under our own name. It is not NFIQ 2 and is never called so.

use super::prepare::Failure;
use crate::assessment::Assessment;
use domain::units::QualityScore;

/// Name of the scorer, as records and pages state it.
pub const NAME: &str = "gatepost-first";
/// Version of the scorer; another weight is another version.
pub const MODEL: &str = "1";

/// A score and who gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score {
    /// Name of the scorer.
    pub name: &'static str,
    /// Version of the scorer.
    pub model: &'static str,
    /// 0 (worst) to 100 (best), or why there is none.
    pub value: Result<QualityScore, Failure>,
}

impl Score {
    pub(super) fn failed(failure: Failure) -> Self {
        Self { name: NAME, model: MODEL, value: Err(failure) }
    }

    /// The geometric mean of the components: one that is zero makes the score zero.
    pub(super) fn of(components: &[(&'static str, Assessment)]) -> Self {
        let mut product = 1.0;
        for (_, assessment) in components {
            let Some(score) = assessment.score() else { return Self::failed(Failure::TooFewRidges) };
            product *= f64::from(score.get()) / 100.0;
        }
        let value = 100.0 * product.powf(1.0 / components.len() as f64);
        Self { name: NAME, model: MODEL, value: Ok(QualityScore::nearest(value)) }
    }
}
