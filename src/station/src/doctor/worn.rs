//! Devices that have become worse: what their captures said until the latest case ended. The file of the figures tells it,
//! which the station replaces as a whole, so that it may be at work meanwhile.

use super::{Finding, Patient, devices};
use crate::figures;
use std::io;

/// What is looked at.
const WORN: &str = "captures";

pub fn check(patient: &Patient) -> Vec<Finding> {
    let path = patient.data.figures();
    let drift = match figures::drift_in(&path) {
        Ok(drift) => drift,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            let remedy =
                "nothing to do: counting begins anew when the station starts; keep the file if you want to know why";
            return vec![Finding::note(WORN, format!("{} is damaged", path.display()), remedy)];
        }
        Err(error) => {
            let found = format!("{} cannot be read: {error}", path.display());
            return vec![Finding::unknown(WORN, found, "run this as the station's account")];
        }
    };
    let worse = drift.drifting();
    if !worse.is_empty() {
        return worse.iter().map(devices::worse).collect();
    }
    let (judged, watched) = drift.known().fold((0, 0), |(judged, watched), (_, was, known)| {
        (judged + usize::from(was.is_some() && known >= figures::drift::FIRST + figures::drift::RECENT), watched + 1)
    });
    vec![Finding::good(WORN, format!("none is worse than at first ({judged} of {watched} measures known long enough)"))]
}
