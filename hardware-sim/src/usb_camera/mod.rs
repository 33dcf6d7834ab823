//! A simulated USB webcam (USB Video Class, MJPEG), plugged into the kernel's virtual USB port (`vhci-hcd`) through
//! USB/IP: the kernel's own `uvcvideo` drives it, and programs find an ordinary `/dev/video` node.
//!
//! It needs that module and the right to write to its files, so it lives in the virtual machine of the tests.

mod uvc;
mod wire;

pub use uvc::Model;

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use wire::{HEADER, Request, STALLED, TAKEN_BACK};

/// The kernel's virtual USB port.
const PORT: &str = "/sys/devices/platform/vhci_hcd.0";

/// The kernel's number for high speed (480 Mbit/s).
const HIGH_SPEED: u8 = 3;

/// Bytes that the host may send with one request.
const MAX_SENT: usize = 4096;

/// Transfers that may wait for pictures; the kernel keeps five.
const MAX_WAITING: usize = 64;

/// How long the rest of a picture waits for the host, which may have stopped listening.
const HOST: Duration = Duration::from_secs(1);

/// Bits of a payload's header.
const END_OF_FRAME: u8 = 0x02;
const END_OF_HEADER: u8 = 0x80;

/// A picture as it goes over the cable.
pub struct Picture {
    /// JPEG, or what is left of it.
    pub jpeg: Arc<Vec<u8>>,
    /// After so many bytes the cable is pulled.
    pub cut: Option<usize>,
}

/// A camera that is plugged in. Dropping it pulls the cable.
pub struct UsbCamera {
    cable: Arc<Cable>,
    threads: Vec<JoinHandle<()>>,
}

impl UsbCamera {
    /// Plugs it in. `pictures` is asked for each frame while somebody streams, with the number of those before it.
    pub fn plug_in(model: Model, pictures: impl FnMut(u64) -> Picture + Send + 'static) -> io::Result<Self> {
        let (ours, kernel) = UnixStream::pair()?;
        let reading = ours.try_clone()?;
        let interval = Duration::from_secs(1) / model.fps.max(1);
        let cable = Arc::new(Cable::new(ours)?);
        let (hearing, playing) = (Arc::clone(&cable), Arc::clone(&cable));
        let hear = move || {
            // It ends with the cable, whoever pulls it.
            let _ = hearing.hear(reading, &model);
            hearing.pull();
        };
        let play = move || playing.play(interval, pictures);
        let threads = vec![
            std::thread::Builder::new().name("usb-camera".into()).spawn(hear)?,
            std::thread::Builder::new().name("usb-pictures".into()).spawn(play)?,
        ];
        let camera = Self { cable, threads };
        attach(&kernel)?;
        Ok(camera)
    }
}

impl Drop for UsbCamera {
    fn drop(&mut self) {
        self.cable.pull();
        for thread in self.threads.drain(..) {
            // A panic in it has been reported already.
            let _ = thread.join();
        }
    }
}

/// Hands our end's partner to the kernel, which keeps it from then on.
fn attach(kernel: &UnixStream) -> io::Result<()> {
    let status = std::fs::read_to_string(Path::new(PORT).join("status"))?;
    let port = free_port(&status).ok_or_else(|| io::Error::other("no free virtual USB port"))?;
    std::fs::write(Path::new(PORT).join("attach"), format!("{port} {} 1 {HIGH_SPEED}", kernel.as_raw_fd()))
}

/// Lines are `hub port state speed ...`; state 4 is a free port, hub `hs` one for high speed.
fn free_port(status: &str) -> Option<u32> {
    status.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let (hub, port, state) = (words.next()?, words.next()?, words.next()?);
        (hub == "hs" && state.parse() == Ok(4)).then(|| port.parse().ok())?
    })
}

/// The connection, and the transfers that wait for pictures.
struct Cable {
    line: Mutex<UnixStream>,
    /// The same line, to be closed while a writer waits for the host.
    plug: UnixStream,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Transfer>,
    pulled: bool,
}

struct Transfer {
    number: u32,
    length: usize,
}

impl Cable {
    fn new(line: UnixStream) -> io::Result<Self> {
        let plug = line.try_clone()?;
        Ok(Self { line: Mutex::new(line), plug, state: Mutex::default(), changed: Condvar::new() })
    }

    /// Answers the host until the cable is pulled.
    fn hear(&self, mut line: UnixStream, model: &Model) -> io::Result<()> {
        let refuse = || io::Error::from(io::ErrorKind::InvalidData);
        loop {
            let mut header = [0; HEADER];
            line.read_exact(&mut header)?;
            match wire::decode(&header).ok_or_else(refuse)? {
                Request::Submit { number, input, endpoint, length, setup } => {
                    if !input {
                        let mut sent = vec![0; Some(length).filter(|length| *length <= MAX_SENT).ok_or_else(refuse)?];
                        line.read_exact(&mut sent)?;
                    }
                    if endpoint == 0 {
                        self.send(&answer(model, number, input, length, &setup))?;
                    } else if input && endpoint == u32::from(uvc::ENDPOINT) {
                        self.wait_for_picture(Transfer { number, length }).ok_or_else(refuse)?;
                    } else {
                        self.send(&wire::submitted(number, STALLED, 0, &[]))?;
                    }
                }
                Request::Unlink { number, target } => {
                    let mut state = self.state();
                    let before = state.waiting.len();
                    state.waiting.retain(|transfer| transfer.number != target);
                    let status = if state.waiting.len() < before { TAKEN_BACK } else { 0 };
                    drop(state);
                    self.send(&wire::unlinked(number, status))?;
                }
            }
        }
    }

