//! One print with the intermediates that several measures share, each computed once.

use super::blocks::Blocks;
use super::cells::Cells;
use super::prepare::{Failure, Prepared, Raster, prepare};
use super::roi::Region;
use super::tone::Tone;
use super::trace::Trace;
use domain::image::FingerImage;

/// A print at 500 ppi with everything that more than one measure looks at.
pub struct Print {
    pub(super) raster: Raster,
    pub(super) cells: Cells,
    pub(super) blocks: Blocks,
    pub(super) region: Region,
    pub(super) tone: Tone,
    /// Share of the picture before the crop that the foreground covers, 0 to 1: on a live sensor the share of its area.
    pub(super) covered: f64,
    /// How far the middle of the foreground lies from the middle of the picture before the crop, as a share of the
    /// picture's shorter side.
    pub(super) off_centre: f64,
}

impl Print {
    /// Resamples, crops, and computes the shared intermediates.
    pub(super) fn of(image: &FingerImage) -> Result<Self, Failure> {
        let prepared = prepare(image)?;
        let cells = Cells::of(&prepared.raster);
        let blocks = Blocks::of(&prepared.raster, &cells);
        let region = Region::of(&prepared.raster);
        let tone = Tone::of(&prepared.raster, &cells);
        let covered = cells.foreground_area() as f64 / (prepared.width * prepared.height) as f64;
        let off_centre = off_centre(&prepared, &cells);
        Ok(Self { raster: prepared.raster, cells, blocks, region, tone, covered, off_centre })
    }

    /// Shows the intermediates to a trace.
    pub(super) fn show(&self, trace: &dyn Trace) {
        if !trace.looks() {
            return;
        }
        let (width, height) = (self.raster.width, self.raster.height);
        trace.record("print", width, height, self.raster.grey());
        let foreground = self.cells.draw_foreground(width, height);
        trace.record("foreground", width, height, &foreground);
        let region: Vec<u8> = self.region.mask.iter().map(|&inside| if inside { 255 } else { 0 }).collect();
        trace.record("region", width, height, &region);
    }
}

fn off_centre(prepared: &Prepared, cells: &Cells) -> f64 {
    let Some((x, y)) = cells.foreground_centre() else { return 0.0 };
    let dx = x + prepared.left as f64 - prepared.width as f64 / 2.0;
    let dy = y + prepared.top as f64 - prepared.height as f64 / 2.0;
    dx.hypot(dy) / prepared.width.min(prepared.height) as f64
}
