//! Angles without the C library, whose last digit differs from one processor to another.

use core::f32::consts::{FRAC_PI_2, FRAC_PI_4, PI, TAU};

/// The angle of a direction, `up` and `right`, in radians counter-clockwise from the right: 0 to 2 pi, that itself
/// excluded. 0 for no direction. Within 2e-5 of the true one (Abramowitz and Stegun, 4.4.49).
pub(crate) fn of(up: f32, right: f32) -> f32 {
    let (low, high) = if up.abs() < right.abs() { (up.abs(), right.abs()) } else { (right.abs(), up.abs()) };
    if high == 0.0 {
        return 0.0;
    }
    let t = low / high;
    let s = t * t;
    let series = 0.999_866 + s * (-0.330_299_5 + s * (0.180_141 + s * (-0.085_133 + s * 0.020_835_1)));
    let first = if up.abs() < right.abs() { t * series } else { FRAC_PI_2 - t * series };
    let half = if right < 0.0 { PI - first } else { first };
    wrapped(if up < 0.0 { TAU - half } else { half })
}

/// An angle brought into 0 to 2 pi, that itself excluded, from at most a turn away.
pub(crate) fn wrapped(angle: f32) -> f32 {
    let positive = if angle < 0.0 { angle + TAU } else { angle };
    // A tiny angle below nothing becomes a whole turn when it is rounded.
    if positive < TAU { positive } else { positive - TAU }
}

/// How far two angles of 0 to 2 pi are apart, 0 to pi.
pub(crate) fn apart(one: f32, other: f32) -> f32 {
    let away = (one - other).abs();
    if away > PI { TAU - away } else { away }
}

/// Sine and cosine of an angle of 0 to 2 pi, within 2e-6.
pub(crate) fn sin_cos(angle: f32) -> (f32, f32) {
    let quarters = (angle / FRAC_PI_2 + 0.5) as i32;
    let rest = angle - quarters as f32 * FRAC_PI_2;
    debug_assert!(rest.abs() < FRAC_PI_4 + 0.01);
    let s = rest * rest;
    let sin = rest * (1.0 - s / 6.0 * (1.0 - s / 20.0 * (1.0 - s / 42.0)));
    let cos = 1.0 - s / 2.0 * (1.0 - s / 12.0 * (1.0 - s / 30.0 * (1.0 - s / 56.0)));
    match quarters & 3 {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_are_those_of_the_library() {
        for step in 0..4000 {
            let angle = step as f32 * TAU / 4000.0;
            let (sin, cos) = sin_cos(angle);
            assert!((sin - angle.sin()).abs() < 2e-6 && (cos - angle.cos()).abs() < 2e-6, "{angle}: {sin} {cos}");
            let again = of(7.0 * sin, 7.0 * cos);
            assert!(apart(again, angle) < 3e-5 && (0.0..TAU).contains(&again), "{angle}: {again}");
        }
        assert_eq!(of(0.0, 0.0), 0.0);
        assert_eq!(of(-1e-30, 1.0), 0.0);
        assert!(apart(0.1, TAU - 0.1) < 0.201);
        assert!((wrapped(-0.5) - (TAU - 0.5)).abs() < 1e-5 && wrapped(TAU) == 0.0 && wrapped(-1e-9) == 0.0);
        assert!((wrapped(5.0 + 6.0) - (11.0 - TAU)).abs() < 1e-5);
    }
}
