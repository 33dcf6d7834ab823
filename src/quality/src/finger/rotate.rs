//! A block turned so that its ridges stand upright (or lie level), by nearest neighbour.
//!
//! The rounding is that of OpenCV's `warpAffine`: the inverse map in fixed point with ten fractional bits, the
//! column's and the row's share rounded on their own, half a pixel added, the fraction cut off.

use super::blocks::{BORDER, Block};
use super::cells::SIDE;
use super::prepare::Raster;
use std::ops::Range;

/// Side of the window that is turned.
const WINDOW: usize = SIDE + 2 * BORDER;
const FRACTION_BITS: u32 = 10;

/// What lies around the window.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Surround {
    /// Nothing: black beyond the window.
    Black,
    /// Two more pixels of the print on each side, black where the print ends. The turning point moves with the frame
    /// while the crop does not (a property of the reference).
    Frame,
}

/// Turns the block's window by `angle` (radians) and calls `pixel(row, column, grey)` for the crop of
/// `rows` x `columns` of the turned window.
pub(super) fn turned(
    raster: &Raster,
    block: &Block,
    (angle, surround): (f64, Surround),
    (rows, columns): (Range<usize>, Range<usize>),
    mut pixel: impl FnMut(usize, usize, u8),
) {
    let frame = if surround == Surround::Frame { BORDER } else { 0 };
    let side = (WINDOW + 2 * frame) as i64;
    let map = inverse_map(angle, side as f64 / 2.0);
    let scale = f64::from(1u32 << FRACTION_BITS);
    let half = 1i64 << (FRACTION_BITS - 1);
    let fixed = |value: f64| (value * scale).round_ties_even() as i64;
    let origin_x = block.x as i64 - (BORDER + frame) as i64;
    let origin_y = block.y as i64 - (BORDER + frame) as i64;
    let (first_row, first_column) = (rows.start, columns.start);
    for row in rows {
        let row_x = fixed(map[0][1] * row as f64 + map[0][2]) + half;
        let row_y = fixed(map[1][1] * row as f64 + map[1][2]) + half;
        for column in columns.clone() {
            let x = (row_x + fixed(map[0][0] * column as f64)) >> FRACTION_BITS;
            let y = (row_y + fixed(map[1][0] * column as f64)) >> FRACTION_BITS;
            let inside = (0..side).contains(&x) && (0..side).contains(&y);
            let grey = if inside { at(raster, origin_x + x, origin_y + y) } else { 0 };
            pixel(row - first_row, column - first_column, grey);
        }
    }
}

fn at(raster: &Raster, x: i64, y: i64) -> u8 {
    let inside = x >= 0 && y >= 0 && (x as usize) < raster.width && (y as usize) < raster.height;
    if inside { raster.row(y as usize)[x as usize] } else { 0 }
}

/// The map from a turned pixel back to its source: the rotation by `angle` about (`centre`, `centre`), inverted in the
/// order of operations of OpenCV.
fn inverse_map(angle: f64, centre: f64) -> [[f64; 3]; 2] {
    // To degrees and back, as the reference does it.
    let angle = angle * (180.0 / std::f64::consts::PI) * (std::f64::consts::PI / 180.0);
    let (beta, alpha) = angle.sin_cos();
    let forward =
        [[alpha, beta, (1.0 - alpha) * centre - beta * centre], [-beta, alpha, beta * centre + (1.0 - alpha) * centre]];
    let determinant = forward[0][0] * forward[1][1] - forward[0][1] * forward[1][0];
    let d = if determinant == 0.0 { 0.0 } else { 1.0 / determinant };
    let (m0, m1) = (forward[1][1] * d, -forward[0][1] * d);
    let (m3, m4) = (-forward[1][0] * d, forward[0][0] * d);
    let b1 = -m0 * forward[0][2] - m1 * forward[1][2];
    let b2 = -m3 * forward[0][2] - m4 * forward[1][2];
    [[m0, m1, b1], [m3, m4, b2]]
}
