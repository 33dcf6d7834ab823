//! Samples as the measuring programs print them, and rows made of them.

use super::row::{Goal, Row};
use crate::failure::Failure;
use serde::Deserialize;

/// One line of a measuring program.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    name: String,
    value: f64,
    unit: String,
}

/// Which of many samples a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    Largest,
    Median,
    Percentile95,
    Smallest,
}

impl Pick {
    /// The picked one, by nearest rank; nothing of nothing.
    pub fn of(self, mut values: Vec<f64>) -> Option<f64> {
        values.sort_by(f64::total_cmp);
        let percent = match self {
            Self::Smallest => 0,
            Self::Median => 50,
            Self::Percentile95 => 95,
            Self::Largest => 100,
        };
        let rank = (values.len() * percent).div_ceil(100).max(1);
        values.get(rank - 1).copied()
    }

    fn words(self) -> &'static str {
        match self {
            Self::Largest => "largest",
            Self::Median => "median",
            Self::Percentile95 => "95th percentile",
            Self::Smallest => "smallest",
        }
    }
}

/// A row that is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The samples' name.
    pub sample: &'static str,
    /// What the row is called; how many samples there were, and which was picked, is added.
    pub row: &'static str,
    /// The samples' unit.
    pub unit: &'static str,
    /// Which of them.
    pub pick: Pick,
    /// What it should be.
    pub goal: Option<Goal>,
}

/// The lines that a program printed.
pub fn parse(program: &str, said: &str) -> Result<Vec<Sample>, Failure> {
    let lines = said.lines().filter(|line| !line.trim().is_empty());
    let samples = lines.map(|line| {
        serde_json::from_str(line)
            .map_err(|error| Failure::new(format!("`{program}` printed no sample, but `{line}`: {error}.")))
    });
    samples.collect()
}

/// The rows wanted of these samples. A row of which nothing was measured, and a sample that no row shows, is a defect.
pub fn rows(wanted: &[Wanted], samples: &[Sample]) -> Result<Vec<Row>, Failure> {
    let shown = |sample: &&Sample| wanted.iter().any(|row| row.sample == sample.name && row.unit == sample.unit);
    if let Some(other) = samples.iter().find(|sample| !shown(sample)) {
        return Err(Failure::new(format!("Measured, but in no row: {} in {}.", other.name, other.unit)));
    }
    let made = wanted.iter().map(|row| {
        let values: Vec<f64> =
            samples.iter().filter(|sample| sample.name == row.sample).map(|sample| sample.value).collect();
        let count = values.len();
        let value = row.pick.of(values);
        let value = value.ok_or_else(|| Failure::new(format!("Nothing was measured of: {}.", row.row)))?;
        let name = match count {
            1 => row.row.to_owned(),
            _ => format!("{}, {} of {count}", row.row, row.pick.words()),
        };
        Ok(Row::new(name, value, row.unit, row.goal))
    });
    made.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(name: &str, value: f64) -> String {
        format!("{{\"name\":\"{name}\",\"value\":{value},\"unit\":\"ms\"}}\n")
    }

    const HINT: Wanted =
        Wanted { sample: "hint", row: "hint latency", unit: "ms", pick: Pick::Median, goal: Some(Goal::AtMost(150.0)) };

    #[test]
    fn picks_are_nearest_ranks() {
        let hundred = || (1..=100).rev().map(f64::from).collect::<Vec<_>>();
        for (pick, of_hundred, of_three) in [
            (Pick::Smallest, 1.0, 1.0),
            (Pick::Median, 50.0, 5.0),
            (Pick::Percentile95, 95.0, 9.0),
            (Pick::Largest, 100.0, 9.0),
        ] {
            assert_eq!(pick.of(hundred()), Some(of_hundred), "{pick:?}");
            assert_eq!(pick.of(vec![9.0, 1.0, 5.0]), Some(of_three), "{pick:?}");
            assert_eq!(pick.of(vec![7.0]), Some(7.0), "{pick:?}");
            assert_eq!(pick.of(vec![]), None, "{pick:?}");
        }
    }

    #[test]
    fn rows_say_what_they_are_made_of() {
        let said = [sample("hint", 3.0), sample("hint", 1.0), sample("hint", 2.0)].concat();
        let made = rows(&[HINT], &parse("p", &said).unwrap()).unwrap();
        assert_eq!(made, [Row::new("hint latency, median of 3", 2.0, "ms", HINT.goal)]);
        let one = rows(&[HINT], &parse("p", &sample("hint", 4.0)).unwrap()).unwrap();
        assert_eq!(one, [Row::new("hint latency", 4.0, "ms", HINT.goal)]);
    }

    #[test]
    fn what_is_not_measured_or_not_shown_is_a_defect() {
        let other = sample("hint", 1.0) + &sample("nobody", 1.0);
        for (said, complaint) in [("", "hint latency"), (&other, "nobody")] {
            let failure = rows(&[HINT], &parse("p", said).unwrap()).unwrap_err().to_string();
            assert!(failure.contains(complaint), "{failure}");
        }
    }

    #[test]
    fn lines_that_are_no_samples_are_refused() {
        for line in [
            "12 ms",
            r#"{"name":"hint","value":null,"unit":"ms"}"#,
            r#"{"name":"hint","value":1}"#,
            r#"{"name":"hint","value":1,"unit":"ms","goal":2}"#,
        ] {
            let failure = parse("gatepost-sim", line).unwrap_err().to_string();
            assert!(failure.contains("gatepost-sim") && failure.contains(line), "{failure}");
        }
    }
}
