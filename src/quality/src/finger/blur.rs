//! Gaussian blur in 8-bit fixed point, equal to OpenCV's: its rounding decides what Otsu's threshold sees.

/// The weights of a blur over `size` pixels (odd), in 256ths; they add up to 256.
///
/// The deviation follows from the size (0.15 size + 0.35: 6.5 for 41, 14 for 91). Each weight is rounded with the
/// error of the one before carried on, and the middle one takes what is left.
fn weights(size: usize) -> Vec<u32> {
    let sigma = size as f64 * 0.15 + 0.35;
    let half = size / 2;
    let bell: Vec<f64> = (0..=half).map(|i| (-0.5 * ((i as f64 - half as f64) / sigma).powi(2)).exp()).collect();
    let total = 2.0 * bell[..half].iter().sum::<f64>() + 1.0;
    let mut carried = 0.0;
    let mut weights = Vec::with_capacity(half + 1);
    for value in &bell[..half] {
        let wanted = value / total * 256.0 + carried;
        let weight = wanted.round_ties_even();
        carried = wanted - weight;
        weights.push(weight as u32);
    }
    weights.push(256 - 2 * weights.iter().sum::<u32>());
    weights
}

/// Blurs `grey` (rows of `width`) over `size` pixels (odd) in both directions; the edge is mirrored about its last
/// pixel.
pub(super) fn gaussian(grey: &[u8], width: usize, size: usize) -> Vec<u8> {
    let height = grey.len() / width;
    let (weights, half) = (weights(size), size / 2);
    let mut across = vec![0u32; grey.len()];
    let mut padded = vec![0u32; width + 2 * half];
    for (row, blurred) in grey.chunks_exact(width).zip(across.chunks_exact_mut(width)) {
        for (index, pixel) in padded.iter_mut().enumerate() {
            *pixel = u32::from(row[mirrored(index as isize - half as isize, width)]);
        }
        for (tap, &weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0) {
            add(blurred, weight, &padded[tap..], (tap != half).then(|| &padded[2 * half - tap..]));
        }
    }
    let mut out = Vec::with_capacity(grey.len());
    let mut sums = vec![0u32; width];
    let row = |y: isize| &across[mirrored(y, height) * width..][..width];
    for y in 0..height as isize {
        sums.fill(1 << 15);
        for (tap, &weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0) {
            let off = half as isize - tap as isize;
            add(&mut sums, weight, row(y - off), (off != 0).then(|| row(y + off)));
        }
        out.extend(sums.iter().map(|sum| (sum >> 16) as u8));
    }
    out
}

/// Adds the weighted samples, with those of the mirrored tap where there is one.
fn add(sums: &mut [u32], weight: u32, one: &[u32], other: Option<&[u32]>) {
    match other {
        Some(other) => {
            for ((sum, a), b) in sums.iter_mut().zip(one).zip(other) {
                *sum += weight * (a + b);
            }
        }
        None => {
            for (sum, a) in sums.iter_mut().zip(one) {
                *sum += weight * a;
            }
        }
    }
}

/// The index mirrored into 0..length without repeating the edge: -1 is 1.
fn mirrored(index: isize, length: usize) -> usize {
    if length == 1 {
        return 0;
    }
    let period = 2 * (length as isize - 1);
    let folded = index.rem_euclid(period);
    folded.min(period - folded) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_add_up() {
        for (size, middle) in [(41, 14), (91, 8)] {
            let weights = weights(size);
            assert_eq!(2 * weights[..size / 2].iter().sum::<u32>() + weights[size / 2], 256);
            assert!(weights[size / 2].abs_diff(middle) <= 4, "{size}: {}", weights[size / 2]);
        }
    }

    #[test]
    fn one_grey_stays_one_grey() {
        for (width, height) in [(1, 1), (1, 200), (200, 1), (33, 47)] {
            for size in [41, 91] {
                let grey = vec![173u8; width * height];
                assert_eq!(gaussian(&grey, width, size), grey, "{width} x {height}, {size}");
            }
        }
    }

    #[test]
    fn mirrored_about_the_last_pixel() {
        let indices: Vec<usize> = (-4..8).map(|i| mirrored(i, 4)).collect();
        assert_eq!(indices, [2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1]);
    }
}
