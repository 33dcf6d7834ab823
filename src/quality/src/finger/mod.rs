//! Fingerprint quality.
//!
//! [`assess`] takes one print as the device sent it and answers with the native measures of ISO/IEC 29794-4 (NFIQ 2's
//! definitions and identifiers), the feedback values that need no model, our own components, a score under our own
//! name, and advice for the next attempt. The measures are computed at 500 ppi on the cropped print.
//!
//! The order is: [`prepare`] (resample, crop), the shared intermediates of [`Print`] (each computed once), then one
//! file per measure, one line per file in [`MODULES`].

use crate::assessment::{Advice, Assessment};
use domain::image::FingerImage;
use domain::units::QualityScore;

mod advice;
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
mod ocl;
mod of;
mod otsu;
mod prepare;
mod print;
mod profile;
mod regions;
mod roi;
mod rotate;
mod rvu;
mod score;
mod tone;
pub mod trace;

pub use components::{COMPONENTS, Component, Evidence, Role};
pub use feedback::Feedback;
pub use prepare::{Failure, MAX_CROPPED_HEIGHT, MAX_CROPPED_WIDTH, MAX_SIDE, MIN_PPI};
pub use print::Print;
pub use score::{MODEL, NAME, Score};
use trace::{NoTrace, Trace};

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
    /// The measures of the group, or why there are none.
    pub measure: fn(&Print) -> Result<Vec<Measure>, &'static str>,
}

/// Every group of measures, in the order of NFIQ 2's table.
pub const MODULES: &[Module] =
    &[fda::MODULE, roi::MODULE, lcs::MODULE, contrast::MODULE, ocl::MODULE, of::MODULE, coherence::MODULE, rvu::MODULE];

/// What one print's assessment found.
#[derive(Clone, Debug, PartialEq)]
pub struct FingerAssessment {
    /// The score that is compared with the limit, or why there is none.
    pub score: Score,
    /// What to change for the next attempt, the most useful first; empty when nothing is to be changed.
    pub advice: Vec<Advice>,
    /// Feedback that needs no model, where the print could be prepared.
    pub feedback: Option<Feedback>,
    /// Our own components behind the score, by id.
    pub components: Vec<(&'static str, Assessment)>,
    /// Groups of measures that could not be taken, and why.
    pub unmeasured: Vec<(&'static str, &'static str)>,
    measures: Vec<Measure>,
}

impl FingerAssessment {
    /// The native measures, in the order of NFIQ 2's table. A group that could not be measured is absent.
    pub fn measures(&self) -> &[Measure] {
        &self.measures
    }

    /// One measure by NFIQ 2's identifier.
    pub fn measure(&self, id: &str) -> Option<f64> {
        self.measures.iter().find(|m| m.id == id).map(|m| m.value)
    }

    /// The score, unless the print failed to be assessed.
    pub fn value(&self) -> Option<QualityScore> {
        self.score.value.ok()
    }

    fn of(print: Print) -> Self {
        let mut measures = Vec::with_capacity(65);
        let mut unmeasured = Vec::new();
        for module in MODULES {
            match (module.measure)(&print) {
                Ok(taken) => measures.extend(taken),
                Err(reason) => unmeasured.push((module.id, reason)),
            }
        }
        let evidence = Evidence { print, measures };
        let components: Vec<_> = COMPONENTS.iter().map(|c| (c.id, (c.assess)(&evidence))).collect();
        let score = Score::of(&components);
        let advice = advice::choose(score, &components);
        let feedback = Some(Feedback::of(&evidence.print));
        Self { score, advice, feedback, components, unmeasured, measures: evidence.measures }
    }

    fn failed(failure: Failure) -> Self {
        Self {
            score: Score::failed(failure),
            advice: failure.advice().into_iter().collect(),
            feedback: None,
            components: Vec::new(),
            unmeasured: MODULES.iter().map(|m| (m.id, failure.text())).collect(),
            measures: Vec::new(),
        }
    }
}

/// Assesses one print. Never fails: what could not be assessed is part of the answer.
pub fn assess(image: &FingerImage) -> FingerAssessment {
    assess_traced(image, &NoTrace)
}

/// As [`assess`], and shows every intermediate picture to `trace`. Intermediates are biometric data.
pub fn assess_traced(image: &FingerImage, trace: &dyn Trace) -> FingerAssessment {
    match Print::of(image) {
        Ok(print) => {
            print.show(trace);
            FingerAssessment::of(print)
        }
        Err(failure) => FingerAssessment::failed(failure),
    }
}

#[cfg(test)]
mod drawn;
#[cfg(test)]
mod frozen;
#[cfg(test)]
mod tests;
