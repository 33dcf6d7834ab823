//! Where the passphrase of the station's keys comes from: a systemd credential at an unattended boot, or the
//! administrator at a terminal. It is never an argument or a variable of the environment, which others can read.

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use store::{KeyFault, Passphrase};
use thiserror::Error;
use zeroize::Zeroizing;

/// Name of the credential: `LoadCredentialEncrypted=gatepost-passphrase:/etc/gatepost/passphrase.cred` in the unit.
pub const CREDENTIAL: &str = "gatepost-passphrase";

/// Longest line that is read.
const LONGEST: u64 = 2048;

/// There is no passphrase.
#[derive(Debug, Error)]
pub enum PassphraseError {
    /// The credential cannot be read.
    #[error("the credential {path} cannot be read: {1}", path = .0.display())]
    Credential(PathBuf, io::Error),
    /// Neither a credential nor a terminal.
    #[error(
        "there is no passphrase for the station's keys. Start the station under systemd with the credential \
         {CREDENTIAL}, or at a terminal and type it"
    )]
    Nowhere,
    /// Typed two different ones.
    #[error("the two passphrases differ; nothing was made")]
    Differ,
    /// Too short or too long.
    #[error(transparent)]
    Unfit(#[from] KeyFault),
}

/// The passphrase of keys that are there.
pub fn existing() -> Result<Passphrase, PassphraseError> {
    match from_credential(credentials().as_deref())? {
        Some(passphrase) => Ok(passphrase),
        None => Ok(Passphrase::new(asked("Passphrase of the station's keys: ")?)?),
    }
}

/// The passphrase for new keys: typed twice at a terminal.
pub fn new() -> Result<Passphrase, PassphraseError> {
    if let Some(passphrase) = from_credential(credentials().as_deref())? {
        return Ok(passphrase);
    }
    let first = asked("New passphrase for the station's keys, 12 characters or more: ")?;
    let again = asked("The same again: ")?;
    if first != again {
        return Err(PassphraseError::Differ);
    }
    Ok(Passphrase::new(first)?)
}

/// A secret of a person, typed twice at a terminal.
pub fn typed_twice(question: &str, again: &str) -> Result<Zeroizing<String>, PassphraseError> {
    let (first, second) = (asked(question)?, asked(again)?);
    if first != second {
        return Err(PassphraseError::Differ);
    }
    Ok(Zeroizing::new(first.trim().to_owned()))
}

/// The folder in which systemd shows this service its credentials, and nobody else.
fn credentials() -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from)
}

fn from_credential(folder: Option<&Path>) -> Result<Option<Passphrase>, PassphraseError> {
    let Some(folder) = folder else { return Ok(None) };
    match Passphrase::from_credential(folder, CREDENTIAL) {
        Err(KeyFault::Io(path, error)) => Err(PassphraseError::Credential(path, error)),
        read => Ok(read?),
    }
}

/// Asks at the terminal of this process, without showing what is typed.
fn asked(question: &str) -> Result<Zeroizing<String>, PassphraseError> {
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty");
    let mut terminal = terminal.map_err(|_| PassphraseError::Nowhere)?;
    let before = tcgetattr(&terminal).map_err(|_| PassphraseError::Nowhere)?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&terminal, OptionalActions::Flush, &silent).map_err(|_| PassphraseError::Nowhere)?;
    let typed = terminal.write_all(question.as_bytes()).and_then(|()| line(&terminal));
    // A terminal that stays silent would be worse than what went wrong before.
    let _ = tcsetattr(&terminal, OptionalActions::Now, &before);
    let _ = terminal.write_all(b"\n");
    typed.map_err(|_| PassphraseError::Nowhere)
}

fn line(terminal: &File) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(LONGEST as usize));
    BufReader::with_capacity(1, terminal.take(LONGEST)).read_line(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_one_line_of_a_file() {
        let dir = tempfile::tempdir().unwrap();
        assert!(from_credential(None).unwrap().is_none());
        assert!(from_credential(Some(dir.path())).unwrap().is_none(), "systemd has none for this service");
        let path = dir.path().join(CREDENTIAL);
        for (text, fits) in [("a long passphrase\n", true), ("short\n", false), ("", false)] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(from_credential(Some(dir.path())).is_ok(), fits, "{text:?}");
        }
        std::fs::write(&path, [0xff; 20]).unwrap();
        assert!(matches!(from_credential(Some(dir.path())), Err(PassphraseError::Credential(..))));
    }
}
