//! What goes wrong between finger and image, each along one axis from 0 to 1. The constants are our measurements:
//! along each axis the real NFIQ 2 score falls steadily.

use super::super::maths::exp;
use super::super::rng::Rng;
use super::fields::{Field, gaussian};
use super::geometry::Skin;
use super::impression::{Stage, Touch, direction};

/// Dry, wet and broken skin change where a ridge begins.
pub(super) fn thin_or_thicken(touch: &mut Touch, threshold: &mut Field) {
    let (dry, wet, broken) = (touch.levels.dryness, touch.levels.wetness, touch.levels.broken);
    if dry > 0.0 {
        let (fine, patches) = (touch.noise(2.2), touch.noise(14.0));
        threshold.values.iter_mut().for_each(|t| *t += 1.15 * dry);
        threshold.add(&fine, 0.75 * dry);
        threshold.add(&patches, 0.5 * dry);
    }
    if wet > 0.0 {
        let (patches, fine) = (touch.noise(14.0), touch.noise(4.0));
        threshold.values.iter_mut().for_each(|t| *t -= 1.25 * wet);
        threshold.add(&patches, -0.45 * wet);
        threshold.add(&fine, -0.35 * wet);
    }
    if broken > 0.0 {
        let mut gaps = touch.noise(2.6);
        gaps.add(&touch.noise(7.0), 0.5);
        let from = 1.9 - 3.2 * broken;
        for (t, gap) in threshold.values.iter_mut().zip(&gaps.values) {
            *t += 3.0 * (gap - from).clamp(0.0, 0.8);
        }
    }
}

/// Creases, scars and smudges cross the ridges.
pub(super) fn cross(touch: &mut Touch, amount: &mut Field, skin: &Skin, finger: u64) {
    smudge(touch.stage(Stage::Smudge), amount);
    touch.stage(Stage::Creases);
    // Lines of the skin belong to the finger: they are in the same place at every touch, roughly.
    let mut own = Rng::stream(finger, 0xC4EA5E);
    let level = 1.35 * touch.levels.creases;
    let mean = 70.0 * level * level.sqrt().sqrt() + 6.0 * (8.0 * level).min(1.0);
    let count = (mean + mean.sqrt() * own.normal()).round().max(0.0) as usize;
    for _ in 0..count {
        let half = 0.5 * own.range(1.0, 2.0 + 6.0 * level);
        let length = own.range(30.0, 50.0 + 280.0 * level);
        let (jitter_x, jitter_y) = (touch.rng.range(-4.0, 4.0), touch.rng.range(-4.0, 4.0));
        let at = (own.range(-200.0, 200.0) + jitter_x, own.range(-240.0, 240.0) + jitter_y);
        let along = direction(&mut own);
        let line = Line { half, length, at, along, curve: own.range(-0.006, 0.006), depth: 0.6 };
        line.draw(touch, amount, skin);
    }
    for scar in skin.scars() {
        let curve = own.range(-0.001, 0.001);
        let half = scar.half_width;
        Line { half, length: scar.length, at: scar.from, along: scar.along, curve, depth: 0.45 }
            .draw(touch, amount, skin);
    }
}

/// A white line over the finger; lengths in pixels of the master, the place from the finger's middle.
struct Line {
    half: f32,
    length: f32,
    at: (f32, f32),
    along: (f32, f32),
    /// Radians a pixel.
    curve: f32,
    /// Share of the ridge that one stamp takes away.
    depth: f32,
}

impl Line {
    fn draw(&self, touch: &Touch, amount: &mut Field, skin: &Skin) {
        let (width, height) = (touch.width as f32, touch.height as f32);
        let half = self.half * touch.scale;
        let reach = (half + 2.0).ceil() as i32;
        let ((mut fx, mut fy), (mut dx, mut dy)) = (self.at, self.along);
        // A pixel of the image from stamp to stamp.
        let step = 1.0 / touch.scale;
        for _ in 0..(self.length * touch.scale) as usize {
            let (x, y) = skin.rigid(fx, fy);
            for (ox, oy) in (-reach..=reach).flat_map(|oy| (-reach..=reach).map(move |ox| (ox, oy))) {
                let (px, py) = (x.floor() + ox as f32, y.floor() + oy as f32);
                if px < 0.0 || py < 0.0 || px >= width || py >= height {
                    continue;
                }
                let off = ((px - x) * (px - x) + (py - y) * (py - y)).sqrt() - half;
                // The line is stamped once per pixel of its length: about three stamps meet in every place.
                let cover = (0.5 - off / 1.6).clamp(0.0, 1.0) * self.depth;
                amount.values[py as usize * touch.width + px as usize] *= 1.0 - cover;
            }
            let turn = self.curve * step;
            (dx, dy) = (dx - turn * dy, dy + turn * dx);
            (fx, fy) = (fx + dx * step, fy + dy * step);
        }
    }
}

