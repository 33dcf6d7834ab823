//! Frequency domain analysis: how much of the grey profile across the ridges is one wave.

use super::blocks::Block;
use super::cells::SIDE;
use super::histogram::Histogram;
use super::natives::{self, Natives};
use super::prepare::Raster;
use super::rotate::{Surround, turned};
use super::{Module, Print};
use std::f64::consts::{FRAC_PI_2, PI};

/// Foreground blocks, of which there must be ten.
pub(super) const MODULE: Module = Module { id: "FrequencyDomainAnalysis", measure };

/// Fewer foreground blocks than this are refused (NFIQ 2's constant).
pub(super) const LEAST_BLOCKS: usize = 10;

const HISTOGRAM: Histogram =
    Histogram { places: natives::FDA, bounds: [0.268, 0.304, 0.33, 0.355, 0.38, 0.407, 0.44, 0.50, 1.0] };

fn measure(print: &Print, natives: &mut Natives) -> Result<(), &'static str> {
    let values: Vec<f64> = print.blocks.foreground().map(|b| one_wave(&print.raster, b)).collect();
    if values.len() < LEAST_BLOCKS { Err("fewer than ten foreground blocks") } else { HISTOGRAM.put(&values, natives) }
}

/// The strongest wave with its neighbours over the sum of the fifteen slowest; 1 where the strongest is the slowest.
pub(super) fn one_wave(raster: &Raster, block: &Block) -> f64 {
    let mut profile = [0.0; SIDE];
    // Rows 2 to 33 and columns 10 to 25 are the middle of the turned 36 x 36 window, ridges level.
    let angle = block.orientation + FRAC_PI_2;
    turned(raster, block, (angle, Surround::Frame), (2..34, 10..26), |row, _, grey| profile[row] += f64::from(grey));
    let waves = amplitudes(&profile);
    let strongest = (0..waves.len()).fold(0, |best, k| if waves[k] > waves[best] { k } else { best });
    if strongest == 0 {
        return 1.0;
    }
    // The amplitudes are symmetric about the sixteenth.
    let after = if strongest == 15 { waves[14] } else { waves[strongest + 1] };
    let slowest: f64 = waves[..15].iter().sum();
    (waves[strongest] + 0.3 * (waves[strongest - 1] + after)) / slowest
}

/// Amplitudes of waves 1 to 16 of 32 real samples; those of 17 to 31 mirror them. The radix-2 steps cancel equal
/// samples exactly, as a fast transform does: a flat profile has no wave at all.
fn amplitudes(samples: &[f64; SIDE]) -> [f64; 16] {
    let mut re = *samples;
    let mut im = [0.0f64; SIDE];
    let mut half = SIDE / 2;
    while half > 0 {
        for start in (0..SIDE).step_by(2 * half) {
            for k in 0..half {
                let (i, j) = (start + k, start + k + half);
                let (sin, cos) = (-PI * k as f64 / half as f64).sin_cos();
                let (dr, di) = (re[i] - re[j], im[i] - im[j]);
                (re[i], im[i]) = (re[i] + re[j], im[i] + im[j]);
                (re[j], im[j]) = (dr * cos - di * sin, dr * sin + di * cos);
            }
        }
        half /= 2;
    }
    // Decimation in frequency leaves the waves in bit-reversed order.
    std::array::from_fn(|k| {
        let index = (k as u32 + 1).reverse_bits() as usize >> (u32::BITS - SIDE.trailing_zeros());
        re[index].hypot(im[index])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amplitudes_are_those_of_the_transform_by_definition() {
        let samples: [f64; SIDE] = std::array::from_fn(|i| ((i * i * 7 + 3 * i) % 256) as f64);
        for (k, amplitude) in (1..).zip(amplitudes(&samples)) {
            let (mut re, mut im) = (0.0, 0.0);
            for (i, sample) in samples.iter().enumerate() {
                let turn = -2.0 * PI * (k * i) as f64 / SIDE as f64;
                re += sample * turn.cos();
                im += sample * turn.sin();
            }
            assert!((re.hypot(im) - amplitude).abs() < 1e-9, "wave {k}");
        }
    }

    #[test]
    fn a_flat_profile_has_no_wave() {
        assert_eq!(amplitudes(&[171.0; SIDE]), [0.0; 16]);
    }
}
