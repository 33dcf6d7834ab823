//! From grey pixels to ridges: where the finger touches, which way its ridges run, and which pixels are ridge.

use render::maths::{atan2, cos, exp, sin};
use std::f32::consts::{FRAC_PI_2, PI};

/// Side of a block of the orientation field in pixels.
pub const BLOCK: usize = 8;

/// Ridge period in pixels: the usual one of grown people at 500 per inch. The filter passes half as much again.
const PERIOD: f32 = 9.0;

/// Reach of the filter in pixels and its widths, along the ridges and across them (Gabor, after Hong, Wan and Jain,
/// 1998). Longer bridges wider cracks, and blurs sharper bends.
const REACH: i32 = 10;
const ALONG: f32 = 4.5;
const ACROSS: f32 = 3.6;

/// Contrast that a ridge keeps after filtering, as a share of that of its surroundings, below which it is a guess.
const CLEAR: f32 = 0.4;

/// Squared gradient per pixel below which a block is empty glass: sensor noise reaches a fraction of it.
const MIN_ENERGY: f32 = 150.0;

/// A block belongs to the finger when its energy is at least this share of that of the busy blocks.
const ENERGY_SHARE: f32 = 0.2;

/// And when its gradients agree this much, of 1.
const MIN_COHERENCE: f32 = 0.35;

/// One value for every block.
#[derive(Clone, Debug)]
pub struct Blocks<T> {
    /// Blocks in a row.
    pub across: usize,
    /// Rows of blocks.
    pub down: usize,
    /// Row by row.
    pub values: Vec<T>,
}

impl<T: Copy> Blocks<T> {
    /// The value of the block in which a pixel lies; the nearest one outside.
    pub fn at(&self, x: usize, y: usize) -> T {
        let (bx, by) = ((x / BLOCK).min(self.across - 1), (y / BLOCK).min(self.down - 1));
        self.values[by * self.across + bx]
    }
}

/// The ridges of one image.
#[derive(Debug)]
pub struct Ridges {
    /// Share of the blocks in which there is something, but no ridges to follow.
    pub mess: f32,
    /// True on a ridge, false in a valley and outside the finger.
    pub dark: Vec<bool>,
    /// Where ridges are plain to see, and not merely likely.
    pub clear: Blocks<bool>,
}

/// Finds the ridges of an image; nothing in one that is smaller than two blocks a side.
pub fn find(grey: &[u8], width: usize, height: usize) -> Option<Ridges> {
    if width < 2 * BLOCK || height < 2 * BLOCK || grey.len() != width * height {
        return None;
    }
    let tensors = smoothed(&tensors(grey, width, height));
    let (foreground, mess) = touch(&tensors);
    let direction = directions(&tensors, width, height);
    let ridge = filtered(grey, width, height, &foreground, &direction);
    let clear = clear(grey, &ridge, width, &foreground);
    let dark = ridge.iter().map(|value| *value < 0.0).collect();
    Some(Ridges { mess, dark, clear })
}

/// Gradients of a block: energy, and the doubled-angle vector of their direction.
#[derive(Clone, Copy, Debug, Default)]
struct Tensor {
    energy: f32,
    real: f32,
    imaginary: f32,
}

fn tensors(grey: &[u8], width: usize, height: usize) -> Blocks<Tensor> {
    let (across, down) = (width / BLOCK, height / BLOCK);
    let mut values = vec![Tensor::default(); across * down];
    for y in 1..(down * BLOCK).min(height - 1) {
        for x in 1..(across * BLOCK).min(width - 1) {
            let at = y * width + x;
            let gx = f32::from(grey[at + 1]) - f32::from(grey[at - 1]);
            let gy = f32::from(grey[at + width]) - f32::from(grey[at - width]);
            let tensor = &mut values[y / BLOCK * across + x / BLOCK];
            tensor.energy += gx * gx + gy * gy;
            tensor.real += gx * gx - gy * gy;
            tensor.imaginary += 2.0 * gx * gy;
        }
    }
    Blocks { across, down, values }
}

