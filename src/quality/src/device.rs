//! What a picture says of the device that took it, and not of whoever is in it: a dirty platen, an ageing light.

mod residue;

pub use residue::residue;

use domain::image::{FingerImage, Frame};

/// The rim of a finger's image that is looked at, as a share of its shorter side: few fingertips reach that far.
const RIM: u32 = 16;

/// The corners of a camera's frame that are looked at, as a share of each side: beside and above the head.
const CORNER: u32 = 8;

/// How light the platen is where no finger lies: the mean grey, 0 to 255, of an image's rim without its darker half,
/// which a finger may cover. Nothing for an image without a rim.
pub fn platen(image: &FingerImage) -> Option<f64> {
    let rim = image.width.min(image.height) / RIM;
    if rim == 0 {
        return None;
    }
    let (width, height) = (image.width, image.height);
    let mut counts = [0u64; 256];
    for (y, row) in (0..height).zip(image.grey().chunks_exact(width as usize)) {
        let all_of_it = y < rim || y >= height - rim;
        let (left, right) = row.split_at(row.len() / 2);
        let sides = [&left[..left.len().min(rim as usize)], &right[right.len() - right.len().min(rim as usize)..]];
        let looked_at: &[&[u8]] = if all_of_it { &[row] } else { &sides };
        looked_at.iter().flat_map(|part| part.iter()).for_each(|grey| counts[usize::from(*grey)] += 1);
    }
    lighter_half(&counts)
}

/// How light the backdrop is: the mean of the green channel, 0 to 255, in the lighter half of a frame's upper corners.
/// Nothing for a frame without corners.
pub fn backdrop(frame: &Frame) -> Option<f64> {
    let (wide, high) = ((frame.width / CORNER) as usize, (frame.height / CORNER) as usize);
    if wide == 0 {
        return None;
    }
    let mut counts = [0u64; 256];
    for row in frame.rgb().chunks_exact(3 * frame.width as usize).take(high) {
        for part in [&row[..3 * wide], &row[row.len() - 3 * wide..]] {
            part.iter().skip(1).step_by(3).for_each(|green| counts[usize::from(*green)] += 1);
        }
    }
    lighter_half(&counts)
}

/// The mean of the lighter half of what was counted.
fn lighter_half(counts: &[u64; 256]) -> Option<f64> {
    let half = counts.iter().sum::<u64>().div_ceil(2);
    let (mut seen, mut sum) = (0, 0);
    for (grey, n) in counts.iter().enumerate().rev() {
        let taken = (*n).min(half - seen);
        seen += taken;
        sum += taken * grey as u64;
    }
    (half > 0).then(|| sum as f64 / half as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::units::{Millis, Ppi};
    use proptest::prelude::*;

    pub(super) fn print(width: u32, height: u32, grey: impl Fn(u32, u32) -> u8) -> FingerImage {
        let pixels = (0..width * height).map(|i| grey(i % width, i / width)).collect();
        FingerImage::new(width, height, Ppi::FIVE_HUNDRED, 8, pixels).unwrap()
    }

    #[test]
    fn the_finger_in_the_middle_does_not_count() {
        let finger = |x: u32, y: u32| (40..120).contains(&x) && (40..160).contains(&y);
        for (platen_grey, finger_grey) in [(250, 30), (250, 200), (190, 30)] {
            let image = print(160, 200, |x, y| if finger(x, y) { finger_grey } else { platen_grey });
            assert_eq!(platen(&image), Some(f64::from(platen_grey)));
        }
    }

    #[test]
    fn a_finger_over_one_side_does_not_count_either() {
        let image = print(160, 200, |x, _| if x < 60 { 30 } else { 240 });
        assert_eq!(platen(&image), Some(240.0));
    }

    #[test]
    fn who_stands_before_the_backdrop_does_not_count() {
        let pixels = (0..64 * 48).flat_map(|i| if (16..48).contains(&(i % 64)) { [20, 30, 40] } else { [9, 180, 200] });
        let frame = Frame::new(64, 48, Millis(0), 0, pixels.collect()).unwrap();
        assert_eq!(backdrop(&frame), Some(180.0));
    }

    proptest! {
        #[test]
        fn any_size_is_measured_or_not(width in 0u32..40, height in 0u32..40, grey: u8) {
            if let Ok(image) = FingerImage::new(width, height, Ppi::FIVE_HUNDRED, 8, vec![grey; (width * height) as usize]) {
                prop_assert!(platen(&image).is_none_or(|found| found == f64::from(grey)));
                prop_assert!(residue(&image).is_none_or(|found| found == 255.0));
            }
            if let Ok(frame) = Frame::new(width, height, Millis(0), 0, vec![grey; (3 * width * height) as usize]) {
                prop_assert!(backdrop(&frame).is_none_or(|found| found == f64::from(grey)));
            }
        }
    }
}
