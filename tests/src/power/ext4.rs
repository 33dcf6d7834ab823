//! ext4 on a loop device whose disk is a file of ours: the kernel's own file system, with its journal, meets the power cut.
//!
//! What ext4 flushes reaches us as fsync of that file; sectors that were not flushed last or not, in any order.

use super::files::Tree;
use super::fuse::{Mounted, PowerFs, missing};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The disk's file.
pub const DISK: &str = "disk";

/// Size of the disk: little more than ext4 with its journal needs.
const DISK_BYTES: u64 = 32 << 20;

/// A mounted disk. Dropping it unmounts and lets the loop device go.
pub struct Ext4 {
    folder: PathBuf,
    device: String,
    _fuse: Mounted,
}

/// Why no ext4 can be mounted by this account on this machine, if so.
pub fn ext4_missing() -> Option<String> {
    if let Some(why) = missing() {
        return Some(why);
    }
    let tried = tempfile::tempdir().map_err(|error| error.to_string()).and_then(|dir| {
        let fs = PowerFs::new(new_disk()?, None);
        Ext4::mount(&fs, dir.path()).map(drop)
    });
    tried.err()
}

/// A disk with an empty ext4 on it.
pub fn new_disk() -> Result<Tree, String> {
    let file = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
    file.as_file().set_len(DISK_BYTES).map_err(|error| error.to_string())?;
    let path = file.path().display().to_string();
    run("mkfs.ext4", &["-q", "-F", "-b", "4096", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard", &path])?;
    fs::read(file.path()).map(|bytes| Tree::with_disk(DISK, &bytes)).map_err(|error| error.to_string())
}

impl Ext4 {
    /// Mounts the disk of this file system, in two folders that are made in this one. ext4 first mends what a cut has left.
    pub fn mount(fs: &PowerFs, within: &Path) -> Result<Self, String> {
        let [below, folder] = ["disk", "ext4"].map(|name| within.join(name));
        for folder in [&below, &folder] {
            fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        }
        let fuse = fs.mount(&below).map_err(|error| format!("FUSE cannot be mounted: {error}"))?;
        let disk = below.join(DISK).display().to_string();
        let device = run("losetup", &["--find", "--show", &disk])?;
        // From here on its end lets go of the device, mounted or not.
        let mounted = Self { folder, device: device.trim().into(), _fuse: fuse };
        run("mount", &["-t", "ext4", &mounted.device, &mounted.folder.display().to_string()])?;
        Ok(mounted)
    }

    /// The mount point.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Ext4 {
    fn drop(&mut self) {
        let folder = self.folder.display().to_string();
        // Not mounted where the mount has failed.
        if run("umount", &[&folder]).is_err() {
            let _ = run("umount", &["-l", &folder]);
        }
        if let Err(why) = run("losetup", &["--detach", &self.device]) {
            eprintln!("{why}");
        }
    }
}

fn run(program: &str, words: &[&str]) -> Result<String, String> {
    let path = std::env::var("PATH").unwrap_or_default();
    // Where Debian keeps the programs of administrators.
    let output = Command::new(program).args(words).env("PATH", format!("{path}:/usr/sbin:/sbin")).output();
    let Output { status, stdout, stderr } = output.map_err(|error| format!("{program}: {error}"))?;
    if !status.success() {
        return Err(format!("{program}: {}", String::from_utf8_lossy(&stderr).trim()));
    }
    Ok(String::from_utf8_lossy(&stdout).into_owned())
}
