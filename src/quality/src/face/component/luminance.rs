//! LuminanceMean and LuminanceVariance of the face.

use super::{FaceView, sigmoid};
use crate::assessment::Assessment;
use crate::face::view::{Histogram, total};

/// Native: mean luminance 0..1; score high between .2 and .8 (sigmoids of width .05 at both ends).
///
/// No advice, and no place among mandatory components: mean luminance follows skin tone as much as light.
pub fn mean(view: &FaceView) -> Assessment {
    let native = mean_of(&view.face);
    let score = 100.0 * sigmoid(native, 0.2, 0.05) * (1.0 - sigmoid(native, 0.8, 0.05));
    Assessment::scored(native, score, None)
}

/// Native: variance of luminance (0..1 scale); score 100 sin(pi 60 v / (60 v + 1)).
pub fn variance(view: &FaceView) -> Assessment {
    let mean = mean_of(&view.face);
    let native = moment(&view.face, |l| (l - mean).powi(2));
    let share = 60.0 * native / (60.0 * native + 1.0);
    Assessment::scored(native, 100.0 * (share * std::f64::consts::PI).sin(), None)
}

fn mean_of(histogram: &Histogram) -> f64 {
    moment(histogram, |l| l)
}

fn moment(histogram: &Histogram, of: impl Fn(f64) -> f64) -> f64 {
    let sum: f64 = histogram.iter().enumerate().map(|(l, &n)| f64::from(n) * of(l as f64 / 255.0)).sum();
    sum / total(histogram).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::super::super::{FaceBox, scenes};
    use super::*;

    #[test]
    fn flat_scenes() {
        let face = FaceBox { x: 20.0, y: 20.0, width: 100.0, height: 100.0, score: 1.0 };
        for (grey, native, score) in [(0, 0.0, 2), (124, 0.2, 50), (188, 0.502, 99), (255, 1.0, 2)] {
            let view = FaceView::of(&scenes::flat(160, 160, [grey; 3]), &[face], None).unwrap();
            let got = mean(&view);
            assert!((got.native().unwrap() - native).abs() < 0.005, "{grey}: {got:?}");
            assert!(got.score().unwrap().get().abs_diff(score) <= 1, "{grey}: {got:?}");
            assert!(variance(&view).native().unwrap() < 1e-12);
        }
    }

    #[test]
    fn variance_of_two_levels_is_known() {
        // Half 0 and half 1: variance 1/4, score 100 sin(pi 15/16) = 19.5.
        let face = FaceBox { x: 0.0, y: 0.0, width: 160.0, height: 160.0, score: 1.0 };
        let view = FaceView::of(&scenes::checks(160, 160, 20), &[face], None).unwrap();
        assert!((variance(&view).native().unwrap() - 0.25).abs() < 0.01);
        assert!(variance(&view).score().unwrap().get().abs_diff(20) <= 2);
    }
}
