//! One touch of a finger on a sensor.

use image::GrayImage;

use super::Master;

/// How a finger was put down. Every defect is a level from 0 (none) to 1; values outside are taken as the nearest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Impression {
    /// Seed of everything that differs between two touches.
    pub seed: u64,
    /// Degrees, clockwise.
    pub rotation: f32,
    /// Millimetres to the right and downwards.
    pub shift: (f32, f32),
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
    /// Patches that slid.
    pub smudge: f32,
    /// Ridges with gaps.
    pub broken: f32,
}

impl Impression {
    /// A good touch, placed and pressed as people do: slightly different for every seed.
    pub fn clean(seed: u64) -> Self {
        Self {
            seed,
            rotation: 0.0,
            shift: (0.0, 0.0),
            dryness: 0.0,
            wetness: 0.0,
            low_contrast: 0.0,
            small_area: 0.0,
            grain: 0.0,
            creases: 0.0,
            blur: 0.0,
            smudge: 0.0,
            broken: 0.0,
        }
    }
}

impl Master {
    /// What a sensor of this size and resolution (pixels per inch, 100..=2000) sees of one touch.
    pub fn impression(&self, _touch: &Impression, width: u32, height: u32, _ppi: f32) -> GrayImage {
        GrayImage::from_pixel(width, height, image::Luma([255]))
    }
}
