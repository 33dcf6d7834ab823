//! Who this station is towards its intake: the key of its connections, and what it was provisioned with.

use crate::setup::DataDir;
use domain::case::StationId;
use link::{CertificateDer, Facts, Identity, Provisioned, Renewed, SetupFault, Time, certificate, certified};
use rustls::ClientConfig;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::{fs, io};
use store::{AuthorityKey, KeyFault, ReceiptKeys, Signer, replace_private};
use thiserror::Error;

/// The station cannot talk to an intake.
#[derive(Debug, Error)]
pub enum ConnectionError {
    /// A file cannot be read.
    #[error("{0} cannot be read: {1}")]
    Io(PathBuf, io::Error),
    /// The next certificate cannot be kept.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// The station was never provisioned.
    #[error("this station has no certificate yet (N-07): `gatepost provision` fetches one from the intake")]
    NotProvisioned,
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] SetupFault),
    /// What the intake gave does not fit this station.
    #[error("{path}: {1}. `gatepost provision` fetches it anew", path = .0.display())]
    Unfit(PathBuf, String),
}

/// What this station was provisioned with. The certificate is replaced while it runs.
pub struct Connection {
    station: StationId,
    key: Arc<dyn Signer>,
    ca: Vec<CertificateDer<'static>>,
    receipts: ReceiptKeys,
    authority: AuthorityKey,
    identity: Identity,
    path: PathBuf,
    now: Mutex<(Provisioned, Facts)>,
}

/// What the intake gave to a station, unchecked.
///
/// # Errors
/// [`ConnectionError::NotProvisioned`] where there is none.
pub fn provisioned(data: &DataDir) -> Result<Provisioned, ConnectionError> {
    let path = data.provisioned();
    let text = fs::read(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ConnectionError::NotProvisioned,
        _ => ConnectionError::Io(path.clone(), error),
    })?;
    serde_json::from_slice(&text).map_err(|error| ConnectionError::Unfit(path, error.to_string()))
}

/// Puts what the intake gave durably in the place of what was there.
///
/// # Errors
/// [`ConnectionError::Key`], with the file as it was.
pub fn keep(data: &DataDir, given: &Provisioned) -> Result<(), ConnectionError> {
    Ok(replace_private(&data.provisioned(), &text_of(given))?)
}

fn text_of(given: &Provisioned) -> Vec<u8> {
    // Texts and numbers always have a JSON form.
    let mut text = serde_json::to_vec_pretty(given).unwrap_or_default();
    text.push(b'\n');
    text
}

impl Connection {
    /// What a station was provisioned with, held against its name and the key of its connections.
    ///
    /// # Errors
    /// [`ConnectionError`], with what to do.
    pub fn open(data: &DataDir, station: &StationId, key: Arc<dyn Signer>) -> Result<Self, ConnectionError> {
        let (given, path) = (provisioned(data)?, data.provisioned());
        let unfit = |why: String| ConnectionError::Unfit(path.clone(), why);
        let parts = given.parts(station, key.public()).map_err(|why| unfit(why.into()))?;
        let identity = certified(parts.chain, key.clone()).map_err(|fault| unfit(fault.to_string()))?;
        Ok(Self {
            station: station.clone(),
            key,
            ca: parts.ca,
            receipts: parts.receipts,
            authority: parts.authority,
            identity: Identity::new(identity),
            path,
            now: Mutex::new((given, parts.facts)),
        })
    }

    /// The keys that receipts are signed by, as they were at the start.
    pub fn receipts(&self) -> &ReceiptKeys {
        &self.receipts
    }

    /// The key that bodies are sealed to.
    pub fn authority(&self) -> &AuthorityKey {
        &self.authority
    }

    /// This station's side of connections; it follows [`Connection::renewed`].
    ///
    /// # Errors
    /// [`ConnectionError::Tls`].
    pub fn tls(&self, time: Time) -> Result<ClientConfig, ConnectionError> {
        Ok(link::client(&self.ca, self.identity.clone(), time)?)
    }

    /// The same towards somebody whom others vouch for.
    ///
    /// # Errors
    /// [`ConnectionError::Tls`].
    pub fn tls_to(&self, roots: &[CertificateDer<'static>], time: Time) -> Result<ClientConfig, ConnectionError> {
        Ok(link::client(roots, self.identity.clone(), time)?)
    }

    /// Other keys sign receipts: it is on the disk before any receipt is taken by them.
    ///
    /// # Errors
    /// [`ConnectionError::Key`] when the disk fails.
    pub fn receipts_handed_over(&self, keys: &ReceiptKeys) -> Result<(), ConnectionError> {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let given = now.0.with_receipt_keys(keys);
        replace_private(&self.path, &text_of(&given))?;
        now.0 = given;
        Ok(())
    }

    /// What the certificate says of itself.
    pub fn facts(&self) -> Facts {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    /// Until when the certificate is valid: UTC, milliseconds since 1970.
    pub fn until_ms(&self) -> i64 {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).1.not_after_ms
    }

    /// Whether it is time to ask for the next certificate.
    pub fn is_due(&self, now_ms: i64) -> bool {
        now_ms >= self.now.lock().unwrap_or_else(PoisonError::into_inner).1.renew_from_ms()
    }

    /// Takes the intake's answer with the next certificate: it is on the disk before connections use it. Until when it is
    /// valid: UTC, milliseconds since 1970.
    ///
    /// # Errors
    /// An answer that is none, a certificate that is not this station's or not newer; a disk that fails. The one before
    /// stays in use.
    pub fn renewed(&self, answer: &[u8]) -> Result<i64, ConnectionError> {
        let unfit = |why: &str| ConnectionError::Unfit(self.path.clone(), why.into());
        let next: Renewed = serde_json::from_slice(answer).map_err(|_| unfit("the answer has no certificate"))?;
        let (chain, facts) = certificate(&next.certificate, &self.station, self.key.public()).map_err(unfit)?;
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if facts.not_after_ms <= now.1.not_after_ms {
            return Err(unfit("the certificate is not newer than the one before"));
        }
        let next_identity = certified(chain, self.key.clone()).map_err(|fault| unfit(&fault.to_string()))?;
        let given = Provisioned { certificate: next.certificate, ..now.0.clone() };
        replace_private(&self.path, &text_of(&given))?;
        self.identity.replace(next_identity);
        let until = facts.not_after_ms;
        *now = (given, facts);
        Ok(until)
    }
}
