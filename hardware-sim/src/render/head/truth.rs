//! What the picture really shows, for those who check what a detector says.

use super::pose::Pose;

/// A named place on the face, in pixels of the picture (0, 0 is the outer corner of the first pixel).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Landmark {
    /// Its number among the 468 points of FaceMesh.
    pub index: u16,
    /// What it is.
    pub name: &'static str,
    /// To the right.
    pub x: f32,
    /// Downwards.
    pub y: f32,
}

/// One face of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// The seed of the person shown.
    pub person: u64,
    /// Left, top, width and height in pixels of the face from brow to chin and ear to ear; may leave the picture.
    pub face: [f32; 4],
    /// Distance between the centres of the eyes, pixels.
    pub eye_distance: f32,
    /// Key points.
    pub landmarks: Vec<Landmark>,
    /// How the head stood.
    pub pose: Pose,
}
