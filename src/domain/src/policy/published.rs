//! When something was published, as exactly as its source says.

use alloc::string::String;
use core::cmp::Ordering;
use core::fmt;
use jiff::civil::Date;

/// A date of publication: a day, a month (`2025-10`) or a year (`2024`).
///
/// The unknown part is kept unknown: the publication lies somewhere between two days, and two publications whose days
/// overlap cannot be told apart by age.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    text: String,
    first: Date,
    last: Date,
}

impl Published {
    /// Reads `2025-06-09`, `2025-10` or `2024`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |range: core::ops::Range<usize>| -> Option<i16> {
            let part = text.get(range)?;
            part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok()).flatten()
        };
        let dash = |at: usize| text.as_bytes().get(at) == Some(&b'-');
        let small = |part: Option<i16>| part.and_then(|value| i8::try_from(value).ok());
        let year = digits(0..4)?;
        let (first, last) = match text.len() {
            4 => (Date::new(year, 1, 1).ok()?, Date::new(year, 12, 31).ok()?),
            7 if dash(4) => {
                let first = Date::new(year, small(digits(5..7))?, 1).ok()?;
                (first, first.last_of_month())
            }
            10 if dash(4) && dash(7) => {
                let day = Date::new(year, small(digits(5..7))?, small(digits(8..10))?).ok()?;
                (day, day)
            }
            _ => return None,
        };
        Some(Self { text: text.into(), first, last })
    }

    /// As written in the pack.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first day that it can have been.
    pub fn first(&self) -> Date {
        self.first
    }

    /// Earlier before later; where only a month or a year is known, its last day counts.
    pub fn age_order(&self, other: &Self) -> Ordering {
        (self.last, self.first).cmp(&(other.last, other.first))
    }

    /// The two cannot be told apart by age: the days in question overlap.
    pub fn may_be_same_day(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

impl fmt::Display for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_months_and_years_are_dates_of_publication() {
        for (text, fits) in [
            ("2025-06-09", true),
            ("2025-10", true),
            ("2024", true),
            ("2025-02-29", false),
            ("2025-13", false),
            ("2025-1", false),
            ("+024", false),
            ("2025-+1", false),
            ("2025/06/09", false),
            ("", false),
            ("20é5", false),
        ] {
            assert_eq!(Published::parse(text).is_some(), fits, "{text:?}");
        }
    }

    #[test]
    fn an_unknown_day_leaves_the_order_open() {
        let of = |text| Published::parse(text).unwrap();
        for (a, b, order, open) in [
            ("2025-06-09", "2025-10", Ordering::Less, false),
            ("2025-10", "2025-10-31", Ordering::Less, true),
            ("2025-10", "2025-11-01", Ordering::Less, false),
            ("2024", "2024-11-07", Ordering::Greater, true),
            ("2024-11-07", "2024-11-07", Ordering::Equal, true),
        ] {
            assert_eq!(of(a).age_order(&of(b)), order, "{a} and {b}");
            assert_eq!(of(a).may_be_same_day(&of(b)), open, "{a} and {b}");
        }
    }
}
