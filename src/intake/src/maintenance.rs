//! The commands that look after what is kept: erase it, follow its chains, seal and change the key that signs for it.

use crate::chains::{Chains, follow};
use crate::clock::Clock;
use crate::commands::{CommandFault, config_of, io_fault};
use crate::database::Database;
use crate::receipts::{Receipts, remember};
use crate::{key_files, retention};
use domain::case::RecordId;
use std::fs;
use std::path::{Path, PathBuf};
use store::{ErasedBecause, Succession};

/// Erases the body of a record, wherever it is kept here, and leaves stubs and signed tombstones: how many.
pub async fn erase(data: &Path, name: &str, reason: &str, clock: &Clock) -> Result<usize, CommandFault> {
    let missing = || CommandFault::NoRecord(name.into());
    let record = RecordId::parse(name).ok_or_else(missing)?;
    let reason = ErasedBecause::from_id(reason).ok_or_else(|| CommandFault::BadReason(reason.into()))?;
    let config = config_of(data)?;
    let key = key_files::load(&data.join(&config.receipt_key))?;
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
    let receipts = Receipts::load(&data.join(&config.receipt_key))?;
    let database = Database::open(&config.place(data)?).await?;
    let chains = follow(&database, &receipts.keys().collect::<Vec<_>>()).await?;
    database.close().await;
    Ok(chains)
}

/// Seals in their places, by the passphrase of the systemd credential, those private keys that lie here plain: of receipts,
/// of the authority of certificates, of the intake's own certificate. Returns what was sealed. The key that opens bodies is
/// no business of an intake that serves; it belongs on another machine.
///
/// # Errors
/// A key that cannot be read or written; those before it are sealed.
pub fn seal_keys(data: &Path) -> Result<Vec<PathBuf>, CommandFault> {
    let keys = [data.join(config_of(data)?.receipt_key), data.join("tls/ca.key"), data.join("tls/server.key")];
    let mut sealed = Vec::new();
    for path in keys.into_iter().filter(|path| path.exists()) {
        if key_files::is_plain(&path)? {
            key_files::seal(&path)?;
            sealed.push(path);
        }
    }
    Ok(sealed)
}

/// Lets the key of receipts hand over to a new one, which is sealed if the old one is: identifiers of both. The old private
/// key is gone afterwards; receipts by it are taken by stations for so many days more, until every copy of the intake has
/// the new one. It can be done again where it was cut short.
pub async fn next_receipt_key(data: &Path, overlap_days: u8, clock: &Clock) -> Result<(String, String), CommandFault> {
    let config = config_of(data)?;
    let path = data.join(&config.receipt_key);
    let old = key_files::load(&path)?;
    let next_path = path.with_extension("next.key");
    let next =
        if next_path.exists() { key_files::load(&next_path)? } else { key_files::create_like(&next_path, &path)? };
    let (now_ms, overlap_ms) = (clock(), i64::from(overlap_days) * 24 * 3600 * 1000);
    let (old_id, new) = (old.public().id().to_owned(), next.public().clone());
    let stated = Succession {
        old: old_id.clone(),
        new: new.clone(),
        time_ms: now_ms,
        overlap_until_ms: now_ms.saturating_add(overlap_ms),
    };
    let statement = stated.sign(&old)?;
    remember(&path, old.public())?;
    let database = Database::open(&config.place(data)?).await?;
    let named = database.receipts_handed_over((&old_id, new.id()), &statement, now_ms).await?;
    database.close().await;
    if !named {
        return Err(CommandFault::OtherSuccessor(next_path));
    }
    let folder = path.parent().unwrap_or(data);
    let renamed = fs::rename(&next_path, &path).and_then(|()| fs::File::open(folder)?.sync_all());
    renamed.map_err(|error| io_fault("replace", &path, error))?;
    let public = data.join("receipt.pub");
    // It may never have been here; writing it tells of every other reason.
    let _ = fs::remove_file(&public);
    new.write(&public)?;
    Ok((old_id, new.id().into()))
}

/// Erases every body whose time is over: how many.
pub async fn retain(data: &Path, clock: &Clock) -> Result<u64, CommandFault> {
    let config = config_of(data)?;
    let retention = config.retention.ok_or(CommandFault::NoRetention)?;
    let key = key_files::load(&data.join(&config.receipt_key))?;
    let database = Database::open(&config.place(data)?).await?;
    let erased = retention::retain(&database, &key, &retention, clock()).await?;
    database.close().await;
    Ok(erased)
}
