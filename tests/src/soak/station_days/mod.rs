//! Whole days of a station by a simulated clock, with all faults together: disks that are full, fail or lose power, a network
//! that loses, repeats and reorders, clocks that jump, keys that rotate, media that carry records. The store and the intake are
//! the real ones; everything else is drawn from the seed, and a seed always gives the same day.

mod day;

use super::{Found, Soak, Work};
use day::Day;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use store::testing::Draw;

/// The line of the list.
pub(super) const SOAK: Soak = Soak { name: "station-days", counts: "days", count: 200, work: Work::Promises(run) };

fn run(count: u64, seed: u64, tell: &mut dyn FnMut(u64)) -> Result<Found, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let (mut found, mut draw, mut digest) = (Found::default(), Draw::new(seed), Sha256::new());
    let mut met: BTreeMap<String, u64> = BTreeMap::new();
    for number in 1..=count {
        let of_day = draw.bits();
        let day = runtime.block_on(Day::live(of_day))?;
        found.tally.add(format!("day {number} of seed {seed}"), day.tally);
        for event in &day.events {
            digest.update(event);
            digest.update("\n");
            *met.entry(event.split(' ').next().unwrap_or_default().to_owned()).or_default() += 1;
        }
        tell(number);
    }
    let of_events = store::hex(&digest.finalize());
    found.words = format!("{met:?}; digest of the events {of_events}");
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_gives_the_same_days() {
        let words = |seed| run(4, seed, &mut |_| ()).unwrap().words;
        let first = words(7);
        assert_eq!(words(7), first);
        assert_ne!(words(8), first);
    }
}
