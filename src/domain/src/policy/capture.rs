//! What is taken of somebody who owes biometrics: which modalities, and which fingers.

use crate::device::CaptureGroup;
use crate::finger::{Digit, Finger, Hand, MissingFinger};
use alloc::{string::String, vec, vec::Vec};
use serde::{Deserialize, Serialize};

/// What can be taken of a traveller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Modality {
    /// A portrait.
    Face,
    /// Fingerprints, by the pack's choice of fingers.
    Fingers,
}

impl Modality {
    /// The word in packs, facts and JSON.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Face => "face",
            Self::Fingers => "fingers",
        }
    }
}

/// Some of the modalities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modalities {
    face: bool,
    fingers: bool,
}

impl Modalities {
    /// None of them.
    pub const NONE: Self = Self { face: false, fingers: false };

    /// All of them: what is due where nothing limits it.
    pub const ALL: Self = Self { face: true, fingers: true };

    /// These.
    pub fn of(listed: &[Modality]) -> Self {
        Self { face: listed.contains(&Modality::Face), fingers: listed.contains(&Modality::Fingers) }
    }

    /// Whether this one is among them.
    pub const fn contains(self, modality: Modality) -> bool {
        match modality {
            Modality::Face => self.face,
            Modality::Fingers => self.fingers,
        }
    }

    /// Those that are among them.
    pub fn iter(self) -> impl Iterator<Item = Modality> {
        [Modality::Face, Modality::Fingers].into_iter().filter(move |modality| self.contains(*modality))
    }
}

impl Serialize for Modalities {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// Whose fingers a pack wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hands {
    /// Fingers of each hand.
    Both,
    /// Fingers of the right hand; of the left where the right one has none of them.
    RightElseLeft,
}

/// Which fingers a device class takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureFingers {
    /// Both hands, or one.
    pub hands: Hands,
    /// Single-finger sensors: for each hand the first of these digits that are there.
    pub single: Vec<Digit>,
    /// How many of them of each hand: 1 to 5.
    pub single_of_hand: u8,
    /// Slap scanners: these groups, in this order. With one hand it is the group of the right hand.
    pub slap: Vec<CaptureGroup>,
    /// What the choice rests on.
    pub source: String,
}

impl CaptureFingers {
    /// What to take with a device that takes these groups: placements in order, each with the fingers that are put down
    /// together. Slaps where the device takes all that the pack names; otherwise one finger after the other.
    pub fn plan(&self, device: &[CaptureGroup], missing: &[MissingFinger]) -> Vec<Vec<Finger>> {
        let there = |finger: &Finger| missing.iter().all(|gone| gone.finger != *finger);
        let slap = self.slap_groups(there);
        if slap.is_empty() || !slap.iter().all(|group| device.contains(group)) {
            return self.one_by_one(there).into_iter().map(|finger| vec![finger]).collect();
        }
        let placement = |group: &CaptureGroup| group.fingers().iter().copied().filter(there).collect::<Vec<_>>();
        slap.iter().map(placement).filter(|fingers| !fingers.is_empty()).collect()
    }

    fn slap_groups(&self, there: impl Fn(&Finger) -> bool) -> Vec<CaptureGroup> {
        let right_is_gone = !CaptureGroup::RightFour.fingers().iter().any(there);
        let chosen = |group: &CaptureGroup| match (self.hands, group) {
            (Hands::RightElseLeft, CaptureGroup::RightFour) if right_is_gone => CaptureGroup::LeftFour,
            (_, group) => *group,
        };
        self.slap.iter().map(chosen).collect()
    }

    fn one_by_one(&self, there: impl Fn(&Finger) -> bool) -> Vec<Finger> {
        let of = |hand: Hand| {
            let fingers = self.single.iter().map(|digit| Finger::of(hand, *digit)).filter(|finger| there(finger));
            fingers.take(usize::from(self.single_of_hand)).collect::<Vec<_>>()
        };
        let (right, left) = (of(Hand::Right), of(Hand::Left));
        match self.hands {
            Hands::Both => [right, left].concat(),
            Hands::RightElseLeft if right.is_empty() => left,
            Hands::RightElseLeft => right,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finger::MissingReason;
    use CaptureGroup::{LeftFour, RightFour, Single, TwoThumbs};
    use Finger::*;

    const ALL_GROUPS: [CaptureGroup; 4] = [Single, TwoThumbs, LeftFour, RightFour];

    fn gone(fingers: &[Finger]) -> Vec<MissingFinger> {
        fingers.iter().map(|finger| MissingFinger { finger: *finger, reason: MissingReason::Missing }).collect()
    }

    #[test]
    fn one_hand_is_the_right_one_where_it_has_any_of_the_fingers() {
        let four = CaptureFingers {
            hands: Hands::RightElseLeft,
            single: vec![Digit::Index, Digit::Middle, Digit::Ring, Digit::Little],
            single_of_hand: 4,
            slap: vec![RightFour],
            source: "a test".into(),
        };
        let no_right = [RightThumb, RightIndex, RightMiddle, RightRing, RightLittle];
        for (device, missing, plan) in [
            (&ALL_GROUPS[..], &[][..], vec![vec![RightIndex, RightMiddle, RightRing, RightLittle]]),
            (&ALL_GROUPS, &[RightIndex], vec![vec![RightMiddle, RightRing, RightLittle]]),
            (&ALL_GROUPS, &no_right[1..], vec![vec![LeftIndex, LeftMiddle, LeftRing, LeftLittle]]),
            (&ALL_GROUPS[..2], &[], vec![vec![RightIndex], vec![RightMiddle], vec![RightRing], vec![RightLittle]]),
            (&ALL_GROUPS[..1], &no_right, vec![vec![LeftIndex], vec![LeftMiddle], vec![LeftRing], vec![LeftLittle]]),
            (&ALL_GROUPS, &Finger::ALL, vec![]),
        ] {
            assert_eq!(four.plan(device, &gone(missing)), plan, "{device:?} without {missing:?}");
        }
    }

    #[test]
    fn both_hands_give_their_first_fingers() {
        let two = CaptureFingers {
            hands: Hands::Both,
            single: vec![Digit::Index, Digit::Middle, Digit::Thumb],
            single_of_hand: 2,
            slap: vec![],
            source: "a test".into(),
        };
        for (missing, plan) in [
            (&[][..], vec![RightIndex, RightMiddle, LeftIndex, LeftMiddle]),
            (&[RightIndex], vec![RightMiddle, RightThumb, LeftIndex, LeftMiddle]),
            (&[LeftIndex, LeftMiddle, LeftThumb], vec![RightIndex, RightMiddle]),
        ] {
            let plan: Vec<Vec<Finger>> = plan.into_iter().map(|finger| vec![finger]).collect();
            assert_eq!(two.plan(&ALL_GROUPS, &gone(missing)), plan, "without {missing:?}");
        }
    }
}
