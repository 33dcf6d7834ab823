//! Simulated persons. A seed decides everything that the traits leave open: facts, document, face, fingers.
//!
//! Nobody here is real: names come from an invented list, faces and fingers are drawn.

mod document;
mod traits;

pub use document::{Facts, Papers};
pub use traits::{BirthKnown, Traits, TraitsError};

use domain::finger::{Digit, Finger, MissingFinger, MissingReason, single_finger_plan};
use jiff::civil::Date;
use render::Rng;
use render::head::{Identity, Looks};
use render::print::Impression;

/// The order in which a single-finger station takes digits: the index first, then what stands in for it.
const DIGITS: [Digit; 5] = [Digit::Index, Digit::Middle, Digit::Thumb, Digit::Ring, Digit::Little];

/// One simulated person.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// What decided everything that the traits left open.
    pub seed: u64,
    /// What was wanted.
    pub traits: Traits,
    /// Age in completed years.
    pub age: u8,
    /// What the document says.
    pub facts: Facts,
    /// The lines of the document's MRZ.
    pub lines: Vec<String>,
}

impl Person {
    /// The person of a seed with these traits, as old as they are on `today`.
    pub fn new(seed: u64, traits: &Traits, today: Date) -> Self {
        let Papers { age, facts, lines } = Papers::of(seed, traits, today);
        Self { seed, traits: traits.clone(), age, facts, lines }
    }

    /// Whether somebody can be seen at all.
    pub fn faces_camera(&self) -> bool {
        self.traits.face.unwrap_or(true)
    }

    /// The finger is not there, or under a bandage.
    pub fn lacks(&self, finger: Finger) -> bool {
        self.traits.missing.contains(&finger)
    }

    /// The fingers that a station with a single-finger sensor takes: one of each hand.
    pub fn planned_fingers(&self) -> Vec<Finger> {
        let gone = |finger: &Finger| MissingFinger { finger: *finger, reason: MissingReason::Missing };
        single_finger_plan(&DIGITS, &self.traits.missing.iter().map(gone).collect::<Vec<_>>())
    }

    /// The head that goes with these facts.
    pub fn head(&self) -> Identity {
        // The head's scale of age is 0 at 20 years and 1 at 75.
        let age = (f32::from(self.age) - 20.0) / 55.0;
        Identity::from_seed_with(self.seed, Looks { tone: self.traits.skin, age: Some(age) })
    }

    /// How this person's finger is put down the `number`-th time: never twice the same way.
    pub fn touch(&self, finger: Finger, number: u32) -> Impression {
        let mut draw = Rng::stream(self.seed, 0x70C4_0000 + u64::from(number) * 16 + u64::from(finger.code()));
        let mut touch = Impression::clean(draw.bits());
        touch.rotation = draw.range(-6.0, 6.0);
        touch.shift = (draw.range(-0.6, 0.6), draw.range(-0.8, 0.8));
        let bad = self.traits.degradation;
        touch.broken = bad * draw.range(0.85, 1.0);
        touch.smudge = bad * draw.range(0.7, 1.0);
        touch.low_contrast = bad * draw.range(0.5, 0.7);
        touch.small_area = bad * draw.range(0.3, 0.6);
        touch.dryness = self.traits.dryness.max(bad * 0.8);
        touch.wetness = self.traits.wetness;
        touch
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::mrz;
    use jiff::civil::date;

    const TODAY: Date = date(2026, 3, 1);

    #[test]
    fn a_seed_is_one_person_and_another_seed_another() {
        let traits = Traits::default();
        assert_eq!(Person::new(7, &traits, TODAY), Person::new(7, &traits, TODAY));
        let numbers: std::collections::HashSet<String> =
            (0..500).map(|seed| Person::new(seed, &traits, TODAY).facts.document_number).collect();
        assert!(numbers.len() > 498, "{} different document numbers of 500", numbers.len());
    }

    #[test]
    fn documents_read_back_as_their_facts() {
        for seed in 0..200 {
            let person = Person::new(seed, &Traits::default(), TODAY);
            let read = mrz::parse(&person.lines.join("\n")).unwrap();
            assert_eq!(read.failed_checks().count(), 0, "seed {seed}");
            assert_eq!(read.nationality, person.facts.nationality);
            assert_eq!(read.issuing_state, person.facts.issuing_state);
            assert_eq!(read.document_number.expose(), &person.facts.document_number);
        }
    }

    #[test]
    fn ages_are_met_to_the_day() {
        for age in [0, 5, 6, 18, 64, 99] {
            for seed in 0..50 {
                let traits = Traits { age: Some(age), ..Traits::default() };
                let born = Person::new(seed, &traits, TODAY).facts.birth_date;
                // Wherever the station stands, it is today, yesterday or tomorrow there.
                for day in [date(2026, 2, 28), TODAY, date(2026, 3, 2)] {
                    let lived = born.until((jiff::Unit::Year, day)).unwrap().get_years();
                    assert_eq!(lived, i16::from(age), "born {born}");
                }
            }
        }
    }

    #[test]
    fn missing_fingers_are_stood_in_for() {
        use Finger::{LeftIndex, RightIndex, RightMiddle};
        let traits = Traits { missing: vec![RightIndex], ..Traits::default() };
        let person = Person::new(1, &traits, TODAY);
        assert_eq!(person.planned_fingers(), [RightMiddle, LeftIndex]);
        assert!(person.lacks(RightIndex) && !person.lacks(LeftIndex));
        let none = Traits { missing: Finger::ALL.to_vec(), ..Traits::default() };
        assert!(Person::new(1, &none, TODAY).planned_fingers().is_empty());
    }

    #[test]
    fn no_two_touches_are_alike() {
        let person = Person::new(3, &Traits::default(), TODAY);
        let touches: Vec<Impression> = (0..8).map(|number| person.touch(Finger::RightIndex, number)).collect();
        for (at, touch) in touches.iter().enumerate() {
            assert!(touches[at + 1..].iter().all(|other| other != touch));
        }
        assert_eq!(touches[0], person.touch(Finger::RightIndex, 0));
    }

    #[test]
    fn unknown_parts_of_the_birth_date_stand_as_fillers() {
        for (known, digits) in
            [(BirthKnown::Full, 6), (BirthKnown::YearAndMonth, 4), (BirthKnown::Year, 2), (BirthKnown::Nothing, 0)]
        {
            let traits = Traits { birth_known: known, ..Traits::default() };
            let lines = Person::new(2, &traits, TODAY).lines;
            let field = &lines[1][13..19];
            assert_eq!(field.bytes().filter(u8::is_ascii_digit).count(), digits, "{field}");
        }
    }
}
