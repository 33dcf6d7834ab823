//! One place between a thread that must not wait and one that may: a newer value replaces the older.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The newest value, until it is taken.
pub struct Slot<T> {
    inner: Mutex<Inner<T>>,
    changed: Condvar,
}

struct Inner<T> {
    newest: Option<T>,
    closed: bool,
}

/// What was found in a slot.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken<T> {
    /// Nobody will put anything in any more.
    Closed,
    /// Nothing came in time.
    Nothing,
    /// The newest value.
    Value(T),
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { inner: Mutex::new(Inner { newest: None, closed: false }), changed: Condvar::new() }
    }
}

impl<T> Slot<T> {
    /// Puts a value in; true when that replaced one that nobody took.
    pub fn put(&self, value: T) -> bool {
        let replaced = self.lock().newest.replace(value).is_some();
        self.changed.notify_one();
        replaced
    }

    /// Says that nothing more will come.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }

    /// The newest value, waiting for it at most this long.
    pub fn take(&self, wait: Duration) -> Taken<T> {
        let empty = |inner: &mut Inner<T>| inner.newest.is_none() && !inner.closed;
        let waited = self.changed.wait_timeout_while(self.lock(), wait, empty);
        let (mut inner, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match (inner.newest.take(), inner.closed) {
            (Some(value), _) => Taken::Value(value),
            (None, true) => Taken::Closed,
            (None, false) => Taken::Nothing,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_wins_and_the_end_is_told_after_it() {
        let slot = Slot::default();
        assert_eq!(slot.take(Duration::ZERO), Taken::Nothing);
        assert!(!slot.put(1));
        assert!(slot.put(2));
        slot.close();
        assert_eq!(slot.take(Duration::ZERO), Taken::Value(2));
        assert_eq!(slot.take(Duration::ZERO), Taken::Closed);
    }
}
