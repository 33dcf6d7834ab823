//! A whole figure: head, hair, glasses and clothes, in the coordinates of the head.

use super::super::noise::Tile;
use super::face::{Face, Layout};
use super::hair::Hair;
use super::identity::Identity;
use super::pose::Pose;
use super::primitives::{Capsule, Ellipsoid, carve, join};
use super::vec::{Turn, V3, v};

/// What a ray hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Material {
    Cloth,
    Egg,
    Glasses,
    Hair,
    Skin,
}

/// The point of the neck about which the head turns; the body stays.
pub(super) const PIVOT: V3 = v(0.0, -6.0, -2.0);

/// Somebody's solids.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub who: Identity,
    pub layout: Layout,
    pub lids: f32,
    pub tile: Tile,
    face: Face,
    hair: Hair,
    body: Body,
    head_turn: Turn,
}

impl Person {
    pub fn new(who: &Identity, pose: &Pose) -> Self {
        let layout = Layout::new(who, pose);
        Self {
            layout,
            lids: pose.lids.clamp(0.0, 1.0),
            tile: Tile::new(who.seed),
            face: Face::new(who, layout),
            hair: Hair::new(who),
            body: Body::new(who),
            head_turn: Turn::new(pose.yaw * 0.8, pose.pitch * 0.9, pose.roll * 0.85),
            who: who.clone(),
        }
    }

    /// From the head's coordinates to those of the body, which follows the head's turns only a little.
    pub fn to_body(&self, p: V3) -> V3 {
        self.head_turn.apply(p - PIVOT) + PIVOT
    }

    /// Distance to the bare head, without hair, glasses and clothes.
    pub fn bare(&self, p: V3) -> f32 {
        self.face.distance(p)
    }

    /// Distance to the nearest surface.
    pub fn distance(&self, p: V3) -> f32 {
        let mut d = self.face.distance(p).min(self.hair.distance(p, &self.tile));
        if self.who.glasses {
            d = d.min(self.glasses(p));
        }
        if p.y < -5.0 {
            let body = self.to_body(p);
            return join(d, self.body.chest(body), 0.8).min(self.body.cloth(body));
        }
        // Shoulders begin lower than this; a step may not leap over them.
        d.min(p.y + 9.0)
    }

    /// Which of the surfaces is nearest.
    pub fn material(&self, p: V3) -> Material {
        let mut nearest = (self.face.distance(p), Material::Skin);
        let mut offer = |d: f32, material| {
            if d < nearest.0 {
                nearest = (d, material);
            }
        };
        offer(self.hair.distance(p, &self.tile), self.hair.material());
        if self.who.glasses {
            offer(self.glasses(p), Material::Glasses);
        }
        if p.y < -5.0 {
            let body = self.to_body(p);
            offer(self.body.chest(body), Material::Skin);
            offer(self.body.cloth(body), Material::Cloth);
        }
        nearest.1
    }

    /// Two rounded rims, a bridge and temples.
    fn glasses(&self, p: V3) -> f32 {
        if p.y.abs() > 4.0 || p.z < -2.0 {
            return (p.y.abs() - 2.6).max(-1.2 - p.z).max(0.8);
        }
        let q = p.folded();
        let front = 9.05 - 0.028 * q.x * q.x;
        let (dx, dy) = ((q.x - 3.25).abs() - 1.35, (q.y + 0.15).abs() - 0.85);
        let outside = (dx.max(0.0) * dx.max(0.0) + dy.max(0.0) * dy.max(0.0)).sqrt();
        let ring = (outside + dx.max(dy).min(0.0) - 1.05).abs();
        let off = q.z - front;
        let rim = (ring * ring + off * off).sqrt() - 0.13;
        let bridge = Capsule::new(v(0.0, 0.42, 9.15), v(0.95, 0.3, 9.0), 0.12, 0.12).distance(q);
        let temple = Capsule::new(v(5.65, 0.35, 8.15), v(7.35 * self.who.skull_width, 0.6, -0.5), 0.12, 0.14);
        rim.min(bridge).min(temple.distance(q))
    }
}

/// Shoulders and chest under a garment, in body coordinates.
#[derive(Clone, Debug)]
struct Body {
    slope: Capsule,
    shoulders: Capsule,
    trunk: Ellipsoid,
    opening: Ellipsoid,
}

impl Body {
    fn new(who: &Identity) -> Self {
        let wide = who.shoulder_width;
        let depth = if who.jacket { 6.2 } else { 3.6 };
        Self {
            slope: Capsule::new(v(2.5, -13.6, -4.4), v(13.0 * wide, -19.2, -4.6), 2.4, 3.2),
            shoulders: Capsule::new(v(0.0, -24.0, -3.8), v(14.5 * wide, -23.2, -4.6), 6.4, 5.2),
            trunk: Ellipsoid::new(v(0.0, -37.0, -3.0), v(18.0 * wide, 17.0, 9.6)),
            opening: Ellipsoid::new(v(0.0, -14.2, 0.6), v(6.1 * who.neck_width, depth, 6.6)),
        }
    }

    fn solid(&self, p: V3) -> f32 {
        let q = p.folded();
        join(join(self.slope.distance(q), self.shoulders.distance(q), 5.0), self.trunk.distance(p), 4.0)
    }

    fn cloth(&self, p: V3) -> f32 {
        let d = self.solid(p);
        if d > 6.0 { d - 0.5 } else { carve(d, self.opening.distance(p), 0.5) }
    }

    fn chest(&self, p: V3) -> f32 {
        self.solid(p) + 0.45
    }
}
