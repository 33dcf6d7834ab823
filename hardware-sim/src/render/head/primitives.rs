//! Distances to simple solids, after Inigo Quilez's published formulas.

use super::vec::{V3, v};

pub(super) fn sphere(p: V3, centre: V3, radius: f32) -> f32 {
    (p - centre).length() - radius
}

/// An ellipsoid's approximate distance: exact on the surface, good to a few per cent near it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ellipsoid {
    centre: V3,
    inverse: V3,
    inverse_squared: V3,
}

impl Ellipsoid {
    pub fn new(centre: V3, radii: V3) -> Self {
        let inverse = v(1.0 / radii.x, 1.0 / radii.y, 1.0 / radii.z);
        Self { centre, inverse, inverse_squared: inverse.times(inverse) }
    }

    pub fn distance(&self, p: V3) -> f32 {
        let q = p - self.centre;
        let near = q.times(self.inverse).length();
        let slope = q.times(self.inverse_squared).length().max(1e-6);
        near * (near - 1.0) / slope
    }
}

/// A line with round ends whose thickness goes from one radius to the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Capsule {
    from: V3,
    along: V3,
    scale: f32,
    start: f32,
    change: f32,
}

impl Capsule {
    pub fn new(from: V3, to: V3, start: f32, end: f32) -> Self {
        let along = to - from;
        Self { from, along, scale: 1.0 / along.dot(along).max(1e-6), start, change: end - start }
    }

    pub fn distance(&self, p: V3) -> f32 {
        let q = p - self.from;
        let t = (q.dot(self.along) * self.scale).clamp(0.0, 1.0);
        (q - self.along * t).length() - (self.start + self.change * t)
    }
}

/// The union of two solids with a fillet of about `k` cm.
pub(super) fn join(a: f32, b: f32, k: f32) -> f32 {
    let h = (k - (a - b).abs()).max(0.0);
    a.min(b) - h * h / (4.0 * k)
}

/// What is in both, with a rounded edge.
pub(super) fn common(a: f32, b: f32, k: f32) -> f32 {
    -join(-a, -b, k)
}

/// The first without the second, with a rounded edge.
pub(super) fn carve(a: f32, b: f32, k: f32) -> f32 {
    common(a, -b, k)
}
