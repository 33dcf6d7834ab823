//! What a station has after it was provisioned: one file, so that no part of it is ever newer than another.

use crate::certificate::{Facts, chain_from_pem};
use domain::case::StationId;
use rustls::pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use store::{AuthorityKey, VerifyKey};

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
}

/// The answer to a station that asks for its next certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renewed {
    /// In PEM.
    pub certificate: String,
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
    /// The key that receipts are signed by.
    pub receipts: VerifyKey,
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
            receipts: VerifyKey::from_pem(&self.receipts).ok_or("the key that receipts are signed by is none")?,
        })
    }
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
