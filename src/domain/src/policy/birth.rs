//! A date of birth as documents and officers give it: parts of it may be unknown, and the MRZ has no century.

use crate::mrz::PartialDate;
use alloc::vec::Vec;
use core::fmt;
use jiff::civil::Date;

/// A date of birth, as far as it is known. The two digits of an MRZ leave the century open.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BirthDate(Known);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Ages(Ages),
    Date {
        parts: PartialDate,
        /// All four digits of the year, where they are known.
        year: Option<i16>,
    },
}

/// What is left of a date of birth where nothing but ages is remembered: for each possible century the oldest and the
/// youngest age in full years on one day. No rule of a pack can ask for more on that day.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Ages {
    on: Date,
    /// A living person can be born in two centuries at most.
    ranges: [Option<(i16, i16)>; 2],
    /// Somebody answered with a date that contradicts the document.
    contradicted: bool,
}

/// Whether somebody is younger than a number of years.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Younger {
    /// In one century yes, in another no.
    DependsOnCentury,
    No,
    /// The unknown parts decide, or the date is impossible.
    Unclear,
    Yes,
}

impl BirthDate {
    /// A date that is fully known.
    pub fn full(date: Date) -> Self {
        Self(Known::Date { parts: PartialDate::from_date(date), year: Some(date.year()) })
    }

    /// A date of the MRZ.
    pub fn from_mrz(parts: PartialDate) -> Self {
        Self(Known::Date { parts, year: None })
    }

    /// A date as an officer types it: `2019-12-24`, with `XX` or `XXXX` for unknown parts.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut next = |length: usize| -> Option<Option<i16>> {
            let part = parts.next().filter(|part| part.len() == length)?;
            if part.bytes().all(|b| b == b'X') {
                return Some(None);
            }
            part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())
        };
        let (year, month, day) = (next(4)?, next(2)?, next(2)?);
        let small = |value: Option<i16>| value.and_then(|value| u8::try_from(value).ok());
        let year2 = small(year.map(|year| year.rem_euclid(100)));
        let partial = PartialDate::new(year2, small(month), small(day)).ok()?;
        let exists = year.is_none_or(|year| partial.range_in(year).is_some());
        (parts.next().is_none() && exists).then_some(Self(Known::Date { parts: partial, year }))
    }

    /// The ages that this date gives on a day, and nothing else of it.
    pub(super) fn as_ages(&self, on: Date, contradicted: bool) -> Self {
        let mut ages = self.ages(on).into_iter();
        Self(Known::Ages(Ages { on, ranges: [ages.next(), ages.next()], contradicted }))
    }

    /// The same ages on another day; a date stays what it is.
    pub(super) fn moved_to(self, on: Date) -> Self {
        match self.0 {
            Known::Ages(ages) => Self(Known::Ages(Ages { on, ..ages })),
            Known::Date { .. } => self,
        }
    }

    /// Whether only ages are left.
    pub(super) fn is_ages(&self) -> bool {
        matches!(self.0, Known::Ages(_))
    }

    /// Whether this date of the document could be that full date.
    pub(super) fn could_be(&self, date: Date) -> bool {
        let (parts, year) = match self.0 {
            Known::Ages(ages) => return !ages.contradicted,
            Known::Date { parts, year } => (parts, year),
        };
        let whole = PartialDate::from_date(date);
        let agrees = |known: Option<u8>, given: Option<u8>| known.is_none_or(|known| given == Some(known));
        year.is_none_or(|year| year == date.year())
            && agrees(parts.year2(), whole.year2())
            && agrees(parts.month(), whole.month())
            && agrees(parts.day(), whole.day())
    }

    /// Whether the person is younger than `years` on a day.
    pub(super) fn younger_than(&self, years: u8, on: Date) -> Younger {
        let limit = i16::from(years);
        let ranges = self.ages(on);
        let all_below = |(oldest, _): &(i16, i16)| *oldest < limit;
        let none_below = |(_, youngest): &(i16, i16)| *youngest >= limit;
        let mixed = |range: &(i16, i16)| !all_below(range) && !none_below(range);
        if ranges.is_empty() || ranges.iter().any(mixed) {
            Younger::Unclear
        } else if ranges.iter().all(all_below) {
            Younger::Yes
        } else if ranges.iter().all(none_below) {
            Younger::No
        } else {
            Younger::DependsOnCentury
        }
    }

    /// The oldest and the youngest age on a day, for each century in which a living person can be born. Ages that are
    /// remembered are known for their day alone.
    fn ages(&self, on: Date) -> Vec<(i16, i16)> {
        let of_range = |(first, last): (Date, Date)| (age(first, on), age(last, on));
        match self.0 {
            Known::Ages(ages) => ages.ranges.into_iter().flatten().filter(|_| ages.on == on).collect(),
            Known::Date { parts, year: None } => parts.birth_candidates(on).into_iter().map(of_range).collect(),
            Known::Date { parts, year: Some(year) } => {
                let range = parts.range_in(year).filter(|(first, _)| *first <= on);
                range.map(|(first, last)| of_range((first, last.min(on)))).into_iter().collect()
            }
        }
    }
}

