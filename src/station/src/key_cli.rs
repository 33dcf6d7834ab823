//! `gatepost key`: looks after the station's signing key.

use crate::clock::Clock;
use crate::config::Loaded;
use crate::passphrase::{self, PassphraseError};
use crate::setup::{DataDir, write_private};
use clap::{Args, Subcommand};
use domain::case::StationId;
use domain::units::StaffId;
use std::io;
use std::path::{Path, PathBuf};
use store::{
    Action, Cost, Event, FileKey, KeyFault, KeyPlace, Outbox, Passphrase, Reason, Rotation, SignFault, StoreFault,
    VerifyKey,
};
use thiserror::Error;

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 3600 * 1000;

/// What can be done with the key.
#[derive(Subcommand, Debug)]
pub enum KeyCommand {
    /// Makes the next signing key. The old one certifies it, and the intake takes records by both for some time. The
    /// station must not be running.
    Rotate(RotateArgs),
    /// Seals a signing key that still lies open on the disk, as earlier versions left it.
    Seal(KeyArgs),
    /// Shows the identifier of the signing key.
    Show(KeyArgs),
}

/// Where the key is.
#[derive(Args, Debug)]
pub struct KeyArgs {
    /// The station's own files.
    #[arg(long)]
    pub data: PathBuf,
}

/// How the next key takes over.
#[derive(Args, Debug)]
pub struct RotateArgs {
    /// The station's configuration.
    #[arg(long)]
    pub config: PathBuf,
    /// The station's own files.
    #[arg(long)]
    pub data: PathBuf,
    /// Days for which the intake takes records by the old key as well: as long as the queue may need to arrive.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(i64).range(1..=90))]
    pub overlap_days: i64,
}

/// The key cannot be looked after.
#[derive(Debug, Error)]
pub enum KeyCliError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigFaults),
    /// A file.
    #[error("{0}: {1}")]
    Io(String, io::Error),
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// The passphrase.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// The statement could not be signed.
    #[error(transparent)]
    Sign(#[from] SignFault),
    /// The store.
    #[error("{0} ({code}). {remedy}", remedy = .0.administrator(), code = .0.code())]
    Store(#[from] StoreFault),
}

/// Carries out a command and says what was done.
pub fn run(command: &KeyCommand) -> Result<(), KeyCliError> {
    match command {
        KeyCommand::Rotate(args) => {
            let loaded = Loaded::read(&args.config)?;
            let station = StationId(loaded.config.station.id.clone());
            let clock = Clock::new(loaded.zone.clone(), loaded.config.clock.trust);
            let passphrase = passphrase::existing()?;
            let data = DataDir(args.data.clone());
            let keys = (&loaded.config.keys.place()?, &passphrase);
            let new = rotate(&data, &station, keys, (clock.utc_ms(), args.overlap_days))?;
            println!("the next key is {}; the intake hears of it when the station runs again", new.id());
        }
        KeyCommand::Seal(args) => {
            let path = DataDir(args.data.clone()).signing_key();
            let key = FileKey::seal_in_place(&path, &passphrase::new()?, Cost::USUAL)?;
            println!(
                "sealed key {}. The disk may still hold the plain key in blocks that nobody has written over: if it was \
                 ever out of your hands, rotate the key",
                key.public().id()
            );
        }
        KeyCommand::Show(args) => {
            println!("{}", VerifyKey::load(&DataDir(args.data.clone()).signing_key_public())?.id());
        }
    }
    Ok(())
}

/// Makes the next key. Whatever moment the power goes at, there is one whole key, and if it is the new one, the
/// statement about it is on the disk too. A rotation that was cut short is finished by the next one: its statement may
/// have been seen, and no key has two successors. The next key is made where the configuration says, so a key in a TPM
/// takes over from one in a file.
pub fn rotate(
    data: &DataDir,
    station: &StationId,
    (place, passphrase): (&KeyPlace, &Passphrase),
    (now_ms, overlap_days): (i64, i64),
) -> Result<VerifyKey, KeyCliError> {
    // Held until the end: a station that runs would go on signing with the old key.
    let (mut outbox, _) = Outbox::open(&data.store(), station)?;
    let old = place.open(&data.signing_key(), passphrase)?;
    let next_path = with_ending(&data.signing_key(), "rotated");
    let io = |path: &Path| {
        let name = path.display().to_string();
        move |error| KeyCliError::Io(name, error)
    };
    let begun = place.open(&next_path, passphrase).ok().filter(|key| is_stated(data, key.public()));
    let next = match begun {
        Some(next) => next,
        None => {
            let _ = std::fs::remove_file(&next_path);
            place.create(&next_path, passphrase, Cost::USUAL)?
        }
    };
    let new = next.public().clone();
    if !is_stated(data, &new) {
        let statement = Rotation {
            station: station.clone(),
            old: old.public().id().into(),
            new: new.clone(),
            time_ms: now_ms,
            overlap_until_ms: now_ms.saturating_add(overlap_days * DAY_MS),
        };
        let statement = statement.sign(&*old)?;
        let folder = data.rotations();
        std::fs::create_dir_all(&folder).map_err(io(&folder))?;
        let path = folder.join(format!("{now_ms:015}-{}.cose", new.id()));
        write_private(&path, &statement).and_then(|()| sync(&folder)).map_err(io(&path))?;
    }
    let public = with_ending(&data.signing_key_public(), new.id());
    new.write(&public)?;
    let keys = data.signing_key();
    std::fs::rename(&next_path, &keys).map_err(io(&keys))?;
    std::fs::rename(&public, data.signing_key_public()).map_err(io(&public))?;
    keys.parent().map_or(Ok(()), sync).map_err(io(&keys))?;
    outbox.note(&Event {
        at_ms: now_ms,
        who: StaffId("administrator".into()),
        what: Action::KeyRotated,
        case: None,
        reason: Some(Reason::Key(new.id().into())),
    })?;
    Ok(new)
}

/// Whether there is a statement about a key.
fn is_stated(data: &DataDir, key: &VerifyKey) -> bool {
    let ending = format!("-{}.cose", key.id());
    stated(data).iter().any(|path| path.to_string_lossy().ends_with(&ending))
}

/// The files of the statements, oldest first.
fn stated(data: &DataDir) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(data.rotations()).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files
}

