//! Room around the face: LeftwardCrop and RightwardCropOfTheFaceImage, MarginAbove and MarginBelowOfTheFaceImage.
//!
//! Left and right of these names are the image's. The advice is the traveller's own side: see [`crate::face`].

use super::{FaceView, sigmoid};
use crate::assessment::{Advice, Assessment};

/// Scores below this ask the traveller to move.
const POOR: f64 = 20.0;

/// Native: image's left edge to the nearer eye in inter-eye distances; score 100 sigmoid(native, .9, .1).
pub fn leftward(view: &FaceView) -> Assessment {
    let g = &view.geometry;
    let room = g.eyes.0 - g.inter_eye / 2.0;
    scored(room, g.inter_eye, 0.9, Advice::Left)
}

/// Native: nearer eye to the image's right edge in inter-eye distances; score 100 sigmoid(native, .9, .1).
pub fn rightward(view: &FaceView) -> Assessment {
    let g = &view.geometry;
    let room = view.frame_width as f32 - g.eyes.0 - g.inter_eye / 2.0;
    scored(room, g.inter_eye, 0.9, Advice::Right)
}

/// Native: image's upper edge to the eye line in units of eye line to chin; score 100 sigmoid(native, 1.4, .1).
pub fn above(view: &FaceView) -> Assessment {
    scored(view.geometry.eyes.1, view.geometry.eye_to_chin, 1.4, Advice::Down)
}

/// Native: eye line to the image's lower edge in units of eye line to chin; score 100 sigmoid(native, 1.8, .1).
pub fn below(view: &FaceView) -> Assessment {
    let room = view.frame_height as f32 - view.geometry.eyes.1;
    scored(room, view.geometry.eye_to_chin, 1.8, Advice::Up)
}

fn scored(room: f32, unit: f32, middle: f64, advice: Advice) -> Assessment {
    let native = f64::from(room) / f64::from(unit);
    let score = 100.0 * sigmoid(native, middle, 0.1);
    Assessment::scored(native, score, (score < POOR).then_some(advice))
}

#[cfg(test)]
mod tests {
    use super::super::super::{FaceBox, scenes};
    use super::*;

    #[test]
    fn each_edge_has_its_advice() {
        let frame = scenes::flat(400, 400, [120; 3]);
        let middle = FaceBox { x: 150.0, y: 140.0, width: 100.0, height: 100.0, score: 1.0 };
        for (name, face, advice) in [
            ("middle", middle, [None, None, None, None]),
            ("left of the image", FaceBox { x: -10.0, ..middle }, [Some(Advice::Left), None, None, None]),
            ("right of the image", FaceBox { x: 310.0, ..middle }, [None, Some(Advice::Right), None, None]),
            ("top", FaceBox { y: 10.0, ..middle }, [None, None, Some(Advice::Down), None]),
            ("bottom", FaceBox { y: 300.0, ..middle }, [None, None, None, Some(Advice::Up)]),
        ] {
            let view = FaceView::of(&frame, &[face], None).unwrap();
            assert_eq!([leftward, rightward, above, below].map(|m| m(&view).advice()), advice, "{name}");
        }
    }
}
