//! The grey profile across upright ridges, and which of its columns are ridge.

use super::blocks::Block;
use super::cells::SIDE;
use super::prepare::Raster;
use super::rotate::{Surround, turned};

/// Rows of the crop that the profile is taken from.
pub(super) const ROWS: usize = 16;

/// The upright crop of a block with its profile.
pub(super) struct Profile {
    /// Grey values, `ROWS` rows of 32.
    pub crop: [[u8; SIDE]; ROWS],
    /// The straight line through the column means.
    pub line: [f64; SIDE],
    /// Whether the column's mean is below the line.
    pub ridge: [bool; SIDE],
}

impl Profile {
    pub fn of(raster: &Raster, block: &Block, surround: Surround) -> Self {
        let mut crop = [[0u8; SIDE]; ROWS];
        // Rows 10 to 25 and columns 2 to 33 are the middle of the turned 36 x 36 window.
        turned(raster, block, (block.orientation, surround), (10..26, 2..34), |row, column, grey| {
            crop[row][column] = grey;
        });
        let mut sums = [0i64; SIDE];
        for row in &crop {
            for (sum, &grey) in sums.iter_mut().zip(row) {
                *sum += i64::from(grey);
            }
        }
        let (line, ridge) = split(&sums);
        Self { crop, line, ridge }
    }
}

/// Least squares over x = 1 to 32; both coefficients are rounded to ten decimals, as the reference does.
fn split(sums: &[i64; SIDE]) -> ([f64; SIDE], [bool; SIDE]) {
    let rounded = |value: f64| (value * 1e10).round() / 1e10;
    let total: i64 = sums.iter().sum();
    // Twice the distance from the mean of x is whole: sum((2x - 33) v); the sum of (x - 16.5)^2 is 2728.
    let tilt: i64 = sums.iter().zip(1i64..).map(|(&sum, x)| (2 * x - 33) * sum).sum();
    let exact_slope = tilt as f64 / (2.0 * ROWS as f64 * 2728.0);
    let mean = total as f64 / (ROWS * SIDE) as f64;
    let (slope, intercept) = (rounded(exact_slope), rounded(mean - exact_slope * 16.5));
    let mut line = [0.0; SIDE];
    let mut ridge = [false; SIDE];
    for (index, &sum) in sums.iter().enumerate() {
        line[index] = (index + 1) as f64 * slope + intercept;
        ridge[index] = (sum as f64 / ROWS as f64) < line[index];
    }
    (line, ridge)
}
