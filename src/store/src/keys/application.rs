//! What a new station asks the intake for: a certificate for its connections, and that its signing key is believed.
//!
//! Both keys sign, so whoever applies has both private halves. The administrator's one-time code stands inside: only
//! the intake, which the station knows by the fingerprint of its authority, ever reads it.

use super::VerifyKey;
use crate::Signer;
use crate::format::cbor::{Node, decode, encode};
use crate::format::{check_application, station_id, version_node};
use crate::sign::{Purpose, SignFault, SignatureRefused, peek_payload, sign_message, verify_message};
use domain::case::StationId;
use thiserror::Error;
use zeroize::Zeroizing;

/// Longest code that is read, in characters.
const LONGEST_CODE: usize = 64;

/// A station's application.
#[derive(Clone)]
pub struct Application {
    /// Who applies.
    pub station: StationId,
    /// The key that signs its records.
    pub signing_key: VerifyKey,
    /// The key of its connections, which the certificate is for.
    pub connection_key: VerifyKey,
    /// The administrator's one-time code.
    pub code: Zeroizing<String>,
    /// By the station's clock: UTC, milliseconds since 1970.
    pub time_ms: i64,
}

/// An application that is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ApplicationRefused {
    /// Signed, but not an application.
    #[error("what was signed is not a station's application")]
    NotAnApplication,
    /// A signature is not accepted.
    #[error(transparent)]
    Signature(#[from] SignatureRefused),
}

impl Application {
    /// The application, signed by both keys.
    ///
    /// # Errors
    /// [`SignFault`] when a key does not sign.
    pub fn sign(&self, signing: &dyn Signer, connection: &dyn Signer) -> Result<Vec<u8>, SignFault> {
        let (signing_key, connection_key) = (self.signing_key.to_der(), self.connection_key.to_der());
        let payload = encode(&Node::map([
            ("version", version_node()),
            ("station", Node::text(&self.station.0)),
            ("signing-key", Node::Bytes(&signing_key)),
            ("connection-key", Node::Bytes(&connection_key)),
            ("code", Node::text(&self.code)),
            ("time", Node::int(self.time_ms)),
        ]));
        let by_signing_key = sign_message(signing, Purpose::Application, payload.to_vec())?;
        sign_message(connection, Purpose::Possession, by_signing_key)
    }

    /// Reads an application and verifies that it is signed by both keys that it names.
    ///
    /// # Errors
    /// [`ApplicationRefused`] for whatever else.
    pub fn verify(message: &[u8]) -> Result<Self, ApplicationRefused> {
        let by_signing_key = peek_payload(message)?;
        let claimed = read(&peek_payload(&by_signing_key)?)?;
        verify_message(&claimed.connection_key, Purpose::Possession, message)?;
        verify_message(&claimed.signing_key, Purpose::Application, &by_signing_key)?;
        Ok(claimed)
    }
}

fn read(payload: &[u8]) -> Result<Application, ApplicationRefused> {
    let node = decode(payload).map_err(|_| ApplicationRefused::NotAnApplication)?;
    check_application(&node).map_err(|_| ApplicationRefused::NotAnApplication)?;
    fields(&node).ok_or(ApplicationRefused::NotAnApplication)
}

fn fields(node: &Node<'_>) -> Option<Application> {
    let code = node.get("code")?.as_text().filter(|code| code.len() <= LONGEST_CODE)?;
    Some(Application {
        station: station_id(node.get("station")?.as_text()?)?,
        signing_key: VerifyKey::from_der(node.get("signing-key")?.as_bytes()?)?,
        connection_key: VerifyKey::from_der(node.get("connection-key")?.as_bytes()?)?,
        code: Zeroizing::new(code.into()),
        time_ms: node.get("time")?.as_i64()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileKey;
    use proptest::prelude::*;

    #[test]
    fn an_application_is_signed_by_both_keys_that_it_names() {
        let dir = tempfile::tempdir().unwrap();
        let [signing, connection, thief] =
            ["signing", "connection", "thief"].map(|name| FileKey::create(&dir.path().join(name)).unwrap());
        let application = Application {
            station: StationId("S2".into()),
            signing_key: signing.public().clone(),
            connection_key: connection.public().clone(),
            code: Zeroizing::new("01234-56789".into()),
            time_ms: 1_766_534_400_000,
        };
        let message = application.sign(&signing, &connection).unwrap();
        let read = Application::verify(&message).unwrap();
        assert_eq!((&read.station, &read.signing_key), (&application.station, signing.public()));
        assert_eq!((&read.connection_key, read.code.as_str()), (connection.public(), "01234-56789"));
        for (first, second) in [(&thief, &connection), (&signing, &thief), (&connection, &signing)] {
            let posing = application.sign(first, second).unwrap();
            let refused = Application::verify(&posing).err();
            assert_eq!(refused, Some(ApplicationRefused::Signature(SignatureRefused::UnknownKey)));
        }
        for at in 0..message.len() {
            let mut touched = message.clone();
            touched[at] ^= 1;
            assert!(Application::verify(&touched).is_err(), "byte {at}");
        }
        let long = Application { code: Zeroizing::new("x".repeat(65)), ..application };
        let long = long.sign(&signing, &connection).unwrap();
        assert_eq!(Application::verify(&long).err(), Some(ApplicationRefused::NotAnApplication));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(Application::verify(&bytes).is_err());
            let _ = read(&bytes);
        }
    }
}
