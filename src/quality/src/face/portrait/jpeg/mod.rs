//! A baseline JPEG encoder (ITU-T T.81, JFIF), colours at full resolution.
//!
//! Our own for two reasons: everything between the pixels and the file is wiped, which encoders that keep rows of their
//! own do not; and a file that grows too large is given up at once, so that looking for a quality that fits is cheap.

mod tables;
mod transform;

use super::crop::Picture;
use crate::simd;
use tables::{
    CHROMINANCE, CHROMINANCE_FIRST, CHROMINANCE_REST, Code, LUMINANCE, LUMINANCE_FIRST, LUMINANCE_REST, ZIGZAG,
};
use transform::{SIDE, Split, Transform};
use zeroize::{Zeroize, Zeroizing};

/// Bytes that one block can take: 64 coefficients of 16 bits of code and 11 of value, every byte escaped.
const LARGEST_BLOCK: usize = 64 * 27 / 8 * 2;
/// Bytes of everything before the first block, and more.
const HEADER: usize = 1024;

/// What came of an attempt.
pub enum Encoded {
    /// The file, of `most` bytes at most. Its vector never grew, so that no copy stays behind in freed memory.
    File(Vec<u8>),
    /// It would be larger: about this many bytes.
    TooLarge(usize),
}

/// Encodes a picture that has pixels and whose sides are at most 65,535, at a quality of libjpeg's scale (1 to 100),
/// unless the file would have more than `most` bytes.
pub fn encode(picture: &Picture, quality: u8, most: usize) -> Encoded {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let steps = [&LUMINANCE, &CHROMINANCE].map(|table| tables::steps(table, quality));
    let factors = steps.map(|steps| transform::factors(&steps));
    let codes = [[&LUMINANCE_FIRST, &LUMINANCE_REST], [&CHROMINANCE_FIRST, &CHROMINANCE_REST]];
    let words = codes.map(|pair| pair.map(words));
    // A larger file than the pixels themselves would be is no use to anybody.
    let room = most.min(picture.rgb.len() * 2) + HEADER + 3 * LARGEST_BLOCK;
    let mut file = File { bytes: Vec::with_capacity(room), held: 0, free: 64 };
    header(&mut file.bytes, (picture.width, picture.height), &steps);
    let start = file.bytes.len();
    let across = width.div_ceil(SIDE);
    let mut planes = Zeroizing::new(vec![0f32; 3 * SIDE * SIDE * across]);
    let mut blocks = Blocks(vec![[0i16; 64]; 3 * across]);
    let mut before = [0i16; 3];
    for top in (0..height).step_by(SIDE) {
        let row = |y: usize| &picture.rgb[(top + y).min(height - 1) * width * 3..][..width * 3];
        simd::best(Split { rows: std::array::from_fn(row), planes: &mut planes, stride: across * SIDE });
        let by_plane = planes.chunks_exact(SIDE * SIDE * across).zip(blocks.0.chunks_exact_mut(across));
        for (number, (plane, blocks)) in by_plane.enumerate() {
            simd::best(Transform { plane, factors: &factors[number.min(1)], blocks });
        }
        for at in 0..across {
            if file.bytes.len() + HEADER + 3 * LARGEST_BLOCK > room {
                let done = (top / SIDE * across + at).max(1);
                let all = across * height.div_ceil(SIDE);
                let body = (file.bytes.len() - start).saturating_mul(all) / done;
                file.bytes.zeroize();
                return Encoded::TooLarge((start + body).max(most));
            }
            for (number, before) in before.iter_mut().enumerate() {
                file.block(&blocks.0[number * across + at], before, &words[number.min(1)]);
            }
        }
    }
    file.end();
    if file.bytes.len() > most {
        let size = file.bytes.len();
        file.bytes.zeroize();
        return Encoded::TooLarge(size);
    }
    Encoded::File(file.bytes)
}

/// Coefficients, wiped on drop.
struct Blocks(Vec<[i16; 64]>);

impl Drop for Blocks {
    fn drop(&mut self) {
        self.0.as_flattened_mut().zeroize();
    }
}

/// A word of a code: its bits and how many they are.
type Word = (u16, u8);

/// The word for each value.
fn words(code: &Code) -> [Word; 256] {
    let mut words = [(0, 0); 256];
    let mut values = code.values.iter();
    let mut word = 0u16;
    for (length, &count) in (1u8..).zip(&code.lengths) {
        for &value in values.by_ref().take(usize::from(count)) {
            words[usize::from(value)] = (word, length);
            word += 1;
        }
        word <<= 1;
    }
    words
}

