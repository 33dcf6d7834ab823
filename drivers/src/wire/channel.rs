//! A sequenced-packet socket that carries messages and, beside them, at most one file each.

use super::{Attachment, WireError};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, Shutdown, SocketAddrUnix, SocketFlags, SocketType, connect, recvmsg, sendmsg,
    shutdown, socket_with, socketpair,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

/// The longest message in bytes. A descriptor with long names needs about one thousand.
pub const MAX_DATAGRAM: usize = 16 * 1024;

/// Files taken from one datagram at most; all but the first are closed at once.
const MAX_FILES: usize = 4;

/// One side of the connection between the station and a driver.
#[derive(Debug)]
pub struct Channel(OwnedFd);

/// A message and the file that came with it.
#[derive(Debug)]
pub struct Received<M> {
    /// What was said.
    pub message: M,
    /// What came beside it.
    pub attachment: Option<Attachment>,
}

impl Channel {
    /// Both ends of a new connection. The second end is for a child's standard input.
    pub fn pair() -> Result<(Self, Self), WireError> {
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        Ok((Self(ours), Self(theirs)))
    }

    /// A new connection to whoever listens at this path.
    ///
    /// # Errors
    /// Nobody listens, this account may not connect, or so many connections wait to be taken that ours would too.
    pub fn connect(path: &Path) -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        connect(&socket, &SocketAddrUnix::new(path)?)?;
        rustix::io::ioctl_fionbio(&socket, false)?;
        Ok(Self(socket))
    }

    /// The end that was inherited as an open socket.
    pub fn from_fd(socket: OwnedFd) -> Self {
        Self(socket)
    }

    /// Another hold on the same end.
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    /// The bare socket.
    pub fn into_fd(self) -> OwnedFd {
        self.0
    }

    /// Sends one message, waiting while the other side's queue is full.
    pub fn send<M: Serialize>(&self, message: &M, attachment: Option<&Attachment>) -> Result<(), WireError> {
        self.send_with(message, attachment, SendFlags::NOSIGNAL)
    }

    /// Sends one message if the other side's queue has room; a full queue is an error of kind `WouldBlock`.
    pub fn send_now<M: Serialize>(&self, message: &M) -> Result<(), WireError> {
        self.send_with(message, None, SendFlags::NOSIGNAL | SendFlags::DONTWAIT)
    }

    /// The next message, waiting for it at most this long (for ever without a limit); nothing when none came.
    pub fn receive<M: DeserializeOwned>(&self, wait: Option<Duration>) -> Result<Option<Received<M>>, WireError> {
        if let Some(wait) = wait
            && !readable(self.0.as_fd(), wait)?
        {
            return Ok(None);
        }
        let mut bytes = vec![0; MAX_DATAGRAM];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FILES))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let got = loop {
            let mut slices = [IoSliceMut::new(&mut bytes)];
            match recvmsg(&self.0, &mut slices, &mut control, RecvFlags::CMSG_CLOEXEC) {
                Err(Errno::INTR) => {}
                other => break other?,
            }
        };
        // Taken out first, so that files are closed whatever the message turns out to be.
        let attachment = first_file(&mut control);
        if got.bytes == 0 {
            return Err(WireError::Closed);
        }
        if got.flags.contains(ReturnFlags::TRUNC) {
            return Err(WireError::TooBig { got: got.bytes as u64, limit: MAX_DATAGRAM as u64 });
        }
        // The reason is dropped: it may quote what was sent.
        let message = serde_json::from_slice(&bytes[..got.bytes]).map_err(|_| WireError::Malformed(got.bytes))?;
        Ok(Some(Received { message, attachment }))
    }

    /// Tells the other side that nothing more comes, and waits at most this long until it has closed its end. Whether it
    /// has.
    pub(crate) fn say_no_more(self, wait: Duration) -> bool {
        // Fails only when the other side has gone already.
        let _ = shutdown(&self.0, Shutdown::Write);
        self.wait_for_end(Some(wait))
    }

    /// Waits at most this long (for ever without a limit) until the other side says no more, or is gone; whatever else it
    /// says meanwhile stays for [`Self::receive`]. Whether it has.
    pub(crate) fn wait_for_end(&self, wait: Option<Duration>) -> bool {
        let end = wait.map(|wait| Instant::now() + wait);
        loop {
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            let left = left.map(|left| Timespec::try_from(left).unwrap_or_default());
            match poll(&mut [PollFd::new(&self.0, PollFlags::RDHUP)], left.as_ref()) {
                Err(Errno::INTR) => {}
                waited => return waited.is_ok_and(|ready| ready > 0),
            }
        }
    }

    fn send_with<M: Serialize>(
        &self,
        message: &M,
        attachment: Option<&Attachment>,
        flags: SendFlags,
    ) -> Result<(), WireError> {
        let bytes = serde_json::to_vec(message).map_err(|_| WireError::Malformed(0))?;
        if bytes.len() > MAX_DATAGRAM {
            return Err(WireError::TooBig { got: bytes.len() as u64, limit: MAX_DATAGRAM as u64 });
        }
        let files: Vec<BorrowedFd<'_>> = attachment.iter().map(|file| file.as_fd()).collect();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !files.is_empty() {
            control.push(SendAncillaryMessage::ScmRights(&files));
        }
        loop {
            match sendmsg(&self.0, &[IoSlice::new(&bytes)], &mut control, flags) {
                Err(Errno::INTR) => {}
                other => return other.map(drop).map_err(WireError::from),
            }
        }
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn first_file(control: &mut RecvAncillaryBuffer<'_>) -> Option<Attachment> {
    let mut files = control.drain().flat_map(|message| match message {
        RecvAncillaryMessage::ScmRights(files) => files.collect::<Vec<_>>(),
        _ => Vec::new(),
    });
    let first = files.next().map(Attachment::received);
    files.for_each(drop);
    first
}

