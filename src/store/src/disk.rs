//! Everything the store asks of a disk, so small that a disk that fails is a few lines of a test.

use rustix::fs::{FallocateFlags, FlockOperation, fallocate, flock, statvfs};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The folders of a store, beside its root (written as `""`).
pub const FOLDERS: [&str; 4] = ["audit", "records", "quarantine", "hold"];

/// A disk with the folders of one store. Names are relative: `journal.log`, `records/0000000001.rec`.
///
/// A file's bytes last when the call that wrote them returns; its name, and every rename and removal, when
/// [`Disk::sync_dir`] of its folder does.
pub trait Disk: Send + Sync {
    /// Appends to a file that is there and syncs it.
    fn append(&self, file: &str, bytes: &[u8]) -> io::Result<()>;

    /// Cuts a file that is there to this length and syncs it.
    fn cut(&self, file: &str, length: u64) -> io::Result<()>;

    /// Bytes that are free for this account.
    fn free(&self) -> io::Result<u64>;

    /// Makes a file that takes up this many bytes of the disk.
    fn hold(&self, file: &str, bytes: u64) -> io::Result<()>;

    /// Names and sizes of the files in a folder.
    fn list(&self, folder: &str) -> io::Result<Vec<(String, u64)>>;

    /// The whole file.
    fn read(&self, file: &str) -> io::Result<Vec<u8>>;

    /// Removes a file.
    fn remove(&self, file: &str) -> io::Result<()>;

    /// Renames a file, replacing what is there.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Makes names, renames and removals in a folder last.
    fn sync_dir(&self, folder: &str) -> io::Result<()>;

    /// Creates or replaces a file and syncs its bytes.
    fn write(&self, file: &str, bytes: &[u8]) -> io::Result<()>;
}

/// The folder of a store on a real disk, locked against other programs for as long as this value lives.
pub struct RealDisk {
    root: PathBuf,
    // Held for the lock on it.
    _lock: File,
}

impl RealDisk {
    /// Opens or makes the folder (mode 0700) and locks it. `WouldBlock` means that another program has it open.
    pub fn open(root: &Path) -> io::Result<Self> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(root)?;
        for folder in FOLDERS {
            builder.create(root.join(folder))?;
        }
        sync_the_way_to(root)?;
        let lock = OpenOptions::new().write(true).create(true).truncate(false).open(root.join("store.lock"))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Self { root: root.into(), _lock: lock })
    }

    fn at(&self, file: &str) -> PathBuf {
        self.root.join(file)
    }
}

/// Makes the names of a folder, of what is in it and of the folders above it last: whatever is kept in a folder is lost
/// with the folder's own name.
fn sync_the_way_to(root: &Path) -> io::Result<()> {
    let root = root.canonicalize()?;
    for (above, folder) in root.ancestors().enumerate() {
        match File::open(folder).and_then(|folder| folder.sync_all()) {
            // Whoever may not read the folders further up has not made them.
            Err(error) if above > 1 => tracing::debug!(above, %error, "a folder above the store is not synced"),
            synced => synced?,
        }
    }
    Ok(())
}

/// Whether a disk has no room for this account, which passes, in contrast to a disk that fails.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

impl Disk for RealDisk {
    fn append(&self, file: &str, bytes: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().append(true).open(self.at(file))?;
        file.write_all(bytes)?;
        file.sync_data()
    }

    fn cut(&self, file: &str, length: u64) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(self.at(file))?;
        file.set_len(length)?;
        file.sync_all()
    }

    fn free(&self) -> io::Result<u64> {
        let stat = statvfs(&self.root)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    fn hold(&self, file: &str, bytes: u64) -> io::Result<()> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(self.at(file))?;
        match fallocate(&file, FallocateFlags::empty(), 0, bytes) {
            // A file system that cannot hold space: the free space that was asked for has to do.
            Err(error) if error == rustix::io::Errno::OPNOTSUPP => Ok(()),
            result => Ok(result?),
        }
    }

    fn list(&self, folder: &str) -> io::Result<Vec<(String, u64)>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(self.at(folder))? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.is_file() {
                files.push((entry.file_name().to_string_lossy().into_owned(), metadata.len()));
            }
        }
        files.sort();
        Ok(files)
    }

    fn read(&self, file: &str) -> io::Result<Vec<u8>> {
        fs::read(self.at(file))
    }

    fn remove(&self, file: &str) -> io::Result<()> {
        fs::remove_file(self.at(file))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.at(from), self.at(to))
    }

    fn sync_dir(&self, folder: &str) -> io::Result<()> {
        File::open(self.at(folder))?.sync_all()
    }

    fn write(&self, file: &str, bytes: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(self.at(file))?;
        file.write_all(bytes)?;
        file.sync_data()
    }
}
