//! Whether two prints are of the same finger, by their minutiae: enough to notice a finger that was put down twice, no
//! identification system.
//!
//! Each minutia is described by where its neighbours lie as seen from it, which does not change when the finger is
//! turned or shifted; pairs of minutiae that look alike are tried as a beginning, and from each the agreement grows
//! from neighbour to neighbour, so that skin may stretch from one end of the print to the other as long as it stretches
//! little from one minutia to the next. Local structures and their growth into a whole are known from Jiang and Yau
//! (2000, "Fingerprint minutiae matching based on the local and global structures"), Chikkerur and others (2006,
//! "K-plet and coupled BFS") and Cappelli and others (2010, "Minutia Cylinder-Code"); the cells, the growth and the
//! score here are our own.

mod describe;
mod grow;

use crate::minutiae::Minutia;
use describe::{Described, Likeness};
use grow::Grower;

/// How much speaks for two prints being of the same finger: 0, nothing, or more. It rises with every minutia that
/// finds its like, and falls with every one that should but does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Similarity(pub f32);

/// From here on two prints are taken to be of the same finger.
pub const SAME_FINGER: Similarity = Similarity(16.0);

/// Minutiae that are compared at most; of more, the best. Whole prints have 40 to 100 (NIST SP 500-245).
pub const MOST: usize = 128;

/// Compares prints, with the memory that it takes.
#[derive(Default)]
pub struct Matcher {
    one: Described,
    other: Described,
    likeness: Likeness,
    grower: Grower,
}

impl Matcher {
    /// One that has compared nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Compares two prints at 500 ppi. The order does not matter.
    pub fn score(&mut self, one: &[Minutia], other: &[Minutia]) -> Similarity {
        // A fixed order makes it symmetric: the growth begins in the first.
        let (one, other) = if before(one, other) { (one, other) } else { (other, one) };
        self.one.describe(one);
        self.other.describe(other);
        self.likeness.compare(&self.one, &self.other);
        Similarity(self.grower.best(&self.one, &self.other, self.likeness.seeds()))
    }
}

/// Compares two prints at 500 ppi. Who compares many keeps a [`Matcher`].
pub fn score(one: &[Minutia], other: &[Minutia]) -> Similarity {
    Matcher::new().score(one, other)
}

/// Any order that does not depend on which print is named first.
fn before(one: &[Minutia], other: &[Minutia]) -> bool {
    let places = |minutiae: &[Minutia]| {
        minutiae.iter().fold(0i64, |sum, m| sum.wrapping_mul(3).wrapping_add((m.x + 1.7 * m.y + 31.0 * m.angle) as i64))
    };
    (one.len(), places(one)) <= (other.len(), places(other))
}

#[cfg(test)]
mod tests;
