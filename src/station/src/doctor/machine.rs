//! What the machine does with memory: swap, hibernation, locking, core dumps.

use super::{Finding, Patient};
use drivers::memory;
use rustix::fs::{major, minor, stat};
use std::fs;
use std::path::Path;

const SWAP: &str = "swap";
const HIBERNATION: &str = "hibernation";

pub fn check(patient: &Patient) -> Vec<Finding> {
    let mut findings = swaps(patient.root);
    findings.push(hibernation(patient.root));
    findings.push(match memory::protect() {
        Ok(()) => Finding::good("memory", "can be locked and kept out of core dumps"),
        Err(lacking) => Finding::note("memory", lacking.to_string(), "until then the swap must be encrypted or off"),
    });
    findings
}

/// Every area in /proc/swaps has to be encrypted: a page of it may hold a face.
fn swaps(root: &Path) -> Vec<Finding> {
    let Ok(text) = fs::read_to_string(root.join("proc/swaps")) else {
        return vec![Finding::unknown(SWAP, "/proc/swaps cannot be read", "run this where /proc is mounted")];
    };
    let areas: Vec<(&str, &str)> = text
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?, words.next()?))
        })
        .collect();
    if areas.is_empty() {
        return vec![Finding::good(SWAP, "off")];
    }
    areas.into_iter().map(|(area, kind)| swap(root, area, kind)).collect()
}

fn swap(root: &Path, area: &str, kind: &str) -> Finding {
    // The kernel writes a blank of a name as \040.
    let path = area.replace("\\040", " ");
    match (is_encrypted(root, &path, kind), is_memory(root, &path, kind)) {
        (_, true) => Finding::good(SWAP, format!("{path} is compressed memory, not a disk")),
        (Some(true), _) => Finding::good(SWAP, format!("{path} is encrypted")),
        (Some(false), _) => Finding::fault(
            SWAP,
            format!("{path} is not encrypted: faces and fingers may come to lie on it"),
            format!("`swapoff {path}` and take it out of /etc/fstab, or encrypt it (crypttab: /dev/urandom swap)"),
        ),
        (None, _) => Finding::fault(
            SWAP,
            format!("whether {path} is encrypted cannot be told"),
            format!("`swapoff {path}`, or put it onto a device that cryptsetup opens"),
        ),
    }
}

/// Compressed memory that is written to no disk.
fn is_memory(root: &Path, area: &str, kind: &str) -> bool {
    let Some(number) = area.strip_prefix("/dev/zram").filter(|_| kind == "partition") else { return false };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let backing = fs::read_to_string(root.join(format!("sys/block/zram{number}/backing_dev")));
    is_number && backing.map_or(true, |backing| backing.trim() == "none")
}

/// Whether the device that an area lies on is one of dm-crypt. A file may lie on a volume of LVM over dm-crypt; what lies
/// under the device is looked at as well.
fn is_encrypted(root: &Path, area: &str, kind: &str) -> Option<bool> {
    let found = stat(root.join(area.trim_start_matches('/'))).ok()?;
    let device = if kind == "partition" { found.st_rdev } else { found.st_dev };
    under_crypt(&root.join(format!("sys/dev/block/{}:{}", major(device), minor(device))), 0)
}

/// How many layers of volumes are looked through.
const LAYERS: u32 = 8;

fn under_crypt(device: &Path, layer: u32) -> Option<bool> {
    if !device.is_dir() || layer > LAYERS {
        return None;
    }
    if fs::read_to_string(device.join("dm/uuid")).is_ok_and(|uuid| uuid.starts_with("CRYPT-")) {
        return Some(true);
    }
    let below: Vec<_> = fs::read_dir(device.join("slaves")).into_iter().flatten().flatten().collect();
    if below.is_empty() {
        return Some(false);
    }
    let each: Option<Vec<bool>> = below.iter().map(|lower| under_crypt(&lower.path(), layer + 1)).collect();
    each.map(|each| each.iter().all(|encrypted| *encrypted))
}

