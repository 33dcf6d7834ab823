//! Who comes to the desk during a shift, and in which order.

use super::script::{self, ORDINARY, Presented, Script};
use domain::session::Outcome;
use render::Rng;

/// One traveller to come.
#[derive(Clone, Debug)]
pub struct Planned {
    /// What happens.
    pub script: &'static Script,
    /// How the case ends, if everything goes as it should.
    pub expected: Outcome,
    /// Decides who it is.
    pub seed: u64,
    /// The officer types the document instead of swiping it.
    pub typed: bool,
}

/// Of this many ordinary documents one is typed.
const TYPED: usize = 5;

/// The travellers of a shift. At most half of them are out of the ordinary; from twice the number of those kinds on,
/// every kind comes. A document that was here before comes after the traveller who first brought it.
pub fn travellers(count: usize, seed: u64) -> Vec<Planned> {
    let mut draw = Rng::stream(seed, 0x51F7);
    let mut special: Vec<&'static Script> = script::all().iter().filter(|script| script.id != ORDINARY).collect();
    shuffle(&mut draw, &mut special);
    special.truncate(count / 2);
    let ordinary = script::find(ORDINARY).into_iter().cycle().take(count - special.len());
    let mut scripts: Vec<&'static Script> = ordinary.chain(special).collect();
    shuffle(&mut draw, &mut scripts);
    put_first_an_ordinary_one(&mut scripts);
    people(scripts, &mut draw)
}

/// Travellers of these scripts only, one after another in turn.
pub fn in_turn(scripts: &[&'static Script], count: usize, seed: u64) -> Vec<Planned> {
    let scripts = scripts.iter().copied().cycle().take(count).collect();
    people(scripts, &mut Rng::stream(seed, 0x51F7))
}

/// Who the travellers are.
fn people(scripts: Vec<&'static Script>, draw: &mut Rng) -> Vec<Planned> {
    let mut planned: Vec<Planned> = Vec::with_capacity(scripts.len());
    for script in scripts {
        let typed = match script.desk.document {
            Presented::Typed => true,
            Presented::Reader => false,
            Presented::MostlyReader => draw.below(TYPED) == 0,
        };
        // Drawn even when it is not used, so that one script more or less does not change who the others are.
        let own = draw.bits();
        let earlier: Vec<u64> = planned.iter().filter(|one| one.script.id == ORDINARY).map(|one| one.seed).collect();
        let seed = match earlier.get(draw.below(earlier.len())) {
            Some(earlier) if script.again => *earlier,
            _ => own,
        };
        planned.push(Planned { script, expected: script.expected, seed, typed });
    }
    planned
}

/// Whoever comes again must have been here: the line starts with an ordinary traveller.
fn put_first_an_ordinary_one(scripts: &mut [&'static Script]) {
    if let Some(at) = scripts.iter().position(|script| script.id == ORDINARY) {
        scripts.swap(0, at);
    }
}

fn shuffle<T>(draw: &mut Rng, list: &mut [T]) {
    for last in (1..list.len()).rev() {
        list.swap(last, draw.below(last + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn fifty_travellers_show_every_kind_and_most_are_ordinary() {
        for seed in 0..20 {
            let plan = travellers(50, seed);
            let kinds: HashSet<&str> = plan.iter().map(|one| one.script.id.as_str()).collect();
            assert_eq!(kinds.len(), script::all().len());
            assert!(plan.iter().filter(|one| one.script.id == ORDINARY).count() > 25);
        }
    }

    #[test]
    fn a_document_that_comes_again_was_there_before() {
        for seed in 0..200 {
            let plan = travellers(12, seed);
            assert_eq!(plan.len(), 12);
            for (at, one) in plan.iter().enumerate().filter(|(_, one)| one.script.again) {
                assert!(plan[..at].iter().any(|earlier| earlier.seed == one.seed), "seed {seed}");
            }
        }
    }

    #[test]
    fn the_seed_decides_the_shift() {
        let names = |seed| -> Vec<(String, u64, bool)> {
            travellers(30, seed).into_iter().map(|one| (one.script.id.clone(), one.seed, one.typed)).collect()
        };
        assert_eq!(names(1), names(1));
        assert_ne!(names(1), names(2));
        assert!(names(1).iter().any(|(.., typed)| *typed), "some documents are typed");
        assert!(travellers(0, 1).is_empty());
        assert_eq!(travellers(1, 1)[0].script.id, ORDINARY);
    }
}
