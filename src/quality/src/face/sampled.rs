//! A square of the frame, turned and scaled, as the numbers that a network takes.
//!
//! Samples lie as in the published graphs (MediaPipe's `ImageToTensor`): pixel (x, y) of the square is taken at x and y
//! whole steps from its corner, between the four nearest pixels; black beyond the frame. Where the square is much larger
//! than what is asked for, several samples are averaged around that place, since single ones would alias.

use crate::simd::{self, Kernel};
use domain::image::Frame;

/// Pixels of the frame for each sample along a direction. The graphs take one sample a pixel whatever the step; so do we up
/// to the step of a frame of 640 pixels.
const SPARSE: f32 = 5.0;
/// The most samples for each pixel along a direction: bounds the cost of huge frames.
const MOST_SAMPLES: usize = 8;

/// A square in the frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Square {
    /// Its middle, in pixels of the frame.
    pub centre: (f32, f32),
    /// Its side, in pixels of the frame.
    pub side: f32,
    /// By how much its upright is turned clockwise in the picture, in radians.
    pub turned: f32,
}

impl Square {
    /// The smallest upright square around the whole frame.
    pub fn around(frame: &Frame) -> Self {
        let (width, height) = (frame.width as f32, frame.height as f32);
        Self { centre: (width / 2.0, height / 2.0), side: width.max(height), turned: 0.0 }
    }

    /// A point of the square (0 to 1 from its upper left) in the frame.
    pub fn in_frame(&self, x: f32, y: f32) -> (f32, f32) {
        let (sin, cos) = self.turned.sin_cos();
        let (dx, dy) = ((x - 0.5) * self.side, (y - 0.5) * self.side);
        (self.centre.0 + dx * cos - dy * sin, self.centre.1 + dx * sin + dy * cos)
    }

    /// Whether it describes a square at all.
    pub fn is_sound(&self) -> bool {
        let near = |value: f32| value.is_finite() && value.abs() < 1e6;
        near(self.centre.0) && near(self.centre.1) && near(self.turned) && near(self.side) && self.side >= 1.0
    }

    /// Samples the square as `count` x `count` pixels of red, green and blue between `low` and `high`.
    pub fn sample(&self, frame: &Frame, count: usize, (low, high): (f32, f32), out: &mut [f32]) {
        if !self.is_sound() {
            out.fill(low);
            return;
        }
        let (sin, cos) = self.turned.sin_cos();
        let step = self.side / count as f32;
        let fine = ((step / SPARSE).round() as usize).clamp(1, MOST_SAMPLES);
        simd::best(Sampling {
            rgb: frame.rgb(),
            size: (i64::from(frame.width), i64::from(frame.height)),
            corner: self.in_frame(0.0, 0.0),
            right: (step * cos, step * sin),
            down: (-step * sin, step * cos),
            count,
            fine,
            scale: (high - low) / (255.0 * (fine * fine) as f32),
            low,
            out,
        });
    }
}

struct Sampling<'a> {
    rgb: &'a [u8],
    size: (i64, i64),
    corner: (f32, f32),
    /// From a pixel of the square to the one beside and to the one below it.
    right: (f32, f32),
    down: (f32, f32),
    count: usize,
    /// Samples for each pixel along a direction.
    fine: usize,
    scale: f32,
    low: f32,
    out: &'a mut [f32],
}

/// Places in the frame are whole numbers of this part of a pixel: the whole pixel is the upper half.
const PIXEL: f32 = 4_294_967_296.0;

impl Kernel for Sampling<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let fixed = |(x, y): (f32, f32)| ((x * PIXEL) as i64, (y * PIXEL) as i64);
        let (corner, right, down) = (fixed(self.corner), fixed(self.right), fixed(self.down));
        // Samples around the place of a pixel, evenly.
        let part = |all: i64, index: usize| all * (2 * index as i64 + 1 - self.fine as i64) / (2 * self.fine as i64);
        for (y, row) in (0..).zip(self.out.chunks_exact_mut(self.count * 3)) {
            let mut at = (corner.0 + y * down.0, corner.1 + y * down.1);
            for pixel in row.as_chunks_mut::<3>().0 {
                let mut sum = [0.0f32; 3];
                if self.fine == 1 {
                    add(self.rgb, self.size, at, &mut sum);
                } else {
                    for j in 0..self.fine {
                        let begin = (at.0 + part(down.0, j), at.1 + part(down.1, j));
                        for i in 0..self.fine {
                            let at = (begin.0 + part(right.0, i), begin.1 + part(right.1, i));
                            add(self.rgb, self.size, at, &mut sum);
                        }
                    }
                }
                *pixel = sum.map(|value| value * self.scale + self.low);
                at = (at.0 + right.0, at.1 + right.1);
            }
        }
    }
}

