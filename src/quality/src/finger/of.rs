//! Orientation flow: how much a block's direction differs from that of its eight neighbours.

use super::blocks::Blocks;
use super::histogram::Histogram;
use super::natives::{self, Natives};
use super::{Module, Print};
use std::f64::consts::{FRAC_PI_2, PI};

/// Blocks whose neighbours are all foreground and whose direction differs by more than four degrees.
pub(super) const MODULE: Module = Module { id: "OrientationFlow", measure };

const HISTOGRAM: Histogram =
    Histogram { places: natives::OF, bounds: [0.01715, 0.035, 0.0557, 0.081, 0.115, 0.1718, 0.2569, 0.4758, 0.748] };

/// Differences up to this are no change of direction: 4 degrees.
const LEAST: f64 = 4.0 * (PI / 180.0);

fn measure(print: &Print, natives: &mut Natives) -> Result<(), &'static str> {
    HISTOGRAM.put(&print.values.flow, natives)
}

/// The values of all blocks that have one.
pub(super) fn collect(blocks: &Blocks, values: &mut Vec<f64>) {
    // A block at the edge has neighbours outside, which are not foreground.
    for row in 1..blocks.rows.saturating_sub(1) {
        for column in 1..blocks.columns.saturating_sub(1) {
            values.extend(turn(blocks, row, column).filter(|&t| t > LEAST).map(|t| (t - LEAST) / (FRAC_PI_2 - LEAST)));
        }
    }
}

/// The mean difference of direction from the eight neighbours, in radians; none where one of the nine is background.
fn turn(blocks: &Blocks, row: usize, column: usize) -> Option<f64> {
    let centre = &blocks.all[row * blocks.columns + column];
    let mut sum = 0.0;
    for neighbour_row in row - 1..=row + 1 {
        for block in &blocks.all[neighbour_row * blocks.columns + column - 1..][..3] {
            if !block.foreground {
                return None;
            }
            let difference = (centre.orientation - block.orientation).abs();
            sum += difference.min(2.0 * PI - difference);
        }
    }
    Some(sum / 8.0)
}
