//! A counter in the non-volatile memory of a TPM: it goes up, and whoever makes it anew gets a higher one, since a TPM
//! begins every new counter beyond the highest value that any of its counters ever had.

use super::link::{Link, Tpm, Tries, kind};
use super::{KDF, auth_of, new_auth};
use crate::hex;
use crate::keys::sealed::{Cost, Passphrase, unhex};
use crate::keys::{KeyFault, TpmFault, read_key_file, replace};
use crate::restored::{Counter, CounterFault, Standing};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use tss_esapi::attributes::NvIndexAttributesBuilder;
use tss_esapi::constants::{NvIndexType, Tss2ResponseCodeKind as Kind};
use tss_esapi::handles::{NvIndexHandle, NvIndexTpmHandle, ObjectHandle, TpmHandle};
use tss_esapi::interface_types::algorithm::HashingAlgorithm;
use tss_esapi::interface_types::resource_handles::{NvAuth, Provision};
use tss_esapi::structures::{Auth, NvPublic, NvPublicBuilder};
use tss_esapi::{Error, Result, WrapperErrorKind};

const FORMAT: &str = "gatepost TPM counter 1";

/// The first index that is tried, in the range of the owner (0x01800000 to 0x01BFFFFF by the TCG's registry of reserved
/// handles). Another installation on the same machine may have had it.
const FIRST_INDEX: u32 = 0x0180_4750;

/// How many are tried.
const INDEXES: u32 = 16;

/// Bytes of a counter.
const BYTES: u16 = 8;

/// A counter of a TPM, and the file that names it.
pub struct NvCounter {
    tpm: Tpm,
    path: PathBuf,
    file: CounterFile,
    auth: Auth,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CounterFile {
    format: String,
    /// The index and the value that it was made with; nothing before it was made.
    made: Option<(u32, u64)>,
    kdf: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
}

impl NvCounter {
    /// The counter that a file names, or one that is to be made. Its authorisation value comes from the passphrase and
    /// keeps others from taking it up; it is no secret that protects a traveller, and wrong tries do not lock the TPM.
    pub fn of(path: &Path, tpm: &Tpm, passphrase: &Passphrase, cost: Cost) -> std::result::Result<Self, KeyFault> {
        let (tpm, path) = (tpm.clone(), path.to_owned());
        if !path.exists() {
            let (salt, auth) = new_auth(&path, passphrase, cost)?;
            let Cost { memory_kib, passes, lanes } = cost;
            let (format, kdf, salt) = (FORMAT.into(), KDF.into(), hex(&salt));
            let file = CounterFile { format, made: None, kdf, memory_kib, passes, lanes, salt };
            return Ok(Self { tpm, path, file, auth });
        }
        let file: CounterFile = serde_json::from_slice(&read_key_file(&path, true)?)
            .map_err(|_| KeyFault::NotAKey(path.clone(), "TPM counter"))?;
        for (what, found, expected) in [("format", &file.format, FORMAT), ("kdf", &file.kdf, KDF)] {
            if found != expected {
                return Err(KeyFault::UnknownAlgorithm(path, what));
            }
        }
        let salt = unhex(&file.salt).ok_or_else(|| KeyFault::NotAKey(path.clone(), "TPM counter"))?;
        let cost = Cost { memory_kib: file.memory_kib, passes: file.passes, lanes: file.lanes };
        let auth = auth_of(&path, passphrase, &salt, cost)?;
        Ok(Self { tpm, path, file, auth })
    }

    /// Asks the counter something; nothing where it is not there, or not ours.
    fn ask<T>(
        &self,
        index: u32,
        ask: impl FnMut(&mut Link, NvIndexHandle) -> Result<T>,
    ) -> std::result::Result<Option<T>, CounterFault> {
        self.ask_as(Tries::Two, index, ask)
    }

    fn ask_as<T>(
        &self,
        tries: Tries,
        index: u32,
        mut ask: impl FnMut(&mut Link, NvIndexHandle) -> Result<T>,
    ) -> std::result::Result<Option<T>, CounterFault> {
        let asked = self.tpm.attempt(tries, |link| {
            let public = TpmHandle::NvIndex(NvIndexTpmHandle::new(index)?);
            let mut object: ObjectHandle = match link.plainly(|context| context.tr_from_tpm_public(public)) {
                Err(error) if kind(&error) == Some(Kind::Handle) => return Ok(None),
                found => found?,
            };
            link.plainly(|context| context.tr_set_auth(object, self.auth.clone()))?;
            let answer = ask(link, NvIndexHandle::from(object))?;
            link.plainly(|context| context.tr_close(&mut object))?;
            Ok(Some(answer))
        });
        match asked {
            Ok(answer) => Ok(answer),
            // Somebody else's at the same place, or made and never taken up.
            Err(error) if is_not_ours(&error) => Ok(None),
            Err(error) => Err(fault(error)),
        }
    }

