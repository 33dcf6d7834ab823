//! Packets of the 0xEF01 family (ZFM-20 manual V2.0, section "Data package format"), both ways, without any I/O.
//!
//! `EF 01 | address 4 | kind 1 | length 2 | content | checksum 2`, big endian. Length counts content and checksum; the
//! checksum is the sum of kind, length and content modulo 65,536.

use domain::guarded::Biometric;
use std::fmt;
use thiserror::Error;

/// The two bytes that every packet starts with.
pub const START: [u8; 2] = [0xEF, 0x01];

/// The address that modules leave the factory with.
pub const DEFAULT_ADDRESS: u32 = 0xFFFF_FFFF;

/// Bytes of a packet besides its content: 2 start, 4 address, 1 kind, 2 length, 2 checksum.
pub const OVERHEAD: usize = 11;

/// The longest content in bytes: parameter 6 of the module allows 32, 64, 128 and 256.
pub const MAX_CONTENT: usize = 256;

/// Bytes that a [`Decoder`] keeps at most; older ones are dropped. Two seconds of a line at 115,200 baud.
pub const MAX_BUFFERED: usize = 23_040;

/// Start, address, kind and length.
const HEADER: usize = 9;
const CHECKSUM: usize = 2;

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PacketKind {
    /// The module's answer to a command: a confirmation code and its parameters.
    Ack,
    /// From the host: an instruction code and its parameters.
    Command,
    /// Data, and more follows.
    Data,
    /// The last data packet of a transfer.
    LastData,
}

impl PacketKind {
    /// The byte on the wire.
    pub const fn code(self) -> u8 {
        match self {
            Self::Ack => 0x07,
            Self::Command => 0x01,
            Self::Data => 0x02,
            Self::LastData => 0x08,
        }
    }

    /// The kind with this byte.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0x01 => Some(Self::Command),
            0x02 => Some(Self::Data),
            0x07 => Some(Self::Ack),
            0x08 => Some(Self::LastData),
            _ => None,
        }
    }
}

/// Bytes on the line that are no packet. None of them is quoted: they may be pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PacketError {
    /// The sum of the bytes is not the one stated.
    #[error("checksum is {stated:#06x}, not {computed:#06x}")]
    Checksum {
        /// In the packet.
        stated: u16,
        /// Over the packet.
        computed: u16,
    },
    /// A length that no module sends: below 2, or content above [`MAX_CONTENT`].
    #[error("length {0} is not within 2 to 258")]
    Length(u16),
    /// A packet kind that is none of the four.
    #[error("packet kind {0:#04x} is unknown")]
    UnknownKind(u8),
}

/// Content that does not fit into one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{0} bytes of content are more than 256")]
pub struct ContentTooLong(pub usize);

/// One packet, whose content may be pixels and is guarded as such.
#[derive(Clone, PartialEq, Eq)]
pub struct Packet {
    /// Whose packet it is; a module ignores packets to another address.
    pub address: u32,
    /// What it is.
    pub kind: PacketKind,
    content: Biometric<Vec<u8>>,
}

impl Packet {
    /// A packet of at most [`MAX_CONTENT`] bytes of content.
    pub fn new(address: u32, kind: PacketKind, content: Vec<u8>) -> Result<Self, ContentTooLong> {
        let content = Biometric::new(content);
        match content.expose().len() {
            0..=MAX_CONTENT => Ok(Self { address, kind, content }),
            long => Err(ContentTooLong(long)),
        }
    }

    /// The bytes between header and checksum.
    pub fn content(&self) -> &[u8] {
        self.content.expose()
    }

    /// The packet as it goes over the line: [`OVERHEAD`] bytes longer than its content.
    pub fn encode(&self) -> Vec<u8> {
        let content = self.content();
        // `new` limits the content to 256 bytes.
        let length = (content.len() + CHECKSUM) as u16;
        let mut bytes = Vec::with_capacity(content.len() + OVERHEAD);
        bytes.extend_from_slice(&START);
        bytes.extend_from_slice(&self.address.to_be_bytes());
        bytes.push(self.kind.code());
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(content);
        let sum = checksum(self.kind.code(), length, content);
        bytes.extend_from_slice(&sum.to_be_bytes());
        bytes
    }
}

impl fmt::Debug for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Packet({:?} {:#010x}, {} bytes)", self.kind, self.address, self.content().len())
    }
}

