//! Log-ins that failed and have a line of their own in the audit trail. Only so many do, and those beyond are counted, so
//! that nobody fills the disk from the log-in page.

use std::time::{Duration, Instant};

/// Lines in [`PER`].
pub const MOST: u32 = 120;

/// The time that [`MOST`] is about.
pub const PER: Duration = Duration::from_secs(3600);

/// Log-ins that failed since a moment.
#[derive(Default)]
pub struct Refusals {
    since: Option<Instant>,
    noted: u32,
    unnoted: u32,
}

impl Refusals {
    /// One more at this moment: whether it has a line of its own, and how many went without one in the time before.
    pub fn count(&mut self, now: Instant) -> (bool, u32) {
        let mut before = 0;
        if self.since.is_none_or(|since| now.duration_since(since) >= PER) {
            before = self.unnoted;
            *self = Self { since: Some(now), noted: 0, unnoted: 0 };
        }
        let own = self.noted < MOST;
        let counter = if own { &mut self.noted } else { &mut self.unnoted };
        *counter = counter.saturating_add(1);
        (own, before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_tries_again_and_again_does_not_fill_the_trail() {
        let (mut refusals, start) = (Refusals::default(), Instant::now());
        let own = (0..300).filter(|_| refusals.count(start).0).count();
        assert_eq!(own, MOST as usize);
        assert_eq!(refusals.count(start + PER), (true, 300 - MOST));
        assert_eq!(refusals.count(start + PER), (true, 0));
    }
}
