//! The conversation with one module: a command, its answers, and the image that may follow in pieces.

use super::command::{answer, request};
use super::error::SfmError;
use super::packet::{Decoder, LENGTH, Packet, PacketError, SUM, data_sum};
use crate::run::Run;
use crate::serial::SerialLine;
use domain::guarded::Biometric;
use std::time::{Duration, Instant};

/// Bytes in a row that are no packet after which a conversation is given up.
const MAX_GARBAGE: u64 = 1024;

/// The longest wait for an abandoned transfer to end: an 8-bit image at 115,200 baud needs eight seconds.
const MAX_STALE: Duration = Duration::from_secs(9);

/// One read waits at most this long, so that a stop is heard.
const SLICE: Duration = Duration::from_millis(50);

/// Bytes of each piece of an image: what the maker's own clients ask for.
const PIECE: u32 = 4096;

/// The largest image with header and template that is accepted, in bytes.
const MAX_IMAGE: u32 = 512 * 1024;

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// From a command to the whole of its answer, beyond the time that the module waits for a finger.
    pub answer: Duration,
    /// From one byte of a transfer to the next.
    pub gap: Duration,
    /// Between two looks whether the finger is still there.
    pub poll: Duration,
    /// For the finger to be lifted after its image.
    pub lift: Duration,
    /// How long the module waits for a finger at each scan: whole seconds, 1 to 20.
    pub scan: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            answer: Duration::from_millis(1500),
            gap: Duration::from_millis(500),
            poll: Duration::from_millis(200),
            lift: Duration::from_secs(15),
            scan: Duration::from_secs(1),
        }
    }
}

/// An image with its header, and whether a part of it had to be asked for again.
pub(super) type Received = (Biometric<Vec<u8>>, bool);

/// An open line with a module at its end.
pub(super) struct Link {
    line: SerialLine,
    baud: u32,
    decoder: Decoder,
    terminal: Option<u16>,
    pub(super) timing: Timing,
    /// Something was abandoned: the module may still be sending.
    dirty: bool,
}

impl Link {
    pub(super) fn open(path: &str, baud: u32, terminal: Option<u16>, timing: Timing) -> Result<Self, SfmError> {
        let line = SerialLine::open(path, baud)?;
        Ok(Self { line, baud, decoder: Decoder::new(), terminal, timing, dirty: true })
    }

    pub(super) fn check(&mut self) -> Result<(), SfmError> {
        Ok(self.line.check()?)
    }

    /// A command with one answer. A damaged answer is asked for once more: every command asked this way may be
    /// repeated.
    pub(super) fn ask(&mut self, command: u8, size: u32, flag: u8, run: &Run<'_>) -> Result<Packet, SfmError> {
        match self.ask_once(command, size, flag, run) {
            Err(SfmError::Damaged(_)) => {
                self.dirty = true;
                self.ask_once(command, size, flag, run)
            }
            other => other,
        }
    }

    fn ask_once(&mut self, command: u8, size: u32, flag: u8, run: &Run<'_>) -> Result<Packet, SfmError> {
        self.begin(command, size, flag, run)?;
        let end = Instant::now() + self.timing.answer;
        self.answer(command, end, &mut || {
            // The station learns that the driver is at work; an answer is short enough not to be stopped.
            let _ = run.stopped();
            false
        })?
        .ok_or(SfmError::Silent(command))
    }

    /// Begins a scan, with the size of pieces for those commands that send pieces.
    pub(super) fn begin_scan(&mut self, command: u8, run: &Run<'_>) -> Result<(), SfmError> {
        let size = if matches!(command, request::SIX | request::RIX) { PIECE } else { 0 };
        self.begin(command, size, 0, run)
    }

    /// The next answer to a scan; nothing when stopped.
    pub(super) fn scan_answer(&mut self, command: u8, run: &Run<'_>) -> Result<Option<Packet>, SfmError> {
        let end = Instant::now() + self.timing.scan + self.timing.answer;
        self.answer(command, end, &mut || run.stopped())
    }

    /// Ends whatever the module is doing. It answers, perhaps after the end of what it was sending; nobody waits.
    pub(super) fn cancel(&mut self) -> Result<(), SfmError> {
        self.dirty = true;
        self.send(request::CA, 0, 0)
    }

    fn begin(&mut self, command: u8, size: u32, flag: u8, run: &Run<'_>) -> Result<(), SfmError> {
        self.settle(run)?;
        self.send(command, size, flag)
    }

    fn send(&mut self, command: u8, size: u32, flag: u8) -> Result<(), SfmError> {
        let packet = Packet { terminal: self.terminal, ..Packet::new(command, 0, size, flag) };
        Ok(self.line.write(&packet.encode())?)
    }

