//! Instructions and answers of the 0xEF01 family, both ways: the driver speaks them, the simulated sensor answers.

pub use super::nibbles::{pack_nibbles, unpack_nibbles};
pub use super::product::ProductInfo;

use super::packet::{ContentTooLong, Packet, PacketKind};
use thiserror::Error;

/// What the host may ask (ZFM-20 manual V2.0; the last four from the R503 manual).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Instruction {
    /// Take an image into the buffer, if a finger is there.
    GenImg,
    /// Handshake of newer modules.
    HandShake,
    /// Model, size and serial number of newer modules: [`ProductInfo`].
    ReadProdInfo,
    /// Status, address, packet size, baud: [`SystemParameters`].
    ReadSysPara,
    /// Set one parameter: number, value.
    SetSysPara,
    /// How many templates are stored.
    TemplateNum,
    /// Send the image in the buffer.
    UpImage,
    /// Give the four-byte password.
    VfyPwd,
}

impl Instruction {
    /// Every instruction here.
    pub const ALL: [Self; 8] = [
        Self::GenImg,
        Self::HandShake,
        Self::ReadProdInfo,
        Self::ReadSysPara,
        Self::SetSysPara,
        Self::TemplateNum,
        Self::UpImage,
        Self::VfyPwd,
    ];

    /// The byte on the wire.
    pub const fn code(self) -> u8 {
        match self {
            Self::GenImg => 0x01,
            Self::HandShake => 0x40,
            Self::ReadProdInfo => 0x3C,
            Self::ReadSysPara => 0x0F,
            Self::SetSysPara => 0x0E,
            Self::TemplateNum => 0x1D,
            Self::UpImage => 0x0A,
            Self::VfyPwd => 0x13,
        }
    }

    /// The instruction with this byte.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|instruction| instruction.code() == code)
    }
}

/// The module's answers: first byte of an acknowledgement.
pub mod confirmation {
    /// Done.
    pub const OK: u8 = 0x00;
    /// The module did not understand the packet.
    pub const RECEIVE_ERROR: u8 = 0x01;
    /// No finger on the sensor.
    pub const NO_FINGER: u8 = 0x02;
    /// The image could not be taken.
    pub const IMAGE_FAIL: u8 = 0x03;
    /// The image shows no ridges that could be followed.
    pub const MESSY: u8 = 0x06;
    /// The image shows too little of a finger.
    pub const TOO_FEW: u8 = 0x07;
    /// The two prints are not of one finger.
    pub const NO_MATCH: u8 = 0x08;
    /// No stored print is of this finger.
    pub const NOT_FOUND: u8 = 0x09;
    /// The two prints cannot become one template.
    pub const MERGE_FAIL: u8 = 0x0A;
    /// No such place in the library.
    pub const BAD_PAGE: u8 = 0x0B;
    /// There is no template that could be read.
    pub const TEMPLATE_READ: u8 = 0x0C;
    /// The print cannot be sent.
    pub const TEMPLATE_UPLOAD: u8 = 0x0D;
    /// The image cannot be sent.
    pub const UPLOAD_FAIL: u8 = 0x0F;
    /// The templates cannot be deleted.
    pub const DELETE_FAIL: u8 = 0x10;
    /// Wrong password.
    pub const WRONG_PASSWORD: u8 = 0x13;
    /// There is no image in the buffer.
    pub const NO_IMAGE: u8 = 0x15;
    /// The flash memory cannot be written.
    pub const FLASH: u8 = 0x18;
    /// No such register or value.
    pub const BAD_REGISTER: u8 = 0x1A;
    /// The password must be verified first.
    pub const MUST_VERIFY: u8 = 0x21;
    /// Alive: the answer to GetEcho, and the lone byte after a reset.
    pub const ALIVE: u8 = 0x55;
}

