//! A real folder whose syncs are left to the end.

use crate::disk::{Disk, RealDisk};
use rustix::fs::syncfs;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Fills a store that nobody takes the power from meanwhile: everything is done as on the real disk, but only
/// [`HastyDisk::settle`] makes it last. A store of 20,000 records costs 80,000 syncs otherwise.
pub struct HastyDisk {
    real: RealDisk,
    root: PathBuf,
}

impl HastyDisk {
    /// Opens or makes the folder of a store.
    ///
    /// # Errors
    /// Those of [`RealDisk::open`].
    pub fn open(root: &Path) -> io::Result<Self> {
        Ok(Self { real: RealDisk::open(root)?, root: root.into() })
    }

    /// Makes everything that was written in a folder last.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn settle(root: &Path) -> io::Result<()> {
        Ok(syncfs(File::open(root)?)?)
    }
}

impl Disk for HastyDisk {
    fn append(&self, file: &str, bytes: &[u8]) -> io::Result<()> {
        OpenOptions::new().append(true).open(self.root.join(file))?.write_all(bytes)
    }

    fn cut(&self, file: &str, length: u64) -> io::Result<()> {
        self.real.cut(file, length)
    }

    fn free(&self) -> io::Result<u64> {
        self.real.free()
    }

    fn hold(&self, file: &str, bytes: u64) -> io::Result<()> {
        self.real.hold(file, bytes)
    }

    fn list(&self, folder: &str) -> io::Result<Vec<(String, u64)>> {
        self.real.list(folder)
    }

    fn read(&self, file: &str) -> io::Result<Vec<u8>> {
        self.real.read(file)
    }

    fn remove(&self, file: &str) -> io::Result<()> {
        self.real.remove(file)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.real.rename(from, to)
    }

    fn sync_dir(&self, _folder: &str) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, file: &str, bytes: &[u8]) -> io::Result<()> {
        let made = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(self.root.join(file));
        made?.write_all(bytes)
    }
}
