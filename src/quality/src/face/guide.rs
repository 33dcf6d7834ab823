//! Hints that a person can follow: one at a time, and none that flickers.

use super::{FaceAssessment, FaceBox, FaceLimits, HINTS};
use crate::assessment::Advice;
use domain::units::Millis;
use serde::Deserialize;

/// How hints appear and go. Proposed: `confirm_ms = 40`, `clear_ms = 120`, `eyes_ms = 450`, `mouth_ms = 700`,
/// `speech_ms = 400`, `hidden_ms = 1200`, `lost_ms = 700`, `max_lag = 0.08`. Own values: a new hint is on the page within 150 ms of the frame
/// that called for it, at 15 frames a second after two frames that agree. A blink takes 100 to 400 ms (Schiffman,
/// Sensation and Perception, 2001), so eyes must stay shut for longer; syllables of speech follow one another at 3 to 8
/// a second (Ding et al., Temporal modulations in speech and music, 2017), so a mouth that shuts for less than
/// `speech_ms` still speaks.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuideSettings {
    /// A new hint must have been wanted for this long, in every frame.
    pub confirm_ms: u64,
    /// A shown hint goes when it has not been wanted for this long.
    pub clear_ms: u64,
    /// Eyes must have been shut for this long before the traveller is told to open them.
    pub eyes_ms: u64,
    /// The mouth must have been open for this long before the traveller is told to close it.
    pub mouth_ms: u64,
    /// The hint to close the mouth goes when the mouth has been closed for this long.
    pub speech_ms: u64,
    /// Eyes or a mouth must have been unreadable for this long before the traveller is told to uncover them.
    pub hidden_ms: u64,
    /// A face that was seen and is missing for this long has turned away; shorter gaps change nothing.
    pub lost_ms: u64,
    /// How far the face may run ahead of its own mean over the last 150 ms, as a share of its width.
    pub max_lag: f32,
}

impl GuideSettings {
    /// How long a hint must have been wanted before it shows.
    const fn confirm(&self, hint: Advice) -> u64 {
        match hint {
            Advice::OpenEyes => self.eyes_ms,
            Advice::CloseMouth => self.mouth_ms,
            Advice::UncoverEyes | Advice::UncoverMouth | Advice::WhiteLight => self.hidden_ms,
            _ => self.confirm_ms,
        }
    }

    /// How long a shown hint stays when it is wanted no more.
    fn clear(&self, hint: Advice) -> u64 {
        match hint {
            hint if comes_and_goes(hint) => self.speech_ms,
            _ => self.clear_ms,
        }
    }
}

/// Keeps the hint of one stream of frames.
#[derive(Clone, Debug)]
pub struct Guide {
    settings: GuideSettings,
    shown: Option<Advice>,
    /// Hints that are wanted, or were until a moment ago; each of [`HINTS`] at most once.
    wanted: Vec<Wanted>,
    seen: Option<Seen>,
    /// What is never said to this person.
    unsaid: Option<Advice>,
}

