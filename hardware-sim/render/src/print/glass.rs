//! Dirt on the glass of a scanner. It is the glass's own: it stays where it is, whoever puts a finger there, until
//! somebody wipes it. What one touch alone brings is in `stains`.

use image::GrayImage;

use super::super::maths::{exp, logistic, sin_cos_deg, smoothstep};
use super::super::rng::Rng;
use super::fields::Field;
use super::grow::{HEIGHT, WIDTH};
use super::stains::OTHERS;

/// Square pixels at 500 per inch for each of the former fingers: they overlap on a small sensor.
const ROOM: f32 = 110_000.0;

/// Most former fingers that are drawn.
const MOST: usize = 16;

/// What the ridges of the strongest residue take of the light: it is paler than a finger that is there.
const TAKES: f32 = 0.62;

/// The glass of a scanner: how much of the light every pixel still gives, 1 on a clean one.
#[derive(Clone, Debug)]
pub struct Glass {
    left: Field,
}

impl Glass {
    /// A glass of so many pixels. `film` greys it, unevenly; `residue` are the prints of former fingers. Both from 0 (none)
    /// to 1; values outside are taken as the nearest.
    pub fn dirty(seed: u64, film: f32, residue: f32, width: u32, height: u32, ppi: f32) -> Self {
        let level = |level: f32| if level.is_nan() { 0.0 } else { level.clamp(0.0, 1.0) };
        let scale = if ppi.is_nan() { 1.0 } else { ppi.clamp(100.0, 2000.0) / 500.0 };
        let mut glass = Self { left: Field::flat(width as usize, height as usize, 1.0) };
        if width > 0 && height > 0 {
            glass.film(&mut Rng::stream(seed, 1), level(film), scale);
            glass.residue(&mut Rng::stream(seed, 2), level(residue), scale);
        }
        glass
    }

    /// The part of it that lies at this corner, as large as wanted. What lies beyond the glass is clean.
    #[must_use]
    pub fn part(&self, corner: (u32, u32), width: u32, height: u32) -> Self {
        let (whole, mut left) = (&self.left, Field::flat(width as usize, height as usize, 1.0));
        let (x, y) = (corner.0 as usize, corner.1 as usize);
        let rows = left.values.chunks_exact_mut(left.width.max(1));
        for (row, from) in rows.zip(whole.values.chunks_exact(whole.width.max(1)).skip(y)) {
            row.iter_mut().zip(from.iter().skip(x)).for_each(|(value, from)| *value = *from);
        }
        Self { left }
    }

    /// What a sensor of this glass sees where a clean one sees this picture of the same size.
    pub fn cover(&self, image: &mut GrayImage) {
        for (pixel, left) in image.iter_mut().zip(&self.left.values) {
            *pixel = (f32::from(*pixel) * left).round() as u8;
        }
    }

    /// Grease and scratched coating: darker towards one side, with drops.
    fn film(&mut self, rng: &mut Rng, level: f32, scale: f32) {
        if level <= 0.0 {
            return;
        }
        let left = &mut self.left;
        let (half_x, half_y) = (left.width as f32 / 2.0, left.height as f32 / 2.0);
        let grease = Field::smooth(rng, left.width, left.height, 18.0 * scale);
        let (sine, cosine) = sin_cos_deg(rng.range(0.0, 360.0));
        for (i, value) in left.values.iter_mut().enumerate() {
            let x = ((i % grease.width) as f32 - half_x) / half_x;
            let y = ((i / grease.width) as f32 - half_y) / half_y;
            let light = 0.24 + 0.12 * (x * cosine + y * sine) + 0.05 * (x * x + y * y);
            let drop = 0.16 * (1.0 - exp(-(grease.values[i] - 0.4).max(0.0)));
            *value *= 1.0 - level * (light.max(0.0) + drop);
        }
    }

    /// Prints of former fingers: pale, patchy, one over another, as upright as people put them down.
    fn residue(&mut self, rng: &mut Rng, level: f32, scale: f32) {
        if level <= 0.0 {
            return;
        }
        let (width, height) = (self.left.width as f32, self.left.height as f32);
        let there = width * height / (scale * scale) / ROOM;
        let fingers = ((there * (0.5 + level)).ceil() as usize).clamp(1, MOST);
        for _ in 0..fingers {
            let middle = (rng.range(0.0, width), rng.range(0.0, height));
            let pale = rng.range(0.5, 1.0);
            self.former(rng, middle, level * pale, scale);
        }
    }

