//! Lost frames, found by the time between those that came: nokhwa hides the camera's own count.

use std::collections::VecDeque;
use std::time::Duration;

/// Intervals that are remembered: long enough for one that was not stretched by a loss.
const REMEMBERED: usize = 16;

/// A camera whose stream lost more than one frame in this many works, with something amiss.
const MUCH: u64 = 10;

/// Losses below this number are told of no camera: a busy machine skips the odd frame.
const FEW: u64 = 3;

/// The rhythm of a stream. The time is passed in.
#[derive(Debug)]
pub(super) struct Pace {
    nominal: Duration,
    intervals: VecDeque<Duration>,
    last: Option<Duration>,
    came: u64,
    lost: u64,
}

impl Pace {
    /// Of a camera that says it sends this many frames a second.
    pub(super) fn new(fps: u32) -> Self {
        let nominal = Duration::from_secs(1) / fps.max(1);
        Self { nominal, intervals: VecDeque::with_capacity(REMEMBERED), last: None, came: 0, lost: 0 }
    }

    /// A frame came at this time; gives how many were lost before it.
    pub(super) fn frame(&mut self, at: Duration) -> u64 {
        self.came += 1;
        let Some(last) = self.last.replace(at) else { return 0 };
        let interval = at.saturating_sub(last);
        if self.intervals.len() == REMEMBERED {
            self.intervals.pop_front();
        }
        self.intervals.push_back(interval);
        // A camera may be slower than it says, in the dark for example; it is never faster.
        let shortest = self.intervals.iter().min().copied().unwrap_or_default();
        let usual = shortest.max(self.nominal).as_micros().max(1);
        let frames = (interval.as_micros() + usual / 2) / usual;
        let lost = u64::try_from(frames.saturating_sub(1)).unwrap_or(0);
        self.lost += lost;
        lost
    }

    /// How many frames were lost so far.
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    /// Whether so many were lost that it is worth telling.
    pub(super) fn is_degraded(&self) -> bool {
        self.lost >= FEW && self.lost * MUCH > self.came + self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(fps: u32, at_ms: &[u64]) -> (Vec<u64>, bool) {
        let mut pace = Pace::new(fps);
        let lost = at_ms.iter().map(|at| pace.frame(Duration::from_millis(*at))).collect();
        (lost, pace.is_degraded())
    }

    #[test]
    fn gaps_are_counted_in_frames() {
        for (fps, at_ms, expected, degraded) in [
            (10, &[0, 100, 200, 300][..], &[0, 0, 0, 0][..], false),
            (10, &[0, 100, 300, 400], &[0, 0, 1, 0], false),
            (10, &[0, 100, 300, 600, 700], &[0, 0, 1, 2, 0], true),
            // Jitter, and frames that waited for us, are no loss.
            (10, &[0, 140, 200, 210, 300], &[0, 0, 0, 0, 0], false),
            // Slower than it says, all the time.
            (30, &[0, 100, 200, 300, 500], &[0, 0, 0, 0, 1], false),
            (0, &[0, 1000], &[0, 0], false),
        ] {
            assert_eq!(lost(fps, at_ms), (expected.to_vec(), degraded), "{fps} {at_ms:?}");
        }
    }
}
