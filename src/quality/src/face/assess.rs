//! One frame judged: what was measured, whether it is good enough, what to change.

use super::geometry::Geometry;
use super::limits::Place;
use super::portrait::Room;
use super::{COMPONENTS, Component, Detection, FaceBox, FaceLimits, FaceView, Landmarks, Limit, Sighting};
use crate::assessment::{Advice, Assessment};
use domain::image::Frame;
use domain::units::QualityScore;
use serde::Serialize;

/// How many times the least pixels between the eyes there must be before a shown "closer" goes away.
const PIXEL_MARGIN: f64 = 13.0 / 12.0;

/// What the answers about a face rest on: what the engine is able to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Basis {
    /// The points of a landmark network.
    #[serde(rename = "landmarks")]
    Landmarks,
    /// A detector's rectangle: regions are estimated from it, and pose, eyes and mouth are not assessed.
    #[serde(rename = "face-box")]
    Box,
}

/// Everything measured on one frame. It holds no pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct FaceAssessment {
    /// What the detector said, the largest face first.
    pub detection: Detection,
    /// The points of the face in front, where the engine found them.
    pub landmarks: Option<Landmarks>,
    /// What the engine can tell.
    pub basis: Basis,
    /// Every row of [`COMPONENTS`], measured on the largest face, in that order.
    pub components: Vec<(Component, Assessment)>,
    /// The largest face's places.
    pub geometry: Option<Geometry>,
    frame_width: u32,
    frame_height: u32,
}

/// Measures every component on the largest face of a frame.
///
/// Landmarks with coordinates that no frame can have are not used: what needs them is then not assessed.
pub fn assess(frame: &Frame, sighting: &Sighting) -> FaceAssessment {
    let landmarks = sighting.landmarks.as_ref().filter(|l| l.is_sound());
    let view = match &sighting.detection {
        Detection::Faces(faces) => FaceView::of(frame, faces, landmarks),
        Detection::FailureToAssess(why) => Err(*why),
    };
    let components = COMPONENTS.iter().map(|&(component, measure)| {
        (component, view.as_ref().map_or_else(|why| Assessment::FailureToAssess(why), measure))
    });
    FaceAssessment {
        detection: sighting.detection.clone(),
        landmarks: landmarks.cloned(),
        basis: sighting.basis,
        components: components.collect(),
        geometry: view.as_ref().ok().map(|v| v.geometry),
        frame_width: frame.width,
        frame_height: frame.height,
    }
}

impl FaceAssessment {
    /// The mandatory components that an engine of boxes cannot assess. They do not block the capture, so the record
    /// and the page name them: the picture was judged without them. None where the answers rest on landmarks.
    pub fn unassessed(&self, limits: &FaceLimits) -> Vec<Component> {
        limits.mandatory().filter(|&c| self.is_beyond_the_engine(c)).collect()
    }

    /// All faces, the largest first.
    pub fn faces(&self) -> &[FaceBox] {
        self.detection.faces()
    }

    /// The face that was measured: the largest.
    pub fn face(&self) -> Option<&FaceBox> {
        self.geometry.and_then(|_| self.faces().first())
    }

    /// The answer of one component.
    pub fn component(&self, component: Component) -> &Assessment {
        const ABSENT: &Assessment = &Assessment::FailureToAssess("not measured");
        self.components.iter().find(|(c, _)| *c == component).map_or(ABSENT, |(_, a)| a)
    }

    /// Whether the frame keeps every limit.
    pub fn passes(&self, limits: &FaceLimits) -> bool {
        self.failing(limits).is_empty()
    }

    /// The limits that the frame does not keep.
    pub fn failing(&self, limits: &FaceLimits) -> Vec<Limit> {
        if let Detection::FailureToAssess(_) = self.detection {
            return vec![Limit::NotJudged];
        }
        let Some(places) = self.places(limits, None) else { return vec![Limit::NoFace] };
        let geometric = [
            (Limit::EyesAcross, places.across != Place::Within),
            (Limit::EyesDown, places.down != Place::Within),
            (Limit::HeadSize, places.size != Place::Within),
            (Limit::InterEyeDistance, !places.enough_pixels),
            (Limit::PortraitRoom, !places.room.is_some_and(|room| room.is_enough())),
        ];
        let judged = limits.mandatory().filter(|&c| !self.is_beyond_the_engine(c));
        let poor = judged.filter(|&c| !limits.keeps(c, self.component(c), false));
        let geometric = geometric.into_iter().filter_map(|(limit, fails)| fails.then_some(limit));
        geometric.chain(poor.map(Limit::Component)).collect()
    }

    /// How many of the components that are not mandatory score at least 50: the second key of the best-shot rule.
    pub fn optional_passed(&self, limits: &FaceLimits) -> usize {
        let good = |a: &Assessment| a.score().is_some_and(|s| s.get() >= 50);
        self.components.iter().filter(|(c, a)| !limits.is_mandatory(*c) && good(a)).count()
    }

