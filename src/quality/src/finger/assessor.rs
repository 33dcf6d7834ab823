//! One print after another through the same workspace.

use super::components::{COMPONENTS, Evidence};
use super::natives::Natives;
use super::trace::{NoTrace, Trace};
use super::{Failure, Feedback, MODULES, Measure, Print, Score, Scorer, advice};
use crate::assessment::{Advice, Assessment};
use crate::minutiae::Minutia;
use domain::image::FingerImage;
use domain::units::QualityScore;

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
    /// NFIQ 2's native values. Those of a group that could not be measured are absent.
    pub natives: Natives,
}

impl FingerAssessment {
    /// The native measures that could be taken, in the order of NFIQ 2's forest.
    pub fn measures(&self) -> impl Iterator<Item = Measure> + '_ {
        self.natives.measures()
    }

    /// One measure by NFIQ 2's identifier.
    pub fn measure(&self, id: &str) -> Option<f64> {
        self.natives.by_id(id)
    }

    /// The score, unless the print failed to be assessed.
    pub fn value(&self) -> Option<QualityScore> {
        self.score.value.ok()
    }

    fn fill(&mut self, print: &Print, scorer: &Scorer) {
        for module in MODULES {
            if let Err(reason) = (module.measure)(print, &mut self.natives) {
                self.unmeasured.push((module.id, reason));
            }
        }
        let evidence = Evidence { print, natives: &self.natives };
        self.components.extend(COMPONENTS.iter().map(|c| (c.id, (c.assess)(&evidence))));
        self.score = scorer.score(&self.natives);
        advice::choose(self.score, &self.components, &mut self.advice);
        self.feedback = Some(Feedback::of(print, &self.natives));
    }

    fn fail(&mut self, failure: Failure, scorer: &Scorer) {
        self.score = scorer.failed(failure);
        self.advice.extend(failure.advice());
        self.unmeasured.extend(MODULES.iter().map(|m| (m.id, failure.text())));
    }

    fn clear(&mut self) {
        self.advice.clear();
        self.feedback = None;
        self.components.clear();
        self.unmeasured.clear();
        self.natives = Natives::EMPTY;
    }
}

/// Assesses prints one after another in one workspace. Pictures of the same size cost no memory after the first.
pub struct Assessor {
    print: Print,
    found: FingerAssessment,
    scorer: Scorer,
}

impl Assessor {
    /// One that looks for everything, with our own scorer.
    pub fn new() -> Self {
        Self::with(Scorer::Gfq)
    }

    /// One that looks for everything, with this scorer.
    pub fn with(scorer: Scorer) -> Self {
        Self::of(Print::empty(true), scorer)
    }

    /// One that looks for no minutiae, with our own scorer: their four values stay absent.
    pub fn without_minutiae() -> Self {
        Self::of(Print::empty(false), Scorer::Gfq)
    }

    fn of(print: Print, scorer: Scorer) -> Self {
        let found = FingerAssessment {
            score: scorer.failed(Failure::TooSmall),
            advice: Vec::with_capacity(COMPONENTS.len()),
            feedback: None,
            components: Vec::with_capacity(COMPONENTS.len()),
            unmeasured: Vec::with_capacity(MODULES.len()),
            natives: Natives::EMPTY,
        };
        Self { print, found, scorer }
    }

    /// Assesses one print. Never fails: what could not be assessed is part of the answer.
    pub fn assess(&mut self, image: &FingerImage) -> &FingerAssessment {
        self.assess_traced(image, &NoTrace)
    }

    /// As [`Assessor::assess`], and shows every intermediate picture to `trace`. Intermediates are biometric data.
    pub fn assess_traced(&mut self, image: &FingerImage, trace: &dyn Trace) -> &FingerAssessment {
        self.found.clear();
        match self.print.load(image) {
            Ok(()) => {
                self.print.show(trace);
                self.found.fill(&self.print, &self.scorer);
            }
            Err(failure) => {
                self.print.forget();
                self.found.fail(failure, &self.scorer);
            }
        }
        &self.found
    }

    /// The minutiae of the last print, in pixels at 500 ppi from the corner of the picture as it was before its blank
    /// margin was cut off. They are biometric data.
    pub fn minutiae(&self) -> impl Iterator<Item = Minutia> + '_ {
        let (left, top) = (self.print.prepared.left as f32, self.print.prepared.top as f32);
        let found = self.print.minutiae().unwrap_or_default().iter();
        found.map(move |minutia| Minutia { x: minutia.x + left, y: minutia.y + top, ..*minutia })
    }

    /// The answer to the last print, for keeps.
    pub fn into_assessment(self) -> FingerAssessment {
        self.found
    }
}

impl Default for Assessor {
    fn default() -> Self {
        Self::new()
    }
}
