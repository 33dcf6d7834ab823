//! What the traveller should change, from one frame.

use super::assess::Places;
use super::limits::{Place, advice_for, advice_unread};
use super::portrait::Edge;
use super::{Component, FaceAssessment, FaceLimits};
use crate::assessment::{Advice, Assessment};

/// Every hint about a face, the most useful first: first who is meant, then where to stand, then light, without which
/// nothing else can be judged, then the head, then what takes a moment only. A smeared picture comes before the eyes and
/// the mouth, which it makes hard to read, and what covers them before how they are held.
pub const HINTS: &[Advice] = &[
    Advice::OneOnly,
    Advice::Back,
    Advice::Closer,
    Advice::Left,
    Advice::Right,
    Advice::Down,
    Advice::Up,
    Advice::MoreLight,
    Advice::LessLight,
    Advice::WhiteLight,
    Advice::LookStraight,
    Advice::HoldStill,
    Advice::UncoverEyes,
    Advice::UncoverMouth,
    Advice::OpenEyes,
    Advice::CloseMouth,
];

impl FaceAssessment {
    /// The one thing the traveller should change first; none when there is nothing, or nobody to tell.
    pub fn hint(&self, limits: &FaceLimits, shown: Option<Advice>) -> Option<Advice> {
        self.hints(limits, shown).into_iter().next()
    }

    /// Everything the traveller should change, in the order of [`HINTS`]. `shown` is the hint on the page now: its limit
    /// is taken a little narrower, so that it goes away only when the fault has clearly gone.
    pub fn hints(&self, limits: &FaceLimits, shown: Option<Advice>) -> Vec<Advice> {
        let Some(places) = self.places(limits, shown) else { return Vec::new() };
        let room = self.room_hints(&places, limits, shown);
        let size = match places.size {
            Place::Above => Some(Advice::Back),
            Place::Below => Some(Advice::Closer),
            Place::Within => (!places.enough_pixels).then_some(Advice::Closer),
        };
        let across = match places.across {
            Place::Below => Some(Advice::Left),
            Place::Above => Some(Advice::Right),
            Place::Within => None,
        };
        let down = match places.down {
            Place::Below => Some(Advice::Down),
            Place::Above => Some(Advice::Up),
            Place::Within => None,
        };
        let poor = limits.mandatory().filter(|&c| self.poor(limits, shown, c));
        let poor = poor.filter_map(|c| self.advice(c));
        let faults: Vec<Advice> = poor.chain([size, across, down].into_iter().flatten()).chain(room).collect();
        HINTS.iter().copied().filter(|hint| faults.contains(hint)).collect()
    }

    /// Where to stand so that the frame has room for the portrait. A head that is held too far to one side needs more
    /// room than it will need when it is straight: then only that is told.
    fn room_hints(&self, places: &Places, limits: &FaceLimits, shown: Option<Advice>) -> Vec<Advice> {
        let Some(room) = places.room else { return Vec::new() };
        if self.poor(limits, shown, Component::HeadPoseRoll) {
            return Vec::new();
        }
        if places.size != Place::Below && room.is_too_small(shown == Some(Advice::Back)) {
            return vec![Advice::Back];
        }
        let edges = [
            (Edge::Left, Advice::Left),
            (Edge::Right, Advice::Right),
            (Edge::Upper, Advice::Down),
            (Edge::Lower, Advice::Up),
        ];
        let ends = |&(edge, hint): &(Edge, Advice)| room.ends_at(edge, shown == Some(hint)).then_some(hint);
        edges.iter().filter_map(ends).collect()
    }

    /// What to change for a component under its limit.
    fn advice(&self, component: Component) -> Option<Advice> {
        /// Mean luminance under which a poor range is for want of light.
        const DARK: f64 = 0.25;
        if let Some(why) = self.unread(component) {
            return advice_unread(why);
        }
        let own = self.component(component).advice();
        if component != Component::DynamicRange || own.is_some() {
            return advice_for(component, own);
        }
        // A limit may lie above what the component itself calls poor; then it does not say to which end the face sank.
        let luminance = self.component(Component::LuminanceMean).native()?;
        Some(if luminance < DARK { Advice::MoreLight } else { Advice::LessLight })
    }

