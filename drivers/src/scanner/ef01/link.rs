//! The conversation with one sensor: a command, its answer, and the data that may follow.

use super::command::{ContentError, Instruction, PacketSize, command, confirmation, parse_ack};
use super::error::Ef01Error;
use super::packet::{Decoder, OVERHEAD, Packet, PacketError, PacketKind};
use crate::run::Run;
use crate::serial::SerialLine;
use domain::guarded::Biometric;
use std::time::{Duration, Instant};

/// Bits on the line for each byte: 8N1.
const BITS_PER_BYTE: u64 = 10;

/// Bytes in a row that are no packet after which a transfer is given up: more than any two packets.
const MAX_GARBAGE: u64 = 1024;

/// The longest wait for an abandoned transfer to end: an image at 57,600 baud needs seven seconds.
const MAX_STALE: Duration = Duration::from_secs(8);

/// One read waits at most this long, so that a stop is heard.
const SLICE: Duration = Duration::from_millis(50);

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// From a command to the whole of its answer. Taking an image needs most of a second on old models.
    pub answer: Duration,
    /// From one byte of a transfer to the next.
    pub gap: Duration,
    /// Between two looks for a finger.
    pub poll: Duration,
    /// For the finger to be lifted after its image.
    pub lift: Duration,
    /// What a transfer gets beyond twice its time on the line.
    pub slack: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            answer: Duration::from_millis(1500),
            gap: Duration::from_millis(500),
            poll: Duration::from_millis(30),
            lift: Duration::from_secs(15),
            slack: Duration::from_secs(1),
        }
    }
}

/// An open line with a sensor at its end.
pub(super) struct Link {
    line: SerialLine,
    decoder: Decoder,
    address: u32,
    baud: u32,
    pub(super) timing: Timing,
    /// A transfer was abandoned: the sensor may still be sending.
    dirty: bool,
}

impl Link {
    pub(super) fn open(path: &str, baud: u32, address: u32, timing: Timing) -> Result<Self, Ef01Error> {
        let line = SerialLine::open(path, baud)?;
        Ok(Self { line, decoder: Decoder::new(), address, baud, timing, dirty: true })
    }

    pub(super) fn check(&mut self) -> Result<(), Ef01Error> {
        Ok(self.line.check()?)
    }

    /// Sends a command and gives the confirmation code and parameters of its answer. A damaged answer is asked for
    /// once more: every command of ours may be repeated.
    pub(super) fn ask(
        &mut self,
        instruction: Instruction,
        parameters: &[u8],
        run: &Run<'_>,
    ) -> Result<(u8, Vec<u8>), Ef01Error> {
        match self.ask_once(instruction, parameters, run) {
            Err(Ef01Error::Checksum(_)) => {
                self.dirty = true;
                self.ask_once(instruction, parameters, run)
            }
            other => other,
        }
    }

    fn ask_once(
        &mut self,
        instruction: Instruction,
        parameters: &[u8],
        run: &Run<'_>,
    ) -> Result<(u8, Vec<u8>), Ef01Error> {
        self.settle(run)?;
        self.line.write(&command(self.address, instruction, parameters)?.encode())?;
        let end = Instant::now() + self.timing.answer;
        let before = self.decoder.skipped();
        loop {
            match self.decoder.next_packet() {
                // Not for us: another address, or the tail of what was asked before.
                Some(Ok(packet)) if packet.address != self.address => {}
                Some(Ok(packet)) => {
                    let answer = parse_ack(&packet);
                    return answer
                        .map(|(code, rest)| (code, rest.to_vec()))
                        .map_err(|error| Ef01Error::Content(instruction, error));
                }
                Some(Err(PacketError::Checksum { .. })) => return Err(Ef01Error::Checksum(1)),
                Some(Err(_)) => {}
                None if self.fill(end)? => {}
                None if Instant::now() < end => {
                    // The station learns that the driver is at work; an answer is short enough not to be stopped.
                    let _ = run.stopped();
                }
                None => return Err(self.unanswered(instruction, before)),
            }
        }
    }

