//! Contrast: the mean grey of the print, and the mean of its cells' means.

use super::{Measure, Module, Print};

/// Mu and MMB. Partial cells weigh as much as whole ones.
pub(super) const MODULE: Module = Module { id: "Contrast", measure };

fn measure(print: &Print) -> Result<Vec<Measure>, &'static str> {
    let cells = &print.cells.all;
    let mean_of_means = cells.iter().map(|c| c.mean).sum::<f64>() / cells.len() as f64;
    Ok(vec![Measure { id: "MMB", value: mean_of_means }, Measure { id: "Mu", value: print.cells.mean }])
}
