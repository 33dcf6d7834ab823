//! Best shot: takes the picture by itself once the face has been good and still for long enough.

use super::{FaceAssessment, FaceBox, FaceLimits, Limit};
use domain::units::{Millis, QualityScore};
use serde::Deserialize;

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

/// How good a frame is as the picture to keep, by the best-shot rule: limits kept, then optional components passed,
/// then the capture score, then the later frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    /// Minus the number of limits not kept.
    limits: i32,
    optional: usize,
    score: Option<QualityScore>,
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
        let count = i32::try_from(failing.len()).unwrap_or(i32::MAX);
        let rank = Rank { limits: -count, optional: assessment.optional_passed(limits), score, at };
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
