//! Keys in files: the station's signing key, the intake's receipt key, and both halves of the authority's key.
//!
//! All of them are P-256. A station's private keys are sealed by a passphrase; those of the intake and of the authority,
//! which lie on machines of another kind, are PKCS#8 in PEM, readable by their owner alone. Public keys are
//! SubjectPublicKeyInfo in PEM or DER, so that `openssl pkey` reads every one of them.

mod application;
mod patient;
mod place;
mod rotation;
mod sealed;
mod signer;
mod succession;
#[cfg(feature = "tpm")]
mod tpm;
mod tpm_fault;

pub use application::{Application, ApplicationRefused};
pub use patient::{PatientCounter, PatientSigner};
pub use place::KeyPlace;
pub use rotation::{MAX_OVERLAP_MS, Rotation, RotationRefused};
pub use sealed::{Cost, Passphrase};
pub use signer::{Signer, der_signature};
pub use succession::{ReceiptKeys, Succession, SuccessionRefused};
pub use tpm_fault::TpmFault;

use hpke::Deserializable;
use p256::ecdsa::{SigningKey, VerifyingKey};
use p256::elliptic_curve::Generate;
use p256::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use p256::{PublicKey, SecretKey};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::seal::Kem;

/// Larger than any key file; a wrong file is not read to its end.
const MAX_KEY_FILE: u64 = 16 << 10;

/// A key that cannot be made or used. It names the file, never what is in it.
#[derive(Debug, Error)]
pub enum KeyFault {
    /// Others than the owner may read the file.
    #[error("{}: others than its owner may read this private key; set its mode to 0600", .0.display())]
    Exposed(PathBuf),
    /// The file cannot be read or written.
    #[error("{path}: {1}", path = .0.display())]
    Io(PathBuf, #[source] io::Error),
    /// Not a P-256 key of the wanted half.
    #[error("{path}: not a P-256 {1} key in PEM or DER", path = .0.display())]
    NotAKey(PathBuf, &'static str),
    /// A key in a file where the configuration wants one in a TPM.
    #[error("{path}: this key is in a file, and the configuration wants it in a TPM. Run `gatepost key rotate`", path = .0.display())]
    NotInTpm(PathBuf),
    /// Made by another TPM, or by this one before it was cleared, or altered.
    #[error(
        "{path}: this key is not of this TPM, or the TPM was cleared, or the file was altered. Put the station's own \
         TPM back; if it is lost, the station needs a new key that the intake is told of",
        path = .0.display()
    )]
    OtherTpm(PathBuf),
    /// A plain key where a sealed one must be.
    #[error("{path}: this private key lies open on the disk. Seal it by `gatepost key seal`", path = .0.display())]
    NotSealed(PathBuf),
    /// Too short to protect anything, or no passphrase at all.
    #[error("a passphrase has 12 characters at least, and 1024 bytes at most")]
    Passphrase,
    /// The system gave no randomness.
    #[error("the system gave no randomness for a new key")]
    Randomness,
    /// A guess would cost less than is allowed, or so much that no station would start.
    #[error("{path}: the cost of a guess is outside of what is allowed; make the file anew", path = .0.display())]
    TooCheap(PathBuf),
    /// The file names an algorithm or a format that this program does not know.
    #[error("{path}: its {1} is not known to this program", path = .0.display())]
    UnknownAlgorithm(PathBuf, &'static str),
    /// The TPM.
    #[error(transparent)]
    Tpm(#[from] TpmFault),
    /// It does not open.
    #[error("{path}: the passphrase does not open it, or it was altered", path = .0.display())]
    WrongPassphrase(PathBuf),
}

/// A private key from a file, mode 0600, that signs by ES256: the station's records or the intake's receipts.
pub struct FileKey {
    key: SigningKey,
    public: VerifyKey,
}

/// The public half of a [`FileKey`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyKey {
    key: VerifyingKey,
    id: String,
}

/// The authority's public key: bodies are sealed to it.
#[derive(Clone)]
pub struct AuthorityKey {
    pub(crate) key: <Kem as hpke::Kem>::PublicKey,
    id: String,
}

/// The authority's private key. No station has it.
pub struct AuthoritySecret {
    pub(crate) key: <Kem as hpke::Kem>::PrivateKey,
    public: AuthorityKey,
}

impl FileKey {
    /// Makes a new key and writes it to a new file with mode 0600. An existing file is left alone, and an error.
    pub fn create(path: &Path) -> Result<Self, KeyFault> {
        Ok(Self::of(&create_secret(path)?))
    }

    /// Loads a key. A file that others than its owner may read is refused.
    pub fn load(path: &Path) -> Result<Self, KeyFault> {
        Ok(Self::of(&load_secret(path)?))
    }

    /// The public half.
    pub fn public(&self) -> &VerifyKey {
        &self.public
    }

