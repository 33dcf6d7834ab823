//! Sharpness of the face.
//!
//! The standard's own measure is a random forest whose weights are not ours to ship. Ours is the perceptual blur of
//! Crete-Roffet et al., "The blur effect: perception and estimation with a new no-reference perceptual blur metric"
//! (SPIE 6492, 2007): blur the picture once more and see how much its differences between neighbours shrink. A sharp
//! picture loses much, a blurred one little. It needs no training and hardly depends on contrast. Two changes: differences
//! are squared before they are summed, so that edges of the face outweigh the sensor's noise, and what noise adds to the
//! sums is taken away, as much as Immerkaer's operator finds ("Fast noise variance estimation", CVIU 64, 1996; here with
//! the median). Noise is sharp in every picture; without that a smeared face passes for sharp, the more it is smeared.

use super::{FaceView, sigmoid};
use crate::assessment::{Advice, Assessment};

/// Length of the averaging window (the paper's).
const WINDOW: usize = 9;
/// Middle and width of the score's sigmoid. Own measurement on six rendered heads of 210 pixels in 640 x 480 frames: lens
/// blur of .5 pixels (standard deviation) gives .63 to .71 (.59 to .68 in noise of 8 grey levels), 1.5 about .39, 2.7 about
/// .22; streaks of 6 pixels .30 to .33, of 20 and more up to .32 whatever the noise.
const MIDDLE: f64 = 0.36;
const WIDTH: f64 = 0.04;
/// Scores below this are smeared.
const POOR: f64 = 20.0;
/// Share of the squared differences that are taken for real at least, however noisy the picture seems.
const LEAST_LEFT: f64 = 0.001;
/// Mean squared difference between neighbours, in grey levels, under which there is nothing to be sharp.
const FLAT: f64 = 0.05;

/// Native: 1 - blur effect, 0 (fully blurred) to 1; score 100 sigmoid(native, [`MIDDLE`], [`WIDTH`]).
pub fn assess(view: &FaceView) -> Assessment {
    let width = view.grid_width;
    let height = view.grid.len() / width.max(1);
    if width < 2 * WINDOW || height < 2 * WINDOW {
        return Assessment::FailureToAssess("too few pixels for sharpness");
    }
    let noise = noise(&view.grid, width);
    let rows = view.grid.chunks_exact(width);
    let across = rows.fold(Differences::default(), |sum, row| sum.add(row));
    let mut line = vec![0f32; height];
    let down = (0..width).fold(Differences::default(), |sum, x| {
        for (cell, row) in line.iter_mut().zip(view.grid.chunks_exact(width)) {
            *cell = row[x];
        }
        sum.add(&line)
    });
    let (Some(across), Some(down)) = (across.kept(noise), down.kept(noise)) else {
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

    /// The share of differences that survives averaging: the blur effect in this direction, without what `noise` of that
    /// variance adds.
    fn kept(&self, noise: f64) -> Option<f64> {
        let count = self.count as f64;
        if self.sharp <= FLAT * count {
            return None;
        }
        // Neighbours differ by noise twice, means over a window by the window's square less.
        let sharp = (self.sharp - 2.0 * noise * count).max(self.sharp * LEAST_LEFT);
        let averaged = self.sharp - self.lost - 2.0 * noise * count / (WINDOW * WINDOW) as f64;
        Some((averaged.max(0.0) / sharp).min(1.0).sqrt())
    }
}

/// The variance of what no smooth surface and no straight edge explains: the sensor's noise.
fn noise(grid: &[f32], width: usize) -> f64 {
    // Every third place is enough. The few that reach from the end of a row to the next do not move a median.
    let mut found: Vec<f32> = Vec::with_capacity(grid.len() / 3 + 1);
    for rows in grid.windows(2 * width + 3).step_by(3) {
        let second = |from: usize| rows[from] - 2.0 * rows[from + 1] + rows[from + 2];
        found.push((second(0) - 2.0 * second(width) + second(2 * width)).abs());
    }
    if found.is_empty() {
        return 0.0;
    }
    let middle = found.len() / 2;
    let median = f64::from(*found.select_nth_unstable_by(middle, f32::total_cmp).1);
    // The operator makes 36 of a variance; the median of a normal distribution's absolute values is .6745 of its spread.
    (median / (6.0 * 0.6745)).powi(2)
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
    fn noise_does_not_make_a_smeared_face_sharp() {
        let sharp = scenes::drawn_face(200, 200, &FACE);
        let native = |radius: u32, most: u32| {
            let mut state = 5u32;
            let blurred = scenes::blurred(&sharp, radius);
            let rgb = blurred.rgb().iter().map(|&v| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                v.saturating_add(((state >> 24) % (most + 1)) as u8)
            });
            let noisy = domain::image::Frame::new(200, 200, blurred.captured_at, 0, rgb.collect()).unwrap();
            assess(&FaceView::of(&noisy, &[FACE], None).unwrap()).native().unwrap()
        };
        for most in [0, 8, 24] {
            assert!(native(0, most) > native(8, most) + 0.15, "{most}: {} and {}", native(0, most), native(8, most));
            assert!((native(8, most) - native(8, 0)).abs() < 0.2, "{most}: {} for {}", native(8, most), native(8, 0));
        }
    }

    #[test]
    fn a_flat_face_is_not_called_sharp_or_blurred() {
        let view = FaceView::of(&scenes::flat(200, 200, [99; 3]), &[FACE], None).unwrap();
        assert_eq!(assess(&view), Assessment::FailureToAssess("nothing in the face to be sharp"));
    }
}