/// Finds packets in a stream of bytes, and finds its way back after garbage.
///
/// Push what the line gave, then take packets until there is none. After bytes that look like a packet but are not,
/// the search goes on right behind their start code, so no good packet is lost inside a bad one.
pub struct Decoder {
    buffer: Biometric<Vec<u8>>,
    skipped: u64,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// An empty decoder.
    pub fn new() -> Self {
        Self { buffer: Biometric::new(Vec::new()), skipped: 0 }
    }

    /// Takes bytes from the line. Keeps the newest [`MAX_BUFFERED`].
    pub fn push(&mut self, bytes: &[u8]) {
        let buffer = self.buffer.expose_mut();
        buffer.extend_from_slice(bytes);
        let excess = buffer.len().saturating_sub(MAX_BUFFERED);
        self.skip(excess);
    }

    /// The next packet, or the next thing that was none; nothing when more bytes are needed.
    pub fn next_packet(&mut self) -> Option<Result<Packet, PacketError>> {
        self.skip_to_start();
        let outcome = parse(self.buffer.expose())?;
        match &outcome {
            Ok(packet) => {
                let used = packet.content().len() + OVERHEAD;
                self.buffer.expose_mut().drain(..used);
            }
            Err(_) => self.skip(START.len()),
        }
        Some(outcome)
    }

    /// Bytes skipped so far because they were part of no packet.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Bytes waiting for the rest of their packet.
    pub fn pending(&self) -> usize {
        self.buffer.expose().len()
    }

    /// Forgets what is waiting, for example before a new command.
    pub fn clear(&mut self) {
        self.skip(self.pending());
    }

    fn skip_to_start(&mut self) {
        let buffer = self.buffer.expose();
        let start = buffer.windows(START.len()).position(|pair| pair == START);
        // A lone EF at the end may be the first half of a start code.
        let keep = usize::from(buffer.last() == Some(&START[0]));
        self.skip(start.unwrap_or(buffer.len() - keep));
    }

    fn skip(&mut self, bytes: usize) {
        self.buffer.expose_mut().drain(..bytes);
        self.skipped = self.skipped.saturating_add(bytes as u64);
    }
}

/// The packet at the start of `bytes`, which begin with a start code or its first byte; nothing while it is not whole.
fn parse(bytes: &[u8]) -> Option<Result<Packet, PacketError>> {
    let header = bytes.get(..HEADER)?;
    let address = u32::from_be_bytes([header[2], header[3], header[4], header[5]]);
    let Some(kind) = PacketKind::from_code(header[6]) else {
        return Some(Err(PacketError::UnknownKind(header[6])));
    };
    let length = u16::from_be_bytes([header[7], header[8]]);
    if !(CHECKSUM..=MAX_CONTENT + CHECKSUM).contains(&usize::from(length)) {
        return Some(Err(PacketError::Length(length)));
    }
    let (content, rest) = bytes[HEADER..].split_at_checked(usize::from(length) - CHECKSUM)?;
    let stated = u16::from_be_bytes([*rest.first()?, *rest.get(1)?]);
    let computed = checksum(kind.code(), length, content);
    if stated != computed {
        return Some(Err(PacketError::Checksum { stated, computed }));
    }
    Some(Ok(Packet { address, kind, content: Biometric::new(content.to_vec()) }))
}

