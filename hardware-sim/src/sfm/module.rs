//! The module's memory and manners, without any I/O or clock: a packet in, what to send out.

use drivers::scanner::sfm::SIMULATED;
use drivers::scanner::sfm::command::{ALIVE, ImageHeader, ZERO, answer, baud_code, baud_of, parameter, request};
use drivers::scanner::sfm::packet::{END, Packet, data_sum};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What the module does about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Sends a packet.
    Answer(Packet),
    /// Sends a piece of an image: its packet, its bytes and their sum.
    Piece(Packet, Vec<u8>),
    /// Sends bytes without a sum, and the end code.
    Plain(Vec<u8>),
    /// The whole image has been sent.
    Sent,
}

/// A scan that waits for a finger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scan {
    /// With what it was asked for, and the size of pieces.
    request: Packet,
    /// How long it waits; for ever without.
    pub patience: Option<Duration>,
}

/// One module: system parameters and the last image.
#[derive(Debug)]
pub struct Module {
    size: (u32, u32),
    /// In force.
    now: BTreeMap<u8, u32>,
    /// In flash memory.
    saved: BTreeMap<u8, u32>,
    image: Option<Vec<u8>>,
    scan: Option<Scan>,
    sending: Option<Sending>,
    /// It starts anew after what it is about to send.
    resets: bool,
}

/// An image on its way in pieces.
#[derive(Debug)]
struct Sending {
    request: Packet,
    image: Vec<u8>,
    next: usize,
}

/// The number that the module leaves the factory with.
const MODULE_ID: u32 = 1;

/// Pieces that fit into the half of a parameter that numbers them.
const MAX_PIECES: usize = 0xFFFF;

/// The smallest piece; a smaller wish is taken as this.
const LEAST_PIECE: usize = 16;

impl Module {
    /// A module as it comes from the factory, but at this speed. `size`: pixels in a row, rows.
    pub fn new(size: (u32, u32), baud: u32) -> Self {
        let text = |text: &str| text.bytes().rev().fold(0, |word, byte| word << 8 | u32::from(byte));
        let (firmware, build) = SIMULATED;
        // Defaults of the manual's table.
        let parameters = BTreeMap::from([
            (parameter::TIMEOUT, 0x3A),
            (parameter::ENCRYPTION, ZERO),
            // The sensor of the simulation is none of the table's.
            (parameter::SENSOR_TYPE, 0),
            (parameter::IMAGE_FORMAT, ZERO + 1),
            (parameter::MODULE_ID, MODULE_ID),
            (parameter::FIRMWARE, text(firmware)),
            (parameter::SERIAL, 1),
            (parameter::BAUD, baud_code(baud).unwrap_or(ZERO + 5)),
            (parameter::SCAN_SUCCESS, ZERO + 1),
            (parameter::BUILD, text(build)),
        ]);
        let saved = parameters.clone();
        Self { size, now: parameters, saved, image: None, scan: None, sending: None, resets: false }
    }

    /// Power comes back: saved parameters are in force, everything else is forgotten.
    pub fn power_up(&mut self) {
        self.now = self.saved.clone();
        (self.image, self.scan, self.sending, self.resets) = (None, None, None, false);
    }

    /// The module's speed: what it had when it was started.
    pub fn baud(&self) -> u32 {
        baud_of(self.value(parameter::BAUD)).unwrap_or(115_200)
    }

    /// The scan that waits for a finger.
    pub fn waiting(&self) -> Option<Scan> {
        self.scan
    }

    /// What follows from a packet; nothing from one for another module.
    pub fn hear(&mut self, request: &Packet) -> Vec<Deed> {
        let terminal = self.value(parameter::MODULE_ID) as u16;
        let to_all = request.terminal == Some(0);
        if !to_all && request.terminal.is_some_and(|wanted| wanted != terminal) {
            return Vec::new();
        }
        let deeds = self.obey(request);
        // Everybody does what is asked of all, and only ID is answered: many answers at once would collide.
        if !to_all {
            return deeds;
        }
        (self.scan, self.sending) = (None, None);
        let own = |deed: Deed| match deed {
            Deed::Answer(packet) => Deed::Answer(Packet { terminal: Some(terminal), ..packet }),
            other => other,
        };
        if request.command == request::ID { deeds.into_iter().map(own).collect() } else { Vec::new() }
    }