#[derive(Clone, Copy, Debug)]
struct Wanted {
    hint: Advice,
    since: Millis,
    last: Millis,
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
        Self { settings, shown: None, wanted: Vec::with_capacity(HINTS.len()), seen: None, unsaid: None }
    }

    /// The same guide for somebody who cannot follow this hint: it is never given, and the next useful one is.
    #[must_use]
    pub fn never(self, hint: Advice) -> Self {
        Self { unsaid: Some(hint), ..self }
    }

    /// The hint that stands after this frame. With nobody before the camera there is none: the page's own prompt
    /// ("look at the camera") stands.
    pub fn update(&mut self, now: Millis, assessment: &FaceAssessment, limits: &FaceLimits) -> Option<Advice> {
        let mut faults = match assessment.face() {
            Some(face) => {
                let still = self.follow(now, face);
                let mut faults = assessment.hints(limits, self.shown);
                if !still {
                    faults.push(Advice::HoldStill);
                }
                faults
            }
            None => self.without_face(now),
        };
        faults.retain(|hint| self.unsaid != Some(*hint));
        self.note(now, &faults);
        self.settle();
        self.shown
    }

    /// The hint that stands.
    pub fn shown(&self) -> Option<Advice> {
        self.shown
    }

    fn without_face(&self, now: Millis) -> Vec<Advice> {
        match self.seen {
            None => Vec::new(),
            Some(seen) if now.0.saturating_sub(seen.at.0) < self.settings.lost_ms => self.shown.into_iter().collect(),
            // Somebody was there and the frontal detector lost them: turned away, most of the time.
            Some(_) => vec![Advice::LookStraight],
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

    /// Notes what is wanted now, and forgets what has not been wanted for long enough.
    fn note(&mut self, now: Millis, faults: &[Advice]) {
        let Self { settings, shown, wanted, .. } = self;
        for &hint in faults {
            match wanted.iter_mut().find(|w| w.hint == hint) {
                Some(known) => known.last = now,
                None => wanted.push(Wanted { hint, since: now, last: now }),
            }
        }
        wanted.retain(|w| {
            let keeps = *shown == Some(w.hint) || comes_and_goes(w.hint);
            // A last time after now says that the clock was set: nothing stays for ever because of it.
            let gap = now.0.checked_sub(w.last.0);
            gap.is_some_and(|gap| gap == 0 || keeps && gap < settings.clear(w.hint))
        });
    }

    /// Shows the most useful hint that has been wanted for long enough. The shown one has been.
    fn settle(&mut self) {
        let confirmed = |w: &Wanted| {
            self.shown == Some(w.hint) || w.last.0.saturating_sub(w.since.0) >= self.settings.confirm(w.hint)
        };
        let stands = |hint: &&Advice| self.wanted.iter().any(|w| w.hint == **hint && confirmed(w));
        self.shown = HINTS.iter().find(stands).copied();
    }
}

/// Whether a moment without the fault does not begin its time anew: who speaks shuts the mouth again and again, and through
/// dark glasses a glint is taken for an eye now and then.
fn comes_and_goes(hint: Advice) -> bool {
    matches!(hint, Advice::CloseMouth | Advice::UncoverEyes | Advice::UncoverMouth | Advice::WhiteLight)
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
    use super::super::view::HIDDEN_EYE;
    use super::super::{Component, Detection, Landmarks, POINTS, Sighting, assess, scenes};
    use super::*;
    use crate::assessment::Assessment;
    use domain::image::Frame;
    use domain::units::QualityScore;

    const SETTINGS: GuideSettings = GuideSettings {
        confirm_ms: 60,
        clear_ms: 120,
        eyes_ms: 450,
        mouth_ms: 700,
        speech_ms: 400,
        hidden_ms: 1200,
        lost_ms: 700,
        max_lag: 0.08,
    };
    const GOOD: FaceBox = FaceBox { x: 215.0, y: 110.0, width: 210.0, height: 210.0, score: 9.0 };

    /// One sharp picture for all boxes: the guide looks at boxes, and drawing each would take a minute.
    fn judged(frame: &Frame, x: Option<f32>) -> FaceAssessment {
        assess(frame, &Detection::of(x.map(|x| FaceBox { x, ..GOOD }).into_iter().collect()).into())
    }

    fn at(step: usize) -> Millis {
        Millis(1000 + 66 * step as u64)
    }

    fn play(steps: &[Option<f32>]) -> Vec<Option<Advice>> {
        let frame = scenes::drawn_face(640, 480, &GOOD);
        let mut limits = proposed();
        limits.least_scores.clear();
        limits.natives.clear();
        let mut guide = Guide::new(SETTINGS);
        steps.iter().enumerate().map(|(i, &x)| guide.update(at(i), &judged(&frame, x), &limits)).collect()
    }

    /// What is shown for a still face whose `component` is poor in the steps of 33 ms that are marked `#`, and
    /// cannot be read in those marked `?`.
    fn poor(component: Component, steps: &str) -> Vec<Option<Advice>> {
        poor_with(Guide::new(SETTINGS), component, steps)
    }

    fn poor_with(mut guide: Guide, component: Component, steps: &str) -> Vec<Option<Advice>> {
        let frame = scenes::drawn_face(640, 480, &GOOD);
        let mut limits = proposed();
        limits.least_scores.clear();
        limits.natives.clear();
        limits.least_scores.insert(component, QualityScore::try_from(50).unwrap());
        let landmarks = Some(Landmarks::new(Box::new([[300.0; 3]; POINTS]), 1.0));
        let base = assess(&frame, &Sighting::by_landmarks(Detection::of(vec![GOOD]), landmarks));
        let step = |(i, mark): (usize, char)| {
            let mut now = base.clone();
            let score = if mark == '#' { 0.0 } else { 100.0 };
            for (_, answer) in now.components.iter_mut().filter(|(c, _)| *c == component) {
                *answer = match mark {
                    '?' => Assessment::FailureToAssess(HIDDEN_EYE),
                    _ => Assessment::scored(0.0, score, None),
                };
            }
            guide.update(Millis(1000 + 33 * i as u64), &now, &limits)
        };
        steps.chars().enumerate().map(step).collect()
    }

    fn changes(shown: &[Option<Advice>]) -> usize {
        shown.windows(2).filter(|w| w[0] != w[1]).count()
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
        assert!(changes(&shown) <= 1, "{shown:?}");
    }

    #[test]
    fn blinking_is_no_fault_and_shut_eyes_are() {
        let blink = "#".repeat(12);
        let open = ".".repeat(20);
        // A blink takes 400 ms at most; here it is seen in twelve frames, 363 ms apart.
        let blinking = [&open[..], &blink, &open, &blink, "....", &blink, &open].concat();
        assert!(poor(Component::EyesOpen, &blinking).iter().all(Option::is_none));
        let shown = poor(Component::EyesOpen, &[&open[..], &"#".repeat(40), &open].concat());
        assert_eq!(shown.iter().position(Option::is_some), Some(20 + 14), "450 ms after they shut: {shown:?}");
        assert_eq!(changes(&shown), 2);
        assert_eq!(shown.last(), Some(&None));
    }

    #[test]
    fn nobody_is_told_what_they_cannot_do() {
        let shut = "#".repeat(60);
        let blind = Guide::new(SETTINGS).never(Advice::OpenEyes);
        assert!(poor(Component::EyesOpen, &shut).contains(&Some(Advice::OpenEyes)));
        assert!(poor_with(blind.clone(), Component::EyesOpen, &shut).iter().all(Option::is_none));
        assert!(
            poor_with(blind, Component::MouthClosed, &shut).contains(&Some(Advice::CloseMouth)),
            "other hints stay"
        );
    }

    #[test]
    fn eyes_behind_dark_glasses_are_told_after_a_while_and_a_hand_before_them_is_not() {
        let open = ".".repeat(20);
        let hand = [&open[..], &"?".repeat(15), &open].concat();
        assert!(poor(Component::EyesOpen, &hand).iter().all(Option::is_none));
        // A glint is taken for an eye now and then.
        let glasses = "??????????.".repeat(8);
        let shown = poor(Component::EyesOpen, &[&open[..], &glasses, &open].concat());
        let told = shown.iter().position(Option::is_some).unwrap();
        assert!((20 + 37..=20 + 39).contains(&told), "1200 ms after they were put on: {shown:?}");
        assert_eq!((shown[told], changes(&shown), shown[shown.len() - 1]), (Some(Advice::UncoverEyes), 2, None));
    }

    #[test]
    fn speech_does_not_flicker_and_a_word_is_no_fault() {
        let silence = ".".repeat(20);
        let word = "###..##";
        assert!(poor(Component::MouthClosed, &[&silence[..], word, &silence].concat()).iter().all(Option::is_none));
        let speech = "####..##.....###".repeat(8);
        let shown = poor(Component::MouthClosed, &[&silence[..], &speech, &silence].concat());
        assert!(shown.contains(&Some(Advice::CloseMouth)));
        assert_eq!(changes(&shown), 2, "{shown:?}");
        assert_eq!(shown.last(), Some(&None));
    }

    #[test]
    fn a_more_useful_hint_takes_over_and_gives_back() {
        let frame = scenes::drawn_face(640, 480, &GOOD);
        let dark = scenes::lit(&frame, 0.06);
        let mut guide = Guide::new(SETTINGS);
        let shown: Vec<_> = (0..24)
            .map(|i| {
                guide.update(at(i), &judged(&dark, Some(if (8..16).contains(&i) { 40.0 } else { 215.0 })), &proposed())
            })
            .collect();
        assert_eq!(
            (shown[7], shown[11], shown[23]),
            (Some(Advice::MoreLight), Some(Advice::Left), Some(Advice::MoreLight))
        );
        // The step to the side is a movement too, but where to stand comes first.
        assert!(shown.iter().flatten().all(|hint| [Advice::MoreLight, Advice::Left].contains(hint)), "{shown:?}");
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
        // What was seen at the end of time does not stay for ever.
        guide.update(Millis(100), &judged(&frame, Some(215.0)), &proposed());
        assert_eq!(guide.update(Millis(200), &judged(&frame, Some(215.0)), &proposed()), None);
    }
}
