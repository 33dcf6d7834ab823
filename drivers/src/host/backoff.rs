//! How long to wait before a driver is started again.

use std::time::Duration;

/// The first wait. A device that is plugged in again is ready within five seconds, so the longest wait stays below.
const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(4);

/// A driver that ran this long is thought sound again.
const SOUND: Duration = Duration::from_secs(10);

/// Waits that double: 250 ms, 500 ms, 1 s, 2 s, then always 4 s.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

impl Backoff {
    /// The wait after a run that lasted this long.
    pub fn after(&mut self, ran: Duration) -> Duration {
        if ran >= SOUND {
            self.next = FIRST;
        }
        let wait = self.next;
        self.next = (wait * 2).min(LONGEST);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_start_over_after_a_sound_run() {
        let mut backoff = Backoff::default();
        for (ran_s, wait_ms) in [(0, 250), (9, 500), (0, 1000), (0, 2000), (0, 4000), (0, 4000), (10, 250), (0, 500)] {
            assert_eq!(backoff.after(Duration::from_secs(ran_s)), Duration::from_millis(wait_ms));
        }
    }
}
