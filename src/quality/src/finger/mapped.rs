//! Native values mapped to 0 to 100: the quality block values of ISO/IEC 29794-4:2024.
//!
//! Which values are mapped, and how, is that of NFIQ 2 2.3 (`getQualityBlockValue` in its common functions). Bins have
//! no mapping. A mapped value is the place in the range that the native one can have: a high one is not always a good
//! one.

use super::natives::{self, Natives};

/// How one native value is mapped.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mapping {
    /// The number itself, 100 at most.
    Count,
    /// The place in a range, in 101 steps.
    Range(f64, f64),
    /// A logistic curve with its middle at the first number and this width.
    Sigmoid(f64, f64),
}

/// Places of the native values that are mapped, in the order of [`natives::IDS`].
const MAPPINGS: [(usize, Mapping); 19] = [
    (natives::FDA.start + 10, Mapping::Range(0.0, 1.0)),
    (natives::FDA.start + 11, Mapping::Range(0.0, 1.0)),
    (natives::MINUTIAE_COUNT.start, Mapping::Count),
    (natives::MINUTIAE_COUNT.start + 1, Mapping::Count),
    // A share, and yet NFIQ 2 maps it as if it were a grey: it is always 0.
    (natives::MINUTIAE_QUALITY.start, Mapping::Range(0.0, 255.0)),
    (natives::MINUTIAE_QUALITY.start + 1, Mapping::Range(0.0, 1.0)),
    (natives::ROI_MEAN.start, Mapping::Range(0.0, 255.0)),
    (natives::LCS.start + 10, Mapping::Range(0.0, 1.0)),
    (natives::LCS.start + 11, Mapping::Range(0.0, 1.0)),
    (natives::CONTRAST.start, Mapping::Range(0.0, 255.0)),
    (natives::CONTRAST.start + 1, Mapping::Range(0.0, 255.0)),
    (natives::OCL.start + 10, Mapping::Range(0.0, 1.0)),
    (natives::OCL.start + 11, Mapping::Range(0.0, 1.0)),
    // Differences of direction of 0 to 180 degrees on the scale of the measure: 0 at 4 degrees, 1 at 90.
    (natives::OF.start + 10, Mapping::Range(-4.0 / 86.0, 176.0 / 86.0)),
    (natives::OF.start + 11, Mapping::Range(0.0, 1.0)),
    (natives::COHERENCE.start, Mapping::Range(0.0, 1.0)),
    (natives::COHERENCE.start + 1, Mapping::Range(0.0, 3150.0)),
    (natives::RVU.start + 10, Mapping::Sigmoid(1.0, 0.5)),
    (natives::RVU.start + 11, Mapping::Sigmoid(1.0, 0.5)),
];

impl Mapping {
    /// 0 to 100. (NFIQ 2 gives 101 at the upper end of its range of greys.)
    fn of(self, native: f64) -> u8 {
        let mapped = match self {
            Self::Count => native,
            Self::Range(least, most) => 101.0 * ((native - least) / (most - least + f64::EPSILON)),
            Self::Sigmoid(middle, width) => 100.0 / (1.0 + ((middle - native) / width).exp()) + 0.5,
        };
        mapped.floor().clamp(0.0, 100.0) as u8
    }
}

/// The mapped values of those native values that are there and have a mapping, under their own identifiers.
pub fn mapped(natives: &Natives) -> impl Iterator<Item = (&'static str, u8)> + '_ {
    MAPPINGS.iter().filter_map(|&(place, mapping)| Some((natives::IDS[place], mapping.of(natives.at(place)?))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapped_values() {
        for (id, native, expected) in [
            // Of NIST's first sample, with the values that its library maps them to.
            ("FDA_Bin10_Mean", 0.458941, 46),
            ("FingerJetFX_MinutiaeCount", 69.0, 69),
            ("ImgProcROIArea_Mean", 177.363, 70),
            ("MMB", 185.522, 73),
            ("OrientationMap_ROIFilter_CoherenceSum", 143.412, 4),
            // Ends of the ranges.
            ("FDA_Bin10_Mean", 1.0, 100),
            ("FingerJetFX_MinutiaeCount", 255.0, 100),
            ("ImgProcROIArea_Mean", 255.0, 100),
            ("OF_Bin10_Mean", 0.0, 2),
            ("OCL_Bin10_Mean", 0.0, 0),
            ("RVUP_Bin10_Mean", 1.0, 50),
            ("RVUP_Bin10_StdDev", 0.0, 12),
            ("FJFXPos_Mu_MinutiaeQuality_2", 1.0, 0),
        ] {
            let mut natives = Natives::EMPTY;
            let place = natives::IDS.iter().position(|known| *known == id).unwrap();
            natives.put(place..place + 1, &[native]);
            assert_eq!(mapped(&natives).collect::<Vec<_>>(), [(id, expected)], "{native}");
        }
    }

    #[test]
    fn means_deviations_and_single_values_are_mapped() {
        let mut natives = Natives::EMPTY;
        natives.put(0..natives::COUNT, &[0.5; natives::COUNT]);
        let ids: Vec<_> = mapped(&natives).map(|(id, _)| id).collect();
        let is_bin = |id: &str| id.contains("_Bin10_") && id.ends_with(char::is_numeric);
        assert_eq!(ids, natives::IDS.into_iter().filter(|id| !is_bin(id)).collect::<Vec<_>>());
    }
}