/// Content that is not what its kind of packet must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ContentError {
    /// Fewer bytes than the answer needs.
    #[error("the answer has {got} bytes of {needed}")]
    Short {
        /// Bytes that came.
        got: usize,
        /// Bytes that it should have.
        needed: usize,
    },
    /// A packet size code that is none of 0 to 3.
    #[error("packet size code {0} is not within 0 to 3")]
    PacketSizeCode(u16),
    /// A packet of another kind than the conversation calls for.
    #[error("a packet of kind {0:?} came out of turn")]
    WrongKind(PacketKind),
}

/// A command packet.
pub fn command(address: u32, instruction: Instruction, parameters: &[u8]) -> Result<Packet, ContentTooLong> {
    with_code(address, PacketKind::Command, instruction.code(), parameters)
}

/// An acknowledgement packet.
pub fn ack(address: u32, confirmation: u8, parameters: &[u8]) -> Result<Packet, ContentTooLong> {
    with_code(address, PacketKind::Ack, confirmation, parameters)
}

/// The instruction code and the parameters of a command packet. The code may be one that [`Instruction`] lacks.
pub fn parse_command(packet: &Packet) -> Result<(u8, &[u8]), ContentError> {
    split_code(packet, PacketKind::Command)
}

/// The confirmation code and the parameters of an acknowledgement.
pub fn parse_ack(packet: &Packet) -> Result<(u8, &[u8]), ContentError> {
    split_code(packet, PacketKind::Ack)
}

/// The data packets that carry `bytes`, the last one marked as such. `size` is the content of each: 32 to 256.
pub fn data_packets(address: u32, bytes: &[u8], size: PacketSize) -> Result<Vec<Packet>, ContentTooLong> {
    let count = bytes.len().div_ceil(size.bytes()).max(1);
    let mut pieces = bytes.chunks(size.bytes());
    (1..=count)
        .map(|number| {
            let kind = if number == count { PacketKind::LastData } else { PacketKind::Data };
            Packet::new(address, kind, pieces.next().unwrap_or_default().to_vec())
        })
        .collect()
}

/// How much content a data packet has: parameter 6 of the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketSize {
    /// Code 0.
    Bytes32,
    /// Code 1.
    Bytes64,
    /// Code 2, from the factory.
    Bytes128,
    /// Code 3.
    Bytes256,
}

impl PacketSize {
    /// The size with this code.
    pub const fn from_code(code: u16) -> Result<Self, ContentError> {
        match code {
            0 => Ok(Self::Bytes32),
            1 => Ok(Self::Bytes64),
            2 => Ok(Self::Bytes128),
            3 => Ok(Self::Bytes256),
            other => Err(ContentError::PacketSizeCode(other)),
        }
    }

    /// The code in parameter 6.
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// Content bytes of a packet.
    pub const fn bytes(self) -> usize {
        32 << self as usize
    }
}

/// The answer to ReadSysPara: 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SystemParameters {
    /// Bit 0 busy, 1 match passed, 2 password verified, 3 image valid.
    pub status: u16,
    /// System identifier of the make.
    pub system_id: u16,
    /// How many templates fit.
    pub capacity: u16,
    /// Security level, 1 to 5.
    pub security: u16,
    /// The module's address.
    pub address: u32,
    /// Content of its data packets.
    pub packet_size: PacketSize,
    /// Baud rate as multiples of 9,600.
    pub baud_factor: u16,
}

impl SystemParameters {
    /// Bytes on the wire.
    pub const LENGTH: usize = 16;

