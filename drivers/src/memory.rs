//! Keeps what is in memory out of the swap, out of core dumps and away from other programs of the same account.
//!
//! Both programs that hold pixels call [`protect`] first: the driver, which decodes them, and the station, which judges
//! and seals them. What no program can see to, an unencrypted swap of the machine or hibernation, `gatepost doctor` tells.

use rustix::io::Errno;
use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};
use std::fmt;

/// Why the memory of this process is not wholly protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unprotected {
    /// The process may lock only so many bytes, and more would make it fail later, in the middle of a capture.
    Limited(u64),
    /// The kernel refuses to lock memory.
    Lock(Errno),
    /// The kernel refuses to switch core dumps off.
    Dumps(Errno),
}

impl fmt::Display for Unprotected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limited(bytes) => write!(
                f,
                "memory cannot be kept out of the swap: this account may lock {} KiB only. Set LimitMEMLOCK=infinity in \
                 the unit, or `ulimit -l unlimited`",
                bytes / 1024
            ),
            Self::Lock(error) => write!(f, "memory cannot be kept out of the swap: {error}"),
            Self::Dumps(error) => write!(f, "core dumps cannot be switched off: {error}"),
        }
    }
}

/// Switches core dumps of this process off, keeps other programs of its account from reading its memory (both are one
/// setting of Linux, PR_SET_DUMPABLE; the limit stands for a kernel that pipes dumps to a program), and locks all of its
/// memory, also what it takes later, as soon as it is touched. A program that it starts begins anew.
///
/// # Errors
/// [`Unprotected`] tells what could not be had; everything else was done.
pub fn protect() -> Result<(), Unprotected> {
    let dumps = no_dumps();
    let locked = lock();
    dumps.and(locked)
}

/// A limit that is not lifted would make a later allocation fail, so then nothing is locked at all.
fn lock() -> Result<(), Unprotected> {
    let unlimited = Rlimit { current: None, maximum: None };
    // Only some accounts may raise it; for the others what the unit has given them counts.
    let _ = setrlimit(Resource::Memlock, unlimited);
    let given = getrlimit(Resource::Memlock);
    let _ = setrlimit(Resource::Memlock, Rlimit { current: given.maximum, maximum: given.maximum });
    if let Some(bytes) = getrlimit(Resource::Memlock).current {
        return Err(Unprotected::Limited(bytes));
    }
    mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT).map_err(Unprotected::Lock)
}

fn no_dumps() -> Result<(), Unprotected> {
    let limited = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    set_dumpable_behavior(DumpableBehavior::NotDumpable).and(limited).map_err(Unprotected::Dumps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::process::Command;

    /// In a process of its own: what is switched off stays off, and other tests share this one.
    #[test]
    fn a_protected_process_leaves_no_core_and_stays_in_memory() {
        let this = std::env::current_exe().unwrap();
        let tried = Command::new(this).args(["--ignored", "--exact", "memory::tests::protected"]).output().unwrap();
        let said = String::from_utf8_lossy(&tried.stdout);
        assert!(tried.status.success() && said.contains("1 passed"), "{said}");
    }

    #[test]
    #[ignore = "run by the test above, in a process of its own"]
    fn protected() {
        let protected = protect();
        let limits = fs::read_to_string("/proc/self/limits").unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
        assert_eq!(rustix::process::dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
        let locked = || -> u64 {
            let status = fs::read_to_string("/proc/thread-self/status").unwrap();
            let line = status.lines().find_map(|line| line.strip_prefix("VmLck:")).unwrap();
            line.trim().trim_end_matches(" kB").parse().unwrap()
        };
        match protected {
            // What is taken later is locked as well.
            Ok(()) => {
                let before = locked();
                let later = vec![1_u8; 16 << 20];
                assert!(before > 0 && locked() >= before + (16 << 10), "{before} {} {}", locked(), later.len());
            }
            Err(Unprotected::Limited(bytes)) => {
                assert!(locked() * 1024 <= bytes, "a limited process must not fail later");
            }
            Err(other) => assert!(matches!(other, Unprotected::Lock(_)), "{other}"),
        }
    }

    #[test]
    fn what_could_not_be_had_says_what_to_do() {
        assert!(Unprotected::Limited(8 << 20).to_string().contains("8192 KiB only. Set LimitMEMLOCK=infinity"));
        assert!(Unprotected::Lock(Errno::NOMEM).to_string().contains("swap"));
        assert!(Unprotected::Dumps(Errno::PERM).to_string().contains("core dumps"));
    }
}
