//! How light plays on skin, hair, cloth and glasses.

use super::super::maths::atan2;
use super::figure::{Material, Person};
use super::lanes::{F4, LANES, V4};
use super::march::{Hit, Lamps, Solid};
use super::paint;
use super::vec::{V3, linear, v};

/// Skin from the darkest to the lightest, sRGB, evenly spaced in tone.
const TONES: [[u8; 3]; 8] = [
    [82, 57, 45],
    [102, 69, 52],
    [128, 86, 63],
    [154, 104, 74],
    [186, 132, 98],
    [212, 160, 126],
    [230, 186, 156],
    [242, 208, 186],
];

/// Colour of bare skin for a tone (0 darkest, 1 lightest) and an undertone (-1 olive, 1 rosy).
pub(super) fn skin_colour(tone: f32, undertone: f32) -> V3 {
    let place = tone.clamp(0.0, 1.0) * (TONES.len() - 1) as f32;
    let low = (place as usize).min(TONES.len() - 2);
    let base = linear(TONES[low]).mix(linear(TONES[low + 1]), place - low as f32);
    base.times(v(1.0 + 0.04 * undertone, 1.0 - 0.025 * undertone, 1.0 - 0.05 * undertone.abs() + 0.04 * undertone))
}

impl Solid for Person {
    fn distance(&self, p: V4) -> F4 {
        Self::distance(self, p)
    }

    fn shadow(&self, p: V4) -> F4 {
        Self::shadow(self, p)
    }

    fn materials(&self, p: V4) -> [Material; LANES] {
        Self::materials(self, p)
    }

    fn reach(&self) -> (f32, f32) {
        (25.0, 17.5)
    }

    fn shade(&self, hit: &Hit, lamps: &Lamps) -> V3 {
        match hit.material {
            Material::Cloth | Material::Egg | Material::Scarf => self.cloth(hit, lamps),
            Material::Glasses => {
                let surface = Surface { albedo: v(0.02, 0.02, 0.022), wrap: V3::default(), gloss: 0.5, tight: 5 };
                surface.light(hit, lamps)
            }
            Material::Hair => self.hair(hit, lamps),
            Material::Lens => {
                let surface = Surface { albedo: v(0.012, 0.011, 0.012), wrap: V3::default(), gloss: 0.9, tight: 6 };
                // The room is mirrored weakly, its upper half more.
                let room = lamps.ambient * (0.05 + 0.05 * hit.normal.dot(lamps.up));
                surface.light(hit, lamps) + room
            }
            Material::Skin => paint::skin(self, hit, lamps),
        }
    }
}

/// What a surface does with light.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surface {
    /// Share of light given back, per colour.
    pub albedo: V3,
    /// How far light creeps past the shadow's edge, per colour: skin lets red through.
    pub wrap: V3,
    /// Strength of highlights.
    pub gloss: f32,
    /// Sharpness of highlights: the exponent is 2 to this power.
    pub tight: u32,
}

impl Surface {
    /// Skin of a colour.
    pub fn skin(albedo: V3, gloss: f32) -> Self {
        Self { albedo, wrap: v(0.34, 0.2, 0.15), gloss, tight: 4 }
    }

    /// Light from both lamps and the room.
    pub fn light(&self, hit: &Hit, lamps: &Lamps) -> V3 {
        let key = self.falls(hit.normal.dot(lamps.key)).times(lamps.key_colour) * hit.lit;
        let fill = self.falls(hit.normal.dot(lamps.fill)).times(lamps.fill_colour) * (0.35 + 0.65 * hit.open);
        let sky = 0.72 + 0.28 * hit.normal.dot(lamps.up);
        let room = lamps.ambient * (sky * hit.open);
        let shine = lamps.key_colour * (self.highlight(hit, lamps.key) * hit.lit)
            + lamps.fill_colour * (self.highlight(hit, lamps.fill) * hit.open);
        self.albedo.times(key + fill + room) + shine
    }

    fn falls(&self, cosine: f32) -> V3 {
        let one = |wrap: f32| ((cosine + wrap) / (1.0 + wrap)).max(0.0);
        v(one(self.wrap.x), one(self.wrap.y), one(self.wrap.z))
    }

    fn highlight(&self, hit: &Hit, lamp: V3) -> f32 {
        let half = (lamp - hit.ray).unit();
        let mut power = half.dot(hit.normal).max(0.0);
        for _ in 0..self.tight {
            power *= power;
        }
        let grazing = 1.0 - (-hit.ray.dot(hit.normal)).clamp(0.0, 1.0);
        self.gloss * power * (1.0 + 2.5 * grazing * grazing) * (4.0 * hit.normal.dot(lamp)).clamp(0.0, 1.0)
    }
}

