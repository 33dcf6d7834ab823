//! The local values behind the histograms: what every block and every cell says.

use super::blocks::Blocks;
use super::cells::Cells;
use super::fda::{self, Turns};
use super::lcs::clarity;
use super::prepare::Raster;
use super::profile::Profile;
use super::rotate::{Turn, Window};
use super::rvu::{MOST_RATIOS, add_ratios};
use super::{ocl, of};
use crate::simd::{self, Kernel};
use std::f64::consts::FRAC_PI_2;

/// Local values of one print.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Values {
    /// Of frequency domain analysis: one a foreground block.
    pub waves: Vec<f64>,
    /// Of local clarity: one a foreground block.
    pub clarity: Vec<f64>,
    /// Of ridge-valley uniformity: some of every foreground block.
    pub ratios: Vec<f64>,
    /// Of orientation certainty: one a whole cell that is not of one grey.
    pub certainty: Vec<f64>,
    /// Of orientation flow: one a block that turns against its neighbours.
    pub flow: Vec<f64>,
}

impl Values {
    pub fn load(&mut self, raster: &Raster, cells: &Cells, blocks: &Blocks) {
        for values in [&mut self.waves, &mut self.clarity, &mut self.ratios, &mut self.certainty, &mut self.flow] {
            values.clear();
        }
        // As much as there could be, so that no print needs more than another one of its size.
        self.certainty.reserve(cells.all.len());
        self.flow.reserve(blocks.all.len());
        self.waves.reserve(blocks.all.len());
        self.clarity.reserve(blocks.all.len());
        self.ratios.reserve(blocks.all.len() * MOST_RATIOS);
        ocl::collect(cells, &mut self.certainty);
        of::collect(blocks, &mut self.flow);
        simd::best(Turning { raster, blocks, values: self });
    }
}

/// Turns the window of every foreground block three ways: framed with the ridges upright (uniformity) and level
/// (frequency), and upright without the frame (clarity).
struct Turning<'a> {
    raster: &'a Raster,
    blocks: &'a Blocks,
    values: &'a mut Values,
}

impl Kernel for Turning<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let mut window = Window::black();
        let turns = Turns::get();
        for block in self.blocks.all.iter().filter(|block| block.foreground) {
            window.load(self.raster, block);
            let upright = Turn::by(block.orientation);
            // Rows 10 to 25 and columns 2 to 33 are the middle of the turned 36 x 36 window, and the other way round.
            add_ratios(Profile::of(&window.turned(upright, (10, 2))).ridge, &mut self.values.ratios);
            let level = Turn::by(block.orientation + FRAC_PI_2);
            self.values.waves.push(fda::one_wave(&window.turned(level, (2, 10)), turns));
            window.unframe();
            self.values.clarity.push(clarity(&window.turned(upright, (10, 2))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finger::drawn::Whorl;

    #[test]
    fn the_widest_kernel_measures_as_the_plain_one() {
        let print = Whorl::clean(300, 260).draw();
        let raster = Raster::new(300, 260, print.grey().to_vec());
        let (mut cells, mut blocks) = (Cells::default(), Blocks::default());
        cells.load(&raster);
        blocks.load(&raster, &cells);
        let (mut plain, mut best) = (Values::default(), Values::default());
        simd::plain(Turning { raster: &raster, blocks: &blocks, values: &mut plain });
        simd::best(Turning { raster: &raster, blocks: &blocks, values: &mut best });
        assert!(plain.waves.len() > 40 && plain.ratios.len() > 40, "{plain:?}");
        assert_eq!(plain, best);
    }
}
