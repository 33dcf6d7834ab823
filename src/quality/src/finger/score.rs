//! The provisional score under our own name. It is not NFIQ 2 and is never called so.

use super::components::{COMPONENTS, Role};
use super::prepare::Failure;
use crate::assessment::Assessment;
use domain::units::QualityScore;

/// Name of the scorer, as records and pages state it.
pub const NAME: &str = "gatepost-first";
/// Version of the scorer; another weight is another version.
pub const MODEL: &str = "1";

/// From the weighted mean of the components (0 to 100) to the score: straight lines between these points. Fitted to the
/// NFIQ 2 scores of whole project-made prints; sensor-sized ones, which NFIQ 2 marks down for their area alone, were
/// scaled by 78 / 34 (the mean clean score of the one kind over that of the other).
const CURVE: [(f64, f64); 9] = [
    (0.0, 0.0),
    (20.0, 0.0),
    (30.0, 4.0),
    (40.0, 8.0),
    (50.0, 11.0),
    (60.0, 18.0),
    (70.0, 35.0),
    (80.0, 56.0),
    (100.0, 94.0),
];

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

    /// The score of [`COMPONENTS`], given in that order: no component can be better and the score worse.
    pub(super) fn of(components: &[(&'static str, Assessment)]) -> Self {
        let mut mean = 0.0;
        let mut limit = 100.0f64;
        for (component, (_, assessment)) in COMPONENTS.iter().zip(components) {
            let Some(score) = assessment.score() else { return Self::failed(Failure::TooFewRidges) };
            match component.role {
                Role::Limit => limit = limit.min(f64::from(score.get())),
                Role::Weight(weight) => mean += weight * f64::from(score.get()),
            }
        }
        Self { name: NAME, model: MODEL, value: Ok(QualityScore::nearest(curve(mean).min(limit))) }
    }
}

fn curve(mean: f64) -> f64 {
    let segment = |pair: &[(f64, f64)]| {
        let [(x0, y0), (x1, y1)] = *pair else { return None };
        (mean <= x1).then(|| y0 + (y1 - y0) * (mean - x0) / (x1 - x0))
    };
    CURVE.windows(2).find_map(segment).unwrap_or(CURVE[CURVE.len() - 1].1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn components(scores: &[f64]) -> Vec<(&'static str, Assessment)> {
        COMPONENTS.iter().zip(scores).map(|(c, &score)| (c.id, Assessment::scored(0.0, score, None))).collect()
    }

    #[test]
    fn weights_add_up_to_one() {
        let weight = |c: &super::super::Component| if let Role::Weight(weight) = c.role { weight } else { 0.0 };
        assert!((COMPONENTS.iter().map(weight).sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_curve_passes_its_points() {
        for (mean, score) in [(0.0, 0.0), (10.0, 0.0), (25.0, 2.0), (80.0, 56.0), (90.0, 75.0), (100.0, 94.0)] {
            assert!((curve(mean) - score).abs() < 1e-9, "{mean}");
        }
    }

    #[test]
    fn one_component_that_failed_fails_the_score() {
        let mut all = components(&[90.0; 7]);
        assert_eq!(Score::of(&all).value.map(|s| s.get()), Ok(75));
        all[3].1 = Assessment::FailureToAssess("too little");
        assert_eq!(Score::of(&all).value, Err(Failure::TooFewRidges));
    }

    proptest! {
        #[test]
        fn a_better_component_never_lowers_the_score(
            scores in prop::collection::vec(0.0f64..100.0, 7), at in 0usize..7, better in 0.0f64..100.0,
        ) {
            let before = Score::of(&components(&scores)).value.unwrap();
            let mut improved = scores.clone();
            improved[at] = improved[at].max(better);
            prop_assert!(Score::of(&components(&improved)).value.unwrap() >= before);
        }
    }
}
