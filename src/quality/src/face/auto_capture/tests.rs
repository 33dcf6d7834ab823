//! What is taken, and from whom.

use super::*;
use crate::assessment::Assessment;
use crate::face::limits::tests::proposed;
use crate::face::{Component, Detection, Sighting, assess, scenes};
use domain::image::Frame;
use proptest::prelude::*;

const SETTINGS: AutoCaptureSettings =
    AutoCaptureSettings { stable_ms: 350, least_frames: 4, max_move: 0.08, max_gap_ms: 400, timeout_ms: 7000 };
const GOOD: FaceBox = FaceBox { x: 215.0, y: 110.0, width: 210.0, height: 210.0, score: 9.0 };

/// What the tests feed: milliseconds and where the face is, if any.
type Step = (u64, Option<FaceBox>);

struct Rig {
    frame: Frame,
    limits: FaceLimits,
    capture: AutoCapture<u64>,
}

impl Rig {
    fn new() -> Self {
        let mut limits = proposed();
        // Boxes are what these tests move; one picture serves all of them.
        limits.least_scores.remove(&Component::Sharpness);
        let capture = AutoCapture::new(SETTINGS);
        Self { frame: scenes::drawn_face(640, 480, &GOOD), limits, capture }
    }

    fn feed(&mut self, (at, face): Step) -> Shot<u64> {
        let assessment = assess(&self.frame, &Detection::of(face.into_iter().collect()).into());
        self.capture.feed(Millis(at), &assessment, &self.limits, || at)
    }

    fn play(&mut self, steps: impl IntoIterator<Item = Step>) -> Vec<Shot<u64>> {
        steps.into_iter().map(|step| self.feed(step)).collect()
    }
}

fn taken_at(shots: &[Shot<u64>]) -> Option<usize> {
    shots.iter().position(|s| matches!(s, Shot::Taken(_)))
}

fn frames(count: u64, face: impl Fn(u64) -> Option<FaceBox>) -> Vec<Step> {
    (0..count).map(|i| (1000 + i * 66, face(i))).collect()
}

#[test]
fn when_a_picture_is_taken() {
    let aside = FaceBox { x: 40.0, ..GOOD };
    let jitter = |i: u64| FaceBox { x: 215.0 + [0.0, 5.0, -5.0][i as usize % 3], ..GOOD };
    let walk = |i: u64| FaceBox { x: 180.0 + 14.0 * i as f32, ..GOOD };
    for (name, steps, taken) in [
        // 350 ms are six steps of 66 ms.
        ("still from the start", frames(12, |_| Some(GOOD)), Some(6)),
        ("still but for the detector's jitter", frames(12, |i| Some(jitter(i))), Some(6)),
        ("a lost frame starts anew", frames(12, |i| (i != 3).then_some(GOOD)), Some(10)),
        ("walking through", frames(8, |i| Some(walk(i))), None),
        ("outside the limits", frames(40, |_| Some(aside)), None),
        ("nobody", frames(40, |_| None), None),
        ("frames too far apart", (0..8).map(|i| (i * 500, Some(GOOD))).collect(), None),
        ("too few frames", vec![(0, Some(GOOD)), (390, Some(GOOD)), (500, None)], None),
        ("a clock that runs backwards", vec![(900, Some(GOOD)), (500, Some(GOOD)), (860, Some(GOOD))], None),
    ] {
        assert_eq!(taken_at(&Rig::new().play(steps)), taken, "{name}");
    }
}

#[test]
fn it_fires_once() {
    let shots = Rig::new().play(frames(20, |_| Some(GOOD)));
    assert_eq!(shots.iter().filter(|s| matches!(s, Shot::Taken(_))).count(), 1);
    assert!(shots[7..].iter().all(|s| *s == Shot::Over));
}

#[test]
fn the_picture_keeps_every_limit_and_is_of_the_best_rank() {
    let mut rig = Rig::new();
    let shots = rig.play(frames(12, |i| Some(FaceBox { x: 120.0 + 16.0 * (i.min(5)) as f32, ..GOOD })));
    let Some(Shot::Taken(best)) = shots.into_iter().find(|s| matches!(s, Shot::Taken(_))) else {
        panic!("nothing taken")
    };
    assert!(best.failing.is_empty());
    assert_eq!(best.kept, best.at.0);
    assert!(best.score.is_some());
}

#[test]
fn rank_follows_the_best_shot_rule() {
    let rank = |missed, optional, at| Rank { missed: Reverse(missed), optional, at: Millis(at) };
    let rising = [rank(2, 9, 9), rank(1, 9, 1), rank(0, 3, 9), rank(0, 4, 1), rank(0, 4, 2)];
    assert!(rising.is_sorted_by(|a, b| a < b));
}

#[test]
fn the_picture_kept_is_the_one_of_the_best_rank() {
    let (frame, limits) = (scenes::drawn_face(640, 480, &GOOD), proposed());
    // Optional components differ in the number of those that fail: the frames' places in their order of capture.
    for (name, optional, kept) in [
        ("all alike: the latest", [0, 0, 0, 0, 0, 0, 0], 6),
        ("one is better", [2, 2, 0, 2, 2, 2, 2], 2),
        ("two are better: the later", [2, 1, 2, 2, 1, 2, 2], 4),
    ] {
        let mut capture = AutoCapture::new(SETTINGS);
        let mut taken = None;
        for (step, failing) in optional.into_iter().enumerate() {
            let mut assessment = assess(&frame, &Detection::of(vec![GOOD]).into());
            let others = assessment
                .components
                .iter_mut()
                .filter(|(c, a)| !limits.is_mandatory(*c) && a.score().is_some_and(|score| score.get() >= 50));
            others.take(failing).for_each(|(_, answer)| *answer = Assessment::scored(0.0, 0.0, None));
            if let Shot::Taken(best) = capture.feed(Millis(66 * step as u64), &assessment, &limits, || step) {
                taken = Some(best.kept);
            }
        }
        assert_eq!(taken, Some(kept), "{name}");
    }
}

