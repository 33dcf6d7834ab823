//! The rows of the intake: a fleet of stations, the intake and a PostgreSQL server on this machine.

use super::row::{Goal, Row};
use crate::failure::Failure;
use crate::process::{cargo, said};
use serde_json::Value;
use std::path::Path;

/// Where Debian puts PostgreSQL's servers.
const SERVERS: &str = "/usr/lib/postgresql";

/// One load.
struct Load {
    /// What a record of this size is.
    what: &'static str,
    /// Size of an envelope in bytes.
    bytes: &'static str,
    /// Records a second.
    rate: &'static str,
    seconds: &'static str,
    stations: &'static str,
    goal: Option<Goal>,
}

/// The sizes are those that the simulated travellers' records had, with fingers as lossless PNG at 500 ppi and the
/// portrait beside them: 101 to 108 kB with two fingers of a small sensor, 1.41 to 1.59 MB with all ten of a slap scanner.
const LOADS: &[Load] = &[
    Load {
        what: "150 KiB",
        bytes: "153600",
        rate: "120",
        seconds: "60",
        stations: "6000",
        goal: Some(Goal::AtMost(500.0)),
    },
    Load { what: "105 kB (two fingers)", bytes: "105000", rate: "120", seconds: "20", stations: "600", goal: None },
    Load { what: "1.53 MB (4-4-2)", bytes: "1530000", rate: "48", seconds: "20", stations: "600", goal: None },
];

/// How long the intake takes to acknowledge a record, from its moment in the schedule.
pub fn rows() -> Result<Vec<Row>, Failure> {
    if !Path::new(SERVERS).exists() {
        println!("SKIPPED the intake under load: no PostgreSQL under {SERVERS}; `cargo xtask setup` installs it");
        return Ok(Vec::new());
    }
    cargo(&["build", "--release", "--package", "intake", "--features", "testing"])?;
    let mut rows = Vec::new();
    for load in LOADS {
        let line = ["--bytes", load.bytes, "--rate", load.rate, "--seconds", load.seconds, "--stations", load.stations];
        println!("$ intake-load {}", line.join(" "));
        let answer = said("target/release/intake-load", &line)?;
        let answer: Value = serde_json::from_str(&answer)
            .map_err(|error| Failure::new(format!("intake-load said something else than numbers: {error}.")))?;
        for (percentile, key, goal) in [("99th percentile", "p99_ms", load.goal), ("median", "p50_ms", None)] {
            let value = answer[key].as_f64().ok_or_else(|| Failure::new(format!("intake-load said no {key}.")))?;
            let Load { what, rate, seconds, stations, .. } = load;
            let name = format!(
                "intake on PostgreSQL, {rate} records/s of {what} from {stations} stations for {seconds} s, {percentile}"
            );
            rows.push(Row::new(&name, value, "ms", goal));
        }
    }
    Ok(rows)
}
