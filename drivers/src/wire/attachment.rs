//! A sealed memory file: pixels or document lines on their way to the station.

use super::WireError;
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, fstat, memfd_create};
use rustix::io::{pread, write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use zeroize::Zeroize;

/// The largest file in bytes: a frame of 3840 x 2160 RGB pixels fits, a FAP 60 slap (1600 x 1500) eight times.
pub const MAX_ATTACHMENT: u64 = 32 * 1024 * 1024;

const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW).union(SealFlags::WRITE);

/// A memory file beside a message.
#[derive(Debug)]
pub struct Attachment(OwnedFd);

impl Attachment {
    /// A copy of these bytes in a file that nobody can change any more.
    pub fn seal(bytes: &[u8]) -> Result<Self, WireError> {
        within_limit(bytes.len() as u64)?;
        let file = memfd_create("gatepost", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        let mut rest = bytes;
        while !rest.is_empty() {
            let written = write(&file, rest)?;
            rest = &rest[written..];
        }
        fcntl_add_seals(&file, SEALS | SealFlags::SEAL)?;
        Ok(Self(file))
    }

    /// The file's bytes, copied out, if it is sealed and exactly `needed` bytes long.
    pub fn read(&self, needed: u64) -> Result<Vec<u8>, WireError> {
        within_limit(needed)?;
        // Anything but a memory file has no seals, and says so with an error.
        let seals = fcntl_get_seals(&self.0).map_err(|_| WireError::Unsealed)?;
        if !seals.contains(SEALS) {
            return Err(WireError::Unsealed);
        }
        let got = u64::try_from(fstat(&self.0)?.st_size).unwrap_or(0);
        if got != needed {
            return Err(WireError::WrongSize { got, needed });
        }
        let mut bytes = vec![0; needed as usize];
        let copied = self.fill(&mut bytes);
        if copied.is_err() {
            bytes.zeroize();
        }
        copied.map(|()| bytes)
    }

    pub(super) fn received(file: OwnedFd) -> Self {
        Self(file)
    }

    fn fill(&self, bytes: &mut [u8]) -> Result<(), WireError> {
        let mut done = 0;
        while done < bytes.len() {
            match pread(&self.0, &mut bytes[done..], done as u64)? {
                0 => return Err(WireError::WrongSize { got: done as u64, needed: bytes.len() as u64 }),
                more => done += more,
            }
        }
        Ok(())
    }
}

impl AsFd for Attachment {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn within_limit(got: u64) -> Result<(), WireError> {
    if got <= MAX_ATTACHMENT { Ok(()) } else { Err(WireError::TooBig { got, limit: MAX_ATTACHMENT }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn what_is_sealed_comes_back_and_cannot_change() {
        let sealed = Attachment::seal(&[1, 2, 3]).unwrap();
        assert_eq!(sealed.read(3).unwrap(), [1, 2, 3]);
        assert_eq!(sealed.read(3).unwrap(), [1, 2, 3], "reading moves nothing");
        assert!(write(&sealed, &[9]).is_err());
        assert!(rustix::fs::ftruncate(&sealed, 0).is_err());
        assert_eq!(sealed.read(4), Err(WireError::WrongSize { got: 3, needed: 4 }));
        assert_eq!(Attachment::seal(&[]).unwrap().read(0).unwrap(), Vec::<u8>::new());
    }

    #[test]
    fn what_could_still_change_is_refused() {
        let open = memfd_create("open", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
        write(&open, &[1, 2, 3]).unwrap();
        assert_eq!(Attachment::received(open).read(3), Err(WireError::Unsealed));
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[1, 2, 3]).unwrap();
        assert_eq!(Attachment::received(file.into()).read(3), Err(WireError::Unsealed));
    }

    #[test]
    fn a_promise_above_the_limit_is_refused_before_memory_is_taken() {
        let sealed = Attachment::seal(&[0]).unwrap();
        assert_eq!(sealed.read(u64::MAX), Err(WireError::TooBig { got: u64::MAX, limit: MAX_ATTACHMENT }));
    }
}
