//! Points that move as those of a flat picture do.
//!
//! Whatever moves a flat sheet, its points go where an affine map takes them; perspective within a sheet of a head's size
//! adds little. A head has depth: when it turns, or is seen from another side, its nose moves against its ears. Measured
//! with FaceMesh on rendered heads and sheets, in distances between the eyes: what an affine map leaves over is .036 for
//! a head turned by 5 degrees and .03 for one that moved aside by .65, .002 to .008 for sheets that did the same.
//!
//! The reference is renewed every few seconds, and at once after a gap or a jump: who shows a head first and a sheet then
//! is not compared with the head for long.
//!
//! Somebody who moves aside and keeps facing the camera shows little depth too: the cue is a hint to look, no more.

use super::{Finding, nth};
use crate::face::Landmarks;
use domain::units::Millis;
use std::collections::VecDeque;
use zeroize::Zeroize;

/// Points of skull and nose, which neither speech nor expression moves, in FaceMesh's numbers: nose, eyes' corners,
/// forehead, temples, ears and cheeks.
const RIGID: [usize; 19] = [1, 4, 168, 6, 2, 64, 294, 33, 133, 362, 263, 10, 151, 127, 356, 234, 454, 50, 280];
/// Places of the eyes' outer corners in [`RIGID`].
const CORNERS: [usize; 2] = [7, 10];
/// Distance of those corners in distances between the eyes' centres.
const CORNERS_APART: f32 = 1.45;
/// Weight of the newest frame in the smoothed points: a network's points tremble.
const NEWEST: f32 = 0.4;
/// Frames after which the smoothed points are a reference.
const SETTLED: u32 = 5;
/// Frames that are remembered.
const MOST: usize = 64;
/// Scale against the reference beyond which perspective would be taken for depth: a new reference is taken.
const LARGEST_SCALE: f32 = 1.25;
/// Time after which a new reference is taken, ms (own value: longer than a step aside takes).
const RENEWED: u64 = 3_000;
/// Frames farther apart, ms, or points that are farther from where they were, in distances between the eyes, may show
/// something else than before: all begins anew. Who walks makes .3 from frame to frame.
const LARGEST_GAP: u64 = 500;
const JUMP: f32 = 0.75;
/// Movement, in distances between the eyes, under which a sheet and a head cannot be told apart, and over which they can.
const MOVED: [f32; 2] = [0.25, 0.65];
/// What is left over of a flat thing at most, and of a head at least.
const LEFT: [f32; 2] = [0.007, 0.02];

type Points = [[f32; 2]; RIGID.len()];

/// Compares points over time.
#[derive(Default)]
pub(super) struct Flat {
    frames: u32,
    now: Points,
    reference: Points,
    moves: VecDeque<Move>,
    /// The last of the moves are against this reference: so many.
    fresh: usize,
    /// Times of the last frame and of the reference.
    last: Millis,
    since: Millis,
    seen: bool,
}

/// A frame against the reference, in distances between the eyes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Move {
    /// How far the face has gone.
    far: f32,
    /// What an affine map leaves over.
    left: f32,
    /// Grown to.
    scale: f32,
}

impl Flat {
    pub fn feed(&mut self, at: Millis, landmarks: &Landmarks) {
        self.seen = true;
        let newest = RIGID.map(|at| [landmarks.points()[at][0], landmarks.points()[at][1]]);
        if self.is_other(at, &newest) {
            (self.frames, self.fresh) = (0, 0);
            self.moves.clear();
        }
        self.last = at;
        let share = if self.frames == 0 { 1.0 } else { NEWEST };
        for (now, new) in self.now.as_flattened_mut().iter_mut().zip(newest.as_flattened()) {
            *now += (new - *now) * share;
        }
        self.frames = self.frames.saturating_add(1);
        if self.frames == SETTLED {
            self.renew(at);
        }
        if self.frames <= SETTLED {
            return;
        }
        match Move::between(&self.reference, &self.now) {
            Some(moved) if (1.0 / LARGEST_SCALE..=LARGEST_SCALE).contains(&moved.scale) => {
                if self.moves.len() == MOST {
                    self.moves.pop_front();
                }
                self.moves.push_back(moved);
                self.fresh = (self.fresh + 1).min(MOST);
                if at.0.saturating_sub(self.since.0) >= RENEWED {
                    self.renew(at);
                }
            }
            _ => self.renew(at),
        }
    }

