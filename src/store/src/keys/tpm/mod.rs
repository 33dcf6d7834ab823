//! A signing key that was made inside a TPM 2.0 and never leaves it: ECDSA P-256, for signing only.
//!
//! The file holds the key's private part as the TPM wrapped it, which no other TPM opens, and no key that signs. Using
//! it takes an authorisation value, made of the passphrase as a sealed file's key is; wrong ones count against the
//! TPM's dictionary-attack protection. The parent is remade at each start by the template of the TCG, and the file
//! names it: another TPM, or somebody between this program and the TPM, is noticed before anything is said to it.
//!
//! A power cut may count as one wrong passphrase: a TPM cannot know what was tried before. TPMs forgive with time.

mod counter;
mod link;

pub use counter::NvCounter;
pub use link::Tpm;

use super::sealed::{Cost, Passphrase, derive, unhex};
use super::{KeyFault, Signer, TpmFault, VerifyKey, read_key_file, write_new};
use crate::hex;
use crate::sign::SignFault;
use link::{Link, kind, public_of, signing_template};
use p256::ecdsa::Signature;
use p256::ecdsa::signature::Verifier;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::path::Path;
use tss_esapi::constants::Tss2ResponseCodeKind as Kind;
use tss_esapi::constants::tss::{TPM2_RH_NULL, TPM2_ST_HASHCHECK};
use tss_esapi::interface_types::algorithm::HashingAlgorithm;
use tss_esapi::structures::{Auth, Digest, HashScheme, Private, Public, SignatureScheme};
use tss_esapi::traits::{Marshall, UnMarshall};
use tss_esapi::tss2_esys::TPMT_TK_HASHCHECK;
use zeroize::Zeroizing;

pub(super) const FORMAT: &str = "gatepost TPM key 1";
const KDF: &str = "argon2id";

/// A private key inside a TPM.
pub struct TpmKey {
    tpm: Tpm,
    blob: Blob,
    public: VerifyKey,
}

/// What the TPM needs to take the key in again.
pub(super) struct Blob {
    private: Private,
    public: Public,
    auth: Auth,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    format: String,
    key: String,
    kdf: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    /// SHA-256 of the parent's public area.
    parent: String,
    public: String,
    private: String,
}

impl TpmKey {
    /// Makes a new key inside the TPM and writes what is needed to use it to a new file with mode 0600. An existing
    /// file is left alone, and an error.
    pub fn create(path: &Path, tpm: &Tpm, passphrase: &Passphrase, cost: Cost) -> Result<Self, KeyFault> {
        let (salt, auth) = new_auth(path, passphrase, cost)?;
        let (parent, blob) = tpm.with(|link| {
            let template = signing_template()?;
            let (parent, auth_in) = (link.primary, auth.clone());
            let made = link.in_session(|context| context.create(parent, template, Some(auth_in), None, None, None))?;
            Ok((link.parent, Blob { private: made.out_private, public: made.out_public, auth: auth.clone() }))
        })?;
        let public = public_of(&blob.public).ok_or_else(|| KeyFault::NotAKey(path.into(), "TPM"))?;
        let file = KeyFile {
            format: FORMAT.into(),
            key: public.id().into(),
            kdf: KDF.into(),
            memory_kib: cost.memory_kib,
            passes: cost.passes,
            lanes: cost.lanes,
            salt: hex(&salt),
            parent: hex(&parent),
            public: hex(&blob.public.marshall().map_err(TpmFault::of)?),
            private: hex(blob.private.value()),
        };
        let key = Self { tpm: tpm.clone(), blob, public };
        key.try_out(path)?;
        let text = serde_json::to_vec_pretty(&file).map_err(|_| KeyFault::NotAKey(path.into(), "TPM"))?;
        write_new(path, &text, 0o600)?;
        Ok(key)
    }

