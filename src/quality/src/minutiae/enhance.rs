//! From grey to ridge or valley: smoothing along the ridges, a band-pass across them, then the sign.

use super::bits::Bits;
use super::field::{BLOCK, DIRECTIONS, Field};
use core::f64::consts::{FRAC_PI_2, PI, TAU};
use zeroize::Zeroize;

/// Pixels around the picture that filters may look at.
const PAD: usize = 16;

/// Half the side of the square whose mean is taken off first, in pixels: wider than a ridge with its valleys.
const MEAN: usize = 8;

/// Smoothing along the ridges in two steps: the pixels next to each other, then every third of what that gave. Reach to
/// either side, distance of the taps and standard deviation, in pixels: a crease is bridged, and a turn of the ridges
/// is followed from block to block.
const ALONG: [(i32, usize, f64); 2] = [(2, 1, 1.5), (9, 3, 5.0)];

/// The band-pass across the ridges: reach and standard deviation in pixels.
const ACROSS: i32 = 7;
const ACROSS_SIGMA: f64 = 3.0;

/// Ridge periods that the band-pass is made for, in pixels at 500 ppi: children to large hands.
const PERIODS: [f64; 4] = [6.5, 8.0, 9.5, 11.5];

/// One block in so many is looked at to choose the period.
const SAMPLE: usize = 7;

/// Taps on a line at most.
const MOST: usize = 2 * ACROSS as usize + 1;

/// Taps on a line through a pixel.
#[derive(Clone, Copy, Default)]
struct Taps {
    /// Columns and rows from the pixel.
    places: [(i8, i8); MOST],
    /// How much of 64. Those of a band-pass add up to nothing.
    weights: [i16; MOST],
    count: usize,
}

/// The filters and their pictures in between.
pub(super) struct Enhancer {
    /// Pixels in a row of the padded pictures.
    stride: usize,
    along: [[Taps; DIRECTIONS]; ALONG.len()],
    across: [[Taps; DIRECTIONS]; PERIODS.len()],
    level: Vec<i16>,
    half: Vec<i16>,
    smooth: Vec<i16>,
    response: Vec<i16>,
    columns: Vec<u32>,
}

impl Default for Enhancer {
    fn default() -> Self {
        let angles = core::array::from_fn(|step| step as f64 * PI / DIRECTIONS as f64);
        let gauss = |t: f64, sigma: f64| (-t * t / (2.0 * sigma * sigma)).exp();
        let along = ALONG.map(|(reach, step, sigma)| {
            let line = Line { reach, step };
            angles.map(|angle| line.taps(angle, |t| gauss(t, sigma), false))
        });
        let across = PERIODS.map(|period| {
            let line = Line { reach: ACROSS, step: 1 };
            let wave = |t: f64| (TAU * t / period).cos() * gauss(t, ACROSS_SIGMA);
            angles.map(|angle| line.taps(angle + FRAC_PI_2, wave, true))
        });
        let (level, half, smooth, response, columns) = Default::default();
        Self { stride: 0, along, across, level, half, smooth, response, columns }
    }
}

/// The filters are nobody's; the pictures are wiped.
impl Zeroize for Enhancer {
    fn zeroize(&mut self) {
        for picture in [&mut self.level, &mut self.half, &mut self.smooth, &mut self.response] {
            picture.zeroize();
        }
        self.columns.zeroize();
    }
}

impl Enhancer {
    /// Sets the bits of ridge pixels.
    pub fn enhance(&mut self, grey: &[u8], width: usize, height: usize, field: &Field, ridges: &mut Bits) {
        self.stride = width + 2 * PAD;
        self.take_off_mean(grey, width, height);
        for picture in [&mut self.half, &mut self.smooth, &mut self.response] {
            picture.clear();
            picture.resize(self.level.len(), 0);
        }
        smooth(&self.level, &mut self.half, &self.along[0], field, self.stride);
        smooth(&self.half, &mut self.smooth, &self.along[1], field, self.stride);
        let period = self.choose_period(field);
        ridges.reset(width, height);
        for (row, column) in blocks(field) {
            let block = field.at(column * BLOCK, row * BLOCK);
            if !block.inside {
                continue;
            }
            let taps = self.across[period][usize::from(block.direction)].at(self.stride);
            let at = place(self.stride, column * BLOCK, row * BLOCK);
            for line in 0..BLOCK {
                let sum = filtered(&self.smooth, at + line * self.stride, &taps);
                let to = at + line * self.stride;
                self.response[to..to + BLOCK].copy_from_slice(&sum);
                let byte = (0..BLOCK).fold(0u64, |byte, x| byte | u64::from(sum[x] < 0) << x);
                let x = column * BLOCK;
                ridges.row_mut(row * BLOCK + line)[x / 64] |= byte << (x % 64);
            }
        }
    }

