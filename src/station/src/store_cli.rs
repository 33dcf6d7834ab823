//! `gatepost store`: looks after the store of sealed records.

use crate::setup::DataDir;
use crate::store_measure::{self, MeasureArgs, MeasureError};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use thiserror::Error;

/// What can be done with the store. The station must not be running.
#[derive(Subcommand, Debug)]
pub enum StoreCommand {
    /// Measures the disk of a folder: how long keeping a record takes, and opening a store in which many wait. Touches
    /// no store of a station.
    Measure(MeasureArgs),
    /// Throws the index away and makes it anew from the journal.
    RebuildIndex(StoreArgs),
    /// Reads the journal and every record file, and compares digests.
    Verify(StoreArgs),
}

/// Where the store is.
#[derive(Args, Debug)]
pub struct StoreArgs {
    /// The station's own files.
    #[arg(long)]
    pub data: PathBuf,
}

/// The store cannot be looked after.
#[derive(Debug, Error)]
pub enum StoreCliError {
    /// Nothing was measured.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// The result cannot be written down.
    #[error("the result cannot be printed: {0}")]
    Print(#[from] serde_json::Error),
    /// The store.
    #[error("{officer} ({code}): {0}", officer = .0.officer(), code = .0.code())]
    Store(#[from] store::StoreFault),
}

/// Carries out a command and prints what was found as JSON.
pub fn run(command: &StoreCommand) -> Result<(), StoreCliError> {
    let folder = |args: &StoreArgs| DataDir(args.data.clone()).store();
    match command {
        StoreCommand::Measure(args) => store_measure::run(args)?,
        StoreCommand::Verify(args) => {
            println!("{}", serde_json::to_string_pretty(&store::verify(&folder(args))?)?);
        }
        StoreCommand::RebuildIndex(args) => {
            let found = store::verify(&folder(args))?;
            let report = store::rebuild_index(&folder(args), &domain::case::StationId(found.station))?;
            println!("the index was made anew: {:?}; {} records in quarantine", report.index, report.quarantined.len());
        }
    }
    Ok(())
}
