//! SingleFacePresent: how much of a rival the second largest face is.

use super::FaceView;
use crate::assessment::{Advice, Assessment};

/// Below this score somebody else's face has more than a quarter of the traveller's face area.
const RIVAL: f64 = 50.0;

/// Native: square root of second area by first area (0 alone, 1 a twin); score 100 (1 - native). The root is OFIQ's
/// (`SingleFacePresent.cpp`, 1.0.3): areas become sides, so that half the score is a face half as high.
pub fn assess(view: &FaceView) -> Assessment {
    let native = match view.areas[..] {
        [first, second, ..] if first > 0.0 => f64::from(second / first).sqrt(),
        _ => 0.0,
    };
    let score = 100.0 * (1.0 - native);
    Assessment::scored(native, score, (score < RIVAL).then_some(Advice::OneOnly))
}

#[cfg(test)]
mod tests {
    use super::super::super::{FaceBox, scenes};
    use super::*;

    #[test]
    fn a_rival_lowers_the_score_by_size() {
        let frame = scenes::flat(400, 200, [120; 3]);
        let face = |x: f32, side: f32| FaceBox { x, y: 20.0, width: side, height: side, score: 1.0 };
        for (faces, score, advice) in [
            (vec![face(20.0, 100.0)], 100, None),
            (vec![face(20.0, 100.0), face(200.0, 25.0)], 75, None),
            (vec![face(20.0, 100.0), face(200.0, 100.0)], 0, Some(Advice::OneOnly)),
        ] {
            let got = assess(&FaceView::of(&frame, &faces, None).unwrap());
            assert_eq!((got.score().unwrap().get(), got.advice()), (score, advice));
        }
    }
}