/// Hibernation writes all memory to a disk, locked or not.
fn hibernation(root: &Path) -> Finding {
    let read = |file: &str| fs::read_to_string(root.join(file)).unwrap_or_default();
    let offered = read("sys/power/state").split_whitespace().any(|state| state == "disk");
    let disabled = read("sys/power/disk").split_whitespace().any(|mode| mode == "[disabled]");
    if !offered || disabled {
        return Finding::good(HIBERNATION, "the kernel does not offer it");
    }
    let masked = |unit: &str| {
        let unit = root.join("etc/systemd/system").join(unit);
        fs::read_link(unit).is_ok_and(|target| target == Path::new("/dev/null"))
    };
    if ["hibernate.target", "hybrid-sleep.target", "suspend-then-hibernate.target"].into_iter().all(masked) {
        return Finding::good(HIBERNATION, "masked in systemd");
    }
    Finding::fault(
        HIBERNATION,
        "the machine can write all of its memory to a disk",
        "`systemctl mask hibernate.target hybrid-sleep.target suspend-then-hibernate.target`, or start the kernel with \
         nohibernate",
    )
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;
    use std::os::unix::fs::symlink;
    use tempfile::TempDir;

    const HEAD: &str = "Filename Type Size Used Priority\n";

    /// A machine with one swap file, on a device with this identity, over a lower one with another.
    fn machine(own: &str, lower: Option<&str>) -> TempDir {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        fs::create_dir_all(path("proc")).unwrap();
        fs::write(path("proc/swaps"), format!("{HEAD}/swap\\040file file 1024 0 -2\n")).unwrap();
        fs::write(path("swap file"), "pages").unwrap();
        let device = stat(path("swap file")).unwrap().st_dev;
        let sys = path(&format!("sys/dev/block/{}:{}", major(device), minor(device)));
        fs::create_dir_all(sys.join("dm")).unwrap();
        fs::write(sys.join("dm/uuid"), own).unwrap();
        if let Some(lower) = lower {
            fs::create_dir_all(sys.join("slaves/dm-0/dm")).unwrap();
            fs::write(sys.join("slaves/dm-0/dm/uuid"), lower).unwrap();
        }
        root
    }

    #[test]
    fn every_area_of_the_swap_has_to_be_encrypted() {
        for (own, lower, verdict) in [
            ("CRYPT-PLAIN-swap", None, Verdict::Good),
            ("LVM-volume", Some("CRYPT-LUKS2-disk"), Verdict::Good),
            ("LVM-volume", Some("LVM-other"), Verdict::Fault),
            ("LVM-volume", None, Verdict::Fault),
        ] {
            let root = machine(own, lower);
            let found = swaps(root.path());
            assert_eq!(found.iter().map(|finding| finding.verdict).collect::<Vec<_>>(), [verdict], "{own}");
            assert!(found[0].found.contains("/swap file"), "{}", found[0].found);
        }
        let root = machine("CRYPT-PLAIN-swap", None);
        for (areas, verdicts) in [
            ("", vec![Verdict::Good]),
            ("/dev/zram0 partition 9 0 5\n", vec![Verdict::Good]),
            ("/swap\\040file file 9 0 5\n/gone partition 9 0 5\n", vec![Verdict::Good, Verdict::Fault]),
        ] {
            fs::write(root.path().join("proc/swaps"), format!("{HEAD}{areas}")).unwrap();
            let found: Vec<_> = swaps(root.path()).iter().map(|finding| finding.verdict).collect();
            assert_eq!(found, verdicts, "{areas}");
        }
    }

    #[test]
    fn hibernation_is_a_fault_until_it_is_masked() {
        let root = tempfile::tempdir().unwrap();
        let units = root.path().join("etc/systemd/system");
        fs::create_dir_all(root.path().join("sys/power")).unwrap();
        fs::create_dir_all(&units).unwrap();
        for (state, disk, verdict) in [
            ("freeze mem", "", Verdict::Good),
            ("freeze mem disk", "[disabled]", Verdict::Good),
            ("freeze mem disk", "[platform] shutdown", Verdict::Fault),
        ] {
            fs::write(root.path().join("sys/power/state"), state).unwrap();
            fs::write(root.path().join("sys/power/disk"), disk).unwrap();
            assert_eq!(hibernation(root.path()).verdict, verdict, "{state} {disk}");
        }
        symlink("/dev/null", units.join("hibernate.target")).unwrap();
        assert_eq!(hibernation(root.path()).verdict, Verdict::Fault, "the others write memory as well");
        symlink("/dev/null", units.join("hybrid-sleep.target")).unwrap();
        symlink("/dev/null", units.join("suspend-then-hibernate.target")).unwrap();
        assert_eq!(hibernation(root.path()).verdict, Verdict::Good);
    }
}
