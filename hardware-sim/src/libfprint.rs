//! A simulated USB scanner for hosts that use libfprint: feeds the library's own `virtual_image` device.
//!
//! The library listens at a unix socket as long as the host has the device open, takes messages and answers nothing
//! (virtual-image.c): two native 32-bit integers, width and height, then a grey byte for each pixel; a negative width
//! is a control message. It does not tell when it waits for a finger. So a finger that lies on the glass is exposed
//! again and again: what nobody waits for, the library drops. Each dropped image costs the host's process the memory
//! of one image, which the library never gives back, so the pace is that of a person who presses once more.
//!
//! The folder of the socket plays the USB port: it exists while the scanner is plugged in.

use crate::stage::{Device, FaultKind, Stage};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often a finger that stays on the glass is exposed again, unless a test is in a hurry.
pub const AGAIN: Duration = Duration::from_secs(1);

/// How often to look at the glass, and for a host that opens the device.
const LOOK: Duration = Duration::from_millis(20);

/// A host that does not read for so long has let the device go.
const PATIENCE: Duration = Duration::from_secs(2);

/// The pace of the fault `slow`, for each byte.
const SLOW_BYTE: Duration = Duration::from_secs(1);

/// FpDeviceRetry: a poor image. FpDeviceError: busy, and a breach of the protocol (fp-device.h).
const RETRY_GENERAL: i32 = 0;
const ERROR_BUSY: i32 = 4;
const ERROR_PROTO: i32 = 5;

/// The control messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Control {
    /// The scan is to be done again.
    Retry = -1,
    /// The scan has failed for good.
    Fatal = -2,
    /// Whether the library is to report the finger by itself.
    Automatic = -3,
    /// A finger is on the glass, or off.
    Finger = -4,
    /// The device is gone.
    Removed = -5,
}

/// Feeds the library at `socket` on a thread of its own until the simulation ends.
pub fn spawn(stage: Arc<Stage>, socket: PathBuf, again: Duration) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("libfprint".into()).spawn(move || run(&stage, &socket, again))
}

/// Feeds the library at `socket` until the simulation ends. A finger that stays is exposed again after `again`.
pub fn run(stage: &Stage, socket: &Path, again: Duration) {
    while !stage.has_ended() {
        if is_out(stage) {
            let _ = stage.bell(Device::Scanner).wait(PATIENCE);
            continue;
        }
        match plug(socket) {
            Ok(()) => stage.plugged(Device::Scanner),
            Err(error) => tracing::error!(%error, socket = %socket.display(), "there is no place for the socket"),
        }
        while !is_out(stage) {
            // Where no host has the device open, nobody listens.
            if let Ok(stream) = UnixStream::connect(socket) {
                let mut feed = Feed { stage, stream, shown: None, before: None, next: Instant::now(), again };
                match feed.serve() {
                    Ok(()) => {
                        unplug(socket);
                        // Only now: the host shall not find the scanner again.
                        let _ = feed.control(Control::Removed, 0);
                    }
                    Err(error) => tracing::debug!(%error, "the host let the simulated scanner go"),
                }
            }
            let _ = stage.bell(Device::Scanner).wait(LOOK);
        }
        stage.unplug(Device::Scanner, || unplug(socket));
    }
}

/// The cable is out, or the simulation at its end.
fn is_out(stage: &Stage) -> bool {
    stage.has_ended() || stage.fault(Device::Scanner) == FaultKind::Unplug
}

fn plug(socket: &Path) -> io::Result<()> {
    socket.parent().map_or(Ok(()), std::fs::create_dir_all)
}

/// Takes the port away.
fn unplug(socket: &Path) {
    let _ = std::fs::remove_file(socket);
    if let Some(folder) = socket.parent() {
        // Only an empty one goes: whatever else is in it is not ours.
        let _ = std::fs::remove_dir(folder);
    }
}

