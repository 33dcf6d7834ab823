//! The page of the figures. Every bar stands in the row of a table that says the same in numbers.

use super::super::errors::page;
use super::super::locale::Locale;
use super::super::logins::Login;
use crate::figures::{Tally, WAITED_STEPS};
use crate::people::Role;
use askama::Template;
use axum::response::Response;
use std::collections::BTreeMap;

/// Seconds of a column of the chart of times.
const COLUMN_SECONDS: u32 = 15;

/// Columns of that chart; what took longer is in the last one.
const MOST_COLUMNS: usize = 20;

/// Reasons that are shown, the most frequent first.
const MOST_REASONS: usize = 12;

/// Where what stands.
#[derive(Template)]
#[template(path = "figures.html")]
struct FiguresPage<'a> {
    t: Locale<'a>,
    login: &'a Login,
    home: &'static str,
    may_save: bool,
    of: Known<'a>,
    shown: Option<Shown>,
}

/// Shifts that can be shown.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// The time at which the one that is shown began.
    pub shift: &'a str,
    /// The same of the one that goes on.
    pub current: &'a str,
    /// Those that are known.
    pub known: &'a [String],
}

/// A shift in texts and lengths of bars.
struct Shown {
    cases: u64,
    outcomes: Vec<Bar>,
    failed: u64,
    tried: u64,
    rate: String,
    times: Option<Times>,
    columns: Vec<Column>,
    tries: Vec<TriesRow>,
    reasons: Vec<Bar>,
    grounds: Vec<Bar>,
    too_few: bool,
}

/// Median and the value that 95 of 100 keep, in seconds.
struct Times {
    total: [String; 2],
    waited: [String; 2],
}

/// A row with a bar.
struct Bar {
    label: String,
    value: u64,
    /// Percent of the longest.
    length: u64,
}

/// A column of the chart of times.
struct Column {
    /// Seconds at which it begins.
    from: u32,
    value: u64,
    /// Percent of the highest.
    height: u64,
}

/// Attempts of a finger.
struct TriesRow {
    label: String,
    accepted: u64,
    rejected: u64,
    nothing: u64,
    /// Where the parts of the bar begin and how long they are, in percent of the longest bar.
    parts: [(u64, u64); 3],
}

/// The page of a shift: which one, the one that goes on, and those that are known.
pub fn show(t: Locale<'_>, login: &Login, of: Known<'_>, tally: Option<&Tally>) -> Response {
    let home = if login.role == Role::Administrator { "/administrator" } else { "/supervisor" };
    let may_save = login.role == Role::Administrator;
    let shown = tally.map(|tally| Shown::of(t, tally));
    page(&FiguresPage { t, login, home, may_save, of, shown })
}

impl Shown {
    fn of(t: Locale<'_>, tally: &Tally) -> Self {
        let (failed, tried) = tally.failure_to_enrol();
        let rate = if tried == 0 { "–".into() } else { format!("{:.1}", 100.0 * failed as f64 / tried as f64) };
        let grounds = tally.grounds();
        let mut told: Vec<_> =
            grounds.told.iter().map(|(ground, n)| (t.word_or("ground", ground, ground), *n)).collect();
        if grounds.others > 0 {
            told.push((t.say("figures-other-grounds"), grounds.others));
        }
        Self {
            cases: tally.cases(),
            outcomes: bars(most_first(&tally.outcomes).into_iter().map(|(id, n)| (t.word("outcome", id), n))),
            failed,
            tried,
            rate,
            times: Times::of(tally),
            columns: columns(tally),
            tries: tries(t, tally),
            reasons: bars(
                most_first(&tally.rejections).into_iter().take(MOST_REASONS).map(|(why, n)| (reason(t, why), n)),
            ),
            grounds: bars(told.into_iter()),
            too_few: grounds.too_few,
        }
    }
}

impl Times {
    fn of(tally: &Tally) -> Option<Self> {
        let total = |share| tally.total.quantile(share).map(|seconds| seconds.to_string());
        let waited = |share| tally.waited.quantile(share).map(|n| format!("{:.2}", f64::from(n) / WAITED_STEPS));
        Some(Self { total: [total(0.5)?, total(0.95)?], waited: [waited(0.5)?, waited(0.95)?] })
    }
}

fn most_first(counts: &BTreeMap<String, u64>) -> Vec<(&str, u64)> {
    let mut counts: Vec<_> = counts.iter().map(|(id, n)| (id.as_str(), *n)).collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    counts
}

fn bars(rows: impl Iterator<Item = (String, u64)>) -> Vec<Bar> {
    let rows: Vec<_> = rows.collect();
    let longest = rows.iter().map(|(_, n)| *n).max().unwrap_or(1).max(1);
    rows.into_iter().map(|(label, value)| Bar { label, value, length: 100 * value / longest }).collect()
}