/// Adds the colour between four pixels; beyond the frame is black.
#[inline(always)]
fn add(rgb: &[u8], (width, height): (i64, i64), (x, y): (i64, i64), sum: &mut [f32; 3]) {
    let (column, row) = (x >> 32, y >> 32);
    let part = |place: i64| ((place as u32) >> 8) as i32 as f32 / 16_777_216.0;
    let (across, below) = (part(x), part(y));
    if (0..width - 1).contains(&column) && (0..height - 1).contains(&row) {
        let upper = ((row * width + column) * 3) as usize;
        let lower = upper + width as usize * 3;
        // Two pixels are six bytes; eight make a vector. The frame's very last pixels go the longer way.
        if let (Some(upper), Some(lower)) = (rgb[upper..].first_chunk::<8>(), rgb[lower..].first_chunk::<8>()) {
            let left = 1.0 - across;
            let weights = [left, left, left, across, across, across, 0.0, 0.0];
            let mut mixed = [0.0f32; 8];
            for lane in 0..8 {
                let (upper, lower) = (f32::from(upper[lane]), f32::from(lower[lane]));
                mixed[lane] = weights[lane] * (upper + below * (lower - upper));
            }
            for lane in 0..3 {
                sum[lane] += mixed[lane] + mixed[lane + 3];
            }
            return;
        }
    }
    for (dx, dy, weight) in [
        (0, 0, (1.0 - across) * (1.0 - below)),
        (1, 0, across * (1.0 - below)),
        (0, 1, (1.0 - across) * below),
        (1, 1, across * below),
    ] {
        let (column, row) = (column + dx, row + dy);
        if (0..width).contains(&column) && (0..height).contains(&row) {
            let at = ((row * width + column) * 3) as usize;
            for lane in 0..3 {
                sum[lane] += weight * f32::from(rgb[at + lane]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::units::Millis;

    /// Red grows to the right, green downwards.
    fn ramp(width: u32, height: u32) -> Frame {
        let pixels = (0..height).flat_map(|y| (0..width).flat_map(move |x| [x as u8, y as u8, 200])).collect();
        Frame::new(width, height, Millis(0), 0, pixels).unwrap()
    }

    #[test]
    fn samples_lie_where_the_square_says() {
        let frame = ramp(200, 100);
        for square in [
            Square { centre: (100.0, 50.0), side: 40.0, turned: 0.0 },
            Square { centre: (60.0, 40.0), side: 30.0, turned: 0.5 },
            Square { centre: (120.0, 55.0), side: 25.0, turned: -2.0 },
            Square { centre: (100.0, 50.0), side: 88.0, turned: 0.0 },
        ] {
            let mut out = vec![f32::NAN; 8 * 8 * 3];
            square.sample(&frame, 8, (0.0, 255.0), &mut out);
            for (index, pixel) in out.as_chunks::<3>().0.iter().enumerate() {
                let (x, y) = square.in_frame((index % 8) as f32 / 8.0, (index / 8) as f32 / 8.0);
                let near =
                    (pixel[0] - x).abs() < 1e-2 && (pixel[1] - y).abs() < 1e-2 && (pixel[2] - 200.0).abs() < 1e-2;
                assert!(near, "{square:?}: {pixel:?} at {x}, {y}");
            }
        }
    }

    #[test]
    fn beyond_the_frame_is_black() {
        let frame = ramp(20, 20);
        let square = Square { centre: (10.0, 10.0), side: 60.0, turned: 0.0 };
        let mut out = vec![f32::NAN; 30 * 30 * 3];
        square.sample(&frame, 30, (-1.0, 1.0), &mut out);
        let blue = |x: usize, y: usize| out[(y * 30 + x) * 3 + 2];
        assert_eq!((blue(0, 0), blue(29, 15), blue(15, 29)), (-1.0, -1.0, -1.0));
        assert!((blue(15, 15) - (200.0 / 127.5 - 1.0)).abs() < 1e-5);
    }

    #[test]
    fn frames_of_no_size_and_mad_squares_are_black() {
        for (width, height) in [(0, 0), (1, 1), (1, 7), (7, 1), (2, 2)] {
            let frame = Frame::new(width, height, Millis(0), 0, vec![255; (width * height * 3) as usize]).unwrap();
            for (centre, side, turned) in [((0.0, 0.0), 8.0, 0.0), ((1e9, -1e9), 1e9, 3.0), ((f32::NAN, 0.0), 5.0, 0.0)]
            {
                let mut out = vec![f32::NAN; 4 * 4 * 3];
                Square { centre, side, turned }.sample(&frame, 4, (0.0, 1.0), &mut out);
                assert!(out.iter().all(|v| (0.0..=1.001).contains(v)), "{width} x {height}: {out:?}");
            }
        }
    }
}
