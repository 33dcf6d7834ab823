//! A private key in a file that opens with a passphrase: argon2id (RFC 9106) makes the key of AES-256-GCM.
//!
//! The file is JSON, and names its algorithms and the cost of a guess. All that is readable in it is authenticated with
//! the sealed key: a file in which the cost was lowered does not open.

use super::{FileKey, KeyFault, MAX_KEY_FILE, read_key_file, replace, write_new};
use crate::format::cbor::{Node, encode};
use crate::hex;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use argon2::{Algorithm, Argon2, Params, Version};
use p256::SecretKey;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use zeroize::Zeroizing;

const FORMAT: &str = "gatepost sealed key 1";
const KDF: &str = "argon2id";
const CIPHER: &str = "AES-256-GCM";

/// Fewest characters of a passphrase. Five words of a list, or as many characters as nobody guesses at this cost.
const SHORTEST_PASSPHRASE: usize = 12;

/// Longest passphrase in bytes: a wrong file is not taken for one.
const LONGEST_PASSPHRASE: usize = 1024;

/// What one guess of the passphrase costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Cost {
    /// 64 MiB, three passes, one lane. RFC 9106, section 4, recommends this memory and these passes where memory is
    /// short; one lane because a kiosk starts other programs at the same time.
    pub const USUAL: Self = Self { memory_kib: 64 << 10, passes: 3, lanes: 1 };

    /// 19 MiB, two passes, one lane: the least that OWASP's password storage cheat sheet allows for argon2id. A file
    /// that costs less is refused.
    pub const LEAST: Self = Self { memory_kib: 19 << 10, passes: 2, lanes: 1 };

    /// 1 GiB and 16 passes and lanes: beyond, a file would stop the station from starting.
    const MOST: Self = Self { memory_kib: 1 << 20, passes: 16, lanes: 16 };

    pub(super) fn allowed(self) -> bool {
        let within = |value: u32, least: u32, most: u32| (least..=most).contains(&value);
        within(self.memory_kib, Self::LEAST.memory_kib, Self::MOST.memory_kib)
            && within(self.passes, Self::LEAST.passes, Self::MOST.passes)
            && within(self.lanes, Self::LEAST.lanes, Self::MOST.lanes)
    }
}

/// A passphrase that is long enough. It is wiped on drop and has no text form.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Takes a passphrase; one line break at its end is not part of it, since editors add one.
    pub fn new(text: Zeroizing<String>) -> Result<Self, KeyFault> {
        let trimmed = Zeroizing::new(text.strip_suffix('\n').unwrap_or(&text).to_owned());
        let fits = trimmed.chars().count() >= SHORTEST_PASSPHRASE && trimmed.len() <= LONGEST_PASSPHRASE;
        if fits { Ok(Self(trimmed)) } else { Err(KeyFault::Passphrase) }
    }

    /// The passphrase that systemd shows a service as a file of this name, in the folder of its credentials. `None`
    /// where there is no such file.
    pub fn from_credential(folder: &Path, name: &str) -> Result<Option<Self>, KeyFault> {
        let path = folder.join(name);
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(|error| KeyFault::Io(path.clone(), error))?,
        };
        // Room for all of it from the beginning: a string that grows leaves copies behind.
        let most = LONGEST_PASSPHRASE + 2;
        let mut text = Zeroizing::new(String::with_capacity(most));
        file.take(most as u64).read_to_string(&mut text).map_err(|error| KeyFault::Io(path, error))?;
        Self::new(text).map(Some)
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SealedFile {
    format: String,
    key: String,
    kdf: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    cipher: String,
    nonce: String,
    sealed: String,
}

impl FileKey {
    /// Makes a new key and writes it, sealed, to a new file with mode 0600. An existing file is left alone, and an
    /// error.
    pub fn create_sealed(path: &Path, passphrase: &Passphrase, cost: Cost) -> Result<Self, KeyFault> {
        let secret = super::new_secret()?;
        let key = Self::of(&secret);
        let text = seal(path, &secret, &key, passphrase, cost)?;
        write_new(path, &text, 0o600)?;
        Ok(key)
    }

