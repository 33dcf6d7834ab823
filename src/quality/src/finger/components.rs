//! Our own components, which say what is wrong with a print; the score is not made of them. They take their raw material
//! from the native measures but carry their own names, since NFIQ 2 has no such mapping.
//!
//! A component's score is a straight line from 0 at its worst native value to 100 at its best, cut at both ends. The
//! ends were fitted in development to the NFIQ 2 scores of 1,049 project-made prints (48 fingers, whole prints and
//! sensor-sized ones, up to three defects each) and then rounded.

use super::natives::Natives;
use super::{Print, ocl};
use crate::assessment::{Advice, Assessment};

/// What a component looks at.
pub struct Evidence<'a> {
    pub(super) print: &'a Print,
    pub(super) natives: &'a Natives,
}

/// One component: one function and one line in [`COMPONENTS`].
pub struct Component {
    /// Stable id, as reports write it.
    pub id: &'static str,
    /// Assesses the evidence; pure.
    pub assess: fn(&Evidence<'_>) -> Assessment,
}

/// Every component, in the order in which they are shown.
pub const COMPONENTS: &[Component] = &[
    Component { id: "contrast", assess: contrast },
    Component { id: "foreground-share", assess: foreground_share },
    Component { id: "ink-balance", assess: ink_balance },
    Component { id: "local-clarity", assess: local_clarity },
    Component { id: "orientation-certainty", assess: orientation_certainty },
    Component { id: "ridge-frequency", assess: ridge_frequency },
    Component { id: "ridge-uniformity", assess: ridge_uniformity },
];

// The limits of advice were set on simulated touches of 24 fingers along each axis at levels .6 and .8, whose measures
// they part (values in brackets: 10 % point of what is advised about, 90 % point of its neighbour).

/// Below this share of the sensor's area the finger may lie better.
const WHOLE_FINGERTIP_BELOW: f64 = 0.55;
/// A fingertip that shows this area needs to show no more, however large the sensor (small contacts 120 to 225, clean ones
/// from 340; FAP 10 asks for a sensor of 210).
const WHOLE_FINGERTIP_MM2: f64 = 250.0;
/// Pixels of a square millimetre at 500 ppi.
const PIXELS_PER_MM2: f64 = (500.0 / 25.4) * (500.0 / 25.4);
/// Above this distance from the sensor's middle, as a share of its shorter side, the finger is off centre.
const OFF_CENTRE_ABOVE: f64 = 0.15;
/// Less ink than this is a dry finger, or one that hardly touches (dry .23, small contacts .29).
const LITTLE_INK: f64 = 0.26;
/// Even less ink, of light ridges, is a finger that hardly touches (.125, dry .145).
const HARDLY_INK: f64 = 0.135;
const HARDLY_DARK: f64 = 150.0;
/// More ink than this is a wet finger, or one that is pressed (wet .587, clean .42).
const MUCH_INK: f64 = 0.56;
/// Ridges lighter than this, in grey values, hold no moisture.
const LIGHT_RIDGES: f64 = 90.0;
/// Valleys darker than this, in grey values, hold moisture.
const DARK_VALLEYS: f64 = 215.0;
/// A range of greys below this is a faint touch (97, dry .100 at 10 %).
const FAINT_RANGE: f64 = 98.0;
/// No ridge frequency stands out above this (moved .63, dry and clean .53), though no ridge is black (moved 82, wet 26)
/// and ridges are wide (moved .53, clean .42): ridges ran together because the finger moved.
const MOVED_FREQUENCY: f64 = 0.58;
const MOVED_DARK: f64 = 70.0;
const MOVED_INK: f64 = 0.45;

impl Evidence<'_> {
    /// A native measure on a straight scale: 0 at `worst`, 100 at `best`.
    fn scaled(&self, id: &str, worst: f64, best: f64) -> Assessment {
        match self.natives.by_id(id) {
            Some(value) => scaled(value, (worst, best), None),
            None => Assessment::FailureToAssess("the measure could not be taken"),
        }
    }

    /// Whether the finger hardly touches.
    fn is_faint(&self) -> bool {
        let tone = self.print.tone;
        tone.range() < FAINT_RANGE || (tone.ink < HARDLY_INK && tone.dark >= HARDLY_DARK)
    }

