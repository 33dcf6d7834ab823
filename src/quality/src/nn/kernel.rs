//! The loops in which the time is spent, written once for vectors of every width.
//!
//! Sums run over the input values in their order on every processor; only the rounding between product and sum differs.
//! Loops are plain loops and not iterators with closures where a library function would not be compiled for the vectors.

use super::network::{Activation, Window};
use super::panels::Panels;
use crate::simd::{VectorKernel, Vectors};

/// Pixels, and what becomes of them.
pub(super) struct Dense<'a> {
    /// Where the pixels' values are.
    pub values: &'a [f32],
    /// From one pixel's first value to the next pixel's.
    pub pixel_step: usize,
    /// A pixel's values are this many runs of values side by side: the rows of a filter.
    pub runs: usize,
    /// From one run's first value to the next run's.
    pub run_step: usize,
    /// How many pixels.
    pub count: usize,
    pub panels: &'a Panels,
    /// What is added to each pixel, and how many channels that has.
    pub added: Option<(&'a [f32], usize)>,
    pub then: &'a Activation,
    /// The output channels of each pixel.
    pub out: &'a mut [f32],
}

/// Vectors of a panel at most: as many as leave registers for several pixels.
pub(super) const fn most_vectors(registers: usize) -> usize {
    if registers >= 32 { 4 } else { 3 }
}

impl VectorKernel for Dense<'_> {
    /// Multiplies all pixels with all panels.
    #[inline(always)]
    fn run<S: Vectors>(mut self, simd: S) {
        let panels = self.panels;
        let (mut weights, mut first) = (&panels.weights[..], 0);
        for &vectors in &panels.cuts {
            let (panel, rest) = weights.split_at(vectors * S::LANES * panels.inner);
            match (S::REGISTERS >= 32, vectors) {
                (true, 4) => tiles::<S, 4, 6>(simd, &mut self, panel, first),
                (true, 3) => tiles::<S, 3, 8>(simd, &mut self, panel, first),
                (true, 2) => tiles::<S, 2, 8>(simd, &mut self, panel, first),
                (true, _) => tiles::<S, 1, 12>(simd, &mut self, panel, first),
                (false, 3) => tiles::<S, 3, 4>(simd, &mut self, panel, first),
                (false, 2) => tiles::<S, 2, 6>(simd, &mut self, panel, first),
                (false, _) => tiles::<S, 1, 8>(simd, &mut self, panel, first),
            }
            (weights, first) = (rest, first + vectors * S::LANES);
        }
    }
}

/// All pixels with one panel of `V` vectors whose first channel is `first`, `P` pixels at a time. The last tile overlaps
/// the one before it, so that only a picture of fewer than `P` pixels goes pixel by pixel.
#[inline(always)]
fn tiles<S: Vectors, const V: usize, const P: usize>(simd: S, job: &mut Dense<'_>, panel: &[f32], first: usize) {
    if job.count < P {
        for pixel in 0..job.count {
            tile::<S, V, 1>(simd, job, panel, (pixel, first));
        }
        return;
    }
    let mut pixel = 0;
    loop {
        tile::<S, V, P>(simd, job, panel, (pixel, first));
        if pixel + P >= job.count {
            return;
        }
        pixel = (pixel + P).min(job.count - P);
    }
}

#[inline(always)]
fn tile<S: Vectors, const V: usize, const P: usize>(
    simd: S,
    job: &mut Dense<'_>,
    panel: &[f32],
    (pixel, first): (usize, usize),
) {
    let mut sums = start::<S, V, P>(simd, job, (pixel, first));
    let length = job.panels.inner / job.runs;
    let mut weights = panel.chunks_exact(V * S::LANES);
    for run in 0..job.runs {
        let start = pixel * job.pixel_step + run * job.run_step;
        let mut rows = [&job.values[..length]; P];
        for (p, row) in rows.iter_mut().enumerate() {
            *row = &job.values[start + p * job.pixel_step..][..length];
        }
        for (k, weights) in weights.by_ref().take(length).enumerate() {
            let mut vectors = [simd.splat(0.0); V];
            for (v, vector) in vectors.iter_mut().enumerate() {
                *vector = simd.load(&weights[v * S::LANES..]);
            }
            for (sums, row) in sums.iter_mut().zip(rows) {
                let value = simd.splat(row[k]);
                for (sum, vector) in sums.iter_mut().zip(vectors) {
                    *sum = simd.mul_add(value, vector, *sum);
                }
            }
        }
    }
    activate(simd, job.then, first, &mut sums);
    let channels = job.panels.channels;
    let whole = first + V * S::LANES <= channels;
    for (p, sums) in sums.iter().enumerate() {
        let row = &mut job.out[(pixel + p) * channels..][..channels];
        if whole {
            let row = &mut row[first..][..V * S::LANES];
            for (v, sum) in sums.iter().enumerate() {
                simd.store(*sum, &mut row[v * S::LANES..]);
            }
        } else {
            for (v, sum) in sums.iter().enumerate() {
                simd.store_some(*sum, row.get_mut(first + v * S::LANES..).unwrap_or(&mut []));
            }
        }
    }
}

