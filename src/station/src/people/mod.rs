//! Who may log in: each person has one role, a PIN kept as an argon2id hash, and in production a security key.

mod key;
pub mod pin;
mod register;
mod shared;
mod tries;

pub use key::{Asking, KeyError, Registering, SecurityKeys};
pub use register::{Register, hand_over};
pub use shared::SharedFile;
pub use tries::{FREE, MOST, Standing, Tries};

use domain::policy::is_identifier;
use domain::units::StaffId;
use pin::Kept;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::{fs, io};
use store::Action;
use thiserror::Error;

/// People of one file, those who left among them.
pub const MOST_PEOPLE: usize = 500;

/// Changes that may wait for the station to note them in its audit trail.
const MOST_CHANGES: usize = 1000;

/// Security keys of one person.
pub const MOST_KEYS: usize = 4;

/// Milliseconds for which a code to register a security key can be used: a walk from one desk to the other.
const CONSENT_MS: i64 = 15 * 60 * 1000;

/// What a person may do. A person has one role: who looks after people takes no travellers, who decides on a capture did
/// not make it, and who reads the audit trail changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Looks after people: adds and retires them, gives PINs and security keys, lifts locks.
    Administrator,
    /// Reads the audit trail.
    Auditor,
    /// Enrols travellers.
    Officer,
    /// Decides on rejected captures and attested exemptions.
    Supervisor,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Officer, Self::Supervisor, Self::Administrator, Self::Auditor];

    /// The word in the people file, in the audit trail and on the command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Auditor => "auditor",
            Self::Officer => "officer",
            Self::Supervisor => "supervisor",
        }
    }

    /// The role of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.id() == word)
    }
}

/// One person of the people file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The name at log-in.
    pub id: StaffId,
    /// What the person may do.
    pub role: Role,
    /// The person left. The name stays taken: the audit trail holds it.
    #[serde(default)]
    pub retired: bool,
    /// Grows when PIN, keys or the person's standing change, which ends the log-ins from before.
    #[serde(default)]
    pub version: u32,
    /// Somebody else has set the PIN: before anything else its owner chooses one that nobody else knows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub owes_pin: bool,
    /// Random salt, hexadecimal.
    salt: String,
    /// argon2id of the PIN, hexadecimal.
    hash: String,
    /// Security keys, as the library writes them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// A code by which this person may register a security key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    consent: Option<Consent>,
}

/// A code by which a person may register a security key, once.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Consent {
    /// SHA-256 of the code, hexadecimal. The code has 50 random bits and lives for minutes: it needs no slow hash.
    digest: String,
    /// UTC, milliseconds since 1970.
    until_ms: i64,
}

/// A change of a person, until the audit trail has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// When: UTC, milliseconds since 1970.
    pub at_ms: i64,
    /// Who changed it.
    pub by: StaffId,
    /// What.
    pub what: Action,
    /// Whom it is about.
    pub whom: StaffId,
}

/// The people file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct People {
    person: Vec<Person>,
    /// Oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    change: Vec<Change>,
}