    /// How clearly a pixel is valley (above nothing) or ridge (below); nothing outside the print.
    pub fn response(&self, x: f32, y: f32) -> f32 {
        let (column, row) = ((x + PAD as f32) as usize, (y + PAD as f32) as usize);
        if column >= self.stride {
            0.0
        } else {
            self.response.get(row * self.stride + column).map_or(0.0, |v| f32::from(*v))
        }
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
            let to = place(self.stride, 0, y);
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
            let at = place(self.stride, column * BLOCK, row * BLOCK + BLOCK / 2);
            for (energy, taps) in energies.iter_mut().zip(&self.across) {
                let sum = filtered(&self.smooth, at, &taps[usize::from(block.direction)].at(self.stride));
                *energy += sum.iter().map(|sum| i64::from(*sum) * i64::from(*sum)).sum::<i64>();
            }
        }
        (0..PERIODS.len()).max_by_key(|at| energies[*at]).unwrap_or(0)
    }
}

/// Smooths every block along its ridges.
fn smooth(from: &[i16], to: &mut [i16], taps: &[Taps; DIRECTIONS], field: &Field, stride: usize) {
    for (row, column) in blocks(field) {
        let taps = taps[usize::from(field.at(column * BLOCK, row * BLOCK).direction)].at(stride);
        let at = place(stride, column * BLOCK, row * BLOCK);
        for at in (0..BLOCK).map(|line| at + line * stride) {
            let sum = filtered(from, at, &taps);
            // 64 parts again: the sum of all taps is that much at most.
            to[at..at + BLOCK].iter_mut().zip(sum).for_each(|(to, sum)| *to = sum >> 6);
        }
    }
}

/// Where a pixel is in the padded pictures.
fn place(stride: usize, x: usize, y: usize) -> usize {
    (y + PAD) * stride + x + PAD
}

/// Row and column of every block that lies whole in the picture.
fn blocks(field: &Field) -> impl Iterator<Item = (usize, usize)> + use<> {
    let columns = field.columns;
    (0..field.rows).flat_map(move |row| (0..columns).map(move |column| (row, column)))
}

/// Taps in a padded picture: where relative to the pixel, and how much of 64.
struct Placed {
    taps: [(isize, i16); MOST],
    count: usize,
}

impl Taps {
    #[inline(always)]
    fn at(&self, stride: usize) -> Placed {
        let place = |at: usize| {
            let (x, y) = self.places[at];
            (isize::from(y) * stride as isize + isize::from(x), self.weights[at])
        };
        Placed { taps: core::array::from_fn(place), count: self.count }
    }
}

/// The filter's answers for the pixels of one line of a block.
#[inline(always)]
fn filtered(from: &[i16], at: usize, taps: &Placed) -> [i16; BLOCK] {
    let mut sum = [0i16; BLOCK];
    for (offset, weight) in &taps.taps[..taps.count] {
        let from = &from[at.wrapping_add_signed(*offset)..][..BLOCK];
        for (sum, level) in sum.iter_mut().zip(from) {
            *sum = sum.wrapping_add(level.wrapping_mul(*weight));
        }
    }
    sum
}

/// A line of taps through the pixel: how far to either side and how far apart, in pixels.
struct Line {
    reach: i32,
    step: usize,
}

impl Line {
    /// Taps in a direction. Weights are scaled so that no sum of [-255, 255] leaves 16 bits; those of a band-pass add
    /// up to nothing. Nothing is so near to a half that another C library would round it another way.
    fn taps(&self, angle: f64, weight: impl Fn(f64) -> f64, band_pass: bool) -> Taps {
        let (sin, cos) = angle.sin_cos();
        let reach = || (-self.reach..=self.reach).step_by(self.step).map(f64::from);
        let count = reach().count() as f64;
        let mean = if band_pass { reach().map(&weight).sum::<f64>() / count } else { 0.0 };
        let size: f64 = reach().map(|t| (weight(t) - mean).abs()).sum();
        let mut taps = Taps::default();
        for t in reach() {
            let part = ((weight(t) - mean) * 64.0 / size).round() as i16;
            if part != 0 {
                taps.places[taps.count] = ((t * cos).round() as i8, (t * sin).round() as i8);
                taps.weights[taps.count] = part;
                taps.count += 1;
            }
        }
        taps
    }
}
