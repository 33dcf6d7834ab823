//! Finger positions (ISO/IEC 19794-4, table 7) and what stands in for one that cannot be taken.

use alloc::vec::Vec;
use core::fmt;
use serde::{Deserialize, Serialize};

/// Which finger of which hand. Order and codes are those of ISO/IEC 19794-4 (1 right thumb to 10 left little).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Finger {
    /// Code 1.
    RightThumb = 1,
    /// Code 2.
    RightIndex,
    /// Code 3.
    RightMiddle,
    /// Code 4.
    RightRing,
    /// Code 5.
    RightLittle,
    /// Code 6.
    LeftThumb,
    /// Code 7.
    LeftIndex,
    /// Code 8.
    LeftMiddle,
    /// Code 9.
    LeftRing,
    /// Code 10.
    LeftLittle,
}

/// Left or right hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hand {
    /// The left hand.
    Left,
    /// The right hand.
    Right,
}

/// Which of the five digits, whatever the hand: thresholds are per digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Digit {
    /// First digit.
    Thumb,
    /// Second digit.
    Index,
    /// Third digit.
    Middle,
    /// Fourth digit.
    Ring,
    /// Fifth digit.
    Little,
}

/// Why a finger is not there to be captured. Declared before the capture, and kept in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissingReason {
    /// Temporary: under a bandage or plaster.
    Bandaged,
    /// Temporary: an injury that a touch would hurt.
    Injured,
    /// Permanent: amputated or never there.
    Missing,
}

/// A finger that will not be captured, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingFinger {
    /// Which finger.
    pub finger: Finger,
    /// Why not.
    pub reason: MissingReason,
}

impl Finger {
    /// All ten, in ISO order.
    pub const ALL: [Self; 10] = [
        Self::RightThumb,
        Self::RightIndex,
        Self::RightMiddle,
        Self::RightRing,
        Self::RightLittle,
        Self::LeftThumb,
        Self::LeftIndex,
        Self::LeftMiddle,
        Self::LeftRing,
        Self::LeftLittle,
    ];

    /// The code of ISO/IEC 19794-4: 1 to 10.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The finger with this ISO code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|finger| finger.code() == code)
    }

    /// Whose hand it is on.
    pub const fn hand(self) -> Hand {
        if self.code() <= 5 { Hand::Right } else { Hand::Left }
    }

    /// Which digit it is.
    pub const fn digit(self) -> Digit {
        match self {
            Self::RightThumb | Self::LeftThumb => Digit::Thumb,
            Self::RightIndex | Self::LeftIndex => Digit::Index,
            Self::RightMiddle | Self::LeftMiddle => Digit::Middle,
            Self::RightRing | Self::LeftRing => Digit::Ring,
            Self::RightLittle | Self::LeftLittle => Digit::Little,
        }
    }

    /// This digit of this hand.
    pub fn of(hand: Hand, digit: Digit) -> Self {
        let base = if hand == Hand::Right { 1 } else { 6 };
        Self::ALL[base - 1 + digit as usize]
    }

    /// The identifier in pages, records and reports: `right-index`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::RightThumb => "right-thumb",
            Self::RightIndex => "right-index",
            Self::RightMiddle => "right-middle",
            Self::RightRing => "right-ring",
            Self::RightLittle => "right-little",
            Self::LeftThumb => "left-thumb",
            Self::LeftIndex => "left-index",
            Self::LeftMiddle => "left-middle",
            Self::LeftRing => "left-ring",
            Self::LeftLittle => "left-little",
        }
    }

    /// The finger with this identifier.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|finger| finger.id() == id)
    }
}

impl fmt::Display for Finger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// The fingers to take with a single-finger sensor: for each hand the first digit of `order` that is there.
/// A hand without any finger gives none.
pub fn single_finger_plan(order: &[Digit], missing: &[MissingFinger]) -> Vec<Finger> {
    let there = |finger: &Finger| missing.iter().all(|gone| gone.finger != *finger);
    [Hand::Right, Hand::Left]
        .into_iter()
        .filter_map(|hand| order.iter().map(|digit| Finger::of(hand, *digit)).find(there))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    const ORDER: [Digit; 5] = [Digit::Index, Digit::Middle, Digit::Thumb, Digit::Ring, Digit::Little];

    fn gone(finger: Finger) -> MissingFinger {
        MissingFinger { finger, reason: MissingReason::Missing }
    }

    #[test]
    fn codes_and_parts_agree() {
        for finger in Finger::ALL {
            assert_eq!(Finger::from_code(finger.code()), Some(finger));
            assert_eq!(Finger::from_id(finger.id()), Some(finger));
            assert_eq!(Finger::of(finger.hand(), finger.digit()), finger);
        }
        assert_eq!(Finger::from_code(0), None);
        assert_eq!(Finger::from_code(11), None);
    }

    #[test]
    fn the_next_finger_stands_in_for_a_missing_one() {
        use Finger::*;
        let all_right = vec![gone(RightThumb), gone(RightIndex), gone(RightMiddle), gone(RightRing), gone(RightLittle)];
        for (missing, plan) in [
            (vec![], vec![RightIndex, LeftIndex]),
            (vec![gone(RightIndex)], vec![RightMiddle, LeftIndex]),
            (vec![gone(LeftIndex), gone(LeftMiddle)], vec![RightIndex, LeftThumb]),
            (all_right, vec![LeftIndex]),
        ] {
            assert_eq!(single_finger_plan(&ORDER, &missing), plan, "{missing:?}");
        }
    }
}
