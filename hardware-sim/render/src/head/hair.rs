//! Hair as a solid shell around the skull, cut free of face and ears; or the scarf over it.

use super::super::maths::{atan2, sin, smoothstep};
use super::super::noise::Tile;
use super::figure::Material;
use super::identity::{HairStyle, Identity};
use super::lanes::{F4, V4};
use super::primitives::{Ellipsoid, carve, common, join, sphere};
use super::vec::{V3, v};

/// One head's hair.
#[derive(Clone, Debug)]
pub(super) struct Hair {
    style: HairStyle,
    shell: Ellipsoid,
    curtain: Ellipsoid,
    face: Ellipsoid,
    throat: Ellipsoid,
    wrap: Ellipsoid,
    knot: V3,
    parting: f32,
    lock: f32,
}

impl Hair {
    pub fn new(who: &Identity) -> Self {
        use HairStyle::{Bald, Beanie, Bob, Bun, Buzz, Curly, Long, Scarf, Short, Swept, Turban};
        let (wide, high) = (who.skull_width, who.skull_height);
        let thick = match who.hair {
            Bald | Buzz => 0.0,
            Bun => 0.45,
            Short => 0.65,
            Swept => 0.8,
            Bob | Long => 0.85,
            Scarf => 0.75,
            Beanie => 0.7,
            Curly => 1.9,
            Turban => 1.5,
        };
        let lift = match who.hair {
            Swept | Curly => 0.9,
            Beanie => 0.5,
            Turban => 1.3,
            Bob | Long => 0.25,
            _ => 0.1,
        };
        let (drop, reach) = match who.hair {
            Bob => (-5.5, 11.5),
            Scarf => (-6.5, 10.5),
            _ => (-9.5, 18.0),
        };
        let recede = if who.ruggedness > 0.5 { 1.4 * who.age } else { 0.0 };
        Self {
            style: who.hair,
            shell: Ellipsoid::new(
                v(0.0, 3.1 + lift, -0.9 - 0.3 * thick),
                v(7.45 * wide + thick, 8.5 * high + thick, 9.5 + 0.8 * thick),
            ),
            curtain: Ellipsoid::new(v(0.0, drop + 4.0, -3.2), v(9.3 * wide, reach, 6.8)),
            face: if who.hair == Scarf {
                Ellipsoid::new(v(0.0, -2.9, 11.0), v(6.0 * wide, 9.6 * who.face_length, 12.5))
            } else {
                Ellipsoid::new(v(0.0, -3.2 + recede, 10.5), v(6.75 * wide, 10.3 + 0.3 * recede, 8.6))
            },
            throat: Ellipsoid::new(v(0.0, -15.0, 5.5), v(6.2, 9.5, 8.2)),
            wrap: Ellipsoid::new(v(0.0, -17.6, -1.6), v(9.4, 7.6, 9.0)),
            knot: v(0.0, 9.5, -8.5),
            parting: if who.seed & 1 == 0 { 2.4 } else { -2.4 },
            lock: if matches!(who.hair, Curly) { 0.34 } else { 0.16 },
        }
    }

    /// Hair, or cloth for a scarf.
    pub fn material(&self) -> Material {
        match self.style {
            HairStyle::Beanie | HairStyle::Scarf | HairStyle::Turban => Material::Scarf,
            _ => Material::Hair,
        }
    }

