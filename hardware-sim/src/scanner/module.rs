//! The module's memory and manners, without any I/O: a packet in, an answer out.

use super::commands::{COMMANDS, Command};
use super::library::{CAPACITY, Incoming, Library};
use super::prints::FILE_LENGTH;
use drivers::scanner::ef01::command::{
    PacketSize, ProductInfo, SystemParameters, confirmation, parse_command, unpack_nibbles,
};
use drivers::scanner::ef01::packet::{DEFAULT_ADDRESS, Packet, PacketKind};
use std::sync::Arc;

/// What the module answers: an acknowledgement, and perhaps data packets after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Confirmation code.
    pub confirmation: u8,
    /// What follows the code.
    pub parameters: Vec<u8>,
    /// What the data packets carry.
    pub data: Option<Vec<u8>>,
    /// The data are the image of a finger.
    pub is_image: bool,
    /// Bytes outside any packet that follow it all.
    pub after: Vec<u8>,
}

impl Answer {
    /// An acknowledgement without parameters.
    pub fn code(confirmation: u8) -> Self {
        Self { confirmation, ..Self::default() }
    }

    /// Done, with parameters.
    pub fn with(parameters: Vec<u8>) -> Self {
        Self { parameters, ..Self::default() }
    }
}

/// Where images come from.
pub trait Sensor {
    /// Exposes once: 8-bit grey of the sensor's size if a finger is there. Every call is an image commanded.
    fn image(&mut self) -> Option<Arc<Vec<u8>>>;
}

/// One module of the family: settings, password, buffers and library.
#[derive(Debug)]
pub struct Module {
    pub(super) size: (u32, u32),
    pub(super) now: Registers,
    /// In force after the next acknowledgement.
    pub(super) next: Registers,
    pub(super) password: u32,
    pub(super) verified: bool,
    pub(super) image: Option<Arc<Vec<u8>>>,
    pub(super) library: Library,
    /// What the host has announced to send.
    pub(super) incoming: Option<Incoming>,
    /// Starts anew after the next acknowledgement.
    pub(super) resets: bool,
    pub(super) random: render::Rng,
}

/// What SetSysPara and SetAdder change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Registers {
    pub(super) address: u32,
    pub(super) baud_factor: u16,
    pub(super) packet_size: PacketSize,
    pub(super) security: u16,
}

/// Pixels of the ZFM-20's sensor.
const ZFM_SIZE: (u32, u32) = (256, 288);

/// Baud rates are multiples of this.
const BAUD_UNIT: u32 = 9600;

impl Module {
    /// A module as it comes from the factory, at this speed and with this password (0: none is asked for).
    pub fn new(size: (u32, u32), baud: u32, password: u32) -> Self {
        let registers = Registers {
            address: DEFAULT_ADDRESS,
            baud_factor: u16::try_from(baud / BAUD_UNIT).unwrap_or(12),
            packet_size: PacketSize::Bytes128,
            security: 3,
        };
        let random = render::Rng::stream(u64::from(password), 0xEF01);
        Self {
            size,
            now: registers,
            next: registers,
            password,
            verified: false,
            image: None,
            library: Library::default(),
            incoming: None,
            resets: false,
            random,
        }
    }

    /// Power comes back: flash memory (settings, password, library) is what it was, buffers are empty.
    pub fn power_up(&mut self) {
        self.now = self.next;
        (self.verified, self.image, self.incoming, self.resets) = (false, None, None, false);
        self.library.forget_buffers();
    }

    /// The module's address.
    pub fn address(&self) -> u32 {
        self.now.address
    }

    /// The module's speed.
    pub fn baud(&self) -> u32 {
        u32::from(self.now.baud_factor) * BAUD_UNIT
    }

    /// Content of its data packets.
    pub fn packet_size(&self) -> PacketSize {
        self.now.packet_size
    }

    /// The answer to a packet; none to a packet for another module, or to one that is no command.
    pub fn hear(&mut self, packet: &Packet, sensor: &mut dyn Sensor) -> Option<Answer> {
        if packet.address != self.now.address {
            return None;
        }
        if matches!(packet.kind, PacketKind::Data | PacketKind::LastData) {
            // Data packets are not acknowledged.
            self.take(packet);
            return None;
        }
        let (code, parameters) = parse_command(packet).ok()?;
        let Some(command) = COMMANDS.iter().find(|command| command.code == code) else {
            return Some(Answer::code(confirmation::RECEIVE_ERROR));
        };
        Some(self.obey(command, parameters, sensor))
    }

    /// The answer to bytes that were no packet.
    pub fn misheard(&self) -> Answer {
        Answer::code(confirmation::RECEIVE_ERROR)
    }

    /// What was set comes into force.
    pub fn settle(&mut self) {
        self.now = self.next;
        if self.resets {
            self.power_up();
        }
    }

    fn obey(&mut self, command: &Command, parameters: &[u8], sensor: &mut dyn Sensor) -> Answer {
        if command.parameters != parameters.len() {
            return Answer::code(confirmation::RECEIVE_ERROR);
        }
        if command.guarded && self.password != 0 && !self.verified {
            return Answer::code(confirmation::MUST_VERIFY);
        }
        // Whoever asks for something else has given up sending.
        self.incoming = None;
        (command.run)(self, parameters, sensor)
    }

    fn take(&mut self, packet: &Packet) {
        let Some(incoming) = &mut self.incoming else { return };
        incoming.push(packet.content());
        if packet.kind != PacketKind::LastData {
            return;
        }
        match self.incoming.take() {
            Some(Incoming::Image { packed, .. }) if packed.len() == (self.size.0 * self.size.1 / 2) as usize => {
                self.image = Some(Arc::new(unpack_nibbles(&packed)));
            }
            Some(Incoming::Print { buffer, file }) => self.library.set(buffer, file),
            // An image of another size is none.
            Some(Incoming::Image { .. }) | None => {}
        }
    }

    pub(super) fn system_parameters(&self) -> SystemParameters {
        let verified = u16::from(self.verified) << 2;
        let image = u16::from(self.image.is_some()) << 3;
        let passed = u16::from(self.library.passed) << 1;
        SystemParameters {
            status: passed | verified | image,
            system_id: 0,
            capacity: CAPACITY,
            security: self.now.security,
            address: self.now.address,
            packet_size: self.now.packet_size,
            baud_factor: self.now.baud_factor,
        }
    }

    pub(super) fn product(&self) -> ProductInfo {
        ProductInfo {
            // A real ZFM-20 does not know the command; ours answers, because it must say that it is simulated.
            model: String::from(if self.size == ZFM_SIZE { "SIMULATED ZFM-20" } else { "SIMULATED R503" }),
            batch: String::from("SIM1"),
            serial: String::from("00000001"),
            hardware: [1, 0],
            sensor: String::from("SIMSENS"),
            width: u16::try_from(self.size.0).unwrap_or(u16::MAX),
            height: u16::try_from(self.size.1).unwrap_or(u16::MAX),
            template_size: FILE_LENGTH as u16,
            capacity: CAPACITY,
        }
    }
}
