//! The limits that a frame must keep, all of them from the configuration.

use super::view::{HIDDEN_EYE, HIDDEN_MOUTH, NO_COLOUR};
use super::{Component, PortraitRules};
use crate::assessment::{Advice, Assessment};
use domain::units::QualityScore;
use serde::{Deserialize, Deserializer, de::Error as _};
use std::collections::{BTreeMap, BTreeSet};

/// How much better than its least score a component must be before a shown hint about it goes away.
const SCORE_MARGIN: u8 = 5;

/// What a frame must keep to be taken as the traveller's picture.
///
/// Nothing here has a default in code: the values stand in the thresholds file. Proposed ones, with their sources:
///
/// ```toml
/// [face]
/// # Estimated pixels between the eye centres. BSI TR-03121-3 v7 asks 120 of a portrait; a 640 x 480 camera cannot
/// # give that at arm's length, and 90 is the least of ISO/IEC 19794-5 full frontal. 60 is our laboratory value.
/// least_inter_eye_px = 60.0
/// # Eye line to chin by frame height. Own: the least that is a portrait of some detail.
/// # Larger heads leave no room for the portrait.
/// head_size = { min = 0.24, max = 0.34 }
/// # Point between the eyes: share of the frame's width and height, from the left and the top. Own.
/// eyes_across = { min = 0.36, max = 0.64 }
/// eyes_down = { min = 0.28, max = 0.56 }
/// # Mandatory components. OFIQ sets no limits: own values, chosen so that every skin tone passes in even light.
/// [face.least_scores]
/// SingleFacePresent = 50
/// UnderExposurePrevention = 3
/// OverExposurePrevention = 10
/// DynamicRange = 40
/// Sharpness = 30
/// # Native values that must lie in a range: degrees, and shares of the eye-to-chin distance.
/// [face.natives]
/// HeadPoseYaw = { min = -10, max = 10 }
/// EyesOpen = { min = 0.025 }
/// MouthClosed = { max = 0.013 }
/// # The portrait: a frame without room for it is not taken (see [`PortraitRules`]).
/// [face.limits.portrait]
/// head_height = 0.75
/// eye_line = 0.45
/// max_width = 1200
/// max_bytes = 375000
/// least_jpeg_quality = 60
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaceLimits {
    /// Least estimated distance of the eye centres, pixels of the source frame.
    #[serde(deserialize_with = "pixels")]
    pub least_inter_eye_px: f64,
    /// Native HeadSize: eye line to chin as a share of the frame's height.
    pub head_size: Range,
    /// Point between the eyes, share of the frame's width from its left edge.
    pub eyes_across: Range,
    /// Point between the eyes, share of the frame's height from its upper edge.
    pub eyes_down: Range,
    /// The mandatory components and the least score of each.
    pub least_scores: BTreeMap<Component, QualityScore>,
    /// Mandatory components whose native value must lie in a range.
    pub natives: BTreeMap<Component, Interval>,
    /// Geometry and size of the portrait. A frame that has no room for this geometry is not taken.
    pub portrait: PortraitRules,
}

impl FaceLimits {
    /// Every component that has a limit.
    pub fn mandatory(&self) -> impl Iterator<Item = Component> {
        let all: BTreeSet<Component> = self.least_scores.keys().chain(self.natives.keys()).copied().collect();
        all.into_iter()
    }

    /// Whether a component has a limit.
    pub fn is_mandatory(&self, component: Component) -> bool {
        self.least_scores.contains_key(&component) || self.natives.contains_key(&component)
    }

    /// Whether a component keeps its limits; a shown hint about it goes away only when it keeps them `clearly`. A
    /// component without limits keeps them, one that could not be measured keeps none.
    pub fn keeps(&self, component: Component, answer: &Assessment, clearly: bool) -> bool {
        let margin = if clearly { SCORE_MARGIN } else { 0 };
        let least = self.least_scores.get(&component).map(|least| least.get().saturating_add(margin).min(100));
        let scores = least.is_none_or(|least| answer.score().is_some_and(|score| score.get() >= least));
        let interval = self.natives.get(&component).map(|i| if clearly { i.narrowed() } else { *i });
        scores && interval.is_none_or(|interval| answer.native().is_some_and(|native| interval.contains(native)))
    }
}

