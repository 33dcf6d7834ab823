//! Dates of an MRZ: two digits of a year, and parts that nobody knows (Doc 9303-3, 4.8).

use alloc::vec::Vec;
use core::fmt;
use core::ops::RangeInclusive;
use jiff::ToSpan;
use jiff::civil::Date;
use thiserror::Error;

/// The highest age, in completed years, that a century of birth is considered for. The longest documented life was
/// 122 years; above 120 the officer settles the date from the printed page.
pub const MAX_AGE_YEARS: i16 = 120;

/// Years of expiry are taken from 50 years back to 49 years ahead. Doc 9303 gives no rule; no document is valid that
/// long, so the nearest century is the right one.
const EXPIRY_WINDOW: RangeInclusive<i16> = -50..=49;

/// A date of which parts may be unknown. `Debug` tells which parts are known, not their values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PartialDate {
    year2: Option<u8>,
    month: Option<u8>,
    day: Option<u8>,
}

/// No calendar has this date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no such date: month 1 to 12, day 1 to the last of that month, two digits of the year")]
pub struct ImpossibleDate;

impl PartialDate {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self { year2: None, month: None, day: None };

    /// A date from its parts. `year2` is 0 to 99; 29 February needs a year that can be a leap year, or an unknown one.
    pub fn new(year2: Option<u8>, month: Option<u8>, day: Option<u8>) -> Result<Self, ImpossibleDate> {
        let date = Self { year2, month, day };
        let in_range = year2.is_none_or(|year| year <= 99)
            && month.is_none_or(|month| (1..=12).contains(&month))
            && day.is_none_or(|day| (1..=31).contains(&day));
        // 2000 to 2099 holds a leap year for every two digits that have one in any century.
        let somewhere = match year2 {
            Some(year) => date.range_in(2000 + i16::from(year)).is_some(),
            None => date.range_in(2000).is_some(),
        };
        if in_range && somewhere { Ok(date) } else { Err(ImpossibleDate) }
    }

    /// The whole of a known date.
    pub fn from_date(date: Date) -> Self {
        let part = |value: i8| u8::try_from(value).ok();
        let year2 = u8::try_from(date.year().rem_euclid(100)).ok();
        Self { year2, month: part(date.month()), day: part(date.day()) }
    }

    /// The last two digits of the year, 0 to 99.
    pub fn year2(&self) -> Option<u8> {
        self.year2
    }

    /// The month, 1 to 12.
    pub fn month(&self) -> Option<u8> {
        self.month
    }

    /// The day of the month, 1 to 31.
    pub fn day(&self) -> Option<u8> {
        self.day
    }

    /// Year, month and day are known.
    pub fn is_complete(&self) -> bool {
        self.year2.is_some() && self.month.is_some() && self.day.is_some()
    }

    /// The earliest and the latest date of one whole year that this can be. `None` when that year has no such date:
    /// 29 February, or a year outside -9999 to 9999. The two digits of the date's own year play no part.
    pub fn range_in(&self, year: i16) -> Option<(Date, Date)> {
        hull(self.pieces(year))
    }

    /// What the date of birth can be, seen from the local date `on`: for each possible century the earliest and the
    /// latest date, the youngest traveller first. No date is after `on`, no age above [`MAX_AGE_YEARS`]. With an unknown
    /// year it is one range over all of them. Empty when no such birth date exists.
    pub fn birth_candidates(&self, on: Date) -> Vec<(Date, Date)> {
        let oldest =
            on.checked_sub((i32::from(MAX_AGE_YEARS) + 1).years()).and_then(|day| day.tomorrow()).unwrap_or(Date::MIN);
        let within = |(from, to): (Date, Date)| {
            let (from, to) = (from.max(oldest), to.min(on));
            (from <= to).then_some((from, to))
        };
        let years = oldest.year()..=on.year();
        match self.year2 {
            Some(year2) => years
                .rev()
                .filter(|year| year.rem_euclid(100) == i16::from(year2))
                .filter_map(|year| hull(self.pieces(year).filter_map(within)))
                .collect(),
            None => hull(years.flat_map(|year| self.pieces(year)).filter_map(within)).into_iter().collect(),
        }
    }

    /// The earliest and the latest date of expiry that this can be, in the century nearest to the local date `on`.
    /// `None` when the document states no year of expiry.
    pub fn expiry_range(&self, on: Date) -> Option<(Date, Date)> {
        let year2 = i16::from(self.year2?);
        let years = EXPIRY_WINDOW.map(|offset| on.year().saturating_add(offset));
        years.filter(|year| year.rem_euclid(100) == year2).find_map(|year| self.range_in(year))
    }

    /// The contiguous pieces, in order, that this can be in one year: a month, or a day of it.
    fn pieces(&self, year: i16) -> impl Iterator<Item = (Date, Date)> + use<> {
        let months = self.month.map_or(1..=12, |month| month..=month);
        let day = self.day;
        months.filter_map(move |month| {
            let date = |day: u8| Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok();
            match day {
                Some(day) => date(day).map(|date| (date, date)),
                None => date(1).map(|first| (first, first.last_of_month())),
            }
        })
    }
}