/// What the sums begin with: the bias, and what is added.
#[inline(always)]
fn start<S: Vectors, const V: usize, const P: usize>(
    simd: S,
    job: &Dense<'_>,
    (pixel, first): (usize, usize),
) -> [[S::V; V]; P] {
    let mut sums = [[simd.splat(0.0); V]; P];
    for v in 0..V {
        let bias = simd.load(&job.panels.bias[first + v * S::LANES..]);
        for sums in &mut sums {
            sums[v] = bias;
        }
    }
    let Some((added, width)) = job.added else { return sums };
    let whole = first + V * S::LANES <= width;
    for (p, sums) in sums.iter_mut().enumerate() {
        let row = &added[(pixel + p) * width..][..width];
        if whole {
            let row = &row[first..][..V * S::LANES];
            for (v, sum) in sums.iter_mut().enumerate() {
                *sum = simd.add(*sum, simd.load(&row[v * S::LANES..]));
            }
        } else {
            for (v, sum) in sums.iter_mut().enumerate() {
                *sum = simd.add(*sum, simd.load_some(row.get(first + v * S::LANES..).unwrap_or(&[])));
            }
        }
    }
    sums
}

/// The activation of `V` vectors of several pixels whose first channel is `first`.
#[inline(always)]
fn activate<S: Vectors, const V: usize>(simd: S, then: &Activation, first: usize, pixels: &mut [[S::V; V]]) {
    let zero = simd.splat(0.0);
    match then {
        Activation::None => {}
        Activation::Relu => {
            for value in pixels.as_flattened_mut() {
                *value = simd.max(*value, zero);
            }
        }
        Activation::Relu6 => {
            let six = simd.splat(6.0);
            for value in pixels.as_flattened_mut() {
                *value = simd.min(simd.max(*value, zero), six);
            }
        }
        Activation::Slopes(slopes) => {
            for v in 0..V {
                let slope = simd.load_some(slopes.get(first + v * S::LANES..).unwrap_or(&[]));
                for values in pixels.iter_mut() {
                    let (above, below) = (simd.max(values[v], zero), simd.min(values[v], zero));
                    values[v] = simd.mul_add(slope, below, above);
                }
            }
        }
    }
}

/// Any activation of pixels by themselves.
pub(super) struct Activate<'a> {
    pub then: &'a Activation,
    pub channels: usize,
    pub values: &'a mut [f32],
}

impl VectorKernel for Activate<'_> {
    #[inline(always)]
    fn run<S: Vectors>(self, simd: S) {
        for pixel in self.values.chunks_exact_mut(self.channels) {
            let mut first = 0;
            for some in pixel.chunks_mut(S::LANES) {
                let mut vector = [[simd.load_some(some)]];
                activate(simd, self.then, first, &mut vector);
                simd.store_some(vector[0][0], some);
                first += S::LANES;
            }
        }
    }
}

/// One row of a depthwise filter.
pub(super) struct DepthwiseRow<'a> {
    /// The rows of the picture under the filter; rows of nothing are rows of zeros.
    pub rows: &'a [&'a [f32]],
    pub channels: usize,
    pub window: Window,
    /// Row, column, channel.
    pub weights: &'a [f32],
    pub bias: &'a [f32],
    pub then: &'a Activation,
    /// One row of the output.
    pub out: &'a mut [f32],
}

impl VectorKernel for DepthwiseRow<'_> {
    /// Filters each channel of a row by itself: where the whole filter lies inside, with the weights at hand; at the ends
    /// of the row pixel by pixel.
    #[inline(always)]
    fn run<S: Vectors>(mut self, simd: S) {
        let (channels, window) = (self.channels, self.window);
        let (width, columns) = (self.rows.first().map_or(0, |row| row.len() / channels), self.out.len() / channels);
        let usual = (window.height, window.width) == (3, 3) && window.step_x <= 2 && channels >= S::LANES;
        // Outputs whose window lies inside the row.
        let begin = if usual { window.left.div_ceil(window.step_x).min(columns) } else { columns };
        let last = (width + window.left).checked_sub(window.width).map_or(0, |last| last / window.step_x + 1);
        let end = last.clamp(begin, columns);
        let mut x = 0;
        while x < columns {
            if (begin..end).contains(&x) {
                x = end;
            } else {
                pixel(simd, &mut self, x, width);
                x += 1;
            }
        }
        if begin == end {
            return;
        }
        let mut first = 0;
        loop {
            if window.step_x == 1 {
                three_by_three::<S, 1>(simd, &mut self, (begin, end), first);
            } else {
                three_by_three::<S, 2>(simd, &mut self, (begin, end), first);
            }
            if first + S::LANES >= channels {
                return;
            }
            // The last channels overlap those before: the same sums again.
            first = (first + S::LANES).min(channels - S::LANES);
        }
    }
}

