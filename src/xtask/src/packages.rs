//! System packages: what is needed, what is missing, and how it is installed.

use crate::failure::Failure;
use std::io::IsTerminal;
use std::process::{Command, Stdio};

/// What the five programs are built with and need at run time. `clang` is needed besides `libclang-dev`: the binding
/// generator of the `opencv` crate asks it where the compiler's own headers are.
pub const PROGRAMS: &[&str] = &[
    "libopencv-core-dev",
    "libopencv-imgproc-dev",
    "libopencv-objdetect-dev",
    "libopencv-dnn-dev",
    "opencv-data",
    "libclang-dev",
    "clang",
    "pkg-config",
    "g++",
    "linux-libc-dev",
];

/// USB fingerprint scanners, for builds with the feature `libfprint` of `drivers`. Tests and packages are built with it; the
/// programs of a plain build do without. libfprint's package forgets to ask for GLib's.
pub const USB_SCANNERS: &[&str] = &["libfprint-2-dev", "libglib2.0-dev"];

/// Keys in a TPM 2.0, for builds with the feature `tpm` of `store` and `station`, and the software TPM that the tests of
/// it start, each with a state of its own.
pub const TPM: &[&str] = &["libtss2-dev", "swtpm"];

/// A real browser for the tests of the pages.
pub const BROWSER: &[&str] = &["chromium", "chromium-driver"];

/// Letters of every language that the pages speak: Armenian and Arabic among the first, Chinese in the second.
pub const FONTS: &[&str] = &["fonts-noto-core", "fonts-wqy-microhei"];

/// The server that the intake's tests and measurements start, each on data of its own. Debian's package also starts one
/// that nothing here touches.
pub const DATABASE: &[&str] = &["postgresql"];

/// What reads the metrics of station and intake. Debian's package also starts a server that nothing here touches.
pub const PROMETHEUS: &[&str] = &["prometheus"];

/// Debian's tools for making packages, and systemd's for judging units.
pub const PACKAGING: &[&str] = &["binutils", "dpkg-dev", "systemd"];

/// A clean Debian to install packages in, apart from this one.
pub const CLEAN_ROOT: &[&str] = &["debootstrap", "systemd-container"];

/// The outside programs of `judge` live in a Python environment.
pub const PYTHON: &[&str] = &["python3", "python3-venv"];

/// The emulator in which the drivers meet a kernel with cameras, and the first programs of its guest.
pub const EMULATOR: &[&str] = &["qemu-system-x86", "busybox-static", "binutils"];

/// What fetches the face models.
pub const NPM: &[&str] = &["npm"];

/// Installs the packages where the program that they bring cannot be started. It may have come another way.
pub fn install_program(program: &str, wanted: &[&str]) -> Result<(), Failure> {
    let there = Command::new(program).arg("--version").stdin(Stdio::null()).output();
    if there.is_ok_and(|output| output.status.success()) { Ok(()) } else { install(wanted) }
}

/// Installs those of the packages that are missing. Does nothing, and says so, when none is.
pub fn install(wanted: &[&str]) -> Result<(), Failure> {
    let missing = missing(wanted)?;
    if missing.is_empty() {
        println!("  already there: {}", wanted.join(" "));
        return Ok(());
    }
    println!("  missing: {}", missing.join(" "));
    let how = Installer::find(&missing)?;
    // The lists may be older than the archive, and a fresh machine has none at all.
    how.apt_get(&["update"])?;
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(missing.iter().copied());
    how.apt_get(&install)?;
    let left = self::missing(wanted)?;
    if left.is_empty() { Ok(()) } else { Err(refused(&left, "apt-get ended well, but they are not there")) }
}

/// Fetches the lists of the archive again, for the sake of a package that they lack.
pub fn refresh(wanted: &[&str]) -> Result<(), Failure> {
    Installer::find(wanted)?.apt_get(&["update"])
}

/// Those of the packages that dpkg does not have as installed.
fn missing<'a>(wanted: &[&'a str]) -> Result<Vec<&'a str>, Failure> {
    let answer = Command::new("dpkg-query")
        .args(["--show", "--showformat", "${Package}\t${db:Status-Status}\n"])
        .args(wanted)
        // Packages that dpkg never heard of are named here: they are missing, and said so below.
        .stderr(Stdio::null())
        .output()
        .map_err(|_| {
            let why = "this system has no dpkg, so it cannot be seen what is there";
            refused(wanted, &format!("{why}. On a system that is not Debian, install what corresponds to them"))
        })?;
    let answer = String::from_utf8_lossy(&answer.stdout).into_owned();
    Ok(wanted.iter().copied().filter(|package| !is_installed(&answer, package)).collect())
}

fn is_installed(answer: &str, package: &str) -> bool {
    answer.lines().any(|line| line.split_once('\t') == Some((package, "installed")))
}

/// How this account may install packages.
struct Installer<'a> {
    through: &'static [&'static str],
    missing: &'a [&'a str],
}

impl<'a> Installer<'a> {
    fn find(missing: &'a [&'a str]) -> Result<Self, Failure> {
        let there = |program: &str| Command::new(program).arg("--version").output().is_ok();
        if !there("apt-get") {
            return Err(refused(missing, "this system has no apt-get"));
        }
        if rustix::process::geteuid().is_root() {
            return Ok(Self { through: &["apt-get"], missing });
        }
        if !there("sudo") {
            return Err(refused(missing, "this account is not root and there is no sudo"));
        }
        // Without a terminal nobody can type a password, and waiting for one would hang.
        let through: &[&str] =
            if std::io::stdin().is_terminal() { &["sudo", "apt-get"] } else { &["sudo", "-n", "apt-get"] };
        Ok(Self { through, missing })
    }

    fn apt_get(&self, arguments: &[&str]) -> Result<(), Failure> {
        println!("$ {} {}", self.through.join(" "), arguments.join(" "));
        let status = Command::new(self.through[0])
            .args(&self.through[1..])
            .args(["-o", "Dpkg::Use-Pty=0", "-q"])
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .status();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => {
                let what = arguments.first().unwrap_or(&"");
                let why = format!("`apt-get {what}` ended with {status}: it needs a network and the right to install");
                Err(refused(self.missing, &why))
            }
            Err(error) => Err(refused(self.missing, &format!("apt-get could not be started: {error}"))),
        }
    }
}

fn refused(missing: &[&str], why: &str) -> Failure {
    let list = missing.join(" ");
    Failure::new(format!(
        "These system packages are missing: {list}\n{why}.\nInstall them and try again:\n  \
         sudo apt-get update && sudo apt-get install --no-install-recommends {list}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_dpkg_calls_installed_counts() {
        let answer = "clang\tinstalled\ng++\tconfig-files\nlibclang-dev\tinstalled\n";
        for (package, installed) in [("clang", true), ("g++", false), ("libclang", false), ("chromium", false)] {
            assert_eq!(is_installed(answer, package), installed, "{package}");
        }
    }

    #[test]
    fn a_refusal_says_what_to_type() {
        let text = refused(&["clang", "g++"], "there is no sudo").to_string();
        assert!(text.contains("apt-get install --no-install-recommends clang g++"), "{text}");
    }

    #[test]
    fn no_package_is_named_twice() {
        let mut all = [PROGRAMS, USB_SCANNERS, BROWSER, FONTS, DATABASE, PYTHON, EMULATOR, NPM].concat();
        let named = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), named);
    }
}