    /// The parameters of an answer that not every model has, `needed` bytes of them; nothing where it refuses or
    /// keeps silent. An answer that cannot be one to this question is a late one to another, and an error: a sensor
    /// that lagged behind must not be taken for a different model.
    pub(super) fn ask_optional(
        &mut self,
        instruction: Instruction,
        needed: usize,
        run: &Run<'_>,
    ) -> Result<Option<Vec<u8>>, Ef01Error> {
        match self.ask(instruction, &[], run) {
            Ok((confirmation::OK, parameters)) if parameters.len() >= needed => Ok(Some(parameters)),
            Ok((confirmation::OK, parameters)) => {
                Err(Ef01Error::Content(instruction, ContentError::Short { got: parameters.len(), needed }))
            }
            Ok((code @ (confirmation::NO_FINGER | confirmation::IMAGE_FAIL), _)) => {
                Err(Ef01Error::Refused(instruction, code))
            }
            Ok(_) | Err(Ef01Error::Silent(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The data packets that follow an answer, exactly `needed` bytes of content; nothing when stopped. Every packet's
    /// checksum counts: one that is wrong fails the transfer, once the rest of it has passed.
    pub(super) fn receive_data(
        &mut self,
        needed: usize,
        packet_size: PacketSize,
        run: &Run<'_>,
    ) -> Result<Option<Biometric<Vec<u8>>>, Ef01Error> {
        let end = Instant::now() + self.transfer_time(needed, packet_size) * 2 + self.timing.slack;
        let mut transfer = Transfer::new(needed, self.decoder.skipped());
        let mut gap_end = Instant::now() + self.timing.gap;
        // Until the last packet has come, the sensor may still be sending.
        self.dirty = true;
        loop {
            if let Some(next) = self.decoder.next_packet() {
                if transfer.take(next, self.address)? {
                    self.dirty = false;
                    return transfer.finish(self.decoder.skipped()).map(Some);
                }
                transfer.bear(self.decoder.skipped())?;
                continue;
            }
            if run.stopped() {
                return Ok(None);
            }
            if self.fill(gap_end.min(end))? {
                gap_end = Instant::now() + self.timing.gap;
            }
            if Instant::now() >= gap_end.min(end) {
                return transfer.broken_off(self.decoder.skipped());
            }
        }
    }

    /// Reads what comes within a slice of time; whether anything came.
    fn fill(&mut self, end: Instant) -> Result<bool, Ef01Error> {
        let mut buffer = Biometric::new(vec![0; 4096]);
        let wait = end.saturating_duration_since(Instant::now()).min(SLICE);
        let count = self.line.read(buffer.expose_mut(), wait)?;
        self.decoder.push(&buffer.expose()[..count]);
        Ok(count > 0)
    }

    /// Throws away what is left of earlier conversations. After an abandoned transfer that takes until the sensor has
    /// been quiet for a moment; otherwise it waits for nothing.
    fn settle(&mut self, run: &Run<'_>) -> Result<(), Ef01Error> {
        let quiet = if self.dirty { SLICE } else { Duration::ZERO };
        let mut buffer = Biometric::new(vec![0; 4096]);
        let end = Instant::now() + MAX_STALE;
        let mut stale: u64 = 0;
        loop {
            let count = self.line.read(buffer.expose_mut(), quiet)?;
            if count == 0 {
                break;
            }
            stale += count as u64;
            if Instant::now() >= end {
                return Err(Ef01Error::Garbage(stale));
            }
            let _ = run.stopped();
        }
        self.decoder.clear();
        self.dirty = false;
        Ok(())
    }

    fn unanswered(&self, instruction: Instruction, skipped_before: u64) -> Ef01Error {
        match (self.decoder.skipped() - skipped_before, self.decoder.pending()) {
            (0, 0) => Ef01Error::Silent(instruction),
            (0, got) => Ef01Error::Slow { got, needed: OVERHEAD + 1 },
            (garbage, _) => Ef01Error::Garbage(garbage),
        }
    }

    fn transfer_time(&self, bytes: usize, packet_size: PacketSize) -> Duration {
        let packets = bytes.div_ceil(packet_size.bytes());
        let bits = (bytes + packets * OVERHEAD) as u64 * BITS_PER_BYTE;
        Duration::from_micros(bits * 1_000_000 / u64::from(self.baud))
    }
}

/// An image on its way.
struct Transfer {
    data: Biometric<Vec<u8>>,
    needed: usize,
    damaged: u32,
    skipped_before: u64,
}

impl Transfer {
    fn new(needed: usize, skipped_before: u64) -> Self {
        // The whole of it at once: growing would leave copies of pixels behind in memory.
        Self { data: Biometric::new(Vec::with_capacity(needed)), needed, damaged: 0, skipped_before }
    }

    /// Takes one packet; true when it was the last.
    fn take(&mut self, next: Result<Packet, PacketError>, address: u32) -> Result<bool, Ef01Error> {
        let packet = match next {
            Ok(packet) if packet.address == address => packet,
            Ok(_) => return Ok(false),
            Err(PacketError::Checksum { .. }) => {
                self.damaged += 1;
                return Ok(false);
            }
            Err(PacketError::Length(_) | PacketError::UnknownKind(_)) => return Ok(false),
        };
        if !matches!(packet.kind, PacketKind::Data | PacketKind::LastData) {
            let error = ContentError::WrongKind(packet.kind);
            return Err(Ef01Error::Content(Instruction::UpImage, error));
        }
        let got = self.data.expose().len() + packet.content().len();
        if got > self.needed {
            return Err(Ef01Error::Size { got, needed: self.needed });
        }
        self.data.expose_mut().extend_from_slice(packet.content());
        Ok(packet.kind == PacketKind::LastData)
    }

    /// Gives up when nothing but garbage comes.
    fn bear(&self, skipped: u64) -> Result<(), Ef01Error> {
        match skipped - self.skipped_before {
            garbage if self.damaged == 0 && garbage > MAX_GARBAGE => Err(Ef01Error::Garbage(garbage)),
            _ => Ok(()),
        }
    }

    fn finish(self, skipped: u64) -> Result<Biometric<Vec<u8>>, Ef01Error> {
        let got = self.data.expose().len();
        match (self.damaged, skipped - self.skipped_before) {
            (0, 0) if got == self.needed => Ok(self.data),
            (0, 0) => Err(Ef01Error::Size { got, needed: self.needed }),
            (0, garbage) => Err(Ef01Error::Garbage(garbage)),
            (damaged, _) => Err(Ef01Error::Checksum(damaged)),
        }
    }

    fn broken_off<T>(&self, skipped: u64) -> Result<T, Ef01Error> {
        match (self.damaged, skipped - self.skipped_before) {
            (0, 0) => Err(Ef01Error::Slow { got: self.data.expose().len(), needed: self.needed }),
            (0, garbage) => Err(Ef01Error::Garbage(garbage)),
            (damaged, _) => Err(Ef01Error::Checksum(damaged)),
        }
    }
}
