//! Orientation certainty level: how much the gradients of a cell agree on one direction.

use super::cells::Cells;
use super::histogram::Histogram;
use super::natives::{self, Natives};
use super::tensor::Tensor;
use super::{Module, Print};

/// Every whole cell; the foreground mask plays no part.
pub(super) const MODULE: Module = Module { id: "OrientationCertainty", measure };

const HISTOGRAM: Histogram =
    Histogram { places: natives::OCL, bounds: [0.337, 0.479, 0.579, 0.655, 0.716, 0.766, 0.81, 0.852, 0.898] };

fn measure(print: &Print, natives: &mut Natives) -> Result<(), &'static str> {
    HISTOGRAM.put(&print.values.certainty, natives)
}

/// The values of all whole cells.
pub(super) fn collect(cells: &Cells, values: &mut Vec<f64>) {
    values.extend(cells.all.iter().filter(|cell| cell.is_whole()).filter_map(|cell| certainty(cell.tensor)));
}

/// 1 - smaller / larger eigenvalue: 0 (no direction) to 1 (one direction); none where the cell is of one grey.
pub(super) fn certainty(tensor: Tensor) -> Option<f64> {
    let sum = tensor.a + tensor.b;
    let larger = (sum + tensor.strength()) / 2.0;
    let smaller = (sum - tensor.strength()) / 2.0;
    (larger != 0.0).then(|| 1.0 - smaller / larger)
}
