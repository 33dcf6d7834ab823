//! The figures as a file by RFC 4180, one figure a line. Columns are fixed, and docs/administrator.md explains them.

use crate::figures::{Tally, WAITED_STEPS};

/// The header.
const COLUMNS: [&str; 5] = ["shift", "section", "item", "value", "unit"];

/// The figures of these shifts, by the time at which each began.
pub fn written<'a>(shifts: impl Iterator<Item = (&'a str, Tally)>) -> String {
    let mut text = String::new();
    line(&mut text, COLUMNS);
    for (shift, tally) in shifts {
        for [section, item, value, unit] in rows(&tally) {
            line(&mut text, [shift, &section, &item, &value, &unit]);
        }
    }
    text
}

fn rows(tally: &Tally) -> Vec<[String; 4]> {
    let mut rows = Vec::new();
    let mut row = |section: &str, item: &str, value: String, unit: &str| {
        rows.push([section.into(), item.into(), value, unit.into()]);
    };
    for (outcome, n) in &tally.outcomes {
        row("outcome", outcome, n.to_string(), "cases");
    }
    let (failed, tried) = tally.failure_to_enrol();
    row("failure-to-enrol", "failed", failed.to_string(), "cases");
    row("failure-to-enrol", "tried", tried.to_string(), "cases");
    for (item, share) in [("median", 0.5), ("p95", 0.95)] {
        if let (Some(total), Some(waited)) = (tally.total.quantile(share), tally.waited.quantile(share)) {
            row("time-total", item, total.to_string(), "s");
            row("time-machine", item, format!("{:.2}", f64::from(waited) / WAITED_STEPS), "s");
        }
    }
    for (slot, tries) in &tally.tries {
        row("attempts-accepted", slot, tries.accepted.to_string(), "attempts");
        row("attempts-rejected", slot, tries.rejected.to_string(), "attempts");
        row("attempts-without-sample", slot, tries.nothing.to_string(), "attempts");
    }
    for (why, n) in &tally.rejections {
        row("rejection", why, n.to_string(), "attempts");
    }
    let grounds = tally.grounds();
    for (ground, n) in &grounds.told {
        row("exemption", ground, n.to_string(), "cases");
    }
    if grounds.others > 0 {
        row("exemption", "others-together", grounds.others.to_string(), "cases");
    }
    rows
}

fn line(text: &mut String, cells: [&str; 5]) {
    let cells: Vec<_> = cells.into_iter().map(cell).collect();
    text.push_str(&cells.join(","));
    text.push_str("\r\n");
}

/// A cell as RFC 4180 writes it. One that a spreadsheet would take for a formula begins with an apostrophe.
fn cell(value: &str) -> String {
    let formula = value.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let value = if formula { format!("'{value}") } else { value.to_owned() };
    if value.contains([',', '"', '\r', '\n']) { format!("\"{}\"", value.replace('"', "\"\"")) } else { value }
}

#[cfg(test)]
mod tests {
    use super::super::page::tests::busy_shift;
    use super::*;
    use proptest::prelude::*;

    /// A strict reader of RFC 4180.
    fn read(text: &str) -> Vec<Vec<String>> {
        let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match (c, quoted) {
                ('"', true) if chars.peek() == Some(&'"') => cell.push(chars.next().unwrap()),
                ('"', true) => quoted = false,
                ('"', false) => {
                    assert!(cell.is_empty(), "a quote in the middle of a cell");
                    quoted = true;
                }
                (',', false) => row.push(std::mem::take(&mut cell)),
                ('\r', false) => {
                    assert_eq!(chars.next(), Some('\n'));
                    row.push(std::mem::take(&mut cell));
                    rows.push(std::mem::take(&mut row));
                }
                (c, quoted) => {
                    assert!(quoted || c != '\n');
                    cell.push(c);
                }
            }
        }
        assert!(!quoted && cell.is_empty() && row.is_empty(), "the last line has no end");
        rows
    }

    #[test]
    fn the_file_has_the_figures_of_the_page() {
        let text = written([("2026-03-15T08:00", busy_shift())].into_iter());
        let rows = read(&text);
        assert_eq!(rows[0], COLUMNS);
        assert!(rows.iter().all(|row| row.len() == COLUMNS.len()));
        for line in [
            "2026-03-15T08:00,outcome,enrolled,30,cases",
            "2026-03-15T08:00,failure-to-enrol,failed,2,cases",
            "2026-03-15T08:00,failure-to-enrol,tried,32,cases",
            "2026-03-15T08:00,time-machine,median,0.74,s",
            "2026-03-15T08:00,rejection,press-more,30,attempts",
            "2026-03-15T08:00,exemption,belarus,9,cases",
            "2026-03-15T08:00,exemption,others-together,8,cases",
        ] {
            assert!(text.contains(&format!("{line}\r\n")), "{line} in {text}");
        }
        assert!(!text.contains("diplomat"), "one diplomat of a shift is a person");
    }

    proptest! {
        #[test]
        fn any_cell_is_read_as_it_was_and_none_is_a_formula(value in "[ -~\r\n\t]{0,12}") {
            let mut text = String::new();
            line(&mut text, ["shift", &value, "x", "y", "z"]);
            let found = read(&text)[0][1].clone();
            prop_assert_eq!(found.strip_prefix('\'').unwrap_or(&found), value.strip_prefix('\'').unwrap_or(&value));
            prop_assert!(!found.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']));
        }
    }
}
