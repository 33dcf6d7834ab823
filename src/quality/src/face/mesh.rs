//! FaceMesh: 468 points of one face, from a network run by [`crate::nn`].
//!
//! The square that the network sees follows the published graph (MediaPipe `face_landmark_front`): from a detection, its
//! box; from the points of the frame before, their bounding box; in both cases turned so that the eyes lie level, made
//! square by its longer side and half as large again.

use super::blaze::{Found, LEFT_EYE, RIGHT_EYE, sigmoid};
use super::sampled::Square;
use super::{Landmarks, POINTS};
use crate::nn::{Engine, Network};
use domain::image::Frame;

/// Outer corners of the eyes, by FaceMesh's numbers: the traveller's right and left.
const OUTER_CORNERS: [usize; 2] = [33, 263];

/// Side of the picture that the network takes.
const SIDE: usize = 192;
/// How much larger than the face the square is.
const ROOM: f32 = 1.5;

/// The network with its working memory.
pub(super) struct Mesh {
    engine: Engine,
}

impl Mesh {
    /// Takes the network; none if it is of other shapes.
    pub fn new(network: &Network) -> Option<Self> {
        let input = network.input_shape();
        let fits = (input.height, input.width, input.channels) == (SIDE, SIDE, 3);
        let sizes: Vec<usize> = network.outputs.iter().map(|&output| network.shapes[output].len()).collect();
        (fits && sizes == [POINTS * 3, 1]).then(|| Self { engine: Engine::new(network) })
    }

    /// Wipes what the last picture left behind.
    pub fn wipe(&mut self) {
        self.engine.wipe();
    }

    /// Multiplications of one run.
    pub fn products(&self) -> u64 {
        self.engine.products()
    }

    /// The points of the face in a square, whether or not one is there; none if the network's answers are no numbers.
    pub fn find(&mut self, frame: &Frame, square: &Square) -> Option<Landmarks> {
        if !square.is_sound() {
            return None;
        }
        square.sample(frame, SIDE, (0.0, 1.0), self.engine.input());
        self.engine.run();
        let scale = square.side / SIDE as f32;
        let (corner, (sin, cos)) = (square.in_frame(0.0, 0.0), square.turned.sin_cos());
        let mut points = Box::new([[0.0; 3]; POINTS]);
        for (point, raw) in points.iter_mut().zip(self.engine.output(0).as_chunks::<3>().0) {
            let [x, y, z] = raw.map(|value| value * scale);
            *point = [corner.0 + x * cos - y * sin, corner.1 + x * sin + y * cos, z];
        }
        let logit = self.engine.output(1).first().copied().unwrap_or(f32::NEG_INFINITY);
        let landmarks = Landmarks::new(points, sigmoid(logit));
        (landmarks.is_sound() && !logit.is_nan()).then_some(landmarks)
    }
}

/// The square of a detected face.
pub(super) fn square_of(found: &Found) -> Square {
    let [left, top, right, bottom] = found.edges;
    let centre = ((left + right) / 2.0, (top + bottom) / 2.0);
    let turned = level(found.points[RIGHT_EYE], found.points[LEFT_EYE]);
    Square { centre, side: (right - left).max(bottom - top) * ROOM, turned }
}

/// The square of a face whose points are known from the frame before.
pub(super) fn square_around(landmarks: &Landmarks) -> Square {
    let points = landmarks.points();
    let place = |index: usize| (points[index][0], points[index][1]);
    let turned = level(place(OUTER_CORNERS[0]), place(OUTER_CORNERS[1]));
    let (sin, cos) = turned.sin_cos();
    // The bounding box in the square's own directions.
    let (mut least, mut most) = ([f32::INFINITY; 2], [f32::NEG_INFINITY; 2]);
    for [x, y, _] in points.iter() {
        for (axis, value) in [x * cos + y * sin, y * cos - x * sin].into_iter().enumerate() {
            least[axis] = least[axis].min(value);
            most[axis] = most[axis].max(value);
        }
    }
    let (u, v) = ((least[0] + most[0]) / 2.0, (least[1] + most[1]) / 2.0);
    let side = (most[0] - least[0]).max(most[1] - least[1]) * ROOM;
    Square { centre: (u * cos - v * sin, u * sin + v * cos), side, turned }
}

/// The angle of the line from one eye to the other.
fn level(right: (f32, f32), left: (f32, f32)) -> f32 {
    (left.1 - right.1).atan2(left.0 - right.0)
}
