//! From grey to ridge or valley: smoothing along the ridges, a band-pass across them, then the sign.

use super::bits::Bits;
use super::field::{BLOCK, DIRECTIONS, Field};

/// Pixels around the picture that filters may look at.
const PAD: usize = 16;

/// Half the side of the square whose mean is taken off first, in pixels: wider than a ridge with its valleys.
const MEAN: usize = 8;

/// Reach of the filters to either side, in pixels.
const ALONG: i32 = 5;
const ACROSS: i32 = 7;

/// Widths of the filters along and across the ridges: standard deviations in pixels.
const ALONG_SIGMA: f32 = 2.8;
const ACROSS_SIGMA: f32 = 3.0;

/// Ridge periods that the band-pass is made for, in pixels at 500 ppi: children to large hands.
const PERIODS: [f32; 4] = [6.5, 8.0, 9.5, 11.5];

/// One block in so many is looked at to choose the period.
const SAMPLE: usize = 7;

/// A tap: where, relative to the pixel in the padded picture, and how much of 128.
type Taps = Vec<(isize, i16)>;

/// The filters and their pictures in between.
#[derive(Default)]
pub(super) struct Enhancer {
    /// Pixels in a row of the padded pictures for which the taps were made.
    stride: usize,
    along: Vec<Taps>,
    across: [Vec<Taps>; PERIODS.len()],
    level: Vec<i16>,
    smooth: Vec<i16>,
    columns: Vec<u32>,
}

impl Enhancer {
    /// Sets the bits of ridge pixels.
    pub fn enhance(&mut self, grey: &[u8], width: usize, height: usize, field: &Field, ridges: &mut Bits) {
        self.prepare(width);
        self.take_off_mean(grey, width, height);
        self.smooth.clear();
        self.smooth.resize(self.level.len(), 0);
        for (row, column) in blocks(field) {
            let taps = &self.along[usize::from(field.at(column * BLOCK, row * BLOCK).direction)];
            let at = self.at(column * BLOCK, row * BLOCK);
            for line in 0..BLOCK {
                let at = at + line * self.stride;
                let sum = filtered(&self.level, at, taps);
                // 128 parts again: the sum of all taps is that much at most.
                let dst = &mut self.smooth[at..at + BLOCK];
                dst.iter_mut().zip(sum).for_each(|(to, sum)| *to = sum >> 6);
            }
        }
        let period = self.choose_period(field);
        ridges.reset(width, height);
        for (row, column) in blocks(field) {
            let block = field.at(column * BLOCK, row * BLOCK);
            if !block.inside {
                continue;
            }
            let taps = &self.across[period][usize::from(block.direction)];
            let at = self.at(column * BLOCK, row * BLOCK);
            for line in 0..BLOCK {
                let sum = filtered(&self.smooth, at + line * self.stride, taps);
                let byte = (0..BLOCK).fold(0u64, |byte, x| byte | u64::from(sum[x] < 0) << x);
                let x = column * BLOCK;
                ridges.row_mut(row * BLOCK + line)[x / 64] |= byte << (x % 64);
            }
        }
    }

    fn at(&self, x: usize, y: usize) -> usize {
        (y + PAD) * self.stride + x + PAD
    }

    /// Makes the taps, unless they are there for pictures of this width.
    fn prepare(&mut self, width: usize) {
        let stride = width + 2 * PAD;
        if self.stride == stride {
            return;
        }
        self.stride = stride;
        let angles = (0..DIRECTIONS).map(|step| step as f32 * core::f32::consts::PI / DIRECTIONS as f32);
        let gauss = |t: f32, sigma: f32| (-t * t / (2.0 * sigma * sigma)).exp();
        self.along = angles.clone().map(|angle| taps(angle, ALONG, stride, |t| gauss(t, ALONG_SIGMA), false)).collect();
        self.across = PERIODS.map(|period| {
            let wave = |t: f32| (core::f32::consts::TAU * t / period).cos() * gauss(t, ACROSS_SIGMA);
            let turn = core::f32::consts::FRAC_PI_2;
            angles.clone().map(|angle| taps(angle + turn, ACROSS, stride, wave, true)).collect()
        });
    }

