//! A [`store::Signer`] as rustls wants a private key.

use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{Error, SignatureAlgorithm, SignatureScheme};
use std::fmt;
use std::sync::Arc;

/// A certificate with its private key, wherever that lives.
///
/// # Errors
/// [`Error::InconsistentKeys`] when the certificate is for another key, [`Error::NoCertificatesPresented`] for none.
pub fn certified(chain: Vec<CertificateDer<'static>>, key: Arc<dyn store::Signer>) -> Result<CertifiedKey, Error> {
    let certified = CertifiedKey::new(chain, Arc::new(Key(key)));
    certified.keys_match()?;
    Ok(certified)
}

#[derive(Clone)]
struct Key(Arc<dyn store::Signer>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.0.public().id())
    }
}

impl SigningKey for Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered.contains(&SignatureScheme::ECDSA_NISTP256_SHA256).then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        Some(self.0.public().to_der().into())
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl Signer for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let not_signed = || Error::General("the key does not sign".into());
        let signature = self.0.es256(message).map_err(|_| not_signed())?;
        store::der_signature(&signature).ok_or_else(not_signed)
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ECDSA_NISTP256_SHA256
    }
}