/// The statements about this station's keys, oldest first, for the intake.
pub fn statements(data: &DataDir) -> Vec<Vec<u8>> {
    stated(data).iter().filter_map(|path| std::fs::read(path).ok()).collect()
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(".");
    path.push(ending);
    path.into()
}

fn sync(folder: &Path) -> io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    #[test]
    fn the_old_key_certifies_the_next_and_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir(dir.path().into());
        std::fs::create_dir_all(dir.path().join("keys")).unwrap();
        let station = StationId("S1".into());
        let passphrase = Passphrase::new(Zeroizing::new("a passphrase of a test".into())).unwrap();
        let first = FileKey::create_sealed(&data.signing_key(), &passphrase, Cost::LEAST).unwrap();
        first.public().write(&data.signing_key_public()).unwrap();
        assert!(statements(&data).is_empty());
        let mut before = first.public().clone();
        for day in 1..=2 {
            let now = day * DAY_MS;
            let new = rotate(&data, &station, (&KeyPlace::file(), &passphrase), (now, 30)).unwrap();
            assert_eq!(VerifyKey::load(&data.signing_key_public()).unwrap(), new);
            assert_eq!(FileKey::open_sealed(&data.signing_key(), &passphrase).unwrap().public(), &new);
            let said = statements(&data);
            assert_eq!(said.len(), usize::try_from(day).unwrap());
            let rotation = Rotation::verify(&before, said.last().unwrap()).unwrap();
            assert_eq!((&rotation.new, rotation.overlap_until_ms), (&new, now + 30 * DAY_MS));
            before = new;
        }
        let (held, _) = Outbox::open(&data.store(), &station).unwrap();
        let refused = rotate(&data, &station, (&KeyPlace::file(), &passphrase), (3 * DAY_MS, 30));
        assert!(matches!(refused, Err(KeyCliError::Store(StoreFault::Locked))), "the station is running");
        drop(held);
    }

    #[test]
    fn a_rotation_that_was_cut_short_is_finished_with_its_own_key() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir(dir.path().into());
        std::fs::create_dir_all(dir.path().join("keys")).unwrap();
        let station = StationId("S1".into());
        let passphrase = Passphrase::new(Zeroizing::new("a passphrase of a test".into())).unwrap();
        let first = FileKey::create_sealed(&data.signing_key(), &passphrase, Cost::LEAST).unwrap();
        let kept = with_ending(&data.signing_key(), "kept");
        std::fs::copy(data.signing_key(), &kept).unwrap();
        let new = rotate(&data, &station, (&KeyPlace::file(), &passphrase), (DAY_MS, 30)).unwrap();
        // The power went after the statement and before the new key took the old one's place.
        std::fs::rename(data.signing_key(), with_ending(&data.signing_key(), "rotated")).unwrap();
        std::fs::rename(kept, data.signing_key()).unwrap();
        assert_eq!(FileKey::open_sealed(&data.signing_key(), &passphrase).unwrap().public(), first.public());
        assert_eq!(rotate(&data, &station, (&KeyPlace::file(), &passphrase), (2 * DAY_MS, 30)).unwrap(), new);
        assert_eq!(statements(&data).len(), 1, "one successor");
        assert_eq!(FileKey::open_sealed(&data.signing_key(), &passphrase).unwrap().public(), &new);
    }
}
