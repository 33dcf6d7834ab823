//! A serving intake takes the next key of receipts without a restart: it looks at the file now and then, and at once when it
//! is told to (SIGHUP).

use crate::commands::CommandFault;
use crate::database::{Database, DatabaseFault};
use crate::receipts::{Receipts, Signing};
use link::Successions;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::ReceiptKeys;
use thiserror::Error;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

/// How often the file is looked at. The old key is good for the days of the overlap; half a minute is soon enough.
const LOOK: Duration = Duration::from_secs(30);

/// The key in the file does not sign receipts from now on; the present one goes on.
#[derive(Debug, Error)]
pub enum HandoverRefused {
    /// The data base.
    #[error("the data base cannot tell whether the present key has named the one in the file: {0}")]
    Database(#[from] DatabaseFault),
    /// The file.
    #[error(transparent)]
    File(#[from] CommandFault),
    /// The present key has said nothing of it: stations would refuse its receipts.
    #[error("the present key of receipts has not named {0} as its next; make it by `gatepost-intake next-receipt-key`")]
    NotNamed(String),
}

/// The file of the key, as it was seen last.
pub(crate) struct Watch {
    path: PathBuf,
    seen: Option<Mark>,
}

/// What a file that was replaced differs in: device, number, time of its content in nanoseconds.
type Mark = (u64, u64, i64, i64);

impl Watch {
    /// Remembers how the file looks now. The key is loaded after that, so that no change in between is missed.
    pub(crate) fn on(path: PathBuf) -> Self {
        Self { seen: mark(&path), path }
    }

    /// Looks for as long as the process lives.
    ///
    /// # Errors
    /// No signals.
    pub(crate) fn start(mut self, signing: Signing, database: Database) -> Result<(), CommandFault> {
        let fault = |error| CommandFault::Io { what: "wait for signals".into(), error };
        let mut told = signal(SignalKind::hangup()).map_err(fault)?;
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tokio::spawn(async move {
            loop {
                let asked = tokio::select! {
                    _ = told.recv() => true,
                    _ = looks.tick() => false,
                };
                let there = mark(&self.path);
                if !asked && there == self.seen {
                    continue;
                }
                match take_next(&self.path, &signing, &database).await {
                    Ok(true) => tracing::info!(key = signing.now().key.public().id(), "another key signs receipts now"),
                    Ok(false) => {}
                    // The same file is tried again: a data base or a credential may come back.
                    Err(fault) => {
                        tracing::error!(%fault, "the key of receipts stays the one that it was");
                        continue;
                    }
                }
                self.seen = there;
            }
        });
        Ok(())
    }
}

/// Loads the key of receipts again, and signs by it if it is another one that the present one has named, itself or over
/// others in between. Whether it did.
///
/// # Errors
/// [`HandoverRefused`]; the present key goes on.
pub async fn take_next(path: &Path, signing: &Signing, database: &Database) -> Result<bool, HandoverRefused> {
    let file = path.to_owned();
    // A sealed key costs a second of computing.
    let loaded = spawn_blocking(move || Receipts::load(&file)).await;
    let next =
        loaded.map_err(|error| CommandFault::Io { what: "load the key of receipts".into(), error: error.into() })??;
    let present = signing.now();
    let (known, new) = (present.key.public(), next.key.public());
    if known == new {
        return Ok(false);
    }
    let statements = database.receipts_after(known.id(), Successions::MOST).await?;
    // By this clock or another: how long the old key is taken is the stations' concern.
    let followed = ReceiptKeys::new(known.clone()).follow(&statements, 0).ok();
    if followed.is_none_or(|keys| keys.current != *new) {
        return Err(HandoverRefused::NotNamed(new.id().into()));
    }
    signing.replace(next);
    Ok(true)
}

fn mark(path: &Path) -> Option<Mark> {
    let found = fs::metadata(path).ok()?;
    Some((found.dev(), found.ino(), found.mtime(), found.mtime_nsec()))
}
