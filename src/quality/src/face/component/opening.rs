//! EyesOpen and MouthClosed.

use super::{FaceView, sigmoid};
use crate::assessment::{Advice, Assessment};

/// Lids closer than this are shut, in eye-to-chin distances: of 600 rendered heads it parts shut from open best.
const SHUT: f64 = 0.025;
/// Lips farther apart than this are open, likewise.
const OPEN: f64 = 0.013;

/// Native: gap between the lids of the eye that is less open, by eye-to-chin distance; score 100 sigmoid(native, .02,
/// .01).
pub fn eyes(view: &FaceView) -> Assessment {
    let openings = match &view.marked {
        Err(why) => return Assessment::FailureToAssess(why),
        Ok(marked) => marked.openings.eyes,
    };
    let native = match openings {
        [Ok(one), Ok(other)] => one.min(other),
        [Err(why), _] | [_, Err(why)] => return Assessment::FailureToAssess(why),
    };
    Assessment::scored(native, 100.0 * sigmoid(native, 0.02, 0.01), (native < SHUT).then_some(Advice::OpenEyes))
}

/// Native: gap between the lips by eye-to-chin distance; score 100 (1 - sigmoid(native, .2, .06)).
pub fn mouth(view: &FaceView) -> Assessment {
    match view.marked.as_ref().map_err(|why| *why).and_then(|marked| marked.openings.mouth) {
        Err(why) => Assessment::FailureToAssess(why),
        Ok(native) => {
            let score = 100.0 * (1.0 - sigmoid(native, 0.2, 0.06));
            Assessment::scored(native, score, (native > OPEN).then_some(Advice::CloseMouth))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::view::tests::marked;
    use super::*;

    #[test]
    fn the_eye_that_is_less_open_counts() {
        for (openings, answer) in [
            ([Ok(0.06), Ok(0.05)], Assessment::scored(0.05, 95.0, None)),
            ([Ok(0.06), Ok(0.0)], Assessment::scored(0.0, 12.0, Some(Advice::OpenEyes))),
            ([Ok(0.06), Err("something before an eye")], Assessment::FailureToAssess("something before an eye")),
        ] {
            assert_eq!(eyes(&marked(|marked| marked.openings.eyes = openings)), answer);
        }
    }

    #[test]
    fn parted_lips_are_told_to_close() {
        for (opening, answer) in [
            (Ok(0.0), Assessment::scored(0.0, 97.0, None)),
            (Ok(0.05), Assessment::scored(0.05, 92.0, Some(Advice::CloseMouth))),
            (Ok(0.2), Assessment::scored(0.2, 50.0, Some(Advice::CloseMouth))),
            (Err("too few pixels for the lips"), Assessment::FailureToAssess("too few pixels for the lips")),
        ] {
            assert_eq!(mouth(&marked(|marked| marked.openings.mouth = opening)), answer);
        }
    }
}
