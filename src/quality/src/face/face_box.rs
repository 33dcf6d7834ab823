//! Where a face is.

/// The most faces that one frame is asked for: more than a border hall holds in a camera's view, and few enough that a
/// poster of ten thousand faces costs no memory.
pub const MAX_FACES: usize = 64;

/// A found face: a rectangle in pixels of the source frame. It may reach over the frame's edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaceBox {
    /// Left edge, pixels from the frame's left.
    pub x: f32,
    /// Upper edge, pixels from the frame's top.
    pub y: f32,
    /// Pixels across.
    pub width: f32,
    /// Pixels down.
    pub height: f32,
    /// The detector's confidence: larger is surer, comparable only within one detector.
    pub score: f32,
}

impl FaceBox {
    /// Square pixels; 0 for a box that is not one.
    pub fn area(&self) -> f32 {
        if self.is_sound() { self.width * self.height } else { 0.0 }
    }

    /// The middle, in pixels of the source frame.
    pub fn centre(&self) -> (f32, f32) {
        (self.x + self.width / 2.0, self.y + self.height / 2.0)
    }

    /// Whether the numbers describe a rectangle at all: finite, not empty, within what a frame can be.
    pub fn is_sound(&self) -> bool {
        /// Far above any sensor, far below where `f32` stops counting single pixels.
        const FARTHEST: f32 = 1_000_000.0;
        let near = |v: f32| v.is_finite() && v.abs() <= FARTHEST;
        near(self.x) && near(self.y) && near(self.width) && near(self.height) && self.width >= 1.0 && self.height >= 1.0
    }

    /// How far the face moved and grew since `earlier`, as a share of the earlier width.
    pub fn moved_since(&self, earlier: &Self) -> f32 {
        let ((x, y), (x0, y0)) = (self.centre(), earlier.centre());
        let shift = (x - x0).hypot(y - y0);
        let growth = (self.width - earlier.width).abs();
        shift.max(growth) / earlier.width.max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_boxes_are_told_apart() {
        let good = FaceBox { x: -4.0, y: 2.0, width: 50.0, height: 60.0, score: 1.0 };
        for (name, face, sound) in [
            ("partly outside", good, true),
            ("empty", FaceBox { width: 0.0, ..good }, false),
            ("negative", FaceBox { height: -5.0, ..good }, false),
            ("not a number", FaceBox { x: f32::NAN, ..good }, false),
            ("infinite", FaceBox { width: f32::INFINITY, ..good }, false),
            ("farther than any frame", FaceBox { y: 1e7, ..good }, false),
        ] {
            assert_eq!(face.is_sound(), sound, "{name}");
            assert_eq!(face.area() > 0.0, sound, "{name}");
        }
    }

    #[test]
    fn movement_counts_shift_and_growth() {
        let face = FaceBox { x: 100.0, y: 100.0, width: 100.0, height: 100.0, score: 1.0 };
        for (name, now, moved) in [
            ("still", face, 0.0),
            ("aside", FaceBox { x: 110.0, ..face }, 0.1),
            ("closer", FaceBox { x: 90.0, y: 90.0, width: 120.0, height: 120.0, ..face }, 0.2),
        ] {
            assert!((now.moved_since(&face) - moved).abs() < 1e-6, "{name}");
        }
    }
}
