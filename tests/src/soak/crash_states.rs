//! In-process crash states: random days of the store on a disk in memory that loses power at a random call.

use super::{Found, Soak, Work};
use store::testing::CrashStates;

/// The line of the list.
pub(super) const SOAK: Soak = Soak { name: "crash-states", counts: "states", count: 20_000, work: Work::Promises(run) };

fn run(count: u64, seed: u64, tell: &mut dyn FnMut(u64)) -> Result<Found, String> {
    let (mut states, mut found) = (CrashStates::new(seed), Found::default());
    for state in 1..=count {
        found.tally.add(format!("seed {seed}"), states.one());
        tell(state);
    }
    if states.bites() { Ok(found) } else { Err("the power went at no moment that matters".into()) }
}
