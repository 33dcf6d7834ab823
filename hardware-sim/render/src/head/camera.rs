//! What the camera makes of the light: blur, white balance, tone, noise.

use std::borrow::Cow;

use image::{Rgb, RgbImage};

use super::super::rng::Rng;
use super::blur;
use super::march::Canvas;
use super::pose::Scene;

/// The picture before noise and caption.
pub(super) fn develop(canvas: &Canvas, scene: &Scene) -> RgbImage {
    let scale = canvas.height as f32 / 480.0;
    let mut light = Cow::Borrowed(canvas);
    let (motion, radius) = (scene.motion.clamp(0.0, 40.0) * scale, scene.defocus.clamp(0.0, 16.0) * scale);
    let sigma = scene.blur.clamp(0.0, 8.0) * scale;
    if motion > 0.5 {
        light = Cow::Owned(blur::streak(&light, motion, scene.motion_angle));
    }
    if radius > 0.5 {
        light = Cow::Owned(blur::disc(&light, radius));
    }
    if sigma > 0.2 {
        light = Cow::Owned(blur::soft(&light, sigma));
    }
    let exposure = scene.light.exposure.clamp(0.0, 16.0);
    let balance = scene.white_balance.clamp(-1.0, 1.0);
    // Half a stop between red and blue at the ends: a camera set for a lamp of quite another colour.
    let gains = [1.0 + 0.22 * balance, 1.0 + 0.02 * balance, 1.0 - 0.3 * balance].map(|gain| gain * exposure);
    let mut image = RgbImage::new(canvas.width as u32, canvas.height as u32);
    for (pixel, light) in image.pixels_mut().zip(&light.pixels) {
        let [red, green, blue] = gains;
        *pixel = Rgb([light.x * red, light.y * green, light.z * blue].map(|c| (tone(c) * 255.0 + 0.5) as u8));
    }
    image
}

/// Adds the sensor's noise, different for every frame.
pub(super) fn add_noise(image: &mut RgbImage, scene: &Scene, frame: u64) {
    let sigma = scene.noise.clamp(0.0, 40.0);
    if sigma <= 0.0 {
        return;
    }
    // Drawing from a table and starting every row elsewhere in it is many times cheaper than new numbers.
    let mut rng = Rng::stream(scene.seed ^ 0xCA3E, frame);
    let table: Vec<i16> = (0..4099).map(|_| (rng.normal() * sigma * 16.0) as i16).collect();
    let row_bytes = image.width() as usize * 3;
    for row in image.chunks_exact_mut(row_bytes.max(1)) {
        let mut place = rng.below(table.len());
        for value in row {
            // The seven bits after the point are dithered by the value's own place, so that weak noise is not lost.
            let noise = (table[place] + 8) >> 4;
            *value = (i16::from(*value) + noise).clamp(0, 255) as u8;
            place += 1;
            if place == table.len() {
                place = 0;
            }
        }
    }
}

/// From linear light to sRGB: a soft shoulder above three quarters, then Ian Taylor's square-root form of the curve.
fn tone(x: f32) -> f32 {
    let x = if x > 0.75 {
        let over = ((x - 0.75) / 0.5).min(1.0);
        0.75 + 0.25 * over * (2.0 - over)
    } else {
        x.max(0.0)
    };
    let root = x.sqrt();
    let fourth = root.sqrt();
    (0.662_002_7 * root + 0.684_122_1 * fourth - 0.323_583_6 * fourth.sqrt() - 0.022_541_1 * x).clamp(0.0, 1.0)
}