    /// As the module sends it.
    pub fn encode(&self) -> Vec<u8> {
        let [high, low] = [(self.address >> 16) as u16, self.address as u16];
        let words = [
            self.status,
            self.system_id,
            self.capacity,
            self.security,
            high,
            low,
            self.packet_size.code(),
            self.baud_factor,
        ];
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    /// From the parameters of an acknowledgement; bytes after the sixteenth are ignored.
    pub fn decode(bytes: &[u8]) -> Result<Self, ContentError> {
        let bytes = exactly(bytes, Self::LENGTH)?;
        let word = |index: usize| u16::from_be_bytes([bytes[2 * index], bytes[2 * index + 1]]);
        Ok(Self {
            status: word(0),
            system_id: word(1),
            capacity: word(2),
            security: word(3),
            address: u32::from(word(4)) << 16 | u32::from(word(5)),
            packet_size: PacketSize::from_code(word(6))?,
            baud_factor: word(7),
        })
    }
}

fn with_code(address: u32, kind: PacketKind, code: u8, parameters: &[u8]) -> Result<Packet, ContentTooLong> {
    let mut content = Vec::with_capacity(1 + parameters.len());
    content.push(code);
    content.extend_from_slice(parameters);
    Packet::new(address, kind, content)
}

fn split_code(packet: &Packet, kind: PacketKind) -> Result<(u8, &[u8]), ContentError> {
    if packet.kind != kind {
        return Err(ContentError::WrongKind(packet.kind));
    }
    packet.content().split_first().map(|(code, rest)| (*code, rest)).ok_or(ContentError::Short { got: 0, needed: 1 })
}

pub(super) fn exactly(bytes: &[u8], needed: usize) -> Result<&[u8], ContentError> {
    bytes.get(..needed).ok_or(ContentError::Short { got: bytes.len(), needed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codes_and_instructions_agree() {
        for instruction in Instruction::ALL {
            assert_eq!(Instruction::from_code(instruction.code()), Some(instruction));
        }
        assert_eq!(Instruction::from_code(0xFF), None);
    }

    #[test]
    fn product_information_keeps_its_fields() {
        let info = ProductInfo {
            model: "SIM R503".into(),
            batch: "0001".into(),
            serial: "SIMULATE".into(),
            hardware: [1, 4],
            sensor: "SENSOR".into(),
            width: 192,
            height: 192,
            template_size: 1536,
            capacity: 200,
        };
        assert_eq!(info.encode().len(), ProductInfo::LENGTH);
        assert_eq!(ProductInfo::decode(&info.encode()), Ok(info));
        assert_eq!(ProductInfo::decode(&[0; 45]), Err(ContentError::Short { got: 45, needed: 46 }));
    }

    #[test]
    fn data_is_cut_into_packets_and_the_last_one_says_so() {
        for (bytes, size, contents) in [
            (0, PacketSize::Bytes32, vec![0]),
            (32, PacketSize::Bytes32, vec![32]),
            (33, PacketSize::Bytes32, vec![32, 1]),
            (300, PacketSize::Bytes128, vec![128, 128, 44]),
        ] {
            let packets = data_packets(1, &vec![7; bytes], size).unwrap();
            assert_eq!(packets.iter().map(|p| p.content().len()).collect::<Vec<_>>(), contents);
            let (last, others) = packets.split_last().unwrap();
            assert_eq!(last.kind, PacketKind::LastData);
            assert!(others.iter().all(|packet| packet.kind == PacketKind::Data));
        }
    }

    #[test]
    fn answers_of_the_wrong_kind_or_length_are_refused() {
        let data = Packet::new(1, PacketKind::Data, vec![0]).unwrap();
        assert_eq!(parse_ack(&data), Err(ContentError::WrongKind(PacketKind::Data)));
        let empty = Packet::new(1, PacketKind::Ack, vec![]).unwrap();
        assert_eq!(parse_ack(&empty), Err(ContentError::Short { got: 0, needed: 1 }));
    }

    proptest! {
        #[test]
        fn answers_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = SystemParameters::decode(&bytes);
            let _ = ProductInfo::decode(&bytes);
        }

        #[test]
        fn system_parameters_survive(words in any::<[u16; 4]>(), address: u32, code in 0u16..4, baud_factor in 1u16..13) {
            let [status, system_id, capacity, security] = words;
            let packet_size = PacketSize::from_code(code).unwrap();
            let sent = SystemParameters { status, system_id, capacity, security, address, packet_size, baud_factor };
            prop_assert_eq!(SystemParameters::decode(&sent.encode()), Ok(sent));
        }
    }
}
