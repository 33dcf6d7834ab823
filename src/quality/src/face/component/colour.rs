//! NaturalColour: is the skin's colour one that skin has?

use super::{FaceView, sigmoid};
use crate::assessment::Assessment;
use crate::face::view::linear;

/// Native: distance of the cheeks' mean CIELAB a from 5..25 and b from 5..35 (100 when either is negative); score
/// 200 (1 - sigmoid(native, 0, 10)).
pub fn assess(view: &FaceView) -> Assessment {
    let [a, b] = lab(view.cheek_colour);
    let native = if a < 0.0 || b < 0.0 { 100.0 } else { outside(a, 5.0, 25.0).hypot(outside(b, 5.0, 35.0)) };
    Assessment::scored(native, 200.0 * (1.0 - sigmoid(native, 0.0, 10.0)), None)
}

fn outside(value: f64, low: f64, high: f64) -> f64 {
    (low - value).max(value - high).max(0.0)
}

/// CIELAB a and b of a coded sRGB colour, D50 white as the standard has it (CIE 15, Bradford-adapted primaries).
fn lab(coded: [f64; 3]) -> [f64; 2] {
    let [r, g, b] = coded.map(linear);
    let x = (r * 0.43605 + g * 0.38508 + b * 0.14309) / 0.964221;
    let y = r * 0.22249 + g * 0.71689 + b * 0.06062;
    let z = (r * 0.01393 + g * 0.09710 + b * 0.71419) / 0.825211;
    let [x, y, z] = [x, y, z].map(|t| if t > 216.0 / 24389.0 { t.cbrt() } else { (24389.0 / 27.0 * t + 16.0) / 116.0 });
    [500.0 * (x - y), 200.0 * (y - z)]
}

#[cfg(test)]
mod tests {
    use super::super::super::{FaceBox, scenes};
    use super::*;

    #[test]
    fn skin_is_natural_and_paint_is_not() {
        let face = FaceBox { x: 20.0, y: 20.0, width: 120.0, height: 120.0, score: 1.0 };
        for (name, rgb, natural) in [
            ("light skin", [224, 182, 160], true),
            ("medium skin", [172, 120, 92], true),
            ("dark skin", [92, 60, 46], true),
            ("green", [80, 160, 80], false),
            ("blue light", [120, 130, 190], false),
        ] {
            let score =
                assess(&FaceView::of(&scenes::flat(160, 160, rgb), &[face], None).unwrap()).score().unwrap().get();
            assert_eq!(score >= 90, natural, "{name}: {score}");
            assert_eq!(score < 40, !natural, "{name}: {score}");
        }
    }

    #[test]
    fn grey_has_no_colour() {
        for value in lab([0.5; 3]) {
            assert!(value.abs() < 0.05, "{value}");
        }
    }
}
