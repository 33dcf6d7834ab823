//! What a station has after it was provisioned: one file, so that no part of it is ever newer than another.

use crate::certificate::{Facts, chain_from_pem};
use domain::case::StationId;
use rustls::pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use store::{AuthorityKey, ReceiptKeys, VerifyKey};

/// Largest answer of an intake that is read, in bytes: five texts in PEM.
pub const MAX_PROVISIONED_BYTES: usize = 64 << 10;

/// What the intake gives to a station. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provisioned {
    /// The station.
    pub station: String,
    /// The certificate of its connections, in PEM.
    pub certificate: String,
    /// The authority that intake and stations have their certificates from, in PEM.
    pub ca: String,
    /// The public key that bodies are sealed to, in PEM.
    pub authority: String,
    /// The public key that receipts are signed by, in PEM.
    pub receipts: String,
    /// Those that signed receipts before, and still may. The intake gives none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_receipts: Vec<EarlierKey>,
}

/// The answer to a station that asks for its next certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renewed {
    /// In PEM.
    pub certificate: String,
}

/// A key that receipts were signed by before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlierKey {
    /// In PEM.
    pub key: String,
    /// Until when receipts by it are taken: UTC, milliseconds since 1970.
    pub until: i64,
}

/// Statements of keys of receipts about their next ones, over a connection and on a medium.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Successions {
    /// Each in hexadecimal, the oldest first.
    pub statements: Vec<String>,
}

/// The parts of [`Provisioned`], read.
pub struct Parts {
    /// The station's certificate, with what stands between it and the authority.
    pub chain: Vec<CertificateDer<'static>>,
    /// What its certificate says.
    pub facts: Facts,
    /// The authority's certificates.
    pub ca: Vec<CertificateDer<'static>>,
    /// The key that bodies are sealed to.
    pub authority: AuthorityKey,
    /// The keys that receipts are signed by.
    pub receipts: ReceiptKeys,
}

impl Provisioned {
    /// Reads every part, and holds the certificate against the station and the key of its connections.
    ///
    /// # Errors
    /// What is wrong, in words for an administrator.
    pub fn parts(&self, station: &StationId, connection_key: &VerifyKey) -> Result<Parts, &'static str> {
        let (chain, facts) = certificate(&self.certificate, station, connection_key)?;
        if self.station != station.0 {
            return Err("it is for another station than [station] id says");
        }
        Ok(Parts {
            chain,
            facts,
            ca: chain_from_pem(&self.ca).ok_or("the authority's certificate cannot be read")?,
            authority: AuthorityKey::from_pem(&self.authority).ok_or("the key that bodies are sealed to is none")?,
            receipts: self.receipt_keys().ok_or("the key that receipts are signed by is none")?,
        })
    }

    /// The keys by which receipts are taken; nothing where one of them is none.
    pub fn receipt_keys(&self) -> Option<ReceiptKeys> {
        let earlier = self.earlier_receipts.iter().map(|old| Some((VerifyKey::from_pem(&old.key)?, old.until)));
        Some(ReceiptKeys { current: VerifyKey::from_pem(&self.receipts)?, earlier: earlier.collect::<Option<_>>()? })
    }

    /// The same with other keys of receipts.
    pub fn with_receipt_keys(&self, keys: &ReceiptKeys) -> Self {
        let earlier = keys.earlier.iter().map(|(key, until)| EarlierKey { key: key.to_pem(), until: *until });
        Self { receipts: keys.current.to_pem(), earlier_receipts: earlier.collect(), ..self.clone() }
    }
}

impl Successions {
    /// Most statements in one answer: with 350 bytes each it stays below 16 KiB.
    pub const MOST: usize = 16;

    /// Name of the file on a medium.
    pub const FILE: &str = "receipt-keys.json";

    /// Of statements as they were signed.
    pub fn of(statements: &[Vec<u8>]) -> Self {
        Self { statements: statements.iter().map(|statement| store::hex(statement)).collect() }
    }

    /// The statements as they were signed; nothing where this is none of ours.
    pub fn read(json: &[u8]) -> Option<Vec<Vec<u8>>> {
        let given: Self = serde_json::from_slice(json).ok()?;
        given.statements.iter().map(|digits| unhex(digits)).collect()
    }
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let clean = digits.len().is_multiple_of(2) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let pair = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    if clean { (0..digits.len()).step_by(2).map(pair).collect() } else { None }
}

/// A station's certificate with what it says, held against the station and the key of its connections.
///
/// # Errors
/// What is wrong, in words for an administrator.
pub fn certificate(
    pem: &str,
    station: &StationId,
    connection_key: &VerifyKey,
) -> Result<(Vec<CertificateDer<'static>>, Facts), &'static str> {
    let chain = chain_from_pem(pem).ok_or("the certificate cannot be read")?;
    let facts = chain.first().and_then(|leaf| Facts::read(leaf)).ok_or("the certificate cannot be read")?;
    if facts.station.as_ref() != Some(station) {
        return Err("the certificate is for another station than [station] id says");
    }
    if facts.key != connection_key.to_der() {
        return Err("the certificate is for another key than the station has");
    }
    Ok((chain, facts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn statements_come_back_from_their_text() {
        let statements = vec![vec![0xd2, 0x84, 0x00], Vec::new()];
        let json = serde_json::to_vec(&Successions::of(&statements)).unwrap();
        assert_eq!(Successions::read(&json), Some(statements));
        for text in [r#"{"statements":["0"]}"#, r#"{"statements":["zz"]}"#, r#"{"statements":["+1"]}"#, "{}", ""] {
            assert_eq!(Successions::read(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_does_not_panic(text in ".{0,200}", digits in ".{0,20}") {
            let _ = (Successions::read(text.as_bytes()), unhex(&digits));
        }
    }
}