/// In patches the ridges slid along one direction.
fn smudge(touch: &mut Touch, amount: &mut Field) {
    let level = touch.levels.smudge;
    if level <= 0.0 {
        return;
    }
    let mut patches = touch.noise(26.0);
    patches.add(&touch.noise(10.0), 0.6);
    let (dx, dy) = direction(&mut touch.rng);
    let reach = (3.0 + 22.0 * level) * touch.scale;
    let steps = 12;
    let from = 1.6 - 3.6 * level;
    let slid: Vec<(usize, f32)> = (0..amount.values.len())
        .filter(|i| patches.values[*i] > from)
        .map(|i| {
            let (x, y) = ((i % touch.width) as f32, (i / touch.width) as f32);
            let sum: f32 = (0..steps)
                .map(|s| (s as f32 / (steps - 1) as f32 - 0.5) * reach)
                .map(|d| amount.at(x + dx * d, y + dy * d))
                .sum();
            let blurred = 0.75 * sum / steps as f32 + 0.12;
            let share = ((patches.values[i] - from) * 2.5).min(1.0);
            (i, amount.values[i] + (blurred - amount.values[i]) * share)
        })
        .collect();
    for (i, value) in slid {
        amount.values[i] = value;
    }
}

/// Coarse grain, weaker where nothing touches.
pub(super) fn dirty(touch: &mut Touch, image: &mut Field, radius: &Field) {
    let level = touch.levels.grain;
    if level <= 0.0 {
        return;
    }
    let (fine, coarse) = (touch.noise(1.3), touch.noise(2.6));
    for i in 0..image.values.len() {
        let strength = if radius.values[i] < 1.0 { level } else { 0.2 * level };
        image.values[i] += strength * (75.0 * fine.values[i] + 70.0 * coarse.values[i]);
    }
}

/// A pale, noisy image.
pub(super) fn fade(touch: &mut Touch, image: &mut Field) {
    let level = touch.levels.low_contrast;
    if level <= 0.0 {
        return;
    }
    let grey = 235.0 - 35.0 * level;
    let keep = exp(-1.75 * level);
    let white = 27.0 * level * level.sqrt().sqrt();
    let fine = touch.noise(1.2);
    for (value, fine) in image.values.iter_mut().zip(&fine.values) {
        *value = grey + (*value - grey) * keep + white * touch.rng.normal() + 8.0 * level * fine;
    }
}

/// The lens out of focus, and a finger that moved: a Gaussian along the way, curved a little, and a narrower one across.
/// (A straight box would bring the ridges back in reverse where it is a period and a half long.)
pub(super) fn soften(touch: &mut Touch, image: &mut Field) {
    let (blur, motion) = (touch.levels.blur, touch.levels.motion);
    let (along, across) = if motion > 0.0 { (0.3 + 4.6 * motion, 0.3 + 2.5 * motion) } else { (0.0, 0.0) };
    let (dx, dy) = direction(&mut touch.rng);
    let curve = touch.rng.range(-0.02, 0.02) / touch.scale;
    let rest = (along * along - across * across).max(0.0).sqrt() * touch.scale;
    if rest > 0.4 {
        let kernel = gaussian(rest);
        let middle = (kernel.len() / 2) as f32;
        let taps: Vec<(f32, f32, f32)> = kernel
            .iter()
            .enumerate()
            .map(|(i, weight)| (i as f32 - middle, *weight))
            .map(|(s, weight)| (s * dx - curve * s * s * dy, s * dy + curve * s * s * dx, weight))
            .collect();
        let still = image.clone();
        for (i, value) in image.values.iter_mut().enumerate() {
            let (x, y) = ((i % touch.width) as f32, (i / touch.width) as f32);
            *value = taps.iter().map(|(ox, oy, weight)| weight * still.at(x + ox, y + oy)).sum();
        }
    }
    let wide = [0.65 * touch.levels.look.lens, 3.4 * blur * touch.scale, across * touch.scale];
    image.blur(wide.iter().map(|sigma| sigma * sigma).sum::<f32>().sqrt());
}