/// A range of native values with one end or two: `min` < `max`, both ends allowed.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "RawInterval")]
pub struct Interval {
    min: Option<f64>,
    max: Option<f64>,
}

impl Interval {
    /// An interval, if the numbers are one.
    pub fn new(min: Option<f64>, max: Option<f64>) -> Option<Self> {
        let ordered = match (min, max) {
            (None, None) => false,
            (Some(min), Some(max)) => min < max,
            (Some(end), None) | (None, Some(end)) => end.is_finite(),
        };
        let finite = [min, max].into_iter().flatten().all(f64::is_finite);
        (ordered && finite).then_some(Self { min, max })
    }

    /// Whether a value lies in it.
    pub fn contains(&self, value: f64) -> bool {
        self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
    }

    /// The interval that a value must re-enter before a shown hint goes away: a twelfth of its width narrower at each
    /// end, or by a twelfth of its only end.
    pub fn narrowed(&self) -> Self {
        let width = self.max.zip(self.min).map(|(max, min)| max - min);
        let margin = |end: f64| width.unwrap_or(end.abs()) / 12.0;
        Self { min: self.min.map(|min| min + margin(min)), max: self.max.map(|max| max - margin(max)) }
    }
}

/// A range of shares: 0 <= `min` < `max` <= 1, both ends allowed.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "RawRange")]
pub struct Range {
    min: f64,
    max: f64,
}

impl Range {
    /// A range, if the numbers are one.
    pub fn new(min: f64, max: f64) -> Option<Self> {
        (0.0 <= min && min < max && max <= 1.0).then_some(Self { min, max })
    }

    /// Where a value lies.
    pub fn place(&self, value: f64) -> Place {
        if value < self.min {
            Place::Below
        } else if value > self.max {
            Place::Above
        } else {
            Place::Within
        }
    }

    /// The range that a value must re-enter before a shown hint about one end goes away: a twelfth narrower at that end,
    /// so that a face that stands exactly on a limit does not make the hint flicker.
    pub fn narrowed_at(&self, end: Place) -> Self {
        let margin = (self.max - self.min) / 12.0;
        match end {
            Place::Below => Self { min: self.min + margin, ..*self },
            Place::Above => Self { max: self.max - margin, ..*self },
            Place::Within => *self,
        }
    }
}

/// Where a value lies to a [`Range`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Under its lower end.
    Below,
    /// In it.
    Within,
    /// Over its upper end.
    Above,
}

/// A limit that a frame did not keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// A mandatory component is under its least score, or could not be measured.
    Component(Component),
    /// The face is too far to one side.
    EyesAcross,
    /// The face is too high or too low.
    EyesDown,
    /// The head is too small or too large in the frame.
    HeadSize,
    /// Too few pixels between the eyes.
    InterEyeDistance,
    /// Nobody looks at the camera.
    NoFace,
    /// The detector could not judge the frame.
    NotJudged,
    /// The frame has no room around the head for a portrait of the configured geometry.
    PortraitRoom,
    /// Everything else was kept, never for long enough without movement.
    NotStill,
}

impl Limit {
    /// The stable name, for records and logs.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Component(component) => component.id(),
            Self::EyesAcross => "eyes-across",
            Self::EyesDown => "eyes-down",
            Self::HeadSize => "head-size",
            Self::InterEyeDistance => "inter-eye-px",
            Self::NoFace => "no-face",
            Self::NotJudged => "not-judged",
            Self::NotStill => "not-still",
            Self::PortraitRoom => "portrait-room",
        }
    }
}