    fn of(secret: &SecretKey) -> Self {
        let public = VerifyKey { key: secret.public_key().into(), id: key_id(&secret.public_key()) };
        Self { key: secret.into(), public }
    }
}

impl std::fmt::Debug for FileKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileKey({})", self.public.id)
    }
}

impl VerifyKey {
    /// Loads a public key, PEM or DER.
    pub fn load(path: &Path) -> Result<Self, KeyFault> {
        Ok(Self::of(load_public(path)?))
    }

    /// Reads a public key from PEM text.
    pub fn from_pem(pem: &str) -> Option<Self> {
        PublicKey::from_public_key_pem(pem).ok().map(Self::of)
    }

    /// Reads a public key from a SubjectPublicKeyInfo in DER.
    pub fn from_der(der: &[u8]) -> Option<Self> {
        PublicKey::from_public_key_der(der).ok().map(Self::of)
    }

    /// The key as SubjectPublicKeyInfo in DER.
    pub fn to_der(&self) -> Vec<u8> {
        // A valid point always has an encoding.
        PublicKey::from(&self.key).to_public_key_der().map_or_else(|_| Vec::new(), |der| der.as_bytes().to_vec())
    }

    /// The key as an uncompressed point (SEC 1, 2.3.3): 65 bytes.
    pub fn to_point(&self) -> Vec<u8> {
        uncompressed(&PublicKey::from(&self.key))
    }

    /// The key as PEM.
    pub fn to_pem(&self) -> String {
        pem_of(&PublicKey::from(&self.key))
    }

    /// Writes the key as PEM to a new file.
    pub fn write(&self, path: &Path) -> Result<(), KeyFault> {
        write_new(path, self.to_pem().as_bytes(), 0o644)
    }

    /// First 8 bytes of SHA-256 of the key (SubjectPublicKeyInfo, DER), in hexadecimal.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn verifying_key(&self) -> &VerifyingKey {
        &self.key
    }

    fn of(key: PublicKey) -> Self {
        Self { id: key_id(&key), key: key.into() }
    }
}

impl AuthorityKey {
    /// Loads the authority's public key, PEM or DER.
    pub fn load(path: &Path) -> Result<Self, KeyFault> {
        Self::of(&load_public(path)?).ok_or_else(|| KeyFault::NotAKey(path.into(), "public"))
    }

    /// Reads a public key from PEM text.
    pub fn from_pem(pem: &str) -> Option<Self> {
        PublicKey::from_public_key_pem(pem).ok().and_then(|key| Self::of(&key))
    }

    /// First 8 bytes of SHA-256 of the key (SubjectPublicKeyInfo, DER), in hexadecimal.
    pub fn id(&self) -> &str {
        &self.id
    }

    fn of(key: &PublicKey) -> Option<Self> {
        let sealing = <Kem as hpke::Kem>::PublicKey::from_bytes(&uncompressed(key)).ok()?;
        Some(Self { key: sealing, id: key_id(key) })
    }
}

impl std::fmt::Debug for AuthorityKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AuthorityKey({})", self.id)
    }
}

impl AuthoritySecret {
    /// Makes a new key pair: the private half to a new file with mode 0600, the public half beside it.
    pub fn create(private: &Path, public: &Path) -> Result<Self, KeyFault> {
        let secret = create_secret(private)?;
        write_new(public, pem_of(&secret.public_key()).as_bytes(), 0o644)?;
        Self::of(&secret).ok_or_else(|| KeyFault::NotAKey(private.into(), "private"))
    }

    /// Loads the private key. A file that others than its owner may read is refused.
    pub fn load(path: &Path) -> Result<Self, KeyFault> {
        Self::of(&load_secret(path)?).ok_or_else(|| KeyFault::NotAKey(path.into(), "private"))
    }

    /// The public half.
    pub fn public(&self) -> &AuthorityKey {
        &self.public
    }

    fn of(secret: &SecretKey) -> Option<Self> {
        let scalar = Zeroizing::new(secret.to_bytes());
        let key = <Kem as hpke::Kem>::PrivateKey::from_bytes(&scalar).ok()?;
        Some(Self { key, public: AuthorityKey::of(&secret.public_key())? })
    }
}

impl std::fmt::Debug for AuthoritySecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AuthoritySecret({})", self.public.id)
    }
}

fn uncompressed(key: &PublicKey) -> Vec<u8> {
    use p256::elliptic_curve::sec1::ToSec1Point;
    key.to_sec1_point(false).as_bytes().to_vec()
}

fn key_id(key: &PublicKey) -> String {
    // A valid point always has an encoding; the uncompressed point stands in so that there is no panic to reason about.
    let encoded = key.to_public_key_der().map_or_else(|_| uncompressed(key), |der| der.as_bytes().to_vec());
    crate::hex(&Sha256::digest(encoded)[..8])
}