    fn value(&self, index: u32) -> std::result::Result<Option<u64>, CounterFault> {
        self.ask(index, |link, handle| {
            let read = link.in_session(|context| context.nv_read(NvAuth::NvIndex(handle), handle, BYTES, 0))?;
            let bytes =
                read.value().try_into().map_err(|_| Error::WrapperError(WrapperErrorKind::WrongValueFromTpm))?;
            Ok(u64::from_be_bytes(bytes))
        })
    }

    /// Once: a step that is counted twice would look like an old copy of the store. The connection is asked for the value
    /// first, so that one that was lost meanwhile is made again before and not in the middle.
    fn step_at(&self, index: u32) -> std::result::Result<(), CounterFault> {
        self.value(index)?;
        let stepped = self.ask_as(Tries::One, index, |link, handle| {
            link.in_session(|context| context.nv_increment(NvAuth::NvIndex(handle), handle))
        })?;
        stepped.ok_or_else(|| CounterFault(format!("the TPM has no counter of this station at {index:#010x}")))
    }

    /// Makes a counter at the first index that is free.
    fn define(&self) -> std::result::Result<u32, CounterFault> {
        for index in FIRST_INDEX..FIRST_INDEX + INDEXES {
            let defined = self.tpm.try_with(|link| {
                let (auth, public) = (self.auth.clone(), public(index)?);
                link.in_session(|context| context.nv_define_space(Provision::Owner, Some(auth), public))
            });
            match defined {
                Ok(_) => return Ok(index),
                Err(error) if kind(&error) == Some(Kind::NvDefined) => {}
                Err(error) => return Err(fault(error)),
            }
        }
        let last = FIRST_INDEX + INDEXES - 1;
        let full = "other counters are at every place from";
        Err(CounterFault(format!("{full} {FIRST_INDEX:#010x} to {last:#010x}; remove old ones by tpm2_nvundefine")))
    }
}

impl Counter for NvCounter {
    fn read(&mut self) -> std::result::Result<Option<Standing>, CounterFault> {
        let Some((index, first)) = self.file.made else { return Ok(None) };
        Ok(self.value(index)?.map(|value| Standing { value, first }))
    }

    fn make(&mut self) -> std::result::Result<Standing, CounterFault> {
        let index = self.define()?;
        // A counter has no value before its first step.
        self.step_at(index)?;
        let value = self.value(index)?.ok_or_else(|| CounterFault("the new counter has no value".into()))?;
        self.file.made = Some((index, value));
        let text = serde_json::to_vec_pretty(&self.file).map_err(|error| CounterFault(error.to_string()))?;
        replace(&self.path, &text).map_err(|fault| CounterFault(fault.to_string()))?;
        Ok(Standing { value, first: value })
    }

    fn step(&mut self) -> std::result::Result<(), CounterFault> {
        let (index, _) = self.file.made.ok_or_else(|| CounterFault("no counter was made yet".into()))?;
        self.step_at(index)
    }
}

/// Not orderly: an orderly counter is kept in memory, and jumps ahead when the power goes, which would look like an old
/// copy of the store.
fn public(index: u32) -> Result<NvPublic> {
    let attributes = NvIndexAttributesBuilder::new()
        .with_nv_index_type(NvIndexType::Counter)
        .with_auth_read(true)
        .with_auth_write(true)
        .with_no_da(true)
        .build()?;
    NvPublicBuilder::new()
        .with_nv_index(NvIndexTpmHandle::new(index)?)
        .with_index_name_algorithm(HashingAlgorithm::Sha256)
        .with_index_attributes(attributes)
        .with_data_area_size(usize::from(BYTES))
        .build()
}

fn is_not_ours(error: &Error) -> bool {
    let foreign = [Kind::AuthFail, Kind::BadAuth, Kind::AuthUnavailable, Kind::NvUninitialized, Kind::NvAuthorization];
    kind(error).is_some_and(|kind| foreign.contains(&kind))
}

fn fault(error: Error) -> CounterFault {
    CounterFault(TpmFault::of(error).to_string())
}