    fn renew(&mut self, at: Millis) {
        (self.reference, self.since, self.fresh) = (self.now, at, 0);
    }

    /// Whether frames are missing in between, or the points have jumped.
    fn is_other(&self, at: Millis, newest: &Points) -> bool {
        let jump = self.now.iter().zip(newest).map(|(p, q)| (p[0] - q[0]).hypot(p[1] - q[1])).sum::<f32>();
        let [p, q] = CORNERS.map(|corner| self.now[corner]);
        let unit = (p[0] - q[0]).hypot(p[1] - q[1]) / CORNERS_APART;
        let gap = at.0.checked_sub(self.last.0);
        self.frames > 0 && (gap.is_none_or(|gap| gap > LARGEST_GAP) || jump > JUMP * unit * RIGID.len() as f32)
    }

    pub fn finding(&self, least_frames: usize) -> Finding {
        if !self.seen {
            return Finding::NotAssessed("needs landmarks");
        }
        // Those against an earlier reference speak only until there are enough of the new one.
        let stale = if self.fresh >= least_frames.max(1) { self.moves.len() - self.fresh } else { 0 };
        let moves = || self.moves.iter().skip(stale);
        let far = moves().map(|m| m.far).fold(0.0, f32::max);
        let telling = moves().filter(|m| m.far >= far / 2.0);
        let Some(left) = nth(telling.map(|m| m.left), 0.8).filter(|_| self.moves.len() >= least_frames) else {
            return Finding::NotAssessed("too few frames");
        };
        if left < LEFT[1] && far < MOVED[0] {
            return Finding::NotAssessed("too little movement");
        }
        let flat = ((LEFT[1] - left) / (LEFT[1] - LEFT[0])).clamp(0.0, 1.0);
        let sure = ((far - MOVED[0]) / (MOVED[1] - MOVED[0])).clamp(0.0, 1.0);
        Finding::Score(f64::from(flat * sure))
    }
}

impl Drop for Flat {
    fn drop(&mut self) {
        self.now.as_flattened_mut().zeroize();
        self.reference.as_flattened_mut().zeroize();
    }
}

impl Move {
    /// Fits the affine map by least squares; none where the points lie on one line.
    fn between(from: &Points, to: &Points) -> Option<Self> {
        let mean = |points: &Points, axis: usize| points.iter().map(|p| p[axis]).sum::<f32>() / RIGID.len() as f32;
        let (fx, fy, tx, ty) = (mean(from, 0), mean(from, 1), mean(to, 0), mean(to, 1));
        let pairs = || from.iter().zip(to).map(|(f, t)| ([f[0] - fx, f[1] - fy], [t[0] - tx, t[1] - ty]));
        let (mut xx, mut xy, mut yy, mut right) = (0.0, 0.0, 0.0, [[0f32; 2]; 2]);
        for ([x, y], aim) in pairs() {
            (xx, xy, yy) = (xx + x * x, xy + x * y, yy + y * y);
            for (row, v) in right.iter_mut().zip(aim) {
                *row = [row[0] + x * v, row[1] + y * v];
            }
        }
        let determinant = xx * yy - xy * xy;
        let [a, b] = right.map(|[x, y]| [(x * yy - y * xy) / determinant, (y * xx - x * xy) / determinant]);
        let off = pairs().map(|([x, y], [u, v])| (a[0] * x + a[1] * y - u).powi(2) + (b[0] * x + b[1] * y - v).powi(2));
        let left = (off.sum::<f32>() / RIGID.len() as f32).sqrt();
        let apart = |points: &Points| {
            let [p, q] = CORNERS.map(|at| points[at]);
            (p[0] - q[0]).hypot(p[1] - q[1]) / CORNERS_APART
        };
        let (before, now) = (apart(from), apart(to));
        let moved = Self {
            far: (tx - fx).hypot(ty - fy) / before,
            left: left / now,
            scale: (a[0] * b[1] - a[1] * b[0]).abs().sqrt(),
        };
        let numbers = [moved.far, moved.left, moved.scale];
        numbers.iter().all(|v| v.is_finite()).then_some(moved)
    }
}
