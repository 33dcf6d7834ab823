//! Glasses: rims, bridge and temples, and dark lenses where the sun is kept out.

use super::identity::{Glasses, Identity};
use super::lanes::{F4, V4};
use super::primitives::Capsule;
use super::vec::v;

/// One pair.
#[derive(Clone, Debug)]
pub(super) struct Spectacles {
    /// Half sides of the rectangle that the rims are drawn around, cm.
    half: (f32, f32),
    /// Radius of the rims' corners, cm.
    round: f32,
    /// Half the thickness of the rims, cm.
    rim: f32,
    dark: bool,
    /// How far before the origin the middle of the pair lies, cm.
    front: f32,
    nose_piece: Capsule,
    temple: Capsule,
}

impl Spectacles {
    /// The pair that somebody wears, if any. A tall nose carries it further out.
    pub fn new(who: &Identity, nose: f32) -> Option<Self> {
        let (half, round, rim, dark) = match who.glasses {
            Glasses::None => return None,
            Glasses::Round => ((0.55, 0.4), 1.55, 0.075, false),
            Glasses::Square => ((1.35, 0.85), 1.05, 0.1, false),
            Glasses::Sun => ((1.5, 0.9), 1.2, 0.13, true),
            Glasses::Thick => ((1.6, 1.0), 0.8, 0.2, false),
        };
        let front = 9.05 + 0.25 * (nose - 10.4).clamp(-0.5, 0.5);
        let inner = 3.25 - half.0 - round;
        let outer = 3.25 + half.0 + round;
        Some(Self {
            half,
            round,
            rim,
            dark,
            front,
            nose_piece: Capsule::new(v(0.0, 0.42, front + 0.1), v(inner, 0.3, front - 0.05), rim, rim),
            temple: Capsule::new(
                v(outer, 0.35, front - 0.9),
                v(7.35 * who.skull_width, 0.6, -0.5),
                rim * 1.05,
                rim + 0.03,
            ),
        })
    }

    /// Distance to the pair, or a bound below it.
    #[inline]
    pub fn distance(&self, p: V4) -> F4 {
        let away = (p.y.abs() - 2.8).max(-p.z - 1.2);
        if away.least() > 1.0 {
            return away;
        }
        if self.dark { self.rims(p).min(self.lenses(p)) } else { self.rims(p) }
    }

    /// Distance to rims, bridge and temples.
    #[inline]
    pub fn rims(&self, p: V4) -> F4 {
        let q = p.folded();
        let (ring, off) = self.ring(q);
        let rim = (ring * ring + off * off).sqrt() - self.rim;
        rim.min(self.nose_piece.distance(q)).min(self.temple.distance(q))
    }

    /// Distance to the dark lenses; far away where there are none.
    #[inline]
    pub fn lenses(&self, p: V4) -> F4 {
        if !self.dark {
            return F4::all(f32::MAX);
        }
        let (ring, off) = self.ring(p.folded());
        ring.max(off.abs() - 0.06)
    }

    /// How far a point lies outside the rims' line, seen from the front, and before their bent surface.
    #[inline(always)]
    fn ring(&self, q: V4) -> (F4, F4) {
        let zero = F4::all(0.0);
        let (dx, dy) = ((q.x - 3.25).abs() - self.half.0, (q.y + 0.15).abs() - self.half.1);
        let (ox, oy) = (dx.max(zero), dy.max(zero));
        let ring = (ox * ox + oy * oy).sqrt() + dx.max(dy).min(zero) - self.round;
        (ring, q.z - (q.x * q.x * -0.028 + self.front))
    }
}
