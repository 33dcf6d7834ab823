//! A Suprema SFM module that plays a script. It is strict: what is not in the script ends the test.

use super::pty::Device;
use drivers::scanner::sfm::command::{ImageHeader, answer, parameter, request};
use drivers::scanner::sfm::packet::{Decoder, END, Packet, data_sum};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Sides of the sensor in pixels: an image of three pieces.
pub const SIDE: u32 = 96;

/// What a transfer of an image does, one entry each time. Without an entry it goes well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// A pixel is damaged on the way, until the host complains.
    BadSum,
    /// A pixel is damaged on the way, whatever the host says.
    BadSums,
    /// The packet before a piece is damaged.
    BadHead,
    /// The last byte never comes.
    CutShort,
    /// Noise, in place of the pieces.
    Garbage,
    /// Pieces in the wrong order.
    OutOfTurn,
    /// One byte every 10 ms.
    Drip,
    /// One byte, and then nothing for a second.
    Trickle,
    /// The cable is pulled in the middle.
    Unplug,
}

/// How the module behaves.
#[derive(Clone, Debug)]
pub struct Script {
    /// Answers to scans, in order; then "no finger" for ever.
    pub scans: Vec<u8>,
    /// How transfers go wrong, in order.
    pub transfers: Vec<Transfer>,
    /// Whether it knows the transfer in pieces.
    pub pieces: bool,
    /// Answers nothing at all.
    pub silent: bool,
    /// Answers everything with noise.
    pub noise: bool,
    /// Answers each command with the first byte only.
    pub half: bool,
    /// This many answers have a wrong checksum.
    pub damaged_answers: u32,
    /// It is at something until it is cancelled.
    pub busy: bool,
    /// The terminal that it answers for.
    pub terminal: Option<u16>,
    /// Firmware version and build number.
    pub texts: (&'static [u8; 4], &'static [u8; 4]),
    /// Width and height that its images have.
    pub size: (u32, u32),
}

impl Default for Script {
    fn default() -> Self {
        Self {
            scans: vec![answer::TIME_OUT, answer::SUCCESS, answer::SUCCESS],
            transfers: Vec::new(),
            pieces: true,
            silent: false,
            noise: false,
            half: false,
            damaged_answers: 0,
            busy: false,
            terminal: None,
            texts: (b"SIMU", b"LATE"),
            size: (SIDE, SIDE),
        }
    }
}

/// A running module. Dropping it unplugs it.
pub struct Module {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Module {
    /// Plugs a module in under this path.
    pub fn plug_in(link: &Path, script: Script) -> Self {
        let mut player = Player {
            device: Device::plug_in(link),
            scans: script.scans.clone().into(),
            transfers: script.transfers.clone().into(),
            script,
            sending: None,
            parameters: Vec::new(),
        };
        let stop = Arc::new(AtomicBool::new(false));
        let thread = {
            let stop = stop.clone();
            std::thread::spawn(move || player.play(&stop))
        };
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let ended = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            ended.unwrap().expect("the module got a command that it did not expect");
        }
    }
}

/// The pixels of every image: each of the 256 greys.
pub fn pixels() -> Vec<u8> {
    (0..SIDE * SIDE).map(|at| (at / 3 + at / SIDE * 7) as u8).collect()
}

struct Player {
    device: Device,
    script: Script,
    scans: VecDeque<u8>,
    transfers: VecDeque<Transfer>,
    sending: Option<Sending>,
    parameters: Vec<(u8, u32)>,
}

/// An image that is sent in pieces.
struct Sending {
    command: u8,
    pieces: Vec<Vec<u8>>,
    next: usize,
    trouble: Option<Transfer>,
}

impl Player {
    fn play(&mut self, stop: &AtomicBool) {
        let mut decoder = Decoder::new();
        while !stop.load(Ordering::SeqCst) {
            decoder.push(&self.device.read(10));
            while let Some(request) = decoder.next_packet() {
                let request = request.expect("the driver's packets are sound");
                if self.script.silent || request.terminal != self.script.terminal {
                    continue;
                }
                if self.script.noise {
                    self.device.write(&[0x55; 40]);
                    continue;
                }
                if !self.obey(request, stop) {
                    return;
                }
            }
        }
    }