fn columns(tally: &Tally) -> Vec<Column> {
    let mut counts = tally.total.columns(COLUMN_SECONDS);
    if counts.len() > MOST_COLUMNS {
        let beyond: u64 = counts.drain(MOST_COLUMNS..).sum();
        counts[MOST_COLUMNS - 1] += beyond;
    }
    let highest = counts.iter().copied().max().unwrap_or(1).max(1);
    let starts = (0..).step_by(COLUMN_SECONDS as usize);
    let column = |(from, value)| Column { from, value, height: 100 * value / highest };
    starts.zip(counts).map(column).collect()
}

fn tries(t: Locale<'_>, tally: &Tally) -> Vec<TriesRow> {
    let longest = tally.tries.values().map(|tries| tries.all()).max().unwrap_or(1).max(1);
    let row = |(slot, tries): (&String, &crate::figures::Tries)| {
        let share = |n: u64| 100 * n / longest;
        let (accepted, rejected, nothing) = (tries.accepted, tries.rejected, tries.nothing);
        TriesRow {
            label: t.word("finger", slot),
            accepted,
            rejected,
            nothing,
            parts: [
                (0, share(accepted)),
                (share(accepted), share(rejected)),
                (share(accepted) + share(rejected), share(nothing)),
            ],
        }
    };
    tally.tries.iter().map(row).collect()
}

/// Why an attempt was not accepted, in words; a code is told as it is read out over the telephone.
fn reason(t: Locale<'_>, why: &str) -> String {
    match why {
        "below-limit" => t.say("state-exhausted"),
        "no-sample" => t.say("figures-without-sample"),
        why => t.word_or("wrong", why, &t.word_or("hint", why, why)),
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::figures::{Attempted, Came, Ended};
    use crate::web::locale::{LANGUAGES, Locales};
    use crate::web::tests::{html, login};
    use domain::finger::Finger;
    use domain::session::{Outcome, Slot};
    use std::time::Duration;

    /// A shift of 50 travellers.
    pub fn busy_shift() -> Tally {
        let mut tally = Tally::default();
        let slot = Slot::Finger(Finger::RightIndex);
        let ended = |outcome, ground: Option<&str>| Ended {
            outcome,
            ground: ground.map(Into::into),
            took: Some(Duration::from_secs(44)),
            waited: Duration::from_millis(733),
            attempts: vec![],
        };
        let attempts = vec![
            Attempted { slot, came: Came::Rejected, why: Some("press-more".into()) },
            Attempted { slot, came: Came::Accepted, why: None },
            Attempted { slot: Slot::Face, came: Came::Nothing, why: Some("D-12".into()) },
        ];
        for _ in 0..30 {
            tally.count(&Ended { attempts: attempts.clone(), ..ended(Outcome::Enrolled, None) });
        }
        (0..2).for_each(|_| tally.count(&ended(Outcome::FailureToEnrol, None)));
        for (ground, n) in [("belarus", 9), ("under-six", 7), ("diplomat", 1)] {
            (0..n).for_each(|_| tally.count(&ended(Outcome::Exempt, Some(ground))));
        }
        tally.count(&ended(Outcome::Cancelled, None));
        tally
    }

    #[tokio::test]
    async fn each_chart_has_its_numbers_and_small_grounds_are_not_told() {
        let locales = Locales::load().unwrap();
        let known = vec!["2026-03-15T08:00".to_owned()];
        let of = Known { shift: &known[0], current: &known[0], known: &known };
        for id in LANGUAGES {
            let page = html(show(locales.get(id), &login(Role::Administrator), of, Some(&busy_shift()))).await;
            assert!(!page.contains(" style=") && !page.contains("{ $"), "{id}");
            let tables = page.matches("<table").count();
            assert!(tables >= 6, "{id}: {tables} tables");
            assert_eq!(page.matches("<svg").count(), page.matches("aria-hidden=\"true\"").count(), "{id}");
            let diplomats = locales.get(id).say("ground-diplomat");
            assert!(!page.contains(&format!(">{diplomats}<")), "{id}");
            assert!(page.contains(&locales.get(id).say("figures-other-grounds")), "{id}");
            assert!(page.contains("6.3&#37;") || page.contains("6.2"), "2 of 32, cancelled and exempt left out: {id}");
        }
    }

    #[tokio::test]
    async fn an_empty_shift_says_that_nothing_is_known() {
        let locales = Locales::load().unwrap();
        let t = locales.get("en");
        let page = html(show(
            t,
            &login(Role::Supervisor),
            Known { shift: "2026-03-15T08:00", current: "2026-03-15T08:00", known: &[] },
            None,
        ))
        .await;
        assert!(page.contains(&t.say("figures-nothing")));
        assert!(!page.contains("<svg") && !page.contains("figures.csv"));
    }
}
