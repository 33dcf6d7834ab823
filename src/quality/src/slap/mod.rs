//! Slaps: several fingers on one platen, found, named, and cut out.
//!
//! A device that sends the glass as it lies ([`Segmenter`]) leaves three questions, each answered in its own file: where
//! the fingertips are (`ground`, `parts`, `boxes`), whose they are (`hand`, `reading`), and how one is handed on (`cut`). Whether a finger was put down for another one is
//! asked of every device (`unique`).

mod boxes;
mod cut;
mod ground;
mod hand;
mod parts;
mod reading;
mod unique;

pub use boxes::FingerBox;
pub use cut::cut;
pub use hand::{Fit, fits, hand_of};
pub use reading::{CERTAIN, Problem, Reading, read};
pub use unique::Template;

use domain::units::Ppi;
use ground::Ground;
use parts::Parts;

/// Longest side of a platen that is looked at, in pixels.
pub const MAX_SIDE: u32 = 4096;

/// What lies on a platen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slap {
    /// The fingertips, from left to right across the hand.
    pub fingers: Vec<FingerBox>,
    /// Where the hand points: degrees clockwise from straight up.
    pub rotation: f32,
    /// Pixels in a millimetre.
    pub per_mm: f32,
}

/// Finds fingertips. Its buffers stay for the next picture.
#[derive(Default)]
pub struct Segmenter {
    ground: Ground,
    parts: Parts,
}

impl Segmenter {
    /// A segmenter without buffers yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The fingertips on a platen: 8-bit grey, ridges dark, `width * height` bytes. A picture of another length, or with a
    /// side above [`MAX_SIDE`], shows nothing.
    pub fn segment(&mut self, grey: &[u8], width: usize, height: usize, ppi: Ppi) -> Slap {
        let per_mm = f32::from(ppi.get()) / 25.4;
        let none = Slap { per_mm, ..Slap::default() };
        if width.checked_mul(height) != Some(grey.len()) || width.max(height) > MAX_SIDE as usize {
            return none;
        }
        self.ground.measure(grey, width, height, ppi.get());
        if self.ground.mask.is_empty() {
            return none;
        }
        let mm = self.ground.side as f32 / per_mm;
        self.parts.find(&self.ground, mm);
        let (fingers, rotation) = boxes::boxes(&mut self.ground, &self.parts, mm);
        Slap { fingers, rotation, per_mm }
    }
}

#[cfg(test)]
mod tests;
