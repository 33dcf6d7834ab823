//! Frequency domain analysis: how much of the grey profile across the ridges is one wave.

use super::cells::SIDE;
use super::histogram::Histogram;
use super::natives::{self, Natives};
use super::{Module, Print};
use std::sync::LazyLock;

/// Foreground blocks, of which there must be ten.
pub(super) const MODULE: Module = Module { id: "FrequencyDomainAnalysis", measure };

/// Fewer foreground blocks than this are refused (NFIQ 2's constant).
pub(super) const LEAST_BLOCKS: usize = 10;

/// Columns of the crop that the profile is taken from.
pub(super) const COLUMNS: usize = 16;

const HISTOGRAM: Histogram =
    Histogram { places: natives::FDA, bounds: [0.268, 0.304, 0.33, 0.355, 0.38, 0.407, 0.44, 0.50, 1.0] };

fn measure(print: &Print, natives: &mut Natives) -> Result<(), &'static str> {
    let waves = &print.values.waves;
    if waves.len() < LEAST_BLOCKS { Err("fewer than ten foreground blocks") } else { HISTOGRAM.put(waves, natives) }
}

/// The strongest wave with its neighbours over the sum of the fifteen slowest; 1 where the strongest is the slowest.
/// The ridges of the crop lie level.
#[inline(always)]
pub(super) fn one_wave(crop: &[[u8; COLUMNS]; SIDE], turns: &Turns) -> f64 {
    let mut profile = [0.0; SIDE];
    for (sum, row) in profile.iter_mut().zip(crop) {
        *sum = f64::from(row.iter().map(|&grey| u32::from(grey)).sum::<u32>());
    }
    let waves = turns.amplitudes(&profile);
    let strongest = (0..waves.len()).fold(0, |best, k| if waves[k] > waves[best] { k } else { best });
    if strongest == 0 {
        return 1.0;
    }
    // The amplitudes are symmetric about the sixteenth.
    let after = if strongest == 15 { waves[14] } else { waves[strongest + 1] };
    let slowest: f64 = waves[..15].iter().sum();
    (waves[strongest] + 0.3 * (waves[strongest - 1] + after)) / slowest
}

/// The transform of 32 samples, in an order of operations near to OpenCV's. Where waves are equally strong (a single
/// clean line gives every wave alike) the last bit decides which one is the strongest: of drawn pictures of such lines
/// 2 % of the blocks are told otherwise than by the reference, of prints none was found.
pub(super) struct Turns {
    /// Whole turns in 32nds, clockwise: cosine and sine, each the one before turned once more.
    wave: [(f64, f64); SIDE],
}

type Complex = (f64, f64);

#[inline(always)]
fn times((a, b): Complex, (c, d): Complex) -> Complex {
    (a * c - b * d, a * d + b * c)
}

#[inline(always)]
fn plus((a, b): Complex, (c, d): Complex) -> Complex {
    (a + c, b + d)
}

#[inline(always)]
fn minus((a, b): Complex, (c, d): Complex) -> Complex {
    (a - c, b - d)
}

impl Turns {
    /// Computed once for the process.
    pub fn get() -> &'static Self {
        static TURNS: LazyLock<Turns> = LazyLock::new(Turns::new);
        &TURNS
    }

    fn new() -> Self {
        // Cosine and sine of a 32nd of a turn.
        let one = (0.980_785_280_403_230_4, -0.195_090_322_016_128_27);
        let mut wave = [(1.0, 0.0); SIDE];
        wave[SIDE / 2] = (-1.0, 0.0);
        let mut turned = one;
        for i in 1..SIDE / 2 {
            wave[i] = turned;
            wave[SIDE - i] = (turned.0, -turned.1);
            turned = times(turned, one);
        }
        Self { wave }
    }

    /// Amplitudes of waves 1 to 16 of 32 real samples; those of 17 to 31 mirror them. Equal samples cancel exactly: a
    /// flat profile has no wave at all.
    #[inline(always)]
    fn amplitudes(&self, samples: &[f64; SIDE]) -> [f64; 16] {
        // Decimation in time: the samples come in bit-reversed order.
        let reversed = |i: usize| (i as u32).reverse_bits() as usize >> (u32::BITS - SIDE.trailing_zeros());
        let mut points: [Complex; SIDE] = std::array::from_fn(|i| (samples[reversed(i)], 0.0));
        self.fours::<1>(&mut points);
        self.fours::<4>(&mut points);
        let (even, odd) = points.split_at(SIDE / 2);
        std::array::from_fn(|k| {
            let k = k + 1;
            let (re, im) = match k {
                16 => minus(even[0], odd[0]),
                _ => plus(even[k], times(odd[k], self.wave[k])),
            };
            // Fused, as OpenCV's magnitude is.
            re.mul_add(re, im * im).sqrt()
        })
    }

    /// Joins four transforms of `N` points each to one of 4 `N`, wherever they stand.
    #[inline(always)]
    fn fours<const N: usize>(&self, points: &mut [Complex; SIDE]) {
        for start in (0..SIDE).step_by(4 * N) {
            for j in 0..N {
                let at = start + j;
                let turned = |quarter: usize, by: usize| match j {
                    0 => points[at + quarter * N],
                    _ => times(points[at + quarter * N], self.wave[by * j * (SIDE / (4 * N))]),
                };
                let (second, third, fourth) = (turned(2, 1), turned(1, 2), turned(3, 3));
                let (sum, difference) = (plus(points[at], third), minus(points[at], third));
                let (across, (re, im)) = (plus(second, fourth), minus(second, fourth));
                // A quarter of a turn clockwise.
                let turned = (im, -re);
                points[at] = plus(sum, across);
                points[at + N] = plus(difference, turned);
                points[at + 2 * N] = minus(sum, across);
                points[at + 3 * N] = minus(difference, turned);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    #[test]
    fn amplitudes_are_those_of_the_transform_by_definition() {
        let samples: [f64; SIDE] = std::array::from_fn(|i| ((i * i * 7 + 3 * i) % 256) as f64);
        for (k, amplitude) in (1..).zip(Turns::get().amplitudes(&samples)) {
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
        assert_eq!(Turns::get().amplitudes(&[171.0; SIDE]), [0.0; 16]);
    }
}
