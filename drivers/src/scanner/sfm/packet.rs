//! Packets of Suprema's SFM modules, both ways, without any I/O.
//!
//! From the maker's public "UF Protocol Manual": `40 | command | parameter 4 | size 4 | flag or error | sum | 0A`,
//! little endian; the sum is that of all bytes before it modulo 256. On RS422/485 lines: `41 | terminal 2 | ...`,
//! otherwise alike (the start code 41 is in the maker's public headers; the manual only calls it different).
//! Terminal 0 is everybody.
//!
//! The extended transfer of images is not described in the public manual; it is taken from public clients of the
//! maker's: each piece is a packet whose parameter holds the number of pieces (low half) and which one it is (high
//! half), then its bytes, then four bytes of their sum. The host answers each with DATA_OK or DATA_ERROR.

use domain::guarded::Biometric;
use thiserror::Error;

/// Bytes of a packet.
pub const LENGTH: usize = 13;

/// Bytes of a packet that names a terminal.
pub const NETWORK_LENGTH: usize = 15;

/// The last byte of every packet, and the one after plain data.
pub const END: u8 = 0x0A;

/// Bytes of the sum behind a piece of an extended transfer.
pub const SUM: usize = 4;

/// Bytes that a [`Decoder`] keeps at most: one piece of the largest size, with everything around it.
pub const MAX_BUFFERED: usize = 128 * 1024;

const START: u8 = 0x40;
const NETWORK_START: u8 = 0x41;

/// One packet: a request of the host or a response of the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Which module, on lines that several share.
    pub terminal: Option<u16>,
    /// What is asked, or answered.
    pub command: u8,
    /// A user, a status, or the place of a piece.
    pub parameter: u32,
    /// Bytes of data that follow, or the value of a system parameter.
    pub size: u32,
    /// In a request a flag, such as the number of a system parameter; in a response how it went.
    pub flag: u8,
}

/// Bytes that are no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PacketError {
    /// The sum of the bytes is not the one stated.
    #[error("checksum is {stated:#04x}, not {computed:#04x}")]
    Checksum {
        /// In the packet.
        stated: u8,
        /// Over the packet.
        computed: u8,
    },
    /// The last byte is not 0A.
    #[error("the packet ends in {0:#04x}")]
    End(u8),
}

impl Packet {
    /// A packet for a module that has the line for itself.
    pub fn new(command: u8, parameter: u32, size: u32, flag: u8) -> Self {
        Self { terminal: None, command, parameter, size, flag }
    }

    /// As it goes over the line: 13 bytes, or 15 with a terminal.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(NETWORK_LENGTH);
        match self.terminal {
            None => bytes.push(START),
            Some(terminal) => {
                bytes.push(NETWORK_START);
                bytes.extend(terminal.to_le_bytes());
            }
        }
        bytes.push(self.command);
        bytes.extend(self.parameter.to_le_bytes());
        bytes.extend(self.size.to_le_bytes());
        bytes.push(self.flag);
        bytes.push(sum(&bytes));
        bytes.push(END);
        bytes
    }
}

/// Finds packets in a stream of bytes, and gives out the data between them.
///
/// A packet says how much data follows, so that the caller takes turns: [`Self::next_packet`], then [`Self::take`].
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
        self.buffer.expose_mut().extend_from_slice(bytes);
        self.skip(self.pending().saturating_sub(MAX_BUFFERED));
    }

    /// The next packet, or the next thing that began like one and was none; nothing when more bytes are needed.
    pub fn next_packet(&mut self) -> Option<Result<Packet, PacketError>> {
        let bytes = self.buffer.expose();
        let start = bytes.iter().position(|byte| matches!(*byte, START | NETWORK_START)).unwrap_or(bytes.len());
        self.skip(start);
        let bytes = self.buffer.expose();
        let length = if *bytes.first()? == START { LENGTH } else { NETWORK_LENGTH };
        let outcome = parse(bytes.get(..length)?);
        match outcome {
            Ok(_) => drop(self.buffer.expose_mut().drain(..length)),
            // The search goes on right behind the start code.
            Err(_) => self.skip(1),
        }
        Some(outcome)
    }

    /// The next `count` bytes as they are, once they are all there.
    pub fn take(&mut self, count: usize) -> Option<Biometric<Vec<u8>>> {
        if self.pending() < count {
            return None;
        }
        let taken = Biometric::new(self.buffer.expose()[..count].to_vec());
        self.buffer.expose_mut().drain(..count);
        Some(taken)
    }

    /// Bytes skipped so far because they were part of no packet.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Bytes that wait.
    pub fn pending(&self) -> usize {
        self.buffer.expose().len()
    }

    /// Forgets what waits.
    pub fn clear(&mut self) {
        self.skip(self.pending());
    }

    fn skip(&mut self, count: usize) {
        self.buffer.expose_mut().drain(..count);
        self.skipped = self.skipped.saturating_add(count as u64);
    }
}

