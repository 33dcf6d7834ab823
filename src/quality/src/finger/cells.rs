//! The print in cells of 32 x 32 pixels from its top left corner; cells at the right and bottom edge may be partial.
//!
//! The foreground mask of NFIQ 2 z-normalises the whole print, takes the population standard deviation of each cell
//! and calls a cell foreground when that is above 0.1. A standard deviation scales with its samples, so the same is
//! said without touching a pixel: the cell's deviation is above a tenth of the print's.

use super::prepare::Raster;
use super::tensor::{Tensor, line};
use crate::simd::{self, Kernel};

/// Side of a cell and of a block, in pixels at 500 ppi.
pub(super) const SIDE: usize = 32;
/// Share of the print's standard deviation above which a cell is foreground (NFIQ 2's constant).
const FOREGROUND_ABOVE: f64 = 0.1;

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
#[derive(Default)]
pub(super) struct Cells {
    pub columns: usize,
    pub all: Vec<Cell>,
    /// Mean grey of the print.
    pub mean: f64,
    /// Population standard deviation of the print's grey values.
    pub sigma: f64,
}

impl Cells {
    pub fn load(&mut self, raster: &Raster) {
        self.columns = raster.width.div_ceil(SIDE);
        let moments = simd::best(Survey { raster, all: &mut self.all });
        (self.mean, self.sigma) = moments.mean_and_sigma(raster.width * raster.height);
        for cell in &mut self.all {
            // A print of one grey has no foreground (the reference divides zero by zero and finds none).
            cell.foreground = self.sigma > 0.0 && cell.sigma / self.sigma > FOREGROUND_ABOVE;
        }
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

/// Sum of the greys and of their squares.
#[derive(Clone, Copy, Default)]
struct Moments {
    sum: u64,
    squares: u64,
}

impl Moments {
    /// Of a whole cell.
    #[inline(always)]
    fn of_square(raster: &Raster, x: usize, y: usize) -> Self {
        let (mut sums, mut squares) = ([0u32; SIDE], [0u32; SIDE]);
        for dy in 0..SIDE {
            let row = line::<SIDE>(raster, x, y + dy);
            for i in 0..SIDE {
                let pixel = u32::from(row[i]);
                sums[i] += pixel;
                squares[i] += pixel * pixel;
            }
        }
        Self { sum: sums.iter().map(|&s| u64::from(s)).sum(), squares: squares.iter().map(|&s| u64::from(s)).sum() }
    }

    fn of(raster: &Raster, x: usize, y: usize, width: usize, height: usize) -> Self {
        let mut moments = Self::default();
        for dy in 0..height {
            for &pixel in &raster.row(y + dy)[x..x + width] {
                moments.sum += u64::from(pixel);
                moments.squares += u64::from(pixel) * u64::from(pixel);
            }
        }
        moments
    }

    fn mean_and_sigma(self, count: usize) -> (f64, f64) {
        let (sum, count) = (self.sum, count as u64);
        // n times the variance, as a whole number: exact, and never negative.
        let spread = u128::from(count) * u128::from(self.squares) - u128::from(sum) * u128::from(sum);
        (sum as f64 / count as f64, (spread as f64).sqrt() / count as f64)
    }
}

/// Measures every cell; answers with the moments of the whole print.
struct Survey<'a> {
    raster: &'a Raster,
    all: &'a mut Vec<Cell>,
}

impl Kernel for Survey<'_> {
    type Output = Moments;

    #[inline(always)]
    fn run(self) -> Moments {
        let Self { raster, all } = self;
        all.clear();
        let mut whole = Moments::default();
        for y in (0..raster.height).step_by(SIDE) {
            for x in (0..raster.width).step_by(SIDE) {
                let (width, height) = (SIDE.min(raster.width - x), SIDE.min(raster.height - y));
                let (moments, tensor) = if width == SIDE && height == SIDE {
                    (Moments::of_square(raster, x, y), Tensor::of_square(raster, x, y))
                } else {
                    (Moments::of(raster, x, y, width, height), Tensor::of(raster, x, y, width, height))
                };
                whole.sum += moments.sum;
                whole.squares += moments.squares;
                let (mean, sigma) = moments.mean_and_sigma(width * height);
                all.push(Cell { x, y, width, height, mean, sigma, foreground: false, tensor });
            }
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finger::drawn::scrambled;

    #[test]
    fn whole_cells_are_measured_as_partial_ones() {
        let raster = Raster::new(70, 67, (0..70 * 67).map(|i| (scrambled(i % 70, i / 70) >> 5) as u8).collect());
        for (x, y) in [(0, 0), (7, 3), (38, 35), (2, 2)] {
            let (square, any) = (Moments::of_square(&raster, x, y), Moments::of(&raster, x, y, SIDE, SIDE));
            assert_eq!((square.sum, square.squares), (any.sum, any.squares));
            assert_eq!(Tensor::of_square(&raster, x, y), Tensor::of(&raster, x, y, SIDE, SIDE));
        }
    }

    #[test]
    fn the_widest_kernel_measures_as_the_plain_one() {
        let raster = Raster::new(203, 99, (0..203 * 99).map(|i| (scrambled(i % 203, i / 203) >> 4) as u8).collect());
        let (mut plain, mut best) = (Vec::new(), Vec::new());
        simd::plain(Survey { raster: &raster, all: &mut plain });
        simd::best(Survey { raster: &raster, all: &mut best });
        let of = |cells: &[Cell]| -> Vec<_> { cells.iter().map(|c| (c.mean, c.sigma, c.tensor)).collect() };
        assert_eq!(of(&plain), of(&best));
    }
}
