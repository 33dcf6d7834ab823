//! Which shift a moment belongs to.

use jiff::civil::{DateTime, Time};

/// When shifts begin without a line in the configuration.
const USUAL: [&str; 2] = ["08:00", "20:00"];

/// Most shifts of a day: one every four hours.
const MOST: usize = 6;

/// The local times at which shifts begin, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shifts(Vec<Time>);

impl Shifts {
    /// From times as people write them: `08:00`.
    ///
    /// # Errors
    /// A sentence that says what they must be.
    pub fn parse(texts: &[String]) -> Result<Self, String> {
        let wrong =
            || format!("write 1 to {MOST} times at which shifts begin, in order, such as [\"08:00\", \"20:00\"]");
        let times: Option<Vec<Time>> = texts.iter().map(|text| text.parse().ok()).collect();
        let times = times.ok_or_else(wrong)?;
        let in_order = times.windows(2).all(|pair| pair[0] < pair[1]);
        if (1..=MOST).contains(&times.len()) && in_order { Ok(Self(times)) } else { Err(wrong()) }
    }

    /// When the shift of this moment began: `2026-03-15T08:00`, local time.
    pub fn begun(&self, now: DateTime) -> String {
        let today = self.0.iter().rev().find(|begin| **begin <= now.time());
        let begun = match (today, self.0.last()) {
            (Some(begin), _) => now.date().to_datetime(*begin),
            (None, Some(last)) => now.date().yesterday().unwrap_or(now.date()).to_datetime(*last),
            (None, None) => now,
        };
        begun.strftime("%Y-%m-%dT%H:%M").to_string()
    }
}

impl Default for Shifts {
    fn default() -> Self {
        Self(USUAL.iter().filter_map(|text| text.parse().ok()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_night_shift_goes_on_after_midnight() {
        for (now, begun) in [
            ("2026-03-15T08:00", "2026-03-15T08:00"),
            ("2026-03-15T19:59:59", "2026-03-15T08:00"),
            ("2026-03-15T20:00", "2026-03-15T20:00"),
            ("2026-03-16T00:30", "2026-03-15T20:00"),
            ("2026-03-01T07:59", "2026-02-28T20:00"),
        ] {
            assert_eq!(Shifts::default().begun(now.parse().unwrap()), begun, "{now}");
        }
    }

    #[test]
    fn times_are_few_and_in_order() {
        let parse = |texts: &[&str]| Shifts::parse(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert!(parse(&["06:00", "14:00", "22:00"]).is_ok());
        for wrong in [&[][..], &["eight"], &["20:00", "08:00"], &["08:00", "08:00"], &["25:00"]] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
        let seven: Vec<_> = (0..7).map(|hour| format!("{hour:02}:00")).collect();
        assert!(Shifts::parse(&seven).is_err());
    }
}