impl Person {
    fn cloth(&self, hit: &Hit, lamps: &Lamps) -> V3 {
        let scarf = hit.material == Material::Scarf;
        let p = if scarf { hit.at } else { self.to_body(hit.at) };
        let weave = 1.0 + 0.05 * self.tile.at(p.x * 9.0, p.y * 9.0) + 0.05 * self.tile.at(p.x * 0.7, p.y * 0.5);
        let mut colour = linear(if scarf { self.who.scarf } else { self.who.garment });
        if self.who.jacket && !scarf {
            // The shirt shows in a V down the front, between dark lapels.
            let opening = 4.6 + (p.y + 15.0) * 0.36;
            let edge = p.x.abs() - opening;
            if edge < 0.0 && p.z > 0.0 {
                colour = v(0.62, 0.64, 0.68);
            } else if edge < 0.35 && p.z > 0.0 {
                colour = colour * 0.45;
            }
        }
        Surface { albedo: colour * weave, wrap: v(0.1, 0.1, 0.1), gloss: 0.02, tight: 2 }.light(hit, lamps)
    }

    fn hair(&self, hit: &Hit, lamps: &Lamps) -> V3 {
        let p = hit.at;
        // Strands run from the crown outwards: fine across, long along.
        let around = self.strand(p);
        let fine = self.tile.at(around * 22.0, p.y * 0.5 + p.z * 0.3);
        let locks = self.tile.at(around * 5.0 + 31.0, p.y * 0.25 + p.z * 0.15);
        let base = linear(self.who.hair_colour);
        let albedo = base * (1.0 + 0.2 * fine + 0.16 * locks).clamp(0.35, 1.9);
        let along = v(0.3 * p.x, -0.9, 0.35 * p.z - 1.0).unit();
        let tangent = (along - hit.normal * along.dot(hit.normal)).unit();
        let shine = |lamp: V3| {
            let half = (lamp - hit.ray).unit();
            let across = half.dot(tangent);
            let s = (1.0 - across * across).max(0.0);
            let s8 = s * s * s * s * s * s * s * s;
            s8 * s8 * hit.normal.dot(lamp).max(0.0)
        };
        let sheen = (base * 0.8 + v(0.02, 0.02, 0.02)) * (0.5 + 0.35 * fine).clamp(0.1, 1.0);
        let body = Surface { albedo, wrap: v(0.2, 0.2, 0.2), gloss: 0.0, tight: 3 }.light(hit, lamps);
        body + sheen.times(lamps.key_colour) * (shine(lamps.key) * hit.lit * 0.55)
            + sheen.times(lamps.fill_colour) * (shine(lamps.fill) * 0.4)
    }

    /// A number that is constant along a strand of hair.
    fn strand(&self, p: V3) -> f32 {
        use super::identity::HairStyle::{Bob, Bun, Curly, Long, Swept};
        let bend = 0.22 * self.tile.at(p.y * 0.16, p.z * 0.12 + p.x * 0.07);
        match self.who.hair {
            Bob | Long => {
                let from_part = p.x.abs() + 0.3 * p.z;
                from_part * 0.33 + 0.3 * bend - 0.35 * p.z
            }
            // A sum of coordinates would have a summit where the head bulges that way, with rings of strands around
            // it. An angle has none: about the line of sight for hair that lies back, about the crown for the rest.
            Curly => 4.2 * atan2(p.x, p.y + 1.0) + 2.0 * bend,
            Swept | Bun => 4.2 * atan2(p.x, p.y + 1.0) + 0.5 * bend,
            _ => 4.2 * atan2(p.x, p.z + 4.0) + bend,
        }
    }
}

/// The egg: an ellipsoid of skin without a feature.
#[derive(Clone, Copy, Debug)]
pub(super) struct Egg {
    pub solid: super::primitives::Ellipsoid,
    pub colour: V3,
}

impl Solid for Egg {
    fn distance(&self, p: V4) -> F4 {
        self.solid.distance(p)
    }

    fn shadow(&self, p: V4) -> F4 {
        self.solid.distance(p)
    }

    fn materials(&self, _p: V4) -> [Material; LANES] {
        [Material::Egg; LANES]
    }

    fn shade(&self, hit: &Hit, lamps: &Lamps) -> V3 {
        Surface::skin(self.colour, 0.05).light(hit, lamps)
    }

    fn reach(&self) -> (f32, f32) {
        (11.0, 14.5)
    }
}
