//! UnderExposurePrevention and OverExposurePrevention: shares of the face at the ends of the luminance range.

use super::{FaceView, sigmoid};
use crate::assessment::{Advice, Assessment};
use crate::face::view::total;

/// Scores below this ask for more light. Lower than it looks: dark skin in right light was measured at 16.
const SUNK: f64 = 5.0;
/// Scores below this (a twentieth of the face) ask for less light.
const BURNT: f64 = 20.0;

/// Native: share of the face with luminance 0 to 25; score 120 (.832 - sigmoid(native, .92, .05)).
///
/// The wide range is the standard's, and right: well lit dark skin has most of its linear luminance below 25.
pub fn under(view: &FaceView) -> Assessment {
    let native = share(view, 0..=25);
    let score = 120.0 * (0.832 - sigmoid(native, 0.92, 0.05));
    Assessment::scored(native, score, (score < SUNK).then_some(Advice::MoreLight))
}

/// Native: share of the face with luminance 247 to 255; score 1 / (native + .01).
pub fn over(view: &FaceView) -> Assessment {
    let native = share(view, 247..=255);
    let score = 1.0 / (native + 0.01);
    Assessment::scored(native, score, (score < BURNT).then_some(Advice::LessLight))
}

fn share(view: &FaceView, range: std::ops::RangeInclusive<usize>) -> f64 {
    let inside: f64 = view.face[range].iter().map(|&n| f64::from(n)).sum();
    inside / total(&view.face).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::super::super::{FaceBox, scenes};
    use super::*;

    #[test]
    fn flat_scenes_score_at_the_ends() {
        let face = FaceBox { x: 20.0, y: 20.0, width: 100.0, height: 100.0, score: 1.0 };
        for (grey, under_score, over_score) in [(0, 0, 100), (89, 0, 100), (120, 100, 100), (252, 100, 1)] {
            let view = FaceView::of(&scenes::flat(160, 160, [grey; 3]), &[face], None).unwrap();
            assert_eq!(under(&view).score().unwrap().get(), under_score, "under at {grey}");
            assert_eq!(over(&view).score().unwrap().get(), over_score, "over at {grey}");
        }
    }
}
