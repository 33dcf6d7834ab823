//! Taking records and keys from a folder on a medium: the same checks as over a connection, and the same receipts.

use crate::accept::{Service, Way};
use crate::commands::CommandFault;
use crate::refusal::Refusal;
use link::Successions;
use serde::Serialize;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use store::format::MAX_ENVELOPE_BYTES;
use store::{RECEIPT_ENDING, RECORD_ENDING};

/// Ending of a statement about a key.
const STATEMENT_ENDING: &str = "cose";

/// What an import took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Records that had not been here before.
    pub new: u64,
    /// Records that were here already; their receipts are written again.
    pub again: u64,
    /// Keys that took over.
    pub keys: u64,
    /// Files that are not taken, with code and reason.
    pub refused: Vec<(String, String)>,
}

/// Takes everything that stations have put into a folder, and writes a receipt beside each record that is kept.
///
/// # Errors
/// A fault of the data base ends it, and one of the medium that keeps receipts from being written; what was taken stays
/// taken, and it can be done again. A file that cannot be read is reported, and its neighbours are taken.
pub async fn import(service: &Service, from: &Path) -> Result<Imported, CommandFault> {
    let io = |error: io::Error| CommandFault::Io { what: format!("read {}", from.display()), error };
    let mut files = Vec::new();
    for entry in fs::read_dir(from).map_err(io)? {
        files.push(entry.map_err(io)?.path());
    }
    // By name: a station's records are in the order of its chain, and keys come before the records that need them.
    files.sort();
    let mut imported = Imported::default();
    for path in with_ending(&files, STATEMENT_ENDING) {
        let Some(statement) = imported.read(path) else { continue };
        match service.rotate(&statement, Way::Medium).await {
            Ok(_) => imported.keys += 1,
            Err(refusal) => imported.refuse(path, refusal)?,
        }
    }
    for path in with_ending(&files, RECORD_ENDING) {
        let Some(envelope) = imported.read(path) else { continue };
        match service.accept(&envelope, Way::Medium).await {
            Ok(accepted) => {
                place(&path.with_extension(RECEIPT_ENDING), &accepted.receipt)?;
                *(if accepted.is_new { &mut imported.new } else { &mut imported.again }) += 1;
            }
            Err(refusal) => imported.refuse(path, refusal)?,
        }
    }
    // Stations that know an earlier key of receipts follow these to the one that has signed them.
    let keys = Successions::of(&service.database.receipts_all(Successions::MOST as i64).await?);
    if !keys.statements.is_empty() {
        let text = serde_json::to_vec(&keys).map_err(|error| io(error.into()))?;
        place(&from.join(Successions::FILE), &text)?;
    }
    Ok(imported)
}

impl Imported {
    /// Notes a file that is not taken. A data base that fails is no fault of the file.
    fn refuse(&mut self, path: &Path, refusal: Refusal) -> Result<(), CommandFault> {
        if let Refusal::Database(fault) = refusal {
            return Err(fault.into());
        }
        self.refused.push((name(path), format!("{}: {refusal}", refusal.code())));
        Ok(())
    }

    /// A file of the medium; one that cannot be read is noted.
    fn read(&mut self, path: &Path) -> Option<Vec<u8>> {
        // One byte more than an envelope may have shows that it has too many.
        let limit = MAX_ENVELOPE_BYTES as u64 + 1;
        let mut bytes = Vec::new();
        match File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)) {
            Ok(_) => Some(bytes),
            Err(error) => {
                self.refused.push((name(path), format!("it cannot be read: {error}")));
                None
            }
        }
    }
}

fn with_ending<'a>(files: &'a [PathBuf], ending: &'a str) -> impl Iterator<Item = &'a PathBuf> {
    files.iter().filter(move |path| path.extension().is_some_and(|found| found == ending))
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Writes a receipt so that it is whole under its name.
fn place(path: &Path, bytes: &[u8]) -> Result<(), CommandFault> {
    let temporary = path.with_extension("receipt.tmp");
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().map_err(|error| CommandFault::Io { what: format!("write {}", path.display()), error })
}
