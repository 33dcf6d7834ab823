//! Best shot: takes the picture by itself once the face has been good and still for long enough.

use super::{FaceAssessment, FaceBox, FaceLimits, Limit};
use domain::units::{Millis, QualityScore};
use serde::Deserialize;
use std::cmp::Reverse;

/// When a picture is taken. Proposed: `stable_ms = 350`, `least_frames = 4`, `max_move = 0.08`, `max_gap_ms = 400`
/// (own values), `timeout_ms = 7000` (BSI TR-03121-3 v7: a supervised face capture within 7 s).
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutoCaptureSettings {
    /// The face keeps every limit for this long without a break.
    pub stable_ms: u64,
    /// In at least this many frames.
    pub least_frames: u32,
    /// The farthest that a box may be from the mean of the still boxes, as a share of its width.
    pub max_move: f32,
    /// Frames farther apart than this do not count as one still time.
    pub max_gap_ms: u64,
    /// From the first frame on, the longest wait for a still face.
    pub timeout_ms: u64,
}

/// How good a frame is as the picture to keep, by the best-shot rule: mandatory limits passed, then optional components
/// passed, then the later frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    /// Limits not passed: not kept, or mandatory and not assessed by the engine. All frames are asked for the same ones.
    missed: Reverse<usize>,
    optional: usize,
    at: Millis,
}

/// The frame that was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct BestShot<T> {
    /// What the caller gave to keep, the frame for one.
    pub kept: T,
    /// When it was captured.
    pub at: Millis,
    /// The traveller's face in it.
    pub face: FaceBox,
    /// Its capture score ([`FaceAssessment::capture_score`]).
    pub score: Option<QualityScore>,
    /// The limits that it does not keep: empty for a picture taken, the reasons after giving up.
    pub failing: Vec<Limit>,
    /// Where it stands among other frames.
    pub rank: Rank,
}

/// What a frame brought.
#[derive(Clone, Debug, PartialEq)]
pub enum Shot<T> {
    /// Nothing yet: the face does not keep the limits.
    Watching,
    /// The face keeps the limits; not yet for long enough.
    Steadying,
    /// The picture is taken. Said once.
    Taken(BestShot<T>),
    /// Time is up. The best frame that had a face, if any did, with the reasons against it. Said once.
    GaveUp(Option<BestShot<T>>),
    /// The picture was taken, or given up, earlier.
    Over,
}

/// Watches one stream of frames until it has taken one or given up.
#[derive(Debug)]
pub struct AutoCapture<T> {
    settings: AutoCaptureSettings,
    started: Option<Millis>,
    /// The best frame with a face since the start.
    best: Option<BestShot<T>>,
    still: Option<Still>,
    over: bool,
}

/// The still time that runs. Only its best frame is kept, in [`AutoCapture::best`]: every frame of a still time keeps
/// all limits, so none before it that does not can be better.
#[derive(Clone, Copy, Debug)]
struct Still {
    since: Millis,
    last: Millis,
    frames: u32,
    mean: FaceBox,
}

impl<T> AutoCapture<T> {
    /// Ready for the first frame.
    pub fn new(settings: AutoCaptureSettings) -> Self {
        Self { settings, started: None, best: None, still: None, over: false }
    }

    /// Looks at one frame's assessment. `keep` is called when the frame is the best so far, to copy it.
    pub fn feed(
        &mut self,
        at: Millis,
        assessment: &FaceAssessment,
        limits: &FaceLimits,
        keep: impl FnOnce() -> T,
    ) -> Shot<T> {
        if self.over {
            return Shot::Over;
        }
        let failing = assessment.failing(limits);
        let good = failing.is_empty();
        self.rank(at, assessment, limits, failing, keep);
        match assessment.face() {
            Some(face) if good => self.steady(at, face),
            _ => self.still = None,
        }
        if self.still.is_some_and(|s| self.long_enough(&s)) {
            self.over = true;
            return self.best.take().map_or(Shot::GaveUp(None), Shot::Taken);
        }
        match self.tick(at) {
            Shot::Watching if good => Shot::Steadying,
            shot => shot,
        }
    }