    /// False when the module was unplugged.
    fn obey(&mut self, request: Packet, stop: &AtomicBool) -> bool {
        match (request.command, request.flag) {
            (request::SIX | request::RIX, flag @ (answer::DATA_OK | answer::DATA_ERROR)) => {
                return self.go_on(flag == answer::DATA_OK, stop);
            }
            (request::SS, _) => {
                let status = if self.script.busy { 0x34 } else { 0x30 };
                self.say(Packet::new(request::SS, status, 0, answer::SUCCESS));
            }
            (request::CA, _) => {
                (self.script.busy, self.sending) = (false, None);
                self.say(Packet::new(request::CA, 0, 0, answer::SUCCESS));
            }
            (request::SW, number) => {
                self.parameters.push((number, request.size));
                self.say(Packet::new(request::SW, 0, request.size, answer::SUCCESS));
            }
            (request::SR, number) => {
                let value = match number {
                    parameter::SENSOR_TYPE => 0x33,
                    parameter::FIRMWARE => u32::from_le_bytes(*self.script.texts.0),
                    parameter::BUILD => u32::from_le_bytes(*self.script.texts.1),
                    parameter::SERIAL => 4711,
                    other => panic!("parameter {other:#04x} is not read"),
                };
                self.say(Packet::new(request::SR, 0, value, answer::SUCCESS));
            }
            (request::SIX | request::RIX, _) if !self.script.pieces => {
                self.say(Packet::new(request.command, 0, 0, answer::UNSUPPORTED));
            }
            (scan @ (request::SIX | request::SI), _) => {
                for wanted in [(parameter::IMAGE_FORMAT, 0x30), (parameter::SCAN_SUCCESS, 0x31)] {
                    assert!(self.parameters.contains(&wanted), "{wanted:02x?} was set before the first scan");
                }
                match self.scans.pop_front().unwrap_or(answer::TIME_OUT) {
                    answer::SUCCESS => {
                        self.say(Packet::new(scan, 0, 0, answer::SCAN_SUCCESS));
                        return self.send_image(scan, request.size, stop);
                    }
                    other => self.say(Packet::new(scan, 0, 0, other)),
                }
            }
            (read @ (request::RIX | request::RI), _) => return self.send_image(read, request.size, stop),
            other => panic!("{other:02x?} is not used"),
        }
        true
    }

    fn say(&mut self, packet: Packet) {
        let mut bytes = Packet { terminal: self.script.terminal, ..packet }.encode();
        if self.script.damaged_answers > 0 {
            self.script.damaged_answers -= 1;
            let at = bytes.len() - 2;
            bytes[at] ^= 1;
        }
        self.device.write(if self.script.half { &bytes[..1] } else { &bytes });
    }

    fn send_image(&mut self, command: u8, piece: u32, stop: &AtomicBool) -> bool {
        let (width, height) = self.script.size;
        let mut image = ImageHeader::grey(width, height).encode();
        image.extend(pixels().into_iter().cycle().take((width * height) as usize));
        self.say(Packet::new(command, 0, image.len() as u32, answer::SUCCESS));
        let trouble = self.transfers.pop_front();
        if matches!(command, request::SI | request::RI) {
            if trouble == Some(Transfer::BadSum) {
                image[700] ^= 0x10;
            }
            self.device.write(&image);
            self.device.write(&[END]);
            return true;
        }
        let pieces = image.chunks(piece as usize).map(<[u8]>::to_vec).collect();
        self.sending = Some(Sending { command, pieces, next: 0, trouble });
        self.send_piece(stop)
    }

    /// After the host's word about a piece.
    fn go_on(&mut self, whole: bool, stop: &AtomicBool) -> bool {
        let Some(sending) = &mut self.sending else { return true };
        if whole {
            sending.next += 1;
        } else if sending.trouble == Some(Transfer::BadSum) {
            sending.trouble = None;
        }
        if sending.next == sending.pieces.len() {
            self.sending = None;
            return true;
        }
        self.send_piece(stop)
    }

    fn send_piece(&mut self, stop: &AtomicBool) -> bool {
        let Some(sending) = &self.sending else { return true };
        let piece = &sending.pieces[sending.next];
        let mut index = sending.next as u32;
        // Trouble strikes at the second piece.
        let trouble = sending.trouble.filter(|_| index == 1);
        if trouble == Some(Transfer::OutOfTurn) {
            index += 1;
        }
        let place = index << 16 | sending.pieces.len() as u32;
        let head =
            Packet { terminal: self.script.terminal, ..Packet::new(sending.command, place, piece.len() as u32, 0) };
        let mut bytes = head.encode();
        let start = bytes.len();
        bytes.extend(piece);
        bytes.extend(data_sum(piece).to_le_bytes());
        match trouble {
            Some(Transfer::BadSum | Transfer::BadSums) => bytes[start + 500] ^= 0x10,
            Some(Transfer::BadHead) => bytes[start - 2] ^= 1,
            Some(Transfer::CutShort) => drop(bytes.pop()),
            Some(Transfer::Garbage) => bytes = vec![0x55; 4000],
            Some(Transfer::Drip) => {
                for byte in &bytes {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    self.device.write(&[*byte]);
                    wait(Duration::from_millis(10), stop);
                }
                return true;
            }
            Some(Transfer::Trickle) => {
                self.device.write(&bytes[..1]);
                wait(Duration::from_secs(1), stop);
                return true;
            }
            Some(Transfer::Unplug) => {
                self.device.write(&bytes[..2000]);
                return false;
            }
            Some(Transfer::OutOfTurn) | None => {}
        }
        self.device.write(&bytes);
        true
    }
}

/// The pace of a slow module, not a wait for the driver.
fn wait(time: Duration, stop: &AtomicBool) {
    let end = Instant::now() + time;
    while Instant::now() < end && !stop.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(5));
    }
}
