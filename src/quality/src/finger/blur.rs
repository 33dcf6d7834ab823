//! Gaussian blur in 8-bit fixed point, equal to OpenCV's: its rounding decides what Otsu's threshold sees.
//!
//! The weights of a blur are whole 256ths and their sums over rows and columns are whole numbers, which nothing
//! rounds before the end. So they need not be added up one by one: with `P` the running sum of the samples, the
//! blurred value is a sum of differences `P[right] - P[left]`, one for every step by which the weights rise towards
//! the middle. Steps are few, since neighbouring weights are often the same, and running sums may wrap around.

/// Columns that are blurred side by side; rows of the planes are padded to whole groups.
pub(super) const LANES: usize = 64;

/// One blur: the steps of its weights. Step `i` is taken at tap `i` from the left, and at tap `i` from the right back.
pub(super) struct Blur {
    /// Taps on each side of the middle one.
    pub half: usize,
    /// Steps of two 256ths or more.
    twos: &'static [usize],
    /// Steps of an odd number of 256ths.
    ones: &'static [usize],
    /// Steps down of one 256th: the weights' rounding errors are carried on, so that they do not rise evenly.
    downs: &'static [usize],
}

/// Over 41 pixels.
pub(super) const BLUR_41: Blur =
    Blur { half: 20, twos: &[10, 12, 14, 16, 17], ones: &[2, 4, 6, 8, 11, 14, 20], downs: &[3] };

/// Over 91 pixels.
pub(super) const BLUR_91: Blur =
    Blur { half: 45, twos: &[], ones: &[6, 10, 13, 16, 19, 21, 25, 29, 31, 35, 39, 45], downs: &[7, 11, 15, 20] };

impl Blur {
    /// The number of running sums that `count` blurred values need.
    pub const fn sums(&self, count: usize) -> usize {
        count + 2 * self.half + 1
    }

    /// The two running sums whose difference counts for a step, from the place of the blurred value on.
    #[inline(always)]
    fn ends(&self, step: usize) -> (usize, usize) {
        (2 * self.half + 1 - step, step)
    }
}

/// Whole numbers that wrap around.
pub(super) trait Wrapping: Copy + Default {
    /// Sum.
    fn plus(self, other: Self) -> Self;
    /// Difference.
    fn minus(self, other: Self) -> Self;
}

macro_rules! wrapping {
    ($($number:ty),+) => {$(
        impl Wrapping for $number {
            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }

            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
        }
    )+};
}
wrapping!(u16, u32);

/// `LANES` values at once: `at(i)` gives the running sums `i` places on from those of the first tap.
#[inline(always)]
fn weighed<'a, T: Wrapping + 'a>(blur: &Blur, at: impl Fn(usize) -> &'a [T; LANES]) -> [T; LANES] {
    let mut sums = [T::default(); LANES];
    for &step in blur.twos {
        let (right, left) = blur.ends(step);
        add(&mut sums, at(right), at(left));
    }
    if !blur.twos.is_empty() {
        for sum in &mut sums {
            *sum = sum.plus(*sum);
        }
    }
    for &step in blur.ones {
        let (right, left) = blur.ends(step);
        add(&mut sums, at(right), at(left));
    }
    for &step in blur.downs {
        let (right, left) = blur.ends(step);
        add(&mut sums, at(left), at(right));
    }
    sums
}

#[inline(always)]
fn add<T: Wrapping>(sums: &mut [T; LANES], plus: &[T; LANES], minus: &[T; LANES]) {
    for i in 0..LANES {
        sums[i] = sums[i].plus(plus[i].minus(minus[i]));
    }
}

/// Where the samples beyond both ends of a line come from: the line mirrored about its last sample, which is not
/// repeated (-1 is 1).
pub(super) fn mirror(places: &mut Vec<usize>, length: usize, half: usize) {
    places.clear();
    let beyond = (0..half).map(|i| i as isize - half as isize).chain((0..half).map(|i| (length + i) as isize));
    places.extend(beyond.map(|index| mirrored(index, length)));
}

