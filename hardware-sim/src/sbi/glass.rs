//! The picture of the whole glass.

use super::Service;
use crate::stage::Platen;
use image::imageops::{FilterType, resize};
use image::{GrayImage, Luma};
use render::Rng;
use render::print::slap::{HEIGHT, HandPose, Slap, WIDTH};
use render::print::{Impression, Master};
use std::sync::{Arc, PoisonError};

/// The newest placement that was looked at, and its picture.
pub type Seen = Option<(Arc<Platen>, Arc<GrayImage>)>;

impl Service {
    /// The whole glass as the sensor sees it, 3.2 by 3.0 inches at 500 pixels per inch. Drawn once for each placement,
    /// which takes a while.
    pub(super) fn glass(&self, platen: &Arc<Platen>) -> Arc<GrayImage> {
        // Held while it is drawn: whoever else wants it waits for the same picture.
        let mut seen = self.glass.lock().unwrap_or_else(PoisonError::into_inner);
        match &*seen {
            Some((known, image)) if Arc::ptr_eq(known, platen) => Arc::clone(image),
            _ => {
                let image = Arc::new(draw(platen));
                *seen = Some((Arc::clone(platen), Arc::clone(&image)));
                image
            }
        }
    }

    /// The free glass, as large as this.
    pub(super) fn free_glass(&self, width: u32, height: u32) -> GrayImage {
        match self.stage.slap_glass() {
            None => GrayImage::from_pixel(width, height, Luma([255])),
            Some(glass) => {
                let mut whole = GrayImage::from_pixel(WIDTH, HEIGHT, Luma([255]));
                glass.cover(&mut whole);
                resize(&whole, width, height, FilterType::Triangle)
            }
        }
    }
}

/// What the sensor makes of a picture in one exposure: no two are alike to the last bit, though nothing moves.
pub fn exposed(image: &GrayImage, exposure: u64) -> GrayImage {
    let mut noise = Rng::stream(exposure, 0xE905);
    let mut shot = image.clone();
    for pixels in shot.chunks_mut(32) {
        let bits = noise.bits();
        for (at, grey) in pixels.iter_mut().enumerate() {
            // One level up or down, or as often none.
            *grey = match bits >> (2 * at) & 3 {
                0 => grey.saturating_sub(1),
                1 => grey.saturating_add(1),
                _ => *grey,
            };
        }
    }
    shot
}

fn draw(platen: &Platen) -> GrayImage {
    let fingers: Vec<(u8, &Master, &Impression)> =
        platen.fingers.iter().map(|laid| (laid.finger.code(), &*laid.master, &laid.touch)).collect();
    let seed = platen.fingers.iter().fold(0, |seed: u64, laid| seed.rotate_left(7) ^ laid.touch.seed);
    let pose = HandPose { rotation: platen.pose.rotation, seed, ..HandPose::default() };
    let mut image = Slap::lay(&fingers, pose, WIDTH, HEIGHT).image;
    if let Some(glass) = &platen.glass {
        glass.cover(&mut image);
    }
    image
}