#[test]
fn a_face_without_points_is_not_taken_by_an_engine_that_has_them() {
    let mut limits = proposed();
    limits.natives.clear();
    limits.least_scores.insert(Component::EyesOpen, QualityScore::MIN);
    let frame = scenes::drawn_face(640, 480, &GOOD);
    let pointless = assess(&frame, &Sighting::by_landmarks(Detection::of(vec![GOOD]), None));
    let mut pointed = pointless.clone();
    for (_, answer) in pointed.components.iter_mut().filter(|(c, _)| *c == Component::EyesOpen) {
        *answer = Assessment::scored(0.0, 100.0, None);
    }
    let mut capture = AutoCapture::new(SETTINGS);
    let mut feed = |step: u64| {
        let assessment = if step == 0 { &pointed } else { &pointless };
        capture.feed(Millis(66 * step), assessment, &limits, || step)
    };
    assert!((0..20).all(|step| !matches!(feed(step), Shot::Taken(_))));
    let Shot::GaveUp(Some(best)) = capture.tick(Millis(7000)) else { panic!("not given up") };
    assert_eq!(best.kept, 0);
}

#[test]
fn of_two_people_only_the_one_who_stays_is_taken() {
    let frame = scenes::drawn_face(640, 480, &GOOD);
    let limits = proposed();
    let beside = FaceBox { x: 330.0, ..GOOD };
    // The first to stand there has one optional component more, and goes before the still time is over.
    for (name, gap, first, moved) in [("a jump", 66, beside, true), ("a gap", 500, GOOD, false)] {
        let mut capture = AutoCapture::new(SETTINGS);
        let mut taken = None;
        for step in 0..12u64 {
            let companion = step < 4;
            let face = if companion { first } else { GOOD };
            assert_eq!(first != GOOD, moved, "{name}");
            let mut assessment = assess(&frame, &Detection::of(vec![GOOD]).into());
            assessment.detection = Detection::of(vec![face]);
            let optional = |c: Component| !limits.is_mandatory(c);
            let mut others = assessment.components.iter_mut().filter(|(c, a)| optional(*c) && a.score().is_some());
            if let (false, Some((_, answer))) = (companion, others.next()) {
                *answer = Assessment::scored(0.0, 0.0, None);
            }
            let at = Millis(66 * step + if companion { 0 } else { gap });
            if let Shot::Taken(best) = capture.feed(at, &assessment, &limits, || step) {
                taken = Some(best.kept);
            }
        }
        assert!(taken.is_some_and(|step| step >= 4), "{name}: {taken:?}");
    }
}

#[test]
fn giving_up_tells_why() {
    let far = FaceBox { x: 270.0, y: 160.0, width: 100.0, height: 100.0, score: 1.0 };
    let restless = |i: u64| FaceBox { x: if i.is_multiple_of(2) { 190.0 } else { 235.0 }, ..GOOD };
    for (name, steps, why) in [
        ("nobody came", frames(120, |_| None), None),
        ("never close enough", frames(120, |_| Some(far)), Some(vec![Limit::HeadSize, Limit::InterEyeDistance])),
        ("never still", frames(120, |i| Some(restless(i))), Some(vec![Limit::NotStill])),
    ] {
        let shots = Rig::new().play(steps);
        let gave_up: Vec<_> = shots.iter().filter(|s| matches!(s, Shot::GaveUp(_))).collect();
        let [Shot::GaveUp(best)] = gave_up[..] else { panic!("{name}: {gave_up:?}") };
        assert_eq!(best.as_ref().map(|b| b.failing.clone()), why, "{name}");
    }
}

#[test]
fn it_gives_up_without_frames_too() {
    let mut rig = Rig::new();
    rig.play([(0, Some(FaceBox { x: 40.0, ..GOOD }))]);
    assert_eq!(rig.capture.tick(Millis(6_999)), Shot::Watching);
    assert!(matches!(rig.capture.tick(Millis(7_000)), Shot::GaveUp(Some(_))));
    assert_eq!(rig.capture.tick(Millis(7_001)), Shot::Over);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn at_most_one_end_in_any_stream(steps in proptest::collection::vec(
        (any::<u16>(), proptest::option::of(0f32..430.0)), 0..30)) {
        let steps = steps.into_iter().map(|(at, x)| (u64::from(at), x.map(|x| FaceBox { x, ..GOOD })));
        let shots = Rig::new().play(steps);
        let end = shots.iter().position(|s| matches!(s, Shot::Taken(_) | Shot::GaveUp(_)));
        if let Some(end) = end {
            prop_assert!(shots[end + 1..].iter().all(|s| *s == Shot::Over));
        }
        for shot in &shots {
            if let Shot::Taken(best) = shot {
                prop_assert!(best.failing.is_empty());
            }
        }
    }
}
