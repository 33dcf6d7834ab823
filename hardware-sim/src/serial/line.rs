//! A paced serial line: each byte takes ten bit times, a host at another speed reads garbage, and faults strike at
//! the byte they are set for.

use super::port::{Bell, Port, Waited};
use crate::stage::{Device, FaultKind, Stage};
use render::Rng;
use std::io;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};
use thiserror::Error;

/// Bits on the wire for a byte at 8N1: start, eight data, stop.
const BITS: u64 = 10;

/// A line is paced in pieces of this length: short enough to look like a stream to the host, long enough to sleep.
const PIECE: Duration = Duration::from_millis(2);

/// The pace of the fault `slow`.
const SLOW_BYTE: Duration = Duration::from_secs(1);

/// How long a device waits for its host before it looks around again.
const LOOK: Duration = Duration::from_millis(500);

/// Why the line is no longer what it was.
#[derive(Debug, Error)]
pub enum Lost {
    /// The simulation ends.
    #[error("the simulation ends")]
    Ended,
    /// The pseudo-terminal failed.
    #[error("the pseudo-terminal failed: {0}")]
    Io(#[from] io::Error),
    /// The device went quiet in the middle: what it was sending is lost.
    #[error("the device went quiet")]
    Quiet,
    /// The cable is out.
    #[error("unplugged")]
    Unplugged,
}

/// What a device hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// So many bytes from the host, at the right speed.
    Bytes(usize),
    /// Bytes at another speed: nothing that could be read.
    Noise(usize),
    /// Nothing; the scene may have changed.
    Nothing,
}

/// One device's line while it is plugged in.
pub struct Line<'a> {
    stage: &'a Stage,
    device: Device,
    port: Port,
    /// The device's own speed in baud.
    pub baud: u32,
    noise: Rng,
}

impl<'a> Line<'a> {
    /// Plugs the device in under this name.
    pub fn plug(stage: &'a Stage, device: Device, link: &Path, baud: u32) -> io::Result<Self> {
        let port = Port::plug(link)?;
        Ok(Self { stage, device, port, baud, noise: Rng::stream(u64::from(baud), device as u64) })
    }

    /// Waits for the host. A quiet device hears nothing.
    pub fn receive(&mut self, buffer: &mut [u8], bell: &Bell) -> Result<Heard, Lost> {
        self.receive_within(buffer, bell, LOOK)
    }

    /// Waits for the host at most for this long. A quiet device hears nothing.
    pub fn receive_within(&mut self, buffer: &mut [u8], bell: &Bell, limit: Duration) -> Result<Heard, Lost> {
        self.check()?;
        let waited = self.port.receive(buffer, bell, limit)?;
        let Waited::Bytes(count) = waited else {
            return Ok(Heard::Nothing);
        };
        sleep(self.time_of(count));
        match self.stage.fault(self.device) {
            FaultKind::Silent | FaultKind::Stall => Ok(Heard::Nothing),
            _ if self.port.host_baud()? != self.baud => Ok(Heard::Noise(count)),
            _ => Ok(Heard::Bytes(count)),
        }
    }

    /// Sends bytes at the line's pace.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), Lost> {
        let piece = (u64::from(self.baud) * PIECE.as_millis() as u64 / 1000 / BITS).max(1) as usize;
        let mut free_at = Instant::now();
        for piece in bytes.chunks(piece) {
            self.check()?;
            free_at += self.time_of(piece.len());
            sleep(free_at.saturating_duration_since(Instant::now()));
            let good = self.stage.spend(self.device, piece.len());
            let (good, bad) = piece.split_at(good);
            self.put(good)?;
            self.send_badly(bad)?;
        }
        Ok(())
    }

    /// Sends a packet, with its last byte wrong while the fault `bad-checksum` shows.
    pub fn send_packet(&mut self, mut bytes: Vec<u8>) -> Result<(), Lost> {
        let wrong = self.stage.fault(self.device) == FaultKind::BadChecksum;
        if let Some(last) = bytes.last_mut().filter(|_| wrong) {
            *last ^= 0x55;
        }
        self.send(&bytes)
    }

    /// Random bytes, as a host at the wrong speed sees any answer.
    pub fn send_noise(&mut self, count: usize) -> Result<(), Lost> {
        let bytes: Vec<u8> = (0..count).map(|_| self.noise.bits() as u8).collect();
        self.send(&bytes)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Lost> {
        if bytes.is_empty() {
            return Ok(());
        }
        if self.port.host_baud()? == self.baud {
            return Ok(self.port.transmit(bytes)?);
        }
        let garbled: Vec<u8> = bytes.iter().map(|_| self.noise.bits() as u8).collect();
        Ok(self.port.transmit(&garbled)?)
    }

    fn send_badly(&mut self, bytes: &[u8]) -> Result<(), Lost> {
        if bytes.is_empty() {
            return Ok(());
        }
        match self.stage.fault(self.device) {
            FaultKind::Garbage => {
                let garbage: Vec<u8> = bytes.iter().map(|_| self.noise.bits() as u8).collect();
                self.put(&garbage)
            }
            FaultKind::Silent | FaultKind::Stall => Err(Lost::Quiet),
            FaultKind::Slow => self.send_slowly(bytes),
            FaultKind::Unplug => Err(Lost::Unplugged),
            // A wrong checksum is made where the packet is whole, a wrong deed where the device does it; the others can
            // only have been cleared meanwhile.
            _ => self.put(bytes),
        }
    }

    fn send_slowly(&mut self, bytes: &[u8]) -> Result<(), Lost> {
        for byte in bytes {
            self.check()?;
            if self.stage.fault(self.device) == FaultKind::Slow {
                self.stage.bell(self.device).wait(SLOW_BYTE)?;
            }
            self.put(&[*byte])?;
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Lost> {
        if self.stage.has_ended() {
            Err(Lost::Ended)
        } else if self.stage.fault(self.device) == FaultKind::Unplug {
            Err(Lost::Unplugged)
        } else {
            Ok(())
        }
    }

    fn time_of(&self, bytes: usize) -> Duration {
        Duration::from_micros(bytes as u64 * BITS * 1_000_000 / u64::from(self.baud.max(1)))
    }
}

/// Runs a device for as long as the simulation lasts: plugs it in, serves it, and plugs it in again after an
/// unplugging. Returns at the end of the simulation.
pub fn keep_plugged(
    stage: &Stage,
    device: Device,
    link: &Path,
    baud: u32,
    mut serve: impl FnMut(&mut Line<'_>) -> Result<(), Lost>,
) {
    while !stage.has_ended() {
        if stage.fault(device) == FaultKind::Unplug {
            let _ = stage.bell(device).wait(LOOK);
            continue;
        }
        let served = Line::plug(stage, device, link, baud).map_err(Lost::Io).and_then(|mut line| {
            stage.plugged(device);
            let served = serve(&mut line);
            stage.unplug(device, || drop(line));
            served
        });
        if let Err(Lost::Io(error)) = served {
            tracing::error!(device = device.id(), %error, "the simulated port failed and is made again");
            let _ = stage.bell(device).wait(LOOK);
        }
    }
}
