//! The disk that sealed records wait on.

use super::{Finding, Patient};
use crate::desk::RESERVED_BYTES;
use rustix::fs::{statfs, statvfs};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use store::StoreFault;

const DISK: &str = "disk";

/// Room for a day without a connection: 400 travellers a shift, three shifts, 1 MiB each.
const A_DAY: u64 = 3 * 400 * 1024 * 1024;

/// Files that one traveller may need, with room for the journal's own.
const FILES: u64 = 16;

/// File systems that forget everything when the power goes, by the numbers of statfs(2).
const FORGETFUL: [i64; 2] = [0x0102_1994, 0x8584_58f6];

pub fn check(patient: &Patient) -> Vec<Finding> {
    let folder = patient.data.store();
    if !folder.is_dir() {
        return vec![Finding::fault(DISK, format!("there is no store at {}", folder.display()), "run `gatepost init`")];
    }
    let mut findings = vec![room(&folder), lasting(&folder), mode(&folder)];
    if patient.at_work {
        let remedy = "its health page tells; for a check of every record stop the station and run this again";
        findings.push(Finding::unknown("store", "the station is at work and has it open", remedy));
    } else {
        findings.extend(whole(&folder));
    }
    findings
}

/// How much room the file system of this folder has.
pub(super) fn room(folder: &Path) -> Finding {
    let Ok(stat) = statvfs(folder) else {
        return Finding::fault(
            DISK,
            "the free space cannot be read",
            "look at the system's log for faults of the disk",
        );
    };
    // Some file systems have no count of files and say 0 of 0.
    let files = if stat.f_files == 0 { u64::MAX } else { stat.f_favail };
    room_of(stat.f_bavail.saturating_mul(stat.f_frsize), files)
}

fn room_of(free: u64, files: u64) -> Finding {
    let found = format!("{} MiB free", free >> 20);
    if free < RESERVED_BYTES || files < FILES {
        let remedy = "free space on the disk, or bring the connection back so that records leave; no new traveller is \
                      taken until then, and nothing captured is lost";
        return Finding::fault(DISK, format!("full: {found}"), remedy);
    }
    if free < A_DAY {
        let remedy = "free some space: a day without a connection may need 1200 MiB";
        return Finding::note(DISK, found, remedy);
    }
    Finding::good(DISK, found)
}

fn lasting(folder: &Path) -> Finding {
    match statfs(folder) {
        Ok(stat) if FORGETFUL.contains(&stat.f_type) => Finding::fault(
            DISK,
            "the store lies in memory (tmpfs): every record is lost when the power goes",
            "put the station's folder onto a disk",
        ),
        Ok(_) => Finding::good(DISK, "the store lies on a disk"),
        Err(error) => Finding::unknown(
            DISK,
            format!("its file system cannot be told: {error}"),
            "run this as the station's account",
        ),
    }
}

fn mode(folder: &Path) -> Finding {
    match folder.metadata().map(|metadata| metadata.mode() & 0o077) {
        Ok(0) => Finding::good("store", "open to the station's account only"),
        _ => Finding::fault("store", "other accounts may look into it", format!("chmod 700 {}", folder.display())),
    }
}

fn whole(folder: &Path) -> Vec<Finding> {
    match store::verify(folder) {
        Ok(found) if found.findings.is_empty() => vec![Finding::good(
            "store",
            format!("whole: {} records wait, {} lines of the audit trail", found.good, found.audit_lines),
        )],
        Ok(found) => found.findings.iter().map(|one| Finding::fault("store", &*one.found, one.remedy)).collect(),
        // A station that has never taken anybody.
        Err(StoreFault::NoStore(_)) => vec![Finding::good("store", "new: nothing is in it")],
        Err(fault) => vec![Finding::fault("store", format!("{fault} ({})", fault.code()), fault.administrator())],
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn a_full_disk_is_a_fault_and_a_nearly_full_one_a_note() {
        for (free, files, verdict) in [
            (RESERVED_BYTES - 1, 1000, Verdict::Fault),
            (A_DAY, FILES - 1, Verdict::Fault),
            (RESERVED_BYTES, FILES, Verdict::Note),
            (A_DAY, u64::MAX, Verdict::Good),
        ] {
            let found = room_of(free, files);
            assert_eq!(found.verdict, verdict, "{free} {files}");
            assert_eq!(found.remedy.is_empty(), verdict == Verdict::Good);
        }
    }
}
