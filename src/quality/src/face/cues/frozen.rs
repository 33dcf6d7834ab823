//! Frames that were seen before: a stream that stands still or goes round.
//!
//! No two frames of a sensor are alike, because of its noise. A frame that differs from an earlier one by clearly less
//! than neighbouring frames differ at their least was not taken anew.

use super::{Finding, nth};
use domain::image::Frame;
use std::collections::VecDeque;
use zeroize::Zeroize;

/// Places along each axis at which a frame is remembered: single pixels, because a mean would take the noise away.
const PLACES: usize = 32;
/// Frames that are remembered, at most: ten seconds at fifteen a second.
const MOST: usize = 150;
/// Frames of which the share of repeats is taken.
const RECENT: usize = 32;
/// Mean difference in grey levels under which two frames are the same whatever the noise: one place in fifty differs by
/// one level.
const SAME: f32 = 0.02;
/// Share of the stream's least difference between neighbours under which a frame repeats another.
const REPEAT: f32 = 0.25;
/// Grey levels that a frame must span: a covered camera gives black frames, which have nothing to differ in.
const LEAST_SPAN: u8 = 24;

/// Green of a frame at [`PLACES`] squared places, wiped on drop.
struct Print([u8; PLACES * PLACES]);

impl Drop for Print {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Remembers frames.
#[derive(Default)]
pub(super) struct Frozen {
    prints: VecDeque<Box<Print>>,
    /// Differences between neighbours that differ at all.
    steps: VecDeque<f32>,
    /// Which of the last frames repeat an earlier one.
    repeats: VecDeque<bool>,
}

impl Frozen {
    pub fn feed(&mut self, frame: &Frame) {
        let Some(print) = Print::of(frame) else { return };
        let mut nearest = f32::MAX;
        for known in &self.prints {
            nearest = nearest.min(print.difference(known));
        }
        if let Some(last) = self.prints.back() {
            let step = print.difference(last);
            let repeats = nearest <= self.limit();
            keep(&mut self.repeats, repeats, RECENT);
            if step > SAME {
                keep(&mut self.steps, step, RECENT);
            }
        }
        keep(&mut self.prints, Box::new(print), MOST);
    }

    /// The share of the last frames that repeat an earlier one.
    pub fn finding(&self, least_frames: usize) -> Finding {
        if self.repeats.len() < least_frames.max(1) {
            return Finding::NotAssessed("too few frames");
        }
        let repeats = self.repeats.iter().filter(|&&repeat| repeat).count();
        Finding::Score(repeats as f64 / self.repeats.len() as f64)
    }

    fn limit(&self) -> f32 {
        // Of the quietest neighbours, not the mean: whoever stands still for once differs by noise alone.
        let quiet = nth(self.steps.iter().copied(), 0.2).filter(|_| self.steps.len() >= 8);
        quiet.map_or(SAME, |step| SAME.max(step * REPEAT))
    }
}

impl Print {
    fn of(frame: &Frame) -> Option<Self> {
        let (width, height) = (frame.width as usize, frame.height as usize);
        if width < PLACES || height < PLACES {
            return None;
        }
        let mut print = Self([0; PLACES * PLACES]);
        let at = |place: usize, side: usize| (2 * place + 1) * side / (2 * PLACES);
        for (place, to) in print.0.iter_mut().enumerate() {
            let (x, y) = (at(place % PLACES, width), at(place / PLACES, height));
            *to = frame.rgb()[(y * width + x) * 3 + 1];
        }
        let (least, most) = print.0.iter().fold((u8::MAX, 0), |(a, b), &v| (a.min(v), b.max(v)));
        (most - least >= LEAST_SPAN).then_some(print)
    }

    /// Mean difference, grey levels.
    fn difference(&self, other: &Self) -> f32 {
        let sum: u32 = self.0.iter().zip(&other.0).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        sum as f32 / self.0.len() as f32
    }
}

fn keep<T>(list: &mut VecDeque<T>, value: T, most: usize) {
    if list.len() == most {
        list.pop_front();
    }
    list.push_back(value);
}