/// The people file cannot be used, or a change is refused.
#[derive(Debug, Error)]
pub enum PeopleError {
    /// It cannot be read or written.
    #[error("the people file {0} cannot be used: {1}. Run `gatepost init` to make one")]
    Io(String, io::Error),
    /// The counts of wrong tries, or the lock of a file.
    #[error("a file of the people cannot be written: {0}. Make room on the disk")]
    File(#[from] io::Error),
    /// It is not what `gatepost init` writes.
    #[error("the people file {0} is damaged: {1}. Restore it from a copy or run `gatepost init`")]
    Damaged(String, String),
    /// The hash could not be computed.
    #[error("the PIN could not be hashed: {0}")]
    Hash(String),
    /// The name does not do.
    #[error("a name has 2 to 32 small letters, digits and dashes, and begins with a letter: the audit trail shows it")]
    Name,
    /// The PIN does not do.
    #[error("a PIN has {least} to 12 digits that are not all the same and do not just count up or down", least = .0)]
    Pin(usize),
    /// Somebody has the name.
    #[error("somebody has this name, or had it: names are not given twice")]
    Taken,
    /// Nobody has the name.
    #[error("nobody has this name. `gatepost people list` shows who is there")]
    Nobody,
    /// The last one who could let others in.
    #[error("this is the last administrator: add another one first")]
    LastAdministrator,
    /// The list is full.
    #[error("the people file is full")]
    Full,
    /// Too many changes wait for the audit trail.
    #[error("too many changes wait for the audit trail: start the station, which notes them")]
    Unnoted,
    /// Too many keys.
    #[error("this person has {MOST_KEYS} security keys: remove them first")]
    TooManyKeys,
    /// A security key.
    #[error("the security key was refused: {0}")]
    Key(KeyError),
    /// The code is wrong or too old.
    #[error("the code is wrong, used up, or older than 15 minutes: ask for another one")]
    Code,
}

impl People {
    /// Reads the people file.
    pub fn load(path: &Path) -> Result<Self, PeopleError> {
        let name = path.display().to_string();
        let text = fs::read_to_string(path).map_err(|e| PeopleError::Io(name.clone(), e))?;
        toml::from_str(&text).map_err(|e| PeopleError::Damaged(name, e.message().into()))
    }

    /// Writes the people file for the station's account only.
    pub fn save(&self, path: &Path) -> Result<(), PeopleError> {
        let name = path.display().to_string();
        let text = toml::to_string(self).map_err(|e| PeopleError::Damaged(name.clone(), e.to_string()))?;
        crate::setup::write_private(path, text.as_bytes()).map_err(|e| PeopleError::Io(name, e))
    }

    /// Adds a person with a PIN that is theirs, or that everybody may know.
    pub fn add(&mut self, id: &str, role: Role, pin: &str) -> Result<(), PeopleError> {
        if !(2..=32).contains(&id.len()) || !is_identifier(id) || RESERVED.contains(&id) {
            return Err(PeopleError::Name);
        }
        if self.knows(id) {
            return Err(PeopleError::Taken);
        }
        if self.person.len() >= MOST_PEOPLE {
            return Err(PeopleError::Full);
        }
        let (id, Kept { salt, hash }) = (StaffId(id.into()), Kept::of(pin)?);
        let keys = Vec::new();
        self.person.push(Person {
            id,
            role,
            retired: false,
            version: 0,
            owes_pin: false,
            salt,
            hash,
            keys,
            consent: None,
        });
        Ok(())
    }

    /// Nobody logs in by this name any more, and nobody else gets it.
    pub fn retire(&mut self, id: &str) -> Result<(), PeopleError> {
        let administrators = self.count(Role::Administrator);
        let person = self.active(id)?;
        if person.role == Role::Administrator && administrators == 1 {
            return Err(PeopleError::LastAdministrator);
        }
        (person.retired, person.consent) = (true, None);
        person.keys.clear();
        person.version += 1;
        Ok(())
    }

    /// Gives a person another PIN, of their own choice.
    pub fn set_pin(&mut self, id: &str, pin: &str) -> Result<(), PeopleError> {
        let person = self.active(id)?;
        Kept { salt: person.salt, hash: person.hash } = Kept::of(pin)?;
        person.owes_pin = false;
        person.version += 1;
        Ok(())
    }

    /// Adds a person with a PIN that somebody else knows.
    pub fn add_for(&mut self, id: &str, role: Role, pin: &str) -> Result<(), PeopleError> {
        self.add(id, role, pin)?;
        self.active(id)?.owes_pin = true;
        Ok(())
    }

    /// Gives a person another PIN, which whoever gives it knows.
    pub fn set_pin_for(&mut self, id: &str, pin: &str) -> Result<(), PeopleError> {
        self.set_pin(id, pin)?;
        self.active(id)?.owes_pin = true;
        Ok(())
    }

    /// Adds a security key, as the library writes it. The code by which it was registered is used up.
    pub fn add_key(&mut self, id: &str, key: String) -> Result<(), PeopleError> {
        let person = self.active(id)?;
        if person.keys.len() >= MOST_KEYS {
            return Err(PeopleError::TooManyKeys);
        }
        person.keys.push(key);
        person.consent = None;
        Ok(())
    }