fn pem_of(key: &PublicKey) -> String {
    key.to_public_key_pem(LineEnding::LF).unwrap_or_default()
}

/// Puts a file with mode 0600 durably in the place of another, or of none: there is always one whole file of this name.
///
/// # Errors
/// [`KeyFault::Io`], with the file as it was before.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), KeyFault> {
    let mut next = path.as_os_str().to_owned();
    next.push(".next");
    let next = PathBuf::from(next);
    // Left by a crash in the middle of this; nobody uses it.
    let _ = std::fs::remove_file(&next);
    write_new(&next, bytes, 0o600)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let renamed = std::fs::rename(&next, path).and_then(|()| File::open(folder)?.sync_all());
    renamed.map_err(|error| KeyFault::Io(path.into(), error))
}

fn new_secret() -> Result<SecretKey, KeyFault> {
    SecretKey::try_generate().map_err(|_| KeyFault::Randomness)
}

fn create_secret(path: &Path) -> Result<SecretKey, KeyFault> {
    let secret = new_secret()?;
    let pem = secret.to_pkcs8_pem(LineEnding::LF).map_err(|_| KeyFault::NotAKey(path.into(), "private"))?;
    write_new(path, pem.as_bytes(), 0o600)?;
    Ok(secret)
}

/// Writes a new file durably.
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), KeyFault> {
    // Under another name first: a key that was cut in the middle would keep its name from ever being made.
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    let write = || {
        let _ = std::fs::remove_file(&new);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::hard_link(&new, path)?;
        std::fs::remove_file(&new)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    };
    write().map_err(|error| {
        let _ = std::fs::remove_file(&new);
        KeyFault::Io(path.into(), error)
    })
}

fn load_secret(path: &Path) -> Result<SecretKey, KeyFault> {
    let bytes = read_key_file(path, true)?;
    parse_secret(&bytes).ok_or_else(|| KeyFault::NotAKey(path.into(), "private"))
}

fn parse_secret(bytes: &[u8]) -> Option<SecretKey> {
    let text = std::str::from_utf8(bytes).ok();
    text.and_then(|pem| SecretKey::from_pkcs8_pem(pem).ok()).or_else(|| SecretKey::from_pkcs8_der(bytes).ok())
}

fn load_public(path: &Path) -> Result<PublicKey, KeyFault> {
    let bytes = read_key_file(path, false)?;
    let text = std::str::from_utf8(&bytes).ok();
    text.and_then(|pem| PublicKey::from_public_key_pem(pem).ok())
        .or_else(|| PublicKey::from_public_key_der(&bytes).ok())
        .ok_or_else(|| KeyFault::NotAKey(path.into(), "public"))
}

fn read_key_file(path: &Path, private: bool) -> Result<Zeroizing<Vec<u8>>, KeyFault> {
    let io = |error| KeyFault::Io(path.into(), error);
    let file = File::open(path).map_err(io)?;
    // The mode of the opened file, not of the path: nobody can swap it in between.
    let mode = file.metadata().map_err(io)?.permissions().mode();
    if private && mode & 0o077 != 0 {
        return Err(KeyFault::Exposed(path.into()));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_KEY_FILE as usize));
    file.take(MAX_KEY_FILE).read_to_end(&mut bytes).map_err(io)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("station.key");
        let made = FileKey::create(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(FileKey::load(&path).unwrap().public(), made.public());
        assert!(matches!(FileKey::create(&path), Err(KeyFault::Io(..))), "an existing key is never overwritten");
        for mode in [0o640, 0o604, 0o660, 0o644] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            assert!(matches!(FileKey::load(&path), Err(KeyFault::Exposed(_))), "mode {mode:o}");
        }
    }

    #[test]
    fn public_halves_come_back_from_their_files() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let station = FileKey::create(&at("s.key")).unwrap();
        station.public().write(&at("s.pub")).unwrap();
        assert_eq!(&VerifyKey::load(&at("s.pub")).unwrap(), station.public());
        assert_eq!(VerifyKey::from_pem(&station.public().to_pem()).as_ref(), Some(station.public()));
        assert_eq!(station.public().id().len(), 16);

        let secret = AuthoritySecret::create(&at("a.key"), &at("a.pub")).unwrap();
        assert_eq!(AuthorityKey::load(&at("a.pub")).unwrap().id(), secret.public().id());
        assert_eq!(AuthoritySecret::load(&at("a.key")).unwrap().public().id(), secret.public().id());
        assert!(matches!(AuthorityKey::load(&at("s.key")), Err(KeyFault::NotAKey(..))));
        assert!(matches!(VerifyKey::load(&at("none")), Err(KeyFault::Io(..))));
    }
}