    /// What was announced has been sent: a restart happens now. Whether it does.
    pub fn settle(&mut self) -> bool {
        let resets = self.resets;
        if resets {
            self.power_up();
        }
        resets
    }

    /// The waiting scan looked and saw this finger.
    pub fn scanned(&mut self, grey: &Arc<Vec<u8>>) -> Vec<Deed> {
        let Some(Scan { request, .. }) = self.scan.take() else { return Vec::new() };
        self.image = Some(self.encoded(grey));
        let mut deeds = Vec::new();
        if self.value(parameter::SCAN_SUCCESS) == ZERO + 1 {
            deeds.push(Deed::Answer(reply(&request, 0, 0, answer::SCAN_SUCCESS)));
        }
        deeds.extend(self.send(request));
        deeds
    }

    /// The waiting scan ends without a finger.
    pub fn gave_up(&mut self, flag: u8) -> Vec<Deed> {
        self.scan.take().map(|scan| Deed::Answer(reply(&scan.request, 0, 0, flag))).into_iter().collect()
    }

    fn obey(&mut self, request: &Packet) -> Vec<Deed> {
        let one = |parameter, size, flag| vec![Deed::Answer(reply(request, parameter, size, flag))];
        match request.command {
            request::SIX | request::RIX if matches!(request.flag, answer::DATA_OK | answer::DATA_ERROR) => {
                self.go_on(request)
            }
            request::CA => self.cancel(request),
            _ if self.scan.is_some() => one(0, 0, answer::BUSY),
            request::SW => {
                let flag = self.write(request.flag, request.size);
                one(0, request.size, flag)
            }
            request::SF => {
                self.saved = self.now.clone();
                one(0, 0, answer::SUCCESS)
            }
            request::SR => match self.now.get(&request.flag) {
                Some(value) => one(0, *value, answer::SUCCESS),
                None => one(0, 0, answer::UNSUPPORTED),
            },
            request::SS => one(ALIVE, 0, answer::SUCCESS),
            request::ID => one(self.value(parameter::MODULE_ID), 0, answer::SUCCESS),
            request::RS => {
                self.resets = true;
                one(0, 0, answer::SUCCESS)
            }
            request::SI | request::SIX => {
                self.sending = None;
                let seconds = u64::from(self.value(parameter::TIMEOUT).saturating_sub(ZERO));
                let patience = (seconds > 0).then(|| Duration::from_secs(seconds));
                self.scan = Some(Scan { request: *request, patience });
                Vec::new()
            }
            request::RI | request::RIX if self.image.is_none() => one(0, 0, answer::NOT_FOUND),
            request::RI | request::RIX => self.send(*request),
            // Templates and everything about users: the station does not use them, so that none is simulated.
            _ => one(0, 0, answer::UNSUPPORTED),
        }
    }

    fn cancel(&mut self, request: &Packet) -> Vec<Deed> {
        self.sending = None;
        let mut deeds = self.gave_up(answer::CANCELED);
        deeds.push(Deed::Answer(reply(request, 0, 0, answer::SUCCESS)));
        deeds
    }

    /// Writes a parameter, if it is one that can be written and the value one that it can have.
    fn write(&mut self, number: u8, value: u32) -> u8 {
        let fits = match number {
            parameter::TIMEOUT => (ZERO..=0x44).contains(&value),
            // 4-bit and WSQ images are not simulated.
            parameter::IMAGE_FORMAT | parameter::SCAN_SUCCESS => (ZERO..=ZERO + 1).contains(&value),
            parameter::MODULE_ID => value <= 0xFFFF,
            parameter::BAUD => baud_of(value).is_some(),
            _ => false,
        };
        if !fits {
            return answer::UNSUPPORTED;
        }
        // A new speed is in force after a restart, and only if it was saved.
        self.now.insert(number, value);
        answer::SUCCESS
    }