    /// Opens a key that [`TpmKey::create`] has made, and signs once, to see that TPM and passphrase are the right ones.
    ///
    /// # Errors
    /// [`KeyFault::OtherTpm`] also when the file was altered or the TPM was cleared; [`KeyFault::WrongPassphrase`],
    /// which counts as one wrong try; [`TpmFault::Locked`] after too many of these.
    pub fn open(path: &Path, tpm: &Tpm, passphrase: &Passphrase) -> Result<Self, KeyFault> {
        let not_a_key = || KeyFault::NotAKey(path.into(), "TPM");
        let file: KeyFile = serde_json::from_slice(&read_key_file(path, true)?).map_err(|_| not_a_key())?;
        for (what, found, expected) in [("format", &file.format, FORMAT), ("kdf", &file.kdf, KDF)] {
            if found != expected {
                return Err(KeyFault::UnknownAlgorithm(path.into(), what));
            }
        }
        let cost = Cost { memory_kib: file.memory_kib, passes: file.passes, lanes: file.lanes };
        let other = || KeyFault::OtherTpm(path.into());
        let (salt, private) = (unhex(&file.salt).ok_or_else(not_a_key)?, unhex(&file.private).ok_or_else(not_a_key)?);
        let public = unhex(&file.public).and_then(|bytes| Public::unmarshall(&bytes).ok()).ok_or_else(other)?;
        let verify = public_of(&public).filter(|key| key.id() == file.key).ok_or_else(other)?;
        let private = Private::try_from(private).map_err(|_| other())?;
        // Nothing is said to a TPM that is not the one, not even an encrypted passphrase.
        if hex(&tpm.with(|link| Ok(link.parent))?) != file.parent {
            return Err(other());
        }
        let auth = auth_of(path, passphrase, &salt, cost)?;
        let key = Self { tpm: tpm.clone(), blob: Blob { private, public, auth }, public: verify };
        key.try_out(path)?;
        Ok(key)
    }

    fn try_out(&self, path: &Path) -> Result<(), KeyFault> {
        let tried = self.tpm.try_with(|link| self.sign_by(link, &[0; 32]));
        tried.map(drop).map_err(|error| match kind(&error) {
            Some(Kind::AuthFail | Kind::BadAuth) => KeyFault::WrongPassphrase(path.into()),
            // What a TPM says of a private part that it did not wrap, or of parts that do not belong together.
            Some(Kind::Integrity | Kind::Binding | Kind::Size | Kind::Value | Kind::Type | Kind::Attributes) => {
                KeyFault::OtherTpm(path.into())
            }
            _ => TpmFault::of(error).into(),
        })
    }

    fn sign_by(&self, link: &mut Link, digest: &[u8; 32]) -> tss_esapi::Result<Signature> {
        let handle = link.load(&self.blob)?;
        let digest = Digest::try_from(digest.to_vec())?;
        let scheme = SignatureScheme::EcDsa { hash_scheme: HashScheme::new(HashingAlgorithm::Sha256) };
        // The digest was not made by the TPM, and need not be for a key without restrictions.
        let ticket = TPMT_TK_HASHCHECK { tag: TPM2_ST_HASHCHECK, hierarchy: TPM2_RH_NULL, digest: Default::default() };
        let signed = link.in_session(|context| context.sign(handle, digest, scheme, ticket.try_into()?))?;
        link::signature_of(&signed).ok_or_else(link::not_a_signature)
    }
}

impl Signer for TpmKey {
    fn public(&self) -> &VerifyKey {
        &self.public
    }

    fn rest(&self) {
        self.tpm.rest();
    }

    fn es256(&self, bytes: &[u8]) -> Result<[u8; 64], SignFault> {
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        let signature = self.tpm.with(|link| self.sign_by(link, &digest)).map_err(|fault| {
            tracing::error!(%fault, "the TPM did not sign");
            SignFault
        })?;
        // A chip that fails may sign wrongly: better no record now than one that nobody believes.
        self.public.verifying_key().verify(bytes, &signature).map_err(|_| {
            tracing::error!("the TPM signed wrongly");
            SignFault
        })?;
        Ok(signature.normalize_s().to_bytes().into())
    }
}

impl std::fmt::Debug for TpmKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TpmKey({})", self.public.id())
    }
}

/// A new salt, and the authorisation value that the passphrase gives with it.
fn new_auth(path: &Path, passphrase: &Passphrase, cost: Cost) -> Result<([u8; 16], Auth), KeyFault> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|_| KeyFault::Randomness)?;
    Ok((salt, auth_of(path, passphrase, &salt, cost)?))
}

fn auth_of(path: &Path, passphrase: &Passphrase, salt: &[u8], cost: Cost) -> Result<Auth, KeyFault> {
    if !cost.allowed() {
        return Err(KeyFault::TooCheap(path.into()));
    }
    let not_a_key = || KeyFault::NotAKey(path.into(), "TPM");
    let mut derived = derive(passphrase, salt, cost).ok_or_else(not_a_key)?;
    // A TPM takes zeros at the end for no part of the value.
    derived[31] |= 1;
    Auth::try_from(Zeroizing::new(derived.to_vec()).to_vec()).map_err(|_| not_a_key())
}
