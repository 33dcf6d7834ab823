//! Local clarity: how cleanly the pixels of ridges and valleys fall on their side of the profile.

use super::blocks::Block;
use super::histogram::Histogram;
use super::natives::{self, Natives};
use super::prepare::Raster;
use super::profile::{Profile, ROWS};
use super::rotate::Surround;
use super::{Module, Print};

/// Foreground blocks.
pub(super) const MODULE: Module = Module { id: "LocalClarity", measure };

const HISTOGRAM: Histogram =
    Histogram { places: natives::LCS, bounds: [0.0, 0.70, 0.74, 0.77, 0.79, 0.81, 0.83, 0.85, 0.87] };

/// The widest ridge or valley at 500 ppi: 5 pixels at 125 ppi (NFIQ 2's normalisation).
const WIDEST: f64 = 500.0 / 125.0 * 5.0;

fn measure(print: &Print, natives: &mut Natives) -> Result<(), &'static str> {
    let values: Vec<f64> = print.blocks.foreground().map(|b| clarity(&print.raster, b)).collect();
    HISTOGRAM.put(&values, natives)
}

/// 0 (no ridge structure, or wrong widths) to 1 (every pixel on its side).
pub(super) fn clarity(raster: &Raster, block: &Block) -> f64 {
    let profile = Profile::of(raster, block, Surround::Black);
    if !widths_fit(&profile.ridge) {
        return 0.0;
    }
    let (mut wrong_in_valleys, mut wrong_in_ridges, mut ridge_columns) = (0u32, 0u32, 0usize);
    for column in 0..profile.ridge.len() {
        let above = profile.crop.iter().filter(|row| f64::from(row[column]) >= profile.line[column]).count() as u32;
        if profile.ridge[column] {
            wrong_in_ridges += above;
            ridge_columns += 1;
        } else {
            wrong_in_valleys += ROWS as u32 - above;
        }
    }
    let share = |wrong: u32, columns: usize| f64::from(wrong) / (columns * ROWS) as f64;
    let alpha = share(wrong_in_valleys, profile.ridge.len() - ridge_columns);
    let beta = share(wrong_in_ridges, ridge_columns);
    1.0 - (alpha + beta) / 2.0
}

/// Whether the mean ridge is 3 to 10 pixels wide and the mean valley 2 to 10. The first run counts one short and the
/// last is left out, as in the reference.
fn widths_fit(ridge: &[bool]) -> bool {
    let changes: Vec<usize> = (1..ridge.len()).filter(|&i| ridge[i] != ridge[i - 1]).map(|i| i - 1).collect();
    let Some(&first) = changes.first() else { return false };
    let runs = std::iter::once(first).chain(changes.windows(2).map(|pair| pair[1] - pair[0]));
    let mut ridges = Vec::with_capacity(16);
    let mut valleys = Vec::with_capacity(16);
    let mut on_ridge = ridge[0];
    for run in runs {
        let widths = if on_ridge { &mut ridges } else { &mut valleys };
        widths.push(run as f64 / WIDEST);
        on_ridge = !on_ridge;
    }
    let within = |mean: f64, least: f64| mean >= least / WIDEST && mean <= 10.0 / WIDEST;
    within(mean(&ridges), 3.0) && within(mean(&valleys), 2.0)
}

/// The mean, added up in the order of OpenCV: four at a time, then times the reciprocal of the count. The limits above
/// are met exactly by whole widths, so the last bit decides.
fn mean(values: &[f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let (fours, rest) = values.as_chunks::<4>();
    let mut sum = 0.0;
    for [a, b, c, d] in fours {
        sum += a + b + c + d;
    }
    for value in rest {
        sum += value;
    }
    sum * (1.0 / values.len() as f64)
}