impl fmt::Debug for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let say = |known: bool| if known { "known" } else { "unknown" };
        f.debug_struct("PartialDate")
            .field("year", &format_args!("{}", say(self.year2.is_some())))
            .field("month", &format_args!("{}", say(self.month.is_some())))
            .field("day", &format_args!("{}", say(self.day.is_some())))
            .finish()
    }
}

/// The first start and the last end of ordered pieces.
fn hull(pieces: impl Iterator<Item = (Date, Date)>) -> Option<(Date, Date)> {
    pieces.reduce(|(from, _), (_, to)| (from, to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, vec};
    use jiff::civil::date;

    fn known(year2: u8, month: u8, day: u8) -> PartialDate {
        PartialDate::new(Some(year2), Some(month), Some(day)).unwrap()
    }

    #[test]
    fn centuries_of_birth_are_those_that_somebody_alive_can_have() {
        let on = date(2025, 12, 24);
        let same = |day| (day, day);
        for (birth, candidates) in [
            (known(74, 8, 12), vec![same(date(1974, 8, 12))]),
            (known(20, 1, 1), vec![same(date(2020, 1, 1)), same(date(1920, 1, 1))]),
            (known(25, 12, 24), vec![same(date(2025, 12, 24)), same(date(1925, 12, 24))]),
            (known(25, 12, 25), vec![same(date(1925, 12, 25))]),
            // 120 years old to the day before the 121st birthday.
            (known(4, 12, 24), vec![same(date(2004, 12, 24))]),
            (known(4, 12, 25), vec![same(date(2004, 12, 25)), same(date(1904, 12, 25))]),
            (known(0, 2, 29), vec![same(date(2000, 2, 29))]),
        ] {
            assert_eq!(birth.birth_candidates(on), candidates);
        }
    }

    #[test]
    fn unknown_parts_give_the_widest_range_and_never_the_future() {
        let on = date(2025, 3, 10);
        for ((year2, month, day), candidates) in [
            ((Some(85), None, None), vec![(date(1985, 1, 1), date(1985, 12, 31))]),
            ((Some(85), Some(2), None), vec![(date(1985, 2, 1), date(1985, 2, 28))]),
            ((Some(85), None, Some(31)), vec![(date(1985, 1, 31), date(1985, 12, 31))]),
            ((Some(25), None, None), vec![(date(2025, 1, 1), on), (date(1925, 1, 1), date(1925, 12, 31))]),
            (
                (Some(25), None, Some(11)),
                vec![(date(2025, 1, 11), date(2025, 2, 11)), (date(1925, 1, 11), date(1925, 12, 11))],
            ),
            ((None, Some(2), Some(29)), vec![(date(1908, 2, 29), date(2024, 2, 29))]),
            ((None, None, None), vec![(date(1904, 3, 11), on)]),
        ] {
            let birth = PartialDate::new(year2, month, day).unwrap();
            assert_eq!(birth.birth_candidates(on), candidates, "{year2:?} {month:?} {day:?}");
        }
    }

    #[test]
    fn expiry_is_in_the_nearest_century() {
        for (on, year2, year) in [
            (date(2025, 6, 1), 30, 2030),
            (date(2025, 6, 1), 96, 1996),
            (date(2025, 6, 1), 74, 2074),
            (date(2025, 6, 1), 75, 1975),
            (date(2098, 6, 1), 3, 2103),
        ] {
            let day = date(year, 1, 1);
            assert_eq!(known(year2, 1, 1).expiry_range(on), Some((day, day)), "{year2} seen from {on}");
        }
        assert_eq!(PartialDate::UNKNOWN.expiry_range(date(2025, 6, 1)), None);
    }

    #[test]
    fn impossible_dates_are_refused() {
        for (year2, month, day) in [
            (Some(100), None, None),
            (None, Some(0), None),
            (None, Some(13), None),
            (None, None, Some(0)),
            (None, None, Some(32)),
            (Some(25), Some(2), Some(29)),
            (Some(24), Some(2), Some(30)),
            (None, Some(4), Some(31)),
        ] {
            assert_eq!(PartialDate::new(year2, month, day), Err(ImpossibleDate), "{year2:?} {month:?} {day:?}");
        }
        assert!(PartialDate::new(None, Some(2), Some(29)).is_ok());
    }

    #[test]
    fn debug_tells_no_date() {
        let text = format!("{:?}", PartialDate::new(Some(74), Some(8), None));
        assert_eq!(text, "Ok(PartialDate { year: known, month: known, day: unknown })");
    }

    #[test]
    fn the_ends_of_the_calendar_do_no_harm() {
        for on in [Date::MIN, Date::MAX, date(0, 1, 1)] {
            for (from, to) in PartialDate::UNKNOWN.birth_candidates(on) {
                assert!(from <= to && to <= on);
            }
            known(74, 8, 12).expiry_range(on);
        }
    }
}
