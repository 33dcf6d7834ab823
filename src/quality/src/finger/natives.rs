//! The 69 native values of NFIQ 2 in the order in which its forest takes them, under its own identifiers.

use super::Measure;
use std::ops::Range;

/// How many native values there are.
pub const COUNT: usize = 69;

/// NFIQ 2's identifiers, in the order of its forest (that of the columns of its conformance table).
pub const IDS: [&str; COUNT] = [
    "FDA_Bin10_0",
    "FDA_Bin10_1",
    "FDA_Bin10_2",
    "FDA_Bin10_3",
    "FDA_Bin10_4",
    "FDA_Bin10_5",
    "FDA_Bin10_6",
    "FDA_Bin10_7",
    "FDA_Bin10_8",
    "FDA_Bin10_9",
    "FDA_Bin10_Mean",
    "FDA_Bin10_StdDev",
    "FingerJetFX_MinCount_COMMinRect200x200",
    "FingerJetFX_MinutiaeCount",
    "FJFXPos_Mu_MinutiaeQuality_2",
    "FJFXPos_OCL_MinutiaeQuality_80",
    "ImgProcROIArea_Mean",
    "LCS_Bin10_0",
    "LCS_Bin10_1",
    "LCS_Bin10_2",
    "LCS_Bin10_3",
    "LCS_Bin10_4",
    "LCS_Bin10_5",
    "LCS_Bin10_6",
    "LCS_Bin10_7",
    "LCS_Bin10_8",
    "LCS_Bin10_9",
    "LCS_Bin10_Mean",
    "LCS_Bin10_StdDev",
    "MMB",
    "Mu",
    "OCL_Bin10_0",
    "OCL_Bin10_1",
    "OCL_Bin10_2",
    "OCL_Bin10_3",
    "OCL_Bin10_4",
    "OCL_Bin10_5",
    "OCL_Bin10_6",
    "OCL_Bin10_7",
    "OCL_Bin10_8",
    "OCL_Bin10_9",
    "OCL_Bin10_Mean",
    "OCL_Bin10_StdDev",
    "OF_Bin10_0",
    "OF_Bin10_1",
    "OF_Bin10_2",
    "OF_Bin10_3",
    "OF_Bin10_4",
    "OF_Bin10_5",
    "OF_Bin10_6",
    "OF_Bin10_7",
    "OF_Bin10_8",
    "OF_Bin10_9",
    "OF_Bin10_Mean",
    "OF_Bin10_StdDev",
    "OrientationMap_ROIFilter_CoherenceRel",
    "OrientationMap_ROIFilter_CoherenceSum",
    "RVUP_Bin10_0",
    "RVUP_Bin10_1",
    "RVUP_Bin10_2",
    "RVUP_Bin10_3",
    "RVUP_Bin10_4",
    "RVUP_Bin10_5",
    "RVUP_Bin10_6",
    "RVUP_Bin10_7",
    "RVUP_Bin10_8",
    "RVUP_Bin10_9",
    "RVUP_Bin10_Mean",
    "RVUP_Bin10_StdDev",
];

/// Frequency domain analysis: ten bins, mean, standard deviation.
pub const FDA: Range<usize> = 0..12;
/// Minutiae in the square of 200 pixels around their centre; all minutiae.
pub const MINUTIAE_COUNT: Range<usize> = 12..14;
/// Share of minutiae whose surroundings are somewhat darker than the print; of those with certain orientation.
pub const MINUTIAE_QUALITY: Range<usize> = 14..16;
/// Mean grey of the region of interest.
pub const ROI_MEAN: Range<usize> = 16..17;
/// Local clarity: ten bins, mean, standard deviation.
pub const LCS: Range<usize> = 17..29;
/// Mean of block means; mean grey.
pub const CONTRAST: Range<usize> = 29..31;
/// Orientation certainty: ten bins, mean, standard deviation.
pub const OCL: Range<usize> = 31..43;
/// Orientation flow: ten bins, mean, standard deviation.
pub const OF: Range<usize> = 43..55;
/// Coherence over the region of interest: mean, sum.
pub const COHERENCE: Range<usize> = 55..57;
/// Ridge valley uniformity: ten bins, mean, standard deviation.
pub const RVU: Range<usize> = 57..69;

/// The native values of one print. What could not be measured is absent; what is there is finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Natives {
    values: [Option<f64>; COUNT],
}

impl Natives {
    /// No value is there yet.
    pub const EMPTY: Self = Self { values: [None; COUNT] };

    /// The value at a place of [`IDS`].
    pub fn at(&self, index: usize) -> Option<f64> {
        self.values.get(index).copied().flatten()
    }

    /// The value of an identifier.
    pub fn by_id(&self, id: &str) -> Option<f64> {
        self.at(IDS.iter().position(|known| *known == id)?)
    }

    /// Puts the values of one group in their places. A value that is not finite counts as absent.
    pub fn put(&mut self, group: Range<usize>, values: &[f64]) {
        debug_assert_eq!(group.len(), values.len());
        for (place, &value) in self.values[group].iter_mut().zip(values) {
            *place = value.is_finite().then_some(value);
        }
    }

    /// What a forest or another model takes: single precision as in NFIQ 2, not-a-number where a value is absent.
    pub fn features(&self) -> [f32; COUNT] {
        self.values.map(|value| value.map_or(f32::NAN, |value| value as f32))
    }

    /// Every value that is there, in order.
    pub fn measures(&self) -> impl Iterator<Item = Measure> + '_ {
        IDS.iter().zip(&self.values).filter_map(|(&id, value)| Some(Measure { id, value: (*value)? }))
    }
}

impl Default for Natives {
    fn default() -> Self {
        Self::EMPTY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_follow_each_other_and_begin_with_their_own_identifier() {
        let mut end = 0;
        for (group, first, last) in [
            (FDA, "FDA_Bin10_0", "FDA_Bin10_StdDev"),
            (MINUTIAE_COUNT, "FingerJetFX_MinCount_COMMinRect200x200", "FingerJetFX_MinutiaeCount"),
            (MINUTIAE_QUALITY, "FJFXPos_Mu_MinutiaeQuality_2", "FJFXPos_OCL_MinutiaeQuality_80"),
            (ROI_MEAN, "ImgProcROIArea_Mean", "ImgProcROIArea_Mean"),
            (LCS, "LCS_Bin10_0", "LCS_Bin10_StdDev"),
            (CONTRAST, "MMB", "Mu"),
            (OCL, "OCL_Bin10_0", "OCL_Bin10_StdDev"),
            (OF, "OF_Bin10_0", "OF_Bin10_StdDev"),
            (COHERENCE, "OrientationMap_ROIFilter_CoherenceRel", "OrientationMap_ROIFilter_CoherenceSum"),
            (RVU, "RVUP_Bin10_0", "RVUP_Bin10_StdDev"),
        ] {
            assert_eq!(group.start, end, "{first}");
            assert_eq!((IDS[group.start], IDS[group.end - 1]), (first, last));
            end = group.end;
        }
        assert_eq!(end, COUNT);
    }

    #[test]
    fn what_is_put_is_found_again() {
        let mut natives = Natives::EMPTY;
        natives.put(CONTRAST, &[180.5, f64::NAN]);
        assert_eq!((natives.by_id("MMB"), natives.by_id("Mu"), natives.by_id("none")), (Some(180.5), None, None));
        assert_eq!(natives.measures().map(|m| m.id).collect::<Vec<_>>(), ["MMB"]);
        let features = natives.features();
        assert!(features[29] == 180.5 && features[30].is_nan() && features[0].is_nan());
    }
}
