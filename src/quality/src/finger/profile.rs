//! The grey profile across upright ridges, and which of its columns are ridge.

use super::cells::SIDE;

/// Rows of the crop that the profile is taken from.
pub(super) const ROWS: usize = 16;

/// The upright crop of a block: rows of grey values.
pub(super) type Crop = [[u8; SIDE]; ROWS];

/// The profile of an upright crop.
pub(super) struct Profile {
    /// The straight line through the column means.
    pub line: [f64; SIDE],
    /// Whether the column's mean is below the line: bit i for column i.
    pub ridge: u32,
}

impl Profile {
    #[inline(always)]
    pub fn of(crop: &Crop) -> Self {
        let mut sums = [0i32; SIDE];
        for row in crop {
            for i in 0..SIDE {
                sums[i] += i32::from(row[i]);
            }
        }
        split(&sums)
    }
}

/// Least squares over x = 1 to 32; both coefficients are rounded to ten decimals, as the reference does.
#[inline(always)]
fn split(sums: &[i32; SIDE]) -> Profile {
    let rounded = |value: f64| (value * 1e10).round() / 1e10;
    let total: i32 = sums.iter().sum();
    // Twice the distance from the mean of x is whole: sum((2x - 33) v); the sum of (x - 16.5)^2 is 2728.
    let tilt: i32 = sums.iter().zip(1i32..).map(|(&sum, x)| (2 * x - 33) * sum).sum();
    let exact_slope = f64::from(tilt) / (2.0 * ROWS as f64 * 2728.0);
    let mean = f64::from(total) / (ROWS * SIDE) as f64;
    let (slope, intercept) = (rounded(exact_slope), rounded(mean - exact_slope * 16.5));
    let (mut line, mut below) = ([0.0; SIDE], [0u32; SIDE]);
    for i in 0..SIDE {
        line[i] = (i + 1) as f64 * slope + intercept;
        below[i] = u32::from(f64::from(sums[i]) / (ROWS as f64) < line[i]);
    }
    let ridge = below.iter().enumerate().fold(0, |bits, (i, &below)| bits | below << i);
    Profile { line, ridge }
}

/// The places i < `limit` at which column i + 1 is of another kind than column i, and how many there are.
#[inline(always)]
pub(super) fn changes(ridge: u32, limit: u32) -> ([u8; SIDE], usize) {
    let mut left = (ridge ^ (ridge >> 1)) & ((1 << limit) - 1);
    let (mut places, mut count) = ([0u8; SIDE], 0);
    while left != 0 {
        places[count % SIDE] = left.trailing_zeros() as u8;
        count += 1;
        left &= left - 1;
    }
    (places, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_found_up_to_the_limit() {
        for (ridge, limit, expected) in [
            (0, 31, &[][..]),
            (u32::MAX, 31, &[]),
            (1, 31, &[0]),
            (0x8000_0000, 31, &[30]),
            (0x8000_0000, 30, &[]),
            (0b0011_1000, 31, &[2, 5]),
        ] {
            let (places, count) = changes(ridge, limit);
            assert_eq!(&places[..count], expected, "{ridge:b}, {limit}");
        }
        assert_eq!(changes(0x5555_5555, 31).1, 31);
    }

    #[test]
    fn columns_below_the_line_are_ridge() {
        let crop: Crop = [std::array::from_fn(|i| if (i / 4) % 2 == 0 { 40 } else { 200 }); ROWS];
        assert_eq!(Profile::of(&crop).ridge, 0x0F0F_0F0F);
        let tilted: Crop = [std::array::from_fn(|i| 3 * i as u8); ROWS];
        let profile = Profile::of(&tilted);
        assert!((profile.line[31] - 93.0).abs() < 1e-6, "{}", profile.line[31]);
    }
}
