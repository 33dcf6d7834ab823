//! Where a station's signing key is made and used: a file, or a TPM.

#[cfg(feature = "tpm")]
use super::patient::{PATIENCE, PATIENCE_AT_START, PatientCounter, PatientSigner, within};
use super::sealed::{Cost, Passphrase};
use super::{FileKey, KeyFault, Signer, TpmFault, read_key_file};
use crate::restored::Counter;
use std::path::Path;

#[cfg(feature = "tpm")]
use super::tpm::{NvCounter, Tpm, TpmKey};

/// Where keys are made. Keys of the other kind are opened too: one kind takes over from the other by rotation.
pub struct KeyPlace {
    #[cfg(feature = "tpm")]
    tpm: Option<Tpm>,
}

impl KeyPlace {
    /// Keys in files, sealed by the passphrase.
    pub fn file() -> Self {
        #[cfg(feature = "tpm")]
        return Self { tpm: None };
        #[cfg(not(feature = "tpm"))]
        return Self {};
    }

    /// Keys in the TPM that a TCTI string leads to: `device:/dev/tpmrm0`.
    ///
    /// # Errors
    /// [`TpmFault::NotBuilt`] in a program without the feature `tpm`; faults of a TPM that does not answer.
    pub fn tpm(tcti: &str) -> Result<Self, KeyFault> {
        #[cfg(feature = "tpm")]
        return {
            let tcti = tcti.to_owned();
            let tpm = within(PATIENCE_AT_START, move || Ok(Tpm::connect(&tcti)?))?;
            Ok(Self { tpm: Some(tpm) })
        };
        #[cfg(not(feature = "tpm"))]
        return Err(TpmFault::NotBuilt(tcti.into()).into());
    }

    /// Whether new keys are made in a TPM.
    pub fn is_tpm(&self) -> bool {
        #[cfg(feature = "tpm")]
        return self.tpm.is_some();
        #[cfg(not(feature = "tpm"))]
        return false;
    }

    /// Whether the key of this file is in a TPM.
    pub fn holds_tpm_key(path: &Path) -> Result<bool, KeyFault> {
        let text = read_key_file(path, true)?;
        let file: Option<serde_json::Value> = serde_json::from_slice(&text).ok();
        let format = file.as_ref().and_then(|file| file.get("format")?.as_str());
        Ok(format.is_some_and(|format| format.starts_with("gatepost TPM key ")))
    }

    /// Makes a new key and writes what is needed to use it to a new file with mode 0600.
    pub fn create(&self, path: &Path, passphrase: &Passphrase, cost: Cost) -> Result<Box<dyn Signer>, KeyFault> {
        #[cfg(feature = "tpm")]
        if let Some(tpm) = &self.tpm {
            let (path, tpm, passphrase) = (path.to_owned(), tpm.clone(), passphrase.clone());
            return patient(within(PATIENCE_AT_START, move || TpmKey::create(&path, &tpm, &passphrase, cost))?);
        }
        Ok(Box::new(FileKey::create_sealed(path, passphrase, cost)?))
    }

    /// Opens a key of either kind.
    ///
    /// # Errors
    /// [`TpmFault::NotConfigured`] for a key in a TPM where no way to one was named.
    pub fn open(&self, path: &Path, passphrase: &Passphrase) -> Result<Box<dyn Signer>, KeyFault> {
        if !Self::holds_tpm_key(path)? {
            return Ok(Box::new(FileKey::open_sealed(path, passphrase)?));
        }
        #[cfg(feature = "tpm")]
        if let Some(tpm) = &self.tpm {
            let (path, tpm, passphrase) = (path.to_owned(), tpm.clone(), passphrase.clone());
            return patient(within(PATIENCE_AT_START, move || TpmKey::open(&path, &tpm, &passphrase))?);
        }
        Err(TpmFault::NotConfigured.into())
    }

    /// Opens the key that a station signs with.
    ///
    /// # Errors
    /// [`KeyFault::NotInTpm`] for a key in a file where keys are in a TPM: it would be less than was asked for.
    pub fn open_configured(&self, path: &Path, passphrase: &Passphrase) -> Result<Box<dyn Signer>, KeyFault> {
        if self.is_tpm() && !Self::holds_tpm_key(path)? {
            return Err(KeyFault::NotInTpm(path.into()));
        }
        self.open(path, passphrase)
    }

    /// The counter beside the store, where there is a TPM. This file names it.
    pub fn counter(
        &self,
        path: &Path,
        passphrase: &Passphrase,
        cost: Cost,
    ) -> Result<Option<Box<dyn Counter>>, KeyFault> {
        #[cfg(feature = "tpm")]
        if let Some(tpm) = &self.tpm {
            let counter = Box::new(NvCounter::of(path, tpm, passphrase, cost)?);
            return Ok(Some(Box::new(PatientCounter::new(counter, PATIENCE).map_err(TpmFault::NoThread)?)));
        }
        let _ = (path, passphrase, cost);
        Ok(None)
    }
}

/// A key in a TPM, which is waited for so long and no longer.
#[cfg(feature = "tpm")]
fn patient(key: TpmKey) -> Result<Box<dyn Signer>, KeyFault> {
    Ok(Box::new(PatientSigner::new(Box::new(key), PATIENCE).map_err(TpmFault::NoThread)?))
}
