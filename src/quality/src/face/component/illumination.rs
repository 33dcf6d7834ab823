//! IlluminationUniformity: do both cheeks get the same light?

use super::FaceView;
use crate::assessment::{Advice, Assessment};
use crate::face::view::total;

/// Scores below this (histograms that share less than a fiftieth) are light from one side.
const POOR: f64 = 30.0;
/// Samples a cheek zone needs for a histogram that means something.
const FEWEST: f64 = 64.0;

/// Native: intersection of the two cheeks' luminance histograms, 0..1; score 100 native^.3.
pub fn assess(view: &FaceView) -> Assessment {
    let (left, right) = (total(&view.left_cheek), total(&view.right_cheek));
    if left < FEWEST || right < FEWEST {
        return Assessment::FailureToAssess("cheeks outside the frame or too small");
    }
    let pairs = view.left_cheek.iter().zip(&view.right_cheek);
    let native: f64 = pairs.map(|(&l, &r)| (f64::from(l) / left).min(f64::from(r) / right)).sum();
    let score = 100.0 * native.powf(0.3);
    Assessment::scored(native, score, (score < POOR).then_some(Advice::LessLight))
}

#[cfg(test)]
mod tests {
    use super::super::super::{FaceBox, scenes};
    use super::*;

    #[test]
    fn one_sided_light_is_seen() {
        let face = FaceBox { x: 20.0, y: 20.0, width: 120.0, height: 120.0, score: 1.0 };
        for (name, frame, score, advice) in [
            ("even", scenes::flat(160, 160, [150; 3]), 100, None),
            ("from the side", scenes::ramp(160, 160), 0, Some(Advice::LessLight)),
        ] {
            let got = assess(&FaceView::of(&frame, &[face], None).unwrap());
            assert_eq!((got.score().unwrap().get(), got.advice()), (score, advice), "{name}");
        }
    }
}
