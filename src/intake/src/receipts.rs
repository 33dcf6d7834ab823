//! The key that signs receipts, and those that did so before it.

use crate::commands::{CommandFault, io_fault};
use crate::key_files;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use store::{FileKey, KeyFault, SignFault, VerifyKey, peek_key_id, sign_receipt, verify_receipt};

/// Ends one key in a file of several.
const END: &str = "-----END PUBLIC KEY-----\n";

/// What an intake signs receipts and tombstones with.
pub struct Receipts {
    /// The key that signs.
    pub key: FileKey,
    /// Those that did before. What they signed is this intake's word as well.
    pub earlier: Vec<VerifyKey>,
}

/// The keys of receipts of an intake that serves, which can be replaced meanwhile. Clones share them.
#[derive(Clone)]
pub struct Signing(Arc<RwLock<Arc<Receipts>>>);

impl Signing {
    /// Those that sign and are known now: whoever signs and compares does both by one of these.
    pub fn now(&self) -> Arc<Receipts> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on these.
    pub fn replace(&self, receipts: Receipts) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(receipts);
    }
}

impl From<Receipts> for Signing {
    fn from(receipts: Receipts) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(receipts))))
    }
}

impl From<FileKey> for Signing {
    fn from(key: FileKey) -> Self {
        Receipts::from(key).into()
    }
}

impl From<FileKey> for Receipts {
    fn from(key: FileKey) -> Self {
        Self { key, earlier: Vec::new() }
    }
}

impl Receipts {
    /// Loads the key of a file, and what `gatepost-intake next-receipt-key` has kept of those before it.
    ///
    /// # Errors
    /// A file that is missing, unreadable or none; a sealed key without a passphrase.
    pub fn load(path: &Path) -> Result<Self, CommandFault> {
        Ok(Self { key: key_files::load(path)?, earlier: earlier(path)? })
    }

    /// Every key that this intake has signed by.
    pub fn keys(&self) -> impl Iterator<Item = &VerifyKey> {
        std::iter::once(self.key.public()).chain(&self.earlier)
    }

    /// A receipt of the data base as this intake gives it: one by an earlier key is signed anew, so that a station needs to
    /// know the present key alone. One by a key that is not known here goes as it is: the station judges it.
    ///
    /// # Errors
    /// [`SignFault`] when the key does not sign.
    pub fn renewed(&self, receipt: Vec<u8>) -> Result<Vec<u8>, SignFault> {
        let named = peek_key_id(&receipt).ok();
        let Some(key) = self.earlier.iter().find(|key| Some(key.id()) == named.as_deref()) else { return Ok(receipt) };
        match verify_receipt(key, &receipt) {
            Ok(acknowledgement) => sign_receipt(&self.key, &acknowledgement),
            Err(_) => Ok(receipt),
        }
    }
}

/// Public keys that have signed receipts before the one of this file.
fn earlier(path: &Path) -> Result<Vec<VerifyKey>, CommandFault> {
    let path = earlier_file(path);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io_fault("read", &path, error)),
    };
    let keys: Option<Vec<_>> = text.split_inclusive(END).map(VerifyKey::from_pem).collect();
    keys.ok_or_else(|| KeyFault::NotAKey(path, "public keys in PEM").into())
}

/// Keeps a public key in mind beside the key of this file, once.
pub(crate) fn remember(path: &Path, old: &VerifyKey) -> Result<(), CommandFault> {
    let mut known = earlier(path)?;
    if !known.contains(old) {
        known.push(old.clone());
        let text: String = known.iter().map(VerifyKey::to_pem).collect();
        store::replace_private(&earlier_file(path), text.as_bytes())?;
    }
    Ok(())
}

fn earlier_file(path: &Path) -> PathBuf {
    path.with_extension("earlier.pub")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_keys_are_kept_once_each_in_their_order() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("receipt.key");
        let key = FileKey::create(&path).unwrap();
        let [a, b] = ["a", "b"].map(|name| FileKey::create(&dir.path().join(name)).unwrap().public().clone());
        assert!(Receipts::load(&path).unwrap().earlier.is_empty());
        for old in [&a, &b, &a] {
            remember(&path, old).unwrap();
        }
        let receipts = Receipts::load(&path).unwrap();
        assert_eq!(receipts.keys().collect::<Vec<_>>(), [key.public(), &a, &b]);
        fs::write(earlier_file(&path), format!("{}rest", a.to_pem())).unwrap();
        assert!(Receipts::load(&path).is_err());
    }
}
