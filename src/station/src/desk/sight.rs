//! What was seen in the live picture, for the outlines that the officer's page draws over it.
//!
//! It goes to the officer's browser with the picture and nowhere else: no log, no record.

use domain::image::Frame;
use quality::face::{FaceAssessment, FaceBox, Shot};
use serde::Serialize;

/// Outlines of other people that are drawn, at most.
const MOST_OTHERS: usize = 4;

/// The faces of one frame, in pixels of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Sight {
    /// Pixels in a row of the frame; 0 where there is none.
    width: u32,
    /// Rows of the frame.
    height: u32,
    /// The traveller's face: centre and half axes of an upright oval around it.
    face: Option<[i32; 4]>,
    /// Other people's, likewise.
    others: Vec<[i32; 4]>,
    /// `empty`, `advise` while something is to be changed, `wait` while the traveller moves into place, `steady` while
    /// every limit is kept, and `taken`.
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    #[default]
    Empty,
    Advise,
    Wait,
    Steady,
    Taken,
}

impl Sight {
    /// What stands in the picture of one frame after it was judged.
    pub fn of<T>(assessment: &FaceAssessment, frame: &Frame, shot: &Shot<T>, advised: bool) -> Self {
        let mut faces = assessment.faces().iter();
        let face = faces.next().map(outline);
        let state = match shot {
            Shot::Taken(_) => State::Taken,
            _ if face.is_none() => State::Empty,
            _ if advised => State::Advise,
            Shot::Steadying => State::Steady,
            Shot::GaveUp(_) | Shot::Over | Shot::Watching => State::Wait,
        };
        let others = faces.take(MOST_OTHERS).map(outline).collect();
        Self { width: frame.width, height: frame.height, face, others, state }
    }
}

/// An oval from the hair to the chin: detectors' boxes reach from the brows to the chin and past the cheeks.
fn outline(face: &FaceBox) -> [i32; 4] {
    let (x, y) = face.centre();
    let (across, down) = (face.width * 0.52, face.height * 0.68);
    [x, y - face.height * 0.06, across, down].map(|value| value.round() as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::units::Millis;
    use quality::face::{Detection, assess};

    fn sight(faces: usize, shot: &Shot<()>, advised: bool) -> Sight {
        let frame = Frame::new(64, 48, Millis(0), 0, vec![90; 64 * 48 * 3]).unwrap();
        let face = |i: usize| FaceBox { x: 10.0, y: 10.0, width: 30.0 - i as f32, height: 30.0, score: 1.0 };
        let detection = Detection::of((0..faces).map(face).collect());
        Sight::of(&assess(&frame, &detection.into()), &frame, shot, advised)
    }

    #[test]
    fn the_page_is_told_who_stands_there_and_how() {
        for (faces, shot, advised, state, others) in [
            (0, Shot::Watching, false, State::Empty, 0),
            (0, Shot::Watching, true, State::Empty, 0),
            (1, Shot::Watching, true, State::Advise, 0),
            (1, Shot::Watching, false, State::Wait, 0),
            (1, Shot::Steadying, false, State::Steady, 0),
            (3, Shot::Watching, true, State::Advise, 2),
            (9, Shot::Watching, true, State::Advise, MOST_OTHERS),
        ] {
            let seen = sight(faces, &shot, advised);
            assert_eq!((seen.state, seen.others.len()), (state, others), "{faces} {shot:?}");
            assert_eq!(seen.face.is_some(), faces > 0);
            assert_eq!((seen.width, seen.height), (64, 48));
        }
    }

    #[test]
    fn the_oval_is_around_the_box() {
        let [x, y, across, down] = outline(&FaceBox { x: 200.0, y: 100.0, width: 200.0, height: 200.0, score: 1.0 });
        assert_eq!(x, 300);
        assert!(y - down < 100 && y + down > 300 && (95..=130).contains(&across));
    }
}