    /// Puts a key's new state in place of the old one; nothing where the person has that no more.
    pub fn replace_key(&mut self, id: &str, old: &str, new: String) {
        let keys = self.person.iter_mut().filter(|person| person.id.0 == id).flat_map(|person| &mut person.keys);
        keys.filter(|key| *key == old).for_each(|key| key.clone_from(&new));
    }

    /// Takes all security keys from a person: one is lost.
    pub fn remove_keys(&mut self, id: &str) -> Result<(), PeopleError> {
        let person = self.active(id)?;
        person.keys.clear();
        person.version += 1;
        Ok(())
    }

    /// A code by which this person may register a security key, once and soon. It is shown now and kept as a digest.
    pub fn consent(&mut self, id: &str, now_ms: i64) -> Result<String, PeopleError> {
        let mut bytes = [0; 10];
        getrandom::fill(&mut bytes).map_err(|e| PeopleError::Hash(e.to_string()))?;
        let code: String = bytes.iter().map(|byte| char::from(CODE[usize::from(byte % 32)])).collect();
        self.active(id)?.consent = Some(Consent { digest: digest(&code), until_ms: now_ms + CONSENT_MS });
        Ok(code)
    }

    /// How many people may do this now.
    pub fn count(&self, role: Role) -> usize {
        self.person.iter().filter(|person| person.role == role && !person.retired).count()
    }

    /// Everybody, those who left among them.
    pub fn all(&self) -> &[Person] {
        &self.person
    }

    /// Whether somebody has this name, or had it.
    pub fn knows(&self, id: &str) -> bool {
        self.person.iter().any(|person| person.id.0 == id)
    }

    /// Somebody who may log in.
    pub fn find(&self, id: &str) -> Option<&Person> {
        self.person.iter().find(|person| person.id.0 == id && !person.retired)
    }

    /// The person with this name and PIN. A wrong name costs the same time as a wrong PIN.
    pub fn check(&self, id: &str, pin: &str) -> Option<&Person> {
        let person = self.find(id);
        let fits = match person {
            Some(Person { salt, hash, .. }) => Kept { salt: salt.clone(), hash: hash.clone() }.fits(pin),
            None => Kept::nobodys().fits(pin),
        };
        person.filter(|_| fits)
    }

    /// Notes a change, until [`Self::take_changes`].
    pub(crate) fn changed(&mut self, change: Change) -> Result<(), PeopleError> {
        if self.change.len() >= MOST_CHANGES {
            return Err(PeopleError::Unnoted);
        }
        self.change.push(change);
        Ok(())
    }

    /// The changes since the last time, oldest first.
    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.change)
    }

    fn active(&mut self, id: &str) -> Result<&mut Person, PeopleError> {
        self.person.iter_mut().find(|person| person.id.0 == id && !person.retired).ok_or(PeopleError::Nobody)
    }
}

impl Person {
    /// Whether this is the code by which the person may register a security key, and it still counts.
    pub fn may_register(&self, code: &str, now_ms: i64) -> bool {
        let given = digest(&code.trim().to_ascii_uppercase());
        self.consent.as_ref().is_some_and(|consent| {
            let alive = now_ms <= consent.until_ms && consent.until_ms - now_ms <= CONSENT_MS;
            alive && same(given.as_bytes(), consent.digest.as_bytes())
        })
    }

    /// Whether a code has been given out that still counts.
    pub fn has_consent(&self, now_ms: i64) -> bool {
        self.consent.as_ref().is_some_and(|consent| now_ms <= consent.until_ms)
    }
}

/// Names that the audit trail uses for what is nobody's.
const RESERVED: [&str; 3] = ["administrator", "station", "unknown"];

/// Letters of codes: those that are not taken for others when read out.
const CODE: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

fn digest(code: &str) -> String {
    hex(&Sha256::digest(code.as_bytes()))
}

/// Compares without stopping at the first difference.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |diff, (x, y)| diff | (x ^ y)) == 0
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests;