fn header(file: &mut Vec<u8>, (width, height): (u32, u32), steps: &[[u8; 64]; 2]) {
    file.extend([0xFF, 0xD8]);
    let mut segment = |marker: u8, parts: &[&[u8]]| {
        let length = 2 + parts.iter().map(|part| part.len()).sum::<usize>();
        file.extend([0xFF, marker]);
        file.extend((length as u16).to_be_bytes());
        parts.iter().for_each(|part| file.extend_from_slice(part));
    };
    // One pixel is as wide as it is high; no thumbnail.
    segment(0xE0, &[b"JFIF\0", &[1, 1, 0, 0, 1, 0, 1, 0, 0]]);
    for (number, steps) in (0u8..).zip(steps) {
        segment(0xDB, &[&[number], &ZIGZAG.map(|at| steps[usize::from(at)])]);
    }
    let [height, width] = [height, width].map(|side| (side as u16).to_be_bytes());
    segment(0xC0, &[&[8], &height, &width, &[3, 1, 0x11, 0, 2, 0x11, 1, 3, 0x11, 1]]);
    let codes = [(0x00, LUMINANCE_FIRST), (0x10, LUMINANCE_REST), (0x01, CHROMINANCE_FIRST), (0x11, CHROMINANCE_REST)];
    for (number, code) in codes {
        segment(0xC4, &[&[number], &code.lengths, code.values]);
    }
    segment(0xDA, &[&[3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0]]);
}

/// The file as it is written: whole bytes, and bits that wait for more.
struct File {
    bytes: Vec<u8>,
    /// Waiting bits, the first of them highest.
    held: u64,
    /// How many bits there is still room for.
    free: u32,
}

impl File {
    /// One block of one component; `before` is the first coefficient of that component's block before.
    fn block(&mut self, block: &[i16; 64], before: &mut i16, [first, rest]: &[[Word; 256]; 2]) {
        let (bits, size) = value(block[0].wrapping_sub(*before));
        *before = block[0];
        self.put(first[size as usize], bits, size);
        let mut set = block.iter().enumerate().skip(1).fold(0u64, |set, (at, &v)| set | u64::from(v != 0) << at);
        let mut last = 0;
        while set != 0 {
            let at = set.trailing_zeros();
            set &= set - 1;
            let mut run = at - last - 1;
            while run > 15 {
                self.put(rest[0xF0], 0, 0);
                run -= 16;
            }
            let (bits, size) = value(block[at as usize]);
            self.put(rest[(run << 4 | size) as usize], bits, size);
            last = at;
        }
        if last != 63 {
            self.put(rest[0], 0, 0);
        }
    }

    /// A word of a code and the bits of the value behind it.
    #[inline(always)]
    fn put(&mut self, (word, length): Word, bits: u32, size: u32) {
        let count = u32::from(length) + size;
        let all = u64::from(word) << size | u64::from(bits);
        if count > self.free {
            self.flush();
        }
        self.free -= count;
        self.held |= all << self.free;
    }

    /// Writes every whole byte that waits; a byte of ones is followed by one of zeros.
    fn flush(&mut self) {
        while self.free <= 56 {
            let byte = (self.held >> 56) as u8;
            self.bytes.push(byte);
            if byte == 0xFF {
                self.bytes.push(0);
            }
            self.held <<= 8;
            self.free += 8;
        }
    }

    /// Fills the last byte with ones and closes the file.
    fn end(&mut self) {
        let open = self.free % 8;
        if open > 0 {
            self.put(((1 << open) - 1, open as u8), 0, 0);
        }
        self.flush();
        self.bytes.extend([0xFF, 0xD9]);
    }
}

