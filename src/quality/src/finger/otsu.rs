//! Otsu's threshold, in the order of operations of OpenCV.

/// Which pixels are above the threshold that parts the greys best.
pub(super) fn above(grey: &[u8]) -> Vec<bool> {
    let threshold = threshold(grey);
    grey.iter().map(|&pixel| pixel > threshold).collect()
}

fn threshold(grey: &[u8]) -> u8 {
    let mut histogram = [0u32; 256];
    for &pixel in grey {
        histogram[usize::from(pixel)] += 1;
    }
    let scale = 1.0 / grey.len() as f64;
    let mean = histogram.iter().enumerate().map(|(i, &n)| i as f64 * f64::from(n)).sum::<f64>() * scale;
    let (mut below, mut mean_below) = (0.0f64, 0.0f64);
    let (mut best, mut best_spread) = (0u8, 0.0f64);
    for (level, &count) in (0..=255u8).zip(&histogram) {
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
            assert_eq!(threshold(&grey), expected, "{grey:?}");
        }
    }
}
