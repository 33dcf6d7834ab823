//! The region of interest: where the print lies, found by two blurs and two thresholds.

use super::cells::SIDE;
use super::natives::{self, Natives};
use super::prepare::Raster;
use super::{Module, Print};
use super::{blur, otsu, regions};

/// The mean grey of the region.
pub(super) const MODULE: Module = Module { id: "RegionOfInterestMean", measure };

/// Size of the first blur in pixels at 500 ppi (NFIQ 2's constant).
const FIRST_BLUR: usize = 41;
/// Size of the second blur in pixels at 500 ppi (NFIQ 2's constant).
const SECOND_BLUR: usize = 91;

fn measure(print: &Print, natives: &mut Natives) -> Result<(), &'static str> {
    natives.put(natives::ROI_MEAN, &[print.region.mean]);
    Ok(())
}

/// The region of interest of a print.
pub(super) struct Region {
    /// Whether each pixel of the print belongs to it.
    pub mask: Vec<bool>,
    /// Pixels that belong to it.
    pub area: usize,
    /// Their mean grey; 255 where there is none.
    pub mean: f64,
    /// Whether each cell (32 x 32 from the corner, partial ones too, row by row) has a pixel of it.
    pub touches: Vec<bool>,
}

impl Region {
    pub fn of(raster: &Raster) -> Self {
        let width = raster.width;
        let soft = blur::gaussian(&eroded(raster), width, FIRST_BLUR);
        let parted: Vec<u8> = otsu::above(&soft).iter().map(|&light| if light { 255 } else { 0 }).collect();
        let softer = blur::gaussian(&parted, width, SECOND_BLUR);
        let mut mask: Vec<bool> = otsu::above(&softer).iter().map(|&light| !light).collect();
        regions::keep_largest_without_holes(&mut mask, width);
        let inside = || mask.iter().zip(raster.grey()).filter(|(inside, _)| **inside);
        let area = inside().count();
        let sum: u64 = inside().map(|(_, &grey)| u64::from(grey)).sum();
        let mean = if area == 0 { 255.0 } else { sum as f64 / area as f64 };
        let touches = touched_cells(&mask, width);
        Self { mask, area, mean, touches }
    }
}

/// The darkest pixel of the 5 x 5 around each; the edge counts as light.
fn eroded(raster: &Raster) -> Vec<u8> {
    let mut across = vec![0u8; raster.grey().len()];
    for (y, out) in across.chunks_exact_mut(raster.width).enumerate() {
        darkest(raster.width, |x| raster.row(y)[x], out);
    }
    let mut out = Vec::with_capacity(across.len());
    let row = |y: usize| &across[y * raster.width..][..raster.width];
    for y in 0..raster.height {
        let start = out.len();
        out.extend_from_slice(row(y));
        for other in y.saturating_sub(2)..=(y + 2).min(raster.height - 1) {
            for (least, &pixel) in out[start..].iter_mut().zip(row(other)) {
                *least = pixel.min(*least);
            }
        }
    }
    out
}

fn darkest(width: usize, pixel: impl Fn(usize) -> u8, out: &mut [u8]) {
    for (x, least) in out.iter_mut().enumerate() {
        *least = (x.saturating_sub(2)..=(x + 2).min(width - 1)).map(&pixel).min().unwrap_or(u8::MAX);
    }
}

/// Cells with a pixel of the region. The reference asks whether the cell's mean over 0 (region) and 255 (outside) is
/// below 255 and takes the mean as sum times reciprocal of the count. For some sizes of a partial cell (29 x 29 is one)
/// that falls a last bit short of 255 with no pixel of the region there: such cells count, and so they do here.
fn touched_cells(mask: &[bool], width: usize) -> Vec<bool> {
    let (columns, height) = (width.div_ceil(SIDE), mask.len() / width);
    let mut inside = vec![0u32; columns * height.div_ceil(SIDE)];
    for (y, row) in mask.chunks_exact(width).enumerate() {
        for (column, part) in row.chunks(SIDE).enumerate() {
            inside[y / SIDE * columns + column] += part.iter().map(|&pixel| u32::from(pixel)).sum::<u32>();
        }
    }
    let length = |index: usize, side: usize| SIDE.min(side - index * SIDE);
    let counts = inside.iter().enumerate();
    counts
        .map(|(index, &dark)| {
            let size = (length(index % columns, width) * length(index / columns, height)) as f64;
            255.0 * (size - f64::from(dark)) * (1.0 / size) < 255.0
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_a_picture_without_a_region() {
        assert_eq!(touched_cells(&[false; 64 * 64], 64), [false; 4]);
        // 61 x 61: of the partial cells the one of 29 x 29 falls short of white by rounding.
        assert_eq!(touched_cells(&[false; 61 * 61], 61), [false, false, false, true]);
    }

    #[test]
    fn one_pixel_touches_its_cell() {
        let mut mask = vec![false; 64 * 64];
        mask[40 * 64 + 3] = true;
        assert_eq!(touched_cells(&mask, 64), [false, false, true, false]);
    }
}
