//! Values that NFIQ 2 2.3 itself gave for two prints of ours, to be met by every later version.
//!
//! `whole.png` is a whole impression (360 x 450, blurred and smudged, with a blank margin), `sensor.png` one as the
//! small serial sensor sees it (189 x 189); both are synthetic, made for this project, with sixteen grey levels.

use super::{Assessor, assess, natives};
use crate::minutiae::Minutia;
use domain::image::FingerImage;
use domain::units::Ppi;

/// Identifier, value of `whole.png`, value of `sensor.png`.
const EXPECTED: [(&str, f64, f64); 65] = [
    ("FDA_Bin10_0", 1.0, 2.0),
    ("FDA_Bin10_1", 4.0, 3.0),
    ("FDA_Bin10_2", 6.0, 3.0),
    ("FDA_Bin10_3", 10.0, 0.0),
    ("FDA_Bin10_4", 2.0, 2.0),
    ("FDA_Bin10_5", 1.0, 1.0),
    ("FDA_Bin10_6", 7.0, 3.0),
    ("FDA_Bin10_7", 13.0, 7.0),
    ("FDA_Bin10_8", 9.0, 3.0),
    ("FDA_Bin10_9", 52.0, 1.0),
    ("FDA_Bin10_Mean", 0.704396316, 0.419459373),
    ("FDA_Bin10_StdDev", 0.300440071, 0.149838816),
    ("ImgProcROIArea_Mean", 153.0272, 183.020585),
    ("LCS_Bin10_0", 0.0, 0.0),
    ("LCS_Bin10_1", 33.0, 2.0),
    ("LCS_Bin10_2", 16.0, 1.0),
    ("LCS_Bin10_3", 16.0, 3.0),
    ("LCS_Bin10_4", 4.0, 5.0),
    ("LCS_Bin10_5", 9.0, 4.0),
    ("LCS_Bin10_6", 10.0, 4.0),
    ("LCS_Bin10_7", 5.0, 1.0),
    ("LCS_Bin10_8", 4.0, 4.0),
    ("LCS_Bin10_9", 8.0, 1.0),
    ("LCS_Bin10_Mean", 0.656526448, 0.768322652),
    ("LCS_Bin10_StdDev", 0.275951829, 0.163212463),
    ("MMB", 179.748925, 189.770998),
    ("Mu", 174.855676, 189.837854),
    ("OCL_Bin10_0", 21.0, 0.0),
    ("OCL_Bin10_1", 20.0, 0.0),
    ("OCL_Bin10_2", 18.0, 1.0),
    ("OCL_Bin10_3", 21.0, 5.0),
    ("OCL_Bin10_4", 17.0, 7.0),
    ("OCL_Bin10_5", 12.0, 5.0),
    ("OCL_Bin10_6", 8.0, 5.0),
    ("OCL_Bin10_7", 1.0, 2.0),
    ("OCL_Bin10_8", 2.0, 0.0),
    ("OCL_Bin10_9", 0.0, 0.0),
    ("OCL_Bin10_Mean", 0.536504453, 0.714223364),
    ("OCL_Bin10_StdDev", 0.193396962, 0.0712379851),
    ("OF_Bin10_0", 0.0, 0.0),
    ("OF_Bin10_1", 1.0, 0.0),
    ("OF_Bin10_2", 1.0, 0.0),
    ("OF_Bin10_3", 2.0, 0.0),
    ("OF_Bin10_4", 4.0, 0.0),
    ("OF_Bin10_5", 12.0, 0.0),
    ("OF_Bin10_6", 11.0, 2.0),
    ("OF_Bin10_7", 12.0, 3.0),
    ("OF_Bin10_8", 14.0, 2.0),
    ("OF_Bin10_9", 8.0, 2.0),
    ("OF_Bin10_Mean", 0.414305666, 0.519273002),
    ("OF_Bin10_StdDev", 0.339912282, 0.281532795),
    ("OrientationMap_ROIFilter_CoherenceRel", 0.396705884, 0.569409634),
    ("OrientationMap_ROIFilter_CoherenceSum", 47.6047061, 17.082289),
    ("RVUP_Bin10_0", 31.0, 0.0),
    ("RVUP_Bin10_1", 34.0, 15.0),
    ("RVUP_Bin10_2", 8.0, 6.0),
    ("RVUP_Bin10_3", 27.0, 5.0),
    ("RVUP_Bin10_4", 73.0, 34.0),
    ("RVUP_Bin10_5", 21.0, 13.0),
    ("RVUP_Bin10_6", 18.0, 5.0),
    ("RVUP_Bin10_7", 32.0, 4.0),
    ("RVUP_Bin10_8", 0.0, 0.0),
    ("RVUP_Bin10_9", 0.0, 0.0),
    ("RVUP_Bin10_Mean", 1.19905484, 1.02688734),
    ("RVUP_Bin10_StdDev", 1.07125959, 0.352727544),
];

/// Relative difference that is allowed: the reference's values are written with nine digits.
const TOLERANCE: f64 = 1e-7;

fn print(png: &[u8]) -> FingerImage {
    let grey = image::load_from_memory(png).unwrap().into_luma8();
    FingerImage::new(grey.width(), grey.height(), Ppi::FIVE_HUNDRED, 4, grey.into_raw()).unwrap()
}

#[test]
fn the_measures_are_those_of_the_reference() {
    let whole = assess(&print(include_bytes!("frozen/whole.png")));
    let sensor = assess(&print(include_bytes!("frozen/sensor.png")));
    for (id, of_whole, of_sensor) in EXPECTED {
        for (assessment, expected) in [(&whole, of_whole), (&sensor, of_sensor)] {
            let value = assessment.measure(id).unwrap();
            assert!((value - expected).abs() <= TOLERANCE * expected.abs(), "{id}: {value}, not {expected}");
        }
    }
    assert_eq!([&whole, &sensor].map(|found| found.measures().count()), [natives::COUNT; 2]);
}

/// NFIQ 2 itself gives these two prints 10 and 36.
#[test]
fn the_score_stays() {
    let scores = [&include_bytes!("frozen/whole.png")[..], include_bytes!("frozen/sensor.png")]
        .map(|png| assess(&print(png)).value().map(|score| score.get()));
    assert_eq!(scores, [Some(13), Some(34)]);
}

/// The 34 minutiae of `whole.png` that we trust give its share; the weaker ones, which are for matchers, do not count.
#[test]
fn weak_minutiae_are_found_and_move_no_measure() {
    let mut assessor = Assessor::new();
    let share = assessor.assess(&print(include_bytes!("frozen/whole.png"))).measure("FJFXPos_Mu_MinutiaeQuality_2");
    let (trusted, weak): (Vec<_>, Vec<_>) = assessor.minutiae().partition(Minutia::is_trusted);
    assert_eq!((trusted.len(), weak.is_empty()), (34, false));
    assert_eq!(share, Some(14.0 / 34.0));
}
