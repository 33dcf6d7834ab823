//! Contrast: the mean grey of the print, and the mean of its cells' means.

use super::natives::{self, Natives};
use super::{Module, Print};

/// Mu and MMB. Partial cells weigh as much as whole ones.
pub(super) const MODULE: Module = Module { id: "Contrast", measure };

fn measure(print: &Print, natives: &mut Natives) -> Result<(), &'static str> {
    let cells = &print.cells.all;
    let mean_of_means = cells.iter().map(|c| c.mean).sum::<f64>() / cells.len() as f64;
    natives.put(natives::CONTRAST, &[mean_of_means, print.cells.mean]);
    Ok(())
}
