//! Otsu's threshold, in the order of operations of OpenCV.

/// How often each grey is there.
#[derive(Clone)]
pub(super) struct Histogram {
    /// Four counts of each grey, so that neighbours of one grey do not wait for each other.
    quarters: [[u32; 256]; 4],
}

impl Histogram {
    pub const fn empty() -> Self {
        Self { quarters: [[0; 256]; 4] }
    }

    #[inline(always)]
    pub fn add(&mut self, greys: &[u8]) {
        let [a, b, c, d] = &mut self.quarters;
        let (fours, rest) = greys.as_chunks::<4>();
        for four in fours {
            a[usize::from(four[0])] += 1;
            b[usize::from(four[1])] += 1;
            c[usize::from(four[2])] += 1;
            d[usize::from(four[3])] += 1;
        }
        for &grey in rest {
            a[usize::from(grey)] += 1;
        }
    }

    pub fn counts(&self) -> [u32; 256] {
        std::array::from_fn(|grey| self.quarters.iter().map(|quarter| quarter[grey]).sum())
    }

    /// The threshold that parts the greys best; the upper part lies above it.
    pub fn threshold(&self) -> u8 {
        let counts = self.counts();
        let scale = 1.0 / f64::from(counts.iter().sum::<u32>());
        let mean = counts.iter().enumerate().map(|(i, &n)| i as f64 * f64::from(n)).sum::<f64>() * scale;
        let (mut below, mut mean_below) = (0.0f64, 0.0f64);
        let (mut best, mut best_spread) = (0u8, 0.0f64);
        for (level, &count) in (0..=255u8).zip(&counts) {
            let share = f64::from(count) * scale;
            mean_below *= below;
            below += share;
            let above = 1.0 - below;
            let least = f64::from(f32::EPSILON);
            if below.min(above) < least || below.max(above) > 1.0 - least {
                continue;
            }
            mean_below = (mean_below + f64::from(level) * share) / below;
            let mean_above = (mean - below * mean_below) / above;
            let spread = below * above * (mean_below - mean_above) * (mean_below - mean_above);
            if spread > best_spread {
                (best, best_spread) = (level, spread);
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds() {
        for (grey, expected) in [
            (vec![10, 10, 200, 200], 10),
            (vec![0, 255, 255, 255], 0),
            (vec![7; 9], 0),
            (vec![50, 60, 70, 180, 190, 200], 70),
        ] {
            let mut histogram = Histogram::empty();
            histogram.add(&grey);
            assert_eq!(histogram.threshold(), expected, "{grey:?}");
        }
    }
}
