//! BackgroundUniformity: is the wall plain?

use super::{FaceView, sigmoid};
use crate::assessment::Assessment;

/// Middle and width of the score that a spread of colours gets: own values, so that the shade of one lamp on a wall (10
/// grey levels) still scores 70.
const SPREAD: (f64, f64) = (18.0, 9.0);

/// Native: mean gradient of the background in grey levels, by Sobel's operator on cells of 8 pixels; score 190 (1 -
/// sigmoid(native, 10, 100)) as OFIQ's, or what the spread of colours gets, whichever is lower: two plain walls of
/// different colours have hardly a gradient.
pub fn assess(view: &FaceView) -> Assessment {
    match view.marked.as_ref().map(|marked| marked.background.gradient_and_spread) {
        Err(why) => Assessment::FailureToAssess(why),
        Ok(None) => Assessment::FailureToAssess("too little background in the frame"),
        Ok(Some((native, spread))) => {
            let even = 100.0 * (1.0 - sigmoid(spread, SPREAD.0, SPREAD.1)) / (1.0 - sigmoid(0.0, SPREAD.0, SPREAD.1));
            Assessment::scored(native, even.min(190.0 * (1.0 - sigmoid(native, 10.0, 100.0))), None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::view::tests::marked;
    use super::*;

    #[test]
    fn plain_and_patterned_walls() {
        for (name, measured, score) in [
            ("plain", (0.0, 0.0), 100),
            ("one lamp's shade", (2.0, 10.0), 80),
            ("two walls", (6.0, 50.0), 3),
            ("books", (120.0, 15.0), 47),
        ] {
            let got = assess(&marked(|marked| marked.background.gradient_and_spread = Some(measured)));
            assert!(got.score().unwrap().get().abs_diff(score) <= 1, "{name}: {got:?}");
        }
        let none = assess(&marked(|marked| marked.background.gradient_and_spread = None));
        assert_eq!(none, Assessment::FailureToAssess("too little background in the frame"));
    }
}
