//! Points, directions and colours in three numbers.

use std::ops::{Add, Mul, Neg, Sub};

use super::super::maths::sin_cos_deg;
use super::lanes::V4;

/// Three numbers: a place in centimetres, a direction, or a linear colour.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct V3 {
    pub x: f32,
    pub y: f32,
    pub z: f32,
}

/// Short for `V3 { x, y, z }`.
pub(super) const fn v(x: f32, y: f32, z: f32) -> V3 {
    V3 { x, y, z }
}

impl V3 {
    pub fn dot(self, o: Self) -> f32 {
        self.x * o.x + self.y * o.y + self.z * o.z
    }

    pub fn length(self) -> f32 {
        self.dot(self).sqrt()
    }

    /// The direction; the null vector stays as it is.
    pub fn unit(self) -> Self {
        let length = self.length();
        if length > 0.0 { self * (1.0 / length) } else { self }
    }

    /// Component by component.
    pub fn times(self, o: Self) -> Self {
        v(self.x * o.x, self.y * o.y, self.z * o.z)
    }

    pub fn mix(self, o: Self, t: f32) -> Self {
        self + (o - self) * t
    }
}

impl Add for V3 {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        v(self.x + o.x, self.y + o.y, self.z + o.z)
    }
}

impl Sub for V3 {
    type Output = Self;
    fn sub(self, o: Self) -> Self {
        v(self.x - o.x, self.y - o.y, self.z - o.z)
    }
}

impl Mul<f32> for V3 {
    type Output = Self;
    fn mul(self, k: f32) -> Self {
        v(self.x * k, self.y * k, self.z * k)
    }
}

impl Neg for V3 {
    type Output = Self;
    fn neg(self) -> Self {
        self * -1.0
    }
}

/// A rotation, by its rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    rows: [V3; 3],
}

impl Turn {
    /// Degrees to the right (yaw), up (pitch) and of the crown to the right (roll), in this order about fixed axes.
    pub fn new(yaw: f32, pitch: f32, roll: f32) -> Self {
        let (sy, cy) = sin_cos_deg(yaw);
        let (sp, cp) = sin_cos_deg(pitch);
        let (sr, cr) = sin_cos_deg(roll);
        let turned = [v(cy, 0.0, sy), v(0.0, 1.0, 0.0), v(-sy, 0.0, cy)];
        let nodded = [turned[0], turned[1] * cp + turned[2] * sp, turned[1] * -sp + turned[2] * cp];
        Self { rows: [nodded[0] * cr + nodded[1] * sr, nodded[0] * -sr + nodded[1] * cr, nodded[2]] }
    }

    pub fn apply(&self, p: V3) -> V3 {
        v(self.rows[0].dot(p), self.rows[1].dot(p), self.rows[2].dot(p))
    }

    /// Four at once.
    #[inline(always)]
    pub fn apply_all(&self, p: V4) -> V4 {
        let [x, y, z] = self.rows.map(|row| p.dot(V4::all(row)));
        V4 { x, y, z }
    }

    /// The opposite rotation.
    pub fn undo(&self, p: V3) -> V3 {
        self.rows[0] * p.x + self.rows[1] * p.y + self.rows[2] * p.z
    }
}

/// Linear light from an sRGB colour (a cubic within 0.003 of the standard's curve).
pub(super) fn linear(rgb: [u8; 3]) -> V3 {
    let one = |c: u8| {
        let x = f32::from(c) / 255.0;
        x * (x * (x * 0.305_306 + 0.682_171_1) + 0.012_522_88)
    };
    v(one(rgb[0]), one(rgb[1]), one(rgb[2]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_go_the_way_they_say() {
        let nose = v(0.0, 0.0, 1.0);
        let crown = v(0.0, 1.0, 0.0);
        assert!(Turn::new(20.0, 0.0, 0.0).apply(nose).x > 0.3);
        assert!(Turn::new(0.0, 20.0, 0.0).apply(nose).y > 0.3);
        assert!(Turn::new(0.0, 0.0, 20.0).apply(crown).x > 0.3);
        let turn = Turn::new(13.0, -7.0, 5.0);
        let p = v(1.0, 2.0, 3.0);
        assert!((turn.undo(turn.apply(p)) - p).length() < 1e-4);
    }
}
