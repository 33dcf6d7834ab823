//! The bare head as a solid: skull, jaw, features, ears. Centimetres; the origin lies between the eyes' height and the
//! middle of the head, x to the right of the picture, y up, z towards the camera. Lengths are those of an average
//! adult head (eye to chin 11.6, cheek to cheek 13.6), varied by the identity.

use super::identity::{Beard, Identity};
use super::lanes::{F4, V4};
use super::pose::Pose;
use super::primitives::{Capsule, Ellipsoid, carve, join, sphere};
use super::vec::{V3, v};

/// Nothing of the face stands out further than this from skull, jaw and cheeks.
const RELIEF: f32 = 3.0;

/// How far the corners of the mouth rise in the broadest smile, cm.
const SMILE: f32 = 0.62;

/// Places on the face that geometry and paint share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// Centre of the eye on the right of the picture.
    pub eye: V3,
    /// Radius of the eyeball with its lids.
    pub eye_ball: f32,
    /// Height of the line between the lips.
    pub mouth_y: f32,
    /// Half the width of the mouth.
    pub mouth_half: f32,
    /// How far the corners of the mouth stand above the line between the lips, cm.
    pub corners: f32,
    /// How far the lower lip is from the upper, cm.
    pub gap: f32,
    /// Tip of the nose.
    pub nose_tip: V3,
    /// Half the distance between the wings of the nose.
    pub nose_wing: f32,
    /// Lowest point of the chin.
    pub chin_y: f32,
    /// Thickness of the upper and lower lip.
    pub lips: (f32, f32),
}

impl Layout {
    pub fn new(who: &Identity, pose: &Pose) -> Self {
        let long = who.face_length;
        let gap = 1.7 * pose.mouth.clamp(0.0, 1.0);
        let nose_y = -4.15 * long * (0.5 + 0.5 * who.nose_length);
        let mouth_y = nose_y - 2.45 * long;
        let fullness = who.lip_fullness.clamp(0.55, 1.5);
        let smile = if pose.smile.is_finite() { pose.smile.clamp(-1.0, 1.0) } else { 0.0 };
        Self {
            eye: v(3.18 * who.eye_spacing, 0.0, 6.55),
            eye_ball: 1.36,
            mouth_y,
            mouth_half: 2.5 * who.mouth_width * (1.0 + 0.14 * smile.max(0.0) - 0.04 * smile.min(0.0).abs()),
            corners: SMILE * smile,
            gap,
            nose_tip: v(0.0, nose_y, 9.15 + 1.25 * who.nose_height),
            nose_wing: 1.22 * who.nose_width,
            chin_y: -11.7 * long - 0.8 * gap,
            lips: (0.62 * fullness * (1.0 - 0.15 * smile.abs()), 0.82 * fullness * (1.0 - 0.12 * smile.abs())),
        }
    }
}

/// The solids of one head.
#[derive(Clone, Debug)]
pub(super) struct Face {
    skull: Ellipsoid,
    middle: Ellipsoid,
    jaw: Capsule,
    chin: (V3, f32),
    cheek: Ellipsoid,
    brow: Capsule,
    brow_blend: f32,
    bridge: Capsule,
    tip: f32,
    wing: V3,
    wing_radius: f32,
    muzzle: Ellipsoid,
    upper_lip: Ellipsoid,
    lower_lip: Ellipsoid,
    ear: Ellipsoid,
    ear_hollow: Ellipsoid,
    lobe: V3,
    neck: Capsule,
    /// Thickness of a full beard, cm.
    beard: f32,
    /// A mask over nose and mouth.
    mask: Option<Ellipsoid>,
    layout: Layout,
}

impl Face {
    pub fn new(who: &Identity, layout: Layout) -> Self {
        let long = who.face_length;
        let drop = 0.8 * layout.gap;
        let wide = who.skull_width;
        let jaw = who.jaw_width;
        let (upper, lower) = layout.lips;
        let mouth = layout.mouth_y;
        let ear = who.ear_size;
        let smile = (layout.corners / SMILE).max(0.0);
        Self {
            skull: Ellipsoid::new(v(0.0, 3.1, -0.9), v(7.45 * wide, 8.5 * who.skull_height, 9.5)),
            middle: Ellipsoid::new(v(0.0, -2.6 * long, 1.5), v(6.2 * wide, 8.3 * long, 6.7)),
            jaw: Capsule::new(
                v(4.55 * jaw, -5.9 * long - drop * 0.4, 0.3),
                v(1.5 * who.chin, -9.95 * long - drop, 5.9),
                1.55,
                1.35,
            ),
            chin: (v(0.0, layout.chin_y + 1.75, 6.35), 1.75),
            cheek: Ellipsoid::new(
                v(4.25 * wide, -2.9 * long + 0.8 * smile, 4.7 + 0.5 * smile),
                v(2.3, 2.0, 2.3) * (0.8 + 0.2 * who.cheeks + 0.1 * smile),
            ),
            brow: Capsule::new(v(1.3, 1.75, 7.55), v(4.5 * wide, 1.6, 4.9), 0.85, 0.75),
            brow_blend: 0.9 + 0.5 * who.brow_ridge,
            bridge: Capsule::new(
                v(0.0, 0.7, 7.75 + 0.25 * who.nose_height),
                layout.nose_tip + v(0.0, 0.5, -0.75),
                0.55,
                0.66,
            ),
            tip: 0.72 + 0.14 * who.nose_width,
            wing: v(layout.nose_wing * 0.82, layout.nose_tip.y - 0.28, layout.nose_tip.z - 1.35),
            wing_radius: 0.62 * (0.5 + 0.5 * who.nose_width),
            muzzle: Ellipsoid::new(v(0.0, mouth + 0.2, 5.9), v(3.5, 3.0, 2.75)),
            upper_lip: Ellipsoid::new(v(0.0, mouth + 0.5 * upper, 8.35), v(0.95 * layout.mouth_half, upper, 0.72)),
            lower_lip: Ellipsoid::new(
                v(0.0, mouth - layout.gap - 0.55 * lower, 8.25),
                v(0.8 * layout.mouth_half, 0.95 * lower, 0.78),
            ),
            ear: Ellipsoid::new(v(7.25 * wide, -0.7, -1.2), v(0.95, 3.05 * ear, 1.75 * ear)),
            ear_hollow: Ellipsoid::new(v(7.95 * wide, -0.5, -0.6), v(0.7, 1.9 * ear, 0.95 * ear)),
            lobe: v(7.05 * wide, -0.7 - 2.75 * ear, -0.6),
            neck: Capsule::new(v(0.0, -6.5, -2.3), v(0.0, -17.0, -3.6), 5.0 * who.neck_width, 5.5 * who.neck_width),
            beard: if who.beard == Beard::Full { 0.75 } else { 0.0 },
            mask: who.mask.then(|| Ellipsoid::new(v(0.0, mouth + 1.2, 5.0), v(4.9, 4.9, 5.2))),
            layout,
        }
    }

