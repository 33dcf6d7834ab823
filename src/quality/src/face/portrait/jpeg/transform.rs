//! From pixels to rounded coefficients, in pieces that the compiler makes vectors of.

use super::tables::ZIGZAG;
use crate::simd::Kernel;

/// Pixels along a block's side.
pub const SIDE: usize = 8;

/// Rows of the transform's scale (Arai, Agui and Nakajima, "A fast DCT-SQ scheme for images", 1988), as in the
/// Independent JPEG Group's jfdctflt.c.
const SCALE: [f32; SIDE] = [1.0, 1.387_039_8, 1.306_563, 1.175_875_6, 1.0, 0.785_694_96, 0.541_196_1, 0.275_899_38];

/// What the transformed values of a block are multiplied with before they are rounded.
pub fn factors(steps: &[u8; 64]) -> [f32; 64] {
    std::array::from_fn(|at| 1.0 / (f32::from(steps[at]) * SCALE[at / SIDE] * SCALE[at % SIDE] * SIDE as f32))
}

/// Eight rows of pixels as luminance and both colours (JFIF: ITU-R BT.601, all of 0 to 255), less 128; the last pixel of
/// each row is repeated up to whole blocks.
pub struct Split<'a> {
    /// Pixels of one row at least.
    pub rows: [&'a [u8]; SIDE],
    /// Three planes, each of eight rows of `stride` values.
    pub planes: &'a mut [f32],
    pub stride: usize,
}

impl Kernel for Split<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (luminance, colours) = self.planes.split_at_mut(SIDE * self.stride);
        let (blue, red) = colours.split_at_mut(SIDE * self.stride);
        let lines = luminance.chunks_exact_mut(self.stride).zip(blue.chunks_exact_mut(self.stride));
        let lines = lines.zip(red.chunks_exact_mut(self.stride));
        for (((y, cb), cr), row) in lines.zip(self.rows) {
            for (((y, cb), cr), pixel) in y.iter_mut().zip(cb.iter_mut()).zip(cr.iter_mut()).zip(row.chunks_exact(3)) {
                let [r, g, b] = [f32::from(pixel[0]), f32::from(pixel[1]), f32::from(pixel[2])];
                *y = 0.299 * r + 0.587 * g + 0.114 * b - 128.0;
                *cb = 0.5 * b - 0.168_735_9 * r - 0.331_264_1 * g;
                *cr = 0.5 * r - 0.418_687_6 * g - 0.081_312_4 * b;
            }
            let width = row.len() / 3;
            for line in [y, cb, cr] {
                let last = line[width - 1];
                line[width..].fill(last);
            }
        }
    }
}

/// A row of blocks of one plane, transformed and rounded, in the file's order of coefficients.
pub struct Transform<'a> {
    /// Eight rows of whole blocks.
    pub plane: &'a [f32],
    /// Of [`factors`].
    pub factors: &'a [f32; 64],
    /// A block for each of the row.
    pub blocks: &'a mut [[i16; 64]],
}

impl Kernel for Transform<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let stride = self.plane.len() / SIDE;
        for (at, to) in self.blocks.iter_mut().enumerate() {
            let mut block = [[0f32; SIDE]; SIDE];
            for (y, row) in block.iter_mut().enumerate() {
                row.copy_from_slice(&self.plane[y * stride + at * SIDE..][..SIDE]);
            }
            let done = turned(&eight(turned(&eight(block))));
            let mut rounded = [0i16; 64];
            for ((to, value), factor) in rounded.iter_mut().zip(done.as_flattened()).zip(self.factors) {
                *to = nearest(value * factor);
            }
            for (to, &from) in to.iter_mut().zip(&ZIGZAG) {
                *to = rounded[usize::from(from)];
            }
        }
    }
}

/// The nearest whole number of a value within +-2^15: adding 1.5 * 2^23 leaves no bits for the rest.
#[inline(always)]
fn nearest(value: f32) -> i16 {
    (value + 12_582_912.0).to_bits().wrapping_sub(0x4B40_0000) as i16
}

#[inline(always)]
fn turned(block: &[[f32; SIDE]; SIDE]) -> [[f32; SIDE]; SIDE] {
    std::array::from_fn(|y| std::array::from_fn(|x| block[x][y]))
}

type Lane = [f32; SIDE];

#[inline(always)]
fn plus(a: Lane, b: Lane) -> Lane {
    std::array::from_fn(|i| a[i] + b[i])
}

#[inline(always)]
fn minus(a: Lane, b: Lane) -> Lane {
    std::array::from_fn(|i| a[i] - b[i])
}

#[inline(always)]
fn times(a: Lane, by: f32) -> Lane {
    a.map(|v| v * by)
}

/// The transform down all eight columns at once.
#[inline(always)]
fn eight(rows: [Lane; SIDE]) -> [Lane; SIDE] {
    /// Square root of one half; cosine of 3/8 pi; the differences of the rotation by it.
    const TURN: [f32; 4] = [0.707_106_77, 0.382_683_43, 0.541_196_1, 1.306_563];
    let [a, b, c, d, e, f, g, h] = rows;
    let (s07, d07) = (plus(a, h), minus(a, h));
    let (s16, d16) = (plus(b, g), minus(b, g));
    let (s25, d25) = (plus(c, f), minus(c, f));
    let (s34, d34) = (plus(d, e), minus(d, e));
    // Even frequencies.
    let (outer, inner) = (plus(s07, s34), plus(s16, s25));
    let (outer_off, inner_off) = (minus(s07, s34), minus(s16, s25));
    let z = times(plus(inner_off, outer_off), TURN[0]);
    // Odd frequencies.
    let (p, q, r) = (plus(d34, d25), plus(d25, d16), plus(d16, d07));
    let z5 = times(minus(p, r), TURN[1]);
    let z2 = plus(times(p, TURN[2]), z5);
    let z4 = plus(times(r, TURN[3]), z5);
    let z3 = times(q, TURN[0]);
    let (z11, z13) = (plus(d07, z3), minus(d07, z3));
    [
        plus(outer, inner),
        plus(z11, z4),
        plus(outer_off, z),
        minus(z13, z2),
        minus(outer, inner),
        plus(z13, z2),
        minus(outer_off, z),
        minus(z11, z4),
    ]
}