    /// One score for the frame: the lowest score among the mandatory components, none without a face or when one of
    /// them could not be measured. Those of [`Self::unassessed`] do not count.
    ///
    /// The lowest and not the mean, so that one bad component cannot hide. It ranks frames and stands in the record;
    /// it is not the unified quality score of ISO/IEC 29794-5, which needs a trained network.
    pub fn capture_score(&self, limits: &FaceLimits) -> Option<QualityScore> {
        self.face()?;
        let judged = limits.mandatory().filter(|&c| !self.is_beyond_the_engine(c));
        let scores = judged.map(|c| self.component(c).score());
        scores.collect::<Option<Vec<_>>>()?.into_iter().min()
    }

    /// Whether the engine gives boxes and the component needs points.
    pub(super) fn is_beyond_the_engine(&self, component: Component) -> bool {
        self.basis == Basis::Box && component.needs_landmarks()
    }

    /// Where the face is; limits of a hint that is `shown` are taken a little narrower. None without a face.
    pub(super) fn places(&self, limits: &FaceLimits, shown: Option<Advice>) -> Option<Places> {
        let g = self.geometry?;
        let (width, height) = (f64::from(self.frame_width.max(1)), f64::from(self.frame_height.max(1)));
        // Only the end that the hint is about: who comes closer must not be sent back from a place that is right.
        let place = |range: &super::Range, value: f64, [below, above]: [Advice; 2]| match shown {
            Some(hint) if hint == below => range.narrowed_at(Place::Below).place(value),
            Some(hint) if hint == above => range.narrowed_at(Place::Above).place(value),
            _ => range.place(value),
        };
        let margin = if shown == Some(Advice::Closer) { PIXEL_MARGIN } else { 1.0 };
        // A turned head shows fewer pixels than it has: it is told to look straight, not to come closer.
        let between_eyes = self.component(Component::InterEyeDistance).native();
        let between_eyes = between_eyes.map_or(f64::from(g.inter_eye), |native| native.max(f64::from(g.inter_eye)));
        Some(Places {
            size: place(&limits.head_size, f64::from(g.eye_to_chin) / height, [Advice::Closer, Advice::Back]),
            across: place(&limits.eyes_across, f64::from(g.eyes.0) / width, [Advice::Left, Advice::Right]),
            down: place(&limits.eyes_down, f64::from(g.eyes.1) / height, [Advice::Down, Advice::Up]),
            enough_pixels: between_eyes >= limits.least_inter_eye_px * margin,
            room: self.face().and_then(|face| {
                let size = (self.frame_width, self.frame_height);
                Room::of(size, face, self.landmarks.as_ref(), &limits.portrait)
            }),
        })
    }
}

/// Where the face is, compared with the limits.
pub(super) struct Places {
    pub size: Place,
    pub across: Place,
    pub down: Place,
    pub enough_pixels: bool,
    /// Room for the portrait; none where the face has no place at all.
    pub room: Option<Room>,
}

#[cfg(test)]
mod tests {
    use super::super::limits::tests::proposed;
    use super::super::scenes;
    use super::*;
    use domain::units::Millis;
    use proptest::prelude::*;

    /// In the middle of a 640 x 480 frame and of a good size.
    const GOOD: FaceBox = FaceBox { x: 215.0, y: 110.0, width: 210.0, height: 210.0, score: 9.0 };

    fn judged(frame: &Frame, faces: Vec<FaceBox>) -> FaceAssessment {
        assess(frame, &Detection::of(faces).into())
    }

