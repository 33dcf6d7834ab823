//! Whoever brings wrong applications waits longer and longer, so that the data base has not to answer for each of them in
//! a row. Nobody is turned away, and nothing of a station changes: a code has 125 bits, which nobody guesses.

use crate::crowd::neighbourhood;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Wrong applications that cost nothing: typing errors.
const FREE: u32 = 10;

/// The first pause; each further wrong application doubles it.
const SHORTEST: Duration = Duration::from_millis(100);

/// The longest pause: a station behind the same address as somebody else's mischief waits so long, and is heard.
const LONGEST: Duration = Duration::from_secs(5);

/// One wrong application is forgotten in so long a time.
const FORGOTTEN: Duration = Duration::from_secs(60);

/// Addresses that are remembered.
const ADDRESSES: usize = 1024;

/// What is remembered of addresses.
#[derive(Default)]
pub(crate) struct Patience(Mutex<HashMap<IpAddr, Tries>>);

#[derive(Clone, Copy)]
struct Tries {
    wrong: u32,
    last: Instant,
}

impl Patience {
    /// How long an application from this address waits.
    pub fn pause(&self, address: IpAddr, now: Instant) -> Duration {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wrong = known.get(&neighbourhood(address)).map_or(0, |tries| tries.left(now));
        match wrong.checked_sub(FREE) {
            None | Some(0) => Duration::ZERO,
            Some(over) => SHORTEST.saturating_mul(2_u32.saturating_pow(over - 1)).min(LONGEST),
        }
    }

    /// A wrong application came from this address.
    pub fn wrong(&self, address: IpAddr, now: Instant) {
        let address = neighbourhood(address);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wrong = known.get(&address).map_or(0, |tries| tries.left(now)).saturating_add(1);
        if known.len() >= ADDRESSES && !known.contains_key(&address) {
            known.retain(|_, tries| tries.left(now) > 0);
            let longest_ago = known.iter().min_by_key(|(_, tries)| tries.last).map(|(address, _)| *address);
            if let Some(longest_ago) = longest_ago.filter(|_| known.len() >= ADDRESSES) {
                known.remove(&longest_ago);
            }
        }
        known.insert(address, Tries { wrong, last: now });
    }
}

impl Tries {
    /// What is not forgotten yet.
    fn left(self, now: Instant) -> u32 {
        let minutes = now.saturating_duration_since(self.last).as_secs() / FORGOTTEN.as_secs();
        self.wrong.saturating_sub(u32::try_from(minutes).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_are_forgotten() {
        let (patience, start) = (Patience::default(), Instant::now());
        let (thief, station): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let ms =
            |patience: &Patience, later: u64| patience.pause(thief, start + Duration::from_secs(later)).as_millis();
        for (wrong, expected) in [(10, 0), (1, 100), (1, 200), (3, 1600), (2, 5000), (1000, 5000)] {
            (0..wrong).for_each(|_| patience.wrong(thief, start));
            assert_eq!(ms(&patience, 0), expected, "{wrong} more");
        }
        assert_eq!(patience.pause(station, start), Duration::ZERO, "others do not wait");
        assert_eq!(ms(&patience, 59), 5000);
        assert_eq!(ms(&patience, 1007 * 60), 0, "of 1017 ten are left");
    }

    #[test]
    fn the_table_has_a_limit() {
        let (patience, start) = (Patience::default(), Instant::now());
        for n in 0..5000_u32 {
            patience.wrong(IpAddr::V4(n.into()), start + Duration::from_millis(n.into()));
        }
        let known = patience.0.lock().unwrap();
        assert_eq!(known.len(), ADDRESSES);
        assert!(known.contains_key(&IpAddr::V4(4999.into())), "the last one is remembered");
    }
}
