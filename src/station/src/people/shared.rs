//! A small file that the running station and the command line both change: each change is made to what is there now,
//! under a lock, and replaces the file as a whole, so that neither undoes the other's and no cut leaves half a file.

use rustix::fs::{FlockOperation, flock};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Longer files are none of ours.
const LONGEST: u64 = 4 << 20;

/// A file with its lock beside it.
#[derive(Clone, Debug)]
pub struct SharedFile(PathBuf);

/// Tells whether the file is still the one that was read: its node, its time of change and its length.
pub type Version = (u64, i64, i64, u64);

impl SharedFile {
    /// The file of this name. Its folder must be there.
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Its name.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What it is now; none where there is none.
    pub fn version(&self) -> Option<Version> {
        let of = self.0.metadata().ok()?;
        Some((of.ino(), of.mtime(), of.mtime_nsec(), of.len()))
    }

    /// What it holds; none where there is none.
    pub fn read(&self) -> io::Result<Option<Vec<u8>>> {
        match self.0.metadata() {
            Ok(of) if of.len() > LONGEST => Err(io::ErrorKind::FileTooLarge.into()),
            Ok(_) => fs::read(&self.0).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Changes it: from what it holds now comes what it shall hold, if anything, and an answer. The answer is given only
    /// when the change is on the disk.
    pub fn change<R, E: From<io::Error>>(
        &self,
        change: impl FnOnce(Option<Vec<u8>>) -> Result<(Option<Vec<u8>>, R), E>,
    ) -> Result<R, E> {
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(self.beside("lock"))?;
        flock(&lock, FlockOperation::LockExclusive).map_err(io::Error::from)?;
        let (new, answer) = change(self.read()?)?;
        if let Some(bytes) = new {
            self.replace(&bytes)?;
        }
        Ok(answer)
    }

    fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        let new = self.beside("new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, &self.0)?;
        File::open(self.0.parent().unwrap_or(Path::new(".")))?.sync_all()
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = OsString::from(&self.0);
        name.push(".");
        name.push(ending);
        name.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_made_at_once_are_all_there() {
        let dir = tempfile::tempdir().unwrap();
        let file = SharedFile::new(&dir.path().join("count"));
        let before = file.version();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..25 {
                        let add = |old: Option<Vec<u8>>| {
                            let mut new = old.unwrap_or_default();
                            new.push(b'x');
                            Ok::<_, io::Error>((Some(new), ()))
                        };
                        file.change(add).unwrap();
                    }
                });
            }
        });
        assert_eq!(file.read().unwrap(), Some(vec![b'x'; 100]));
        assert_ne!(file.version(), before);
    }

    #[test]
    fn a_refused_change_leaves_the_file_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let file = SharedFile::new(&dir.path().join("file"));
        file.change(|_| Ok::<_, io::Error>((Some(b"one".to_vec()), ()))).unwrap();
        let refused = file.change(|_| Err::<(Option<Vec<u8>>, ()), io::Error>(io::ErrorKind::Other.into()));
        assert!(refused.is_err());
        assert_eq!(file.read().unwrap(), Some(b"one".to_vec()));
    }
}
