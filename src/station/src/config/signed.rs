//! Signed policy packs. Beside `NAME.toml` lies `NAME.toml.sig`: who vouches for these bytes, and since which day.
//!
//! ECDSA over P-256 with SHA-256 (FIPS 186-5), over a prefix of our own, the day and the digest of the pack, so that no
//! signature for something else can stand in. A pack is judged only after its signature holds.

use super::ConfigFault;
use crate::people::hex;
use domain::policy::{MAX_PACK_BYTES, Pack};
use jiff::civil::Date;
use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::pkcs8::{DecodePrivateKey, DecodePublicKey};
use p256::{PublicKey, SecretKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use store::{FileKey, KeyFault, VerifyKey};
use thiserror::Error;
use zeroize::Zeroizing;

/// What is signed begins with this.
const PURPOSE: &[u8] = b"gatepost policy pack, version 1\0";

/// A signature file has about 200 bytes; more is something else.
const MAX_SIGNATURE_BYTES: u64 = 4096;

/// The file beside a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackSignature {
    /// Name of the key: the first 8 bytes of SHA-256 of its SubjectPublicKeyInfo, hexadecimal.
    pub key: String,
    /// The day on which the authority signed: `2026-11-22`. A pack signed earlier never replaces one signed later.
    pub signed: Date,
    /// r and s, 64 bytes, hexadecimal.
    pub signature: String,
}

/// A pack whose signature holds.
#[derive(Clone, Debug)]
pub struct SignedPack {
    /// The pack.
    pub pack: Pack,
    /// SHA-256 of its text, hexadecimal.
    pub digest: String,
    /// When it was signed.
    pub signed: Date,
    /// By which key.
    pub key: String,
    /// The text that was signed.
    pub text: String,
    /// The signature over it.
    pub signature: PackSignature,
}

/// A signature that is not there, or does not hold.
#[derive(Debug, Error)]
pub enum SignatureFault {
    /// The file is not a signature file.
    #[error("not a signature file: {0}. Sign the pack again: gatepost policy sign")]
    Malformed(String),
    /// The key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// Signed by somebody else.
    #[error("signed by the key {0}, and this station trusts {1}. Only the authority's packs are taken")]
    OtherKey(String, String),
    /// The signature is not over this text.
    #[error("the signature does not belong to this text. Sign the pack again, or fetch pack and signature together")]
    NotOfThisText,
}

impl SignedPack {
    /// Which pack decides, as records state it: identifier, version, digest, day and key of the signature.
    pub fn version(&self) -> String {
        let Self { pack, digest, signed, key, .. } = self;
        format!("{} sha256:{digest} signed {signed} by {key}", pack.label())
    }
}

/// The signature file of a pack: its name with `.sig`.
pub fn signature_file(pack: &Path) -> PathBuf {
    let mut name = pack.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}

/// Signs the text of a pack with the authority's private key, on this day.
///
/// # Errors
/// When the key file cannot be read, is open to others, or holds no P-256 private key.
pub fn sign(text: &str, signed: Date, key_file: &Path) -> Result<PackSignature, SignatureFault> {
    // The store's reader refuses a file that others may read, and names the key.
    let key = FileKey::load(key_file)?.public().id().to_owned();
    let pem = fs::read_to_string(key_file).map(Zeroizing::new);
    let pem = pem.map_err(|error| KeyFault::Io(key_file.into(), error))?;
    let secret = SecretKey::from_pkcs8_pem(&pem).map_err(|_| KeyFault::NotAKey(key_file.into(), "private"))?;
    let signature: Signature = SigningKey::from(secret).sign(&message(text, signed));
    Ok(PackSignature { key, signed, signature: hex(&signature.normalize_s().to_bytes()) })
}

/// Verifies a signature file over the text of a pack.
///
/// # Errors
/// When the file is malformed, another key's, or not over this text and day.
pub fn verify(text: &str, signature_text: &str, trust: &VerifyKey) -> Result<PackSignature, SignatureFault> {
    let file: PackSignature =
        toml::from_str(signature_text).map_err(|error| SignatureFault::Malformed(error.message().into()))?;
    holds(text, &file, trust)?;
    Ok(file)
}

/// Verifies a signature over the text of a pack.
fn holds(text: &str, file: &PackSignature, trust: &VerifyKey) -> Result<(), SignatureFault> {
    let malformed = |why: &str| SignatureFault::Malformed(why.into());
    if file.key != trust.id() {
        return Err(SignatureFault::OtherKey(file.key.clone(), trust.id().into()));
    }
    let bytes = unhex(&file.signature).ok_or_else(|| malformed("the signature is not 64 bytes in hexadecimal"))?;
    let signature = Signature::from_slice(&bytes).map_err(|_| malformed("the signature is out of range"))?;
    // One spelling only, as for records: the other half of the range would be a second signature of the same text.
    if signature.normalize_s() != signature {
        return Err(malformed("the signature is not in its one spelling"));
    }
    let key = PublicKey::from_public_key_pem(&trust.to_pem()).map_err(|_| malformed("the trusted key is unusable"))?;
    let holds = VerifyingKey::from(key).verify(&message(text, file.signed), &signature);
    holds.map_err(|_| SignatureFault::NotOfThisText)
}

