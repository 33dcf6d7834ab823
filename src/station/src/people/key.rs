//! Security keys, the second factor, by WebAuthn. The PIN says who it is; a touch of the key says that they are there. So
//! the key is not asked to know the person by a PIN or finger of its own.

use super::{PeopleError, Person};
use sha2::{Digest, Sha256};
use std::time::Duration;
use thiserror::Error;
use webauthn_rs::prelude::{
    CredentialID, SecurityKey, SecurityKeyAuthentication, SecurityKeyRegistration, Url, Uuid, WebauthnError,
};
use webauthn_rs::{Webauthn, WebauthnBuilder};

/// How long a browser waits for a touch.
const PATIENCE: Duration = Duration::from_secs(60);

/// A security key could not be used.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The answer of the browser, or a key in the file, cannot be read.
    #[error("it cannot be read")]
    Unreadable,
    /// It is somebody's already.
    #[error("this key is registered already")]
    Known,
    /// It does not prove anything.
    #[error("the key's answer does not hold: {0}")]
    Refused(WebauthnError),
    /// The station's address does not do.
    #[error("security keys need an address such as http://localhost:8600")]
    Address,
}

/// Asks security keys and judges what they answer.
pub struct SecurityKeys(Webauthn);

/// A key that is about to be registered: kept here until it answers.
#[derive(Clone)]
pub struct Registering(SecurityKeyRegistration);

/// A person who is about to touch a key: kept here until it answers.
#[derive(Clone)]
pub struct Asking(SecurityKeyAuthentication);

/// A key whose state has to be written down after its use: as it was and as it is.
pub type Renewed = (String, String);

impl SecurityKeys {
    /// Keys for the station at this address, which they are bound to.
    pub fn new(address: &str) -> Result<Self, KeyError> {
        let origin = Url::parse(address).map_err(|_| KeyError::Address)?;
        let host = origin.host_str().ok_or(KeyError::Address)?;
        let builder = WebauthnBuilder::new(host, &origin).map_err(|_| KeyError::Address)?;
        let builder = builder.rp_name("Gatepost").timeout(PATIENCE).danger_set_user_presence_only_security_keys(true);
        builder.build().map(Self).map_err(|_| KeyError::Address)
    }

    /// What the browser is asked for to register a key of this person.
    pub fn register(&self, person: &Person) -> Result<(String, Registering), KeyError> {
        // The key is told nothing that is not in the people file; the number is the same each time.
        let digest = Sha256::digest(person.id.0.as_bytes());
        let number = Uuid::from_slice(&digest[..16]).map_err(|_| KeyError::Unreadable)?;
        let known = keys(person)?.iter().map(|key| key.cred_id().clone()).collect::<Vec<CredentialID>>();
        let name = &person.id.0;
        let asked = self.0.start_securitykey_registration(number, name, name, Some(known), None, None);
        let (options, state) = asked.map_err(KeyError::Refused)?;
        Ok((serde_json::to_string(&options).map_err(|_| KeyError::Unreadable)?, Registering(state)))
    }

    /// The key that answered, as the people file keeps it; refused if one of these people has it.
    pub fn registered<'a>(
        &self,
        answer: &str,
        asked: &Registering,
        people: impl IntoIterator<Item = &'a Person>,
    ) -> Result<String, KeyError> {
        let answer = serde_json::from_str(answer).map_err(|_| KeyError::Unreadable)?;
        let key = self.0.finish_securitykey_registration(&answer, &asked.0).map_err(KeyError::Refused)?;
        for person in people {
            if keys(person)?.iter().any(|known| known.cred_id() == key.cred_id()) {
                return Err(KeyError::Known);
            }
        }
        serde_json::to_string(&key).map_err(|_| KeyError::Unreadable)
    }

    /// What the browser is asked for to have this person touch a key.
    pub fn ask(&self, person: &Person) -> Result<(String, Asking), KeyError> {
        let asked = self.0.start_securitykey_authentication(&keys(person)?).map_err(KeyError::Refused)?;
        Ok((serde_json::to_string(&asked.0).map_err(|_| KeyError::Unreadable)?, Asking(asked.1)))
    }

    /// Whether the right key answered; and what to write down of it, if its count went on.
    pub fn answered(&self, answer: &str, asked: &Asking, person: &Person) -> Result<Option<Renewed>, KeyError> {
        let answer = serde_json::from_str(answer).map_err(|_| KeyError::Unreadable)?;
        let result = self.0.finish_securitykey_authentication(&answer, &asked.0).map_err(KeyError::Refused)?;
        for (mut key, text) in keys(person)?.into_iter().zip(&person.keys) {
            if key.update_credential(&result) == Some(true) {
                let new = serde_json::to_string(&key).map_err(|_| KeyError::Unreadable)?;
                return Ok(Some((text.clone(), new)));
            }
        }
        Ok(None)
    }
}

impl From<KeyError> for PeopleError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

fn keys(person: &Person) -> Result<Vec<SecurityKey>, KeyError> {
    let read = |key: &String| serde_json::from_str(key).map_err(|_| KeyError::Unreadable);
    person.keys.iter().map(read).collect()
}
