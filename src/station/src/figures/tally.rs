//! What is counted of the cases of one shift. Words are those of ISO/IEC 19795-1.

use domain::policy::is_identifier;
use domain::session::{Outcome, Slot};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Fewer exempt travellers of a ground are not told apart: at a small checkpoint, "one diplomat this shift" is a person.
pub const FEWEST: u64 = 5;

/// Different words that are counted of a kind. All come from lists of the program or of a pack; a limit costs nothing.
const MOST_WORDS: usize = 64;

/// A case that has ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// How.
    pub outcome: Outcome,
    /// The ground of an exemption.
    pub ground: Option<String>,
    /// From opening the case to its record on the disk; none where the case waited for a supervisor meanwhile.
    pub took: Option<Duration>,
    /// How much of it everybody waited for the station: judging fingers, sealing, writing.
    pub waited: Duration,
    /// Every capture attempt.
    pub attempts: Vec<Attempted>,
}

/// One capture attempt of one finger, or of the face.
#[derive(Clone, Debug)]
pub struct Attempted {
    /// Of what.
    pub slot: Slot,
    /// What came of it.
    pub came: Came,
    /// Why it was not accepted, in a word: `press-more`, `wrong-hand`, `D-12`, `below-limit`.
    pub why: Option<String>,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// A sample that was accepted.
    Accepted,
    /// A sample that was not.
    Rejected,
    /// No sample: a failure to acquire.
    Nothing,
}

/// Counts of one shift.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tally {
    /// Cases by outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// Seconds of a case, of those that waited for no supervisor.
    pub total: Spread,
    /// Fiftieths of a second of it that everybody waited for the station.
    pub waited: Spread,
    /// Attempts by finger, and of the face.
    pub tries: BTreeMap<String, Tries>,
    /// Why attempts were not accepted.
    pub rejections: BTreeMap<String, u64>,
    grounds: BTreeMap<String, u64>,
}

/// Attempts of one finger, or of the face.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tries {
    /// With a sample that was accepted.
    pub accepted: u64,
    /// With one that was not.
    pub rejected: u64,
    /// Without one.
    pub nothing: u64,
}

/// How often each value came, values above [`Spread::MOST`] as that one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Spread(BTreeMap<u32, u64>);

/// Exemptions by ground, as they may be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grounds {
    /// Those of [`FEWEST`] or more, the most frequent first.
    pub told: Vec<(String, u64)>,
    /// All others together: none, or as many as [`FEWEST`] or more.
    pub others: u64,
    /// There were exemptions, too few to tell grounds apart.
    pub too_few: bool,
}

impl Tally {
    /// Counts a case.
    pub fn count(&mut self, ended: &Ended) {
        add(&mut self.outcomes, ended.outcome.id());
        if let Some(took) = ended.took {
            self.total.add(took.as_secs_f64());
            self.waited.add(ended.waited.as_secs_f64() * WAITED_STEPS);
        }
        if let Some(ground) = ended.ground.as_deref().filter(|_| ended.outcome == Outcome::Exempt) {
            add(&mut self.grounds, ground);
        }
        for attempted in &ended.attempts {
            let tries = self.tries.entry(attempted.slot.id().into()).or_default();
            match attempted.came {
                Came::Accepted => tries.accepted += 1,
                Came::Rejected => tries.rejected += 1,
                Came::Nothing => tries.nothing += 1,
            }
            if let Some(why) = &attempted.why {
                add(&mut self.rejections, why);
            }
        }
    }

    /// Cases.
    pub fn cases(&self) -> u64 {
        self.outcomes.values().sum()
    }

    /// Failures to enrol, and the travellers of whom enrolment was tried to the end. Whoever was exempt, out of scope or
    /// refused, and what was cancelled or interrupted, is in neither.
    pub fn failure_to_enrol(&self) -> (u64, u64) {
        let of = |outcome: Outcome| self.outcomes.get(outcome.id()).copied().unwrap_or(0);
        let failed = of(Outcome::FailureToEnrol);
        (failed, failed + of(Outcome::Enrolled) + of(Outcome::EnrolledWithExceptions))
    }

    /// Exemptions by ground, such that nobody can tell from them on what ground one of fewer than [`FEWEST`] was exempt:
    /// rare grounds are told as one, and where that one would be rare, the rarest of the others goes into it.
    pub fn grounds(&self) -> Grounds {
        let mut told: Vec<(String, u64)> = self.grounds.iter().map(|(ground, n)| (ground.clone(), *n)).collect();
        told.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let mut others = 0;
        while let Some((_, rarest)) = told.last() {
            let hidden = others > 0 && others < FEWEST;
            if *rarest >= FEWEST && !hidden {
                break;
            }
            others += rarest;
            told.pop();
        }
        if others > 0 && told.is_empty() {
            return Grounds { told, others: 0, too_few: true };
        }
        Grounds { told, others, too_few: false }
    }
}

/// Steps of a second in which waiting is counted.
pub const WAITED_STEPS: f64 = 50.0;

impl Spread {
    /// The largest value that is told from larger ones.
    pub const MOST: u32 = 1800;

    /// Counts a value, rounded up.
    pub fn add(&mut self, value: f64) {
        // A cast of a float stops at the ends of the range.
        *self.0.entry((value.ceil() as u32).min(Self::MOST)).or_default() += 1;
    }

    /// The value that this share of all is not above, by the nearest rank; none of none.
    pub fn quantile(&self, share: f64) -> Option<u32> {
        let all: u64 = self.0.values().sum();
        let rank = ((share * all as f64).ceil() as u64).max(1);
        let mut seen = 0;
        let reached = |(value, n): (&u32, &u64)| {
            seen += n;
            (seen >= rank).then_some(*value)
        };
        self.0.iter().find_map(reached)
    }

