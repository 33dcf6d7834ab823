//! `cargo xtask bench`: measures, prints a table and writes target/bench.json.

mod faces;
mod fingers;
mod intake;
mod memory;
mod programs;
mod row;
mod samples;

use crate::demo::{Demo, PORT, Place};
use crate::failure::Failure;
use crate::process::{Interrupt, cargo};
use crate::{run, setup};
use clap::Args;
use row::{Goal, Row, table};
use samples::Pick;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Where the report of the small shift is written: not over that of `run`.
const REPORT: &str = "target/bench-run-report.json";

/// Where the table is written for programs.
const TABLE: &str = "target/bench.json";

/// Everything that is measured lives here.
const FOLDER: &str = "target/demo-bench";

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

/// Builds in release, measures, prints and writes.
pub fn run(options: &Options) -> Result<(), Failure> {
    setup::run(setup::For::Programs)?;
    cargo(&["build", "--release"])?;
    let interrupt = Interrupt::listen()?;
    let place = Place::new(FOLDER, options.port);
    place.forget()?;
    // The checks and the store first, while nothing else runs.
    let pictures = Path::new(FOLDER).join("pictures");
    let checks = [programs::checks(&pictures)?, faces::rows(&pictures)?, fingers::rows(&pictures)?].concat();
    let store = programs::store_rows(Path::new(FOLDER))?;
    let load = intake::rows()?;
    let rows = [station_rows(place, &interrupt)?, checks, store, load].concat();
    print!("{}", table(&rows));
    let text = serde_json::to_string_pretty(&rows).map_err(|error| Failure::new(error.to_string()))?;
    fs::write(TABLE, text).map_err(|error| Failure::io("write", Path::new(TABLE), &error))?;
    println!("\nWritten to {TABLE}");
    Ok(())
}

/// The rows that need the whole station: it is started, has a small shift, is weighed and watched at the desk, and is
/// started again.
fn station_rows(place: Place, interrupt: &Interrupt) -> Result<Vec<Row>, Failure> {
    let mut demo = Demo::start(place, 1, interrupt)?;
    let line = demo.place().shift(TRAVELLERS, 1, REPORT, false);
    run::shift(&mut demo, &line, REPORT, interrupt)?;
    let report = read_report()?;
    let wait = |which: &str| {
        report["summary"]["machine_wait_ms"][which]
            .as_f64()
            .ok_or_else(|| Failure::new(format!("{} has no summary.machine_wait_ms.{which}.", REPORT)))
    };
    let (wait_median, wait_p95) = (wait("median")?, wait("p95")?);
    let weight = memory::pss_kib(demo.station_pid())? * 1024.0 / 1e6;
    let desk = programs::desk_rows(&demo.place().measure())?;
    let mut starts = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        starts.push(demo.restart_station(interrupt)?.as_secs_f64() * 1000.0);
    }
    let start = Pick::Median.of(starts).ok_or_else(|| Failure::new("The station was not started."))?;
    let at_most = |most| Some(Goal::AtMost(most));
    let mut rows = vec![
        Row::new("station start until /health answers (files in cache), median of 5", start, "ms", at_most(3000.0)),
        Row::new("memory (PSS) of the station with its drivers, after a shift", weight, "MB", at_most(300.0)),
        Row::new("machine wait per traveller, median of 8", wait_median, "ms", at_most(1500.0)),
        Row::new("machine wait per traveller, 95th percentile of 8", wait_p95, "ms", None),
    ];
    rows.extend(desk);
    Ok(rows)
}

fn read_report() -> Result<Value, Failure> {
    let path = Path::new(REPORT);
    let text = fs::read_to_string(path).map_err(|error| Failure::io("read", path, &error))?;
    serde_json::from_str(&text).map_err(|error| Failure::new(format!("{} is damaged: {error}.", REPORT)))
}
