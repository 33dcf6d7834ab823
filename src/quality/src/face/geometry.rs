//! Where eyes, mouth and chin lie: taken from landmarks, or estimated from a detector's box.
//!
//! The proportions of the estimate are medians measured on 150 rendered heads against their true points, which agree with adult face
//! proportions (eye line to chin 1.87 inter-eye distances, the eye line half-way between crown and chin, head breadth
//! 2.4 inter-eye distances: Farkas, Anthropometry of the Head and Face, 1994). On one person they are off by a tenth
//! (nine heads in ten: inter-eye distance .37 to .45 of the box): good enough to say "closer", not to measure anybody.

use super::{FaceBox, Landmarks};

/// The corners of the eye on the left of the picture, and of the other, by FaceMesh's numbers.
pub const EYE_CORNERS: [[usize; 2]; 2] = [[33, 133], [362, 263]];
/// The chin's lowest point.
pub const CHIN: usize = 152;
/// The edges of the upper and the lower lip, in the middle.
pub const LIP_EDGES: [usize; 2] = [13, 14];
/// The corners of the mouth, left of the picture first.
pub const MOUTH_CORNERS: [usize; 2] = [61, 291];

/// Inter-eye distance as a share of the box width.
pub const INTER_EYE: f32 = 0.40;
/// Height of the eye line below the box's upper edge, as a share of the box height.
pub const EYE_LINE: f32 = 0.41;
/// Eye line to chin (T of ISO/IEC 29794-5) as a share of the box height.
pub const EYE_TO_CHIN: f32 = 0.71;
/// Eye line to the line between the lips, as a share of the box height.
pub const EYE_TO_MOUTH: f32 = 0.42;
/// Crown to chin in units of eye line to chin.
pub const HEAD_HEIGHT_IN_T: f32 = 2.0;
/// Head breadth in units of the inter-eye distance.
pub const HEAD_WIDTH_IN_EYES: f32 = 2.4;

/// Places of a face, in pixels of the source frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geometry {
    /// The point between the eyes.
    pub eyes: (f32, f32),
    /// Distance of the eye centres; an eye's centre is the middle between its corners.
    pub inter_eye: f32,
    /// Eye line to chin: T of ISO/IEC 29794-5.
    pub eye_to_chin: f32,
    /// Eye line to mouth.
    pub eye_to_mouth: f32,
}

impl Geometry {
    /// From landmarks; none where the points are no face's: eyes or chin in one place.
    pub fn of_points(landmarks: &Landmarks) -> Option<Self> {
        let points = landmarks.points();
        let middle = |[a, b]: [usize; 2]| [0, 1].map(|axis| (points[a][axis] + points[b][axis]) / 2.0);
        let apart = |[x0, y0]: [f32; 2], [x1, y1]: [f32; 2]| (x1 - x0).hypot(y1 - y0);
        let [left, right] = EYE_CORNERS.map(middle);
        let eyes = [0, 1].map(|axis| (left[axis] + right[axis]) / 2.0);
        let geometry = Self {
            eyes: (eyes[0], eyes[1]),
            inter_eye: apart(left, right),
            eye_to_chin: apart(eyes, [points[CHIN][0], points[CHIN][1]]),
            eye_to_mouth: apart(eyes, middle(LIP_EDGES)),
        };
        let whole = landmarks.is_sound() && geometry.inter_eye >= 1.0 && geometry.eye_to_chin >= 1.0;
        whole.then_some(geometry)
    }

    /// The estimate for a box.
    pub fn of(face: &FaceBox) -> Self {
        Self {
            eyes: (face.x + face.width / 2.0, face.y + face.height * EYE_LINE),
            inter_eye: face.width * INTER_EYE,
            eye_to_chin: face.height * EYE_TO_CHIN,
            eye_to_mouth: face.height * EYE_TO_MOUTH,
        }
    }

    /// Crown to chin in pixels, hair not counted.
    pub fn head_height(&self) -> f32 {
        self.eye_to_chin * HEAD_HEIGHT_IN_T
    }

    /// Head breadth in pixels, ears not counted.
    pub fn head_width(&self) -> f32 {
        self.inter_eye * HEAD_WIDTH_IN_EYES
    }
}