    /// Why eyes or a mouth could not be read; none where they could, and for other components.
    fn unread(&self, component: Component) -> Option<&'static str> {
        match self.component(component) {
            Assessment::FailureToAssess(why) if matches!(component, Component::EyesOpen | Component::MouthClosed) => {
                Some(why)
            }
            _ => None,
        }
    }

    fn poor(&self, limits: &FaceLimits, shown: Option<Advice>, component: Component) -> bool {
        if self.is_beyond_the_engine(component) {
            return false;
        }
        let answer = self.component(component);
        // Lids and lips that cannot be read ask for something only where it is known what hides them. Without points
        // nobody looks at the camera, and the pose says so.
        if self.unread(component).is_some_and(|why| advice_unread(why).is_none()) {
            return false;
        }
        let is_shown = shown.is_some() && shown == self.advice(component);
        !limits.keeps(component, answer, is_shown)
    }
}

#[cfg(test)]
mod tests {
    use super::super::limits::tests::proposed;
    use super::super::view::{HIDDEN_EYE, HIDDEN_MOUTH, NO_COLOUR};
    use super::super::{Detection, FaceBox, Landmarks, Limit, Sighting, assess, scenes};
    use super::*;
    use domain::units::QualityScore;

    #[test]
    fn hints_stand_once_and_have_an_order() {
        let mut sorted = HINTS.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), HINTS.len());
    }

    #[test]
    fn of_several_faults_the_most_useful_hint_comes_first() {
        let limits = proposed();
        let face = FaceBox { x: 20.0, y: 5.0, width: 100.0, height: 100.0, score: 9.0 };
        let rival = FaceBox { x: 300.0, width: 98.0, ..face };
        let dark = scenes::lit(&scenes::drawn_face(640, 480, &face), 0.06);
        let judged = |faces: Vec<FaceBox>| assess(&dark, &Detection::of(faces).into());
        let alone = [Advice::Closer, Advice::Left, Advice::Down, Advice::MoreLight];
        assert_eq!(judged(vec![face]).hints(&limits, None), alone);
        assert_eq!(judged(vec![face]).hint(&limits, None), Some(Advice::Closer));
        let pair = judged(vec![face, rival]).hints(&limits, None);
        assert_eq!((pair[0], &pair[1..]), (Advice::OneOnly, &alone[..]));
        assert!(judged(vec![]).hints(&limits, None).is_empty());
    }

    #[test]
    fn a_shown_hint_stays_until_the_fault_has_clearly_gone() {
        const GOOD: FaceBox = FaceBox { x: 215.0, y: 110.0, width: 210.0, height: 210.0, score: 9.0 };
        let limits = proposed();
        // Eyes at .65, .63 and .60 of the width: over the limit of .64, under it, and clearly under it.
        for (eyes, fresh, shown) in
            [(0.65, Some(Advice::Right), Some(Advice::Right)), (0.63, None, Some(Advice::Right)), (0.60, None, None)]
        {
            let face = FaceBox { x: 640.0 * eyes - 105.0, ..GOOD };
            let got = assess(&scenes::drawn_face(640, 480, &face), &Detection::of(vec![face]).into());
            assert_eq!(got.hint(&limits, None), fresh, "{eyes}");
            assert_eq!(got.hint(&limits, Some(Advice::Right)), shown, "{eyes}");
        }
    }

    #[test]
    fn a_shown_hint_does_not_bring_its_opposite() {
        let limits = proposed();
        let frame =
            scenes::drawn_face(640, 480, &FaceBox { x: 215.0, y: 110.0, width: 210.0, height: 210.0, score: 9.0 });
        // Within each limit, and nearer to the end that the shown hint is not about than a shown hint's margin.
        for (shown, x, y, side) in [
            (Advice::Closer, 207.0, 124.0, 225.0),
            (Advice::Back, 234.0, 130.0, 170.0),
            (Advice::Left, 640.0 * 0.63 - 105.0, 110.0, 210.0),
            (Advice::Right, 640.0 * 0.37 - 105.0, 110.0, 210.0),
            (Advice::Down, 235.0, 480.0 * 0.55 - 70.0, 170.0),
            (Advice::Up, 235.0, 480.0 * 0.31 - 70.0, 170.0),
        ] {
            let face = FaceBox { x, y, width: side, height: side, score: 9.0 };
            let got = assess(&frame, &Detection::of(vec![face]).into());
            let placed = |shown| {
                let hints = got.hints(&limits, shown);
                hints.into_iter().find(|h| HINTS[1..7].contains(h))
            };
            assert_eq!((placed(None), placed(Some(shown))), (None, None), "{shown:?}");
        }
    }

    #[test]
    fn a_turned_head_is_not_told_to_come_closer() {
        const FACE: FaceBox = FaceBox { x: 235.0, y: 130.0, width: 170.0, height: 170.0, score: 9.0 };
        let frame = scenes::drawn_face(640, 480, &FACE);
        let mut limits = proposed();
        // Of the 68 pixels between the eyes a head turned by 35 degrees shows 56.
        let Some(points) = turned(&FACE, 35.0) else { panic!("no points") };
        let got = assess(&frame, &Sighting::by_landmarks(Detection::of(vec![FACE]), Some(points)));
        let seen = f64::from(got.geometry.unwrap().inter_eye);
        let told = got.component(Component::InterEyeDistance).native().unwrap();
        limits.least_inter_eye_px = (seen + told) / 2.0;
        assert!(told > 1.15 * seen, "{seen} {told}");
        for shown in [None, Some(Advice::LookStraight)] {
            let hints = got.hints(&limits, shown);
            assert!(hints.contains(&Advice::LookStraight) && !hints.contains(&Advice::Closer), "{hints:?}");
        }
        // On the limit: a shown hint goes only when there are clearly enough.
        limits.least_inter_eye_px = told / 1.04;
        let closer = |shown| got.hints(&limits, shown).contains(&Advice::Closer);
        assert_eq!((closer(None), closer(Some(Advice::Closer)), closer(Some(Advice::Back))), (false, true, false));
    }

    /// A face's points turned by degrees about the upright axis through its middle.
    fn turned(face: &FaceBox, degrees: f32) -> Option<Landmarks> {
        let mut points = Box::new(*scenes::points(face).points());
        let (sin, cos) = degrees.to_radians().sin_cos();
        let middle = face.x + face.width / 2.0;
        for [x, _, z] in &mut *points {
            let across = *x - middle;
            (*x, *z) = (middle + across * cos - *z * sin, *z * cos + across * sin);
        }
        let points = Landmarks::new(points, 1.0);
        points.is_sound().then_some(points)
    }

    #[test]
    fn what_hides_eyes_and_mouth_is_told_and_what_cannot_be_helped_is_not() {
        const GOOD: FaceBox = FaceBox { x: 215.0, y: 110.0, width: 210.0, height: 210.0, score: 9.0 };
        let mut limits = proposed();
        limits.least_scores.clear();
        limits.natives.retain(|component, _| matches!(component, Component::EyesOpen | Component::MouthClosed));
        let frame = scenes::drawn_face(640, 480, &GOOD);
        let sighting = Sighting::by_landmarks(Detection::of(vec![GOOD]), Some(scenes::points(&GOOD)));
        let seen = assess(&frame, &sighting);
        for (name, component, why, hint) in [
            ("dark lenses", Component::EyesOpen, HIDDEN_EYE, Some(Advice::UncoverEyes)),
            ("a scarf", Component::MouthClosed, HIDDEN_MOUTH, Some(Advice::UncoverMouth)),
            ("blue light", Component::EyesOpen, NO_COLOUR, Some(Advice::WhiteLight)),
            ("blue light", Component::MouthClosed, NO_COLOUR, Some(Advice::WhiteLight)),
            ("few pixels", Component::EyesOpen, "too few pixels for the lids", None),
        ] {
            let mut got = seen.clone();
            for (known, answer) in &mut got.components {
                *answer = match *known {
                    known if known == component => Assessment::FailureToAssess(why),
                    Component::EyesOpen => Assessment::scored(0.1, 100.0, None),
                    _ => Assessment::scored(0.0, 100.0, None),
                };
            }
            assert_eq!(got.hints(&limits, None), hint.into_iter().collect::<Vec<_>>(), "{name}");
            // Whether or not there is a hint, what nobody could read is not accepted.
            assert_eq!(got.failing(&limits), [Limit::Component(component)], "{name}");
        }
    }

    #[test]
    fn a_washed_out_face_is_not_told_to_seek_light() {
        const GOOD: FaceBox = FaceBox { x: 215.0, y: 110.0, width: 210.0, height: 210.0, score: 9.0 };
        let frame = scenes::drawn_face(640, 480, &GOOD);
        let mut limits = proposed();
        limits.least_scores = [(Component::DynamicRange, QualityScore::MAX)].into();
        limits.natives.clear();
        for (name, frame, hint) in
            [("bright", frame.clone(), Advice::LessLight), ("dark", scenes::lit(&frame, 0.62), Advice::MoreLight)]
        {
            let got = assess(&frame, &Detection::of(vec![GOOD]).into());
            let answer = got.component(Component::DynamicRange);
            assert!(answer.score().unwrap().get() >= 40 && answer.advice().is_none(), "{name}: {answer:?}");
            assert_eq!(got.hints(&limits, None), [hint], "{name}");
        }
    }
}
