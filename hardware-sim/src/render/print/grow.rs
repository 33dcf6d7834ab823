//! The master pattern of a finger.

use super::PatternClass;

/// The ridge pattern of one finger: every impression of the finger is taken from it.
#[derive(Clone, Debug)]
pub struct Master {
    pub(super) class: PatternClass,
}

impl Master {
    /// The pattern of one finger (ISO/IEC 19794-2 code 1..=10; other numbers are fingers too) of a person.
    pub fn from_seed(_seed: u64, _finger: u8) -> Self {
        Self { class: PatternClass::Whorl }
    }

    /// Its class.
    pub fn class(&self) -> PatternClass {
        self.class
    }
}
