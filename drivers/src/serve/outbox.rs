//! What the driver tells the station. Frames wait for the station in one place, where a newer one replaces an older.

use crate::wire::{Attachment, Channel, Event, MAX_IN_FLIGHT, WireError};
use domain::device::{DeviceDescriptor, DeviceFault, DeviceState};
use domain::guarded::Personal;
use domain::image::{FingerFrame, FingerImage, Frame};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often a driver that has nothing to tell says so.
const ALIVE_EVERY: Duration = Duration::from_millis(500);

pub(super) struct Outbox {
    channel: Channel,
    frames: Mutex<Frames>,
    alive_at: Mutex<Option<Instant>>,
}

#[derive(Default)]
struct Frames {
    in_flight: u32,
    waiting: Option<(u64, Shown)>,
    replaced: u64,
}

/// A frame on its way to the station.
pub(super) enum Shown {
    Face(Frame),
    Finger(FingerFrame),
}

impl Outbox {
    pub(super) fn new(channel: Channel) -> Self {
        Self { channel, frames: Mutex::default(), alive_at: Mutex::new(None) }
    }

    pub(super) fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Says that the driver works, if it has not said so lately. A station that does not listen is not waited for.
    pub(super) fn alive(&self) {
        let mut alive_at = lock(&self.alive_at);
        let now = Instant::now();
        if alive_at.is_none_or(|at| now.duration_since(at) >= ALIVE_EVERY) {
            *alive_at = Some(now);
            let _ = self.channel.send_now(&Event::Alive);
        }
    }

    pub(super) fn state(&self, state: DeviceState) -> Result<(), WireError> {
        self.channel.send(&Event::State { state }, None)
    }

    pub(super) fn described(&self, descriptor: DeviceDescriptor) -> Result<(), WireError> {
        self.channel.send(&Event::Described { descriptor }, None)
    }

    pub(super) fn fault(&self, attempt: Option<u64>, fault: &DeviceFault) -> Result<(), WireError> {
        tracing::warn!(code = fault.code, log = fault.log, attempt, "device fault");
        self.channel.send(&Event::Fault { attempt, fault: fault.clone() }, None)
    }

    pub(super) fn placed(&self, attempt: u64) -> Result<(), WireError> {
        self.channel.send(&Event::Placed { attempt }, None)
    }

    pub(super) fn lifted(&self, attempt: u64) -> Result<(), WireError> {
        self.channel.send(&Event::Lifted { attempt }, None)
    }

    /// The images of one placement, one message each.
    pub(super) fn fingers(&self, attempt: u64, images: &[FingerImage]) -> Result<(), WireError> {
        for (image, more) in images.iter().zip((0..images.len()).rev()) {
            let FingerImage { width, height, ppi, bit_depth, position, .. } = *image;
            let more = u8::try_from(more).unwrap_or(u8::MAX);
            let event = Event::Finger { attempt, width, height, ppi, bit_depth, position, more };
            self.channel.send(&event, Some(&Attachment::seal(image.grey())?))?;
        }
        Ok(())
    }

    pub(super) fn document(&self, lines: &Personal<String>) -> Result<(), WireError> {
        let text = lines.expose().as_bytes();
        let bytes = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.channel.send(&Event::Document { bytes }, Some(&Attachment::seal(text)?))
    }

    /// Sends a frame, or keeps it until the station has taken one of those under way.
    pub(super) fn frame(&self, attempt: u64, frame: Shown) -> Result<(), WireError> {
        let mut frames = lock(&self.frames);
        if frames.in_flight < MAX_IN_FLIGHT {
            frames.in_flight += 1;
            return self.send_frame(attempt, &frame);
        }
        if frames.waiting.replace((attempt, frame)).is_some() {
            frames.replaced += 1;
        }
        Ok(())
    }

    /// The station took a frame; the one that waits may go.
    pub(super) fn frame_taken(&self) -> Result<(), WireError> {
        let mut frames = lock(&self.frames);
        match frames.waiting.take() {
            Some((attempt, frame)) => self.send_frame(attempt, &frame),
            None => {
                frames.in_flight = frames.in_flight.saturating_sub(1);
                Ok(())
            }
        }
    }

    /// Forgets the frame that waits, and tells how many were replaced since the last time.
    pub(super) fn clear_frames(&self) -> u64 {
        let mut frames = lock(&self.frames);
        frames.waiting = None;
        std::mem::take(&mut frames.replaced)
    }

    fn send_frame(&self, attempt: u64, frame: &Shown) -> Result<(), WireError> {
        let (event, bytes) = match frame {
            Shown::Face(frame) => {
                let Frame { width, height, captured_at, sequence, .. } = *frame;
                (Event::Frame { attempt, width, height, captured_at, sequence }, frame.rgb())
            }
            Shown::Finger(FingerFrame { image, captured_at, sequence }) => {
                let FingerImage { width, height, ppi, bit_depth, position, .. } = *image;
                let (captured_at, sequence) = (*captured_at, *sequence);
                let event = Event::Preview { attempt, width, height, ppi, bit_depth, position, captured_at, sequence };
                (event, image.grey())
            }
        };
        self.channel.send(&event, Some(&Attachment::seal(bytes)?))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::units::{Millis, Ppi};

    fn face(sequence: u64) -> Shown {
        Shown::Face(Frame::new(1, 1, Millis(sequence), sequence, vec![sequence as u8; 3]).unwrap())
    }

    fn finger(sequence: u64) -> Shown {
        let image = FingerImage::new(1, 1, Ppi::FIVE_HUNDRED, 8, vec![sequence as u8]).unwrap();
        Shown::Finger(FingerFrame { image, captured_at: Millis(sequence), sequence })
    }

    fn sequences(station: &Channel) -> Vec<u64> {
        std::iter::from_fn(|| station.receive::<Event>(Some(Duration::ZERO)).unwrap())
            .map(|received| match received.message {
                Event::Frame { sequence, .. } | Event::Preview { sequence, .. } => sequence,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn a_slow_station_gets_the_newest_frame_and_no_queue() {
        for frame in [face, finger] {
            let (station, driver) = Channel::pair().unwrap();
            let outbox = Outbox::new(driver);
            for sequence in 1..=50 {
                outbox.frame(1, frame(sequence)).unwrap();
            }
            assert_eq!(sequences(&station), [1, 2]);
            outbox.frame_taken().unwrap();
            assert_eq!(sequences(&station), [50]);
            outbox.frame_taken().unwrap();
            outbox.frame_taken().unwrap();
            outbox.frame(1, frame(51)).unwrap();
            assert_eq!(sequences(&station), [51]);
            assert_eq!(outbox.clear_frames(), 47);
        }
    }
}
