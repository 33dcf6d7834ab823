//! Distances to simple solids, four points at a time, after Inigo Quilez's published formulas.

use super::lanes::{F4, V4};
use super::vec::{V3, v};

#[inline(always)]
pub(super) fn sphere(p: V4, centre: V3, radius: f32) -> F4 {
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

    #[inline(always)]
    pub fn distance(&self, p: V4) -> F4 {
        let q = p - self.centre;
        let near = q.times(self.inverse).length();
        let slope = q.times(self.inverse_squared).length() + 1e-6;
        (near * (near - 1.0)).over(slope)
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

    #[inline(always)]
    pub fn distance(&self, p: V4) -> F4 {
        let q = p - self.from;
        let t = (q.dot(V4::all(self.along)) * self.scale).max(F4::all(0.0)).min(F4::all(1.0));
        let nearest = V4::all(self.along).scaled(-t);
        (q + nearest).length() - (t * self.change + self.start)
    }
}

/// The union of two solids with a fillet of about `k` cm.
#[inline(always)]
pub(super) fn join(a: F4, b: F4, k: f32) -> F4 {
    let h = (-(a - b).abs() + k).max(F4::all(0.0));
    a.min(b) - h * h * (0.25 / k)
}

/// What is in both, with a rounded edge.
#[inline(always)]
pub(super) fn common(a: F4, b: F4, k: f32) -> F4 {
    -join(-a, -b, k)
}

/// The first without the second, with a rounded edge.
#[inline(always)]
pub(super) fn carve(a: F4, b: F4, k: f32) -> F4 {
    common(a, -b, k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_zero_on_surfaces_and_exact_off_round_ones() {
        let at = |x, y, z| V4::all(v(x, y, z));
        let ellipsoid = Ellipsoid::new(v(1.0, 0.0, 0.0), v(2.0, 3.0, 4.0));
        let capsule = Capsule::new(v(0.0, 0.0, 0.0), v(0.0, 10.0, 0.0), 1.0, 2.0);
        let rows = [
            (sphere(at(3.0, 0.0, 0.0), v(0.0, 0.0, 0.0), 1.0), 2.0),
            (ellipsoid.distance(at(3.0, 0.0, 0.0)), 0.0),
            (ellipsoid.distance(at(1.0, 3.0, 0.0)), 0.0),
            (capsule.distance(at(0.0, -3.0, 0.0)), 2.0),
            (capsule.distance(at(5.0, 10.0, 0.0)), 3.0),
            (join(F4::all(1.0), F4::all(9.0), 2.0), 1.0),
            (common(F4::all(1.0), F4::all(9.0), 2.0), 9.0),
            (carve(F4::all(-5.0), F4::all(-1.0), 0.5), 1.0),
        ];
        for (row, (found, expected)) in rows.iter().enumerate() {
            assert!((found.0[2] - expected).abs() < 1e-4, "row {row}: {found:?}");
        }
        assert!(join(F4::all(0.5), F4::all(0.5), 1.0).0[0] < 0.5, "a fillet adds material");
    }
}
