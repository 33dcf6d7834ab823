//! The simulated vendor: a certificate authority, a key for each device, and signatures (RFC 7515, RS256).

use super::device::Kind;
use drivers::sbi::jws::{JwsError, Signer};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256};
use rsa::RsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};
use rsa::rand_core::OsRng;
use std::fmt;
use thiserror::Error;

/// Bits of each key: the least that the specification allows.
const KEY_BITS: usize = 2048;

/// Years in which the certificates hold: a simulated clock may stand anywhere near today.
const YEARS: (i32, i32) = (2020, 2060);

/// The simulated vendor could not be set up.
#[derive(Debug, Error)]
pub enum VendorError {
    /// A certificate could not be made.
    #[error("a certificate of the simulated vendor could not be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A key could not be made.
    #[error("a key of the simulated vendor could not be made: {0}")]
    Key(String),
    /// A key could not be used.
    #[error("a key of the simulated vendor cannot sign: {0}")]
    Signer(#[from] JwsError),
}

/// Authority and device keys. New ones are made at each start: nothing of them is secret for longer.
pub struct Vendor {
    authority: String,
    devices: [Signer; Kind::ALL.len()],
}

impl fmt::Debug for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vendor").finish_non_exhaustive()
    }
}

impl Vendor {
    /// Makes all keys and certificates, which takes a second or two of each core.
    pub fn make() -> Result<Self, VendorError> {
        let [authority, slap, face] = std::thread::scope(|scope| {
            let making = [(); 3].map(|()| scope.spawn(new_key));
            making.map(|key| key.join().unwrap_or_else(|_| Err(VendorError::Key(String::from("a thread ended")))))
        });
        let authority = key_pair(&authority?)?;
        let mut params = params("SIMULATED vendor authority")?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&authority)?;
        let issuer = Issuer::new(params, authority);
        let device = |kind: Kind, key: &str| device_signer(kind, key, &issuer, &certificate.pem());
        let devices = [device(Kind::Slap, &slap?)?, device(Kind::Face, &face?)?];
        Ok(Self { authority: certificate.pem(), devices })
    }

    /// The authority's certificate as PEM: what a station is told to trust.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// A JSON web signature of this device over `payload`, with the device's certificate and its issuer's in `x5c`.
    pub fn sign(&self, kind: Kind, payload: &[u8]) -> Result<String, JwsError> {
        self.devices[kind.index()].sign(payload)
    }
}

/// A key in PKCS #8 as PEM.
fn new_key() -> Result<String, VendorError> {
    let key = RsaPrivateKey::new(&mut OsRng, KEY_BITS).map_err(|error| VendorError::Key(error.to_string()))?;
    let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|error| VendorError::Key(error.to_string()))?;
    Ok(pem.to_string())
}

fn key_pair(pem: &str) -> Result<KeyPair, VendorError> {
    Ok(KeyPair::from_pkcs8_pem_and_sign_algo(pem, &PKCS_RSA_SHA256)?)
}

fn params(name: &str) -> Result<CertificateParams, VendorError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.distinguished_name.push(DnType::OrganizationName, "SIMULATED PROVIDER");
    params.not_before = rcgen::date_time_ymd(YEARS.0, 1, 1);
    params.not_after = rcgen::date_time_ymd(YEARS.1, 1, 1);
    Ok(params)
}

fn device_signer(kind: Kind, key: &str, issuer: &Issuer<'_, KeyPair>, authority: &str) -> Result<Signer, VendorError> {
    let mut params = params(kind.id())?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let certificate = params.signed_by(&key_pair(key)?, issuer)?;
    Ok(Signer::from_pem(key, &format!("{}{authority}", certificate.pem()))?)
}