    /// Opens a key that [`FileKey::create_sealed`] has written.
    ///
    /// # Errors
    /// [`KeyFault::NotSealed`] for a plain key, [`KeyFault::WrongPassphrase`] also when the file was altered,
    /// [`KeyFault::TooCheap`] and [`KeyFault::UnknownAlgorithm`] before the passphrase is used.
    pub fn open_sealed(path: &Path, passphrase: &Passphrase) -> Result<Self, KeyFault> {
        let bytes = read_key_file(path, true)?;
        let file: SealedFile = match serde_json::from_slice(&bytes) {
            Ok(file) => file,
            Err(_) if super::parse_secret(&bytes).is_some() => return Err(KeyFault::NotSealed(path.into())),
            Err(_) => return Err(KeyFault::NotAKey(path.into(), "sealed")),
        };
        let known = [("format", &file.format, FORMAT), ("kdf", &file.kdf, KDF), ("cipher", &file.cipher, CIPHER)];
        if let Some((what, ..)) = known.into_iter().find(|(_, found, expected)| found != expected) {
            return Err(KeyFault::UnknownAlgorithm(path.into(), what));
        }
        if !file.cost().allowed() {
            return Err(KeyFault::TooCheap(path.into()));
        }
        let secret = file.open(passphrase).ok_or_else(|| KeyFault::WrongPassphrase(path.into()))?;
        let key = Self::of(&secret);
        if key.public.id == file.key { Ok(key) } else { Err(KeyFault::NotAKey(path.into(), "sealed")) }
    }

    /// Seals the plain key of a file in its place, as stations before had them.
    ///
    /// The file is replaced, not overwritten: blocks of the disk may still hold the plain key.
    pub fn seal_in_place(path: &Path, passphrase: &Passphrase, cost: Cost) -> Result<Self, KeyFault> {
        let secret = super::load_secret(path)?;
        let key = Self::of(&secret);
        replace(path, &seal(path, &secret, &key, passphrase, cost)?)?;
        Ok(key)
    }
}

impl SealedFile {
    fn cost(&self) -> Cost {
        Cost { memory_kib: self.memory_kib, passes: self.passes, lanes: self.lanes }
    }

    /// Everything but the sealed key, in one form.
    fn binding(&self) -> Zeroizing<Vec<u8>> {
        let numbers = [self.memory_kib, self.passes, self.lanes].map(|number| Node::Uint(number.into()));
        let texts = [&self.format, &self.key, &self.kdf, &self.salt, &self.cipher, &self.nonce];
        encode(&Node::Array(numbers.into_iter().chain(texts.map(|text| Node::text(text))).collect()))
    }

    fn open(&self, passphrase: &Passphrase) -> Option<SecretKey> {
        let (salt, nonce, sealed) = (unhex(&self.salt)?, unhex(&self.nonce)?, unhex(&self.sealed)?);
        let nonce: [u8; 12] = nonce.try_into().ok()?;
        let cipher = cipher(passphrase, &salt, self.cost())?;
        let payload = Payload { msg: &sealed, aad: &self.binding() };
        let plain = Zeroizing::new(cipher.decrypt(&Nonce::from(nonce), payload).ok()?);
        SecretKey::from_pkcs8_der(&plain).ok()
    }
}

fn seal(
    path: &Path,
    secret: &SecretKey,
    key: &FileKey,
    passphrase: &Passphrase,
    cost: Cost,
) -> Result<Vec<u8>, KeyFault> {
    if !cost.allowed() {
        return Err(KeyFault::TooCheap(path.into()));
    }
    let (mut salt, mut nonce) = ([0; 16], [0; 12]);
    getrandom::fill(&mut salt).and_then(|()| getrandom::fill(&mut nonce)).map_err(|_| KeyFault::Randomness)?;
    let mut file = SealedFile {
        format: FORMAT.into(),
        key: key.public.id.clone(),
        kdf: KDF.into(),
        memory_kib: cost.memory_kib,
        passes: cost.passes,
        lanes: cost.lanes,
        salt: hex(&salt),
        cipher: CIPHER.into(),
        nonce: hex(&nonce),
        sealed: String::new(),
    };
    let not_sealed = || KeyFault::NotAKey(path.into(), "private");
    let plain = secret.to_pkcs8_der().map_err(|_| not_sealed())?;
    let cipher = cipher(passphrase, &salt, cost).ok_or_else(not_sealed)?;
    let payload = Payload { msg: plain.as_bytes(), aad: &file.binding() };
    file.sealed = hex(&cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| not_sealed())?);
    let mut text = serde_json::to_vec_pretty(&file).map_err(|_| not_sealed())?;
    text.push(b'\n');
    debug_assert!(text.len() < MAX_KEY_FILE as usize);
    Ok(text)
}

/// 32 bytes that the passphrase gives with this salt, at this cost.
pub(super) fn derive(passphrase: &Passphrase, salt: &[u8], cost: Cost) -> Option<Zeroizing<[u8; 32]>> {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).ok()?;
    let mut key = Zeroizing::new([0; 32]);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into(passphrase.0.as_bytes(), salt, key.as_mut_slice()).ok()?;
    Some(key)
}

fn cipher(passphrase: &Passphrase, salt: &[u8], cost: Cost) -> Option<Aes256Gcm> {
    let key = derive(passphrase, salt, cost)?;
    Some(Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key)))
}

pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !digits || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Signer;
    use proptest::prelude::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    /// The least cost that a file may have: these tests open keys dozens of times.
    const COST: Cost = Cost::LEAST;

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(Zeroizing::new(text.into())).unwrap()
    }

    #[test]
    fn a_sealed_key_opens_with_its_passphrase_only_and_signs() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("station.key");
        let right = passphrase("correct horse battery\n");
        let made = FileKey::create_sealed(&path, &right, COST).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let opened = FileKey::open_sealed(&path, &passphrase("correct horse battery")).unwrap();
        assert_eq!(opened.public(), made.public());
        let signature = p256::ecdsa::Signature::from_slice(&opened.es256(b"message").unwrap()).unwrap();
        use p256::ecdsa::signature::Verifier;
        assert!(made.public().verifying_key().verify(b"message", &signature).is_ok());
        for wrong in ["correct horse batteri", "correct horse battery ", "CORRECT HORSE BATTERY"] {
            let refused = FileKey::open_sealed(&path, &passphrase(wrong));
            assert!(matches!(refused, Err(KeyFault::WrongPassphrase(_))), "{wrong}");
        }
        assert!(matches!(FileKey::create_sealed(&path, &right, COST), Err(KeyFault::Io(..))), "never overwritten");
        assert!(matches!(FileKey::load(&path), Err(KeyFault::NotAKey(..))), "it is no plain key");
        fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        assert!(matches!(FileKey::open_sealed(&path, &right), Err(KeyFault::Exposed(_))));
    }

    #[test]
    fn a_plain_key_is_refused_and_can_be_sealed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("station.key");
        let plain = FileKey::create(&path).unwrap();
        let pass = passphrase("a long passphrase");
        let refused = FileKey::open_sealed(&path, &pass).unwrap_err();
        assert!(matches!(refused, KeyFault::NotSealed(_)), "{refused}");
        assert!(refused.to_string().contains("gatepost key seal"), "it says what to do: {refused}");
        FileKey::seal_in_place(&path, &pass, COST).unwrap();
        assert_eq!(FileKey::open_sealed(&path, &pass).unwrap().public(), plain.public());
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("PRIVATE KEY"), "{text}");
    }

    #[test]
    fn what_is_weaker_or_unknown_is_refused_before_a_guess() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let pass = passphrase("a long passphrase");
        FileKey::create_sealed(&at("good"), &pass, COST).unwrap();
        let good: serde_json::Value = serde_json::from_slice(&fs::read(at("good")).unwrap()).unwrap();
        type Expected = fn(&KeyFault) -> bool;
        let cheap: Expected = |fault| matches!(fault, KeyFault::TooCheap(_));
        let unknown: Expected = |fault| matches!(fault, KeyFault::UnknownAlgorithm(..));
        let wrong: Expected = |fault| matches!(fault, KeyFault::WrongPassphrase(_));
        let rows: [(&str, serde_json::Value, Expected); 11] = [
            ("memory_kib", 19.into(), cheap),
            ("memory_kib", (19 * 1024 - 1).into(), cheap),
            ("memory_kib", u32::MAX.into(), cheap),
            ("passes", 1.into(), cheap),
            ("lanes", 0.into(), cheap),
            ("kdf", "argon2i".into(), unknown),
            ("cipher", "AES-128-GCM".into(), unknown),
            ("format", "gatepost sealed key 9".into(), unknown),
            // Allowed, and not what was sealed.
            ("passes", 3.into(), wrong),
            ("key", "0123456789abcdef".into(), wrong),
            ("salt", "00".repeat(16).into(), wrong),
        ];
        for (field, value, expected) in rows {
            let mut file = good.clone();
            file[field] = value.clone();
            let path = at("altered");
            crate::keys::replace(&path, file.to_string().as_bytes()).unwrap();
            let fault = FileKey::open_sealed(&path, &pass).unwrap_err();
            assert!(expected(&fault), "{field} = {value}: {fault}");
        }
        let cheap = Cost { memory_kib: 8, ..Cost::LEAST };
        assert!(matches!(FileKey::create_sealed(&at("cheap"), &pass, cheap), Err(KeyFault::TooCheap(_))));
    }

    #[test]
    fn short_passphrases_are_refused() {
        for (text, fits) in [("", false), ("elevenchars", false), ("elevenchars\n", false), ("twelve chars", true)] {
            assert_eq!(Passphrase::new(Zeroizing::new(text.into())).is_ok(), fits, "{text:?}");
        }
        assert!(Passphrase::new(Zeroizing::new("x".repeat(1025))).is_err());
        assert_eq!(format!("{:?}", passphrase("a long passphrase")), "Passphrase(..)");
    }

    proptest! {
        #[test]
        fn arbitrary_files_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("key");
            crate::keys::replace(&path, &bytes).unwrap();
            prop_assert!(FileKey::open_sealed(&path, &passphrase("a long passphrase")).is_err());
        }
    }
}
