//! A whole figure: head, hair, glasses and clothes, in the coordinates of the head.

use super::super::maths::sin_cos_deg;
use super::super::noise::Tile;
use super::face::{Face, Layout};
use super::glasses::Spectacles;
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
    Lens,
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
    /// Opening of the upper lids, 0 to 1.
    pub lids: f32,
    pub expression: Expression,
    pub tile: Tile,
    face: Face,
    hair: Hair,
    body: Body,
    glasses: Option<Spectacles>,
    head_turn: Turn,
}

/// What the face does, every number within its range.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expression {
    /// -1 to 1.
    pub smile: f32,
    /// -1 to 1.
    pub brows: f32,
    /// Sines of the angles by which the eyes look past the camera.
    pub gaze: (f32, f32),
}

impl Expression {
    fn new(pose: &Pose) -> Self {
        let within = |value: f32| if value.is_finite() { value.clamp(-1.0, 1.0) } else { 0.0 };
        let look = |degrees: f32| if degrees.is_finite() { sin_cos_deg(degrees.clamp(-60.0, 60.0)).0 } else { 0.0 };
        Self { smile: within(pose.smile), brows: within(pose.brows), gaze: (look(pose.gaze_x), look(pose.gaze_y)) }
    }
}

/// The upper lids follow the eyes down.
fn lids(pose: &Pose) -> f32 {
    let down = (-pose.gaze_y).clamp(0.0, 40.0);
    pose.lids.clamp(0.0, 1.0) * (1.0 - 0.014 * down)
}

impl Person {
    pub fn new(who: &Identity, pose: &Pose) -> Self {
        let layout = Layout::new(who, pose);
        Self {
            layout,
            lids: lids(pose),
            expression: Expression::new(pose),
            tile: Tile::new(who.seed),
            face: Face::new(who, layout),
            hair: Hair::new(who),
            body: Body::new(who),
            glasses: Spectacles::new(who, layout.nose_tip.z),
            head_turn: Turn::new(pose.yaw * 0.8, pose.pitch * 0.9, pose.roll * 0.85),
            who: who.clone(),
        }
    }

    /// From the head's coordinates to those of the body, which follows the head's turns only a little.
    pub fn to_body(&self, p: V3) -> V3 {
        self.head_turn.apply(p - PIVOT) + PIVOT
    }

    /// Distance to the bare head, without hair, glasses and clothes.
    pub fn bare(&self, p: V4) -> f32 {
        self.face.distance(p).0[0]
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
        self.glasses.as_ref().map_or(d, |glasses| d.min(glasses.distance(p)))
    }

    /// Distance to the plain solid that throws shadows.
    #[inline]
    pub fn shadow(&self, p: V4) -> F4 {
        let d = self.face.plain(p);
        if p.y.least() > -6.0 {
            // The shoulders begin lower than this.
            return d.min(p.y + 10.0);
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
        if let Some(glasses) = &self.glasses {
            offer(glasses.rims(p), Material::Glasses);
            offer(glasses.lenses(p), Material::Lens);
        }
        if p.y.least() < -6.0 {
            let body = self.head_turn.apply_all(p - PIVOT) + PIVOT;
            let solid = self.body.solid(body);
            offer(solid + UNDER, Material::Skin);
            offer(self.body.cloth(body, solid), Material::Cloth);
        }
        nearest.map(|(_, material)| material)
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
