//! What the traveller should change, from one frame.

use super::limits::{Place, advice_for};
use super::{Component, FaceAssessment, FaceLimits};
use crate::assessment::Advice;

/// Every hint about a face, the most useful first: first who is meant, then where to stand, then light, without which
/// nothing else can be judged, then the head, then what takes a moment only. A smeared picture comes before the eyes and
/// the mouth, which it makes hard to read.
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
    Advice::LookStraight,
    Advice::HoldStill,
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
        let poor = poor.filter_map(|c| advice_for(c, self.component(c).advice()));
        let faults: Vec<Advice> = poor.chain([size, across, down].into_iter().flatten()).collect();
        HINTS.iter().copied().filter(|hint| faults.contains(hint)).collect()
    }

    fn poor(&self, limits: &FaceLimits, shown: Option<Advice>, component: Component) -> bool {
        if self.is_beyond_the_engine(component) {
            return false;
        }
        let answer = self.component(component);
        // Without points nobody looks at the camera; with them, lids or lips that cannot be read ask for nothing.
        if answer.native().is_none() && matches!(component, Component::EyesOpen | Component::MouthClosed) {
            return false;
        }
        let is_shown = shown.is_some() && shown == advice_for(component, answer.advice());
        !limits.keeps(component, answer, is_shown)
    }
}

#[cfg(test)]
mod tests {
    use super::super::limits::tests::proposed;
    use super::super::{Detection, FaceBox, assess, scenes};
    use super::*;

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
}
