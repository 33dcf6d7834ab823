//! What the station wants, from the thread that hears it to the thread that works.

use crate::wire::Target;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Work for the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Job {
    Capture { attempt: u64, what: Target, deadline: Option<Duration> },
    Describe,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The process ends.
    End,
    /// Nothing asked for in this time.
    Idle,
    Job(Job),
}

/// One place for the newest job: a newer one replaces it and stops what runs, so nothing queues up.
#[derive(Default)]
pub(super) struct Control {
    inbox: Mutex<Inbox>,
    changed: Condvar,
    stop: AtomicBool,
    released: AtomicBool,
}

#[derive(Default)]
struct Inbox {
    capture: Option<Job>,
    describe: bool,
    end: bool,
}

impl Control {
    /// A new capture; the running one is stopped.
    pub(super) fn give(&self, job: Job) {
        self.change(true, |inbox| inbox.capture = Some(job));
    }

    /// Say again what the device is, when there is time.
    pub(super) fn describe(&self) {
        self.change(false, |inbox| inbox.describe = true);
    }

    /// Neither the running capture nor one that waits is wanted any more.
    pub(super) fn stop(&self) {
        self.change(true, |inbox| inbox.capture = None);
        self.released.store(true, Ordering::SeqCst);
    }

    /// Whether the station has closed the device since this was asked last. Unlike a new capture, that ends a
    /// traveller's turn.
    pub(super) fn take_released(&self) -> bool {
        self.released.swap(false, Ordering::SeqCst)
    }

    /// The end of the process.
    pub(super) fn end(&self) {
        self.change(true, |inbox| inbox.end = true);
    }

    /// Set while what runs is to be stopped.
    pub(super) fn stop_flag(&self) -> &AtomicBool {
        &self.stop
    }

    /// The next thing to do, waiting for it at most this long.
    pub(super) fn next(&self, wait: Duration) -> Next {
        let empty = |inbox: &mut Inbox| !inbox.end && !inbox.describe && inbox.capture.is_none();
        let waited = self.changed.wait_timeout_while(self.lock(), wait, empty);
        let (mut inbox, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if inbox.end {
            return Next::End;
        }
        // Under the lock, so that a stop which comes after this job is not forgotten.
        self.stop.store(false, Ordering::SeqCst);
        if let Some(job) = inbox.capture.take() {
            return Next::Job(job);
        }
        if std::mem::take(&mut inbox.describe) { Next::Job(Job::Describe) } else { Next::Idle }
    }

    fn change(&self, stops: bool, change: impl FnOnce(&mut Inbox)) {
        let mut inbox = self.lock();
        change(&mut inbox);
        if stops {
            self.stop.store(true, Ordering::SeqCst);
        }
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(attempt: u64) -> Job {
        Job::Capture { attempt, what: Target::Face, deadline: None }
    }

    #[test]
    fn the_newest_capture_is_the_one_that_counts() {
        let control = Control::default();
        control.give(capture(1));
        control.give(capture(2));
        assert!(control.stop_flag().load(Ordering::SeqCst), "what runs is stopped");
        assert_eq!(control.next(Duration::ZERO), Next::Job(capture(2)));
        assert!(!control.stop_flag().load(Ordering::SeqCst), "the new one is not");
        assert!(!control.take_released(), "a new capture ends nobody's turn");
        control.give(capture(3));
        control.stop();
        assert!(control.take_released() && !control.take_released(), "told once");
        assert_eq!(control.next(Duration::ZERO), Next::Idle);
        control.describe();
        assert_eq!(control.next(Duration::ZERO), Next::Job(Job::Describe));
        control.end();
        assert_eq!(control.next(Duration::ZERO), Next::End);
    }
}
