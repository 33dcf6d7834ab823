//! Signing: COSE_Sign1 (RFC 9052) by ES256, for record headers and for receipts.
//!
//! Exactly one spelling of a message is accepted: algorithm and key id in the protected header and nothing else,
//! nothing unprotected, low S. So a signed record has one digest, and nobody on the way can make a second one.

use crate::format::{FormatFault, decode_header};
use crate::keys::{Signer, VerifyKey};
use coset::iana::Algorithm;
use coset::{CoseSign1, CoseSign1Builder, HeaderBuilder, ProtectedHeader, TaggedCborSerializable};
use domain::record::Header;
use p256::ecdsa::Signature;
use p256::ecdsa::signature::Verifier;
use thiserror::Error;

/// What a signature is for. Signed with the message, so that neither can be taken for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A new station's application to the intake.
    Application,
    /// A station's old key about its next one.
    KeyRotation,
    /// The key of a station's connections, under its application.
    Possession,
    /// The intake's acknowledgement.
    Receipt,
    /// The intake's old key for receipts about its next one.
    ReceiptKey,
    /// The header of a record.
    RecordHeader,
    /// The intake's word that it has erased a body.
    Tombstone,
}

/// A message that is not accepted, with the reason.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SignatureRefused {
    /// The signature is not this key's over these bytes.
    #[error("the signature is not valid")]
    BadSignature,
    /// Not a COSE_Sign1 message, or not in its one spelling.
    #[error("not a COSE_Sign1 message in its one spelling")]
    Malformed,
    /// The protected header names no algorithm.
    #[error("the protected header names no algorithm")]
    MissingAlgorithm,
    /// The protected header names no key.
    #[error("the protected header names no key")]
    MissingKeyId,
    /// What was signed is not a header.
    #[error("what was signed is not a record header: {0}")]
    NotAHeader(#[from] FormatFault),
    /// The header names another signing key than the message.
    #[error("the header and the message name different keys")]
    OtherKeyNamed,
    /// Signed by another key than the one expected.
    #[error("signed by another key")]
    UnknownKey,
    /// Another algorithm than ES256.
    #[error("the algorithm is not ES256")]
    WrongAlgorithm,
}

/// The message could not be made.
#[derive(Debug, Error)]
#[error("the message could not be signed")]
pub struct SignFault;

impl SignatureRefused {
    /// A word for the reason, for programs and for counting.
    pub fn id(&self) -> &'static str {
        match self {
            Self::BadSignature => "bad-signature",
            Self::Malformed => "malformed-message",
            Self::MissingAlgorithm => "no-algorithm",
            Self::MissingKeyId => "no-key-id",
            Self::NotAHeader(fault) => fault.id(),
            Self::OtherKeyNamed => "other-key-named",
            Self::UnknownKey => "unknown-key",
            Self::WrongAlgorithm => "signature-algorithm",
        }
    }
}

/// Verifies the COSE message of an envelope and gives its header.
pub fn verify_header(key: &VerifyKey, cose: &[u8]) -> Result<Header, SignatureRefused> {
    let payload = verify_message(key, Purpose::RecordHeader, cose)?;
    let header = decode_header(&payload)?;
    if header.signed_by == key.id() { Ok(header) } else { Err(SignatureRefused::OtherKeyNamed) }
}

/// Reads the header of a COSE message without verifying who signed it: to find out which station's key to ask for.
pub fn peek_header(cose: &[u8]) -> Result<Header, SignatureRefused> {
    Ok(decode_header(&peek_payload(cose)?)?)
}

/// The identifier of the key that a message names, without verifying that this key signed it: to find out which one to
/// verify it by.
///
/// # Errors
/// [`SignatureRefused`] where it is no message in its one spelling.
pub fn peek_key_id(cose: &[u8]) -> Result<String, SignatureRefused> {
    String::from_utf8(parse(cose)?.protected.header.key_id).map_err(|_| SignatureRefused::UnknownKey)
}

/// What a message says, without verifying who signed it.
pub(crate) fn peek_payload(cose: &[u8]) -> Result<Vec<u8>, SignatureRefused> {
    Ok(parse(cose)?.payload.unwrap_or_default())
}