/// Means over each block and its neighbours, per pixel: single blocks hold less than a ridge and a valley.
fn smoothed(tensors: &Blocks<Tensor>) -> Blocks<Tensor> {
    let mut values = Vec::with_capacity(tensors.values.len());
    for by in 0..tensors.down {
        for bx in 0..tensors.across {
            let mut sum = Tensor::default();
            let mut count = 0.0;
            for ny in by.saturating_sub(1)..(by + 2).min(tensors.down) {
                for nx in bx.saturating_sub(1)..(bx + 2).min(tensors.across) {
                    let tensor = tensors.values[ny * tensors.across + nx];
                    sum.energy += tensor.energy;
                    sum.real += tensor.real;
                    sum.imaginary += tensor.imaginary;
                    count += (BLOCK * BLOCK) as f32;
                }
            }
            let share = 1.0 / count;
            values.push(Tensor {
                energy: sum.energy * share,
                real: sum.real * share,
                imaginary: sum.imaginary * share,
            });
        }
    }
    Blocks { across: tensors.across, down: tensors.down, values }
}

/// Where ridges are, and the share of blocks that have marks without ridges among all that have marks.
fn touch(tensors: &Blocks<Tensor>) -> (Blocks<bool>, f32) {
    let mut energies: Vec<f32> = tensors.values.iter().map(|tensor| tensor.energy).collect();
    energies.sort_by(f32::total_cmp);
    let busy = energies[energies.len() * 9 / 10];
    let least = (busy * ENERGY_SHARE).max(MIN_ENERGY);
    let marked = |tensor: &Tensor| tensor.energy >= least;
    let flows = |tensor: &Tensor| {
        let flow = tensor.real * tensor.real + tensor.imaginary * tensor.imaginary;
        flow >= (MIN_COHERENCE * tensor.energy) * (MIN_COHERENCE * tensor.energy)
    };
    let values: Vec<bool> = tensors.values.iter().map(|tensor| marked(tensor) && flows(tensor)).collect();
    let marks = tensors.values.iter().filter(|tensor| marked(tensor)).count();
    let ridges = values.iter().filter(|ridge| **ridge).count();
    let mess = (marks - ridges) as f32 / marks.max(1) as f32;
    (filled(Blocks { across: tensors.across, down: tensors.down, values }), mess)
}

/// Holes of single blocks inside the finger are closed and single blocks outside dropped: cores and creases have no
/// direction of their own.
fn filled(touch: Blocks<bool>) -> Blocks<bool> {
    let around = |bx: usize, by: usize| {
        let mut count = 0;
        for ny in by.saturating_sub(1)..(by + 2).min(touch.down) {
            for nx in bx.saturating_sub(1)..(bx + 2).min(touch.across) {
                count += usize::from(touch.values[ny * touch.across + nx]);
            }
        }
        count - usize::from(touch.values[by * touch.across + bx])
    };
    let values = (0..touch.values.len())
        .map(|at| match around(at % touch.across, at / touch.across) {
            0..=2 => false,
            3..=4 => touch.values[at],
            _ => true,
        })
        .collect();
    Blocks { across: touch.across, down: touch.down, values }
}

/// The unit vector along the ridges at every pixel, from the blocks around it.
fn directions(tensors: &Blocks<Tensor>, width: usize, height: usize) -> Vec<(f32, f32)> {
    let half = BLOCK as f32 / 2.0;
    let mut directions = Vec::with_capacity(width * height);
    for y in 0..height {
        let fy = ((y as f32 - half) / BLOCK as f32).clamp(0.0, (tensors.down - 1) as f32);
        let (top, v) = (fy as usize, fy - fy.floor());
        let bottom = (top + 1).min(tensors.down - 1);
        for x in 0..width {
            let fx = ((x as f32 - half) / BLOCK as f32).clamp(0.0, (tensors.across - 1) as f32);
            let (left, u) = (fx as usize, fx - fx.floor());
            let right = (left + 1).min(tensors.across - 1);
            let mut sum = (0.0, 0.0);
            for (column, row, weight) in [
                (left, top, (1.0 - u) * (1.0 - v)),
                (right, top, u * (1.0 - v)),
                (left, bottom, (1.0 - u) * v),
                (right, bottom, u * v),
            ] {
                let tensor = tensors.values[row * tensors.across + column];
                sum = (sum.0 + weight * tensor.real, sum.1 + weight * tensor.imaginary);
            }
            // Half the doubled angle is across the ridges.
            let angle = 0.5 * atan2(sum.1, sum.0) + FRAC_PI_2;
            directions.push((cos(angle), sin(angle)));
        }
    }
    directions
}

