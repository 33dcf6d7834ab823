//! `gatepost store`: looks after the store of sealed records.

use crate::clock::Clock;
use crate::config::{ClockTrust, Loaded};
use crate::key_cli;
use crate::setup::DataDir;
use crate::store_measure::{self, MeasureArgs, MeasureError};
use crate::upload::{ConnectionError, keep, provisioned};
use clap::{Args, Subcommand};
use domain::case::StationId;
use domain::units::StaffId;
use link::Successions;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use store::{Action, Event, Finding, Outbox, Reason, ReceiptKeys};
use thiserror::Error;

/// Longest file of statements about keys that is read, in bytes.
const LONGEST_STATEMENTS: u64 = 64 << 10;

/// What can be done with the store. The station must not be running.
#[derive(Subcommand, Debug)]
pub enum StoreCommand {
    /// Goes on with a store that was found to be an older copy. The decision, with its reason, is a line of the audit
    /// trail. Whatever else there is of the store, here and at the intake, is kept.
    AcceptRestored(AcceptArgs),
    /// Takes the intake's receipts from a medium, and erases the bodies of what has arrived.
    Acknowledge(MediumArgs),
    /// Copies every waiting record to a folder on a medium, for `gatepost-intake import`. Nothing is erased.
    Export(ExportArgs),
    /// Measures the disk of a folder: how long keeping a record takes, and opening a store in which many wait. Touches
    /// no store of a station.
    Measure(MeasureArgs),
    /// Throws the index away and makes it anew from the journal.
    RebuildIndex(StoreArgs),
    /// Counts records, by what has become of them.
    Stats(StoreArgs),
    /// Reads the journal, the audit trail and every record file, and compares digests. Ends with a failure when anything
    /// has to be seen to, and says what.
    Verify(StoreArgs),
}

/// Where the store is.
#[derive(Args, Debug)]
pub struct StoreArgs {
    /// The station's own files.
    #[arg(long)]
    pub data: PathBuf,
}

/// Who goes on with an older copy says why.
#[derive(Args, Debug)]
pub struct AcceptArgs {
    /// The station's configuration.
    #[arg(long)]
    pub config: PathBuf,
    /// The station's own files.
    #[arg(long)]
    pub data: PathBuf,
    /// One word with dashes and nothing about a person: `disk-replaced`, `backup-restored`, `chip-replaced`.
    #[arg(long, value_parser = word)]
    pub reason: Reason,
}

/// The store, and where receipts are.
#[derive(Args, Debug)]
pub struct MediumArgs {
    /// The station's own files.
    #[arg(long)]
    pub data: PathBuf,
    /// The folder that `gatepost-intake import` has written receipts into.
    #[arg(long)]
    pub from: PathBuf,
}

/// The store, and where copies go.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// The station's configuration.
    #[arg(long)]
    pub config: PathBuf,
    /// The station's own files.
    #[arg(long)]
    pub data: PathBuf,
    /// A folder on the medium; it is made if it is not there.
    #[arg(long)]
    pub to: PathBuf,
}

