//! Coherence of the gradients over the region of interest.

use super::natives::{self, Natives};
use super::{Module, Print};

/// Sum and mean over the cells that the region of interest touches, partial cells included.
pub(super) const MODULE: Module = Module { id: "RegionOfInterestCoherence", measure };

fn measure(print: &Print, natives: &mut Natives) -> Result<(), &'static str> {
    let mut sum = 0.0;
    let mut count = 0u32;
    for (cell, _) in print.cells.all.iter().zip(&print.region.touches).filter(|(_, touched)| **touched) {
        // Length of the summed vectors (gx^2 - gy^2, 2 gx gy) over the sum of their lengths; such a length is
        // gx^2 + gy^2.
        let lengths = cell.tensor.a + cell.tensor.b;
        if lengths > 0.0 {
            sum += cell.tensor.strength() / lengths;
        }
        count += 1;
    }
    let mean = if count == 0 { 0.0 } else { sum / f64::from(count) };
    natives.put(natives::COHERENCE, &[mean, sum]);
    Ok(())
}