    /// Sends pictures while the host waits for any.
    fn play(&self, interval: Duration, mut pictures: impl FnMut(u64) -> Picture) {
        let mut number = 0;
        while self.somebody_waits() {
            let picture = pictures(number);
            // The lowest bit changes with each frame, so that the host sees a lost end.
            if self.show(&picture, (number & 1) as u8).is_none() {
                self.pull();
            }
            number += 1;
            // A camera's own clock.
            std::thread::sleep(interval);
        }
    }

    /// Sends one picture; nothing when the cable is pulled on the way.
    fn show(&self, picture: &Picture, parity: u8) -> Option<()> {
        let mut at = 0;
        while at < picture.jpeg.len() {
            let left = picture.cut.unwrap_or(usize::MAX).min(picture.jpeg.len()).saturating_sub(at);
            if left == 0 {
                return None;
            }
            let Some(transfer) = self.next_transfer() else { return Some(()) };
            let room = transfer.length.min(uvc::PAYLOAD as usize).saturating_sub(2).max(1);
            let piece = &picture.jpeg[at..][..room.min(left)];
            at += piece.len();
            let end = if at == picture.jpeg.len() { END_OF_FRAME } else { 0 };
            let payload = [&[2, END_OF_HEADER | end | parity], piece].concat();
            self.send(&wire::submitted(transfer.number, 0, payload.len(), &payload)).ok()?;
        }
        Some(())
    }

    fn wait_for_picture(&self, transfer: Transfer) -> Option<()> {
        let mut state = self.state();
        if state.waiting.len() >= MAX_WAITING {
            return None;
        }
        state.waiting.push_back(transfer);
        self.changed.notify_all();
        Some(())
    }

    /// True once a transfer waits, false once the cable is pulled.
    fn somebody_waits(&self) -> bool {
        let nobody = |state: &mut State| state.waiting.is_empty() && !state.pulled;
        let state = self.changed.wait_while(self.state(), nobody).unwrap_or_else(PoisonError::into_inner);
        !state.pulled
    }

    fn next_transfer(&self) -> Option<Transfer> {
        let nobody = |state: &mut State| state.waiting.is_empty() && !state.pulled;
        let waited = self.changed.wait_timeout_while(self.state(), HOST, nobody);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting.pop_front().filter(|_| !state.pulled)
    }

    fn send(&self, answer: &[u8]) -> io::Result<()> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner).write_all(answer)
    }

    fn pull(&self) {
        self.state().pulled = true;
        self.changed.notify_all();
        // Fails only when the line is closed already.
        let _ = self.plug.shutdown(Shutdown::Both);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn answer(model: &Model, number: u32, input: bool, length: usize, setup: &[u8; 8]) -> Vec<u8> {
    match model.control(setup) {
        Some(data) if input => wire::submitted(number, 0, data.len(), &data),
        Some(_) => wire::submitted(number, 0, length, &[]),
        None => wire::submitted(number, STALLED, 0, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_for_its_speed_is_found() {
        let head = "hub port sta spd dev      sockfd local_busid\n";
        for (lines, port) in [
            ("hs  0000 006 003 00010002 000003 1-1\nhs  0001 004 000 00000000 000000 0-0\n", Some(1)),
            ("ss  0008 004 000 00000000 000000 0-0\n", None),
            ("", None),
        ] {
            assert_eq!(free_port(&format!("{head}{lines}")), port);
        }
    }

    #[test]
    fn a_host_gets_descriptors_then_pictures_and_the_cable_can_be_cut() {
        let (ours, mut host) = UnixStream::pair().unwrap();
        let reading = ours.try_clone().unwrap();
        let cable = Cable::new(ours).unwrap();
        let model = Model { size: (320, 240), fps: 100, serial: "SIM1".into() };
        let mut submit = |number: u8, endpoint: u8, length: u16, setup: [u8; 8]| {
            let mut header = [0; HEADER];
            (header[3], header[7], header[15], header[19]) = (1, number, 1, endpoint);
            header[26..28].copy_from_slice(&length.to_be_bytes());
            header[40..].copy_from_slice(&setup);
            host.write_all(&header).unwrap();
        };
        submit(1, 0, 18, [0x80, 6, 0, 1, 0, 0, 18, 0]);
        submit(2, 1, 1000, [0; 8]);
        submit(3, 1, 1000, [0; 8]);
        submit(4, 1, 1000, [0; 8]);
        let picture = |number| Picture { jpeg: Arc::new(vec![7; 1200]), cut: (number == 1).then_some(500) };
        let mut got = Vec::new();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let _ = cable.hear(reading, &model);
                cable.pull();
            });
            scope.spawn(|| cable.play(Duration::from_millis(10), picture));
            host.read_to_end(&mut got).unwrap();
        });
        // A descriptor, two pieces of the first picture, one of the second, and then the cable is out.
        assert_eq!(got.len(), 4 * HEADER + 18 + 1000 + (1200 - 998 + 2) + (500 + 2));
        let payloads =
            [HEADER + 18, 2 * HEADER + 18 + 1000, 3 * HEADER + 18 + 1000 + 204].map(|at| got[at + HEADER + 1]);
        assert_eq!(payloads, [0x80, 0x82, 0x81]);
    }
}
