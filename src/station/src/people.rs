//! Who may log in: officers and supervisors, each with a PIN kept as an argon2id hash.

use argon2::{Algorithm, Argon2, Params, Version};
use domain::units::StaffId;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::{fs, io};
use thiserror::Error;
use zeroize::Zeroizing;

/// argon2id with 19 MiB, two passes, one lane: the OWASP minimum, 20 to 40 ms on a kiosk.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Enrols travellers.
    Officer,
    /// Decides on rejected captures and attested exemptions.
    Supervisor,
}

impl Role {
    /// The word in the people file.
    pub fn id(self) -> &'static str {
        match self {
            Self::Officer => "officer",
            Self::Supervisor => "supervisor",
        }
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
    /// Random salt, hexadecimal.
    salt: String,
    /// argon2id of the PIN, hexadecimal.
    hash: String,
}

/// The people file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct People {
    person: Vec<Person>,
}

/// The people file cannot be used.
#[derive(Debug, Error)]
pub enum PeopleError {
    /// It cannot be read or written.
    #[error("the people file {0} cannot be used: {1}. Run `gatepost init` to make one")]
    Io(String, io::Error),
    /// It is not what `gatepost init` writes.
    #[error("the people file {0} is damaged: {1}. Restore it from a copy or run `gatepost init`")]
    Damaged(String, String),
    /// The hash could not be computed.
    #[error("the PIN could not be hashed: {0}")]
    Hash(String),
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

    /// Adds a person with a PIN.
    pub fn add(&mut self, id: &str, role: Role, pin: &str) -> Result<(), PeopleError> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|e| PeopleError::Hash(e.to_string()))?;
        let hash = hash(pin, &salt)?;
        self.person.push(Person { id: StaffId(id.into()), role, salt: hex(&salt), hash: hex(hash.as_slice()) });
        Ok(())
    }

    /// How many people may do this.
    pub fn count(&self, role: Role) -> usize {
        self.person.iter().filter(|person| person.role == role).count()
    }

    /// Whether somebody has this name.
    pub fn knows(&self, id: &str) -> bool {
        self.person.iter().any(|person| person.id.0 == id)
    }

    /// The person with this name and PIN. A wrong name costs the same time as a wrong PIN.
    pub fn check(&self, id: &str, pin: &str) -> Option<&Person> {
        let person = self.person.iter().find(|person| person.id.0 == id);
        let salt = person.and_then(|person| unhex(&person.salt)).unwrap_or_else(|| vec![0; 16]);
        let given = hash(pin, &salt).ok()?;
        let person = person?;
        let kept = unhex(&person.hash)?;
        same(given.as_slice(), &kept).then_some(person)
    }
}

fn hash(pin: &str, salt: &[u8]) -> Result<Zeroizing<[u8; 32]>, PeopleError> {
    let failed = |e: argon2::Error| PeopleError::Hash(e.to_string());
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(32)).map_err(failed)?;
    let mut out = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(pin.as_bytes(), salt, out.as_mut_slice())
        .map_err(failed)?;
    Ok(out)
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
mod tests {
    use super::*;

    #[test]
    fn only_the_right_pin_opens() {
        let mut people = People::default();
        people.add("anna", Role::Officer, "2468").unwrap();
        people.add("boris", Role::Supervisor, "1357").unwrap();
        for (id, pin, opens) in
            [("anna", "2468", true), ("anna", "1357", false), ("boris", "1357", true), ("eve", "2468", false)]
        {
            assert_eq!(people.check(id, pin).is_some(), opens, "{id}");
        }
    }

    #[test]
    fn the_file_holds_no_pin() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("people.toml");
        let mut people = People::default();
        people.add("anna", Role::Officer, "864209").unwrap();
        people.save(&path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("864209"));
        assert!(People::load(&path).unwrap().check("anna", "864209").is_some());
    }
}