    /// Whether the finger moved while the picture was taken.
    fn has_moved(&self) -> bool {
        let tone = self.print.tone;
        let blurred = self.natives.by_id("FDA_Bin10_Mean").is_some_and(|mean| mean > MOVED_FREQUENCY);
        blurred && tone.dark >= MOVED_DARK && tone.ink > MOVED_INK && !self.is_faint()
    }
}

fn scaled(native: f64, (worst, best): (f64, f64), advice: Option<Advice>) -> Assessment {
    Assessment::scored(native, 100.0 * (native - worst) / (best - worst), advice)
}

/// Standard deviation of the print's greys: one of 20 is enough, since the other components fall with the signal.
fn contrast(evidence: &Evidence<'_>) -> Assessment {
    scaled(evidence.print.cells.sigma, (0.0, 20.0), evidence.is_faint().then_some(Advice::PressMore))
}

/// Share of the foreground that is ridge. Between 0.30 and 0.60 it limits nothing; it falls to 0 at 0.10 (a dry finger
/// leaves dots) and at 0.90 (a wet one leaves a blot).
fn ink_balance(evidence: &Evidence<'_>) -> Assessment {
    let tone = evidence.print.tone;
    let advice = if evidence.is_faint() || evidence.has_moved() {
        None
    } else if tone.ink < LITTLE_INK {
        Some(if tone.dark >= LIGHT_RIDGES { Advice::Moisten } else { Advice::PressMore })
    } else if tone.ink > MUCH_INK {
        Some(if tone.light < DARK_VALLEYS { Advice::Dry } else { Advice::PressLess })
    } else {
        None
    };
    let (worst, best) = if tone.ink < 0.45 { (0.10, 0.30) } else { (0.90, 0.60) };
    scaled(tone.ink, (worst, best), advice)
}

/// Share of the picture before the crop, that is of the sensor's area, that is foreground.
fn foreground_share(evidence: &Evidence<'_>) -> Assessment {
    let print = evidence.print;
    let shows_mm2 = print.covered * (print.prepared.width * print.prepared.height) as f64 / PIXELS_PER_MM2;
    let advice = match print.covered {
        covered if covered >= WHOLE_FINGERTIP_BELOW => None,
        _ if print.off_centre > OFF_CENTRE_ABOVE => Some(Advice::CentreFinger),
        _ => (shows_mm2 < WHOLE_FINGERTIP_MM2).then_some(Advice::PlaceWholeFingertip),
    };
    scaled(print.covered, (0.10, 0.90), advice)
}

/// NFIQ 2's mean of local clarity.
fn local_clarity(evidence: &Evidence<'_>) -> Assessment {
    evidence.scaled("LCS_Bin10_Mean", 0.40, 0.80)
}

/// Mean orientation certainty of the foreground's whole cells (NFIQ 2's mean counts the background too).
fn orientation_certainty(evidence: &Evidence<'_>) -> Assessment {
    let cells = evidence.print.cells.all.iter().filter(|c| c.foreground && c.is_whole());
    let certain = || cells.clone().filter_map(|c| ocl::certainty(c.tensor));
    let count = certain().count();
    if count == 0 {
        return Assessment::FailureToAssess("no whole cell is foreground");
    }
    scaled(certain().sum::<f64>() / count as f64, (0.20, 0.80), None)
}

/// NFIQ 2's mean of the frequency domain analysis. It is 1 where no ridge frequency stands out and about 0.45 on clean
/// prints: lower is better.
fn ridge_frequency(evidence: &Evidence<'_>) -> Assessment {
    match evidence.natives.by_id("FDA_Bin10_Mean") {
        Some(mean) => scaled(mean, (0.85, 0.40), evidence.has_moved().then_some(Advice::HoldStill)),
        None => Assessment::FailureToAssess("the measure could not be taken"),
    }
}

/// NFIQ 2's spread of the ratios of ridge and valley widths: lower is better.
fn ridge_uniformity(evidence: &Evidence<'_>) -> Assessment {
    evidence.scaled("RVUP_Bin10_StdDev", 2.0, 0.4)
}
