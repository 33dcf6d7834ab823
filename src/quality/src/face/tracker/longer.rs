//! The longer look at a still picture, for which there is time.

use super::{SAME_FACE, Tracker, present};
use crate::face::MAX_FACES;
use crate::face::blaze::{Found, overlap};
use crate::face::detector::Sighting;
use crate::face::mesh::square_of;
use crate::face::sampled::Square;
use domain::image::Frame;

/// The longer look, part after part until somebody is found: the longer side of the frame over that of the squares, and
/// the least score. First the same look for less sure faces (eggs and empty booths stay below .1), then the frame made
/// smaller, for a face that fills it, then parts, for small ones; of those there are many, so they must be sure.
const LONGER: [(f32, f32); 5] = [(1.0, 0.3), (0.55, 0.5), (2.0, 0.7), (4.0, 0.7), (8.0, 0.7)];
/// The smallest square of the longer look that shows more than the one before, in pixels.
const SMALLEST_PART: f32 = 256.0;
/// Answers of the longer look for which points are looked for at most: bounds the time that a poster of ten thousand
/// faces costs.
const MOST_CHECKED: usize = MAX_FACES;

impl Tracker {
    /// A longer look at a picture in which nobody was found. A face is believed only if it has points.
    pub(super) fn look_longer(&mut self, frame: &Frame) -> Sighting {
        let mut sure: Vec<Found> = Vec::new();
        let mut checks = MOST_CHECKED;
        for (size, least) in LONGER {
            let side = frame.width.max(frame.height) as f32 / size;
            if !sure.is_empty() || checks == 0 || (size > 1.0 && side < SMALLEST_PART) {
                break;
            }
            for square in parts(frame, side) {
                self.blaze.find(frame, &square, least, &mut self.found);
                let Self { found, mesh, .. } = self;
                found.truncate(checks);
                checks -= found.len();
                found.retain(|found| present(mesh, frame, &square_of(found)).is_some());
                sure.extend_from_slice(found);
            }
        }
        // Neighbouring parts overlap: the surest answer of each face is left.
        sure.sort_by(|a, b| b.score.total_cmp(&a.score));
        self.found.clear();
        for found in &sure {
            if self.found.iter().all(|other| overlap(&other.edges, &found.edges) <= SAME_FACE) {
                self.found.push(*found);
            }
        }
        sure.iter_mut().for_each(Found::wipe);
        self.settle(frame)
    }
}

/// Squares of this side, as many as cover the frame, each overlapping its neighbours by half.
fn parts(frame: &Frame, side: f32) -> impl Iterator<Item = Square> {
    let (width, height) = (frame.width as f32, frame.height as f32);
    let steps = |length: f32| ((length / side * 2.0).ceil() as usize).saturating_sub(1).max(1);
    let (columns, rows) = (steps(width), steps(height));
    let middle = move |index: usize, count: usize, length: f32| {
        if count == 1 { length / 2.0 } else { side / 2.0 + (length - side) * index as f32 / (count - 1) as f32 }
    };
    (0..columns * rows).map(move |index| {
        let centre = (middle(index % columns, columns, width), middle(index / columns, rows, height));
        Square { centre, side, turned: 0.0 }
    })
}
