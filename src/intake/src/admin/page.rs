//! The page of the stations.

use super::{DAY_MS, ROWS};
use crate::database::{Overview, StationRow, Which};
use askama::Template;
use jiff::Timestamp;

const MINUTE_MS: i64 = 60 * 1000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// A station renews its certificate long before; one that has a week left could not reach its intake.
const WEEK_MS: i64 = 7 * DAY_MS;

/// What the template shows.
#[derive(Template)]
#[template(path = "stations.html")]
pub(super) struct Page {
    all: Overview,
    rows: Vec<Line>,
    /// Where the next page begins.
    next: Option<String>,
    troubled: bool,
    at: String,
}

/// One line of the table.
struct Line {
    row: StationRow,
    contact: String,
    oldest: String,
    certificate: String,
    silent: bool,
    /// The certificate is over or will be within a week.
    ending: bool,
}

impl Page {
    /// One row more than is shown says that there is another page.
    pub fn new(all: Overview, mut rows: Vec<StationRow>, which: Which, now_ms: i64) -> Self {
        let shown = usize::try_from(ROWS).unwrap_or(usize::MAX);
        let more = rows.len() > shown;
        rows.truncate(shown);
        let next = rows.last().filter(|_| more).map(|row| row.station.clone());
        let rows = rows.into_iter().map(|row| Line::new(row, now_ms)).collect();
        Self { all, rows, next, troubled: which == Which::Troubled, at: time(now_ms) }
    }

    pub fn to_html(&self) -> String {
        // Writing to a string cannot fail, and nothing else in the template can.
        self.render().unwrap_or_default()
    }
}

impl Line {
    fn new(row: StationRow, now_ms: i64) -> Self {
        let contact = if row.contact_ms == 0 { "never".into() } else { ago(row.contact_ms, now_ms) };
        let oldest = row.oldest_ms.map(|oldest| ago(oldest, now_ms)).unwrap_or_default();
        let left = row.certificate_until_ms.map(|until| until.saturating_sub(now_ms));
        let certificate = left.map(ahead).unwrap_or_default();
        let ending = left.is_some_and(|left| left < WEEK_MS);
        let silent = now_ms.saturating_sub(row.contact_ms) > DAY_MS;
        Self { row, contact, oldest, certificate, silent, ending }
    }
}

/// `2025-12-24 00:00:00 UTC`.
fn time(ms: i64) -> String {
    let shown = Timestamp::from_millisecond(ms).map(|time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
    shown.unwrap_or_default()
}

/// How long ago, in the largest unit of which there are two or more.
fn ago(then_ms: i64, now_ms: i64) -> String {
    let past = now_ms.saturating_sub(then_ms);
    match past {
        ..0 => "in the future".into(),
        0..MINUTE_MS => "just now".into(),
        _ if past < 2 * HOUR_MS => format!("{} min", past / MINUTE_MS),
        _ if past < 2 * DAY_MS => format!("{} h", past / HOUR_MS),
        _ => format!("{} days", past / DAY_MS),
    }
}

/// How much time is left, in hours or days.
fn ahead(left_ms: i64) -> String {
    match left_ms {
        ..0 => "over".into(),
        _ if left_ms < 2 * DAY_MS => format!("{} h", left_ms / HOUR_MS),
        _ => format!("{} days", left_ms / DAY_MS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_words() {
        let rows = [
            (-1, "in the future"),
            (0, "just now"),
            (MINUTE_MS, "1 min"),
            (2 * HOUR_MS - 1, "119 min"),
            (2 * HOUR_MS, "2 h"),
            (2 * DAY_MS - 1, "47 h"),
            (2 * DAY_MS, "2 days"),
        ];
        for (past, words) in rows {
            assert_eq!(ago(0, past), words);
        }
        for (left, words) in [(-1, "over"), (0, "0 h"), (2 * DAY_MS - 1, "47 h"), (90 * DAY_MS, "90 days")] {
            assert_eq!(ahead(left), words);
        }
        assert_eq!(time(1_766_534_400_000), "2025-12-24 00:00:00 UTC");
    }
}