/// A coefficient as T.81 writes it: its bits (of negative ones those of the value less one) and how many they are.
#[inline(always)]
fn value(v: i16) -> (u32, u32) {
    let v = i32::from(v);
    let size = 32 - v.unsigned_abs().leading_zeros();
    let bits = (v + (v >> 31)) as u32 & ((1 << size) - 1);
    (bits, size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::codecs::jpeg::JpegEncoder;
    use proptest::prelude::*;

    fn picture(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> Picture {
        let pixel = &pixel;
        let rgb = (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect();
        Picture { width, height, rgb: Zeroizing::new(rgb) }
    }

    /// Slopes, an edge and some grain.
    fn scene(x: u32, y: u32) -> [u8; 3] {
        let grain = (x.wrapping_mul(7919) ^ y.wrapping_mul(104_729)).wrapping_mul(2_654_435_761) >> 29;
        let edge = if x + 2 * y > 150 { 60 } else { 0 };
        [40 + x + grain, 255 - y / 2 - grain, 90 + edge + grain].map(|v| v.min(255) as u8)
    }

    fn file(picture: &Picture, quality: u8) -> Vec<u8> {
        match encode(picture, quality, usize::MAX) {
            Encoded::File(file) => file,
            Encoded::TooLarge(size) => panic!("{size} bytes"),
        }
    }

    /// Root of the mean squared difference after decoding by another program's code.
    fn error(picture: &Picture, file: &[u8]) -> f64 {
        let decoded = image::load_from_memory(file).unwrap().into_rgb8();
        assert_eq!(decoded.dimensions(), (picture.width, picture.height));
        let squares = decoded.as_raw().iter().zip(picture.rgb.iter()).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2));
        (squares.sum::<f64>() / picture.rgb.len() as f64).sqrt()
    }

    #[test]
    fn files_are_as_true_and_as_small_as_those_of_another_encoder() {
        let picture = picture(150, 117, scene);
        for quality in [1, 30, 60, 90, 95, 100] {
            let mut other = Vec::new();
            JpegEncoder::new_with_quality(&mut other, quality)
                .encode(&picture.rgb, 150, 117, image::ExtendedColorType::Rgb8)
                .unwrap();
            let ours = file(&picture, quality);
            let (off, limit) = (error(&picture, &ours), error(&picture, &other));
            assert!(off <= limit * 1.02 + 0.05, "{quality}: {off} for {limit}");
            // At 100 the other one gives up a little of the finest steps for size.
            assert!(
                quality == 100 || ours.len() as f64 <= other.len() as f64 * 1.04,
                "{quality}: {} for {}",
                ours.len(),
                other.len()
            );
        }
    }

    #[test]
    fn a_file_that_would_be_too_large_is_given_up_with_an_estimate() {
        let picture = picture(320, 240, scene);
        let size = file(&picture, 90).len();
        for (most, fits) in [(size, true), (size - 1, false), (size / 2, false), (0, false)] {
            match encode(&picture, 90, most) {
                Encoded::File(file) => assert!(fits && file.len() == size, "{most}"),
                Encoded::TooLarge(about) => {
                    assert!(!fits, "{most}");
                    assert!(most == 0 || about.abs_diff(size) < size / 3, "{about} for {size}");
                }
            }
        }
    }

    #[test]
    fn the_widest_registers_change_no_coefficient() {
        let mut plane = vec![0f32; 64 * 9];
        plane.iter_mut().enumerate().for_each(|(i, v)| *v = ((i * 7919) % 255) as f32 - 128.0);
        let factors = transform::factors(&tables::steps(&LUMINANCE, 95));
        let (mut wide, mut plain) = (vec![[0i16; 64]; 9], vec![[0i16; 64]; 9]);
        simd::best(Transform { plane: &plane, factors: &factors, blocks: &mut wide });
        simd::plain(Transform { plane: &plane, factors: &factors, blocks: &mut plain });
        assert_eq!(wide, plain);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn whatever_the_pixels_the_file_shows_them(
            width in 1u32..40, height in 1u32..40, seed in any::<u32>(), coarse in any::<bool>(), quality in 1u8..=100,
        ) {
            let noise = |x: u32, y: u32| {
                let (x, y) = if coarse { (x / 9, y / 9) } else { (x, y) };
                let mixed = (x ^ seed).wrapping_mul(2_654_435_761).rotate_left(11) ^ y.wrapping_mul(40_503);
                [mixed, mixed >> 9, mixed >> 18].map(|v| if v & 64 == 0 { v as u8 } else { 255 - (v as u8 & 1) })
            };
            let picture = picture(width, height, noise);
            let capacity = |most| match encode(&picture, quality, most) {
                Encoded::File(file) => Some((file.len(), error(&picture, &file))),
                Encoded::TooLarge(_) => None,
            };
            if let Some((size, off)) = capacity(picture.rgb.len() * 2) {
                prop_assert!(quality < 95 || off < 12.0, "{}", off);
                prop_assert!(capacity(size).is_some() && capacity(size - 1).is_none());
            }
        }
    }
}