/// The index mirrored into 0..length.
pub(super) fn mirrored(index: isize, length: usize) -> usize {
    if length == 1 {
        return 0;
    }
    let period = 2 * (length as isize - 1);
    let folded = index.rem_euclid(period);
    folded.min(period - folded) as usize
}

/// Blurs one row. `sums` is room for the running sums, `mirror` tells what lies beyond the row's ends.
#[inline(always)]
pub(super) fn across(blur: &Blur, row: &[u8], mirror: &[usize], sums: &mut [u16], out: &mut [u16]) {
    let half = blur.half;
    let mut sum = 0u16;
    let beyond = |place: &usize| u16::from(row[*place]);
    sums[0] = 0;
    for (into, place) in sums[1..].iter_mut().zip(&mirror[..half]) {
        sum = sum.wrapping_add(beyond(place));
        *into = sum;
    }
    for (into, &sample) in sums[half + 1..].iter_mut().zip(row) {
        sum = sum.wrapping_add(u16::from(sample));
        *into = sum;
    }
    for (into, place) in sums[half + 1 + row.len()..].iter_mut().zip(&mirror[half..]) {
        sum = sum.wrapping_add(beyond(place));
        *into = sum;
    }
    for (group, out) in out.chunks_exact_mut(LANES).enumerate() {
        let sums = &sums[group * LANES..];
        out.copy_from_slice(&weighed(blur, |i| group_at(&sums[i..])));
    }
}

/// Blurs down one group of columns of a plane whose rows are `stride` long, and hands the sums of each row on.
/// `sums` is room for the running sums.
#[inline(always)]
pub(super) fn down<T: Wrapping + From<u16>>(
    blur: &Blur,
    (plane, stride, group): (&[u16], usize, usize),
    mirror: &[usize],
    sums: &mut [[T; LANES]],
    mut row: impl FnMut(usize, &[T; LANES]),
) {
    let height = plane.len() / stride;
    let places = mirror[..blur.half].iter().copied().chain(0..height).chain(mirror[blur.half..].iter().copied());
    let mut sum = [T::default(); LANES];
    sums[0] = sum;
    for (into, place) in sums[1..].iter_mut().zip(places) {
        let samples: &[u16; LANES] = group_at(&plane[place * stride + group * LANES..]);
        for i in 0..LANES {
            sum[i] = sum[i].plus(samples[i].into());
        }
        *into = sum;
    }
    for y in 0..height {
        let sums = &sums[y..];
        row(y, &weighed(blur, |i| &sums[i]));
    }
}

/// The first group of a slice; planes are padded to whole groups.
#[inline(always)]
pub(super) fn group_at<T>(slice: &[T]) -> &[T; LANES] {
    &slice.as_chunks().0[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finger::definition::weights;

    #[test]
    fn the_steps_make_the_weights() {
        for (blur, size) in [(BLUR_41, 41), (BLUR_91, 91)] {
            let count = |steps: &[usize], step: usize| steps.iter().filter(|&&s| s == step).count() as u32;
            let mut weight = 0;
            let of_steps: Vec<u32> = (0..=blur.half)
                .map(|i| {
                    weight += 2 * count(blur.twos, i) + count(blur.ones, i);
                    weight -= count(blur.downs, i);
                    weight
                })
                .collect();
            assert_eq!(of_steps, weights(size), "{size}");
            assert_eq!(blur.half, size / 2);
        }
    }

    #[test]
    fn mirrored_about_the_last_pixel() {
        let indices: Vec<usize> = (-4..8).map(|i| mirrored(i, 4)).collect();
        assert_eq!(indices, [2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1]);
        let mut places = Vec::new();
        mirror(&mut places, 4, 4);
        assert_eq!([&places[..4], &places[4..]].concat(), [2, 3, 2, 1, 2, 1, 0, 1]);
    }
}