    /// How many values lie in each step of this width, from 0 to the last that has any.
    pub fn columns(&self, width: u32) -> Vec<u64> {
        let last = self.0.last_key_value().map_or(0, |(value, _)| value / width.max(1) + 1);
        let mut columns = vec![0; last as usize];
        for (value, n) in &self.0 {
            columns[(value / width.max(1)) as usize] += n;
        }
        columns
    }

    /// All values added up.
    pub fn sum(&self) -> u64 {
        self.0.iter().map(|(value, n)| u64::from(*value) * n).sum()
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.0.values().sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Tries {
    /// All of them.
    pub fn all(self) -> u64 {
        self.accepted + self.rejected + self.nothing
    }
}

/// Counts a word, or a code of two digits. Nothing else has the form of one, so nothing else gets into the file.
fn add(counts: &mut BTreeMap<String, u64>, word: &str) {
    let fits =
        is_identifier(word) || store::Reason::parse(word).is_some_and(|code| matches!(code, store::Reason::Code(_)));
    if fits && (counts.len() < MOST_WORDS || counts.contains_key(word)) {
        *counts.entry(word.to_owned()).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::finger::Finger;
    use proptest::prelude::*;

    fn ended(outcome: Outcome) -> Ended {
        Ended { outcome, ground: None, took: None, waited: Duration::ZERO, attempts: vec![] }
    }

    fn exempt(grounds: &[(&str, u64)]) -> Tally {
        let mut tally = Tally::default();
        for (ground, n) in grounds {
            for _ in 0..*n {
                tally.count(&Ended { ground: Some((*ground).into()), ..ended(Outcome::Exempt) });
            }
        }
        tally
    }

    #[test]
    fn the_failure_to_enrol_rate_leaves_out_whom_nobody_tried_to_enrol() {
        let mut tally = Tally::default();
        for outcome in Outcome::ALL {
            tally.count(&ended(outcome));
        }
        assert_eq!((tally.failure_to_enrol(), tally.cases()), ((1, 3), 10));
    }

    #[test]
    fn quantiles_are_values_that_were_seen() {
        let mut spread = Spread::default();
        assert_eq!(spread.quantile(0.5), None);
        for second in 1..=100 {
            spread.add(f64::from(second));
        }
        assert_eq!([0.5, 0.95, 1.0].map(|share| spread.quantile(share)), [Some(50), Some(95), Some(100)]);
        spread.add(1e9);
        assert_eq!(spread.quantile(1.0), Some(Spread::MOST));
        assert_eq!(spread.columns(100)[..2], [99, 1]);
    }

    #[test]
    fn rare_grounds_are_not_told_apart() {
        for (grounds, told, others, too_few) in [
            (&[][..], &[][..], 0, false),
            (&[("diplomat", 1)], &[], 0, true),
            (&[("belarus", 9)], &[("belarus", 9)], 0, false),
            // One of a kind beside many: by the total, the one would be known again.
            (&[("belarus", 9), ("diplomat", 1)], &[], 0, true),
            (&[("belarus", 9), ("under-six", 7), ("diplomat", 1)], &[("belarus", 9)], 8, false),
            (&[("belarus", 9), ("courier", 3), ("diplomat", 2)], &[("belarus", 9)], 5, false),
        ] {
            let told: Vec<_> = told.iter().map(|(ground, n): &(&str, u64)| ((*ground).to_owned(), *n)).collect();
            assert_eq!(exempt(grounds).grounds(), Grounds { told, others, too_few }, "{grounds:?}");
        }
    }

    #[test]
    fn attempts_are_counted_by_finger_and_reason() {
        let slot = Slot::Finger(Finger::RightIndex);
        let attempt = |came, why: Option<&str>| Attempted { slot, came, why: why.map(Into::into) };
        let attempts = vec![
            attempt(Came::Nothing, Some("D-12")),
            attempt(Came::Rejected, Some("press-more")),
            attempt(Came::Accepted, None),
        ];
        let mut tally = Tally::default();
        tally.count(&Ended { attempts, ..ended(Outcome::Enrolled) });
        assert_eq!(tally.tries["right-index"], Tries { accepted: 1, rejected: 1, nothing: 1 });
        assert_eq!(tally.rejections.keys().collect::<Vec<_>>(), ["D-12", "press-more"]);
    }

    #[test]
    fn a_name_is_not_counted() {
        for canary in ["ERIKSSON", "ANNA MARIA", "L898902C3", "1974-08-12", "=1+1", ""] {
            let mut tally = Tally::default();
            tally.count(&Ended { ground: Some(canary.into()), ..ended(Outcome::Exempt) });
            assert!(tally.grounds.is_empty(), "{canary}");
        }
    }

    proptest! {
        #[test]
        fn no_group_that_is_told_is_small(counts in prop::collection::vec(1u64..12, 0..8)) {
            let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
            let grounds: Vec<_> = names.into_iter().zip(counts.iter().copied()).collect();
            let shown = exempt(&grounds).grounds();
            prop_assert!(shown.told.iter().all(|(_, n)| *n >= FEWEST));
            prop_assert!(shown.others == 0 || shown.others >= FEWEST);
            let all: u64 = counts.iter().sum();
            let told = shown.told.iter().map(|(_, n)| n).sum::<u64>() + shown.others;
            prop_assert!(shown.too_few && told == 0 || told == all);
        }

        #[test]
        fn any_file_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = serde_json::from_slice::<Tally>(&bytes);
        }
    }
}
