//! The key that signs receipts: plain, for its owner alone, or sealed by a passphrase that systemd hands over.

use crate::commands::CommandFault;
use std::path::{Path, PathBuf};
use store::{Cost, FileKey, KeyFault, Passphrase};

/// Name of the credential: `LoadCredentialEncrypted=gatepost-intake-passphrase:FILE` in the unit.
const CREDENTIAL: &str = "gatepost-intake-passphrase";

/// Loads the key, sealed or not.
pub(crate) fn load(path: &Path) -> Result<FileKey, CommandFault> {
    load_with(path, credentials().as_deref())
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
        fs::write(&credential, "another passphrase").unwrap();
        assert!(matches!(load_with(&path, folder), Err(CommandFault::Key(KeyFault::WrongPassphrase(_)))));
    }
}
