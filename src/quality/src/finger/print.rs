//! One print with the intermediates that several measures share, each computed once.

use super::blocks::Blocks;
use super::cells::Cells;
use super::prepare::{Failure, Prepared};
use super::roi::Region;
use super::tone::Tone;
use super::trace::Trace;
use super::values::Values;
use crate::minutiae::{Extractor, MAX_MINUTIAE, Minutia};
use domain::image::FingerImage;
use zeroize::Zeroize;

/// A print at 500 ppi with everything that more than one measure looks at; the workspace of one print after another.
pub struct Print {
    pub(super) prepared: Prepared,
    pub(super) cells: Cells,
    pub(super) blocks: Blocks,
    pub(super) values: Values,
    pub(super) region: Region,
    pub(super) tone: Tone,
    /// Finds minutiae, where they are wanted.
    extractor: Option<Extractor>,
    minutiae: Vec<Minutia>,
    /// Share of the picture before the crop that the foreground covers, 0 to 1: on a live sensor the share of its area.
    pub(super) covered: f64,
    /// How far the middle of the foreground lies from the middle of the picture before the crop, as a share of the
    /// picture's shorter side.
    pub(super) off_centre: f64,
}

impl Print {
    /// No print yet; whether minutiae will be looked for.
    pub(super) fn empty(with_minutiae: bool) -> Self {
        Self {
            prepared: Prepared::empty(),
            cells: Cells::default(),
            blocks: Blocks::default(),
            values: Values::default(),
            region: Region::default(),
            tone: Tone::default(),
            extractor: with_minutiae.then(Extractor::new),
            minutiae: Vec::new(),
            covered: 0.0,
            off_centre: 0.0,
        }
    }

    /// Resamples, crops, and computes the shared intermediates.
    pub(super) fn load(&mut self, image: &FingerImage) -> Result<(), Failure> {
        self.prepared.load(image)?;
        let raster = &self.prepared.raster;
        self.cells.load(raster);
        self.blocks.load(raster, &self.cells);
        self.values.load(raster, &self.cells, &self.blocks);
        self.region.load(raster);
        self.tone = Tone::of(raster, &self.cells);
        self.covered = self.cells.foreground_area() as f64 / (self.prepared.width * self.prepared.height) as f64;
        self.off_centre = off_centre(&self.prepared, &self.cells);
        self.minutiae.clear();
        if let Some(extractor) = &mut self.extractor {
            self.minutiae.reserve(MAX_MINUTIAE);
            self.minutiae.extend_from_slice(extractor.extract(raster.grey(), raster.width, raster.height));
        }
        Ok(())
    }

    /// Every end and fork of the thinned ridges, in pixels of the print without its margin.
    pub(super) fn traces(&self) -> impl Iterator<Item = (f32, f32)> + '_ {
        self.extractor.iter().flat_map(Extractor::traces)
    }

    /// The minutiae, in pixels of the print without its margin; none where they were not looked for.
    pub(super) fn minutiae(&self) -> Option<&[Minutia]> {
        self.extractor.is_some().then_some(&self.minutiae)
    }

    /// No print: what was found in the last one is gone.
    pub(super) fn forget(&mut self) {
        self.minutiae.clear();
    }

    /// Shows the intermediates to a trace.
    pub(super) fn show(&self, trace: &dyn Trace) {
        if !trace.looks() {
            return;
        }
        let raster = &self.prepared.raster;
        let (width, height) = (raster.width, raster.height);
        trace.record("print", width, height, raster.grey());
        trace.record("foreground", width, height, &self.cells.draw_foreground(width, height));
        trace.record("region", width, height, &self.region.draw(width, height));
    }
}

/// Nobody's minutiae are left in memory.
impl Drop for Print {
    fn drop(&mut self) {
        self.minutiae.zeroize();
    }
}

fn off_centre(prepared: &Prepared, cells: &Cells) -> f64 {
    let Some((x, y)) = cells.foreground_centre() else { return 0.0 };
    let dx = x + prepared.left as f64 - prepared.width as f64 / 2.0;
    let dy = y + prepared.top as f64 - prepared.height as f64 / 2.0;
    dx.hypot(dy) / prepared.width.min(prepared.height) as f64
}