/// Whether there is something to read, or an end to notice, within this time.
fn readable(socket: BorrowedFd<'_>, wait: Duration) -> Result<bool, WireError> {
    let wait = Timespec::try_from(wait).unwrap_or(Timespec { tv_sec: 3600, tv_nsec: 0 });
    let mut fds = [PollFd::from_borrowed_fd(socket, PollFlags::IN)];
    match poll(&mut fds, Some(&wait)) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Event, Request, Target};
    use super::*;
    use domain::device::DeviceState;
    use domain::finger::Finger;
    use domain::units::{Millis, Ppi};
    use proptest::prelude::*;
    use serde_json::Value;

    #[test]
    fn messages_arrive_with_their_files() {
        let (station, driver) = Channel::pair().unwrap();
        let request = Request::Capture { attempt: 7, what: Target::Fingers(vec![Finger::LeftRing]), deadline_ms: 9 };
        station.send(&request, None).unwrap();
        let got = driver.receive::<Request>(None).unwrap().unwrap();
        assert_eq!(got.message, request);
        assert!(got.attachment.is_none());

        let event = Event::Document { bytes: 3 };
        driver.send(&event, Some(&Attachment::seal(b"abc").unwrap())).unwrap();
        let got = station.receive::<Event>(None).unwrap().unwrap();
        assert_eq!(got.attachment.unwrap().read(got.message.attachment_size().unwrap()).unwrap(), b"abc");
    }

    #[test]
    fn silence_and_the_end_are_told_apart() {
        let (station, driver) = Channel::pair().unwrap();
        assert!(station.receive::<Event>(Some(Duration::ZERO)).unwrap().is_none());
        drop(driver);
        assert_eq!(station.receive::<Event>(Some(Duration::ZERO)).unwrap_err(), WireError::Closed);
        assert_eq!(station.send(&Request::Stop, None).unwrap_err(), WireError::Closed);
    }

    #[test]
    fn an_end_is_awaited_while_there_is_still_something_to_read() {
        let (station, driver) = Channel::pair().unwrap();
        driver.send(&Event::Alive, None).unwrap();
        station.send(&Request::Stop, None).unwrap();
        assert!(!driver.wait_for_end(Some(Duration::from_millis(20))), "something to read is no end");
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| driver.wait_for_end(None));
            // Closed with something unread, a connection is broken off, and the other side hears nothing more at all.
            station.receive::<Event>(None).unwrap();
            assert!(!station.say_no_more(Duration::from_millis(20)), "the driver has not closed its end");
            assert!(waiting.join().unwrap());
        });
        assert_eq!(driver.receive::<Request>(None).unwrap().unwrap().message, Request::Stop);
        assert_eq!(driver.receive::<Request>(None).unwrap_err(), WireError::Closed);
        let (station, driver) = Channel::pair().unwrap();
        drop(driver);
        assert!(station.say_no_more(Duration::from_secs(20)));
    }

    #[test]
    fn hostile_datagrams_are_typed_errors() {
        let (station, driver) = Channel::pair().unwrap();
        for (datagram, error) in [
            (b"{".to_vec(), WireError::Malformed(1)),
            (br#"{"event":"nonsense"}"#.to_vec(), WireError::Malformed(20)),
            (br#"{"event":"lifted","attempt":1,"more":2}"#.to_vec(), WireError::Malformed(39)),
            (vec![b' '; MAX_DATAGRAM + 1], WireError::TooBig { got: 16384, limit: 16384 }),
        ] {
            rustix::net::send(&driver, &datagram, SendFlags::NOSIGNAL).unwrap();
            assert_eq!(station.receive::<Event>(None).unwrap_err(), error);
        }
        let state = Event::State { state: DeviceState::Ready };
        driver.send(&state, None).unwrap();
        assert_eq!(station.receive::<Event>(None).unwrap().unwrap().message, state, "the next message still arrives");
    }

    #[test]
    fn a_message_above_the_limit_is_not_sent() {
        let (station, _driver) = Channel::pair().unwrap();
        let request = Request::Start { settings: Value::String("x".repeat(MAX_DATAGRAM)) };
        assert!(matches!(station.send(&request, None), Err(WireError::TooBig { .. })));
    }

    #[test]
    fn a_full_queue_does_not_block_the_station() {
        let (station, _driver) = Channel::pair().unwrap();
        let full = (0..1_000_000).find_map(|_| station.send_now(&Request::Stop).err());
        assert_eq!(full, Some(WireError::Io(std::io::ErrorKind::WouldBlock)));
    }

    proptest! {
        #[test]
        fn previews_of_any_size_arrive_as_they_were_said(
            attempt: u64,
            (width, height) in any::<(u32, u32)>(),
            ppi in 100u32..=2000,
            bit_depth: u8,
            code in 0u8..=10,
            captured_at: u64,
            sequence: u64,
        ) {
            let (station, driver) = Channel::pair().unwrap();
            let (ppi, position) = (Ppi::try_from(ppi).unwrap(), Finger::from_code(code));
            let captured_at = Millis(captured_at);
            let told = Event::Preview { attempt, width, height, ppi, bit_depth, position, captured_at, sequence };
            driver.send(&told, Some(&Attachment::seal(&[7; 6]).unwrap())).unwrap();
            let got = station.receive::<Event>(None).unwrap().unwrap();
            prop_assert_eq!(&got.message, &told);
            // Whatever it promises, only a file of exactly that size is read.
            let read = got.attachment.unwrap().read(got.message.attachment_size().unwrap());
            prop_assert_eq!(read.is_ok(), u64::from(width) * u64::from(height) == 6);
        }

        #[test]
        fn arbitrary_datagrams_never_panic(datagram in proptest::collection::vec(any::<u8>(), 1..2000)) {
            let (station, driver) = Channel::pair().unwrap();
            rustix::net::send(&driver, &datagram, SendFlags::NOSIGNAL).unwrap();
            let _ = station.receive::<Event>(None);
            rustix::net::send(&station, &datagram, SendFlags::NOSIGNAL).unwrap();
            let _ = driver.receive::<Request>(None);
        }
    }
}
