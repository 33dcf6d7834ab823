//! The blocks that frequency, clarity, flow and uniformity look at: 32 x 32 pixels, two pixels in from the print's
//! edge so that a window of 36 x 36 around each lies inside.

use super::cells::{Cells, SIDE};
use super::prepare::Raster;
use super::tensor::Tensor;
use crate::simd::{self, Kernel};

/// Border that a turned block of 32 x 16 needs around the block: ceil((ceil(sqrt(32^2 + 16^2)) - 32) / 2).
pub(super) const BORDER: usize = 2;

/// One block.
pub(super) struct Block {
    /// Left edge of the block in the print.
    pub x: usize,
    /// Upper edge of the block in the print.
    pub y: usize,
    /// Whether every pixel of the block is foreground.
    pub foreground: bool,
    /// Direction across the ridges in radians, above -pi/2 up to pi/2; 0 in the background, where nobody asks.
    pub orientation: f64,
}

/// All blocks, row by row.
#[derive(Default)]
pub(super) struct Blocks {
    pub columns: usize,
    pub rows: usize,
    pub all: Vec<Block>,
}

impl Blocks {
    pub fn load(&mut self, raster: &Raster, cells: &Cells) {
        let count = |side: usize| side.saturating_sub(2 * BORDER) / SIDE;
        (self.columns, self.rows) = (count(raster.width), count(raster.height));
        self.all.clear();
        for row in 0..self.rows {
            for column in 0..self.columns {
                let (x, y) = (BORDER + column * SIDE, BORDER + row * SIDE);
                self.all.push(Block { x, y, foreground: cells.is_foreground_block(x, y), orientation: 0.0 });
            }
        }
        simd::best(Orientations { raster, all: &mut self.all });
    }
}

/// Finds the direction of every foreground block.
struct Orientations<'a> {
    raster: &'a Raster,
    all: &'a mut [Block],
}

impl Kernel for Orientations<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for block in self.all.iter_mut().filter(|block| block.foreground) {
            block.orientation = orientation(Tensor::of_square(self.raster, block.x, block.y));
        }
    }
}

/// NFIQ 2's block orientation. The usual factor 2 on `c` is missing in the reference, and so it is here.
fn orientation(Tensor { a, b, c }: Tensor) -> f64 {
    let length = c * c + (a - b) * (a - b) + f64::EPSILON;
    (c / length).atan2((a - b) / length) / 2.0
}
