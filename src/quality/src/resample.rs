//! Another resolution, in memory that stays: after the first picture of a size nothing is allocated.

use crate::simd::{self, Kernel};
use zeroize::Zeroize;

/// Reach of the Catmull-Rom kernel in pixels of the coarser picture.
const REACH: f32 = 2.0;

/// Resamples with the Catmull-Rom kernel, widened when the picture shrinks so that nothing aliases: first down the
/// columns, then along the rows. Beyond the edge nothing is assumed: the taps that are inside share the weight.
#[derive(Default)]
pub(crate) struct Resampler {
    down: Taps,
    along: Taps,
    /// One row of the new picture, as wide as the old one.
    row: Vec<f32>,
    grey: Vec<u8>,
}

/// Of every new pixel of a line, the old ones that it is made of.
#[derive(Default)]
struct Taps {
    /// Lengths of the old and of the new line.
    sides: (usize, usize),
    /// First old pixel, and where its weights begin.
    spans: Vec<(usize, usize)>,
    weights: Vec<f32>,
}

impl Resampler {
    /// The picture in another size: 8-bit grey, rows from the top. No side may be 0, and `grey` has to hold
    /// `width * height` bytes.
    pub fn resample(&mut self, grey: &[u8], (width, height): (usize, usize), to: (usize, usize)) -> &[u8] {
        self.along.set(width, to.0);
        self.down.set(height, to.1);
        let Self { down, along, row, grey: out } = self;
        row.clear();
        row.resize(width, 0.0);
        out.clear();
        out.resize(to.0 * to.1, 0);
        simd::best(Passes { grey, width, down, along, row, out });
        &self.grey
    }
}

/// What is left of a print is not left in memory.
impl Drop for Resampler {
    fn drop(&mut self) {
        self.row.zeroize();
        self.grey.zeroize();
    }
}

impl Taps {
    fn set(&mut self, from: usize, to: usize) {
        if self.sides == (from, to) {
            return;
        }
        self.sides = (from, to);
        self.spans.clear();
        self.weights.clear();
        let ratio = from as f32 / to as f32;
        let widened = ratio.max(1.0);
        for place in 0..to {
            let middle = (place as f32 + 0.5) * ratio;
            let first = ((middle - REACH * widened).floor().max(0.0) as usize).min(from - 1);
            let end = ((middle + REACH * widened).ceil() as usize).clamp(first + 1, from);
            let begins = self.weights.len();
            self.weights.extend((first..end).map(|at| catmull_rom((at as f32 - (middle - 0.5)) / widened)));
            let sum: f32 = self.weights[begins..].iter().sum();
            self.weights[begins..].iter_mut().for_each(|weight| *weight /= sum);
            self.spans.push((first, begins));
        }
        self.spans.push((from, self.weights.len()));
    }

    /// The first old pixel of a new one, and the weights from there on.
    #[inline(always)]
    fn of(&self, place: usize) -> (usize, &[f32]) {
        let (first, begins) = self.spans[place];
        (first, &self.weights[begins..self.spans[place + 1].1])
    }
}

fn catmull_rom(x: f32) -> f32 {
    match x.abs() {
        x if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
        x if x < REACH => ((2.5 - 0.5 * x) * x - 4.0) * x + 2.0,
        _ => 0.0,
    }
}

struct Passes<'a> {
    grey: &'a [u8],
    width: usize,
    down: &'a Taps,
    along: &'a Taps,
    row: &'a mut [f32],
    out: &'a mut [u8],
}

impl Kernel for Passes<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { grey, width, down, along, row, out } = self;
        for (y, line) in out.chunks_exact_mut(along.sides.1).enumerate() {
            let (top, weights) = down.of(y);
            row.fill(0.0);
            for (old, weight) in grey[top * width..].chunks_exact(width).zip(weights) {
                for (sum, &level) in row.iter_mut().zip(old) {
                    *sum += weight * f32::from(level);
                }
            }
            for (x, level) in line.iter_mut().enumerate() {
                let (left, weights) = along.of(x);
                let sum = row[left..].iter().zip(weights).fold(0.0, |sum, (level, weight)| sum + weight * level);
                *level = (sum + 0.5).clamp(0.0, 255.0) as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::imageops::{FilterType, resize};
    use image::{ImageBuffer, Luma};

    #[test]
    fn pictures_are_those_of_the_image_crate_but_for_rounding() {
        let mut resampler = Resampler::default();
        for (from, to) in [
            ((300usize, 240usize), (150usize, 120usize)),
            ((192, 192), (189, 189)),
            ((256, 300), (254, 298)),
            ((101, 57), (202, 114)),
            ((640, 480), (250, 188)),
            ((1, 1), (3, 2)),
            ((5, 1), (1, 1)),
            ((40, 3), (40, 3)),
        ] {
            let grey: Vec<u8> = (0..from.0 * from.1).map(|at| (at * 7919 % 256) as u8 ^ (at / 90) as u8).collect();
            let source: ImageBuffer<Luma<u8>, _> =
                ImageBuffer::from_raw(from.0 as u32, from.1 as u32, grey.as_slice()).unwrap();
            let known = resize(&source, to.0 as u32, to.1 as u32, FilterType::CatmullRom).into_raw();
            let ours = resampler.resample(&grey, from, to);
            assert_eq!(ours.len(), known.len());
            let off = ours.iter().zip(&known).map(|(a, b)| a.abs_diff(*b)).max();
            assert!(off <= Some(1), "{from:?} to {to:?}: {off:?}");
        }
    }
}
