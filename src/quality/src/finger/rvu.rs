//! Ridge-valley uniformity: the ratios of neighbouring ridge and valley widths.

use super::histogram::Histogram;
use super::natives::{self, Natives};
use super::profile::Profile;
use super::rotate::Surround;
use super::{Module, Print};

/// Foreground blocks; their ratios are pooled.
pub(super) const MODULE: Module = Module { id: "RidgeValleyUniformity", measure };

const HISTOGRAM: Histogram =
    Histogram { places: natives::RVU, bounds: [0.5, 0.667, 0.8, 1.0, 1.25, 1.5, 2.0, 24.0, 30.0] };

fn measure(print: &Print, natives: &mut Natives) -> Result<(), &'static str> {
    let mut ratios = Vec::with_capacity(print.blocks.all.len() * 4);
    for block in print.blocks.foreground() {
        add_ratios(&Profile::of(&print.raster, block, Surround::Frame).ridge, &mut ratios);
    }
    HISTOGRAM.put(&ratios, natives)
}

/// The ratios of one profile, from its right end. The last column is not looked at; the incomplete first and last runs
/// and the first complete one are dropped; every second ratio is inverted, starting by the kind of the first complete
/// run: all of it as the reference does it.
fn add_ratios(ridge: &[bool], ratios: &mut Vec<f64>) {
    let changes: Vec<usize> = (1..ridge.len() - 1).filter(|&i| ridge[i] != ridge[i - 1]).map(|i| i - 1).collect();
    let (Some(&first), Some(&last)) = (changes.first(), changes.last()) else { return };
    if first + 1 >= last {
        return;
    }
    let starts_with_ridge = ridge[first + 1];
    let runs: Vec<usize> = changes[1..].windows(2).rev().map(|pair| pair[1] - pair[0]).collect();
    for (index, pair) in runs.windows(2).enumerate() {
        let ratio = pair[0] as f64 / pair[1] as f64;
        let inverted = if starts_with_ridge { index % 2 == 1 } else { index % 2 == 0 };
        ratios.push(if inverted { 1.0 / ratio } else { ratio });
    }
}
