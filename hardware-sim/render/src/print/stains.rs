//! What is on the platen besides the finger.

use std::sync::LazyLock;

use super::super::maths::{exp, logistic, sin_cos_deg, smoothstep};
use super::fields::Field;
use super::grow::{HEIGHT, Master, WIDTH};
use super::impression::Touch;

/// Fingers that were on the platen before. They are the same few for everybody: turned, shifted and mirrored anew.
pub(super) static OTHERS: LazyLock<[Master; 2]> =
    LazyLock::new(|| [Master::from_seed(0x0074_E125, 2), Master::from_seed(0x0074_E126, 7)]);

/// Grey of an old ridge.
const DARK: f32 = 70.0;

/// Prints that others left: patchy, turned far from the finger's own direction.
pub(super) fn latent(touch: &mut Touch, image: &mut Field) {
    let level = touch.levels.latent;
    if level <= 0.0 {
        return;
    }
    let others = 1 + usize::from(touch.rng.chance(0.5) || level > 0.5);
    for _ in 0..others {
        let master = &OTHERS[touch.rng.below(OTHERS.len())];
        let side = if touch.rng.chance(0.5) { 1.0 } else { -1.0 };
        let (sine, cosine) = sin_cos_deg(side * touch.rng.range(30.0, 150.0));
        let mirror = if touch.rng.chance(0.5) { 1.0 } else { -1.0 };
        let (off_x, off_y) = (touch.rng.range(-60.0, 60.0), touch.rng.range(-60.0, 60.0));
        let patches = touch.noise(30.0);
        let step = 1.0 / touch.scale;
        for (i, value) in image.values.iter_mut().enumerate() {
            let dx = ((i % touch.width) as f32 - touch.width as f32 / 2.0) * step - off_x;
            let dy = ((i / touch.width) as f32 - touch.height as f32 / 2.0) * step - off_y;
            let (fx, fy) = (mirror * (dx * cosine + dy * sine), dy * cosine - dx * sine);
            let ridge = logistic(4.0 * (master.ridges.at(fx + WIDTH as f32 / 2.0, fy + HEIGHT as f32 / 2.0) + 0.2));
            let (ux, uy) = (fx / master.contact.0, fy / master.contact.1);
            let touched = 1.0 - smoothstep(0.85, 1.15, ux * ux + uy * uy + 0.08 * patches.values[i]);
            let patch = (0.55 + 0.5 * level + 0.45 * patches.values[i]).clamp(0.0, 1.0) * touched;
            // Old grease covers what the finger shows.
            let cover = (0.72 * 2.2 * level * patch * ridge).min(0.93);
            *value += (DARK - *value) * cover;
        }
    }
}

/// A platen that is not white: unevenly lit, darker towards one side, with drops of grease.
pub(super) fn background(touch: &mut Touch, image: &mut Field) {
    let level = touch.levels.background;
    if level <= 0.0 {
        return;
    }
    let grease = touch.noise(16.0);
    let (sine, cosine) = sin_cos_deg(touch.rng.range(0.0, 360.0));
    let (half_x, half_y) = (touch.width as f32 / 2.0, touch.height as f32 / 2.0);
    for (i, value) in image.values.iter_mut().enumerate() {
        let x = ((i % touch.width) as f32 - half_x) / half_x;
        let y = ((i / touch.width) as f32 - half_y) / half_y;
        let light = 0.12 + 0.14 * (x * cosine + y * sine) + 0.08 * (x * x + y * y);
        let drop = 0.14 * (1.0 - exp(-(grease.values[i] - 0.4).max(0.0)));
        *value *= 1.0 - (level * (light.max(0.0) + drop)).min(0.7);
    }
}
