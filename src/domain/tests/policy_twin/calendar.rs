//! Dates as plain counts of days, walked one by one from the first. Slow to think of, hard to get wrong, and nothing in
//! common with the calendar that the engine uses.

/// Year, month, day.
pub type Ymd = (i32, u32, u32);

/// The first year that is walked.
const FIRST_YEAR: i32 = 1790;
/// The last year that is walked.
const LAST_YEAR: i32 = 2160;

/// Every day from the first year to the last.
pub struct Calendar {
    days: Vec<Ymd>,
    /// Count of the first day of each year.
    years: Vec<i64>,
}

pub fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub fn length(year: i32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

impl Calendar {
    pub fn new() -> Self {
        let (mut days, mut years) = (Vec::new(), Vec::new());
        for year in FIRST_YEAR..=LAST_YEAR {
            years.push(days.len() as i64);
            for month in 1..=12 {
                (1..=length(year, month)).for_each(|day| days.push((year, month, day)));
            }
        }
        Self { days, years }
    }

    /// The count of a date that exists.
    pub fn count(&self, (year, month, day): Ymd) -> i64 {
        assert!((1..=12).contains(&month) && (1..=length(year, month)).contains(&day), "{year}-{month}-{day}");
        let before: u32 = (1..month).map(|month| length(year, month)).sum();
        self.years[usize::try_from(year - FIRST_YEAR).unwrap()] + i64::from(before + day - 1)
    }

    /// The date of a count.
    pub fn date(&self, count: i64) -> Ymd {
        self.days[usize::try_from(count).unwrap()]
    }

    /// The day of a birthday. Who was born on 29 February has it on 1 March in common years.
    pub fn birthday(&self, (year, month, day): Ymd, years: i32) -> i64 {
        let year = year + years;
        if (month, day) == (2, 29) && !is_leap(year) {
            self.count((year, 3, 1))
        } else {
            self.count((year, month, day))
        }
    }
}

#[test]
fn the_walk_knows_days_whose_count_is_known() {
    let calendar = Calendar::new();
    // From the first day of 1970 to the first of 2000 there are 10,957 days, to 29 February 2024 there are 19,782.
    let epoch = calendar.count((1970, 1, 1));
    assert_eq!(calendar.count((2000, 1, 1)) - epoch, 10_957);
    assert_eq!(calendar.count((2024, 2, 29)) - epoch, 19_782);
    assert_eq!(calendar.date(calendar.count((1900, 2, 28)) + 1), (1900, 3, 1));
    assert_eq!(calendar.birthday((2020, 2, 29), 6), calendar.count((2026, 3, 1)));
    assert_eq!(calendar.birthday((2020, 2, 29), 4), calendar.count((2024, 2, 29)));
}