    /// Distance to the bare head with its neck, or a bound below it.
    #[inline]
    pub fn distance(&self, p: V4) -> F4 {
        let lowest = self.layout.chin_y - 1.0;
        if p.y.most() < lowest {
            // Below the chin there is only the neck.
            return self.neck.distance(p).min(-p.y + (lowest + 1.0));
        }
        let q = p.folded();
        let mut d = join(self.skull.distance(p), self.middle.distance(p), 2.6);
        d = join(d, self.jaw.distance(q), 2.4);
        d = join(d, sphere(p, self.chin.0, self.chin.1), 2.2);
        if p.y.least() < 1.0 {
            d = join(d, self.neck.distance(p), 1.3);
        }
        if d.least() > RELIEF + 0.6 {
            return d - RELIEF;
        }
        if p.z.most() > 1.0 && p.y.least() < 5.0 {
            d = self.features(p, q, d);
        }
        if q.x.most() > 4.5 && p.y.least() < 5.0 && p.z.least() < 4.0 && p.y.most() > -8.0 {
            let ear = carve(self.ear.distance(q), self.ear_hollow.distance(q), 0.35);
            d = join(d, join(ear, sphere(q, self.lobe, 0.55), 0.5), 0.45);
        }
        d
    }

    /// The head with nothing but what throws shadows on it: brow, nose, chin.
    #[inline]
    pub fn plain(&self, p: V4) -> F4 {
        let q = p.folded();
        let mut d = join(self.skull.distance(p), self.middle.distance(p), 2.6);
        d = join(d, self.jaw.distance(q), 2.4);
        d = join(d, sphere(p, self.chin.0, self.chin.1), 2.2);
        d = join(d, self.brow.distance(q), self.brow_blend);
        d = join(d, self.bridge.distance(p), 1.5);
        d.min(self.neck.distance(p))
    }

    /// A full beard stands off cheeks and chin, but not off the lips.
    #[inline]
    fn bearded(&self, q: V4, d: F4) -> F4 {
        let unit = |x: F4| x.max(F4::all(0.0)).min(F4::all(1.0));
        let low = self.layout.mouth_y + 0.6;
        let below = unit((-q.y + low) * 0.3 + (q.x - 2.6) * 0.22);
        let front = unit((q.z + 0.5) * 0.4);
        let throat = unit((q.y - (self.layout.chin_y - 0.8)) * 0.8);
        (d - below * front * throat * self.beard) * 0.85
    }

    #[inline]
    fn features(&self, p: V4, q: V4, mut d: F4) -> F4 {
        let place = &self.layout;
        if p.y.most() > -9.0 {
            d = join(d, self.cheek.distance(q), 2.2);
        }
        if p.y.most() > -5.5 {
            d = join(d, self.brow.distance(q), self.brow_blend);
            d = carve(d, sphere(q, v(place.eye.x - 0.1, -0.1, 9.3), 1.75), 1.3);
            d = join(d, sphere(q, place.eye, place.eye_ball), 0.42);
        }
        if p.y.most() > -8.0 && q.x.least() < 4.5 {
            d = join(d, self.bridge.distance(p), 1.5);
            d = join(d, sphere(p, place.nose_tip - v(0.0, 0.0, self.tip), self.tip), 0.75);
            d = join(d, sphere(q, self.wing, self.wing_radius), 0.45);
            let nostril = v(place.nose_wing * 0.46, place.nose_tip.y - 0.86, place.nose_tip.z - 1.15);
            d = carve(d, sphere(q, nostril, 0.3), 0.22);
        }
        if let Some(mask) = &self.mask {
            return join(d, mask.distance(p), 1.2);
        }
        if self.beard > 0.0 && p.y.least() < -2.0 {
            d = self.bearded(q, d);
        }
        if p.y.least() < -1.5 {
            d = join(d, self.muzzle.distance(p), 1.7);
            d = carve(d, sphere(p, v(0.0, place.mouth_y + 1.35, 9.1), 0.42), 0.5);
            d = join(d, self.upper_lip.distance(p), 0.4);
            d = join(d, self.lower_lip.distance(p), 0.4);
        }
        d
    }
}
