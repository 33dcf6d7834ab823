//! HeadSize and InterEyeDistance.

use super::{FaceView, sigmoid};
use crate::assessment::{Advice, Assessment};

/// The share that OFIQ scores best.
const BEST: f64 = 0.45;
/// Scores below this ask for another distance when a finished portrait is judged; a camera's whole frame is judged by
/// the configured range instead.
const POOR: f64 = 20.0;

/// Native: eye line to chin by image height; score 200 (1 - sigmoid(|native - .45|, 0, .05)).
///
/// About the image given: a whole camera frame with room around the head scores low, its portrait crop high.
pub fn assess(view: &FaceView) -> Assessment {
    let native = f64::from(view.geometry.eye_to_chin) / f64::from(view.frame_height.max(1));
    let score = 200.0 * (1.0 - sigmoid((native - BEST).abs(), 0.0, 0.05));
    let advice = if native < BEST { Advice::Closer } else { Advice::Back };
    Assessment::scored(native, score, (score < POOR).then_some(advice))
}

/// Native: pixels between the eye centres, by the cosine of the yaw: what they would be if the head were not turned. A box
/// knows no yaw: its value is a lower bound. Score 100 sigmoid(native, 70, 20).
pub fn inter_eye_distance(view: &FaceView) -> Assessment {
    // Beyond 60 degrees one eye is hidden, and the estimate would run away.
    let turn = view.marked.as_ref().map_or(1.0, |marked| marked.pose.yaw.to_radians().cos().max(0.5));
    let native = f64::from(view.geometry.inter_eye) / turn;
    Assessment::scored(native, 100.0 * sigmoid(native, 70.0, 20.0), None)
}

#[cfg(test)]
mod tests {
    use super::super::super::view::tests::marked;
    use super::super::super::{FaceBox, scenes};
    use super::*;

    #[test]
    fn size_is_judged_both_ways() {
        let frame = scenes::flat(400, 300, [120; 3]);
        for (side, advice) in [(60.0, Some(Advice::Closer)), (193.0, None), (290.0, Some(Advice::Back))] {
            let face = FaceBox { x: 5.0, y: 5.0, width: side, height: side, score: 1.0 };
            let got = assess(&FaceView::of(&frame, &[face], None).unwrap());
            assert_eq!(got.advice(), advice, "{side}: {got:?}");
        }
    }

    #[test]
    fn a_turned_head_has_its_distance_back() {
        let turned = |yaw| marked(|m| m.pose.yaw = yaw);
        let straight = inter_eye_distance(&turned(0.0)).native().unwrap();
        for (yaw, factor) in [(30.0, 1.1547), (-30.0, 1.1547), (85.0, 2.0)] {
            let got = inter_eye_distance(&turned(yaw)).native().unwrap();
            assert!((got / straight - factor).abs() < 1e-3, "{yaw}: {got} for {straight}");
        }
    }

    #[test]
    fn seventy_pixels_between_the_eyes_score_fifty() {
        let face = FaceBox { x: 5.0, y: 5.0, width: 175.0, height: 175.0, score: 1.0 };
        let view = FaceView::of(&scenes::flat(400, 300, [120; 3]), &[face], None).unwrap();
        assert_eq!(inter_eye_distance(&view).score().unwrap().get(), 50);
    }
}
