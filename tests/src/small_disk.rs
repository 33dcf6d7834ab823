//! A small file system of its own, which can be full without harm to the machine. Needs the right to mount.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted tmpfs. Dropping it unmounts, also when a test fails.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one of so many megabytes on this folder, which is made if it is missing.
    pub fn mount(folder: PathBuf, megabytes: u32) -> Result<Self, String> {
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let options = format!("size={megabytes}m,mode=700");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&folder).output();
        let mounted = mounted.map_err(|error| error.to_string())?;
        if !mounted.status.success() {
            return Err(String::from_utf8_lossy(&mounted.stderr).trim().into());
        }
        Ok(Self(folder))
    }

    /// Moves a folder's content onto a small disk, which is then in its place; the content of before stays beside it, as
    /// `-aside`.
    pub fn under(folder: &Path, megabytes: u32) -> Result<Self, String> {
        let aside = folder.with_extension("aside");
        fs::rename(folder, &aside).map_err(|error| error.to_string())?;
        match Self::mount(folder.to_owned(), megabytes) {
            Ok(disk) => {
                let copied = Command::new("cp").arg("-a").arg(aside.join(".")).arg(folder).status();
                assert!(copied.is_ok_and(|copied| copied.success()), "{} cannot be moved", folder.display());
                Ok(disk)
            }
            Err(why) => {
                fs::remove_dir(folder).and_then(|()| fs::rename(&aside, folder)).map_err(|error| error.to_string())?;
                Err(why)
            }
        }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// Takes up the room, but for so many bytes.
    pub fn fill(&self, left: u64) -> std::io::Result<()> {
        let stat = rustix::fs::statvfs(&self.0)?;
        let bytes = (stat.f_bavail * stat.f_frsize).saturating_sub(left);
        fs::write(self.filler(), vec![1; usize::try_from(bytes).unwrap_or(usize::MAX)])
    }

    /// Gives the room back.
    pub fn empty(&self) -> std::io::Result<()> {
        fs::remove_file(self.filler())
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("--lazy").arg(&self.0).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("{} stays mounted", self.0.display());
        }
    }
}
