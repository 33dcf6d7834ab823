//! Units whose range is checked once, at the door.

use alloc::string::String;
use core::fmt;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A number outside its range, said as a finished sentence.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{what} is not within {min} to {max}")]
pub struct OutOfRange {
    what: &'static str,
    min: u32,
    max: u32,
}

macro_rules! ranged {
    ($(#[$doc:meta])* $name:ident($inner:ty), $what:literal, $min:literal..=$max:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "u32", into = "u32")]
        pub struct $name($inner);

        impl $name {
            /// The smallest value there is.
            pub const MIN: Self = Self($min);
            /// The largest value there is.
            pub const MAX: Self = Self($max);

            /// The bare number.
            pub const fn get(self) -> $inner {
                self.0
            }
        }

        impl TryFrom<u32> for $name {
            type Error = OutOfRange;

            fn try_from(value: u32) -> Result<Self, OutOfRange> {
                if ($min..=$max).contains(&value) {
                    Ok(Self(value as $inner))
                } else {
                    Err(OutOfRange { what: $what, min: $min, max: $max })
                }
            }
        }

        impl From<$name> for u32 {
            fn from(value: $name) -> u32 {
                u32::from(value.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

ranged! {
    /// Resolution in pixels per inch. ISO/IEC 19794-4 records are 500 ppi; sensors say 508, 512 or 1000.
    Ppi(u16), "ppi", 100..=2000
}

ranged! {
    /// Quality score of ISO/IEC 29794-1: 0 (worst) to 100 (best).
    QualityScore(u8), "quality score", 0..=100
}

impl Ppi {
    /// The resolution that fingerprint quality is defined at (ISO/IEC 29794-4).
    pub const FIVE_HUNDRED: Self = Self(500);

    /// What serial sensors state on their sheets.
    pub const FIVE_HUNDRED_EIGHT: Self = Self(508);
}

impl QualityScore {
    /// The score nearest to a real number; not-a-number counts as 0.
    pub fn nearest(value: f64) -> Self {
        // `as` saturates and turns NaN into 0, which is the wanted reading of an impossible score.
        Self((value + 0.5).clamp(0.0, 100.0) as u8)
    }
}

/// A span of time in whole milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u64);

/// An officer's or supervisor's name at log-in: a staff identifier, never shown to travellers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StaffId(pub String);

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn ranges_are_checked_at_the_door() {
        for (value, fits) in [(99, false), (100, true), (508, true), (2000, true), (2001, false)] {
            assert_eq!(Ppi::try_from(value).is_ok(), fits, "{value} ppi");
        }
        assert_eq!(Ppi::try_from(7).unwrap_err().to_string(), "ppi is not within 100 to 2000");
    }

    #[test]
    fn scores_round_and_saturate() {
        for (real, score) in [(-3.0, 0), (0.49, 0), (0.5, 1), (99.6, 100), (250.0, 100), (f64::NAN, 0)] {
            assert_eq!(QualityScore::nearest(real).get(), score, "{real}");
        }
    }
}