    /// A face of `side` pixels drawn at (x, y), what is told, and the limit that is not kept.
    type Placed = (&'static str, (f32, f32, f32), Advice, Limit);

    const PLACED: &[Placed] = &[
        ("far", (270.0, 160.0, 100.0), Advice::Closer, Limit::HeadSize),
        ("near", (150.0, 40.0, 340.0), Advice::Back, Limit::HeadSize),
        ("left of the frame", (20.0, 110.0, 210.0), Advice::Left, Limit::EyesAcross),
        ("right of the frame", (410.0, 110.0, 210.0), Advice::Right, Limit::EyesAcross),
        ("high", (215.0, 5.0, 210.0), Advice::Down, Limit::EyesDown),
        ("low", (215.0, 250.0, 210.0), Advice::Up, Limit::EyesDown),
    ];

    fn check(name: &str, got: &FaceAssessment, hint: Option<Advice>, limit: Option<Limit>) {
        let limits = proposed();
        let failing = got.failing(&limits);
        assert_eq!(got.hint(&limits, None), hint, "{name}: {:?}", got.components);
        assert_eq!(got.passes(&limits), limit.is_none(), "{name}: {failing:?}");
        assert!(limit.is_none_or(|l| failing.contains(&l)), "{name}: {failing:?}");
    }

    #[test]
    fn each_wrong_place_has_its_hint_and_its_limit() {
        for &(name, (x, y, side), hint, limit) in PLACED {
            let face = FaceBox { x, y, width: side, height: side, score: 9.0 };
            check(name, &judged(&scenes::drawn_face(640, 480, &face), vec![face]), Some(hint), Some(limit));
        }
    }

    #[test]
    fn each_fault_of_the_picture_has_its_hint_and_its_limit() {
        let good = scenes::drawn_face(640, 480, &GOOD);
        let rival = FaceBox { x: 10.0, y: 100.0, width: 190.0, height: 190.0, score: 9.0 };
        let component = |c| Some(Limit::Component(c));
        for (name, frame, faces, hint, limit) in [
            ("good", &good, vec![GOOD], None, None),
            ("nobody", &good, vec![], None, Some(Limit::NoFace)),
            ("two", &good, vec![GOOD, rival], Some(Advice::OneOnly), component(Component::SingleFacePresent)),
            (
                "dark",
                &scenes::lit(&good, 0.06),
                vec![GOOD],
                Some(Advice::MoreLight),
                component(Component::DynamicRange),
            ),
            (
                "burnt out",
                &scenes::flat(640, 480, [253; 3]),
                vec![GOOD],
                Some(Advice::LessLight),
                component(Component::OverExposurePrevention),
            ),
            (
                "blurred",
                &scenes::blurred(&good, 12),
                vec![GOOD],
                Some(Advice::HoldStill),
                component(Component::Sharpness),
            ),
        ] {
            check(name, &judged(frame, faces), hint, limit);
        }
    }

    #[test]
    fn a_frame_the_detector_refused_has_no_score_and_a_reason() {
        let got = assess(&scenes::flat(0, 0, [0; 3]), &Detection::FailureToAssess("frame too small").into());
        assert_eq!(got.failing(&proposed()), [Limit::NotJudged]);
        assert_eq!(got.capture_score(&proposed()), None);
        assert!(got.components.iter().all(|(_, a)| *a == Assessment::FailureToAssess("frame too small")));
    }

    #[test]
    fn the_score_is_the_lowest_mandatory_one() {
        let got = judged(&scenes::drawn_face(640, 480, &GOOD), vec![GOOD]);
        let limits = proposed();
        let score = got.capture_score(&limits).unwrap();
        assert!(limits.least_scores.keys().all(|&c| got.component(c).score().unwrap() >= score));
        assert!(limits.least_scores.keys().any(|&c| got.component(c).score().unwrap() == score));
    }

    #[test]
    fn what_an_engine_of_boxes_cannot_assess_is_named_and_does_not_block() {
        let frame = scenes::drawn_face(640, 480, &GOOD);
        let mut limits = proposed();
        limits.natives.retain(|component, _| *component == Component::EyesOpen);
        limits.least_scores.insert(Component::HeadPoseYaw, QualityScore::MAX);
        let by_box = judged(&frame, vec![GOOD]);
        assert_eq!(by_box.basis, Basis::Box);
        assert_eq!(by_box.unassessed(&limits), [Component::EyesOpen, Component::HeadPoseYaw]);
        assert!(by_box.passes(&limits) && by_box.capture_score(&limits).is_some());
        // Points that are no face: they must block, not pass for boxes.
        let landmarks = |v| Some(Landmarks::new(Box::new([[v; 3]; super::super::POINTS]), 1.0));
        // As must points that are no numbers, and a face without any: covered or turned away, it shows less, not more.
        for points in [landmarks(9.0), landmarks(f32::NAN), None] {
            let got = assess(&frame, &Sighting::by_landmarks(Detection::of(vec![GOOD]), points));
            assert_eq!(got.unassessed(&limits), []);
            assert!(got.failing(&limits).contains(&Limit::Component(Component::EyesOpen)));
            assert_eq!(got.capture_score(&limits), None);
            assert_eq!(got.hint(&limits, None), Some(Advice::LookStraight));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn no_size_and_no_box_panics(
            width in 0u32..60, height in 0u32..60, seed in any::<u8>(),
            boxes in proptest::collection::vec(
                (any::<f32>(), -80f32..120.0, -80f32..120.0, 0f32..200.0, any::<bool>()), 0..4),
        ) {
            let rgb = (0..width * height * 3).map(|i| (i as u8).wrapping_mul(seed)).collect();
            let frame = Frame::new(width, height, Millis(0), 0, rgb).unwrap();
            let boxes: Vec<FaceBox> = boxes.into_iter().map(|(wild, x, y, side, tame)| {
                FaceBox { x: if tame { x } else { wild }, y, width: side, height: side * 1.1, score: 0.0 }
            }).collect();
            // Also past the ordering that `Detection::of` gives: a detector of tomorrow may not use it.
            for detection in [Detection::of(boxes.clone()), Detection::Faces(boxes)] {
                let got = assess(&frame, &detection.into());
                prop_assert_eq!(got.components.len(), COMPONENTS.len());
                let limits = proposed();
                prop_assert_eq!(got.passes(&limits), got.failing(&limits).is_empty());
                let _ = got.hint(&limits, Some(Advice::Back));
                for (_, answer) in &got.components {
                    prop_assert!(answer.native().is_none_or(f64::is_finite));
                }
            }
        }
    }
}
