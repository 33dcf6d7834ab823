//! How the greys of a rectangle change: the means of the products of their gradients.

use super::cells::SIDE;
use super::prepare::Raster;

/// Means of the products of the grey gradients: `a` of gx^2, `b` of gy^2, `c` of gx gy.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Tensor {
    pub a: f64,
    pub b: f64,
    pub c: f64,
}

/// Columns that are added up side by side.
const LANES: usize = 16;

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
            for dx in 0..width {
                let (before, after) = (dx.saturating_sub(1), (dx + 1).min(width - 1));
                let horizontal = if dx == 0 || dx + 1 == width { 2 } else { 1 };
                let gx = (i32::from(here[after]) - i32::from(here[before])) * horizontal;
                let gy = (i32::from(below[dx]) - i32::from(above[dx])) * vertical;
                a += i64::from(gx * gx);
                b += i64::from(gy * gy);
                c += i64::from(gx * gy);
            }
        }
        Self::mean([a, b, c], width * height)
    }

    /// As [`Tensor::of`], over 32 x 32 pixels.
    #[inline(always)]
    pub fn of_square(raster: &Raster, x: usize, y: usize) -> Self {
        // A square has 32 rows, a product is 510^2 at most: each lane stays below 2^24.
        let (mut a, mut b, mut c) = ([0i32; LANES], [0i32; LANES], [0i32; LANES]);
        let (mut gx, mut gy) = ([0i16; SIDE], [0i16; SIDE]);
        for dy in 0..SIDE {
            let here = line::<SIDE>(raster, x, y + dy);
            let above = line::<SIDE>(raster, x, y + dy.saturating_sub(1));
            let below = line::<SIDE>(raster, x, y + (dy + 1).min(SIDE - 1));
            for i in 1..SIDE - 1 {
                gx[i] = i16::from(here[i + 1]) - i16::from(here[i - 1]);
            }
            gx[0] = 2 * (i16::from(here[1]) - i16::from(here[0]));
            gx[SIDE - 1] = 2 * (i16::from(here[SIDE - 1]) - i16::from(here[SIDE - 2]));
            let vertical = if dy == 0 || dy + 1 == SIDE { 2 } else { 1 };
            for i in 0..SIDE {
                gy[i] = (i16::from(below[i]) - i16::from(above[i])) * vertical;
            }
            for half in 0..SIDE / LANES {
                for i in 0..LANES {
                    let (x, y) = (i32::from(gx[half * LANES + i]), i32::from(gy[half * LANES + i]));
                    a[i] += x * x;
                    b[i] += y * y;
                    c[i] += x * y;
                }
            }
        }
        let sum = |lanes: [i32; LANES]| lanes.iter().map(|&lane| i64::from(lane)).sum();
        Self::mean([sum(a), sum(b), sum(c)], SIDE * SIDE)
    }

    /// Each factor was doubled: 4 = 2 x 2.
    #[inline(always)]
    fn mean([a, b, c]: [i64; 3], count: usize) -> Self {
        let scale = 4.0 * count as f64;
        Self { a: a as f64 / scale, b: b as f64 / scale, c: c as f64 / scale }
    }

    /// The length of (a - b, 2c): how strongly one direction prevails, in squared grey values.
    pub fn strength(&self) -> f64 {
        ((self.a - self.b).powi(2) + 4.0 * self.c * self.c).sqrt()
    }
}

/// `N` pixels of row `y` from column `x`, which must be there.
#[inline(always)]
pub(super) fn line<const N: usize>(raster: &Raster, x: usize, y: usize) -> &[u8; N] {
    raster.row(y)[x..].first_chunk().unwrap_or(&[0; N])
}