    /// Announces the image, and sends all of it or its first piece.
    fn send(&mut self, request: Packet) -> Vec<Deed> {
        let Some(image) = self.image.clone() else { return Vec::new() };
        let mut deeds = vec![Deed::Answer(reply(&request, 0, image.len() as u32, answer::SUCCESS))];
        if matches!(request.command, request::SI | request::RI) {
            deeds.extend([Deed::Plain(image), Deed::Sent]);
            return deeds;
        }
        self.sending = Some(Sending { request, image, next: 0 });
        deeds.extend(self.piece());
        deeds
    }

    /// After the host's word about a piece: the next one, or the same once more.
    fn go_on(&mut self, word: &Packet) -> Vec<Deed> {
        let Some(sending) = self.sending.as_mut().filter(|sending| sending.request.command == word.command) else {
            return Vec::new();
        };
        if word.flag == answer::DATA_OK {
            sending.next += 1;
        }
        match self.piece() {
            Some(piece) => vec![piece],
            None => {
                self.sending = None;
                vec![Deed::Sent]
            }
        }
    }

    fn piece(&self) -> Option<Deed> {
        let sending = self.sending.as_ref()?;
        let wanted = (sending.request.size as usize).max(LEAST_PIECE);
        let length = wanted.max(sending.image.len().div_ceil(MAX_PIECES));
        let count = sending.image.len().div_ceil(length);
        let piece = sending.image.chunks(length).nth(sending.next)?;
        let place = (sending.next as u32) << 16 | count as u32;
        Some(Deed::Piece(reply(&sending.request, place, piece.len() as u32, 0), piece.to_vec()))
    }

    /// An image in the format that is set: 8-bit grey, or one bit a pixel, set where it is bright.
    fn encoded(&self, grey: &[u8]) -> Vec<u8> {
        let header = ImageHeader::grey(self.size.0, self.size.1);
        if self.value(parameter::IMAGE_FORMAT) == ZERO {
            return [header.encode(), grey.to_vec()].concat();
        }
        let bits = grey.chunks(8).map(|eight| {
            eight.iter().enumerate().fold(0, |byte, (at, pixel)| byte | u8::from(*pixel >= 128) << (7 - at))
        });
        ImageHeader { format: 1, ..header }.encode().into_iter().chain(bits).collect()
    }

    fn value(&self, number: u8) -> u32 {
        self.now.get(&number).copied().unwrap_or_default()
    }
}

impl Deed {
    /// Whether it is the first part of an image; a first piece that is asked for once more is one again.
    pub fn begins_image(&self) -> bool {
        match self {
            Self::Plain(_) => true,
            // The number of a piece stands in the upper half.
            Self::Piece(packet, _) => packet.parameter >> 16 == 0,
            Self::Answer(_) | Self::Sent => false,
        }
    }

    /// The bytes on the line; with `damage`, a sum in them is wrong.
    pub fn encode(&self, damage: bool) -> Vec<u8> {
        let mut bytes = match self {
            Self::Answer(packet) => packet.encode(),
            Self::Piece(packet, piece) => {
                [packet.encode(), piece.clone(), data_sum(piece).to_le_bytes().to_vec()].concat()
            }
            Self::Plain(data) => data.iter().copied().chain([END]).collect(),
            Self::Sent => Vec::new(),
        };
        let sum = match self {
            // Before the end code.
            Self::Answer(_) => bytes.len().checked_sub(2),
            Self::Piece(..) => bytes.len().checked_sub(1),
            Self::Plain(_) | Self::Sent => None,
        };
        if let Some(byte) = sum.and_then(|at| bytes.get_mut(at)).filter(|_| damage) {
            *byte ^= 0x55;
        }
        bytes
    }
}

fn reply(request: &Packet, parameter: u32, size: u32, flag: u8) -> Packet {
    Packet { parameter, size, flag, ..*request }
}

#[cfg(test)]
mod tests;
