//! Private keys of the intake: plain, for their owner alone, or sealed by a passphrase that systemd hands over.

use crate::commands::CommandFault;
use std::path::{Path, PathBuf};
use store::{Cost, FileKey, KeyFault, Passphrase};

/// Name of the credential: `LoadCredentialEncrypted=gatepost-intake-passphrase:FILE` in the unit.
const CREDENTIAL: &str = "gatepost-intake-passphrase";

/// Loads the key, sealed or not.
pub(crate) fn load(path: &Path) -> Result<FileKey, CommandFault> {
    load_with(path, credentials().as_deref())
}

/// Whether a file has a plain key.
pub(crate) fn is_plain(path: &Path) -> Result<bool, CommandFault> {
    match FileKey::load(path) {
        Ok(_) => Ok(true),
        Err(KeyFault::NotAKey(..)) => Ok(false),
        Err(fault) => Err(fault.into()),
    }
}

/// A new key in a file, sealed if the one that it is for the sake of is.
pub(crate) fn create_like(path: &Path, other: &Path) -> Result<FileKey, CommandFault> {
    create_like_with(path, other, credentials().as_deref())
}

/// Seals the plain key of a file in its place, by the passphrase of the credential.
pub(crate) fn seal(path: &Path) -> Result<FileKey, CommandFault> {
    seal_with(path, credentials().as_deref())
}

/// The folder in which systemd shows this service its credentials, and nobody else.
fn credentials() -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from)
}

fn load_with(path: &Path, folder: Option<&Path>) -> Result<FileKey, CommandFault> {
    match FileKey::load(path) {
        Err(KeyFault::NotAKey(..)) => Ok(FileKey::open_sealed(path, &passphrase(folder)?)?),
        plain => Ok(plain?),
    }
}

fn create_like_with(path: &Path, other: &Path, folder: Option<&Path>) -> Result<FileKey, CommandFault> {
    match FileKey::load(other) {
        Err(KeyFault::NotAKey(..)) => Ok(FileKey::create_sealed(path, &passphrase(folder)?, Cost::USUAL)?),
        plain => plain.and_then(|_| FileKey::create(path)).map_err(Into::into),
    }
}

fn seal_with(path: &Path, folder: Option<&Path>) -> Result<FileKey, CommandFault> {
    Ok(FileKey::seal_in_place(path, &passphrase(folder)?, Cost::USUAL)?)
}

fn passphrase(folder: Option<&Path>) -> Result<Passphrase, CommandFault> {
    let read = folder.map(|folder| Passphrase::from_credential(folder, CREDENTIAL)).transpose()?.flatten();
    read.ok_or(CommandFault::NoPassphrase(CREDENTIAL))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_sealed_key_needs_the_credential_and_a_plain_one_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("receipt.key");
        let plain = FileKey::create(&path).unwrap();
        let folder = Some(dir.path());
        assert_eq!(load_with(&path, None).unwrap().public(), plain.public());
        assert!(matches!(seal_with(&path, folder), Err(CommandFault::NoPassphrase(_))), "there is none yet");
        let credential = dir.path().join(CREDENTIAL);
        fs::write(&credential, "short").unwrap();
        assert!(matches!(seal_with(&path, folder), Err(CommandFault::Key(KeyFault::Passphrase))));
        fs::write(&credential, "a long passphrase\n").unwrap();
        assert_eq!(load_with(&path, folder).unwrap().public(), plain.public(), "still plain");

        assert_eq!(seal_with(&path, folder).unwrap().public(), plain.public());
        assert!(!fs::read_to_string(&path).unwrap().contains("PRIVATE KEY"));
        assert_eq!(load_with(&path, folder).unwrap().public(), plain.public());
        assert!(matches!(load_with(&path, None), Err(CommandFault::NoPassphrase(_))));
        let next = dir.path().join("next.key");
        let made = create_like_with(&next, &path, folder).unwrap();
        assert_eq!(load_with(&next, folder).unwrap().public(), made.public());
        assert!(matches!(load_with(&next, None), Err(CommandFault::NoPassphrase(_))), "sealed like the other");
        fs::write(&credential, "another passphrase").unwrap();
        assert!(matches!(load_with(&path, folder), Err(CommandFault::Key(KeyFault::WrongPassphrase(_)))));
    }
}
