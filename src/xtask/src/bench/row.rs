//! A measured value beside its goal, and the table of all of them.

use serde::{Serialize, Serializer};

/// What a value should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// No less than this.
    AtLeast(f64),
    /// No more than this.
    AtMost(f64),
}

impl Goal {
    fn number(self) -> f64 {
        match self {
            Self::AtLeast(number) | Self::AtMost(number) => number,
        }
    }

    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::AtLeast(_) => ">=",
            Self::AtMost(_) => "<=",
        }
    }
}

/// Programs read the number; which way it is meant, the row's name says where it is not "at most".
impl Serialize for Goal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.number())
    }
}

/// One measured value. A row without goal or peer has none that we know of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    name: String,
    value: f64,
    unit: &'static str,
    goal: Option<Goal>,
    peer: Option<&'static str>,
    peer_value: Option<f64>,
    ratio: Option<f64>,
}

impl Row {
    /// A value of ours; no other program was measured beside it.
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str, goal: Option<Goal>) -> Self {
        let name = match goal {
            Some(Goal::AtLeast(_)) => format!("{} (at least)", name.into()),
            _ => name.into(),
        };
        Self { name, value, unit, goal, peer: None, peer_value: None, ratio: None }
    }

    /// What was measured.
    pub fn value(&self) -> f64 {
        self.value
    }
}

/// All rows for people.
pub fn table(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let mut text = format!("\n{:width$}  {:>12}  {:>19}  {:>8}\n", "what", "measured", "goal", "peer");
    for row in rows {
        let digits = if row.value < 10.0 { 2 } else { 1 };
        let measured = format!("{:.digits$} {}", row.value, row.unit);
        let goal = row.goal.map_or("-".into(), |goal| {
            let verdict = if goal.is_met(row.value) { "" } else { " MISSED" };
            format!("{} {} {}{verdict}", goal.sign(), goal.number(), row.unit)
        });
        let peer = row.peer.map_or("-", |peer| peer);
        text.push_str(&format!("{:width$}  {measured:>12}  {goal:>19}  {peer:>8}\n", row.name));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn the_table_says_what_was_missed() {
        for (value, goal, missed) in [
            (1.0, Some(Goal::AtMost(2.0)), false),
            (3.0, Some(Goal::AtMost(2.0)), true),
            (f64::NAN, Some(Goal::AtMost(2.0)), true),
            (16.0, Some(Goal::AtLeast(15.0)), false),
            (14.0, Some(Goal::AtLeast(15.0)), true),
            (f64::NAN, Some(Goal::AtLeast(15.0)), true),
            (9.0, None, false),
        ] {
            let text = table(&[Row::new("row", value, "ms", goal)]);
            assert_eq!(text.contains("MISSED"), missed, "{text}");
        }
    }

    #[test]
    fn programs_read_names_and_numbers() {
        let row = serde_json::to_value(Row::new("frames", 16.0, "1/s", Some(Goal::AtLeast(15.0)))).unwrap();
        assert_eq!(row["name"], "frames (at least)");
        assert_eq!(row["goal"], json!(15.0));
        assert_eq!(row["peer"], Value::Null);
    }
}