/// One pixel at an end of a row, or of a filter of any size.
#[inline(always)]
fn pixel<S: Vectors>(simd: S, job: &mut DepthwiseRow<'_>, x: usize, width: usize) {
    let (channels, window) = (job.channels, job.window);
    let mut first = 0;
    while first < channels {
        let mut sum = [[simd.load_some(&job.bias[first..])]];
        for (dy, row) in job.rows.iter().enumerate() {
            for dx in 0..window.width {
                let column = (x * window.step_x + dx).wrapping_sub(window.left);
                if column < width {
                    let values = simd.load_some(&row[column * channels..][first..channels]);
                    let weights = &job.weights[(dy * window.width + dx) * channels..][first..channels];
                    sum[0][0] = simd.mul_add(values, simd.load_some(weights), sum[0][0]);
                }
            }
        }
        activate(simd, job.then, first, &mut sum);
        simd.store_some(sum[0][0], &mut job.out[x * channels..][first..channels]);
        first += S::LANES;
    }
}

/// Outputs of one row that are made together: enough that no sum waits for the one before.
const TOGETHER: usize = 4;

/// One vector of channels of all outputs from `begin` to `end`, whose windows of 3 x 3 lie inside, `STEP` columns apart.
#[inline(always)]
fn three_by_three<S: Vectors, const STEP: usize>(
    simd: S,
    job: &mut DepthwiseRow<'_>,
    (begin, end): (usize, usize),
    first: usize,
) {
    let &[above, level, below] = job.rows else { return };
    let mut weights = [simd.splat(0.0); 9];
    for (tap, weight) in weights.iter_mut().enumerate() {
        *weight = simd.load(&job.weights[tap * job.channels + first..]);
    }
    let rows = [above, level, below];
    if end - begin < TOGETHER {
        for x in begin..end {
            nine::<S, STEP, 1>(simd, job, rows, &weights, (x, first));
        }
        return;
    }
    let mut x = begin;
    loop {
        nine::<S, STEP, TOGETHER>(simd, job, rows, &weights, (x, first));
        if x + TOGETHER >= end {
            return;
        }
        x = (x + TOGETHER).min(end - TOGETHER);
    }
}

/// One vector of channels of `X` neighbouring outputs: each column of the picture is read once.
#[inline(always)]
fn nine<S: Vectors, const STEP: usize, const X: usize>(
    simd: S,
    job: &mut DepthwiseRow<'_>,
    rows: [&[f32]; 3],
    weights: &[S::V; 9],
    (x, first): (usize, usize),
) {
    let channels = job.channels;
    let columns = (X - 1) * STEP + 3;
    let start = (x * STEP - job.window.left) * channels + first;
    let mut sums = [[simd.load(&job.bias[first..])]; X];
    for (dy, row) in rows.into_iter().enumerate() {
        let row = &row[start..][..(columns - 1) * channels + S::LANES];
        for column in 0..columns {
            let values = simd.load(&row[column * channels..]);
            for (output, sum) in sums.iter_mut().enumerate() {
                let dx = column.wrapping_sub(output * STEP);
                if dx < 3 {
                    sum[0] = simd.mul_add(values, weights[3 * dy + dx], sum[0]);
                }
            }
        }
    }
    activate(simd, job.then, first, &mut sums);
    let out = &mut job.out[x * channels + first..][..(X - 1) * channels + S::LANES];
    for (output, sum) in sums.iter().enumerate() {
        simd.store(sum[0], &mut out[output * channels..]);
    }
}

/// The largest value under a window, channel by channel.
pub(super) struct Pool<'a> {
    /// The picture, its rows, columns and channels.
    pub values: &'a [f32],
    pub sides: (usize, usize, usize),
    pub window: Window,
    /// The output and its columns.
    pub out: &'a mut [f32],
    pub columns: usize,
}

impl VectorKernel for Pool<'_> {
    #[inline(always)]
    fn run<S: Vectors>(self, simd: S) {
        let ((height, width, channels), window) = (self.sides, self.window);
        for (y, row) in self.out.chunks_exact_mut(self.columns * channels).enumerate() {
            let top = (y * window.step_y).saturating_sub(window.above);
            let bottom = (y * window.step_y + window.height).saturating_sub(window.above).min(height);
            for (x, out) in row.chunks_exact_mut(channels).enumerate() {
                let left = (x * window.step_x).saturating_sub(window.left);
                let right = (x * window.step_x + window.width).saturating_sub(window.left).min(width);
                let mut first = 0;
                for out in out.chunks_mut(S::LANES) {
                    let mut most = simd.splat(f32::NEG_INFINITY);
                    for line in top..bottom {
                        for column in left..right {
                            let values = &self.values[(line * width + column) * channels..][first..channels];
                            most = simd.max(simd.load_some(values), most);
                        }
                    }
                    simd.store_some(most, out);
                    first += S::LANES;
                }
            }
        }
    }
}
