//! Those who vouch for devices, for one test run.

use drivers::sbi::jws::Signer;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};

/// Known to everybody; see the file.
pub const RSA_KEY: &str = include_str!("../keys/simulated-rsa.pem");

/// A certificate authority, valid from 2025 to 2034.
pub struct Authority {
    pub pem: String,
    issuer: Issuer<'static, KeyPair>,
    /// Those above it, lowest first.
    above: String,
}

impl Authority {
    /// One that vouches for itself.
    pub fn root(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = authority(name);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key), above: String::new() }
    }

    /// One below this one.
    pub fn below(&self, name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = authority(name);
        let pem = params.signed_by(&key, &self.issuer).unwrap().pem();
        Self { above: format!("{pem}{}", self.above), pem, issuer: Issuer::new(params, key) }
    }

    /// A device's key with its certificate, valid in 2026.
    pub fn device(&self) -> Signer {
        self.certify(&KeyPair::generate().unwrap())
    }

    /// The same with an RSA key.
    pub fn rsa_device(&self) -> Signer {
        self.certify(&KeyPair::from_pem(RSA_KEY).unwrap())
    }

    fn certify(&self, key: &KeyPair) -> Signer {
        let certificate = leaf().signed_by(key, &self.issuer).unwrap().pem();
        Signer::from_pem(&key.serialize_pem(), &format!("{certificate}{}", self.above)).unwrap()
    }
}

/// A device that vouches for itself.
pub fn self_signed() -> Signer {
    let key = KeyPair::generate().unwrap();
    let certificate = leaf().self_signed(&key).unwrap().pem();
    Signer::from_pem(&key.serialize_pem(), &certificate).unwrap()
}

fn authority(name: &str) -> CertificateParams {
    let mut params = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    (params.not_before, params.not_after) = (date_time_ymd(2025, 1, 1), date_time_ymd(2034, 1, 1));
    params
}

fn leaf() -> CertificateParams {
    let mut params = named("SIMULATED device");
    (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2027, 1, 1));
    params
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}
