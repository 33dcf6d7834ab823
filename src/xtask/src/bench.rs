//! `cargo xtask bench`: measures, prints a table and writes target/bench.json.

use crate::demo::{Demo, PORT, Place};
use crate::failure::Failure;
use crate::process::{Interrupt, cargo};
use crate::{run, setup};
use clap::Args;
use serde::Serialize;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

/// Where the table is written for programs.
const TABLE: &str = "target/bench.json";

/// Starts that the median is taken of. Each is a new process on a store with records; the files are in the kernel's cache.
const STARTS: usize = 5;

/// Travellers of the small shift.
const TRAVELLERS: u32 = 8;

/// What `bench` is told.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Port of the station; the others follow it.
    #[arg(long, default_value_t = PORT, value_parser = clap::value_parser!(u16).range(1024..=65_000))]
    port: u16,
}

/// One measured value. A row without goal or peer has none that we know of.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Row {
    name: &'static str,
    value: f64,
    unit: &'static str,
    goal: Option<f64>,
    peer: Option<&'static str>,
    peer_value: Option<f64>,
    ratio: Option<f64>,
}

impl Row {
    /// A value that should be at most its goal; no other program was measured beside it.
    fn at_most(name: &'static str, value: f64, unit: &'static str, goal: f64) -> Self {
        Self { name, value, unit, goal: Some(goal), peer: None, peer_value: None, ratio: None }
    }
}

/// Builds in release, measures, prints and writes.
pub fn run(options: &Options) -> Result<(), Failure> {
    setup::run(setup::For::Programs)?;
    cargo(&["build", "--release"])?;
    let interrupt = Interrupt::listen()?;
    let rows = station_rows(options.port, &interrupt)?;
    print!("{}", table(&rows));
    let text = serde_json::to_string_pretty(&rows).map_err(|error| Failure::new(error.to_string()))?;
    fs::write(TABLE, text).map_err(|error| Failure::io("write", Path::new(TABLE), &error))?;
    println!("\nWritten to {TABLE}");
    Ok(())
}

/// The rows that need the whole station: it is started, has a small shift, is weighed, and is started again.
fn station_rows(port: u16, interrupt: &Interrupt) -> Result<Vec<Row>, Failure> {
    let place = Place::new("target/demo-bench", port);
    place.forget()?;
    let mut demo = Demo::start(place, 1, interrupt)?;
    let line = demo.place().shift(TRAVELLERS, 1, run::REPORT, false);
    run::shift(&mut demo, &line, interrupt)?;
    let report = read_report()?;
    let wait = |which: &str| {
        report["summary"]["machine_wait_ms"][which]
            .as_f64()
            .ok_or_else(|| Failure::new(format!("{} has no summary.machine_wait_ms.{which}.", run::REPORT)))
    };
    let (wait_median, wait_p95) = (wait("median")?, wait("p95")?);
    let memory = pss_kib(demo.station_pid())? * 1024.0 / 1e6;
    let mut starts = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        starts.push(demo.restart_station(interrupt)?.as_secs_f64() * 1000.0);
    }
    Ok(vec![
        Row::at_most(
            "station start until /health answers (files in cache), median of 5",
            median(&mut starts),
            "ms",
            3000.0,
        ),
        Row::at_most("memory (PSS) of the station with its drivers, after a shift", memory, "MB", 300.0),
        Row::at_most("machine wait per traveller, median", wait_median, "ms", 1500.0),
        Row { goal: None, ..Row::at_most("machine wait per traveller, 95th percentile", wait_p95, "ms", 0.0) },
    ])
}

fn read_report() -> Result<Value, Failure> {
    let path = Path::new(run::REPORT);
    let text = fs::read_to_string(path).map_err(|error| Failure::io("read", path, &error))?;
    serde_json::from_str(&text).map_err(|error| Failure::new(format!("{} is damaged: {error}.", run::REPORT)))
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Proportional set size of a process and everything that it started, in KiB.
fn pss_kib(pid: u32) -> Result<f64, Failure> {
    let mut sum = 0.0;
    for pid in family(pid, &parents()?) {
        let path = format!("/proc/{pid}/smaps_rollup");
        let text = fs::read_to_string(&path).map_err(|error| Failure::io("read", Path::new(&path), &error))?;
        sum += pss_of(&text).ok_or_else(|| Failure::new(format!("{path} has no line \"Pss:\".")))?;
    }
    Ok(sum)
}

fn pss_of(rollup: &str) -> Option<f64> {
    rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?.split_whitespace().next()?.parse().ok()
}

/// The parent of every process.
fn parents() -> Result<HashMap<u32, u32>, Failure> {
    let proc = Path::new("/proc");
    let entries = fs::read_dir(proc).map_err(|error| Failure::io("list", proc, &error))?;
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    // A process that ended in between has no parent to tell.
    Ok(pids
        .filter_map(|pid| Some((pid, parent_in(&fs::read_to_string(proc.join(format!("{pid}/stat"))).ok()?)?)))
        .collect())
}

/// The fourth field of /proc/PID/stat. The second one, the name in brackets, may hold spaces and brackets itself.
fn parent_in(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn family(head: u32, parents: &HashMap<u32, u32>) -> HashSet<u32> {
    let mut family = HashSet::from([head]);
    loop {
        let children: Vec<u32> = parents
            .iter()
            .filter(|(pid, of)| family.contains(of) && !family.contains(pid))
            .map(|(pid, _)| *pid)
            .collect();
        if children.is_empty() {
            return family;
        }
        family.extend(children);
    }
}

fn table(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let mut text = format!("\n{:width$}  {:>12}  {:>12}  {:>20}\n", "what", "measured", "goal", "peer");
    for row in rows {
        let measured = format!("{:.1} {}", row.value, row.unit);
        let goal = row.goal.map_or("-".into(), |goal| {
            let verdict = if row.value <= goal { "" } else { " MISSED" };
            format!("{goal:.0} {}{verdict}", row.unit)
        });
        let peer = row.peer.map_or("-", |peer| peer);
        text.push_str(&format!("{:width$}  {measured:>12}  {goal:>12}  {peer:>20}\n", row.name));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_family_of_a_process_is_found() {
        let parents = HashMap::from([(2, 1), (3, 2), (4, 3), (5, 1), (6, 99)]);
        assert_eq!(family(2, &parents), HashSet::from([2, 3, 4]));
        assert_eq!(parent_in("17 (a ) odd) name) S 4 17 17 0"), Some(4));
        assert_eq!(parent_in(""), None);
    }

    #[test]
    fn this_process_has_a_weight() {
        assert!(pss_kib(std::process::id()).unwrap() > 100.0);
        assert_eq!(pss_of("Rss:   10 kB\nPss:      2345 kB\nPss_Dirty: 1 kB"), Some(2345.0));
    }

    #[test]
    fn the_table_says_what_was_missed() {
        let rows = [Row::at_most("fast", 1.0, "ms", 2.0), Row::at_most("slow", 3.0, "ms", 2.0)];
        let text = table(&rows);
        assert_eq!(text.lines().filter(|line| line.contains("MISSED")).count(), 1, "{text}");
        let json = serde_json::to_value(&rows[0]).unwrap();
        assert_eq!(json["peer"], Value::Null);
        assert_eq!(json["goal"], 2.0);
    }

    #[test]
    fn medians_are_taken_of_sorted_values() {
        assert_eq!(median(&mut [5.0, 1.0, 9.0, 2.0, 3.0]), 3.0);
        assert!(median(&mut []).is_nan());
    }
}
