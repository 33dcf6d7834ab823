//! Who is connected to a listener, and who has to go when it is full: nobody can keep others out by being many and silent.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// The connections of one listener. Clones are the same crowd.
#[derive(Clone)]
pub(crate) struct Crowd {
    most: usize,
    most_of_one: usize,
    state: Arc<Mutex<State>>,
    /// Counts up with everything that is heard of anybody: the order of what was heard, without a clock.
    moments: Arc<AtomicU64>,
}

#[derive(Default)]
struct State {
    next: u64,
    members: HashMap<u64, Member>,
    of_address: HashMap<IpAddr, usize>,
}

struct Member {
    address: IpAddr,
    heard: Arc<AtomicU64>,
    sent_away: Arc<Notify>,
}

/// A connection's place in the crowd; it is free again when this is dropped.
pub(crate) struct Place {
    crowd: Crowd,
    number: u64,
    heard: Arc<AtomicU64>,
    sent_away: Arc<Notify>,
}

/// Notes that something was heard of a connection.
#[derive(Clone)]
pub(crate) struct Heard {
    moments: Arc<AtomicU64>,
    heard: Arc<AtomicU64>,
}

impl Crowd {
    /// A crowd of so many at most, and so many of one address.
    pub fn new(most: usize, most_of_one: usize) -> Self {
        Self { most: most.max(1), most_of_one: most_of_one.max(1), state: Arc::default(), moments: Arc::default() }
    }

    /// A place for a connection from this address; nothing when the address has its share already. When the crowd is full,
    /// whoever was not heard of for longest is sent away.
    pub fn enter(&self, address: IpAddr) -> Option<Place> {
        let address = neighbourhood(address);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.of_address.get(&address).is_some_and(|of_one| *of_one >= self.most_of_one) {
            return None;
        }
        if state.members.len() >= self.most {
            state.send_one_away();
        }
        let number = state.next;
        state.next += 1;
        let heard = Arc::new(AtomicU64::new(self.moments.fetch_add(1, Ordering::Relaxed)));
        let sent_away = Arc::new(Notify::new());
        *state.of_address.entry(address).or_default() += 1;
        state.members.insert(number, Member { address, heard: heard.clone(), sent_away: sent_away.clone() });
        Some(Place { crowd: self.clone(), number, heard, sent_away })
    }
}

impl State {
    fn send_one_away(&mut self) {
        let longest = self.members.iter().min_by_key(|(_, member)| member.heard.load(Ordering::Relaxed));
        if let Some(number) = longest.map(|(number, _)| *number)
            && let Some(member) = self.remove(number)
        {
            member.sent_away.notify_one();
        }
    }

    fn remove(&mut self, number: u64) -> Option<Member> {
        let member = self.members.remove(&number)?;
        if let Some(of_one) = self.of_address.get_mut(&member.address) {
            *of_one -= 1;
            if *of_one == 0 {
                self.of_address.remove(&member.address);
            }
        }
        Some(member)
    }
}

impl Place {
    /// Ends when this connection has to go.
    pub async fn sent_away(&self) {
        self.sent_away.notified().await;
    }

    /// What notes that something was heard of this connection.
    pub fn heard(&self) -> Heard {
        Heard { moments: self.crowd.moments.clone(), heard: self.heard.clone() }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Whoever was sent away has no place any more.
        self.crowd.state.lock().unwrap_or_else(PoisonError::into_inner).remove(self.number);
    }
}

impl Heard {
    /// Something was heard.
    pub fn now(&self) {
        self.heard.store(self.moments.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// What counts as one address: of IPv6 the network of 64 bits, because whoever has one address of it has them all.
pub(crate) fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn is_sent_away(place: &Place) -> bool {
        let mut waiting = Box::pin(place.sent_away());
        let context = &mut std::task::Context::from_waker(std::task::Waker::noop());
        waiting.as_mut().poll(context).is_ready()
    }

    #[test]
    fn one_address_has_its_share_and_gives_it_back() {
        let crowd = Crowd::new(100, 2);
        let places = [crowd.enter(address("192.0.2.1")), crowd.enter(address("::ffff:192.0.2.1"))];
        assert!(places.iter().all(Option::is_some));
        assert!(crowd.enter(address("192.0.2.1")).is_none(), "a third one");
        assert!(crowd.enter(address("192.0.2.2")).is_some(), "others have their own");
        drop(places);
        assert!(crowd.enter(address("192.0.2.1")).is_some());
        assert!(crowd.state.lock().unwrap().of_address.is_empty(), "nothing is left of those who are gone");
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let crowd = Crowd::new(100, 1);
        let _place = crowd.enter(address("2001:db8:0:1::1")).unwrap();
        assert!(crowd.enter(address("2001:db8:0:1:ffff::2")).is_none());
        assert!(crowd.enter(address("2001:db8:0:2::1")).is_some());
    }

    #[test]
    fn a_full_crowd_sends_away_whoever_was_silent_for_longest() {
        let crowd = Crowd::new(3, 100);
        let [first, second, third] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(|a| crowd.enter(address(a)).unwrap());
        first.heard().now();
        let fourth = crowd.enter(address("192.0.2.4")).unwrap();
        assert_eq!([&first, &second, &third, &fourth].map(is_sent_away), [false, true, false, false]);
        drop(second);
        assert_eq!(crowd.state.lock().unwrap().members.len(), 3, "a place is given back once");
        let _fifth = crowd.enter(address("192.0.2.5")).unwrap();
        assert_eq!([&first, &third, &fourth].map(is_sent_away), [false, true, false]);
    }
}
