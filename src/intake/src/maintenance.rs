//! The commands that look after what is kept: erase it, follow its chains, seal the key that signs for it.

use crate::chains::{Chains, follow};
use crate::clock::Clock;
use crate::commands::{CommandFault, config_of};
use crate::database::Database;
use crate::{receipt_key, retention};
use domain::case::RecordId;
use std::path::Path;
use store::ErasedBecause;

/// Erases the body of a record, wherever it is kept here, and leaves stubs and signed tombstones: how many.
pub async fn erase(data: &Path, name: &str, reason: &str, clock: &Clock) -> Result<usize, CommandFault> {
    let missing = || CommandFault::NoRecord(name.into());
    let record = RecordId::parse(name).ok_or_else(missing)?;
    let reason = ErasedBecause::from_id(reason).ok_or_else(|| CommandFault::BadReason(reason.into()))?;
    let config = config_of(data)?;
    let key = receipt_key::load(&data.join(&config.receipt_key))?;
    let database = Database::open(&config.place(data)?).await?;
    let held = database.held(&record.to_string()).await?;
    for envelope in &held {
        retention::erase(&database, &key, envelope, reason, clock()).await?;
    }
    database.settle().await?;
    database.close().await;
    if held.is_empty() { Err(missing()) } else { Ok(held.len()) }
}

/// Follows every station's chain through the data base.
pub async fn verify(data: &Path) -> Result<Chains, CommandFault> {
    let config = config_of(data)?;
    let key = receipt_key::load(&data.join(&config.receipt_key))?;
    let database = Database::open(&config.place(data)?).await?;
    let chains = follow(&database, key.public()).await?;
    database.close().await;
    Ok(chains)
}

/// Seals the plain key of receipts in its place, by the passphrase of the systemd credential. Returns the key's identifier.
pub fn seal_key(data: &Path) -> Result<String, CommandFault> {
    let key = receipt_key::seal(&data.join(config_of(data)?.receipt_key))?;
    Ok(key.public().id().into())
}

/// Erases every body whose time is over: how many.
pub async fn retain(data: &Path, clock: &Clock) -> Result<u64, CommandFault> {
    let config = config_of(data)?;
    let retention = config.retention.ok_or(CommandFault::NoRetention)?;
    let key = receipt_key::load(&data.join(&config.receipt_key))?;
    let database = Database::open(&config.place(data)?).await?;
    let erased = retention::retain(&database, &key, &retention, clock()).await?;
    database.close().await;
    Ok(erased)
}
