//! Ridge-valley uniformity: the ratios of neighbouring ridge and valley widths.

use super::cells::SIDE;
use super::histogram::Histogram;
use super::natives::{self, Natives};
use super::profile::changes;
use super::{Module, Print};

/// Foreground blocks; their ratios are pooled.
pub(super) const MODULE: Module = Module { id: "RidgeValleyUniformity", measure };

const HISTOGRAM: Histogram =
    Histogram { places: natives::RVU, bounds: [0.5, 0.667, 0.8, 1.0, 1.25, 1.5, 2.0, 24.0, 30.0] };

/// The most ratios that one block gives: 30 changes part 29 runs, of which one is dropped, and 28 make 27 pairs.
pub(super) const MOST_RATIOS: usize = 27;

fn measure(print: &Print, natives: &mut Natives) -> Result<(), &'static str> {
    HISTOGRAM.put(&print.values.ratios, natives)
}

/// The ratios of one profile, from its right end. The last column is not looked at; the incomplete first and last runs
/// and the first complete one are dropped; every second ratio is inverted, starting by the kind of the first complete
/// run: all of it as the reference does it.
#[inline(always)]
pub(super) fn add_ratios(ridge: u32, ratios: &mut Vec<f64>) {
    let (places, count) = changes(ridge, SIDE as u32 - 2);
    let changes = &places[..count.min(SIDE)];
    let (Some(&first), Some(&last)) = (changes.first(), changes.last()) else { return };
    if first + 1 >= last {
        return;
    }
    let starts_with_ridge = ridge >> (first + 1) & 1 == 1;
    // Three changes part two runs, from the right end.
    for (index, three) in changes[1..].windows(3).rev().enumerate() {
        let ratio = f64::from(three[2] - three[1]) / f64::from(three[1] - three[0]);
        let inverted = if starts_with_ridge { index % 2 == 1 } else { index % 2 == 0 };
        ratios.push(if inverted { 1.0 / ratio } else { ratio });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_from_the_right_end() {
        for (ridge, expected) in [
            (0, &[][..]),
            (u32::MAX, &[]),
            // Columns 0-3 valley, 4-6 ridge (dropped), 7-11 valley, 12-13 ridge, 14-17 valley, then ridge.
            (!0b11_1100_1111_1000_1111, &[2.0, 2.5]),
            // The same with ridge and valley changed about.
            (0b11_1100_1111_1000_1111, &[0.5, 0.4]),
        ] {
            let mut ratios = Vec::new();
            add_ratios(ridge, &mut ratios);
            assert_eq!(ratios, expected, "{ridge:b}");
        }
        let mut most = Vec::new();
        add_ratios(0x5555_5555, &mut most);
        assert_eq!(most.len(), MOST_RATIOS);
    }
}
