//! The report of a shift: `{"travellers": [...], "summary": {...}}`, and a table for people.

use serde::Serialize;
use std::fmt::Write;

/// One traveller of the report.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Row {
    /// Identifier of the script.
    pub script: String,
    /// What the scripted facts call for.
    pub expected_outcome: String,
    /// What came; `none` when the visit broke off.
    pub outcome: String,
    /// Waiting for software: elapsed time without the lines' own transfer and without people.
    pub machine_wait_ms: u64,
    /// Devices' own time: images and documents on their serial lines, and a slap scanner's wait for a better picture.
    pub device_transfer_ms: u64,
    /// Scripted time of people.
    pub human_ms: u64,
    /// The three together.
    pub total_ms: u64,
    /// Capture attempts of all slots.
    pub attempts: u32,
    /// Keys that the officer pressed, counted as the orders were sent.
    pub key_presses: u32,
    /// From the officer's key for a new traveller until the page shows the new case.
    pub next_traveller_ms: u64,
    /// The record that was kept.
    pub record_id: Option<String>,
    /// The intake's receipt came.
    pub receipt: bool,
    /// Streams started and images commanded, as the simulator counts them.
    pub device_opens: u64,
    /// The officer typed the document. Not part of the report file.
    #[serde(skip)]
    pub typed: bool,
    /// What was not as expected. Not part of the report file.
    #[serde(skip)]
    pub problems: Vec<String>,
}

/// Median and 95th percentile, by nearest rank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// Half are at or below.
    pub median: u64,
    /// 95 of 100 are at or below.
    pub p95: u64,
}

/// What the rows say together.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Of all travellers.
    pub machine_wait_ms: Spread,
    /// Of all travellers.
    pub total_ms: Spread,
    /// Of all travellers.
    pub next_traveller_ms: Spread,
    /// Of ordinary travellers: enrolled, from the reader, with nothing missing.
    pub ordinary_key_presses: Spread,
    /// The most that one of them took.
    pub most_ordinary_key_presses: u32,
    /// Travellers with something that was not as expected.
    pub unexpected: usize,
}

/// The whole report.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// In the order of their visits.
    pub travellers: Vec<Row>,
    /// Over all of them.
    pub summary: Summary,
}

impl Row {
    /// Whether this was an ordinary traveller: a grown-up with a document that the reader reads and nothing missing.
    fn is_ordinary(&self) -> bool {
        !self.typed && self.script == "adult" && self.outcome == "enrolled"
    }
}

impl Report {
    /// The report of these visits.
    pub fn of(travellers: Vec<Row>) -> Self {
        let ordinary = || travellers.iter().filter(|row| row.is_ordinary()).map(|row| row.key_presses);
        let summary = Summary {
            next_traveller_ms: spread(travellers.iter().map(|row| row.next_traveller_ms)),
            ordinary_key_presses: spread(ordinary().map(u64::from)),
            most_ordinary_key_presses: ordinary().max().unwrap_or_default(),
            machine_wait_ms: spread(travellers.iter().map(|row| row.machine_wait_ms)),
            total_ms: spread(travellers.iter().map(|row| row.total_ms)),
            unexpected: travellers.iter().filter(|row| !row.problems.is_empty()).count(),
        };
        Self { travellers, summary }
    }

    /// The report as a table with a closing line.
    pub fn table(&self) -> String {
        let mut text = format!(
            "{:>4} {:<22} {:<26} {:>8} {:>9} {:>8} {:>8} {:>4} {:>5} {:>5} {:>5} {:<7}\n",
            "no",
            "script",
            "outcome",
            "machine",
            "transfer",
            "human",
            "total",
            "att",
            "opens",
            "keys",
            "next",
            "receipt"
        );
        for (number, row) in (1..).zip(&self.travellers) {
            let receipt = if row.receipt { "yes" } else { "-" };
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{number:>4} {:<22} {:<26} {:>8} {:>9} {:>8} {:>8} {:>4} {:>5} {:>5} {:>5} {receipt:<7}",
                row.script,
                row.outcome,
                row.machine_wait_ms,
                row.device_transfer_ms,
                row.human_ms,
                row.total_ms,
                row.attempts,
                row.device_opens,
                row.key_presses,
                row.next_traveller_ms,
            );
            for problem in &row.problems {
                let _ = writeln!(text, "     ! {problem}");
            }
        }
        let Summary { machine_wait_ms: machine, total_ms: total, next_traveller_ms: next, unexpected, .. } =
            &self.summary;
        let (keys, most) = (&self.summary.ordinary_key_presses, self.summary.most_ordinary_key_presses);
        let _ = writeln!(
            text,
            "{} travellers, {unexpected} unexpected; machine wait median {} ms, p95 {} ms; total median {} ms, p95 {} ms",
            self.travellers.len(),
            machine.median,
            machine.p95,
            total.median,
            total.p95,
        );
        let _ = writeln!(
            text,
            "next traveller median {} ms, p95 {} ms; officer's key presses for an ordinary traveller median {}, most {most}",
            next.median, next.p95, keys.median,
        );
        text
    }
}

fn spread(values: impl Iterator<Item = u64>) -> Spread {
    let mut sorted: Vec<u64> = values.collect();
    sorted.sort_unstable();
    Spread { median: rank(&sorted, 50), p95: rank(&sorted, 95) }
}

/// The smallest value that at least `percent` of 100 are at or below.
fn rank(sorted: &[u64], percent: usize) -> u64 {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        for (values, median, p95) in [
            (vec![], 0, 0),
            (vec![7], 7, 7),
            (vec![1, 2], 1, 2),
            (vec![3, 1, 2], 2, 3),
            ((1..=100).collect(), 50, 95),
            ((1..=20).collect(), 10, 19),
        ] {
            assert_eq!(spread(values.iter().copied()), Spread { median, p95 }, "{values:?}");
        }
    }

    #[test]
    fn the_file_has_the_agreed_keys() {
        let row = Row { script: "adult".into(), problems: vec!["late".into()], ..Row::default() };
        let report = Report::of(vec![row]);
        let json = serde_json::to_value(&report).unwrap();
        let keys: Vec<&str> = json["travellers"][0].as_object().unwrap().keys().map(String::as_str).collect();
        let mut agreed = [
            "script",
            "expected_outcome",
            "outcome",
            "machine_wait_ms",
            "device_transfer_ms",
            "human_ms",
            "total_ms",
            "attempts",
            "key_presses",
            "next_traveller_ms",
            "record_id",
            "receipt",
            "device_opens",
        ];
        agreed.sort_unstable();
        let mut keys = keys;
        keys.sort_unstable();
        assert_eq!(keys, agreed);
        assert_eq!(json["summary"]["unexpected"], 1);
        assert_eq!(json["summary"]["total_ms"], serde_json::json!({ "median": 0, "p95": 0 }));
        assert!(report.table().contains("! late"));
    }

    proptest! {
        #[test]
        fn ranks_are_values_and_ordered(values in proptest::collection::vec(any::<u64>(), 1..60)) {
            let Spread { median, p95 } = spread(values.iter().copied());
            prop_assert!(values.contains(&median) && values.contains(&p95) && median <= p95);
            let below = values.iter().filter(|value| **value <= median).count();
            prop_assert!(below * 2 >= values.len());
        }
    }
}
