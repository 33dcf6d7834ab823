//! What a measure answers: its native value, the mapped score and the advice, kept as three things.
//!
//! There is no -1 and no 255: a measure that could not be taken says why.

use domain::units::QualityScore;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

/// The answer of one quality component.
#[derive(Clone, Debug, PartialEq)]
pub enum Assessment {
    /// The component could not be measured, and why (one lower-case phrase, no number of the sample in it).
    FailureToAssess(&'static str),
    /// The component was measured.
    Scored {
        /// The measure in its own unit.
        native: f64,
        /// The native value mapped to 0 (worst) to 100 (best).
        score: QualityScore,
        /// What the traveller should change, if anything.
        advice: Option<Advice>,
    },
}

impl Assessment {
    /// A measured component.
    pub fn scored(native: f64, score: f64, advice: Option<Advice>) -> Self {
        Self::Scored { native, score: QualityScore::nearest(score), advice }
    }

    /// The mapped score, unless the component could not be measured.
    pub fn score(&self) -> Option<QualityScore> {
        match self {
            Self::Scored { score, .. } => Some(*score),
            Self::FailureToAssess(_) => None,
        }
    }

    /// The measure in its own unit, unless the component could not be measured.
    pub fn native(&self) -> Option<f64> {
        match self {
            Self::Scored { native, .. } => Some(*native),
            Self::FailureToAssess(_) => None,
        }
    }

    /// What to change, if the component asks for a change.
    pub fn advice(&self) -> Option<Advice> {
        match self {
            Self::Scored { advice, .. } => *advice,
            Self::FailureToAssess(_) => None,
        }
    }
}

/// `{"native", "score", "advice"}` or `{"failure_to_assess"}`.
impl Serialize for Assessment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::FailureToAssess(reason) => {
                let mut object = serializer.serialize_struct("Assessment", 1)?;
                object.serialize_field("failure_to_assess", reason)?;
                object.end()
            }
            Self::Scored { native, score, advice } => {
                let mut object = serializer.serialize_struct("Assessment", 3)?;
                object.serialize_field("native", native)?;
                object.serialize_field("score", score)?;
                object.serialize_field("advice", advice)?;
                object.end()
            }
        }
    }
}

macro_rules! advice {
    ($($(#[$doc:meta])* $name:ident = $id:literal,)+) => {
        /// What the traveller or the officer should change before the next attempt: a closed list, each with a stable
        /// key of the locale files.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Advice { $($(#[$doc])* $name,)+ }

        impl Advice {
            /// Every advice there is, for the test that each locale has a text for each.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The stable key of the locale files.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)+ }
            }
        }
    };
}

advice! {
    /// Step back from the camera.
    Back = "back",
    /// Put the middle of the fingertip on the middle of the sensor.
    CentreFinger = "centre-finger",
    /// Clean the sensor: something is on it although no finger is.
    CleanSensor = "clean-sensor",
    /// Close the mouth.
    CloseMouth = "close-mouth",
    /// Step closer to the camera.
    Closer = "closer",
    /// Lower the chin or sit down: the face is too high in the picture.
    Down = "down",
    /// Dry the finger: ridges run together from moisture.
    Dry = "dry",
    /// Keep still: the picture is smeared.
    HoldStill = "hold-still",
    /// Move to the traveller's own left.
    Left = "left",
    /// Less light, or no light from one side.
    LessLight = "less-light",
    /// Turn the head towards the camera.
    LookStraight = "look-straight",
    /// Moisten the finger: ridges are broken by dryness.
    Moisten = "moisten",
    /// More light on the face.
    MoreLight = "more-light",
    /// Only one person in the picture.
    OneOnly = "one-only",
    /// Open the eyes.
    OpenEyes = "open-eyes",
    /// Put a finger on the sensor: the image is empty.
    PlaceFinger = "place-finger",
    /// Put the whole fingertip on the sensor.
    PlaceWholeFingertip = "place-whole-fingertip",
    /// Press less.
    PressLess = "press-less",
    /// Press more.
    PressMore = "press-more",
    /// Move to the traveller's own right.
    Right = "right",
    /// Take off what covers the eyes: dark glasses, hair, a patch.
    UncoverEyes = "uncover-eyes",
    /// Take off what covers the mouth, and close it.
    UncoverMouth = "uncover-mouth",
    /// Raise the chin or stand up: the face is too low in the picture.
    Up = "up",
    /// White light on the face: in coloured light, or in a picture without colour, eyes and mouth cannot be read.
    WhiteLight = "white-light",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_keys_are_the_serialised_names() {
        for advice in Advice::ALL {
            assert_eq!(serde_json::to_value(advice).unwrap(), advice.id());
        }
    }

    #[test]
    fn advice_stands_in_alphabetical_order() {
        assert!(Advice::ALL.is_sorted_by_key(|a| a.id()));
    }

    #[test]
    fn a_failure_has_no_score() {
        assert_eq!(Assessment::FailureToAssess("no face").score(), None);
        assert_eq!(Assessment::scored(0.25, 140.0, None).score(), Some(QualityScore::MAX));
    }
}
