//! Our own components behind the provisional score. They take their raw material from the native measures but carry
//! their own names, since NFIQ 2 has no such mapping.

use super::{Measure, Print};
use crate::assessment::Assessment;

/// What a component looks at.
pub struct Evidence {
    pub(super) print: Print,
    pub(super) measures: Vec<Measure>,
}

impl Evidence {
    pub(super) fn measure(&self, id: &str) -> Option<f64> {
        self.measures.iter().find(|m| m.id == id).map(|m| m.value)
    }

    /// A native mean on a straight scale: 0 at `worst`, 100 at `best`.
    fn scaled(&self, id: &str, worst: f64, best: f64) -> Assessment {
        match self.measure(id) {
            Some(native) => Assessment::scored(native, 100.0 * (native - worst) / (best - worst), None),
            None => Assessment::FailureToAssess("the measure could not be taken"),
        }
    }
}

/// One component: one function and one line in [`COMPONENTS`].
pub struct Component {
    /// Stable id, as reports write it.
    pub id: &'static str,
    /// Assesses the evidence; pure.
    pub assess: fn(&Evidence) -> Assessment,
}

/// Every component, in the order in which they are shown.
pub const COMPONENTS: &[Component] = &[
    Component { id: "foreground-share", assess: foreground_share },
    Component { id: "contrast", assess: contrast },
    Component { id: "orientation-certainty", assess: |e| e.scaled("OCL_Bin10_Mean", 0.35, 0.85) },
    Component { id: "local-clarity", assess: |e| e.scaled("LCS_Bin10_Mean", 0.2, 0.8) },
];

/// Share of the offered sensor area that the foreground covers; 0.6 of it is full marks.
fn foreground_share(evidence: &Evidence) -> Assessment {
    let native = (evidence.print.cells.foreground_area() as f64 / evidence.print.offered_area).min(1.0);
    Assessment::scored(native, 100.0 * native / 0.6, None)
}

/// Standard deviation of the print's greys.
fn contrast(evidence: &Evidence) -> Assessment {
    let native = evidence.print.cells.sigma;
    Assessment::scored(native, 100.0 * native / 50.0, None)
}
