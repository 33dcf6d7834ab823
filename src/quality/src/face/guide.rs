//! Hints that a person can follow: one at a time, and none that flickers.

use super::{FaceAssessment, FaceBox, FaceLimits};
use crate::assessment::Advice;
use domain::units::Millis;
use serde::Deserialize;

/// How hints appear and go. Proposed: `confirm_ms = 40`, `lost_ms = 700`, `max_lag = 0.08` (own values: a new hint is
/// on the page within 150 ms of the frame that called for it, at 15 frames a second after two frames that agree).
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuideSettings {
    /// A new hint must have been wanted for this long.
    pub confirm_ms: u64,
    /// A face that was seen and is missing for this long has turned away; shorter gaps change nothing.
    pub lost_ms: u64,
    /// How far the face may run ahead of its own mean over the last 150 ms, as a share of its width.
    pub max_lag: f32,
}

/// Keeps the hint of one stream of frames.
#[derive(Clone, Debug)]
pub struct Guide {
    settings: GuideSettings,
    shown: Option<Advice>,
    wanted: Option<(Option<Advice>, Millis)>,
    seen: Option<Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    at: Millis,
    mean: FaceBox,
    /// The two boxes before the newest: one odd box among three is outvoted.
    before: [FaceBox; 2],
}

impl Guide {
    /// A guide that has seen nothing.
    pub fn new(settings: GuideSettings) -> Self {
        Self { settings, shown: None, wanted: None, seen: None }
    }

    /// The hint that stands after this frame. With nobody before the camera there is none: the page's own prompt
    /// ("look at the camera") stands.
    pub fn update(&mut self, now: Millis, assessment: &FaceAssessment, limits: &FaceLimits) -> Option<Advice> {
        let wanted = match assessment.face() {
            Some(face) => {
                let still = self.follow(now, face);
                assessment.hint(limits, self.shown).or((!still).then_some(Advice::HoldStill))
            }
            None => self.without_face(now),
        };
        self.settle(now, wanted);
        self.shown
    }

    /// The hint that stands.
    pub fn shown(&self) -> Option<Advice> {
        self.shown
    }

    fn without_face(&self, now: Millis) -> Option<Advice> {
        match self.seen {
            None => None,
            Some(seen) if now.0.saturating_sub(seen.at.0) < self.settings.lost_ms => self.shown,
            // Somebody was there and the frontal detector lost them: turned away, most of the time.
            Some(_) => Some(Advice::LookStraight),
        }
    }

    /// Follows the face; whether it holds still.
    fn follow(&mut self, now: Millis, newest: &FaceBox) -> bool {
        /// Time constant of the running mean.
        const MEMORY_MS: f32 = 150.0;
        let passed = self.seen.map_or(f32::MAX, |seen| now.0.saturating_sub(seen.at.0) as f32);
        // After a gap the mean says nothing: start anew instead of scolding the traveller for our drop-out.
        let Some(Seen { mean, before, .. }) = self.seen.filter(|_| passed <= 4.0 * MEMORY_MS) else {
            self.seen = Some(Seen { at: now, mean: *newest, before: [*newest; 2] });
            return true;
        };
        let face = by_field([before[0], before[1], *newest], median);
        let share = passed / (passed + MEMORY_MS);
        let moved = by_field([mean, face, face], |[old, new, _]| old + (new - old) * share);
        self.seen = Some(Seen { at: now, mean: moved, before: [before[1], *newest] });
        face.moved_since(&mean) <= self.settings.max_lag
    }

    fn settle(&mut self, now: Millis, wanted: Option<Advice>) {
        if wanted == self.shown {
            self.wanted = None;
            return;
        }
        let since = match self.wanted {
            Some((same, since)) if same == wanted => since,
            _ => now,
        };
        self.wanted = Some((wanted, since));
        if now.0.saturating_sub(since.0) >= self.settings.confirm_ms {
            self.shown = wanted;
            self.wanted = None;
        }
    }
}

