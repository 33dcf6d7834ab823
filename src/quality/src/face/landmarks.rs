//! The points of one face, as a landmark network gives them.

use std::fmt;
use std::sync::Arc;
use zeroize::Zeroize;

/// Points of a face, in the numbering of MediaPipe's FaceMesh (468 vertices of its canonical face model).
pub const POINTS: usize = 468;

/// Farthest that a sound coordinate may lie from the frame's corner, in pixels: what lies beyond is no face of any
/// frame this program takes, and would make sums overflow.
const FARTHEST: f32 = 1e6;

/// The points of one face: x and y in pixels of the frame, z in the same unit, smaller is nearer to the camera.
///
/// Landmarks are biometric data: they have no `Display`, their `Debug` shows no value, and the memory is wiped when the
/// last copy goes. Copies share that memory.
#[derive(Clone)]
pub struct Landmarks {
    points: Arc<Wiped>,
    presence: f32,
}

impl Landmarks {
    /// Takes the points over. `presence` is how sure the network is that this is a face, 0 to 1.
    pub fn new(points: Box<[[f32; 3]; POINTS]>, presence: f32) -> Self {
        Self { points: Arc::new(Wiped(points)), presence }
    }

    /// The points, by FaceMesh's numbers.
    pub fn points(&self) -> &[[f32; 3]; POINTS] {
        &self.points.0
    }

    /// How sure the network is that this is a face, 0 to 1.
    pub fn presence(&self) -> f32 {
        self.presence
    }

    /// Whether every coordinate is a number that a frame's coordinate can be.
    pub fn is_sound(&self) -> bool {
        self.points().as_flattened().iter().all(|v| v.abs() <= FARTHEST)
    }
}

impl PartialEq for Landmarks {
    fn eq(&self, other: &Self) -> bool {
        self.presence == other.presence && self.points() == other.points()
    }
}

impl fmt::Debug for Landmarks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Landmarks(..)")
    }
}

struct Wiped(Box<[[f32; 3]; POINTS]>);

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.as_flattened_mut().zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_value() {
        assert_eq!(format!("{:?}", Landmarks::new(Box::new([[77.0; 3]; POINTS]), 0.5)), "Landmarks(..)");
    }

    #[test]
    fn impossible_coordinates_are_told_apart() {
        for (name, value, sound) in [
            ("a pixel", 320.0, true),
            ("outside the frame", -40.0, true),
            ("no number", f32::NAN, false),
            ("infinite", f32::NEG_INFINITY, false),
            ("farther than any frame", 3e7, false),
        ] {
            let mut points = Box::new([[1.0; 3]; POINTS]);
            points[POINTS - 1][2] = value;
            assert_eq!(Landmarks::new(points, 1.0).is_sound(), sound, "{name}");
        }
    }
}