    /// The next packet that answers this command; nothing when `stop` says so.
    fn answer(
        &mut self,
        command: u8,
        end: Instant,
        stop: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Packet>, SfmError> {
        let before = self.decoder.skipped();
        loop {
            match self.decoder.next_packet() {
                Some(Ok(packet)) if packet.terminal != self.terminal => {}
                Some(Ok(packet)) if packet.command == command => return Ok(Some(packet)),
                // The late end of what was cancelled.
                Some(Ok(packet)) if packet.command == request::CA || packet.flag == answer::CANCELED => {}
                Some(Ok(_)) => return Err(SfmError::Garbage(LENGTH as u64)),
                Some(Err(PacketError::Checksum { .. })) => return Err(SfmError::Damaged("an answer")),
                Some(Err(PacketError::End(_))) => {}
                None if self.fill(end)? => {}
                None if Instant::now() >= end => return Err(self.unanswered(command, before)),
                None if stop() => return Ok(None),
                None => {}
            }
            if self.decoder.skipped() - before > MAX_GARBAGE {
                return Err(SfmError::Garbage(self.decoder.skipped() - before));
            }
        }
    }

    /// The pieces of an image of `size` bytes, each with its sum. A damaged piece is asked for once more. Gives the
    /// image and whether any was; nothing when stopped.
    pub(super) fn receive_pieces(
        &mut self,
        command: u8,
        size: u32,
        run: &Run<'_>,
    ) -> Result<Option<Received>, SfmError> {
        let needed = accepted(size)?;
        // The whole of it at once: growing would leave copies of pixels behind in memory.
        let mut image = Biometric::new(Vec::with_capacity(needed));
        let whole = self.transfer_end(needed);
        let mut repeated = false;
        let mut number = 0;
        let mut again = false;
        while image.expose().len() < needed {
            self.dirty = true;
            let end = whole.min(Instant::now() + self.timing.gap + self.timing.answer);
            let Some(head) = self.answer(command, end, &mut || run.stopped())? else { return Ok(None) };
            let (count, index) = (head.parameter & 0xFFFF, head.parameter >> 16);
            let room = needed - image.expose().len();
            if index != number || index >= count || head.size == 0 || head.size as usize > room {
                return Err(SfmError::Garbage(u64::from(head.size)));
            }
            let Some(piece) = self.take(head.size as usize, whole, run)? else { return Ok(None) };
            let Some(sum) = self.take(SUM, whole, run)? else { return Ok(None) };
            if data_sum(piece.expose()).to_le_bytes() == sum.expose()[..] {
                image.expose_mut().extend_from_slice(piece.expose());
                (number, again) = (number + 1, false);
                self.send(command, 0, answer::DATA_OK)?;
            } else if again {
                return Err(SfmError::Damaged("a piece of the image"));
            } else {
                (again, repeated) = (true, true);
                self.send(command, 0, answer::DATA_ERROR)?;
            }
        }
        self.dirty = false;
        Ok(Some((image, repeated)))
    }

    /// An image of `size` bytes and the end code, without any sum; nothing when stopped.
    pub(super) fn receive_plain(&mut self, size: u32, run: &Run<'_>) -> Result<Option<Biometric<Vec<u8>>>, SfmError> {
        let needed = accepted(size)?;
        self.dirty = true;
        let whole = self.transfer_end(needed);
        let Some(image) = self.take(needed, whole, run)? else { return Ok(None) };
        let Some(end) = self.take(1, whole, run)? else { return Ok(None) };
        if end.expose()[..] != [super::packet::END] {
            return Err(SfmError::Damaged("the end of the image"));
        }
        self.dirty = false;
        Ok(Some(image))
    }

    /// When a transfer of this many bytes, ten bits each, is given up however steadily it trickles: after twice the time
    /// that the line needs for it, so that every piece may come twice, and the time of an answer.
    fn transfer_end(&self, bytes: usize) -> Instant {
        let seconds = bytes as f64 * 10.0 / f64::from(self.baud) * 2.0;
        Instant::now() + Duration::from_secs_f64(seconds) + self.timing.answer
    }

    /// The next `count` bytes, before `end` and without too long a gap; nothing when stopped.
    fn take(&mut self, count: usize, end: Instant, run: &Run<'_>) -> Result<Option<Biometric<Vec<u8>>>, SfmError> {
        let mut gap_end = end.min(Instant::now() + self.timing.gap);
        loop {
            if let Some(taken) = self.decoder.take(count) {
                return Ok(Some(taken));
            }
            if run.stopped() {
                return Ok(None);
            }
            let came = self.fill(gap_end)?;
            if came && Instant::now() < end {
                gap_end = end.min(Instant::now() + self.timing.gap);
            } else if self.decoder.pending() < count && Instant::now() >= gap_end {
                return Err(SfmError::Slow { got: self.decoder.pending(), needed: count });
            }
        }
    }

    /// Reads what comes within a slice of time; whether anything came.
    fn fill(&mut self, end: Instant) -> Result<bool, SfmError> {
        let mut buffer = Biometric::new(vec![0; 4096]);
        let wait = end.saturating_duration_since(Instant::now()).min(SLICE);
        let count = self.line.read(buffer.expose_mut(), wait)?;
        self.decoder.push(&buffer.expose()[..count]);
        Ok(count > 0)
    }

    /// Throws away what is left of earlier conversations. After something abandoned that takes until the module has
    /// been quiet for a moment, or the run is stopped; otherwise it waits for nothing.
    fn settle(&mut self, run: &Run<'_>) -> Result<(), SfmError> {
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
                return Err(SfmError::Garbage(stale));
            }
            if run.stopped() {
                return Err(SfmError::Stopped);
            }
        }
        self.decoder.clear();
        self.dirty = false;
        Ok(())
    }

    fn unanswered(&self, command: u8, skipped_before: u64) -> SfmError {
        match (self.decoder.skipped() - skipped_before, self.decoder.pending()) {
            (0, 0) => SfmError::Silent(command),
            (0, got) => SfmError::Slow { got, needed: LENGTH },
            (garbage, _) => SfmError::Garbage(garbage),
        }
    }
}

fn accepted(size: u32) -> Result<usize, SfmError> {
    if size > MAX_IMAGE { Err(SfmError::Garbage(u64::from(size))) } else { Ok(size as usize) }
}
