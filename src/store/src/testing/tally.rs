//! What a run found, and a source of chance that a seed repeats.

use std::fmt;

/// Broken promises that are told in words; more of the same kind say nothing new.
const MOST_WORDS: usize = 20;

/// Promises that were broken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Something that was promised to be kept is not there.
    pub lost: u64,
    /// Something is there more often than once.
    pub twice: u64,
    /// Something is there and cannot be read: a record, the trail, the store as a whole.
    pub unreadable: u64,
    /// Which, in words.
    pub words: Vec<String>,
}

impl Tally {
    /// Whether every promise was kept.
    pub fn is_clean(&self) -> bool {
        (self.lost, self.twice, self.unreadable) == (0, 0, 0)
    }

    /// Something is gone.
    pub fn lose(&mut self, what: impl fmt::Display) {
        self.lost += 1;
        self.say(format!("lost: {what}"));
    }

    /// Something is there again.
    pub fn double(&mut self, what: impl fmt::Display) {
        self.twice += 1;
        self.say(format!("twice: {what}"));
    }

    /// Something cannot be read.
    pub fn garble(&mut self, what: impl fmt::Display) {
        self.unreadable += 1;
        self.say(format!("unreadable: {what}"));
    }

    /// Takes another tally in; `at` says where it was found.
    pub fn add(&mut self, at: impl fmt::Display, other: Self) {
        self.lost += other.lost;
        self.twice += other.twice;
        self.unreadable += other.unreadable;
        other.words.into_iter().for_each(|words| self.say(format!("{at}: {words}")));
    }

    fn say(&mut self, words: String) {
        if self.words.len() < MOST_WORDS {
            self.words.push(words);
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} lost, {} twice, {} unreadable", self.lost, self.twice, self.unreadable)
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): repeatable, and enough to choose by.
#[derive(Clone, Debug)]
pub struct Draw(u64);

impl Draw {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below this limit; 0 where the limit is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.bits() % limit.max(1)
    }

    /// One of several.
    ///
    /// # Panics
    /// When there are none.
    pub fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}