/// The store cannot be looked after.
#[derive(Debug, Error)]
pub enum StoreCliError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigFaults),
    /// A file.
    #[error("{0}: {1}")]
    Io(String, io::Error),
    /// What the intake has given.
    #[error(transparent)]
    Provisioned(#[from] ConnectionError),
    /// Some records could not be copied, or some receipts are none.
    #[error("{0}")]
    NotAll(String),
    /// Nothing was measured.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// The store was read, and something about it has to be seen to.
    #[error("{count} of the findings must be seen to:{list}", count = .0.len(), list = listed(.0))]
    NotWhole(Vec<Finding>),
    /// The result cannot be written down.
    #[error("the result cannot be printed: {0}")]
    Print(#[from] serde_json::Error),
    /// The store.
    #[error("{0} ({code}). {remedy}", remedy = .0.administrator(), code = .0.code())]
    Store(#[from] store::StoreFault),
}

/// Carries out a command and prints what was found as JSON.
pub fn run(command: &StoreCommand) -> Result<(), StoreCliError> {
    let folder = |args: &StoreArgs| DataDir(args.data.clone()).store();
    match command {
        StoreCommand::Measure(args) => store_measure::run(args)?,
        StoreCommand::AcceptRestored(args) => accept_restored(args)?,
        StoreCommand::Acknowledge(args) => acknowledge(args)?,
        StoreCommand::Export(args) => export(args)?,
        StoreCommand::Stats(args) => {
            println!("{}", serde_json::to_string_pretty(&store::stats(&folder(args))?)?);
        }
        StoreCommand::Verify(args) => {
            let found = store::verify(&folder(args))?;
            println!("{}", serde_json::to_string_pretty(&found)?);
            if !found.findings.is_empty() {
                return Err(StoreCliError::NotWhole(found.findings));
            }
        }
        StoreCommand::RebuildIndex(args) => {
            let found = store::verify(&folder(args))?;
            let report = store::rebuild_index(&folder(args), &StationId(found.station))?;
            println!("the index was made anew: {:?}; {} records in quarantine", report.index, report.quarantined.len());
        }
    }
    Ok(())
}

/// Each finding on a line of its own, with what to do.
fn listed(findings: &[Finding]) -> String {
    findings.iter().map(|Finding { found, remedy }| format!("\n{found}. {remedy}")).collect()
}

fn word(text: &str) -> Result<Reason, String> {
    Reason::word(text).ok_or_else(|| "write one word of small letters, digits and dashes".into())
}

fn accept_restored(args: &AcceptArgs) -> Result<(), StoreCliError> {
    let loaded = Loaded::read(&args.config)?;
    let clock = Clock::new(loaded.zone.clone(), loaded.config.clock.trust);
    let station = StationId(loaded.config.station.id.clone());
    let (mut outbox, _) = Outbox::open(&DataDir(args.data.clone()).store(), &station)?;
    match outbox.accept_restored(args.reason.clone(), clock.utc_ms())? {
        Some(restored) => println!("the station goes on with this copy, although {restored}"),
        None => println!("nothing says that this store is an older copy; nothing was changed"),
    }
    Ok(())
}

/// Records and statements about keys, so that the medium alone is enough for an intake that knew an earlier key.
fn export(args: &ExportArgs) -> Result<(), StoreCliError> {
    let loaded = Loaded::read(&args.config)?;
    let clock = Clock::new(loaded.zone.clone(), loaded.config.clock.trust);
    let data = DataDir(args.data.clone());
    let (mut outbox, _) = Outbox::open(&data.store(), &StationId(loaded.config.station.id.clone()))?;
    let exported = outbox.export(&args.to)?;
    for (at, statement) in key_cli::statements(&data).iter().enumerate() {
        let path = args.to.join(format!("{}-key-{at:03}.cose", exported.station));
        std::fs::write(&path, statement).map_err(|e| StoreCliError::Io(path.display().to_string(), e))?;
    }
    let who = StaffId("administrator".into());
    outbox.note(&Event { at_ms: clock.utc_ms(), who, what: Action::Exported, case: None, reason: None })?;
    println!("{} records of station {} are on the medium", exported.records.len(), exported.station);
    if exported.damaged.is_empty() {
        return Ok(());
    }
    Err(StoreCliError::NotAll(format!("damaged, and in quarantine now: {:?}", exported.damaged)))
}

/// The keys of receipts after what the intake has put on the medium about them, if it has.
fn followed(known: &ReceiptKeys, file: &Path, now_ms: i64) -> Result<ReceiptKeys, StoreCliError> {
    let mut text = Vec::new();
    match File::open(file).and_then(|file| file.take(LONGEST_STATEMENTS).read_to_end(&mut text)) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(known.clone()),
        Err(error) => return Err(StoreCliError::Io(file.display().to_string(), error)),
    }
    let none = || StoreCliError::NotAll(format!("{}: it has no statements about keys", file.display()));
    let statements = Successions::read(&text).ok_or_else(none)?;
    known.follow(&statements, now_ms).map_err(|why| StoreCliError::NotAll(format!("{}: {why}", file.display())))
}

fn acknowledge(args: &MediumArgs) -> Result<(), StoreCliError> {
    let data = DataDir(args.data.clone());
    let station = StationId(store::verify(&data.store())?.station);
    let given = provisioned(&data)?;
    let unfit = || ConnectionError::Unfit(data.provisioned(), "the key that receipts are signed by is none".into());
    let known = given.receipt_keys().ok_or_else(unfit)?;
    let (mut outbox, _) = Outbox::open(&data.store(), &station)?;
    let now_ms = Clock::new(jiff::tz::TimeZone::UTC, ClockTrust::Demonstration).utc_ms();
    let keys = followed(&known, &args.from.join(Successions::FILE), now_ms)?;
    if keys.current != known.current {
        keep(&data, &given.with_receipt_keys(&keys))?;
    }
    let found = outbox.acknowledge_from(&args.from, &keys, now_ms)?;
    println!("{} records have arrived; {} wait", found.acknowledged.len(), outbox.stats().pending);
    if found.refused.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = found.refused.iter().map(|(file, why)| format!("{file}: {why}")).collect();
    Err(StoreCliError::NotAll(format!("not taken:\n{}", lines.join("\n"))))
}