fn median([a, b, c]: [f32; 3]) -> f32 {
    a.max(b).min(a.min(b).max(c))
}

fn by_field(boxes: [FaceBox; 3], of: impl Fn([f32; 3]) -> f32) -> FaceBox {
    FaceBox {
        x: of(boxes.map(|b| b.x)),
        y: of(boxes.map(|b| b.y)),
        width: of(boxes.map(|b| b.width)),
        height: of(boxes.map(|b| b.height)),
        score: of(boxes.map(|b| b.score)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::limits::tests::proposed;
    use super::super::{Detection, assess, scenes};
    use super::*;
    use domain::image::Frame;

    const SETTINGS: GuideSettings = GuideSettings { confirm_ms: 60, lost_ms: 700, max_lag: 0.08 };
    const GOOD: FaceBox = FaceBox { x: 215.0, y: 110.0, width: 210.0, height: 210.0, score: 9.0 };

    /// One sharp picture for all boxes: the guide looks at boxes, and drawing each would take a minute.
    fn judged(frame: &Frame, x: Option<f32>) -> FaceAssessment {
        assess(frame, &Detection::of(x.map(|x| FaceBox { x, ..GOOD }).into_iter().collect()).into())
    }

    fn play(steps: &[Option<f32>]) -> Vec<Option<Advice>> {
        let frame = scenes::drawn_face(640, 480, &GOOD);
        let mut limits = proposed();
        limits.least_scores.clear();
        let mut guide = Guide::new(SETTINGS);
        let at = |i: usize| Millis(1000 + 66 * i as u64);
        steps.iter().enumerate().map(|(i, &x)| guide.update(at(i), &judged(&frame, x), &limits)).collect()
    }

    #[test]
    fn a_hint_needs_two_frames_and_is_there_within_150_ms() {
        let shown = play(&[Some(40.0), Some(40.0), Some(40.0)]);
        assert_eq!(shown, [None, Some(Advice::Left), Some(Advice::Left)]);
    }

    #[test]
    fn one_odd_frame_changes_nothing() {
        let mut steps = vec![Some(215.0); 12];
        steps[6] = Some(30.0);
        // The odd frame moves the running mean too: no hint may come of that either.
        assert!(play(&steps).iter().all(Option::is_none), "{:?}", play(&steps));
    }

    #[test]
    fn a_face_on_the_limit_does_not_flicker() {
        // Eyes at .365 and .355 of the width by turns, the limit at .36.
        let steps: Vec<_> = (0..30).map(|i| Some(if i % 2 == 0 { 128.6 } else { 122.2 })).collect();
        let shown = play(&steps);
        let changes = shown.windows(2).filter(|w| w[0] != w[1]).count();
        assert!(changes <= 1, "{shown:?}");
    }

    #[test]
    fn walking_is_told_to_hold_still_and_standing_is_not() {
        let walk: Vec<_> = (0..10).map(|i| Some(150.0 + 16.0 * i as f32)).collect();
        assert_eq!(play(&walk).last(), Some(&Some(Advice::HoldStill)));
        let jitter: Vec<_> = (0..10).map(|i| Some(215.0 + [0.0, 4.0, -4.0][i % 3])).collect();
        assert!(play(&jitter).iter().all(Option::is_none));
    }

    #[test]
    fn nobody_is_told_nothing_and_a_turned_head_to_look_straight() {
        assert!(play(&[None; 30]).iter().all(Option::is_none));
        let mut steps = vec![Some(215.0); 3];
        steps.extend([None; 15]);
        let shown = play(&steps);
        assert_eq!(shown[6], None, "a short gap");
        assert_eq!(shown.last(), Some(&Some(Advice::LookStraight)));
    }

    #[test]
    fn time_that_runs_backwards_is_no_panic() {
        let frame = scenes::drawn_face(640, 480, &GOOD);
        let mut guide = Guide::new(SETTINGS);
        for at in [900, 100, u64::MAX, 0] {
            guide.update(Millis(at), &judged(&frame, Some(40.0)), &proposed());
        }
    }
}
