//! `gatepost init`: keys and people of a new station. What is there already is left as it is.

use crate::config::{Loaded, Mode};
use crate::passphrase::{self, PassphraseError};
use crate::people::{People, PeopleError, Role};
use crate::provision::connection_key;
use clap::Args;
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use store::{Cost, KeyFault};
use thiserror::Error;

/// Where a station keeps its own files.
#[derive(Clone, Debug)]
pub struct DataDir(pub PathBuf);

impl DataDir {
    /// The station's signing key.
    pub fn signing_key(&self) -> PathBuf {
        self.0.join("keys/station.key")
    }

    /// Its public half, for the intake.
    pub fn signing_key_public(&self) -> PathBuf {
        self.0.join("keys/station.pub")
    }

    /// Statements about keys that took over from others, for the intake.
    pub fn rotations(&self) -> PathBuf {
        self.0.join("keys/rotations")
    }

    /// What names the counter beside the store, where there is one.
    pub fn counter(&self) -> PathBuf {
        self.0.join("keys/counter.json")
    }

    /// The key of the station's connections.
    pub fn connection_key(&self) -> PathBuf {
        self.0.join("keys/connection.key")
    }

    /// What the intake has given: certificate, authority, keys that bodies are sealed to and receipts are signed by.
    pub fn provisioned(&self) -> PathBuf {
        self.0.join("keys/provisioned.json")
    }

    /// The key of the digests of documents seen.
    pub fn documents_seen(&self) -> PathBuf {
        self.0.join("keys/documents-seen.key")
    }

    /// The policy pack that worked last.
    pub fn accepted_rules(&self) -> PathBuf {
        self.0.join("rules.json")
    }

    /// Policy packs that administrators bring.
    pub fn packs(&self) -> PathBuf {
        self.0.join("packs")
    }

    /// Confirmations of announced entries.
    pub fn confirmations(&self) -> PathBuf {
        self.0.join("confirmations.json")
    }

    /// The people file.
    pub fn people(&self) -> PathBuf {
        self.0.join("people.toml")
    }

    /// Wrong tries to log in.
    pub fn wrong_tries(&self) -> PathBuf {
        self.0.join("wrong-tries.json")
    }

    /// Figures of the shifts.
    pub fn figures(&self) -> PathBuf {
        self.0.join("figures.json")
    }

    /// The displays for travellers.
    pub fn displays(&self) -> PathBuf {
        self.0.join("displays.toml")
    }

    /// The store.
    pub fn store(&self) -> PathBuf {
        self.0.join("store")
    }

    /// Logs.
    pub fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }
}

/// Arguments of `gatepost init`.
#[derive(Args, Debug)]
pub struct InitArgs {
    /// The station's configuration.
    #[arg(long)]
    pub config: PathBuf,
    /// The station's own files go here.
    #[arg(long)]
    pub data: PathBuf,
    /// Somebody who may log in, as ROLE:NAME:PIN with one of the roles officer, supervisor, administrator and auditor; repeat for more
    /// people. Without any, `gatepost people add` makes the first administrator at a terminal, where nobody sees the PIN.
    #[arg(long = "person")]
    pub people: Vec<String>,
}

/// The station cannot be set up.
#[derive(Debug, Error)]
pub enum SetupError {
    /// A file cannot be written.
    #[error("{0} cannot be written: {1}")]
    Io(String, io::Error),
    /// A key cannot be made.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// There is no passphrase to seal the key with.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// The people file cannot be made.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// An argument is wrong.
    #[error(
        "\"{0}\" is not a person. Write ROLE:NAME:PIN, the role being officer, supervisor, administrator or auditor, the \
         PIN 4 digits or more"
    )]
    Person(String),
    /// Two people have one name.
    #[error("two people are named \"{0}\". Give each person a name of their own, and one role")]
    TwoOfAName(String),
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigFaults),
}

/// Makes keys and the people file. What comes from the intake is fetched by `gatepost provision`.
pub fn init(args: &InitArgs) -> Result<(), SetupError> {
    let loaded = Loaded::read(&args.config)?;
    let data = DataDir(args.data.clone());
    for folder in [data.0.join("keys"), data.store(), data.logs()] {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(|e| SetupError::Io(folder.display().to_string(), e))?;
    }
    if !data.signing_key().exists() {
        let place = loaded.config.keys.place()?;
        let passphrase = passphrase::new()?;
        let key = place.create(&data.signing_key(), &passphrase, Cost::USUAL)?;
        connection_key(&data, &place, &passphrase)?;
        key.public().write(&data.signing_key_public())?;
        println!("made the signing key of station {}: {}", loaded.config.station.id, key.public().id());
    }
    if !data.documents_seen().exists() {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|e| PeopleError::Hash(e.to_string()))?;
        write_private(&data.documents_seen(), &key)
            .map_err(|e| SetupError::Io("the key of documents seen".into(), e))?;
    }
    if !data.people().exists() {
        let mut people = People::default();
        let mut names = BTreeSet::new();
        for person in &args.people {
            let (role, id, pin) = read_person(person).ok_or_else(|| SetupError::Person(person.clone()))?;
            if !names.insert(id) {
                return Err(SetupError::TwoOfAName(id.into()));
            }
            // The PINs of the demonstration are printed: anybody may know them. Others are known to whoever typed the command.
            match loaded.config.people.mode {
                Mode::Demonstration => people.add(id, role, pin)?,
                Mode::Production => people.add_for(id, role, pin)?,
            }
        }
        people.save(&data.people())?;
        println!("made the people file with {} people", args.people.len());
    }
    Ok(())
}

fn read_person(text: &str) -> Option<(Role, &str, &str)> {
    let mut parts = text.splitn(3, ':');
    let role = Role::parse(parts.next()?)?;
    let (id, pin) = (parts.next()?, parts.next()?);
    let fits = !id.is_empty() && pin.len() >= 4 && pin.bytes().all(|b| b.is_ascii_digit());
    fits.then_some((role, id, pin))
}

/// Writes a file that only its owner may read.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_read_from_the_command_line() {
        for (text, fits) in [
            ("officer:anna:2468", true),
            ("supervisor:boris:13579", true),
            ("administrator:vera:97531", true),
            ("auditor:dina:8642", true),
            ("officer:anna:246", false),
            ("officer:anna:abcd", false),
            ("cook:anna:2468", false),
            ("officer::2468", false),
            ("officer", false),
        ] {
            assert_eq!(read_person(text).is_some(), fits, "{text}");
        }
    }
}
