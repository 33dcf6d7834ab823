//! How a finger is put down: where, how bent, and what is wrong with it.

use super::super::rng::Rng;

/// How a finger was put down. Every defect is a level from 0 (none) to 1; values outside are taken as the nearest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Impression {
    /// Seed of everything that differs between two touches.
    pub seed: u64,
    /// Degrees, clockwise.
    pub rotation: f32,
    /// Millimetres to the right and downwards, -30..=30.
    pub shift: (f32, f32),
    /// How far the skin was pulled and twisted over the glass, 0..=1: at 1 its rim slid 1.2 mm and turned 9 degrees.
    /// No defect: a pulled print is as clear as another one, but a matcher finds its minutiae elsewhere.
    pub distortion: f32,
    /// Scars of the finger, 0 none, 1 four. They are the finger's own, in the same place at every touch.
    pub scars: f32,
    /// Dry skin: broken, pale ridges.
    pub dryness: f32,
    /// Wet skin or too much pressure: ridges that run together.
    pub wetness: f32,
    /// Pale, noisy image.
    pub low_contrast: f32,
    /// Only a part of the fingertip touches.
    pub small_area: f32,
    /// Coarse grain.
    pub grain: f32,
    /// White lines across the ridges.
    pub creases: f32,
    /// Out of focus.
    pub blur: f32,
    /// The finger moved while the picture was taken.
    pub motion: f32,
    /// Patches that slid.
    pub smudge: f32,
    /// Prints that others left on the platen.
    pub latent: f32,
    /// Ridges with gaps.
    pub broken: f32,
    /// A platen that is grey and unevenly lit. No defect of the finger, nor of its image before ~0.5.
    pub background: f32,
    /// Noise of the sensor beyond the everyday.
    pub noise: f32,
    /// What skin and sensor look like apart from any defect.
    pub look: Look,
}

/// What skin and sensor look like apart from any defect: added to, or multiplied with, what the touch draws. The
/// everyday look changes nothing. A scorer that is trained on one look alone knows nothing else.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Added to where a ridge begins, -0.6..=0.8: below 0 ridges are thicker.
    pub thin: f32,
    /// Times the roughness of the ridges' edges, 0..=3.
    pub rough: f32,
    /// Times the steepness from valley to ridge, 0.3..=3.
    pub steep: f32,
    /// Grey values added to the ridges, -100..=100.
    pub ridge: f32,
    /// Grey values added to the ground, -200..=50.
    pub ground: f32,
    /// Times the fine speckle of the ridges, 0..=3.
    pub speckle: f32,
    /// Times the bends of soft skin, 0..=6.
    pub bend: f32,
    /// Times the blur of the lens, 0..=3.
    pub lens: f32,
}

impl Default for Look {
    fn default() -> Self {
        Self { thin: 0.0, rough: 1.0, steep: 1.0, ridge: 0.0, ground: 0.0, speckle: 1.0, bend: 1.0, lens: 1.0 }
    }
}

impl Look {
    fn bounded(self) -> Self {
        let everyday = Self::default();
        let within =
            |value: f32, least, most, usual: f32| if value.is_nan() { usual } else { value.clamp(least, most) };
        Self {
            thin: within(self.thin, -0.6, 0.8, everyday.thin),
            rough: within(self.rough, 0.0, 3.0, everyday.rough),
            steep: within(self.steep, 0.3, 3.0, everyday.steep),
            ridge: within(self.ridge, -100.0, 100.0, everyday.ridge),
            ground: within(self.ground, -200.0, 50.0, everyday.ground),
            speckle: within(self.speckle, 0.0, 3.0, everyday.speckle),
            bend: within(self.bend, 0.0, 6.0, everyday.bend),
            lens: within(self.lens, 0.0, 3.0, everyday.lens),
        }
    }
}

/// One kind of defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // They are named as the fields of [`Impression`], which are described there.
pub enum Axis {
    Dryness,
    Wetness,
    LowContrast,
    SmallArea,
    Grain,
    Creases,
    Blur,
    Motion,
    Smudge,
    Latent,
    Broken,
}

impl Axis {
    /// Every one.
    pub const ALL: [Self; 11] = [
        Self::Dryness,
        Self::Wetness,
        Self::LowContrast,
        Self::SmallArea,
        Self::Grain,
        Self::Creases,
        Self::Blur,
        Self::Motion,
        Self::Smudge,
        Self::Latent,
        Self::Broken,
    ];

    /// Its name in files and on the command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::Dryness => "dry",
            Self::Wetness => "wet",
            Self::LowContrast => "low-contrast",
            Self::SmallArea => "small-area",
            Self::Grain => "grain",
            Self::Creases => "creases",
            Self::Blur => "blur",
            Self::Motion => "motion",
            Self::Smudge => "smudge",
            Self::Latent => "latent",
            Self::Broken => "broken",
        }
    }

    /// The axis of a name.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|axis| axis.id() == id)
    }
}

