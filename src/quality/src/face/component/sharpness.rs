//! Sharpness of the face.
//!
//! The standard's own measure is a random forest whose weights are not ours to ship. Ours is the perceptual blur of
//! Crete-Roffet et al., "The blur effect: perception and estimation with a new no-reference perceptual blur metric"
//! (SPIE 6492, 2007): blur the picture once more and see how much its differences between neighbours shrink. A sharp
//! picture loses much, a blurred one little. It needs no training and hardly depends on contrast. One change: differences
//! are squared before they are summed, so that edges of the face outweigh the sensor's noise, which is sharp in every
//! picture; without it a dark face in noise passes for sharp however blurred it is.

use super::{FaceView, sigmoid};
use crate::assessment::{Advice, Assessment};

/// Length of the averaging window (the paper's).
const WINDOW: usize = 9;
/// Middle and width of the score's sigmoid. Own measurement on rendered heads of 200 pixels in 640 x 480 frames: lens
/// blur of .5 pixels (standard deviation) gives .63 to .77, 1.5 about .55, 2.7 about .42, 4.5 about .29.
const MIDDLE: f64 = 0.42;
const WIDTH: f64 = 0.04;
/// Scores below this are smeared.
const POOR: f64 = 20.0;
/// Mean squared difference between neighbours, in grey levels, under which there is nothing to be sharp.
const FLAT: f64 = 0.05;

/// Native: 1 - blur effect, 0 (fully blurred) to 1; score 100 sigmoid(native, [`MIDDLE`], [`WIDTH`]).
pub fn assess(view: &FaceView) -> Assessment {
    let width = view.grid_width;
    let height = view.grid.len() / width.max(1);
    if width < 2 * WINDOW || height < 2 * WINDOW {
        return Assessment::FailureToAssess("too few pixels for sharpness");
    }
    let rows = view.grid.chunks_exact(width);
    let across = rows.fold(Differences::default(), |sum, row| sum.add(row));
    let mut line = vec![0f32; height];
    let down = (0..width).fold(Differences::default(), |sum, x| {
        for (cell, row) in line.iter_mut().zip(view.grid.chunks_exact(width)) {
            *cell = row[x];
        }
        sum.add(&line)
    });
    let (Some(across), Some(down)) = (across.kept(), down.kept()) else {
        return Assessment::FailureToAssess("nothing in the face to be sharp");
    };
    let native = 1.0 - across.max(down);
    let score = 100.0 * sigmoid(native, MIDDLE, WIDTH);
    Assessment::scored(native, score, (score < POOR).then_some(Advice::HoldStill))
}

/// Sums over one direction.
#[derive(Default)]
struct Differences {
    count: usize,
    sharp: f64,
    lost: f64,
}

impl Differences {
    /// Adds the differences of one line and what averaging takes from them.
    fn add(mut self, line: &[f32]) -> Self {
        // The difference of neighbouring window means telescopes: (entering value - leaving value) / window.
        let half = WINDOW / 2;
        let (mut sharp, mut lost) = (0f32, 0f32);
        for at in half + 1..line.len() - half {
            let here = (line[at] - line[at - 1]).abs();
            let averaged = (line[at + half] - line[at - half - 1]).abs() / WINDOW as f32;
            sharp += here * here;
            lost += (here * here - averaged * averaged).max(0.0);
        }
        self.count += line.len() - WINDOW;
        self.sharp += f64::from(sharp);
        self.lost += f64::from(lost);
        self
    }

    /// The share of differences that survives averaging: the blur effect in this direction.
    fn kept(&self) -> Option<f64> {
        (self.sharp > FLAT * self.count as f64).then(|| ((self.sharp - self.lost) / self.sharp).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{FaceBox, scenes};
    use super::*;

    const FACE: FaceBox = FaceBox { x: 20.0, y: 20.0, width: 160.0, height: 160.0, score: 1.0 };

    #[test]
    fn blurring_lowers_the_measure_step_by_step() {
        let sharp = scenes::drawn_face(200, 200, &FACE);
        let natives: Vec<f64> = [0, 2, 4, 8]
            .map(|radius| {
                assess(&FaceView::of(&scenes::blurred(&sharp, radius), &[FACE], None).unwrap()).native().unwrap()
            })
            .to_vec();
        assert!(natives.is_sorted_by(|a, b| a > b), "{natives:?}");
    }

    #[test]
    fn a_flat_face_is_not_called_sharp_or_blurred() {
        let view = FaceView::of(&scenes::flat(200, 200, [99; 3]), &[FACE], None).unwrap();
        assert_eq!(assess(&view), Assessment::FailureToAssess("nothing in the face to be sharp"));
    }
}
