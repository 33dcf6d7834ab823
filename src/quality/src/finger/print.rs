//! One print with the intermediates that several measures share, each computed once.

use super::blocks::Blocks;
use super::cells::Cells;
use super::prepare::{Failure, Raster, prepare};
use super::roi::Region;
use super::trace::Trace;
use domain::image::FingerImage;

/// A print at 500 ppi with everything that more than one measure looks at.
pub struct Print {
    pub(super) raster: Raster,
    pub(super) cells: Cells,
    pub(super) blocks: Blocks,
    pub(super) region: Region,
    /// Area of the whole picture in pixels at 500 ppi, before the crop: the area that the sensor offered.
    pub(super) offered_area: f64,
}

impl Print {
    /// Resamples, crops, and computes the shared intermediates.
    pub(super) fn of(image: &FingerImage) -> Result<Self, Failure> {
        let raster = prepare(image)?;
        let cells = Cells::of(&raster);
        let blocks = Blocks::of(&raster, &cells);
        let region = Region::of(&raster);
        let scale = 500.0 / f64::from(image.ppi.get());
        let offered_area = f64::from(image.width) * f64::from(image.height) * scale * scale;
        Ok(Self { raster, cells, blocks, region, offered_area })
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
