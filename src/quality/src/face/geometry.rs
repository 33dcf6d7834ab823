//! Where eyes, chin and crown lie in a detector's box: an estimate, until landmarks are found.
//!
//! The proportions are medians measured on 150 rendered heads against their true points, which agree with adult face
//! proportions (eye line to chin 1.87 inter-eye distances, the eye line half-way between crown and chin, head breadth
//! 2.4 inter-eye distances: Farkas, Anthropometry of the Head and Face, 1994). On one person they are off by a tenth
//! (nine heads in ten: inter-eye distance .37 to .45 of the box): good enough to say "closer", not to measure anybody.

use super::FaceBox;

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

/// Estimated points of a face, in pixels of the source frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geometry {
    /// The point between the eyes.
    pub eyes: (f32, f32),
    /// Distance of the eye centres.
    pub inter_eye: f32,
    /// Eye line to chin: T of ISO/IEC 29794-5.
    pub eye_to_chin: f32,
    /// Eye line to mouth.
    pub eye_to_mouth: f32,
}

impl Geometry {
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