impl Impression {
    /// A good touch, placed as people do: turned and shifted a little, differently for every seed.
    pub fn clean(seed: u64) -> Self {
        let mut rng = Rng::stream(seed, 0x70C4);
        Self {
            seed,
            rotation: 4.0 * rng.normal(),
            shift: (0.35 * rng.normal(), 0.45 * rng.normal()),
            distortion: rng.range(0.0, 0.3),
            scars: 0.0,
            dryness: 0.0,
            wetness: 0.0,
            low_contrast: 0.0,
            small_area: 0.0,
            grain: 0.0,
            creases: 0.0,
            blur: 0.0,
            motion: 0.0,
            smudge: 0.0,
            latent: 0.0,
            broken: 0.0,
            background: 0.0,
            noise: 0.0,
            look: Look::default(),
        }
    }

    /// A touch as a whole population makes them, good and bad: most have one or two defects, some none. The shares are
    /// fitted so that the deciles of the real NFIQ 2 score reach from below 20 to above 70.
    pub fn draw(rng: &mut Rng) -> Self {
        let mut touch = Self::clean(rng.bits());
        touch.rotation = 8.0 * rng.normal();
        touch.shift = (0.6 * rng.normal(), 0.8 * rng.normal());
        touch.distortion = rng.range(0.0, 0.6);
        if rng.chance(0.12) {
            touch.scars = rng.range(0.1, 0.8);
        }
        let defects = match rng.unit() {
            draw if draw < 0.22 => 0,
            draw if draw < 0.58 => 1,
            draw if draw < 0.87 => 2,
            _ => 3,
        };
        for _ in 0..defects {
            let axis = Axis::ALL[rng.below(Axis::ALL.len())];
            // Slight defects are commoner than grave ones.
            let level = rng.range(0.1, 1.0) * rng.range(0.55, 1.0);
            touch = touch.with(axis, touch.level(axis).max(level));
        }
        touch
    }

    /// The level of a defect.
    pub fn level(&self, axis: Axis) -> f32 {
        let mut copy = *self;
        *copy.of(axis)
    }

    /// The same touch with another level of a defect.
    #[must_use]
    pub fn with(mut self, axis: Axis, level: f32) -> Self {
        *self.of(axis) = level;
        self
    }

    /// How bad the touch is: the level of its worst defect or of the sensor's noise, 0..=1.
    pub fn degradation(&self) -> f32 {
        let levels = Axis::ALL.into_iter().map(|axis| self.level(axis)).chain([self.noise]);
        levels.map(|level| level.clamp(0.0, 1.0)).fold(0.0, f32::max)
    }

    fn of(&mut self, axis: Axis) -> &mut f32 {
        match axis {
            Axis::Dryness => &mut self.dryness,
            Axis::Wetness => &mut self.wetness,
            Axis::LowContrast => &mut self.low_contrast,
            Axis::SmallArea => &mut self.small_area,
            Axis::Grain => &mut self.grain,
            Axis::Creases => &mut self.creases,
            Axis::Blur => &mut self.blur,
            Axis::Motion => &mut self.motion,
            Axis::Smudge => &mut self.smudge,
            Axis::Latent => &mut self.latent,
            Axis::Broken => &mut self.broken,
        }
    }

    /// Levels within 0..=1, and not below those of everyday touches.
    pub(super) fn bounded(mut self) -> Self {
        for axis in Axis::ALL {
            // Everyday defects of every good print: without them scores scatter twice as far.
            let floor = match axis {
                Axis::Creases => 0.06,
                Axis::Smudge => 0.03,
                Axis::Broken => 0.06,
                _ => 0.0,
            };
            let level = self.of(axis);
            *level = if level.is_nan() { floor } else { level.clamp(floor, 1.0) };
        }
        for level in [&mut self.distortion, &mut self.scars, &mut self.background, &mut self.noise] {
            *level = if level.is_nan() { 0.0 } else { level.clamp(0.0, 1.0) };
        }
        for length in [&mut self.shift.0, &mut self.shift.1] {
            *length = if length.is_nan() { 0.0 } else { length.clamp(-30.0, 30.0) };
        }
        self.look = self.look.bounded();
        self.rotation = if self.rotation.is_finite() { self.rotation % 360.0 } else { 0.0 };
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_axis_has_a_name_and_a_level_of_its_own() {
        for axis in Axis::ALL {
            assert_eq!(Axis::from_id(axis.id()), Some(axis));
            let touch = Impression::clean(1).with(axis, 0.7);
            let set: Vec<Axis> = Axis::ALL.into_iter().filter(|other| touch.level(*other) > 0.5).collect();
            assert_eq!(set, [axis]);
            assert!((touch.degradation() - 0.7).abs() < 1e-6, "{}", touch.degradation());
        }
        assert_eq!(Axis::from_id("nothing"), None);
        let noisy = Impression { noise: 0.9, ..Impression::clean(1) };
        assert!((noisy.degradation() - 0.9).abs() < 1e-6, "{}", noisy.degradation());
    }
}
