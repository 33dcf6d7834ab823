//! Local clarity: how cleanly the pixels of ridges and valleys fall on their side of the profile.

use super::cells::SIDE;
use super::histogram::Histogram;
use super::natives::{self, Natives};
use super::profile::{Crop, Profile, ROWS, changes};
use super::{Module, Print};

/// Foreground blocks.
pub(super) const MODULE: Module = Module { id: "LocalClarity", measure };

const HISTOGRAM: Histogram =
    Histogram { places: natives::LCS, bounds: [0.0, 0.70, 0.74, 0.77, 0.79, 0.81, 0.83, 0.85, 0.87] };

/// The widest ridge or valley at 500 ppi: 5 pixels at 125 ppi (NFIQ 2's normalisation).
const WIDEST: f64 = 500.0 / 125.0 * 5.0;

fn measure(print: &Print, natives: &mut Natives) -> Result<(), &'static str> {
    HISTOGRAM.put(&print.values.clarity, natives)
}

/// 0 (no ridge structure, or wrong widths) to 1 (every pixel on its side).
#[inline(always)]
pub(super) fn clarity(crop: &Crop) -> f64 {
    let profile = Profile::of(crop);
    if !widths_fit(profile.ridge) {
        return 0.0;
    }
    let (mut least, mut above) = ([0u16; SIDE], [0u16; SIDE]);
    for (least, line) in least.iter_mut().zip(&profile.line) {
        // A whole number is at or above the line if it is at or above the next whole number.
        *least = line.ceil().clamp(0.0, 256.0) as u16;
    }
    for row in crop {
        for i in 0..SIDE {
            above[i] += u16::from(u16::from(row[i]) >= least[i]);
        }
    }
    let (mut wrong_in_valleys, mut wrong_in_ridges) = (0, 0);
    for (i, &above) in above.iter().enumerate() {
        if profile.ridge >> i & 1 == 1 {
            wrong_in_ridges += above;
        } else {
            wrong_in_valleys += ROWS as u16 - above;
        }
    }
    let ridge_columns = profile.ridge.count_ones();
    let share = |wrong: u16, columns: u32| f64::from(wrong) / f64::from(columns * ROWS as u32);
    let alpha = share(wrong_in_valleys, SIDE as u32 - ridge_columns);
    let beta = share(wrong_in_ridges, ridge_columns);
    1.0 - (alpha + beta) / 2.0
}

/// Whether the mean ridge is 3 to 10 pixels wide and the mean valley 2 to 10. The first run counts one short and the
/// last is left out, as in the reference.
#[inline(always)]
fn widths_fit(ridge: u32) -> bool {
    let (changes, count) = changes(ridge, SIDE as u32 - 1);
    let mut widths = [[0.0; SIDE]; 2];
    let mut counts = [0usize; 2];
    let mut kind = (ridge & 1) as usize;
    let mut before = 0;
    for &change in changes.iter().take(count) {
        widths[kind][counts[kind] % SIDE] = f64::from(change - before) / WIDEST;
        counts[kind] += 1;
        before = change;
        kind = 1 - kind;
    }
    let [valleys, ridges] = [0, 1].map(|kind| mean(&widths[kind][..counts[kind].min(SIDE)]));
    let within = |mean: f64, least: f64| mean >= least / WIDEST && mean <= 10.0 / WIDEST;
    count > 0 && within(ridges, 3.0) && within(valleys, 2.0)
}

/// The mean, added up in the order of OpenCV: four at a time, then times the reciprocal of the count. The limits above
/// are met exactly by whole widths, so the last bit decides.
#[inline(always)]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths() {
        for (ridge, fits) in [
            // No change; ridges and valleys of four; of one; of ten and more.
            (0, false),
            (u32::MAX, false),
            (0x0F0F_0F0F, true),
            (0x5555_5555, false),
            (0x0000_FFFF, false),
            // The first run counts one short: two ridges of three are 2.5 wide, then of four and three 3.
            (0b0000_0111_0000_0111, false),
            (0b0000_1111_0000_0111, true),
        ] {
            assert_eq!(widths_fit(ridge), fits, "{ridge:b}");
        }
    }

    #[test]
    fn pixels_on_the_wrong_side_lower_the_clarity() {
        let clean: Crop = [std::array::from_fn(|i| if (i / 4) % 2 == 0 { 40 } else { 200 }); ROWS];
        assert_eq!(clarity(&clean), 1.0);
        let mut spoilt = clean;
        // One pixel of 16 x 16 in valleys.
        spoilt[3][5] = 0;
        assert_eq!(clarity(&spoilt), 1.0 - 1.0 / 512.0);
    }
}
