//! A serial line whose other end is in the test's hands.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// The device's end of a line. Dropping it unplugs the device.
pub struct Device {
    master: OwnedFd,
    /// Kept open so that the line exists while no driver has it; raw from the start.
    _slave: OwnedFd,
    link: PathBuf,
}

impl Device {
    /// A new line whose host's end is found under this path, as udev's links are.
    pub fn plug_in(link: &Path) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let path = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC;
        let slave = rustix::fs::open(path.as_str(), flags, rustix::fs::Mode::empty()).unwrap();
        let mut mode = tcgetattr(&slave).unwrap();
        mode.make_raw();
        tcsetattr(&slave, OptionalActions::Now, &mode).unwrap();
        std::os::unix::fs::symlink(&path, link).unwrap();
        Self { master, _slave: slave, link: link.to_owned() }
    }

    /// What the host sent, waiting for it at most this many milliseconds; nothing when nothing came.
    pub fn read(&self, wait_ms: i64) -> Vec<u8> {
        let mut fds = [PollFd::new(&self.master, PollFlags::IN)];
        let wait = Timespec { tv_sec: wait_ms / 1000, tv_nsec: wait_ms % 1000 * 1_000_000 };
        if poll(&mut fds, Some(&wait)).unwrap() == 0 {
            return Vec::new();
        }
        let mut buffer = vec![0; 256];
        let count = rustix::io::read(&self.master, &mut buffer).unwrap_or(0);
        buffer.truncate(count);
        buffer
    }

    /// Sends to the host.
    pub fn write(&self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let count = rustix::io::write(&self.master, bytes).unwrap();
            bytes = &bytes[count..];
        }
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.link);
    }
}
