//! Keys and people.

use super::{Finding, Patient};
use crate::config::Keys;
use crate::people::{People, Role};
use crate::upload::provisioned;
use link::{Facts, chain_from_pem};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use store::{AuthorityKey, FileKey, KeyFault, KeyPlace, VerifyKey};

/// The device past the resource manager.
const RAW_DEVICE: &str = "device:/dev/tpm0";

const KEYS: &str = "keys";
const PROVISION: &str = "run `gatepost provision` with a code of the intake's administrator";
const DAY_MS: i64 = 24 * 3600 * 1000;

/// A station that is at work has its next certificate so long after it could: it may have been off for a weekend.
const RENEWED_WITHIN_MS: i64 = 4 * DAY_MS;

const INIT: &str = "run `gatepost init` with the same arguments as at the first start; what is there is left alone";

pub fn check(patient: &Patient) -> Vec<Finding> {
    let data = patient.data;
    let mut findings = vec![
        private_key("signing key", &data.signing_key()),
        private_key("key of connections", &data.connection_key()),
        key_place(patient),
    ];
    match provisioned(data) {
        Ok(given) => {
            let authority = AuthorityKey::from_pem(&given.authority).map(|key| key.id().to_owned());
            let receipts = VerifyKey::from_pem(&given.receipts).map(|key| key.id().to_owned());
            findings.push(public_key("the authority's key", authority));
            findings.push(public_key("the intake's key for receipts", receipts));
            findings.push(certificate(&given.certificate, patient.now_ms));
        }
        Err(fault) => findings.push(Finding::fault(KEYS, fault.to_string(), PROVISION)),
    }
    findings.extend([secret(&data.documents_seen()), people(&data.people())]);
    findings
}

/// The certificate of connections: without one records wait here.
fn certificate(pem: &str, now_ms: i64) -> Finding {
    let Some(facts) = chain_from_pem(pem).and_then(|chain| Facts::read(chain.first()?)) else {
        return Finding::fault(KEYS, "the certificate of connections cannot be read", PROVISION);
    };
    valid(&facts, now_ms)
}

/// Whether a certificate is valid, and for how long.
pub(super) fn valid(facts: &Facts, now_ms: i64) -> Finding {
    let days = facts.not_after_ms.saturating_sub(now_ms) / DAY_MS;
    if facts.is_over(now_ms) || facts.is_early(now_ms) {
        let remedy = "set the clock right; where it is right, run `gatepost provision`: records wait here until then";
        return Finding::fault(KEYS, "the certificate of connections is not valid at this time", remedy);
    }
    if now_ms >= facts.renew_from_ms() + RENEWED_WITHIN_MS {
        let found = format!("the certificate of connections ends in {days} days, and the intake has given no other");
        let remedy = "look for the reason in the station's log; where the intake makes no certificates, get the next one \
                      from whoever does, before records have to wait here";
        return Finding::note(KEYS, found, remedy);
    }
    Finding::good(KEYS, format!("the certificate of connections ends in {days} days"))
}

fn private_key(what: &str, path: &Path) -> Finding {
    match FileKey::load(path) {
        Ok(_) => Finding::fault(
            KEYS,
            format!("the {what} lies open on the disk: whoever takes the disk can pose as this station"),
            "run `gatepost key seal`, then `gatepost key rotate`, because the disk may still hold the open key",
        ),
        // What is no plain key is a sealed one: whether it opens only its passphrase tells.
        Err(KeyFault::NotAKey(..)) => Finding::good(KEYS, format!("the {what} is sealed by a passphrase")),
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

fn public_key(what: &str, id: Option<String>) -> Finding {
    match id {
        Some(id) => Finding::good(KEYS, format!("{what}: {id}; compare it with what your authority says")),
        None => Finding::fault(KEYS, format!("{what} is none"), PROVISION),
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
    if people.count(Role::Administrator) == 0 {
        let remedy = "add one, who can unlock the others: gatepost people add --role administrator NAME";
        return Finding::note("people", format!("{found}, no administrator"), remedy);
    }
    Finding::good("people", found)
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    /// 2026-01-01T00:00:00Z.
    const FROM_MS: i64 = 1_767_225_600_000;

    #[test]
    fn a_certificate_is_told_by_its_days_and_mended_in_time() {
        let mut params = CertificateParams::default();
        (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2026, 4, 1));
        let pem = params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
        let rows = [
            (-1, Verdict::Fault, "not valid at this time"),
            (0, Verdict::Good, "ends in 90 days"),
            (63, Verdict::Good, "ends in 27 days"),
            (64, Verdict::Note, "ends in 26 days, and the intake has given no other"),
            (89, Verdict::Note, "ends in 1 days"),
            (91, Verdict::Fault, "not valid at this time"),
        ];
        for (day, verdict, words) in rows {
            let finding = certificate(&pem, FROM_MS + day * DAY_MS);
            assert_eq!(finding.verdict, verdict, "day {day}");
            assert!(finding.found.contains(words), "day {day}: {}", finding.found);
        }
        assert_eq!(certificate("none", FROM_MS).verdict, Verdict::Fault);
    }
}