    /// The picture less the mean of the square around each pixel.
    fn take_off_mean(&mut self, grey: &[u8], width: usize, height: usize) {
        self.level.clear();
        self.level.resize(self.stride * (height + 2 * PAD), 0);
        self.columns.clear();
        self.columns.resize(width, 0);
        let row = |y: usize| &grey[y * width..][..width];
        for y in 0..MEAN.min(height) {
            self.columns.iter_mut().zip(row(y)).for_each(|(sum, level)| *sum += u32::from(*level));
        }
        for y in 0..height {
            if y + MEAN < height {
                self.columns.iter_mut().zip(row(y + MEAN)).for_each(|(sum, level)| *sum += u32::from(*level));
            }
            if let Some(gone) = y.checked_sub(MEAN + 1) {
                self.columns.iter_mut().zip(row(gone)).for_each(|(sum, level)| *sum -= u32::from(*level));
            }
            let lines = (y + MEAN).min(height - 1) + 1 - y.saturating_sub(MEAN);
            let to = self.at(0, y);
            let mut sum: u32 = self.columns[..MEAN.min(width)].iter().sum();
            for (x, level) in row(y).iter().enumerate() {
                if x + MEAN < width {
                    sum += self.columns[x + MEAN];
                }
                if let Some(gone) = x.checked_sub(MEAN + 1) {
                    sum -= self.columns[gone];
                }
                let across = (x + MEAN).min(width - 1) + 1 - x.saturating_sub(MEAN);
                let mean = sum / (lines * across) as u32;
                self.level[to + x] = i16::from(*level) - mean as i16;
            }
        }
    }

    /// The period whose band-pass answers most.
    fn choose_period(&self, field: &Field) -> usize {
        let mut energies = [0i64; PERIODS.len()];
        for (row, column) in blocks(field).step_by(SAMPLE) {
            let block = field.at(column * BLOCK, row * BLOCK);
            if block.depth < 2 {
                continue;
            }
            let at = self.at(column * BLOCK, row * BLOCK + BLOCK / 2);
            for (energy, taps) in energies.iter_mut().zip(&self.across) {
                let sum = filtered(&self.smooth, at, &taps[usize::from(block.direction)]);
                *energy += sum.iter().map(|sum| i64::from(*sum) * i64::from(*sum)).sum::<i64>();
            }
        }
        (0..PERIODS.len()).max_by_key(|at| energies[*at]).unwrap_or(0)
    }
}

/// Row and column of every block that lies whole in the picture.
fn blocks(field: &Field) -> impl Iterator<Item = (usize, usize)> + use<> {
    let columns = field.columns;
    (0..field.rows).flat_map(move |row| (0..columns).map(move |column| (row, column)))
}

/// The filter's answers for the pixels of one line of a block.
fn filtered(from: &[i16], at: usize, taps: &Taps) -> [i16; BLOCK] {
    let mut sum = [0i16; BLOCK];
    for (offset, weight) in taps {
        let from = &from[at.wrapping_add_signed(*offset)..][..BLOCK];
        for (sum, level) in sum.iter_mut().zip(from) {
            *sum = sum.wrapping_add(level.wrapping_mul(*weight));
        }
    }
    sum
}

/// Taps along a line through the pixel. Weights are scaled so that no sum of [-255, 255] leaves 16 bits; those of a
/// band-pass add up to nothing.
fn taps(angle: f32, reach: i32, stride: usize, weight: impl Fn(f32) -> f32, band_pass: bool) -> Taps {
    let (sin, cos) = angle.sin_cos();
    let weights: Vec<f32> = (-reach..=reach).map(|t| weight(t as f32)).collect();
    let mean = if band_pass { weights.iter().sum::<f32>() / weights.len() as f32 } else { 0.0 };
    let size: f32 = weights.iter().map(|weight| (weight - mean).abs()).sum();
    let scaled = weights.iter().map(|weight| ((weight - mean) * 64.0 / size).round() as i16);
    (-reach..=reach)
        .zip(scaled)
        .map(|(t, weight)| {
            let (dx, dy) = ((t as f32 * cos).round() as isize, (t as f32 * sin).round() as isize);
            (dy * stride as isize + dx, weight)
        })
        .filter(|(_, weight)| *weight != 0)
        .collect()
}
