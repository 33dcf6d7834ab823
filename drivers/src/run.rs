//! One piece of work of a driver, which can be stopped at any time and says that it is alive.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Handed to a driver while it works. Whoever loops looks here at least every 200 ms.
pub struct Run<'a> {
    stop: &'a AtomicBool,
    deadline: Option<Instant>,
    alive: &'a (dyn Fn() + Sync),
}

impl<'a> Run<'a> {
    /// Work that ends when `stop` is set, or at its deadline if it has one. `alive` is called on every round.
    pub fn new(stop: &'a AtomicBool, deadline: Option<Instant>, alive: &'a (dyn Fn() + Sync)) -> Self {
        Self { stop, deadline, alive }
    }

    /// Whether to end now, because nobody wants the result any more. Also tells the station that the driver lives.
    pub fn stopped(&self) -> bool {
        (self.alive)();
        self.stop.load(Ordering::SeqCst)
    }

    /// Whether the time for it has passed.
    pub fn expired(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// The time until its deadline, if it has one.
    pub fn left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Waits, in pieces, unless stopped.
    pub fn pause(&self, time: Duration) {
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            if self.stopped() {
                return;
            }
            std::thread::sleep(left.min(Duration::from_millis(20)));
        }
    }
}
