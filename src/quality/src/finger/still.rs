//! Whether a finger rests: the same ridges in the same places from frame to frame.
//!
//! Both frames are cut into blocks; in each block with texture the greys of the two frames are correlated, and the median
//! over the blocks is the answer. A ridge is about nine pixels wide with its valley, so a shift of one pixel from frame to
//! frame leaves .77 of the correlation of a finger that rests, two pixels .17, and more turn it over. A single blot or
//! reflection moves no median.

use domain::guarded::Biometric;
use domain::image::FingerImage;

/// Side of a block in pixels at 500 ppi: two to three ridges.
const BLOCK: usize = 24;
/// Every second pixel of every second row is enough: the finest ridges are four pixels wide.
const STEP: usize = 2;
/// Blocks of less standard deviation in greys have no ridges to compare.
const LEAST_SPREAD: f64 = 12.0;
/// Of fewer blocks nothing can be said: they are less than a quarter of a fingertip.
const LEAST_BLOCKS: usize = 6;

/// Compares each frame with the one before.
#[derive(Debug, Default)]
pub struct Stillness {
    before: Option<Before>,
    found: Vec<f64>,
}

#[derive(Debug)]
struct Before {
    width: u32,
    height: u32,
    grey: Biometric<Vec<u8>>,
}

impl Stillness {
    /// How much this frame is like the one before: 1 the same, about 0 and below moved by two pixels or more. Nothing for
    /// the first frame, for one of another size, and where too little shows.
    pub fn compare(&mut self, image: &FingerImage) -> Option<f64> {
        let alike = match &self.before {
            Some(before) if (before.width, before.height) == (image.width, image.height) => {
                alike(image.width as usize, before.grey.expose(), image.grey(), &mut self.found)
            }
            _ => None,
        };
        match &mut self.before {
            // The same memory again: a frame after another costs none.
            Some(before) if before.grey.expose().len() == image.grey().len() => {
                before.grey.expose_mut().copy_from_slice(image.grey());
                (before.width, before.height) = (image.width, image.height);
            }
            before => {
                let grey = Biometric::new(image.grey().to_vec());
                *before = Some(Before { width: image.width, height: image.height, grey });
            }
        }
        alike
    }

    /// Forgets the frame before.
    pub fn forget(&mut self) {
        self.before = None;
    }
}

fn alike(width: usize, before: &[u8], now: &[u8], found: &mut Vec<f64>) -> Option<f64> {
    let (columns, rows) = (width / BLOCK, now.len() / width.max(1) / BLOCK);
    found.clear();
    for index in 0..columns * rows {
        let corner = index / columns * BLOCK * width + index % columns * BLOCK;
        found.extend(correlation(&before[corner..], &now[corner..], width));
    }
    if found.len() < LEAST_BLOCKS {
        return None;
    }
    let middle = found.len() / 2;
    Some(*found.select_nth_unstable_by(middle, f64::total_cmp).1)
}

/// Correlation of the block at the beginning of both; nothing where either has no texture.
fn correlation(before: &[u8], now: &[u8], width: usize) -> Option<f64> {
    let [mut a, mut b, mut aa, mut bb, mut ab] = [0u32; 5];
    for row in (0..BLOCK).step_by(STEP) {
        let start = row * width;
        let pair = before[start..start + BLOCK].iter().zip(&now[start..start + BLOCK]);
        for (old, new) in pair.step_by(STEP) {
            let (old, new) = (u32::from(*old), u32::from(*new));
            (a, b, aa, bb, ab) = (a + old, b + new, aa + old * old, bb + new * new, ab + old * new);
        }
    }
    let count = BLOCK.div_ceil(STEP).pow(2) as f64;
    let [a, b, aa, bb, ab] = [a, b, aa, bb, ab].map(|sum| f64::from(sum) / count);
    let (first, second) = (aa - a * a, bb - b * b);
    let least = LEAST_SPREAD * LEAST_SPREAD;
    (first >= least && second >= least).then(|| (ab - a * b) / (first * second).sqrt())
}

#[cfg(test)]
mod tests {
    use super::super::drawn::{Whorl, image, scrambled};
    use super::*;
    use proptest::prelude::*;

    /// The same print moved to the right, with noise of its own.
    fn moved(by: u32, noise: u32) -> FingerImage {
        let whole = Whorl { reach: 120, ..Whorl::clean(320, 320) }.draw();
        image(300, 300, 500, |x, y| {
            let at = whole.grey()[((y + 10) * 320 + x + 10 - by) as usize];
            at.saturating_sub((scrambled(x + noise * 977, y) % 12) as u8)
        })
    }

    #[test]
    fn a_finger_that_rests_is_told_from_one_that_moves() {
        for (by, least, most) in [(0, 0.9, 1.0), (1, 0.5, 0.9), (2, -0.3, 0.6), (4, -1.0, 0.0)] {
            let mut stillness = Stillness::default();
            assert_eq!(stillness.compare(&moved(0, 1)), None, "nothing to compare with");
            let alike = stillness.compare(&moved(by, 2)).unwrap();
            assert!((least..=most).contains(&alike), "{by} pixels: {alike}");
        }
    }

    #[test]
    fn an_empty_glass_and_another_size_say_nothing() {
        let mut stillness = Stillness::default();
        let empty = image(300, 300, 500, |x, y| 240 - (scrambled(x, y) % 8) as u8);
        assert_eq!((stillness.compare(&empty), stillness.compare(&empty)), (None, None));
        stillness.compare(&moved(0, 1));
        assert_eq!(stillness.compare(&image(150, 600, 500, |_, _| 7)), None, "as many pixels, another shape");
        stillness.compare(&moved(0, 1));
        stillness.forget();
        assert_eq!(stillness.compare(&moved(0, 1)), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn any_two_frames_give_a_correlation_or_nothing(
            (width, height) in (0u32..160, 0u32..160),
            seeds in any::<(u32, u32)>(),
        ) {
            let mut stillness = Stillness::default();
            let frame = |seed: u32| image(width, height, 500, |x, y| scrambled(x ^ seed, y) as u8);
            prop_assert_eq!(stillness.compare(&frame(seeds.0)), None);
            if let Some(alike) = stillness.compare(&frame(seeds.1)) {
                prop_assert!((-1.000_001..=1.000_001).contains(&alike), "{}", alike);
            }
        }
    }
}