    /// Gives up when time is up; also to be called when no frame comes.
    pub fn tick(&mut self, now: Millis) -> Shot<T> {
        if self.over {
            return Shot::Over;
        }
        let started = *self.started.get_or_insert(now);
        if now.0.saturating_sub(started.0) < self.settings.timeout_ms {
            return Shot::Watching;
        }
        self.over = true;
        let mut best = self.best.take();
        if let Some(best) = best.as_mut().filter(|b| b.failing.is_empty()) {
            best.failing.push(Limit::NotStill);
        }
        Shot::GaveUp(best)
    }

    fn rank(
        &mut self,
        at: Millis,
        assessment: &FaceAssessment,
        limits: &FaceLimits,
        failing: Vec<Limit>,
        keep: impl FnOnce() -> T,
    ) {
        let Some(face) = assessment.face() else { return };
        let score = assessment.capture_score(limits);
        let missed = Reverse(failing.len() + assessment.unassessed(limits).len());
        let rank = Rank { missed, optional: assessment.optional_passed(limits), at };
        if self.best.as_ref().is_none_or(|best| rank > best.rank) {
            self.best = Some(BestShot { kept: keep(), at, face: *face, score, failing, rank });
        }
    }

    fn steady(&mut self, at: Millis, face: &FaceBox) {
        let AutoCaptureSettings { max_gap_ms, max_move, .. } = self.settings;
        let goes_on = |s: &Still| {
            // Time that runs backwards ends a still time as a gap does.
            at.0.checked_sub(s.last.0).is_some_and(|gap| gap <= max_gap_ms) && face.moved_since(&s.mean) <= max_move
        };
        self.still = Some(match self.still.filter(goes_on) {
            None => Still { since: at, last: at, frames: 1, mean: *face },
            Some(s) => Still { last: at, frames: s.frames.saturating_add(1), mean: mean(&s.mean, face, s.frames), ..s },
        });
    }

    fn long_enough(&self, still: &Still) -> bool {
        let passed = still.last.0.saturating_sub(still.since.0);
        passed >= self.settings.stable_ms && still.frames >= self.settings.least_frames
    }
}

/// The mean of `count` boxes and one more.
fn mean(old: &FaceBox, new: &FaceBox, count: u32) -> FaceBox {
    let mix = |a: f32, b: f32| a + (b - a) / (count as f32 + 1.0);
    FaceBox {
        x: mix(old.x, new.x),
        y: mix(old.y, new.y),
        width: mix(old.width, new.width),
        height: mix(old.height, new.height),
        score: mix(old.score, new.score),
    }
}

#[cfg(test)]
mod tests {
    use super::super::limits::tests::proposed;
    use super::super::{Component, Detection, Landmarks, POINTS, assess, scenes};
    use super::*;
    use crate::assessment::Assessment;
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
    fn a_frame_that_was_judged_on_less_stands_behind() {
        let mut limits = proposed();
        limits.natives.clear();
        limits.least_scores.insert(Component::EyesOpen, QualityScore::MIN);
        let frame = scenes::drawn_face(640, 480, &GOOD);
        let by_box = assess(&frame, &Detection::of(vec![GOOD]).into());
        let mut by_points = by_box.clone();
        by_points.landmarks = Some(Landmarks::new(Box::new([[300.0; 3]; POINTS]), 1.0));
        for (_, answer) in by_points.components.iter_mut().filter(|(c, _)| *c == Component::EyesOpen) {
            *answer = Assessment::scored(0.0, 100.0, None);
        }
        let mut capture = AutoCapture::new(AutoCaptureSettings { timeout_ms: 100, ..SETTINGS });
        for (at, assessment, kept) in [(0, &by_points, "points"), (50, &by_box, "box")] {
            capture.feed(Millis(at), assessment, &limits, || kept);
        }
        let Shot::GaveUp(Some(best)) = capture.tick(Millis(100)) else { panic!("not given up") };
        assert_eq!(best.kept, "points");
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
}
