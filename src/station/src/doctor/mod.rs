//! `gatepost doctor`: looks a station over, changes nothing, and tells for each finding what to do now.
//!
//! A check is one file in this folder and one line in [`CHECKS`].

mod at_work;
mod clock;
mod configuration;
mod devices;
mod disk;
mod intake;
mod keys;
mod machine;
mod models;
mod report;
mod worn;

pub use at_work::{AtWork, Teller};
pub use report::{Finding, Verdict};

use crate::clock::Clock;
use crate::config::{ClockTrust, ConfigFaults, Loaded};
use crate::driver_place::DriverArgs;
use crate::setup::DataDir;
use clap::Args;
use drivers::host::DriverPlace;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;

/// Every check, in the order of the report: what all else rests on comes first.
const CHECKS: &[fn(&Patient) -> Vec<Finding>] = &[
    configuration::check,
    clock::check,
    machine::check,
    disk::check,
    keys::check,
    models::check,
    devices::check,
    worn::check,
    intake::check,
];

/// How long an answer of this machine's own port may take.
const LOOPBACK: Duration = Duration::from_millis(500);

/// Arguments of `gatepost doctor`.
#[derive(Args, Debug)]
pub struct DoctorArgs {
    /// The station's configuration.
    #[arg(long)]
    pub config: PathBuf,
    /// The station's own files.
    #[arg(long)]
    pub data: PathBuf,
    /// Where the drivers are.
    #[command(flatten)]
    pub drivers: DriverArgs,
    /// One JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// Something has to be mended; the findings were printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{0} of the findings must be mended before travellers are enrolled here")]
pub struct NotWell(usize);

/// What is looked over.
pub struct Patient<'a> {
    /// The configuration, or why it cannot be used.
    pub loaded: Result<&'a Loaded, &'a ConfigFaults>,
    /// The station's own files.
    pub data: &'a DataDir,
    /// What time it is: UTC, milliseconds since 1970.
    pub now_ms: i64,
    /// Where the drivers are.
    pub drivers: &'a DriverPlace,
    /// Where `proc`, `sys` and `etc` are: `/`, or a made one.
    pub root: &'a Path,
    /// Somebody answers at the address of the pages: the station is at work, and has its devices and its store open.
    pub at_work: bool,
}

/// Looks the station over and prints what was found.
///
/// # Errors
/// [`NotWell`] when anything must be mended.
pub fn run(args: &DoctorArgs) -> Result<(), NotWell> {
    let loaded = Loaded::read(&args.config);
    let at_work =
        loaded.as_ref().is_ok_and(|loaded| TcpStream::connect_timeout(&loaded.config.desk.listen, LOOPBACK).is_ok());
    let drivers = args.drivers.place();
    let patient = Patient {
        loaded: loaded.as_ref(),
        data: &DataDir(args.data.clone()),
        now_ms: Clock::new(jiff::tz::TimeZone::UTC, ClockTrust::Demonstration).utc_ms(),
        drivers: &drivers,
        root: Path::new("/"),
        at_work,
    };
    let findings: Vec<Finding> = CHECKS.iter().flat_map(|check| check(&patient)).collect();
    findings.iter().for_each(|finding| finding.print(args.json));
    match findings.iter().filter(|finding| finding.verdict == Verdict::Fault).count() {
        0 => Ok(()),
        faults => Err(NotWell(faults)),
    }
}
