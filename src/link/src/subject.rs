//! Keys of ours as X.509 wants them: to make certificates with, and to ask others for one.

use crate::certificate::station_uri;
use domain::case::StationId;
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyUsagePurpose, PublicKeyData, SanType, SignatureAlgorithm,
    SigningKey,
};
use std::sync::Arc;
use store::{Signer, VerifyKey, der_signature};
use thiserror::Error;

/// A public key that a certificate is for.
pub struct SubjectKey(Vec<u8>);

/// A private key that signs certificates, or a request for one, wherever it lives.
pub struct IssuingKey {
    key: Arc<dyn Signer>,
    public: SubjectKey,
}

/// A request for a certificate could not be made.
#[derive(Debug, Error)]
#[error("the request for a certificate could not be made: {0}")]
pub struct RequestFault(String);

/// A request for the certificate of a station's connections (PKCS#10, RFC 2986, in PEM), signed by the key that it is for.
/// Whoever makes the certificate copies its names and purposes: the URI of the station, digital signature, client
/// authentication.
///
/// # Errors
/// [`RequestFault`] when the key does not sign.
pub fn certificate_request(station: &StationId, key: Arc<dyn Signer>) -> Result<String, RequestFault> {
    let fault = |fault: rcgen::Error| RequestFault(fault.to_string());
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, &*station.0);
    params.subject_alt_names = vec![SanType::URI(station_uri(station).try_into().map_err(fault)?)];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.serialize_request(&IssuingKey::of(key)).and_then(|request| request.pem()).map_err(fault)
}

impl SubjectKey {
    /// Of this key.
    pub fn of(key: &VerifyKey) -> Self {
        Self(key.to_point())
    }
}

impl IssuingKey {
    /// With this key.
    pub fn of(key: Arc<dyn Signer>) -> Self {
        let public = SubjectKey::of(key.public());
        Self { key, public }
    }

    /// The public half.
    pub fn public(&self) -> &VerifyKey {
        self.key.public()
    }
}

impl PublicKeyData for SubjectKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl PublicKeyData for IssuingKey {
    fn der_bytes(&self) -> &[u8] {
        self.public.der_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.public.algorithm()
    }
}

impl SigningKey for IssuingKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature = self.key.es256(message).ok().and_then(|signature| der_signature(&signature));
        signature.ok_or(rcgen::Error::RemoteKeyError)
    }
}