/// One connection to the library.
struct Feed<'a> {
    stage: &'a Stage,
    stream: UnixStream,
    /// What lies on the glass, as the library knows it.
    shown: Option<Arc<Vec<u8>>>,
    /// The touch before, for the fault `replay`.
    before: Option<Arc<Vec<u8>>>,
    /// When to expose again.
    next: Instant,
    again: Duration,
}

impl Feed<'_> {
    /// Until the cable is out or the simulation ends; an error when the host has closed the device.
    fn serve(&mut self) -> io::Result<()> {
        self.stream.set_read_timeout(Some(LOOK))?;
        self.stream.set_write_timeout(Some(PATIENCE))?;
        self.control(Control::Automatic, 0)?;
        loop {
            self.host_is_there()?;
            if is_out(self.stage) {
                return Ok(());
            }
            match self.stage.on_glass() {
                Some(grey) => self.touched(&grey)?,
                None => self.lifted()?,
            }
        }
    }

    /// The library says nothing, so whatever ends this wait early is its end.
    fn host_is_there(&mut self) -> io::Result<()> {
        match self.stream.read(&mut [0; 16]) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Err(error) if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Err(error),
            _ => Ok(()),
        }
    }

    fn touched(&mut self, grey: &Arc<Vec<u8>>) -> io::Result<()> {
        let known = self.shown.as_ref().is_some_and(|shown| Arc::ptr_eq(shown, grey));
        if known && Instant::now() < self.next {
            return Ok(());
        }
        if !known {
            // One finger after another: the first has left in between, however quickly that went.
            self.lifted()?;
        }
        self.shown = Some(Arc::clone(grey));
        self.next = Instant::now() + self.again;
        let (width, height) = self.stage.settings().sensor;
        let header = [width as i32, height as i32].map(i32::to_ne_bytes).concat();
        let length = header.len() + grey.len();
        let fault = match self.stage.spend(Device::Scanner, length) {
            good if good == length => FaultKind::None,
            _ => self.stage.fault(Device::Scanner),
        };
        if fault == FaultKind::Silent {
            return Ok(());
        }
        self.control(Control::Finger, 1)?;
        match fault {
            FaultKind::BadChecksum => self.control(Control::Retry, RETRY_GENERAL),
            FaultKind::Busy => self.control(Control::Fatal, ERROR_BUSY),
            FaultKind::Garbage => self.control(Control::Fatal, ERROR_PROTO),
            FaultKind::Slow => self.trickle(&[&header, grey.as_slice()].concat()),
            FaultKind::Stall | FaultKind::Unplug => Ok(()),
            FaultKind::Replay => {
                let old = self.before.as_ref().map_or_else(|| Arc::clone(grey), Arc::clone);
                self.stream.write_all(&[&header, old.as_slice()].concat())
            }
            _ => self.stream.write_all(&[&header, grey.as_slice()].concat()),
        }
    }

    fn lifted(&mut self) -> io::Result<()> {
        let Some(shown) = self.shown.take() else { return Ok(()) };
        self.before = Some(shown);
        self.control(Control::Finger, 0)
    }

    /// A byte a second as long as the fault lasts, then the rest at once: the library counts an image's bytes, and a
    /// message that begins has to end.
    fn trickle(&mut self, bytes: &[u8]) -> io::Result<()> {
        for (at, byte) in bytes.iter().enumerate() {
            if self.stage.has_ended() || self.stage.fault(Device::Scanner) != FaultKind::Slow {
                return self.stream.write_all(&bytes[at..]);
            }
            self.stream.write_all(&[*byte])?;
            self.stage.bell(Device::Scanner).wait(SLOW_BYTE)?;
        }
        Ok(())
    }

    fn control(&mut self, what: Control, argument: i32) -> io::Result<()> {
        self.stream.write_all(&[what as i32, argument].map(i32::to_ne_bytes).concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::{Person, Traits};
    use crate::stage::Settings;
    use domain::finger::Finger;
    use jiff::civil::date;
    use std::os::unix::net::UnixListener;

    const LIMIT: Duration = Duration::from_secs(20);
    const SENSOR: (u32, u32) = (64, 48);

    /// The library's end of the socket, taken over by the test.
    struct Library {
        stage: Arc<Stage>,
        socket: PathBuf,
        feeder: Option<JoinHandle<()>>,
        _folder: tempfile::TempDir,
    }

    impl Library {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let socket = folder.path().join("port").join("socket");
            let today = date(2026, 1, 15);
            let stage = Arc::new(Stage::new(Settings { sensor: SENSOR, autopilot: false, today }).unwrap());
            stage.arrive(Person::new(3, &Traits::default(), today)).unwrap();
            let feeder = Some(spawn(Arc::clone(&stage), socket.clone(), LIMIT).unwrap());
            stage.wait_plugged(Device::Scanner, true, LIMIT).unwrap();
            Self { stage, socket, feeder, _folder: folder }
        }

        fn accept(&self) -> UnixStream {
            let (stream, _) = UnixListener::bind(&self.socket).unwrap().accept().unwrap();
            stream.set_read_timeout(Some(LIMIT)).unwrap();
            stream
        }
    }

    impl Drop for Library {
        fn drop(&mut self) {
            self.stage.end();
            self.feeder.take().unwrap().join().unwrap();
        }
    }

    fn header(stream: &mut UnixStream) -> (i32, i32) {
        let mut bytes = [0; 8];
        stream.read_exact(&mut bytes).unwrap();
        let [a, b, c, d, rest @ ..] = bytes;
        (i32::from_ne_bytes([a, b, c, d]), i32::from_ne_bytes(rest))
    }

    #[test]
    fn a_touch_is_a_finger_an_image_and_no_finger() {
        let library = Library::new();
        let mut stream = library.accept();
        assert_eq!(header(&mut stream), (-3, 0));
        for finger in [Finger::RightIndex, Finger::LeftThumb] {
            library.stage.put(finger).unwrap();
            assert_eq!(header(&mut stream), (-4, 1));
            assert_eq!(header(&mut stream), (64, 48));
            let mut grey = vec![0; 64 * 48];
            stream.read_exact(&mut grey).unwrap();
            assert_eq!(&grey, library.stage.on_glass().unwrap().as_ref());
            library.stage.lift();
            assert_eq!(header(&mut stream), (-4, 0));
        }
    }

    #[test]
    fn faults_take_the_place_of_the_image() {
        let library = Library::new();
        let mut stream = library.accept();
        assert_eq!(header(&mut stream), (-3, 0));
        for (fault, message) in
            [(FaultKind::BadChecksum, (-1, 0)), (FaultKind::Garbage, (-2, 5)), (FaultKind::Busy, (-2, 4))]
        {
            library.stage.set_fault(Device::Scanner, fault, 0).unwrap();
            library.stage.put(Finger::RightIndex).unwrap();
            assert_eq!((header(&mut stream), header(&mut stream)), ((-4, 1), message), "{fault:?}");
            library.stage.lift();
            assert_eq!(header(&mut stream), (-4, 0));
        }
    }

    #[test]
    fn the_port_goes_with_the_cable_and_comes_back() {
        let library = Library::new();
        let mut stream = library.accept();
        assert_eq!(header(&mut stream), (-3, 0));
        library.stage.set_fault(Device::Scanner, FaultKind::Unplug, 0).unwrap();
        assert_eq!(header(&mut stream), (-5, 0));
        library.stage.wait_plugged(Device::Scanner, false, LIMIT).unwrap();
        assert!(!library.socket.parent().unwrap().exists());
        assert_eq!(stream.read(&mut [0]).unwrap(), 0, "and the connection with it");
        library.stage.set_fault(Device::Scanner, FaultKind::Replug, 0).unwrap();
        library.stage.wait_plugged(Device::Scanner, true, LIMIT).unwrap();
        assert_eq!(header(&mut library.accept()), (-3, 0));
    }
}
