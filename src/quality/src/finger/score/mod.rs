//! From the native values to the score that is compared with the limit.
//!
//! Our own scorer is **GFQ**, two models trained by the recipe in `models/finger`: one takes all 69 values, the other
//! does without the four of minutiae. Neither is NFIQ 2 nor called so. An operator who has NIST's forest may have it
//! asked instead ([`Forest`]); since the minutiae in it are still ours, that is not a conformant NFIQ 2 either.

mod bytes;
mod forest;
mod gfq;
mod id;
mod neighbours;
mod network;
mod trees;
mod yaml;

use super::natives::{COUNT, MINUTIAE_COUNT, MINUTIAE_QUALITY, Natives};
use super::prepare::Failure;
use domain::units::QualityScore;
pub use forest::{Forest, ForestError, NIST_MD5};
pub use gfq::{ModelError, model_digests};
pub use id::ModelId;
use std::sync::Arc;

/// Name of our own scorer on all 69 values, as records and pages state it.
pub const NAME: &str = "GFQ";
/// Name of our own scorer where minutiae were not looked for.
pub const NAME_WITHOUT_MINUTIAE: &str = "GFQ-no-minutiae";
/// Name of the score of NIST's forest on our values.
pub const NAME_OF_FOREST: &str = "NFIQ2-forest";
/// Name of the score of any other forest of that form: it is nobody's measure of quality.
pub const NAME_OF_OTHER_FOREST: &str = "other-forest";

/// A score and who gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score {
    /// Name of the scorer.
    pub name: &'static str,
    /// Which model: its version and the first twelve hexadecimal digits of its SHA-256.
    pub model: ModelId,
    /// 0 (worst) to 100 (best), or why there is none.
    pub value: Result<QualityScore, Failure>,
}

impl Score {
    /// The score of our own models: that of minutiae where all of their values are there.
    pub fn of(natives: &Natives) -> Self {
        Scorer::Gfq.score(natives)
    }
}

/// Who turns native values into a score.
#[derive(Clone, Debug, Default)]
pub enum Scorer {
    /// Our own models.
    #[default]
    Gfq,
    /// NIST's forest, or another one of its form.
    Forest(Arc<Forest>),
}

impl Scorer {
    /// Scores one print. Without the values that the model needs (too little of the picture holds ridges) there is no
    /// score. Allocates nothing after the first call.
    pub fn score(&self, natives: &Natives) -> Score {
        let features = natives.features();
        let score = self.of_features(&features);
        // Minutiae were looked for, and none is to be trusted: such a print is of no use to anybody who compares, and
        // NFIQ 2 gives none of these a score either.
        let looked_for = features[MINUTIAE_COUNT].iter().all(|count| !count.is_nan());
        let found = features[MINUTIAE_QUALITY].iter().all(|share| !share.is_nan());
        if looked_for && !found && score.value.is_ok() {
            Score { value: Err(Failure::NoMinutiae), ..score }
        } else {
            score
        }
    }

    fn of_features(&self, features: &[f32; COUNT]) -> Score {
        match self {
            Self::Gfq => {
                let model = gfq::model_for(features);
                Score { name: model.name, model: model.id, value: scored(model.vote(features)) }
            }
            Self::Forest(forest) => {
                Score { name: forest.name(), model: forest.id(), value: scored(forest.vote(features)) }
            }
        }
    }

    /// What a print is given that could not even be measured.
    pub(super) fn failed(&self, failure: Failure) -> Score {
        let unscored = self.score(&Natives::EMPTY);
        Score { value: Err(failure), ..unscored }
    }
}

/// A vote of 0 to 100 as NFIQ 2 rounds it.
fn scored(vote: Option<f32>) -> Result<QualityScore, Failure> {
    vote.map(|vote| QualityScore::nearest(f64::from((vote + 0.5).floor()))).ok_or(Failure::TooFewRidges)
}

#[cfg(test)]
mod tests;
