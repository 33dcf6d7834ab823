//! Whether fingers lie on the glass as they did before: the interface does not tell when they were lifted.
//!
//! Fingers that rest give the same ridges at the same place again, within the noise of the sensor and a cut that may
//! wander by a few pixels. Fingers that were lifted never do: a finger put down twice bends, turns and shifts by more than
//! half a ridge somewhere.

use domain::finger::Finger;
use domain::guarded::Biometric;
use domain::image::FingerImage;

/// Correlation from which two pictures are of the same touch. On 36 pairs of touches of the project's own simulated
/// fingers it is at most .10, and for the same touch with the sensor's noise, cut 2 and 3 pixels beside, at least .85.
const SAME: f64 = 0.6;

/// How far the pictures are moved against each other, in half-resolution pixels each way.
const WANDER: isize = 2;

/// Side of the square whose mean is the ground that ridges stand out from, in half-resolution pixels: about a ridge period
/// at 500 pixels per inch.
const GROUND: usize = 5;

/// What lay on the glass.
pub(super) struct Resting(Vec<Relief>);

impl Resting {
    /// What these pictures show.
    pub(super) fn of(images: &[FingerImage]) -> Self {
        Self(images.iter().map(Relief::of).collect())
    }

    /// Whether all that came now lay there before, and was not moved.
    pub(super) fn lies_as_in(&self, images: &[FingerImage]) -> bool {
        let alike = |now: &FingerImage| {
            let before = self.0.iter().find(|before| before.position == now.position);
            before.is_some_and(|before| before.correlation(&Relief::of(now)) >= SAME)
        };
        !images.is_empty() && images.iter().all(alike)
    }
}

/// Ridges without the brightness around them, at half the resolution.
struct Relief {
    position: Option<Finger>,
    width: usize,
    height: usize,
    /// Grey values above or below the ground, halved so that they fit: 128 is the ground itself.
    heights: Biometric<Vec<u8>>,
}

impl Relief {
    fn of(image: &FingerImage) -> Self {
        let (width, height) = ((image.width / 2) as usize, (image.height / 2) as usize);
        let mut half = Biometric::new(Vec::with_capacity(width * height));
        for rows in image.grey().chunks_exact(2 * image.width.max(1) as usize).take(height) {
            let (upper, lower) = rows.split_at(image.width as usize);
            let pairs = upper.chunks_exact(2).zip(lower.chunks_exact(2)).take(width);
            let mean = |(a, b): (&[u8], &[u8])| (a.iter().chain(b).map(|grey| u32::from(*grey)).sum::<u32>() / 4) as u8;
            half.expose_mut().extend(pairs.map(mean));
        }
        let heights = Biometric::new(above_ground(half.expose(), width, height));
        Self { position: image.position, width, height, heights }
    }

    /// The highest normalised correlation within [`WANDER`], from -1 to 1; 0 for pictures without relief.
    fn correlation(&self, other: &Self) -> f64 {
        let moves = (-WANDER..=WANDER).flat_map(|dy| (-WANDER..=WANDER).map(move |dx| (dx, dy)));
        moves.map(|by| self.correlation_at(other, by)).fold(0.0, f64::max)
    }

    /// The same with the other picture moved by this much.
    fn correlation_at(&self, other: &Self, (dx, dy): (isize, isize)) -> f64 {
        let (here, there) = (|by: isize| by.max(0).unsigned_abs(), |by: isize| (-by).max(0).unsigned_abs());
        let width = self.width.min(other.width).saturating_sub(dx.unsigned_abs());
        let height = self.height.min(other.height).saturating_sub(dy.unsigned_abs());
        if width == 0 {
            return 0.0;
        }
        let (mut both, mut ours, mut theirs) = (0i64, 0i64, 0i64);
        for y in 0..height {
            let a = self.row(y + here(dy), here(dx), width);
            let b = other.row(y + there(dy), there(dx), width);
            for (a, b) in a.iter().zip(b) {
                let (a, b) = (i64::from(*a) - 128, i64::from(*b) - 128);
                (both, ours, theirs) = (both + a * b, ours + a * a, theirs + b * b);
            }
        }
        let power = (ours as f64 * theirs as f64).sqrt();
        if power > 0.0 { both as f64 / power } else { 0.0 }
    }