/// What a filter for ridges of the usual period answers at every pixel of the finger: below zero on ridges. First
/// smoothed along the ridges, then filtered across them.
fn filtered(grey: &[u8], width: usize, height: usize, foreground: &Blocks<bool>, direction: &[(f32, f32)]) -> Vec<f32> {
    let bell = |sigma: f32| move |step: i32| exp(-((step * step) as f32) / (2.0 * sigma * sigma));
    let steps = || -REACH..=REACH;
    let smoothing: Vec<f32> = steps().map(bell(ALONG)).collect();
    let waves: Vec<f32> = steps().map(|step| bell(ACROSS)(step) * cos(2.0 * PI * step as f32 / PERIOD)).collect();
    // Without the mean, so that plain grey answers zero.
    let (bells, bias) = (steps().map(bell(ACROSS)).collect::<Vec<f32>>(), waves.iter().sum::<f32>());
    let total: f32 = bells.iter().sum();
    let waves: Vec<f32> = waves.iter().zip(&bells).map(|(wave, bell)| wave - bell * bias / total).collect();
    let plain: Vec<f32> = grey.iter().map(|pixel| f32::from(*pixel)).collect();
    let along = swept(&plain, width, height, foreground, &smoothing, |at| direction[at]);
    let across = |at: usize| (-direction[at].1, direction[at].0);
    let answer = swept(&along, width, height, foreground, &waves, across);
    let weight = smoothing.iter().sum::<f32>();
    answer
        .iter()
        .enumerate()
        .map(|(at, value)| if foreground.at(at % width, at / width) { value / weight } else { 0.0 })
        .collect()
}

/// The weighted sum over a short line through every pixel of the finger; other pixels weighted alike.
fn swept(
    values: &[f32],
    width: usize,
    height: usize,
    foreground: &Blocks<bool>,
    weights: &[f32],
    direction: impl Fn(usize) -> (f32, f32),
) -> Vec<f32> {
    let whole: f32 = weights.iter().sum();
    let (right, bottom) = (width as i32 - 1, height as i32 - 1);
    (0..values.len())
        .map(|at| {
            let (x, y) = (at % width, at / width);
            if !foreground.at(x, y) {
                return values[at] * whole;
            }
            let (dx, dy) = direction(at);
            let mut sum = 0.0;
            for (step, weight) in (-REACH..=REACH).zip(weights) {
                let px = (x as f32 + dx * step as f32 + 0.5).floor() as i32;
                let py = (y as f32 + dy * step as f32 + 0.5).floor() as i32;
                sum += weight * values[(py.clamp(0, bottom) as usize) * width + px.clamp(0, right) as usize];
            }
            sum
        })
        .collect()
}

/// Blocks in which the filtered ridges have much of the contrast that the image has.
fn clear(grey: &[u8], ridge: &[f32], width: usize, foreground: &Blocks<bool>) -> Blocks<bool> {
    let mut sums = vec![(0.0f32, 0.0f32, 0.0f32); foreground.values.len()];
    for (at, (pixel, answer)) in grey.iter().zip(ridge).enumerate() {
        let (bx, by) = (at % width / BLOCK, at / width / BLOCK);
        if bx < foreground.across && by < foreground.down {
            let sum = &mut sums[by * foreground.across + bx];
            let pixel = f32::from(*pixel);
            *sum = (sum.0 + pixel, sum.1 + pixel * pixel, sum.2 + answer * answer);
        }
    }
    let count = (BLOCK * BLOCK) as f32;
    // A wave of amplitude 1 is answered with half the weight of the bell.
    let gain = ACROSS * (2.0 * PI).sqrt() / 2.0;
    let values = sums
        .iter()
        .zip(&foreground.values)
        .map(|((sum, squares, answers), touched)| {
            let spread = (squares / count - sum / count * (sum / count)).max(1.0);
            *touched && answers / count / (gain * gain) > CLEAR * CLEAR * spread
        })
        .collect();
    Blocks { across: foreground.across, down: foreground.down, values }
}
