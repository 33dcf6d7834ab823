//! A whole figure: head, hair, glasses and clothes, in the coordinates of the head.

use super::super::noise::Tile;
use super::face::{Face, Layout};
use super::hair::Hair;
use super::identity::Identity;
use super::lanes::{F4, LANES, V4};
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
    Scarf,
    Skin,
}

/// The point of the neck about which the head turns; the body stays.
pub(super) const PIVOT: V3 = v(0.0, -6.0, -2.0);

/// How deep the skin lies under the garment, cm.
const UNDER: f32 = 0.45;

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
    nose_piece: Capsule,
    temple: Capsule,
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
            nose_piece: Capsule::new(v(0.0, 0.42, 9.15), v(0.95, 0.3, 9.0), 0.11, 0.11),
            temple: Capsule::new(v(5.65, 0.35, 8.15), v(7.35 * who.skull_width, 0.6, -0.5), 0.11, 0.13),
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
        self.face.distance(V4::all(p)).0[0]
    }

    /// Distance to the nearest surface, or a bound below it.
    #[inline]
    pub fn distance(&self, p: V4) -> F4 {
        let mut d = self.face.distance(p);
        if p.y.least() < -6.0 {
            let body = self.head_turn.apply_all(p - PIVOT) + PIVOT;
            let solid = self.body.solid(body);
            d = join(d, solid + UNDER, 0.8).min(self.body.cloth(body, solid));
        } else {
            // Shoulders begin lower than this; a step may not leap over them.
            d = d.min(p.y + 10.0);
        }
        d = d.min(self.hair.distance(p, &self.tile));
        if self.who.glasses { d.min(self.glasses(p)) } else { d }
    }

    /// Distance to the plain solid that throws shadows.
    #[inline]
    pub fn shadow(&self, p: V4) -> F4 {
        let d = self.face.plain(p);
        if p.y.least() > 0.0 {
            return d;
        }
        d.min(self.body.solid(self.head_turn.apply_all(p - PIVOT) + PIVOT))
    }

    /// Which of the surfaces is nearest, for every lane.
    pub fn materials(&self, p: V4) -> [Material; LANES] {
        let mut nearest = [(f32::MAX, Material::Skin); LANES];
        let mut offer = |d: F4, material| {
            for (best, d) in nearest.iter_mut().zip(d.0) {
                if d < best.0 {
                    *best = (d, material);
                }
            }
        };
        offer(self.face.distance(p), Material::Skin);
        offer(self.hair.distance(p, &self.tile), self.hair.material());
        if self.who.glasses {
            offer(self.glasses(p), Material::Glasses);
        }
        if p.y.least() < -6.0 {
            let body = self.head_turn.apply_all(p - PIVOT) + PIVOT;
            let solid = self.body.solid(body);
            offer(solid + UNDER, Material::Skin);
            offer(self.body.cloth(body, solid), Material::Cloth);
        }
        nearest.map(|(_, material)| material)
    }

    /// Two rounded rims, a bridge and temples.
    #[inline]
    fn glasses(&self, p: V4) -> F4 {
        let away = (p.y.abs() - 2.6).max(-p.z - 1.2);
        if away.least() > 1.0 {
            return away;
        }
        let q = p.folded();
        let zero = F4::all(0.0);
        let (dx, dy) = ((q.x - 3.25).abs() - 1.35, (q.y + 0.15).abs() - 0.85);
        let (ox, oy) = (dx.max(zero), dy.max(zero));
        let ring = ((ox * ox + oy * oy).sqrt() + dx.max(dy).min(zero) - 1.05).abs();
        let off = q.z - (q.x * q.x * -0.028 + 9.05);
        let rim = (ring * ring + off * off).sqrt() - 0.12;
        rim.min(self.nose_piece.distance(q)).min(self.temple.distance(q))
    }
}

/// Shoulders and chest under a garment, in body coordinates.
#[derive(Clone, Debug)]
struct Body {
    slope: Capsule,
    shoulders: Capsule,
    arm: Capsule,
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
            arm: Capsule::new(v(15.2 * wide, -24.5, -4.6), v(17.0 * wide, -52.0, -3.0), 5.0, 4.6),
            trunk: Ellipsoid::new(v(0.0, -42.0, -3.0), v(17.0 * wide, 23.0, 9.6)),
            opening: Ellipsoid::new(v(0.0, -14.2, 0.6), v(6.1 * who.neck_width, depth, 6.6)),
        }
    }

    #[inline]
    fn solid(&self, p: V4) -> F4 {
        let q = p.folded();
        let arms = join(self.shoulders.distance(q), self.arm.distance(q), 2.0);
        join(join(self.slope.distance(q), arms, 5.0), self.trunk.distance(p), 3.0)
    }

    #[inline]
    fn cloth(&self, p: V4, solid: F4) -> F4 {
        if solid.least() > 6.0 { solid - 0.5 } else { carve(solid, self.opening.distance(p), 0.5) }
    }
}