    fn row(&self, y: usize, from: usize, width: usize) -> &[u8] {
        &self.heights.expose()[y * self.width + from..][..width]
    }
}

/// Each pixel less the mean of the square around it, halved and put on 128.
fn above_ground(grey: &[u8], width: usize, height: usize) -> Vec<u8> {
    let reach = GROUND / 2;
    let mut heights = vec![128; width * height];
    for y in reach..height.saturating_sub(reach) {
        for x in reach..width.saturating_sub(reach) {
            let rows = (y - reach..=y + reach).map(|y| &grey[y * width + x - reach..][..GROUND]);
            let sum: i32 = rows.flatten().map(|grey| i32::from(*grey)).sum();
            let above = i32::from(grey[y * width + x]) - sum / (GROUND * GROUND) as i32;
            heights[y * width + x] = (128 + above / 2).clamp(0, 255) as u8;
        }
    }
    heights
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::units::Ppi;
    use proptest::prelude::*;

    /// Ridges of nine pixels that bend around a core, which a touch moves and turns.
    fn touch(width: u32, height: u32, (x0, y0): (f64, f64), turn: f64, noise: u32) -> FingerImage {
        let mut state = 0x9E37_79B9u32 ^ noise;
        let mut grey = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let (x, y) = (f64::from(x) - x0, f64::from(y) - y0);
                let (x, y) = (x * turn.cos() - y * turn.sin(), x * turn.sin() + y * turn.cos());
                let phase = (x * x + 1.4 * y * y).sqrt() + 8.0 * (x / 40.0).sin();
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noisy = f64::from(state >> 28) * if noise > 0 { 1.0 } else { 0.0 };
                grey.push((140.0 + 80.0 * (phase * core::f64::consts::TAU / 9.0).sin() + noisy) as u8);
            }
        }
        FingerImage::new(width, height, Ppi::FIVE_HUNDRED, 8, grey).unwrap()
    }

    fn named(image: FingerImage, finger: Finger) -> FingerImage {
        image.of(Some(finger))
    }

    #[test]
    fn fingers_that_rest_are_told_from_fingers_that_were_lifted() {
        let lay = Resting::of(&[touch(300, 400, (150.0, 190.0), 0.0, 0)]);
        for (what, now, rests) in [
            ("the same with noise", touch(300, 400, (150.0, 190.0), 0.0, 7), true),
            ("cut elsewhere", touch(297, 402, (147.0, 192.0), 0.0, 8), true),
            ("moved by a ridge and a half", touch(300, 400, (163.0, 190.0), 0.0, 9), false),
            ("turned by four degrees", touch(300, 400, (150.0, 190.0), 0.07, 9), false),
        ] {
            assert_eq!(lay.lies_as_in(&[now]), rests, "{what}");
        }
    }

    #[test]
    fn each_finger_is_held_against_itself() {
        let picture = |shift| touch(200, 240, (100.0 + shift, 110.0), 0.0, 0);
        let (index, middle) = (Finger::RightIndex, Finger::RightMiddle);
        let lay = Resting::of(&[named(picture(0.0), index), named(picture(13.0), middle)]);
        for (now, rests) in [
            (vec![named(picture(0.0), index), named(picture(13.0), middle)], true),
            (vec![named(picture(13.0), middle)], true),
            (vec![named(picture(0.0), index), named(picture(26.0), middle)], false),
            (vec![named(picture(0.0), middle)], false),
            (vec![named(picture(0.0), Finger::LeftIndex)], false),
            (vec![picture(0.0)], false),
            (vec![], false),
        ] {
            assert_eq!(lay.lies_as_in(&now), rests);
        }
    }

    proptest! {
        #[test]
        fn any_size_is_compared(w1 in 0u32..30, h1 in 0u32..30, w2 in 0u32..30, h2 in 0u32..30, grey: u8) {
            let flat = |w: u32, h: u32| FingerImage::new(w, h, Ppi::FIVE_HUNDRED, 8, vec![grey; (w * h) as usize]);
            if let (Ok(one), Ok(two)) = (flat(w1, h1), flat(w2, h2)) {
                prop_assert!(!Resting::of(&[one]).lies_as_in(&[two]), "nothing to be seen is nothing known");
            }
        }
    }
}
