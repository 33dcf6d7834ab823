//! A pseudo-terminal that plays a serial port: plugged in it has a stable name, unplugged it is gone.

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, ioctl_tiocnxcl, tcgetattr, tcsetattr};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The device's side of a serial line. Dropping it unplugs the device: the name goes, the host reads end of file.
#[derive(Debug)]
pub struct Port {
    master: OwnedFd,
    /// Held open so that the line survives a host that closes and opens it again.
    slave: OwnedFd,
    link: PathBuf,
    device: PathBuf,
}

/// What ended a wait for bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// So many bytes were read.
    Bytes(usize),
    /// Nothing came in time.
    Idle,
    /// Somebody rang the bell: the scene has changed.
    Rung,
}

impl Port {
    /// Plugs in: a new pseudo-terminal in raw mode, with `link` pointing at it.
    pub fn plug(link: &Path) -> io::Result<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        rustix::io::ioctl_fionbio(&master, true)?;
        let name = ptsname(&master, Vec::new())?;
        let device = PathBuf::from(std::ffi::OsStr::from_bytes(name.as_bytes()));
        let slave = rustix::fs::open(&device, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
        // Raw before the first byte: a terminal in line mode would echo a packet back and hold it until a newline.
        let mut raw = tcgetattr(&slave)?;
        raw.make_raw();
        tcsetattr(&slave, OptionalActions::Now, &raw)?;
        point(link, &device)?;
        Ok(Self { master, slave, link: link.into(), device })
    }

    /// The speed that the host has set on its side, in baud.
    pub fn host_baud(&self) -> io::Result<u32> {
        Ok(tcgetattr(&self.slave)?.output_speed())
    }

    /// Waits for bytes from the host, for the bell, or for `limit` to pass.
    pub fn receive(&self, buffer: &mut [u8], bell: &Bell, limit: Duration) -> io::Result<Waited> {
        let mut watched = [PollFd::new(&self.master, PollFlags::IN), PollFd::new(&bell.0, PollFlags::IN)];
        if wait(&mut watched, limit)? == 0 {
            self.forget_lock();
            return Ok(Waited::Idle);
        }
        let rung = !watched[1].revents().is_empty();
        if rung {
            bell.hush();
            return Ok(Waited::Rung);
        }
        match rustix::io::read(&self.master, buffer) {
            Ok(0) | Err(Errno::AGAIN | Errno::INTR) => Ok(Waited::Idle),
            Ok(count) => Ok(Waited::Bytes(count)),
            Err(error) => Err(error.into()),
        }
    }

    /// Puts bytes on the line. What does not fit into the host's buffer because nobody reads is lost, as on a wire.
    pub fn transmit(&self, bytes: &[u8]) -> io::Result<()> {
        match rustix::io::write(&self.master, bytes) {
            Ok(_) | Err(Errno::AGAIN | Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// A real terminal forgets its exclusive lock when the last holder closes it. Ours is never closed for good, so a
    /// host process that was killed would lock its successor out.
    fn forget_lock(&self) {
        let _ = ioctl_tiocnxcl(&self.slave);
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        // Another simulator may have taken the name meanwhile.
        if std::fs::read_link(&self.link).is_ok_and(|target| target == self.device) {
            let _ = std::fs::remove_file(&self.link);
        }
    }
}

/// Wakes a device's thread while it waits for the host.
#[derive(Debug)]
pub struct Bell(OwnedFd);

impl Bell {
    /// A silent bell.
    pub fn new() -> io::Result<Self> {
        Ok(Self(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
    }

    /// Wakes whoever waits, or the next one who will.
    pub fn ring(&self) {
        let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
    }

    /// Waits for a ring, at most for `limit`.
    pub fn wait(&self, limit: Duration) -> io::Result<()> {
        let mut watched = [PollFd::new(&self.0, PollFlags::IN)];
        if wait(&mut watched, limit)? > 0 {
            self.hush();
        }
        Ok(())
    }

    fn hush(&self) {
        let _ = rustix::io::read(&self.0, &mut [0u8; 8]);
    }
}

fn wait(watched: &mut [PollFd<'_>], limit: Duration) -> io::Result<usize> {
    let limit = Timespec::try_from(limit).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    match poll(watched, Some(&limit)) {
        Err(Errno::INTR) => Ok(0),
        other => Ok(other?),
    }
}

/// Makes `link` point at `device` in one step, so that no host sees it missing in between.
fn point(link: &Path, device: &Path) -> io::Result<()> {
    let fresh = link.with_extension("new");
    let _ = std::fs::remove_file(&fresh);
    std::os::unix::fs::symlink(device, &fresh)?;
    std::fs::rename(&fresh, link)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    const LIMIT: Duration = Duration::from_secs(5);

    #[test]
    fn bytes_pass_unchanged_both_ways_and_survive_a_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("port");
        let port = Port::plug(&link).unwrap();
        let bell = Bell::new().unwrap();
        // Every byte value, control characters and newlines among them.
        let all: Vec<u8> = (0..=255).collect();
        for _ in 0..2 {
            let mut host = std::fs::File::options().read(true).write(true).open(&link).unwrap();
            assert!(rustix::termios::isatty(&host));
            host.write_all(&all).unwrap();
            let mut got = Vec::new();
            while got.len() < all.len() {
                let mut buffer = [0; 300];
                match port.receive(&mut buffer, &bell, LIMIT).unwrap() {
                    Waited::Bytes(count) => got.extend_from_slice(&buffer[..count]),
                    other => panic!("{other:?} after {} bytes", got.len()),
                }
            }
            assert_eq!(got, all);
            port.transmit(&all).unwrap();
            let mut back = vec![0; all.len()];
            host.read_exact(&mut back).unwrap();
            assert_eq!(back, all);
        }
    }

    #[test]
    fn unplugging_removes_the_name_and_ends_the_line() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("port");
        let port = Port::plug(&link).unwrap();
        let mut host = std::fs::File::options().read(true).write(true).open(&link).unwrap();
        drop(port);
        assert!(!link.exists());
        let ended = host.read(&mut [0; 8]);
        assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
        Port::plug(&link).unwrap().transmit(b"x").unwrap();
    }

    #[test]
    fn the_bell_wakes_a_waiting_thread() {
        let folder = tempfile::tempdir().unwrap();
        let port = Port::plug(&folder.path().join("port")).unwrap();
        let bell = Bell::new().unwrap();
        bell.ring();
        assert_eq!(port.receive(&mut [0; 8], &bell, LIMIT).unwrap(), Waited::Rung);
        assert_eq!(port.receive(&mut [0; 8], &bell, Duration::ZERO).unwrap(), Waited::Idle);
    }

    #[test]
    fn the_host_s_speed_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let port = Port::plug(&folder.path().join("port")).unwrap();
        let mut wanted = tcgetattr(&port.slave).unwrap();
        wanted.set_speed(115_200).unwrap();
        tcsetattr(&port.slave, OptionalActions::Now, &wanted).unwrap();
        assert_eq!(port.host_baud().unwrap(), 115_200);
    }
}