/// The advice for a component under its least score, where a traveller can do something about it.
pub(super) fn advice_for(component: Component, own: Option<Advice>) -> Option<Advice> {
    own.or(match component {
        Component::SingleFacePresent => Some(Advice::OneOnly),
        Component::UnderExposurePrevention => Some(Advice::MoreLight),
        Component::OverExposurePrevention | Component::IlluminationUniformity => Some(Advice::LessLight),
        Component::Sharpness => Some(Advice::HoldStill),
        Component::EyesOpen => Some(Advice::OpenEyes),
        Component::MouthClosed => Some(Advice::CloseMouth),
        Component::HeadPosePitch | Component::HeadPoseRoll | Component::HeadPoseYaw => Some(Advice::LookStraight),
        _ => None,
    })
}

/// The advice where eyes or a mouth are there and could not be read, if there is any.
pub(super) fn advice_unread(why: &str) -> Option<Advice> {
    match why {
        HIDDEN_EYE => Some(Advice::UncoverEyes),
        HIDDEN_MOUTH => Some(Advice::UncoverMouth),
        NO_COLOUR => Some(Advice::WhiteLight),
        _ => None,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawInterval {
    min: Option<f64>,
    max: Option<f64>,
}

impl TryFrom<RawInterval> for Interval {
    type Error = &'static str;

    fn try_from(raw: RawInterval) -> Result<Self, Self::Error> {
        Self::new(raw.min, raw.max).ok_or("an interval needs min < max, or one of them")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRange {
    min: f64,
    max: f64,
}

impl TryFrom<RawRange> for Range {
    type Error = &'static str;

    fn try_from(raw: RawRange) -> Result<Self, Self::Error> {
        Self::new(raw.min, raw.max).ok_or("a range of shares needs 0 <= min < max <= 1")
    }
}

fn pixels<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = f64::deserialize(deserializer)?;
    if (0.0..=10_000.0).contains(&value) { Ok(value) } else { Err(D::Error::custom("not within 0 to 10000 pixels")) }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::json;

    /// The proposed values of the documentation.
    pub fn proposed() -> FaceLimits {
        serde_json::from_value(proposed_json()).unwrap()
    }

    fn proposed_json() -> serde_json::Value {
        json!({
            "least_inter_eye_px": 60.0,
            "head_size": {"min": 0.24, "max": 0.34},
            "eyes_across": {"min": 0.36, "max": 0.64},
            "eyes_down": {"min": 0.28, "max": 0.56},
            "least_scores": {
                "SingleFacePresent": 50, "UnderExposurePrevention": 3, "OverExposurePrevention": 10,
                "DynamicRange": 40, "Sharpness": 30,
            },
            "natives": {
                "HeadPoseYaw": {"min": -10, "max": 10}, "HeadPosePitch": {"min": -18, "max": 8},
                "HeadPoseRoll": {"min": -8, "max": 8}, "EyesOpen": {"min": 0.025}, "MouthClosed": {"max": 0.013},
            },
            "portrait": {
                "head_height": 0.75, "eye_line": 0.45, "max_width": 1200, "max_bytes": 375000, "least_jpeg_quality": 60,
            },
        })
    }

    #[test]
    fn faults_are_refused_at_the_door() {
        for (name, path, value) in [
            ("unknown component", "/least_scores/Sharpnes", json!(30)),
            ("score over 100", "/least_scores/Sharpness", json!(130)),
            ("turned range", "/head_size", json!({"min": 0.5, "max": 0.2})),
            ("range over 1", "/eyes_down", json!({"min": 0.5, "max": 1.2})),
            ("an interval without ends", "/natives/EyesOpen", json!({})),
            ("a turned interval", "/natives/HeadPoseYaw", json!({"min": 5, "max": -5})),
            ("a native of nothing", "/natives/HeadPoseJaw", json!({"max": 5})),
            ("unknown key in a range", "/eyes_down", json!({"min": 0.5, "max": 0.7, "mid": 0.6})),
            ("unknown key", "/eyes_up", json!(1)),
            ("negative pixels", "/least_inter_eye_px", json!(-1)),
        ] {
            let mut limits = proposed_json();
            let (parent, key) = path.rsplit_once('/').unwrap();
            limits.pointer_mut(parent).unwrap()[key] = value;
            assert!(serde_json::from_value::<FaceLimits>(limits).is_err(), "{name}");
        }
    }

    #[test]
    fn a_missing_value_has_no_default() {
        for key in
            ["least_inter_eye_px", "head_size", "eyes_across", "eyes_down", "least_scores", "natives", "portrait"]
        {
            let mut limits = proposed_json();
            limits.as_object_mut().unwrap().remove(key);
            assert!(serde_json::from_value::<FaceLimits>(limits).is_err(), "{key}");
        }
    }

    #[test]
    fn every_component_can_be_given_a_limit() {
        let mut limits = proposed_json();
        limits["least_scores"]["BackgroundUniformity"] = json!(50);
        let limits: FaceLimits = serde_json::from_value(limits).unwrap();
        for (answer, kept) in [
            (Assessment::scored(120.0, 47.0, None), false),
            (Assessment::scored(6.0, 80.0, None), true),
            (Assessment::FailureToAssess("too little background in the frame"), false),
        ] {
            assert_eq!(limits.keeps(Component::BackgroundUniformity, &answer, false), kept, "{answer:?}");
            assert!(proposed().keeps(Component::BackgroundUniformity, &answer, false));
        }
    }

    #[test]
    fn limits_are_kept_or_clearly_kept() {
        let limits = proposed();
        let scored = |native, score| Assessment::scored(native, score, None);
        for (name, component, answer, kept, clearly) in [
            ("no limit", Component::EyesVisible, Assessment::FailureToAssess("why"), true, true),
            ("not measured", Component::EyesOpen, Assessment::FailureToAssess("why"), false, false),
            ("low score", Component::Sharpness, scored(9.0, 29.0), false, false),
            ("just enough", Component::Sharpness, scored(9.0, 31.0), true, false),
            ("enough", Component::Sharpness, scored(9.0, 35.0), true, true),
            ("turned", Component::HeadPoseYaw, scored(-10.5, 97.0), false, false),
            ("a little", Component::HeadPoseYaw, scored(-9.0, 97.0), true, false),
            ("straight", Component::HeadPoseYaw, scored(-8.0, 98.0), true, true),
            ("shut", Component::EyesOpen, scored(0.02, 50.0), false, false),
            ("nearly shut", Component::EyesOpen, scored(0.027, 60.0), true, false),
            ("open", Component::EyesOpen, scored(0.05, 95.0), true, true),
            ("not a number", Component::MouthClosed, scored(f64::NAN, 0.0), false, false),
        ] {
            assert_eq!(
                (limits.keeps(component, &answer, false), limits.keeps(component, &answer, true)),
                (kept, clearly),
                "{name}"
            );
        }
        assert!(limits.mandatory().all(|component| limits.is_mandatory(component)));
        assert_eq!(limits.mandatory().count(), limits.least_scores.len() + limits.natives.len());
    }

    #[test]
    fn narrowed_lies_inside() {
        let range = Range::new(0.24, 0.48).unwrap();
        for (value, wide, from_below, from_above) in [
            (0.23, Place::Below, Place::Below, Place::Below),
            (0.25, Place::Within, Place::Below, Place::Within),
            (0.3, Place::Within, Place::Within, Place::Within),
            (0.47, Place::Within, Place::Within, Place::Above),
            (0.5, Place::Above, Place::Above, Place::Above),
        ] {
            let narrow = [Place::Below, Place::Above].map(|end| range.narrowed_at(end).place(value));
            assert_eq!((range.place(value), narrow), (wide, [from_below, from_above]), "{value}");
        }
    }
}
