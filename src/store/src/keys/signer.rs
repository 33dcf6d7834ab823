//! Where a private key lives is nobody's business but its own: whoever signs knows a [`Signer`] and its public half.

use super::{FileKey, VerifyKey};
use crate::format::{digest, encode_header};
use crate::sign::{Purpose, SignFault, sign_message};
use domain::record::{Header, Sign};
use p256::ecdsa::Signature;
use p256::ecdsa::signature::Signer as _;

/// Signs by ES256 with a private key that stays where it is: in this program's memory, or in a chip.
pub trait Signer: Send + Sync {
    /// The public half.
    fn public(&self) -> &VerifyKey;

    /// ECDSA over P-256 and SHA-256 of these bytes: r, then s in its lower half, 32 bytes each.
    fn es256(&self, bytes: &[u8]) -> Result<[u8; 64], SignFault>;

    /// The program is about to end: gives back what is held elsewhere for this key. It may sign again all the same.
    fn rest(&self) {}
}

impl Signer for FileKey {
    fn public(&self) -> &VerifyKey {
        &self.public
    }

    fn es256(&self, bytes: &[u8]) -> Result<[u8; 64], SignFault> {
        let signature: Signature = self.key.try_sign(bytes).map_err(|_| SignFault)?;
        Ok(signature.normalize_s().to_bytes().into())
    }
}

/// A signature of [`Signer::es256`] as X.509 and TLS write it (ECDSA-Sig-Value, RFC 3279, 2.2.3, in DER); nothing where
/// the numbers are none that a signature can have.
pub fn der_signature(signature: &[u8; 64]) -> Option<Vec<u8>> {
    Some(Signature::from_slice(signature).ok()?.to_der().as_bytes().to_vec())
}

/// Records are signed by whatever key there is.
impl Sign for dyn Signer + '_ {
    type Error = SignFault;

    fn digest(&self, body: &[u8]) -> [u8; 32] {
        digest(body)
    }

    fn sign(&self, header: &Header) -> Result<Vec<u8>, SignFault> {
        sign_message(self, Purpose::RecordHeader, encode_header(header).to_vec())
    }

    fn key_id(&self) -> String {
        self.public().id().into()
    }
}

impl Sign for FileKey {
    type Error = SignFault;

    fn digest(&self, body: &[u8]) -> [u8; 32] {
        digest(body)
    }

    fn sign(&self, header: &Header) -> Result<Vec<u8>, SignFault> {
        (self as &dyn Signer).sign(header)
    }

    fn key_id(&self) -> String {
        self.public.id().into()
    }
}
