//! The blocks that frequency, clarity, flow and uniformity look at: 32 x 32 pixels, two pixels in from the print's
//! edge so that a window of 36 x 36 around each lies inside.

use super::cells::{Cells, SIDE, Tensor};
use super::prepare::Raster;

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
    /// Direction across the ridges in radians, above -pi/2 up to pi/2.
    pub orientation: f64,
}

/// All blocks, row by row.
pub(super) struct Blocks {
    pub columns: usize,
    pub rows: usize,
    pub all: Vec<Block>,
}

impl Blocks {
    pub fn of(raster: &Raster, cells: &Cells) -> Self {
        let count = |side: usize| side.saturating_sub(2 * BORDER) / SIDE;
        let (columns, rows) = (count(raster.width), count(raster.height));
        let mut all = Vec::with_capacity(columns * rows);
        for row in 0..rows {
            for column in 0..columns {
                let (x, y) = (BORDER + column * SIDE, BORDER + row * SIDE);
                let orientation = orientation(Tensor::of(raster, x, y, SIDE, SIDE));
                all.push(Block { x, y, foreground: cells.is_foreground_block(x, y), orientation });
            }
        }
        Self { columns, rows, all }
    }

    pub fn foreground(&self) -> impl Iterator<Item = &Block> {
        self.all.iter().filter(|b| b.foreground)
    }
}

/// NFIQ 2's block orientation. The usual factor 2 on `c` is missing in the reference, and so it is here.
fn orientation(Tensor { a, b, c }: Tensor) -> f64 {
    let length = c * c + (a - b) * (a - b) + f64::EPSILON;
    (c / length).atan2((a - b) / length) / 2.0
}
