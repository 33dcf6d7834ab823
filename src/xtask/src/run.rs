//! `cargo xtask run`: the whole thing, on this machine, with simulated devices.

use crate::demo::{ADMINISTRATOR, AUDITOR, Demo, OFFICER, PORT, Place, SUPERVISOR, program};
use crate::failure::Failure;
use crate::process::{Background, Interrupt, cargo, wait_for};
use crate::setup;
use clap::Args;
use std::fs;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

/// Where the shift's report is written.
const REPORT: &str = "target/run-report.json";

/// How long a program may run before `run` stops looking: for ever, as people understand it.
const UNTIL_CTRL_C: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// What `run` is told.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Send this many simulated travellers through the officer's pages, and write target/run-report.json.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    travellers: Option<u32>,
    /// Makes people and devices repeatable.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// End after the travellers, with the exit status of their outcomes; fresh data in target/demo-run.
    #[arg(long, requires = "travellers")]
    exit: bool,
    /// Sleep the time that people take, instead of only adding it up.
    #[arg(long, requires = "travellers")]
    realtime: bool,
    /// Port of the station; the others follow it.
    #[arg(long, default_value_t = PORT, value_parser = clap::value_parser!(u16).range(1024..=65_000))]
    port: u16,
    /// Another fingerprint scanner than that of config/station.toml: a file of config/scanners, without its ending.
    #[arg(long)]
    scanner: Option<String>,
}

/// Set-up, build, start, and stay until Ctrl-C or the end of the shift.
pub fn run(options: &Options) -> Result<(), Failure> {
    setup::run(setup::For::Programs)?;
    cargo(&["build", "--release"])?;
    let interrupt = Interrupt::listen()?;
    let place = Place::new(if options.exit { "target/demo-run" } else { "target/demo" }, options.port);
    let place = place.with_scanner(options.scanner.clone());
    if options.exit {
        place.forget()?;
    }
    let mut demo = Demo::start(place, options.seed, &interrupt)?;
    say_hello(demo.place());
    if let Some(travellers) = options.travellers {
        let line = demo.place().shift(travellers, options.seed, REPORT, options.realtime);
        let ended = shift(&mut demo, &line, REPORT, &interrupt);
        if options.exit {
            return ended;
        }
        if let Err(failure) = ended {
            eprintln!("{failure}");
        }
    }
    stay(&mut demo, &interrupt)
}

/// Runs the shift and checks its end. Its own words are shown as they come, and stand in its log.
pub fn shift(demo: &mut Demo, line: &[String], report: &str, interrupt: &Interrupt) -> Result<(), Failure> {
    println!("The travellers are coming ...");
    // A report of an earlier run must not pass for this one's.
    let _ = fs::remove_file(report);
    let log = demo.place().logs().join("shift.log");
    let _ = fs::remove_file(&log);
    let mut shift = Background::start("The shift", &program("gatepost-sim"), line, &log)?;
    let ended = wait_for(UNTIL_CTRL_C, interrupt, || {
        let ended = shift.ended();
        shift.show_news();
        match (ended, demo.fallen()) {
            (Some(status), _) => Some(Ok(status)),
            (None, Some(fallen)) => Some(Err(fallen)),
            (None, None) => None,
        }
    });
    let status: ExitStatus = match ended {
        Some(ended) => ended?,
        None => return Err(Failure::new("Stopped before all travellers were through.").with_code(Some(130))),
    };
    if status.success() {
        println!("Report: {report}");
        return Ok(());
    }
    let written = if Path::new(report).exists() { format!(" The report is {report}.") } else { String::new() };
    let logs = demo.place().logs().display().to_string();
    Err(Failure::new(format!("The shift ended with {status}.{written} Logs: {logs}")).with_code(status.code()))
}

fn say_hello(place: &Place) {
    let log_in = |who: &str| who.replace(':', ", PIN ");
    println!();
    println!("  Gatepost is running with simulated devices.");
    println!("  Station:              {}", place.address());
    println!("  Simulated traveller:  {}", place.traveller_page());
    println!("  Officer:              {}", log_in(OFFICER));
    println!("  Supervisor:           {}", log_in(SUPERVISOR));
    println!("  Administrator:        {}", log_in(ADMINISTRATOR));
    println!("  Auditor:              {}", log_in(AUDITOR));
    println!("  Passphrase of keys:   {}, as only a demonstration has it", place.credentials().display());
    println!("  Logs:                 {}", place.logs().display());
    println!();
}

fn stay(demo: &mut Demo, interrupt: &Interrupt) -> Result<(), Failure> {
    println!("Ctrl-C stops all of it.");
    match wait_for(UNTIL_CTRL_C, interrupt, || demo.fallen()) {
        Some(fallen) => Err(fallen),
        None => {
            println!("\nStopping ...");
            Ok(())
        }
    }
}
