//! A clean Debian in a folder, made by debootstrap, and scripts that run in it by systemd-nspawn: with its own processes,
//! its own users and, if wished, its own network. The archives are those that this machine's apt is set to.

use crate::failure::Failure;
use crate::process::said;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What is in it besides Debian's smallest variant: systemd, whose tools the packages' scripts use.
const INCLUDE: &str = "systemd,systemd-sysv,dbus,ca-certificates";

/// A clean Debian.
#[derive(Debug)]
pub struct CleanRoot {
    root: PathBuf,
    archives: PathBuf,
}

/// Who hears a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// This machine's network, for apt.
    OfTheMachine,
    /// Loopback alone.
    None,
}

impl CleanRoot {
    /// A new one below this folder. The first is made from the archive and kept; others are copies of it.
    pub fn new(below: &Path) -> Result<Self, Failure> {
        let below = fs::canonicalize(below).map_err(|error| Failure::io("find", below, &error))?;
        let (base, root, archives) = (below.join("base"), below.join("root"), below.join("archives"));
        let sources = archives_of_apt()?;
        let (suite, mirror) = sources.first().ok_or_else(|| Failure::new("apt of this machine names no archive."))?;
        if !base.join("etc/debian_version").exists() || base.join("debootstrap").exists() {
            remove(&base)?;
            run(Command::new("debootstrap")
                .args(["--variant=minbase", "--include", INCLUDE, suite])
                .arg(&base)
                .arg(mirror))?;
            // A later copy would follow what is mounted there.
            let _ = Command::new("umount").arg(base.join("proc")).stderr(Stdio::null()).status();
        }
        remove(&root)?;
        run(Command::new("cp").args(["--archive", "--one-file-system", "--reflink=auto"]).arg(&base).arg(&root))?;
        let lines: String = sources.iter().map(|(suite, mirror)| format!("deb {mirror} {suite} main\n")).collect();
        let list = root.join("etc/apt/sources.list");
        fs::write(&list, lines).map_err(|error| Failure::io("write", &list, &error))?;
        let partial = archives.join("partial");
        fs::create_dir_all(&partial).map_err(|error| Failure::io("make the folder", &partial, &error))?;
        Ok(Self { root, archives })
    }

    /// Runs a script of /bin/sh as root in it, with this folder of the machine at /soak: what it printed. Its complaints are
    /// on this terminal.
    pub fn run(&self, script: &str, shared: &Path, network: Network, words: &[String]) -> Result<String, Failure> {
        let shared = fs::canonicalize(shared).map_err(|error| Failure::io("find", shared, &error))?;
        let mut command = Command::new("systemd-nspawn");
        command
            .args(["--quiet", "--as-pid2", "--register=no", "--keep-unit", "--console=pipe", "--machine=gatepost-soak"])
            .arg(format!("--directory={}", self.root.display()))
            .arg(format!("--bind={}:/soak", shared.display()))
            .arg(format!("--bind={}:/var/cache/apt/archives", self.archives.display()))
            // As the units have it: pictures are locked in memory.
            .arg("--rlimit=MEMLOCK=infinity")
            .args(["--setenv=DEBIAN_FRONTEND=noninteractive", "--setenv=LC_ALL=C.UTF-8"]);
        if network == Network::None {
            command.arg("--private-network");
        }
        let output = command
            .args(["/bin/sh", "-eu", "-c", script, "soak"])
            .args(words)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| Failure::new(format!("systemd-nspawn could not be started: {error}.")))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(said);
        }
        Err(Failure::new(format!("In the clean Debian:\n{said}\nThis ended with {}.", output.status)))
    }
}

/// Suites and addresses of the archives that apt of this machine has lists of.
fn archives_of_apt() -> Result<Vec<(String, String)>, Failure> {
    let format = "$(RELEASE) $(REPO_URI) $(COMPONENT)";
    let told = said("apt-get", &["indextargets", "--format", format, "Created-By: Packages"])?;
    let lines: BTreeSet<&str> = told.lines().filter(|line| line.ends_with(" main")).collect();
    let pairs = lines.into_iter().filter_map(|line| {
        let mut words = line.split(' ');
        Some((words.next()?.to_owned(), words.next()?.to_owned()))
    });
    let mut sources: Vec<(String, String)> = pairs.collect();
    // The suite itself comes before its updates.
    sources.sort_by_key(|(suite, _)| (suite.len(), suite.clone()));
    Ok(sources)
}

fn remove(folder: &Path) -> Result<(), Failure> {
    // Only what is on the same file system: nothing that is still mounted below.
    if folder.exists() {
        run(Command::new("rm").args(["--recursive", "--force", "--one-file-system"]).arg(folder))
    } else {
        Ok(())
    }
}

fn run(command: &mut Command) -> Result<(), Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    println!("  {program} ...");
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| Failure::new(format!("{program} could not be started: {error}.")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("{program} ended with {}:\n{said}", output.status)))
}