    fn former(&mut self, rng: &mut Rng, middle: (f32, f32), level: f32, scale: f32) {
        let master = &OTHERS[rng.below(OTHERS.len())];
        let (sine, cosine) = sin_cos_deg(35.0 * rng.normal());
        let mirror = if rng.chance(0.5) { 1.0 } else { -1.0 };
        let (half_x, half_y) = master.contact;
        let reach = 1.1 * scale * (half_x + half_y);
        let left = &mut self.left;
        let span = |middle: f32, size: usize| {
            let (from, to) = ((middle - reach).max(0.0) as usize, (middle + reach).max(0.0) as usize);
            from.min(size)..to.min(size)
        };
        let (columns, rows) = (span(middle.0, left.width), span(middle.1, left.height));
        let patches = Field::smooth(rng, columns.len(), rows.len(), 30.0 * scale);
        for (at, y) in rows.enumerate() {
            for (across, x) in columns.clone().enumerate() {
                let patch = patches.values[at * patches.width + across];
                let (dx, dy) = ((x as f32 - middle.0) / scale, (y as f32 - middle.1) / scale);
                let (fx, fy) = (mirror * (dx * cosine + dy * sine), dy * cosine - dx * sine);
                let (ux, uy) = (fx / half_x, fy / half_y);
                let touched = 1.0 - smoothstep(0.8, 1.2, ux * ux + uy * uy + 0.12 * patch);
                if touched <= 0.0 {
                    continue;
                }
                let ridge = master.ridges.at(fx + WIDTH as f32 / 2.0, fy + HEIGHT as f32 / 2.0);
                let grease = (0.7 + 0.45 * patch).clamp(0.0, 1.0) * touched;
                left.values[y * left.width + x] *= 1.0 - TAKES * level * grease * logistic(4.0 * (ridge + 0.2));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;

    fn seen(glass: &Glass, width: u32, height: u32) -> GrayImage {
        let mut image = GrayImage::from_pixel(width, height, Luma([250]));
        glass.cover(&mut image);
        image
    }

    fn mean(image: &GrayImage) -> f32 {
        let sum: u64 = image.iter().map(|value| u64::from(*value)).sum();
        sum as f32 / image.len().max(1) as f32
    }

    #[test]
    fn dirt_is_the_glass_s_own_and_grows_with_its_level() {
        let of = |film, residue| seen(&Glass::dirty(7, film, residue, 400, 500, 500.0), 400, 500);
        assert_eq!(of(0.5, 0.5), of(0.5, 0.5));
        assert_eq!(mean(&of(0.0, f32::NAN)), 250.0);
        for (one, more) in [((0.3, 0.0), (0.9, 0.0)), ((0.0, 0.3), (0.0, 0.9))] {
            let [one, more] = [one, more].map(|(film, residue)| mean(&of(film, residue)));
            assert!(more + 5.0 < one && one < 249.0, "{one} {more}");
        }
        let strongest = of(0.0, 1.0);
        assert!(strongest.iter().any(|value| *value < 130) && strongest.iter().any(|value| *value > 245));
    }

    #[test]
    fn a_part_is_what_lies_there_and_beyond_the_glass_it_is_clean() {
        let glass = Glass::dirty(3, 0.8, 0.8, 600, 500, 500.0);
        let (whole, part) = (seen(&glass, 600, 500), seen(&glass.part((450, 100), 200, 450), 200, 450));
        for (x, y, value) in part.enumerate_pixels() {
            let there = whole.get_pixel_checked(x + 450, y + 100).map_or(250, |pixel| pixel.0[0]);
            assert_eq!(value.0[0], there, "{x} {y}");
        }
    }

    #[test]
    fn any_size_and_resolution_work() {
        for (width, height, ppi) in [(0, 0, 500.0), (1, 1, f32::NAN), (40, 3, 1000.0), (3, 60, 0.0)] {
            let glass = Glass::dirty(1, 1.0, 1.0, width, height, ppi);
            assert_eq!(seen(&glass.part((2, 2), 5, 5), 5, 5).dimensions(), (5, 5));
        }
    }
}
