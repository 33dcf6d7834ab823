//! Signed tokens: compact JSON Web Signatures (RFC 7515) that carry their certificate chain (`x5c`).
//!
//! RS256 is what the interface asks for, ES256 is taken as well. The algorithm must fit the key of the certificate, so
//! that a token cannot choose a weaker check; `none` and the shared-key algorithms do not exist here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::guarded::Biometric;
use jiff::Timestamp;
use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::DecodePrivateKey;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use thiserror::Error;
use webpki::ring::{
    ECDSA_P256_SHA256, ECDSA_P256_SHA384, ECDSA_P384_SHA256, ECDSA_P384_SHA384, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
};
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, anchor_from_trusted_cert};

use super::message::BASE64;

/// Bytes of a token at most: a coded picture of [`super::jp2::MAX_CODED`] would be larger, none of a device is.
pub const MAX_TOKEN: usize = 12 * 1024 * 1024;

/// Bytes of a token's header at most, in base64.
const MAX_HEADER: usize = 32 * 1024;

/// Certificates of a chain at most.
const MAX_CHAIN: usize = 5;

/// Trust anchors of an installation at most.
const MAX_ANCHORS: usize = 64;

/// What may sign certificates.
const CHAIN_ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    ECDSA_P256_SHA256,
    ECDSA_P256_SHA384,
    ECDSA_P384_SHA256,
    ECDSA_P384_SHA384,
    RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512,
];

/// Why a token does not count. No text quotes it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JwsError {
    /// Neither RS256 nor ES256.
    #[error("the token's algorithm is not allowed")]
    Algorithm,
    /// The certificates do not lead to a trust anchor, or not at this time.
    #[error("the certificate chain does not hold: {0}")]
    Chain(webpki::Error),
    /// A key or a certificate of ours that cannot be read.
    #[error("{0} cannot be read")]
    Key(&'static str),
    /// Not three parts of base64url with a header.
    #[error("this is no signed token")]
    Malformed,
    /// What is signed is something else.
    #[error("the signature does not hold")]
    Signature,
    /// Larger than anything of a device.
    #[error("a token of {0} bytes")]
    TooLong(usize),
}

/// What a token says, once it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The payload's bytes.
    pub payload: Biometric<Vec<u8>>,
    /// SHA-256 of the certificate that signed: tells signers apart.
    pub signer: [u8; 32],
}