/// Reads a pack and the signature beside it, verifies, and only then parses: by the validator of `gatepost policy check`.
///
/// # Errors
/// Every fault, with its file.
pub fn read(path: &Path, trust: &VerifyKey) -> Result<SignedPack, Vec<ConfigFault>> {
    let limit = u64::try_from(MAX_PACK_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let text = bounded(path, limit).map_err(|text| vec![fault(path, None, text)])?;
    let beside = signature_file(path);
    let unsigned = |text| format!("the pack is not signed: {text}. The authority signs it: gatepost policy sign");
    let signature = bounded(&beside, MAX_SIGNATURE_BYTES).map_err(|text| vec![fault(&beside, None, unsigned(text))])?;
    judge(path, text, &signature, trust)
}

/// The same for texts that somebody brings: pack and signature file.
///
/// # Errors
/// Every fault, under this file's name.
pub fn judge(file: &Path, text: String, signature: &str, trust: &VerifyKey) -> Result<SignedPack, Vec<ConfigFault>> {
    let told = |error: SignatureFault| vec![fault(&signature_file(file), None, error.to_string())];
    let by = verify(&text, signature, trust).map_err(told)?;
    parsed(file, text, by)
}

/// The same for a text and a signature that were read before.
///
/// # Errors
/// Every fault, under this file's name.
pub(super) fn verified(
    file: &Path,
    text: String,
    signature: PackSignature,
    trust: &VerifyKey,
) -> Result<SignedPack, Vec<ConfigFault>> {
    holds(&text, &signature, trust).map_err(|error| vec![fault(file, None, error.to_string())])?;
    parsed(file, text, signature)
}

fn parsed(path: &Path, text: String, signature: PackSignature) -> Result<SignedPack, Vec<ConfigFault>> {
    let pack = Pack::parse(&text).map_err(|found| {
        let told = found.0.into_iter().map(|of_pack| fault(path, of_pack.line, of_pack.text));
        told.collect::<Vec<_>>()
    })?;
    let (digest, signed, key) = (hex(&Sha256::digest(text.as_bytes())), signature.signed, signature.key.clone());
    Ok(SignedPack { pack, digest, signed, key, text, signature })
}

/// Text of a file that is not longer than it should be.
pub(super) fn bounded(path: &Path, limit: u64) -> Result<String, String> {
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|file| file.take(limit).read_to_string(&mut text));
    read.map(|_| text).map_err(|error| format!("cannot be read: {error}"))
}

fn fault(file: &Path, line: Option<usize>, text: String) -> ConfigFault {
    ConfigFault { file: file.display().to_string(), line, text }
}

fn message(text: &str, signed: Date) -> Vec<u8> {
    [PURPOSE, signed.to_string().as_bytes(), b"\0", &Sha256::digest(text.as_bytes())].concat()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.len() == 128 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let pair = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    digits.then(|| (0..128).step_by(2).map(pair).collect()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    const TEXT: &str = "[pack]\nid = \"a\"\n";

    fn keys() -> (tempfile::TempDir, PathBuf, FileKey) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("authority.key");
        let key = FileKey::create(&path).unwrap();
        (dir, path, key)
    }

    #[test]
    fn a_signature_holds_for_its_text_its_day_and_its_key_alone() {
        let (_dir, path, key) = keys();
        let (_other_dir, _, other) = keys();
        let signed = sign(TEXT, date(2026, 11, 22), &path).unwrap();
        let file = toml::to_string(&signed).unwrap();
        assert_eq!(verify(TEXT, &file, key.public()).unwrap(), signed);
        assert!(matches!(verify(TEXT, &file, other.public()), Err(SignatureFault::OtherKey(..))));
        let posing = file.replace(key.public().id(), other.public().id());
        assert!(matches!(verify(TEXT, &posing, other.public()), Err(SignatureFault::NotOfThisText)));
        let later = file.replace("2026-11-22", "2026-11-23");
        assert!(matches!(verify(TEXT, &later, key.public()), Err(SignatureFault::NotOfThisText)));
        let changed = TEXT.replace('a', "b");
        assert!(matches!(verify(&changed, &file, key.public()), Err(SignatureFault::NotOfThisText)));
        for broken in [file.replace("signature", "sig"), format!("{file}more = 1\n"), file.replace("signed =", "#")] {
            assert!(matches!(verify(TEXT, &broken, key.public()), Err(SignatureFault::Malformed(_))), "{broken}");
        }
    }

    #[test]
    fn a_key_that_others_may_read_signs_nothing() {
        use std::os::unix::fs::PermissionsExt;
        let (_dir, path, _) = keys();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(sign(TEXT, date(2026, 1, 1), &path), Err(SignatureFault::Key(KeyFault::Exposed(_)))));
    }

    proptest! {
        #[test]
        fn no_other_bytes_are_a_signature(text in "(?s).{0,200}", digits in "[0-9a-f]{128}") {
            let (_dir, _, key) = keys();
            prop_assert!(verify(TEXT, &text, key.public()).is_err());
            let posing = format!("key = \"{}\"\nsigned = \"2026-11-22\"\nsignature = \"{digits}\"\n", key.public().id());
            prop_assert!(verify(TEXT, &posing, key.public()).is_err());
        }
    }
}