/// The sum behind a piece of an extended transfer.
pub fn data_sum(data: &[u8]) -> u32 {
    data.iter().fold(0, |sum, byte| sum.wrapping_add(u32::from(*byte)))
}

fn parse(bytes: &[u8]) -> Result<Packet, PacketError> {
    let (body, ending) = bytes.split_at(bytes.len() - 2);
    if ending[1] != END {
        return Err(PacketError::End(ending[1]));
    }
    let computed = sum(body);
    if ending[0] != computed {
        return Err(PacketError::Checksum { stated: ending[0], computed });
    }
    let (terminal, body) = match body {
        [NETWORK_START, low, high, rest @ ..] => (Some(u16::from_le_bytes([*low, *high])), rest),
        [_, rest @ ..] => (None, rest),
        [] => (None, body),
    };
    let word = |at: usize| u32::from_le_bytes([body[at], body[at + 1], body[at + 2], body[at + 3]]);
    Ok(Packet { terminal, command: body[0], parameter: word(1), size: word(5), flag: body[9] })
}

fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_manual_s_example() {
        // "When enrolling a new fingerprint with an ID, 0x9929".
        let bytes = [0x40, 0x05, 0x29, 0x99, 0, 0, 0, 0, 0, 0, 0, 0x07, 0x0A];
        let packet = Packet::new(0x05, 0x9929, 0, 0);
        assert_eq!(packet.encode(), bytes);
        let mut decoder = Decoder::new();
        decoder.push(&bytes);
        assert_eq!(decoder.next_packet(), Some(Ok(packet)));
        assert_eq!(decoder.pending(), 0);
    }

    #[test]
    fn damage_is_named() {
        for (at, error) in [(11, PacketError::Checksum { stated: 0x06, computed: 0x07 }), (12, PacketError::End(0x0B))]
        {
            let mut bytes = Packet::new(0x05, 0x9929, 0, 0).encode();
            bytes[at] ^= 1;
            let mut decoder = Decoder::new();
            decoder.push(&bytes);
            assert_eq!(decoder.next_packet(), Some(Err(error)));
        }
    }

    #[test]
    fn the_buffer_is_bounded() {
        let mut decoder = Decoder::new();
        for _ in 0..40 {
            decoder.push(&[1; 8192]);
        }
        assert_eq!(decoder.pending(), MAX_BUFFERED);
        assert_eq!(decoder.next_packet(), None);
        assert_eq!(decoder.skipped(), 40 * 8192);
    }

    fn any_packet() -> impl Strategy<Value = Packet> {
        (any::<Option<u16>>(), any::<u8>(), any::<u32>(), any::<u32>(), any::<u8>())
            .prop_map(|(terminal, command, parameter, size, flag)| Packet { terminal, command, parameter, size, flag })
    }

    proptest! {
        #[test]
        fn packets_come_back_whole_in_any_pieces(
            packets in prop::collection::vec(any_packet(), 1..6),
            data in prop::collection::vec(any::<u8>(), 0..40),
            cut in 1..20usize,
        ) {
            let mut decoder = Decoder::new();
            let mut wire = Vec::new();
            for packet in &packets {
                wire.extend(packet.encode());
                wire.extend(&data);
            }
            let (mut got, mut pieces) = (Vec::new(), wire.chunks(cut));
            while got.len() < packets.len() {
                if let Some(packet) = decoder.next_packet() {
                    got.push(packet.unwrap());
                    while decoder.pending() < data.len() {
                        decoder.push(pieces.next().unwrap());
                    }
                    let taken = decoder.take(data.len()).unwrap();
                    prop_assert_eq!(taken.expose(), &data);
                } else {
                    decoder.push(pieces.next().unwrap());
                }
            }
            prop_assert_eq!(got, packets);
            prop_assert_eq!(decoder.skipped(), 0);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut decoder = Decoder::new();
            decoder.push(&bytes);
            let mut rounds = 0;
            while decoder.next_packet().is_some() {
                rounds += 1;
                prop_assert!(rounds <= bytes.len(), "every round uses bytes up");
            }
        }

        #[test]
        fn a_packet_is_found_behind_garbage(garbage in prop::collection::vec(0x42..=0xFFu8, 0..60), packet in any_packet()) {
            let mut decoder = Decoder::new();
            decoder.push(&garbage);
            decoder.push(&packet.encode());
            prop_assert_eq!(decoder.next_packet(), Some(Ok(packet)));
            prop_assert_eq!(decoder.skipped(), garbage.len() as u64);
        }

        #[test]
        fn a_changed_byte_never_passes_for_the_packet(packet in any_packet(), at in 0..LENGTH, change in 1..=255u8) {
            let mut bytes = packet.encode();
            bytes[at] ^= change;
            let mut decoder = Decoder::new();
            decoder.push(&bytes);
            decoder.push(&[0; NETWORK_LENGTH]);
            prop_assert_ne!(decoder.next_packet(), Some(Ok(packet)));
        }
    }
}