pub(crate) fn sign_message(key: &dyn Signer, purpose: Purpose, payload: Vec<u8>) -> Result<Vec<u8>, SignFault> {
    let message = CoseSign1Builder::new().protected(protected(key.public().id())).payload(payload);
    let signed =
        message.try_create_signature(purpose.aad(), |bytes| key.es256(bytes).map(|signature| signature.to_vec()))?;
    signed.build().to_tagged_vec().map_err(|_| SignFault)
}

pub(crate) fn verify_message(key: &VerifyKey, purpose: Purpose, cose: &[u8]) -> Result<Vec<u8>, SignatureRefused> {
    let message = parse(cose)?;
    if message.protected.header.key_id != key.id().as_bytes() {
        return Err(SignatureRefused::UnknownKey);
    }
    signed_by(key, purpose.aad(), &message)?;
    message.payload.ok_or(SignatureRefused::Malformed)
}

/// Whether a key has signed a message as RFC 9052 has it, whatever else is in its headers and however it is spelt: for
/// judges that have messages of others. Nothing else may believe a message by this.
///
/// # Errors
/// [`SignatureRefused::Malformed`] for what is no COSE_Sign1, [`SignatureRefused::BadSignature`].
#[cfg(feature = "testing")]
pub fn signed_in_any_spelling(key: &VerifyKey, aad: &[u8], cose: &[u8]) -> Result<(), SignatureRefused> {
    let message = CoseSign1::from_tagged_slice(cose).or_else(|_| coset::CborSerializable::from_slice(cose));
    signed_by(key, aad, &message.map_err(|_| SignatureRefused::Malformed)?)
}

/// The signature over the headers as they were received, the text that is signed along, and the payload.
fn signed_by(key: &VerifyKey, aad: &[u8], message: &CoseSign1) -> Result<(), SignatureRefused> {
    message.verify_signature(aad, |signature, bytes| {
        let signature = Signature::from_slice(signature).map_err(|_| SignatureRefused::BadSignature)?;
        if signature.normalize_s() != signature {
            return Err(SignatureRefused::Malformed);
        }
        key.verifying_key().verify(bytes, &signature).map_err(|_| SignatureRefused::BadSignature)
    })
}

/// A message in its one spelling, not yet verified.
fn parse(cose: &[u8]) -> Result<CoseSign1, SignatureRefused> {
    let message = CoseSign1::from_tagged_slice(cose).map_err(|_| SignatureRefused::Malformed)?;
    let named = &message.protected.header;
    match &named.alg {
        None => return Err(SignatureRefused::MissingAlgorithm),
        Some(alg) if *alg != coset::Algorithm::Assigned(Algorithm::ES256) => {
            return Err(SignatureRefused::WrongAlgorithm);
        }
        Some(_) if named.key_id.is_empty() => return Err(SignatureRefused::MissingKeyId),
        Some(_) => {}
    }
    let key_id = String::from_utf8(named.key_id.clone()).map_err(|_| SignatureRefused::UnknownKey)?;
    // What we would have written for these three parts is the only spelling that counts.
    let ours = CoseSign1 {
        protected: ProtectedHeader { original_data: None, header: protected(&key_id) },
        unprotected: coset::Header::default(),
        payload: message.payload.clone(),
        signature: message.signature.clone(),
    };
    let same = ours.to_tagged_vec().is_ok_and(|bytes| bytes == cose);
    if same && message.payload.is_some() { Ok(message) } else { Err(SignatureRefused::Malformed) }
}

fn protected(key_id: &str) -> coset::Header {
    HeaderBuilder::new().algorithm(Algorithm::ES256).key_id(key_id.as_bytes().to_vec()).build()
}

impl Purpose {
    fn aad(self) -> &'static [u8] {
        match self {
            Self::Application => b"gatepost application 1",
            Self::KeyRotation => b"gatepost key rotation 1",
            Self::Possession => b"gatepost possession 1",
            Self::Receipt => b"gatepost receipt 1",
            Self::ReceiptKey => b"gatepost receipt key 1",
            Self::RecordHeader => b"gatepost record header 1",
            Self::Tombstone => b"gatepost tombstone 1",
        }
    }
}
