//! The print in cells of 32 x 32 pixels from its top left corner; cells at the right and bottom edge may be partial.
//!
//! The foreground mask of NFIQ 2 z-normalises the whole print, takes the population standard deviation of each cell
//! and calls a cell foreground when that is above 0.1. A standard deviation scales with its samples, so the same is
//! said without touching a pixel: the cell's deviation is above a tenth of the print's.

use super::prepare::Raster;

/// Side of a cell and of a block, in pixels at 500 ppi.
pub(super) const SIDE: usize = 32;
/// Share of the print's standard deviation above which a cell is foreground (NFIQ 2's constant).
const FOREGROUND_ABOVE: f64 = 0.1;

/// Means of the products of the grey gradients: `a` of gx^2, `b` of gy^2, `c` of gx gy.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Tensor {
    pub a: f64,
    pub b: f64,
    pub c: f64,
}

impl Tensor {
    /// Over a rectangle of the print, whose edges take one-sided differences: nothing outside is looked at. A
    /// rectangle that is one pixel wide or high has no gradient in that direction.
    ///
    /// Twice the gradient is a whole number, so the sums are exact.
    pub fn of(raster: &Raster, x: usize, y: usize, width: usize, height: usize) -> Self {
        let (mut a, mut b, mut c) = (0i64, 0i64, 0i64);
        for dy in 0..height {
            let here = &raster.row(y + dy)[x..x + width];
            let above = &raster.row(y + dy.saturating_sub(1))[x..x + width];
            let below = &raster.row(y + (dy + 1).min(height - 1))[x..x + width];
            let vertical = if dy == 0 || dy + 1 == height { 2 } else { 1 };
            let (mut row_a, mut row_b, mut row_c) = (0i32, 0i32, 0i32);
            for dx in 0..width {
                let (before, after) = (dx.saturating_sub(1), (dx + 1).min(width - 1));
                let horizontal = if dx == 0 || dx + 1 == width { 2 } else { 1 };
                let gx = (i32::from(here[after]) - i32::from(here[before])) * horizontal;
                let gy = (i32::from(below[dx]) - i32::from(above[dx])) * vertical;
                row_a += gx * gx;
                row_b += gy * gy;
                row_c += gx * gy;
            }
            a += i64::from(row_a);
            b += i64::from(row_b);
            c += i64::from(row_c);
        }
        // Each factor was doubled: 4 = 2 x 2.
        let scale = 4.0 * (width * height) as f64;
        Self { a: a as f64 / scale, b: b as f64 / scale, c: c as f64 / scale }
    }

    /// The length of (a - b, 2c): how strongly one direction prevails, in squared grey values.
    pub fn strength(&self) -> f64 {
        ((self.a - self.b).powi(2) + 4.0 * self.c * self.c).sqrt()
    }
}

/// One cell.
pub(super) struct Cell {
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
    pub mean: f64,
    /// Population standard deviation of the grey values.
    pub sigma: f64,
    pub foreground: bool,
    pub tensor: Tensor,
}

impl Cell {
    pub fn is_whole(&self) -> bool {
        self.width == SIDE && self.height == SIDE
    }
}

/// All cells, row by row, and the statistics of the whole print.
pub(super) struct Cells {
    pub columns: usize,
    pub all: Vec<Cell>,
    /// Mean grey of the print.
    pub mean: f64,
    /// Population standard deviation of the print's grey values.
    pub sigma: f64,
}

impl Cells {
    pub fn of(raster: &Raster) -> Self {
        let mut all = Vec::with_capacity(raster.width.div_ceil(SIDE) * raster.height.div_ceil(SIDE));
        let (mut sum, mut squares) = (0u64, 0u64);
        for y in (0..raster.height).step_by(SIDE) {
            for x in (0..raster.width).step_by(SIDE) {
                let (width, height) = (SIDE.min(raster.width - x), SIDE.min(raster.height - y));
                let (cell_sum, cell_squares) = moments(raster, x, y, width, height);
                sum += cell_sum;
                squares += cell_squares;
                let (mean, sigma) = mean_and_sigma(cell_sum, cell_squares, width * height);
                let tensor = Tensor::of(raster, x, y, width, height);
                all.push(Cell { x, y, width, height, mean, sigma, foreground: false, tensor });
            }
        }
        let (mean, sigma) = mean_and_sigma(sum, squares, raster.width * raster.height);
        for cell in &mut all {
            // A print of one grey has no foreground (the reference divides zero by zero and finds none).
            cell.foreground = sigma > 0.0 && cell.sigma / sigma > FOREGROUND_ABOVE;
        }
        Self { columns: raster.width.div_ceil(SIDE), all, mean, sigma }
    }

    /// Whether every cell that the 32 x 32 block at (`x`, `y`) touches is foreground.
    pub fn is_foreground_block(&self, x: usize, y: usize) -> bool {
        let touched = |from: usize| from / SIDE..(from + SIDE).div_ceil(SIDE);
        touched(y).all(|row| touched(x).all(|column| self.all[row * self.columns + column].foreground))
    }

    /// Pixels of foreground cells.
    pub fn foreground_area(&self) -> usize {
        self.all.iter().filter(|c| c.foreground).map(|c| c.width * c.height).sum()
    }

    /// The middle of the foreground cells, in pixels of the print.
    pub fn foreground_centre(&self) -> Option<(f64, f64)> {
        let (mut x, mut y, mut area) = (0.0, 0.0, 0.0);
        for cell in self.all.iter().filter(|c| c.foreground) {
            let size = (cell.width * cell.height) as f64;
            x += size * (cell.x as f64 + cell.width as f64 / 2.0);
            y += size * (cell.y as f64 + cell.height as f64 / 2.0);
            area += size;
        }
        (area > 0.0).then(|| (x / area, y / area))
    }

    /// The mask as a picture: 255 is foreground.
    pub fn draw_foreground(&self, width: usize, height: usize) -> Vec<u8> {
        let mut drawn = vec![0u8; width * height];
        for cell in self.all.iter().filter(|c| c.foreground) {
            for y in cell.y..cell.y + cell.height {
                drawn[y * width + cell.x..][..cell.width].fill(255);
            }
        }
        drawn
    }
}

fn moments(raster: &Raster, x: usize, y: usize, width: usize, height: usize) -> (u64, u64) {
    let (mut sum, mut squares) = (0u64, 0u64);
    for dy in 0..height {
        let (mut row_sum, mut row_squares) = (0u32, 0u32);
        for &pixel in &raster.row(y + dy)[x..x + width] {
            row_sum += u32::from(pixel);
            row_squares += u32::from(pixel) * u32::from(pixel);
        }
        sum += u64::from(row_sum);
        squares += u64::from(row_squares);
    }
    (sum, squares)
}

fn mean_and_sigma(sum: u64, squares: u64, count: usize) -> (f64, f64) {
    let count = count as u64;
    // n times the variance, as a whole number: exact, and never negative.
    let spread = u128::from(count) * u128::from(squares) - u128::from(sum) * u128::from(sum);
    (sum as f64 / count as f64, (spread as f64).sqrt() / count as f64)
}
