//! Confirmations of announced entries, kept across restarts. Each names the line of the audit trail that says the same by
//! its digest: what the trail does not have was put into the file by somebody else, and counts for nothing.

use super::{Line, PolicyRefusal};
use crate::config::Given;
use crate::setup::write_private;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::PathBuf;
use store::{Action, Event, Reason};

/// Confirmations that are kept: many times what a country announces in ten years.
const MOST: usize = 500;
/// Bytes of the file that are read.
const MAX_BYTES: u64 = 1 << 20;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    given: Given,
    /// Number of the line of the audit trail.
    line: u64,
}

/// The file.
pub struct Confirmations {
    file: PathBuf,
    kept: Vec<Kept>,
}

impl Confirmations {
    /// Reads the file, and leaves out what the audit trail does not bear out.
    pub fn open(file: PathBuf, read: &Line) -> Self {
        let text = fs::metadata(&file).ok().filter(|meta| meta.len() <= MAX_BYTES).and_then(|_| fs::read(&file).ok());
        let all: Vec<Kept> = text.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        let (kept, refused): (Vec<Kept>, Vec<Kept>) = all.into_iter().partition(|kept| kept.is_borne_out(read));
        if !refused.is_empty() {
            tracing::error!(
                count = refused.len(),
                "confirmations that the audit trail does not have count for nothing"
            );
        }
        Self { file, kept }
    }

    /// What was said, oldest first.
    pub fn given(&self) -> Vec<Given> {
        self.kept.iter().map(|kept| kept.given.clone()).collect()
    }

    /// Keeps what the audit trail has in this line. It is on the disk when this returns.
    ///
    /// # Errors
    /// When the file cannot be written, or has no room; what was there before stays.
    pub fn keep(&mut self, given: Given, line: u64) -> Result<(), PolicyRefusal> {
        if self.kept.len() >= MOST {
            return Err(PolicyRefusal::Kept(format!("{MOST} confirmations are kept already")));
        }
        let mut kept = self.kept.clone();
        kept.push(Kept { given, line });
        let written = serde_json::to_vec_pretty(&kept).map_err(std::io::Error::from).and_then(|text| {
            let new = self.file.with_extension("new");
            write_private(&new, &text)?;
            fs::rename(&new, &self.file)?;
            fs::File::open(self.file.parent().unwrap_or(&self.file))?.sync_all()
        });
        written.map_err(|error| PolicyRefusal::Kept(error.to_string()))?;
        self.kept = kept;
        Ok(())
    }
}

impl Kept {
    fn is_borne_out(&self, read: &Line) -> bool {
        let says = |event: Event| {
            event.who.0 == self.given.who
                && event.what == action(&self.given)
                && event.reason == Some(reason(&self.given))
        };
        read(self.line).is_some_and(says)
    }
}

/// What the audit trail calls it.
pub fn action(given: &Given) -> Action {
    if given.withdrawn { Action::ConfirmationWithdrawn } else { Action::EntryConfirmed }
}

/// The entry, with the digest of what was said.
pub fn reason(given: &Given) -> Reason {
    Reason::Digested(given.entry.clone(), given.digest())
}