fn checksum(kind: u8, length: u16, content: &[u8]) -> u16 {
    let [high, low] = length.to_be_bytes();
    [kind, high, low].iter().chain(content).fold(0, |sum, byte| sum.wrapping_add(u16::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packets(decoder: &mut Decoder) -> Vec<Result<Packet, PacketError>> {
        std::iter::from_fn(|| decoder.next_packet()).collect()
    }

    #[test]
    fn the_manual_s_examples() {
        // GenImg and its "no finger" answer, as the ZFM-20 manual prints them.
        for (kind, content, wire) in [
            (PacketKind::Command, vec![0x01], "ef01ffffffff010003010005"),
            (PacketKind::Ack, vec![0x02], "ef01ffffffff07000302000c"),
            (PacketKind::Command, vec![0x13, 0, 0, 0, 0], "ef01ffffffff0100071300000000001b"),
        ] {
            let packet = Packet::new(DEFAULT_ADDRESS, kind, content).unwrap();
            let hex: String = packet.encode().iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, wire);
        }
    }

    #[test]
    fn what_is_no_packet_is_named() {
        for (bytes, error) in [
            (vec![0xEF, 1, 0, 0, 0, 0, 3, 0, 3, 0, 0, 0], PacketError::UnknownKind(3)),
            (vec![0xEF, 1, 0, 0, 0, 0, 7, 0, 1, 0, 0, 0], PacketError::Length(1)),
            (vec![0xEF, 1, 0, 0, 0, 0, 7, 1, 3, 0, 0, 0], PacketError::Length(259)),
            (vec![0xEF, 1, 0, 0, 0, 0, 7, 0, 3, 0, 0, 9], PacketError::Checksum { stated: 9, computed: 10 }),
        ] {
            let mut decoder = Decoder::new();
            decoder.push(&bytes);
            assert_eq!(decoder.next_packet(), Some(Err(error)));
            assert_eq!(decoder.next_packet(), None);
        }
    }

    #[test]
    fn the_buffer_has_a_limit() {
        let mut decoder = Decoder::new();
        for _ in 0..100 {
            decoder.push(&[0xEF; 1000]);
        }
        assert_eq!(decoder.pending(), MAX_BUFFERED);
        assert_eq!(decoder.skipped(), 100_000 - MAX_BUFFERED as u64);
    }

    #[test]
    fn long_content_is_refused_and_debug_shows_none() {
        assert_eq!(Packet::new(0, PacketKind::Data, vec![0; 257]), Err(ContentTooLong(257)));
        let packet = Packet::new(1, PacketKind::Data, vec![171; 3]).unwrap();
        assert_eq!(format!("{packet:?}"), "Packet(Data 0x00000001, 3 bytes)");
    }

    fn any_packet() -> impl Strategy<Value = Packet> {
        let kind = prop_oneof![
            Just(PacketKind::Ack),
            Just(PacketKind::Command),
            Just(PacketKind::Data),
            Just(PacketKind::LastData)
        ];
        (any::<u32>(), kind, proptest::collection::vec(any::<u8>(), 0..=MAX_CONTENT))
            .prop_map(|(address, kind, content)| Packet::new(address, kind, content).unwrap())
    }

    proptest! {
        #[test]
        fn packets_survive_the_line_however_it_is_cut(
            sent in proptest::collection::vec(any_packet(), 1..5),
            cut in 1usize..50,
        ) {
            let line: Vec<u8> = sent.iter().flat_map(Packet::encode).collect();
            let mut decoder = Decoder::new();
            let mut got = Vec::new();
            for piece in line.chunks(cut) {
                decoder.push(piece);
                got.extend(packets(&mut decoder));
            }
            let sent: Vec<_> = sent.into_iter().map(Ok).collect();
            prop_assert_eq!(got, sent);
            prop_assert_eq!(decoder.skipped(), 0);
        }

        #[test]
        fn arbitrary_bytes_never_panic_and_stay_within_the_buffer(
            pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..600), 0..20),
        ) {
            let mut decoder = Decoder::new();
            for piece in pieces {
                decoder.push(&piece);
                let _ = packets(&mut decoder);
                prop_assert!(decoder.pending() <= MAX_CONTENT + OVERHEAD);
            }
        }

        #[test]
        fn a_packet_behind_garbage_is_found(
            garbage in proptest::collection::vec(any::<u8>(), 0..300),
            packet in any_packet(),
        ) {
            let mut decoder = Decoder::new();
            decoder.push(&garbage);
            decoder.push(&packet.encode());
            // Garbage that claims to be a long packet is only given up once its claimed length has come.
            decoder.push(&[0; MAX_CONTENT + OVERHEAD]);
            prop_assert!(packets(&mut decoder).contains(&Ok(packet)));
        }

        #[test]
        fn any_one_flipped_bit_is_noticed(packet in any_packet(), at in any::<prop::sample::Index>(), bit in 0u8..8) {
            let mut line = packet.encode();
            // Behind the address: a flipped address is a packet for somebody else, which the driver refuses.
            let at = 6 + at.index(line.len() - 6);
            line[at] ^= 1 << bit;
            let mut decoder = Decoder::new();
            decoder.push(&line);
            prop_assert!(!packets(&mut decoder).contains(&Ok(packet)));
        }
    }
}
