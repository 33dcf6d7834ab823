//! Keys and people.

use super::{Finding, Patient};
use crate::config::Keys;
use crate::people::{People, Role};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use store::{AuthorityKey, FileKey, KeyFault, KeyPlace, VerifyKey};

/// The device past the resource manager.
const RAW_DEVICE: &str = "device:/dev/tpm0";

const KEYS: &str = "keys";
const INIT: &str = "run `gatepost init` with the same arguments as at the first start; what is there is left alone";

pub fn check(patient: &Patient) -> Vec<Finding> {
    let data = patient.data;
    let authority = AuthorityKey::load(&data.authority()).map(|key| key.id().to_owned());
    let receipts = VerifyKey::load(&data.receipts()).map(|key| key.id().to_owned());
    vec![
        signing_key(&data.signing_key()),
        key_place(patient),
        public_key("the authority's key", authority),
        public_key("the intake's key for receipts", receipts),
        secret(&data.documents_seen()),
        people(&data.people()),
    ]
}

fn signing_key(path: &Path) -> Finding {
    match FileKey::load(path) {
        Ok(_) => Finding::fault(
            KEYS,
            "the signing key lies open on the disk: whoever takes the disk can sign as this station",
            "run `gatepost key seal`, then `gatepost key rotate`, because the disk may still hold the open key",
        ),
        // What is no plain key is a sealed one: whether it opens only its passphrase tells.
        Err(KeyFault::NotAKey(..)) => Finding::good(KEYS, "the signing key is sealed by a passphrase"),
        Err(fault) => Finding::fault(KEYS, fault.to_string(), INIT),
    }
}

/// Whether the key is where the configuration wants it, and whether the TPM answers.
fn key_place(patient: &Patient) -> Finding {
    let in_tpm = KeyPlace::holds_tpm_key(&patient.data.signing_key()).unwrap_or(false);
    match patient.loaded.map(|loaded| &loaded.config.keys) {
        Ok(Keys::Tpm { tcti }) if tcti == RAW_DEVICE => Finding::fault(
            KEYS,
            "the TPM is used without the kernel's resource manager: what a killed station leaves in it stays",
            "set [keys] tcti = \"device:/dev/tpmrm0\"",
        ),
        Ok(Keys::Tpm { .. }) if !in_tpm => Finding::fault(
            KEYS,
            "the signing key is in a file, and the configuration wants it in the TPM",
            "run `gatepost key rotate`",
        ),
        // The running station has it open.
        Ok(Keys::Tpm { .. }) if patient.at_work => Finding::good(KEYS, "the signing key is in the TPM"),
        Ok(keys @ Keys::Tpm { .. }) => match keys.place() {
            Ok(_) => Finding::good(KEYS, "the signing key is in the TPM, which answers"),
            Err(fault) => Finding::fault(KEYS, fault.to_string(), "see there"),
        },
        _ if in_tpm => Finding::fault(
            KEYS,
            "the signing key is in a TPM, and the configuration names none",
            "set [keys] kind = \"tpm\" and tcti",
        ),
        _ => Finding::good(KEYS, "the signing key is in a file"),
    }
}

fn public_key(what: &str, loaded: Result<String, KeyFault>) -> Finding {
    match loaded {
        Ok(id) => Finding::good(KEYS, format!("{what}: {id}; compare it with what your authority says")),
        Err(fault) => Finding::fault(KEYS, format!("{what}: {fault}"), INIT),
    }
}

fn secret(path: &Path) -> Finding {
    match path.metadata().map(|metadata| metadata.mode() & 0o077) {
        Ok(0) => Finding::good(KEYS, "the key of documents seen is the station's alone"),
        Ok(_) => Finding::fault(
            KEYS,
            "other accounts may read the key of documents seen",
            format!("chmod 600 {}", path.display()),
        ),
        Err(error) => Finding::fault(KEYS, format!("the key of documents seen cannot be read: {error}"), INIT),
    }
}

fn people(path: &Path) -> Finding {
    let people = match People::load(path) {
        Ok(people) => people,
        Err(fault) => return Finding::fault("people", fault.to_string(), INIT),
    };
    let (officers, supervisors) = (people.count(Role::Officer), people.count(Role::Supervisor));
    let found = format!("{officers} officers, {supervisors} supervisors");
    if officers == 0 || supervisors == 0 {
        let remedy = "add them: nobody can enrol without an officer, and rejected captures wait for a supervisor";
        return Finding::fault("people", found, remedy);
    }
    Finding::good("people", found)
}
