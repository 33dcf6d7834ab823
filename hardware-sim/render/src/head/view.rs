//! The camera's geometry: from pixels to rays in a head's coordinates and back.

use super::pose::Pose;
use super::vec::{Turn, V3, v};

/// Focal length as a share of the picture's height: 33 degrees from top to bottom, a portrait camera's.
const FOCAL: f32 = 1.667;

/// The point of the head that the pose places, and about which it turns.
const CENTRE: V3 = v(0.0, -2.0, 0.0);

/// From the point the pose places to the front of the face, cm.
pub(super) const FRONT: f32 = 8.5;

/// One figure as the camera sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    turn: Turn,
    place: V3,
    focal: f32,
    middle: (f32, f32),
    /// The camera, in the head's coordinates.
    pub eye: V3,
}

impl View {
    pub fn new(pose: &Pose, width: u32, height: u32) -> Self {
        let turn = Turn::new(pose.yaw, pose.pitch, pose.roll);
        let focal = FOCAL * height.max(1) as f32;
        let depth = pose.distance.clamp(0.3, 4.0) * 100.0 + FRONT;
        let (width, height) = (width as f32, height as f32);
        let place = v(pose.offset_x * width * depth / focal, -pose.offset_y * height * depth / focal, -depth);
        Self { turn, place, focal, middle: (width / 2.0, height / 2.0), eye: turn.undo(-place) + CENTRE }
    }

    /// Direction of the ray through a place of the picture, in the head's coordinates.
    pub fn ray(&self, x: f32, y: f32) -> V3 {
        let direction = v((x - self.middle.0) / self.focal, (self.middle.1 - y) / self.focal, -1.0);
        self.turn.undo(direction.unit())
    }

    /// A direction of the room (x right, y up, z towards the camera) in the head's coordinates.
    pub fn room_direction(&self, direction: V3) -> V3 {
        self.turn.undo(direction)
    }

    /// Where a point of the head appears in the picture.
    pub fn project(&self, p: V3) -> (f32, f32) {
        let seen = self.turn.apply(p - CENTRE) + self.place;
        let scale = self.focal / (-seen.z).max(1.0);
        (self.middle.0 + seen.x * scale, self.middle.1 - seen.y * scale)
    }

    /// Distance from camera to head, cm.
    pub fn depth(&self) -> f32 {
        -self.place.z
    }

    /// Centimetres that one pixel covers at the head.
    pub fn pixel(&self) -> f32 {
        self.depth() / self.focal
    }
}
