//! Best shot: takes the picture by itself once the face has been good and still for long enough.

use crate::face::{FaceAssessment, FaceBox, FaceLimits, Limit};
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

/// A box that is farther than this from the one before, in its widths, is another face's (own value: half a face in
/// one frame is faster than people step aside).
const SAME_FACE_MOVES: f32 = 0.5;

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
    /// The best frame of this face outside the still time that runs: what is kept when time is up.
    best: Option<BestShot<T>>,
    still: Option<Still<T>>,
    /// The last frame with a face.
    seen: Option<(Millis, FaceBox)>,
    over: bool,
}

/// The still time that runs: a picture is taken from its frames only, all of which keep every limit.
#[derive(Debug)]
struct Still<T> {
    since: Millis,
    last: Millis,
    frames: u32,
    mean: FaceBox,
    best: BestShot<T>,
}

impl<T> AutoCapture<T> {
    /// Ready for the first frame.
    pub fn new(settings: AutoCaptureSettings) -> Self {
        Self { settings, started: None, best: None, still: None, seen: None, over: false }
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
        let good = match assessment.face() {
            Some(face) => self.see(at, face, assessment, limits, keep),
            None => {
                self.unsteady();
                false
            }
        };
        if let Some(still) = self.still.take_if(|still| long_enough(&self.settings, still)) {
            self.over = true;
            self.best = None;
            return Shot::Taken(still.best);
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
        self.unsteady();
        let mut best = self.best.take();
        if let Some(best) = best.as_mut().filter(|b| b.failing.is_empty()) {
            best.failing.push(Limit::NotStill);
        }
        Shot::GaveUp(best)
    }

    /// A frame with a face; whether it keeps every limit.
    fn see(
        &mut self,
        at: Millis,
        face: &FaceBox,
        assessment: &FaceAssessment,
        limits: &FaceLimits,
        keep: impl FnOnce() -> T,
    ) -> bool {
        if self.is_another(at, face) {
            (self.best, self.still) = (None, None);
        }
        self.seen = Some((at, *face));
        let failing = assessment.failing(limits);
        let good = failing.is_empty();
        let missed = Reverse(failing.len() + assessment.unassessed(limits).len());
        let rank = Rank { missed, optional: assessment.optional_passed(limits), at };
        let score = assessment.capture_score(limits);
        let shot = || BestShot { kept: keep(), at, face: *face, score, failing, rank };
        if good {
            self.steady(at, face, rank, shot);
        } else {
            self.unsteady();
            if self.best.as_ref().is_none_or(|best| rank > best.rank) {
                self.best = Some(shot());
            }
        }
        good
    }

    /// Whether the face may be another person's: frames of two people never stand for one picture.
    fn is_another(&self, at: Millis, face: &FaceBox) -> bool {
        self.seen.is_some_and(|(last, before)| {
            let followed = at.0.checked_sub(last.0).is_some_and(|gap| gap <= self.settings.max_gap_ms);
            !followed || face.moved_since(&before) > SAME_FACE_MOVES
        })
    }

    fn steady(&mut self, at: Millis, face: &FaceBox, rank: Rank, shot: impl FnOnce() -> BestShot<T>) {
        let max_move = self.settings.max_move;
        match self.still.as_mut().filter(|still| face.moved_since(&still.mean) <= max_move) {
            Some(still) => {
                still.mean = mean(&still.mean, face, still.frames);
                (still.last, still.frames) = (at, still.frames.saturating_add(1));
                if rank > still.best.rank {
                    still.best = shot();
                }
            }
            None => {
                self.unsteady();
                self.still = Some(Still { since: at, last: at, frames: 1, mean: *face, best: shot() });
            }
        }
    }

    /// Ends the still time; its best frame stays for when time is up.
    fn unsteady(&mut self) {
        let Some(still) = self.still.take() else { return };
        if self.best.as_ref().is_none_or(|best| still.best.rank > best.rank) {
            self.best = Some(still.best);
        }
    }
}

fn long_enough<T>(settings: &AutoCaptureSettings, still: &Still<T>) -> bool {
    let passed = still.last.0.saturating_sub(still.since.0);
    passed >= settings.stable_ms && still.frames >= settings.least_frames
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
mod tests;
