//! Copying sealed records to a folder on a medium, for an intake that no connection leads to.
//!
//! The copies are the envelopes themselves: whoever finds the medium reads what anybody on the way may read. Nothing
//! is erased here until receipts come back.

use super::{Outbox, StoreFault};
use crate::format::digest;
use crate::{Acknowledgement, ReadFault, ReceiptKeys, ReceiptRefused, hex};
use serde::Serialize;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Ending of an envelope's file on a medium.
pub const RECORD_ENDING: &str = "rec";

/// Ending of a receipt's file on a medium.
pub const RECEIPT_ENDING: &str = "receipt";

/// Records that are copied in one go; what is beyond waits for the next.
const MOST: usize = 1_000_000;

/// Larger than any receipt.
const LONGEST_RECEIPT: u64 = 16 << 10;

/// What an export copied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// The station.
    pub station: String,
    /// Records on the medium now, by sequence number, with the SHA-256 of each.
    pub records: Vec<ExportedRecord>,
    /// Records that are missing or damaged here; they are in quarantine.
    pub damaged: Vec<u64>,
}

/// One record on the medium.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExportedRecord {
    /// Its place in the station's chain.
    pub sequence: u64,
    /// Its file beside the list.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// What receipts from a medium did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Receipts {
    /// Records that have arrived, and whose bodies are gone here.
    pub acknowledged: Vec<u64>,
    /// Files that are no valid receipt for a record here, with the reason. Nothing was erased on their account.
    pub refused: Vec<(String, String)>,
}

impl Outbox {
    /// Copies every waiting record into a folder, with a list of them in `records.json`. Each copy is whole under its
    /// name or not there, and on the medium when this returns. What is there already is not copied again.
    ///
    /// # Errors
    /// A fault of the medium leaves the store as it is and can be tried again.
    pub fn export(&mut self, to: &Path) -> Result<Exported, StoreFault> {
        let mut exported = Exported { station: self.station().to_string(), ..Exported::default() };
        let medium = |error: io::Error| StoreFault::Medium(to.display().to_string(), error);
        fs::create_dir_all(to).map_err(medium)?;
        for queued in self.pending(MOST)? {
            let bytes = match self.read(queued.sequence) {
                Ok(bytes) => bytes,
                Err(ReadFault::Store(fault)) => return Err(fault),
                Err(_) => {
                    exported.damaged.push(queued.sequence);
                    continue;
                }
            };
            let file = format!("{}-{:010}.{RECORD_ENDING}", self.station(), queued.sequence);
            let there = fs::read(to.join(&file)).is_ok_and(|there| digest(&there) == queued.digest);
            if !there {
                place(to, &file, &bytes).map_err(medium)?;
            }
            let sha256 = hex(&queued.digest);
            exported.records.push(ExportedRecord { sequence: queued.sequence, file, sha256 });
        }
        let list = serde_json::to_vec_pretty(&exported).map_err(|error| medium(error.into()))?;
        place(to, "records.json", &list).map_err(medium)?;
        Ok(exported)
    }

    /// Takes the intake's receipts from a folder, as if they had come over the connection. `now_ms` is the time: UTC,
    /// milliseconds since 1970.
    pub fn acknowledge_from(&mut self, from: &Path, intake: &ReceiptKeys, now_ms: i64) -> Result<Receipts, StoreFault> {
        let medium = |error: io::Error| StoreFault::Medium(from.display().to_string(), error);
        let mut files = Vec::new();
        for entry in fs::read_dir(from).map_err(medium)? {
            let path = entry.map_err(medium)?.path();
            if path.extension().is_some_and(|ending| ending == RECEIPT_ENDING) {
                files.push(path);
            }
        }
        files.sort();
        let mut found = Receipts::default();
        for path in files {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let mut bytes = Vec::new();
            let read = File::open(&path)
                .and_then(|file| io::Read::read_to_end(&mut io::Read::take(file, LONGEST_RECEIPT), &mut bytes));
            read.map_err(medium)?;
            // By a key that is not taken it fails, and says so.
            let key = intake.named_in(&bytes, now_ms).unwrap_or(&intake.current);
            match self.acknowledge(&bytes, key) {
                Ok(Acknowledgement { sequence, .. }) => found.acknowledged.push(sequence),
                Err(ReceiptRefused::Store(_)) if self.poisoned().is_some() => {
                    return Err(StoreFault::Poisoned(self.poisoned().unwrap_or_default().into()));
                }
                Err(refused) => found.refused.push((name, refused.to_string())),
            }
        }
        Ok(found)
    }
}

/// Writes a file so that it is whole under its name, and on the medium.
fn place(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let temporary = folder.join(format!("{name}.tmp"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, folder.join(name))?;
    File::open(folder)?.sync_all()
}