impl fmt::Debug for BirthDate {
    /// A date of birth is personal data: it is not printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BirthDate(..)")
    }
}

/// Full years of age on a day. Who was born on 29 February has the birthday on 1 March in common years
/// (project's reading).
fn age(born: Date, on: Date) -> i16 {
    let had_birthday = (on.month(), on.day()) >= (born.month(), born.day());
    on.year() - born.year() - i16::from(!had_birthday)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use jiff::civil::date;

    fn mrz(text: &str) -> BirthDate {
        let part = |at: usize| text.get(at..at + 2).and_then(|two| two.parse().ok());
        BirthDate::from_mrz(PartialDate::new(part(0), part(2), part(4)).unwrap())
    }

    #[test]
    fn the_sixth_birthday_and_what_is_not_known() {
        use Younger::*;
        let on = date(2025, 12, 24);
        for (born, answer) in [
            ("191223", No),
            ("191224", No),
            ("191225", DependsOnCentury),
            ("251224", DependsOnCentury),
            ("251225", No),
            ("850101", No),
            ("19<<<<", Unclear),
            ("1912<<", Unclear),
            ("1911<<", No),
            ("20<<<<", DependsOnCentury),
            ("85<<<<", No),
            ("<<0101", Unclear),
            ("<<<<<<", Unclear),
            ("19<<25", Unclear),
        ] {
            assert_eq!(mrz(born).younger_than(6, on), answer, "born {born}");
        }
    }

    #[test]
    fn who_was_born_on_29_february_has_the_birthday_on_1_march() {
        let born = BirthDate::full(date(2020, 2, 29));
        for (on, answer) in
            [(date(2026, 2, 27), Younger::Yes), (date(2026, 2, 28), Younger::Yes), (date(2026, 3, 1), Younger::No)]
        {
            assert_eq!(born.younger_than(6, on), answer, "{on}");
        }
        assert_eq!(BirthDate::full(date(2024, 2, 29)).younger_than(4, date(2028, 2, 28)), Younger::Yes);
        assert_eq!(BirthDate::full(date(2024, 2, 29)).younger_than(4, date(2028, 2, 29)), Younger::No);
    }

    #[test]
    fn typed_dates_have_their_century_and_may_have_gaps() {
        use Younger::*;
        let on = date(2025, 12, 24);
        for (typed, answer) in [
            ("2020-05-05", Some(Yes)),
            ("1920-05-05", Some(No)),
            ("2019-XX-XX", Some(Unclear)),
            ("2021-XX-XX", Some(Yes)),
            ("XXXX-XX-XX", Some(Unclear)),
            ("2026-01-01", Some(Unclear)),
            ("2025-02-30", None),
            ("2025-13-XX", None),
            ("2025-1-1", None),
            ("2025-01-01-01", None),
            ("20é5-01-01", None),
            ("", None),
        ] {
            let read = BirthDate::parse(typed).map(|born| born.younger_than(6, on));
            assert_eq!(read, answer, "typed {typed:?}");
        }
    }

    #[test]
    fn an_answer_must_agree_with_what_the_document_says() {
        for (document, answered, agrees) in [
            ("19<<<<", date(2019, 5, 5), true),
            ("19<<<<", date(1919, 5, 5), true),
            ("19<<<<", date(2020, 5, 5), false),
            ("1905<<", date(2019, 6, 5), false),
            ("<<<<<<", date(1980, 1, 1), true),
        ] {
            assert_eq!(mrz(document).could_be(answered), agrees, "{document} and {answered}");
        }
    }

    #[test]
    fn a_date_of_birth_is_not_printed() {
        assert_eq!(format!("{:?}", mrz("850101")), "BirthDate(..)");
    }
}
