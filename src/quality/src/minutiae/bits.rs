//! A picture of single bits, 64 pixels a word.

use zeroize::Zeroize;

/// Pixels in a word.
const WORD: usize = u64::BITS as usize;

/// A picture of single bits. Rows begin at whole words; what lies beyond the width is always clear.
#[derive(Default)]
pub(super) struct Bits {
    pub width: usize,
    pub height: usize,
    words_a_row: usize,
    words: Vec<u64>,
}

/// The eight neighbours of 64 pixels, clockwise from the one above.
pub(super) type Neighbours = [u64; 8];

impl Zeroize for Bits {
    fn zeroize(&mut self) {
        self.words.zeroize();
    }
}

impl Bits {
    /// Becomes the same picture, in the memory that it has.
    pub fn copy_from(&mut self, other: &Self) {
        (self.width, self.height, self.words_a_row) = (other.width, other.height, other.words_a_row);
        self.words.clone_from(&other.words);
    }

    /// All clear, in this size.
    pub fn reset(&mut self, width: usize, height: usize) {
        (self.width, self.height) = (width, height);
        self.words_a_row = width.div_ceil(WORD);
        self.words.clear();
        self.words.resize(self.words_a_row * height, 0);
    }

    /// Words in a row.
    pub fn words_a_row(&self) -> usize {
        self.words_a_row
    }

    /// One row.
    pub fn row(&self, y: usize) -> &[u64] {
        &self.words[y * self.words_a_row..][..self.words_a_row]
    }

    /// One row, to be changed. Bits beyond the width must stay clear.
    pub fn row_mut(&mut self, y: usize) -> &mut [u64] {
        &mut self.words[y * self.words_a_row..][..self.words_a_row]
    }

    /// One pixel; outside there is nothing.
    pub fn get(&self, x: i32, y: i32) -> bool {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return false };
        x < self.width && y < self.height && self.row(y)[x / WORD] >> (x % WORD) & 1 == 1
    }

    /// The eight neighbours of the pixels in word `at` of row `y`.
    pub fn neighbours(&self, at: usize, y: usize) -> Neighbours {
        let line = |y: Option<usize>| y.filter(|y| *y < self.height).map_or(&[][..], |y| self.row(y));
        let (above, here, below) = (line(y.checked_sub(1)), self.row(y), line(Some(y + 1)));
        let word = |row: &[u64]| row.get(at).copied().unwrap_or(0);
        let before = |row: &[u64]| at.checked_sub(1).and_then(|at| row.get(at)).copied().unwrap_or(0);
        let after = |row: &[u64]| row.get(at + 1).copied().unwrap_or(0);
        // Bit 0 is the leftmost pixel: the left neighbour moves up by one bit.
        let left = |row: &[u64]| word(row) << 1 | before(row) >> (WORD - 1);
        let right = |row: &[u64]| word(row) >> 1 | after(row) << (WORD - 1);
        [word(above), right(above), right(here), right(below), word(below), left(below), left(here), left(above)]
    }
}

/// Where going round the neighbours a clear one is followed by a set one: at least once, twice and three times.
pub(super) fn rises(around: &Neighbours) -> [u64; 3] {
    let mut at_least = [0; 3];
    for i in 0..8 {
        let rise = !around[i] & around[(i + 1) % 8];
        at_least[2] |= at_least[1] & rise;
        at_least[1] |= at_least[0] & rise;
        at_least[0] |= rise;
    }
    at_least
}

/// Where the set neighbours are at least 1, 2 and 7.
pub(super) fn counts(around: &Neighbours) -> [u64; 3] {
    let (mut one, mut two, mut all_but_one, mut all) = (0, 0, u64::MAX, u64::MAX);
    for word in around {
        two |= one & word;
        one |= word;
        all_but_one = all_but_one & word | all & !word;
        all &= word;
    }
    [one, two, all_but_one | all]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_cross_words_and_end_at_the_edge() {
        let mut bits = Bits::default();
        bits.reset(130, 3);
        bits.row_mut(0)[1] = 1; // x = 64
        bits.row_mut(1)[0] = 1 << 62;
        bits.row_mut(2)[2] = 2; // x = 129
        assert_eq!(bits.neighbours(0, 1)[1], 1 << 63, "64 is up and right of 63");
        assert_eq!(bits.neighbours(0, 1)[6], 1 << 63, "62 is left of 63");
        assert_eq!(bits.neighbours(2, 1)[4], 2);
        assert_eq!(bits.neighbours(2, 1)[3], 1, "129 is down and right of 128");
        assert!(bits.get(64, 0) && !bits.get(65, 0) && !bits.get(-1, 0) && !bits.get(130, 2));
    }

    #[test]
    fn counting_agrees_with_counting_one_by_one() {
        for pattern in 0u64..256 {
            let around: Neighbours = std::array::from_fn(|i| pattern >> i & 1);
            let set = pattern.count_ones();
            let rising = (0..8).filter(|i| around[*i] == 0 && around[(i + 1) % 8] == 1).count();
            assert_eq!(rises(&around).map(|word| word & 1), [1, 2, 3].map(|n| u64::from(rising >= n)), "{pattern:b}");
            assert_eq!(counts(&around).map(|word| word & 1), [1, 2, 7].map(|n| u64::from(set >= n)), "{pattern:b}");
        }
    }
}
