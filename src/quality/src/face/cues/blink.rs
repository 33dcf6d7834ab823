//! Eyes that do not blink.
//!
//! At rest people blink some 17 times a minute, in conversation more often (Bentivoglio et al., "Analysis of blink rate
//! patterns in normal subjects", Movement Disorders, 1997); one in a hundred goes for half a minute without. A short
//! look therefore says little, and the score grows slowly. The lids are those that the picture shows, not FaceMesh's, which
//! draws open ones over shut eyes; behind dark lenses nothing is said.

use super::{Finding, nth};
use domain::units::Millis;
use std::collections::VecDeque;

/// Openings that are remembered to know what is open for this person.
const MOST: usize = 64;
/// Share of the usual opening under which eyes are shut, and over which they are open again.
const SHUT: f32 = 0.55;
const OPEN: f32 = 0.8;
/// Frames farther apart may have missed a blink, ms: it takes 100 to 400.
const LARGEST_GAP: u64 = 150;
/// What is watched for less is not judged, ms.
const LEAST_WATCHED: u64 = 3_000;

/// Watches the lids.
#[derive(Default)]
pub(super) struct Blink {
    last: Option<Millis>,
    openings: VecDeque<f32>,
    /// Watched since the last blink, ms.
    watched: u64,
    shut: bool,
    /// A blink was seen at all.
    blinked: bool,
}

impl Blink {
    /// The opening of the lids, in any unit that stays the same while the head stays.
    pub fn feed(&mut self, at: Millis, opening: f32) {
        let gap = self.last.and_then(|last| at.0.checked_sub(last.0));
        self.last = Some(at);
        if let Some(gap) = gap.filter(|&gap| gap <= LARGEST_GAP) {
            self.watched += gap;
        }
        let usual = nth(self.openings.iter().copied(), 0.7).unwrap_or(opening);
        if opening < SHUT * usual {
            self.shut = true;
        } else if self.shut && opening > OPEN * usual {
            (self.shut, self.blinked, self.watched) = (false, true, 0);
        }
        if self.openings.len() == MOST {
            self.openings.pop_front();
        }
        self.openings.push_back(opening);
    }

    /// Grows towards 1 with the time constant `slow_ms`, from the last blink on.
    pub fn finding(&self, slow_ms: u64) -> Finding {
        if self.last.is_none() {
            return Finding::NotAssessed("no eyes on which lids are measured");
        }
        if self.watched < LEAST_WATCHED && !self.blinked {
            return Finding::NotAssessed("watched for too short a time");
        }
        let long = self.watched.saturating_sub(LEAST_WATCHED) as f64;
        Finding::Score(1.0 - (-long / slow_ms.max(1) as f64).exp())
    }
}
