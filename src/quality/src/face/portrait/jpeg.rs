//! The portrait as a JPEG file of limited size, by `jpeg-encoder`: that of `image` takes twice as long.

use super::crop::Picture;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use std::io::{self, Write};
use zeroize::Zeroizing;

/// What came of an attempt.
pub enum Encoded {
    /// The file, of `most` bytes at most. Its vector never grew, so that no copy stays behind in freed memory.
    File(Vec<u8>),
    /// It would have this many bytes.
    TooLarge(usize),
}

/// Encodes a picture at a quality of libjpeg's scale (1 to 100), colours at full resolution, unless the file would have
/// more than `most` bytes. `None` for a picture without pixels or of more than 65,535 across or down.
pub fn encode(picture: &Picture, quality: u8, most: usize) -> Option<Encoded> {
    let sides = (u16::try_from(picture.width).ok()?, u16::try_from(picture.height).ok()?);
    // A larger file than twice the pixels themselves is no use to anybody; the tables of a small one need room, too.
    let most = most.min(picture.rgb.len() * 2 + 4096);
    let mut file = Bounded { bytes: Zeroizing::new(Vec::with_capacity(most)), size: 0, most };
    let mut encoder = Encoder::new(&mut file, quality.clamp(1, 100));
    encoder.set_sampling_factor(SamplingFactor::R_4_4_4);
    encoder.encode(&picture.rgb, sides.0, sides.1, ColorType::Rgb).ok()?;
    Some(if file.size > most { Encoded::TooLarge(file.size) } else { Encoded::File(std::mem::take(&mut *file.bytes)) })
}

/// Keeps up to `most` bytes and counts all.
struct Bounded {
    bytes: Zeroizing<Vec<u8>>,
    size: usize,
    most: usize,
}

impl Write for Bounded {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        self.size += part.len();
        if self.size <= self.most {
            self.bytes.extend_from_slice(part);
        }
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slopes, an edge and some grain.
    fn picture(width: u32, height: u32) -> Picture {
        let pixel = |x: u32, y: u32| {
            let grain = (x.wrapping_mul(7919) ^ y.wrapping_mul(104_729)).wrapping_mul(2_654_435_761) >> 29;
            let edge = if x + 2 * y > 150 { 60 } else { 0 };
            [40 + x + grain, 255 - y / 2 - grain, 90 + edge + grain].map(|v| v.min(255) as u8)
        };
        let rgb = (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect();
        Picture { width, height, rgb: Zeroizing::new(rgb) }
    }

    fn size(picture: &Picture, most: usize) -> (usize, bool) {
        match encode(picture, 90, most).unwrap() {
            Encoded::File(file) => (file.len(), true),
            Encoded::TooLarge(size) => (size, false),
        }
    }

    #[test]
    fn a_file_shows_the_picture_and_never_grows_over_its_limit() {
        let picture = picture(200, 150);
        let Some(Encoded::File(file)) = encode(&picture, 95, usize::MAX) else { panic!("refused") };
        let decoded = image::load_from_memory(&file).unwrap().into_rgb8();
        let off = decoded.as_raw().iter().zip(picture.rgb.iter()).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>();
        assert!(off / (picture.rgb.len() as f64) < 3.0, "{off}");
        let (whole, _) = size(&picture, usize::MAX);
        for (most, fits) in [(whole, true), (whole - 1, false), (whole / 2, false), (0, false)] {
            assert_eq!(size(&picture, most), (whole, fits), "{most}");
        }
    }

    #[test]
    fn what_no_jpeg_can_hold_is_refused() {
        for (width, height) in [(0, 0), (0, 9), (65_536, 1)] {
            assert!(encode(&picture(width, height), 90, usize::MAX).is_none(), "{width} x {height}");
        }
    }
}
