//! When to give up on a driver that says nothing: pure, with the time passed in.

use std::time::{Duration, Instant};

/// A working driver speaks at least every half second. Starting a camera may hold it up longer.
const SILENCE: Duration = Duration::from_secs(5);

/// Until the first frame: cameras set their exposure first.
const FIRST_FRAME: Duration = Duration::from_secs(5);

/// What the driver gets on top of its own limit of two frame times and half a second, so that a stalled camera is
/// told by the driver, and a hanging driver by us.
const MARGIN: Duration = Duration::from_millis(1000);

/// Frames a second of a camera that does not say.
const USUAL_FPS: u32 = 15;

/// How long a camera that streams `fps` frames a second may be silent: two frame times and half a second.
pub(crate) fn frame_limit(fps: u8) -> Duration {
    let fps = if fps == 0 { USUAL_FPS } else { u32::from(fps) };
    Duration::from_secs(2) / fps + Duration::from_millis(500)
}

/// The watch over one driver process.
pub(super) struct Watch {
    silent_at: Instant,
    frameless_at: Option<Instant>,
}

impl Watch {
    pub(super) fn new(now: Instant) -> Self {
        Self { silent_at: now + SILENCE, frameless_at: None }
    }

    /// The driver said something.
    pub(super) fn heard(&mut self, now: Instant) {
        self.silent_at = now + SILENCE;
    }

    /// A stream was asked for.
    pub(super) fn stream_started(&mut self, now: Instant) {
        self.frameless_at = Some(now + FIRST_FRAME);
    }

    /// A frame came.
    pub(super) fn frame(&mut self, now: Instant, fps: u8) {
        if self.frameless_at.is_some() {
            self.frameless_at = Some(now + frame_limit(fps) + MARGIN);
        }
    }

    /// No frames are awaited any more.
    pub(super) fn stream_ended(&mut self) {
        self.frameless_at = None;
    }

    /// How long to wait for the driver; nothing left means that it stalled.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        let end = self.frameless_at.map_or(self.silent_at, |at| at.min(self.silent_at));
        end.checked_duration_since(now).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_follow_the_frame_rate() {
        for (fps, limit_ms) in [(20, 600), (10, 700), (1, 2500), (0, 633)] {
            assert_eq!(frame_limit(fps).as_millis(), limit_ms, "{fps} frames a second");
        }
    }

    #[test]
    fn silence_and_missing_frames_end_the_patience() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut watch = Watch::new(start);
        assert!(watch.left(at(4999)).is_some());
        assert!(watch.left(at(5000)).is_none());
        watch.heard(at(4000));
        watch.stream_started(at(4000));
        watch.frame(at(4100), 20);
        assert!(watch.left(at(5699)).is_some(), "1,600 ms for the next frame");
        watch.heard(at(5699));
        assert!(watch.left(at(5700)).is_none(), "words are no frames");
        watch.stream_ended();
        assert!(watch.left(at(5700)).is_some());
        watch.frame(at(5700), 20);
        assert!(watch.left(at(10_000)).is_some(), "a late frame starts no watch");
    }
}
