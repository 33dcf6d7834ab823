//! The time of one visit, people's apart from the machine's.

use super::human::Act;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Time of one visit: what people take is added up, and slept only on request.
#[derive(Debug)]
pub struct Stopwatch {
    realtime: bool,
    human: Duration,
    slept: Duration,
    elapsed: Duration,
    since: Option<Instant>,
    /// When the page asked for a finger or hand to be lifted. The station's pause for it and the person's lifting are the
    /// same second, which human time already counts.
    lifting: Option<Instant>,
    beside: Duration,
}

impl Stopwatch {
    /// Stopped at zero.
    pub fn new(realtime: bool) -> Self {
        let zero = Duration::ZERO;
        Self { realtime, human: zero, slept: zero, elapsed: zero, since: None, lifting: None, beside: zero }
    }

    /// Runs from now on.
    pub fn start(&mut self) {
        self.since = Some(Instant::now());
    }

    /// Stops; may be started again.
    pub fn stop(&mut self) {
        self.lifted();
        self.elapsed += self.since.take().map_or(Duration::ZERO, |since| since.elapsed());
    }

    /// Somebody does something.
    pub async fn act(&mut self, act: Act) {
        let takes = Duration::from_millis(act.takes_ms());
        self.lifted();
        self.human += takes;
        if self.realtime {
            sleep(takes).await;
            self.slept += takes;
        } else if act == Act::LiftFinger {
            self.lifting = Some(Instant::now());
        }
    }

    /// Whoever lifts has done so once the page asks for something else; what it waits longer than that is its own.
    fn lifted(&mut self) {
        let takes = Duration::from_millis(Act::LiftFinger.takes_ms());
        self.beside += self.lifting.take().map_or(Duration::ZERO, |since| since.elapsed().min(takes));
    }

    /// Somebody does something while they do something else: what it takes longer.
    pub async fn act_beside(&mut self, act: Act, other: Act) {
        let longer = Duration::from_millis(act.takes_ms().saturating_sub(other.takes_ms()));
        self.lifted();
        self.human += longer;
        if self.realtime {
            sleep(longer).await;
            self.slept += longer;
        }
    }

    /// Scripted time of people in milliseconds.
    pub fn human_ms(&self) -> u64 {
        self.human.as_millis() as u64
    }

    /// What is left of the elapsed time without sleep, without the seconds in which somebody lifts a finger beside it, the
    /// lines' own transfer and the simulation's own work.
    pub fn machine_wait_ms(&self, transfer_ms: u64, simulation: Duration) -> u64 {
        let others = self.slept + self.beside + Duration::from_millis(transfer_ms) + simulation;
        self.elapsed.saturating_sub(others).as_millis() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_after_people_lines_and_simulation_is_machine_wait() {
        let mut watch = Stopwatch::new(false);
        watch.elapsed = Duration::from_secs(9);
        watch.slept = Duration::from_secs(5);
        for (transfer_ms, simulation_ms, wait_ms) in [(0, 0, 4000), (1500, 300, 2200), (60_000, 0, 0)] {
            assert_eq!(watch.machine_wait_ms(transfer_ms, Duration::from_millis(simulation_ms)), wait_ms);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_pause_for_a_finger_to_be_lifted_counts_once() {
        let mut watch = Stopwatch::new(false);
        for (pause_ms, beside_ms) in [(400, 400), (2000, 1400), (0, 1400)] {
            watch.act(Act::LiftFinger).await;
            sleep(Duration::from_millis(pause_ms)).await;
            watch.act(Act::PlaceFinger).await;
            sleep(Duration::from_millis(700)).await;
            assert_eq!(watch.beside, Duration::from_millis(beside_ms));
        }
    }

    #[tokio::test]
    async fn human_time_is_added_and_not_slept() {
        let mut watch = Stopwatch::new(false);
        watch.act(Act::HandOver).await;
        watch.act(Act::TypeDocument).await;
        assert_eq!((watch.human_ms(), watch.slept), (35_000, Duration::ZERO));
    }
}