/// The certificates of those who vouch for devices.
#[derive(Clone, Debug)]
pub struct TrustAnchors(Vec<TrustAnchor<'static>>);

impl TrustAnchors {
    /// Reads certificates in PEM. There must be at least one.
    pub fn from_pem(pem: &[u8]) -> Result<Self, JwsError> {
        let mut anchors = Vec::new();
        for certificate in CertificateDer::pem_slice_iter(pem).take(MAX_ANCHORS) {
            let certificate = certificate.map_err(|_| JwsError::Key("a trust anchor"))?;
            let anchor = anchor_from_trusted_cert(&certificate).map_err(|_| JwsError::Key("a trust anchor"))?;
            anchors.push(anchor.to_owned());
        }
        if anchors.is_empty() { Err(JwsError::Key("the list of trust anchors")) } else { Ok(Self(anchors)) }
    }

    /// Checks a token at this time: its signature by its first certificate, and that certificate's chain.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Verified, JwsError> {
        if token.len() > MAX_TOKEN {
            return Err(JwsError::TooLong(token.len()));
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(JwsError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(JwsError::Malformed)?;
        let header = Header::parse(header)?;
        let signature = BASE64.decode(signature).map_err(|_| JwsError::Malformed)?;
        let chain = header.chain()?;
        let (first, rest) = chain.split_first().ok_or(JwsError::Malformed)?;
        let certificate = EndEntityCert::try_from(first).map_err(JwsError::Chain)?;
        let (algorithm, signature) = match header.alg.as_str() {
            "RS256" => (RSA_PKCS1_2048_8192_SHA256, signature),
            "ES256" => (ECDSA_P256_SHA256, to_der(&signature).ok_or(JwsError::Signature)?),
            _ => return Err(JwsError::Algorithm),
        };
        let seconds = u64::try_from(now.as_second()).unwrap_or(0);
        let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        certificate
            .verify_for_usage(CHAIN_ALGORITHMS, &self.0, rest, now, AnyUsage, None, None)
            .map_err(JwsError::Chain)?;
        certificate.verify_signature(algorithm, signed.as_bytes(), &signature).map_err(|_| JwsError::Signature)?;
        // Only now, when it is known to be the signer's.
        let payload = Biometric::new(BASE64.decode(payload).map_err(|_| JwsError::Malformed)?);
        let mut signer = [0; 32];
        signer.copy_from_slice(digest(&SHA256, first).as_ref());
        Ok(Verified { payload, signer })
    }
}

/// Signs tokens: the device's side.
pub struct Signer {
    key: Key,
    /// The header of every token, in base64url.
    header: String,
}

enum Key {
    P256(Box<p256::ecdsa::SigningKey>),
    Rsa(Box<RsaKeyPair>),
}

impl Signer {
    /// With a key in PKCS #8 (RSA of 2,048 bits or more for RS256, P-256 for ES256) and its certificate followed by
    /// those above it, all in PEM. The same payload gives the same token.
    pub fn from_pem(key: &str, chain: &str) -> Result<Self, JwsError> {
        let key = if let Ok(key) = p256::ecdsa::SigningKey::from_pkcs8_pem(key) {
            Key::P256(Box::new(key))
        } else {
            let der = PrivatePkcs8KeyDer::from_pem_slice(key.as_bytes()).map_err(|_| JwsError::Key("the key"))?;
            let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|_| JwsError::Key("the key"))?;
            Key::Rsa(Box::new(key))
        };
        let chain: Vec<String> = CertificateDer::pem_slice_iter(chain.as_bytes())
            .map(|certificate| certificate.map(|der| STANDARD.encode(der)))
            .collect::<Result<_, _>>()
            .map_err(|_| JwsError::Key("the certificate chain"))?;
        if chain.is_empty() {
            return Err(JwsError::Key("the certificate chain"));
        }
        let alg = match key {
            Key::P256(_) => "ES256",
            Key::Rsa(_) => "RS256",
        };
        let header = Header { alg: alg.to_owned(), typ: Some("JWT".to_owned()), crit: None, x5c: Chain::Many(chain) };
        let header = serde_json::to_vec(&header).map_err(|_| JwsError::Malformed)?;
        Ok(Self { key, header: BASE64.encode(header) })
    }

    /// A token with this payload.
    pub fn sign(&self, payload: &[u8]) -> Result<String, JwsError> {
        let signed = format!("{}.{}", self.header, BASE64.encode(payload));
        let signature = match &self.key {
            Key::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(signed.as_bytes());
                signature.to_bytes().to_vec()
            }
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
                    .map_err(|_| JwsError::Signature)?;
                signature
            }
        };
        Ok(format!("{signed}.{}", BASE64.encode(signature)))
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    typ: Option<String>,
    /// Extensions that must be understood: none is (RFC 7515, 4.1.11).
    #[serde(skip_serializing_if = "Option::is_none")]
    crit: Option<serde_json::Value>,
    x5c: Chain,
}

/// The specification of the interface shows one text, RFC 7515 asks for a list.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Chain {
    Many(Vec<String>),
    One(String),
}

impl Header {
    fn parse(text: &str) -> Result<Self, JwsError> {
        if text.len() > MAX_HEADER {
            return Err(JwsError::TooLong(text.len()));
        }
        let json = BASE64.decode(text).map_err(|_| JwsError::Malformed)?;
        let header: Self = serde_json::from_slice(&json).map_err(|_| JwsError::Malformed)?;
        if header.crit.is_some() { Err(JwsError::Malformed) } else { Ok(header) }
    }

    fn chain(&self) -> Result<Vec<CertificateDer<'static>>, JwsError> {
        let texts = match &self.x5c {
            Chain::Many(texts) => texts.as_slice(),
            Chain::One(text) => std::slice::from_ref(text),
        };
        if texts.len() > MAX_CHAIN {
            return Err(JwsError::Malformed);
        }
        texts.iter().map(|text| STANDARD.decode(text).map(Into::into).map_err(|_| JwsError::Malformed)).collect()
    }
}

/// Certificates of devices name purposes of their own, or none.
struct AnyUsage;

impl ExtendedKeyUsageValidator for AnyUsage {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        for purpose in purposes {
            purpose?;
        }
        Ok(())
    }
}

/// The two numbers of an ES256 signature (RFC 7518, 3.4) as the sequence that certificates use.
fn to_der(signature: &[u8]) -> Option<Vec<u8>> {
    if signature.len() != 64 {
        return None;
    }
    let mut body = Vec::with_capacity(70);
    for number in signature.chunks(32) {
        let zeros = number.iter().take(31).take_while(|byte| **byte == 0).count();
        let digits = &number[zeros..];
        let sign = usize::from(digits[0] >= 0x80);
        body.extend([2, u8::try_from(digits.len() + sign).ok()?]);
        body.extend(std::iter::repeat_n(0, sign));
        body.extend(digits);
    }
    let mut der = vec![0x30, u8::try_from(body.len()).ok()?];
    der.extend(body);
    Some(der)
}