    /// Distance to the hair, or a bound below it; far away where there is none.
    #[inline]
    pub fn distance(&self, p: V4, tile: &Tile) -> F4 {
        use HairStyle::{Bald, Beanie, Bob, Bun, Buzz, Curly, Long, Scarf, Short, Swept, Turban};
        if matches!(self.style, Bald | Buzz) {
            return F4::all(f32::MAX);
        }
        let shell = self.shell.distance(p);
        let cap = match self.style {
            Bob | Long => join(shell, self.curtain.distance(p), 1.5),
            Scarf => join(join(shell, self.curtain.distance(p), 3.0), self.wrap.distance(p), 2.0),
            Bun => join(shell, sphere(p, self.knot, 2.9), 0.4),
            Bald | Beanie | Buzz | Curly | Short | Swept | Turban => shell,
        };
        let loose = 0.4 + 3.0 * self.lock;
        if cap.least() > 2.0 * loose {
            return cap - loose;
        }
        let rough = self.rough(p, tile);
        if matches!(self.style, Beanie | Turban) {
            return common(cap + rough, Self::above_brows(p, self.style == Turban), 0.5);
        }
        let cut = carve(cap + rough, self.face.distance(p) + rough * 0.4, 0.7);
        match self.style {
            Short | Swept | Bun | Curly => common(cut, self.above_ears(p) + rough, 0.6),
            Bob | Long => self.parted(p, carve(cut, self.throat.distance(p) + rough, 1.2)),
            Bald | Beanie | Buzz | Scarf | Turban => cut,
        }
    }

    /// Locks, or the folds of a scarf.
    #[inline]
    fn rough(&self, p: V4, tile: &Tile) -> F4 {
        F4(std::array::from_fn(|i| {
            let p = p.lane(i);
            match self.style {
                HairStyle::Scarf => 0.12 * tile.at(p.x * 0.35 + p.y * 0.2, p.y * 0.3 - p.z * 0.2),
                HairStyle::Turban => wound(p, tile),
                // Knitted ribs run up to the crown.
                HairStyle::Beanie => 0.05 * sin(20.0 * atan2(p.x, p.z + 0.9)) + 0.05 * tile.at(p.x * 0.4, p.y * 0.4),
                _ => self.lock * tile.at(p.x * 0.9 + p.z * 0.45 + 9.0, p.y * 0.5 + p.z * 0.5),
            }
        }))
    }

    /// Hair of the short styles ends here: above a line that falls from the temple behind the ear to the nape.
    #[inline]
    fn above_ears(&self, p: V4) -> F4 {
        let ear = sphere(p.folded(), v(8.0, -1.1, -0.6), 2.6);
        let line = (p.z * 0.62 - p.y - 0.3) * 0.85;
        line.max(-ear)
    }

    /// A cap ends here: on the forehead, above the ears, and lower at the nape. A turban's edge rises to a point.
    #[inline]
    fn above_brows(p: V4, peaked: bool) -> F4 {
        let slope = if peaked { 0.3 } else { 0.24 };
        let peak = if peaked { 0.22 } else { 0.0 };
        // From 4.3 (5 in the peak) at the front of the forehead down to 2 above the ears.
        let edge = p.z * slope + 2.1 - p.x.abs() * peak + 3.0 * peak;
        (edge - p.y) * 0.92
    }

    /// A shallow valley where the hair falls to both sides.
    #[inline]
    fn parted(&self, p: V4, d: F4) -> F4 {
        let across = (p.x - self.parting) * 1.3;
        let depth = F4::all(0.35).over(across * across * 4.0 + 1.0);
        d + depth.zip(p.y, |depth, y| depth * ((y - 2.0) * 0.5).clamp(0.0, 1.0))
    }
}

/// The layers of a turban: from both sides they rise to the middle of the forehead, one over the other.
fn wound(p: V3, tile: &Tile) -> f32 {
    let slant = if p.x < 0.0 { 0.55 } else { -0.7 };
    let layer = (p.y + slant * p.x) * 0.36 + 0.25 * tile.at(p.x * 0.12, p.z * 0.12);
    let within = layer - (layer + 64.0).floor() + 64.0;
    // Each layer swells slowly and ends soon.
    let swell = within * within * (1.0 - smoothstep(0.82, 1.0, within));
    0.3 * swell - 0.12 + 0.05 * tile.at(p.x * 0.5 + 3.0, p.y * 0.5)
}
