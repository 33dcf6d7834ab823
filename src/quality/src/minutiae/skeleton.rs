//! Thinning to lines of one pixel, after Zhang and Suen (1984), 64 pixels at a time.

use super::bits::{Bits, counts, rises};

/// Passes after which even the thickest blot has to be thin: half the side of a block that the mask lets through.
const MAX_PASSES: usize = 24;

/// Thins what is set, in place.
pub(super) fn thin(bits: &mut Bits, scratch: &mut Bits) {
    for _ in 0..MAX_PASSES {
        let first = peel(bits, scratch, [0, 2, 4], [2, 4, 6]);
        let second = peel(bits, scratch, [0, 2, 6], [0, 4, 6]);
        if !first && !second {
            return;
        }
    }
}

/// Takes away border pixels without which the rest hangs together as before, on two sides only: `one` and `other` name
/// neighbours of which not all three may be set. Tells whether any went.
fn peel(bits: &mut Bits, scratch: &mut Bits, one: [usize; 3], other: [usize; 3]) -> bool {
    scratch.copy_from(bits);
    let mut any = 0;
    for y in 0..scratch.height {
        for at in 0..scratch.words_a_row() {
            let here = scratch.row(y)[at];
            if here == 0 {
                continue;
            }
            let around = scratch.neighbours(at, y);
            let ([once, twice, _], [_, two, seven]) = (rises(&around), counts(&around));
            let all = |of: [usize; 3]| of.into_iter().fold(u64::MAX, |all, i| all & around[i]);
            let goes = here & two & !seven & once & !twice & !all(one) & !all(other);
            bits.row_mut(y)[at] = here & !goes;
            any |= goes;
        }
    }
    any != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_becomes_a_line_that_hangs_together() {
        let (mut bits, mut scratch) = (Bits::default(), Bits::default());
        bits.reset(100, 20);
        for y in 6..13 {
            bits.row_mut(y)[0] = u64::MAX << 10;
            bits.row_mut(y)[1] = (1 << 26) - 1;
        }
        thin(&mut bits, &mut scratch);
        let columns: Vec<u32> = (0..100).map(|x| (0..20).map(|y| u32::from(bits.get(x, y))).sum()).collect();
        assert!(columns.iter().all(|set| *set <= 1));
        assert!(columns[16..84].iter().all(|set| *set == 1), "{columns:?}");
    }
}
