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

/// Below this share of the sensor's area more of the fingertip is wanted.
const WHOLE_FINGERTIP_BELOW: f64 = 0.55;
/// Above this distance from the sensor's middle, as a share of its shorter side, the finger is off centre.
const OFF_CENTRE_ABOVE: f64 = 0.15;
/// Less ink than this is a dry finger, or one that hardly touches.
const LITTLE_INK: f64 = 0.30;
/// More ink than this is a wet finger, or one that is pressed.
const MUCH_INK: f64 = 0.56;
/// Ridges lighter than this, in grey values, hold no moisture.
const LIGHT_RIDGES: f64 = 90.0;
/// Valleys darker than this, in grey values, hold moisture.
const DARK_VALLEYS: f64 = 215.0;
/// A smaller range of greys than this, with ridges and valleys in balance, is a smeared picture.
const SMEARED_RANGE: f64 = 160.0;
/// A range of greys below this is a faint touch.
const FAINT_RANGE: f64 = 90.0;

impl Evidence<'_> {
    /// A native measure on a straight scale: 0 at `worst`, 100 at `best`.
    fn scaled(&self, id: &str, worst: f64, best: f64) -> Assessment {
        match self.natives.by_id(id) {
            Some(value) => scaled(value, (worst, best), None),
            None => Assessment::FailureToAssess("the measure could not be taken"),
        }
    }
}

fn scaled(native: f64, (worst, best): (f64, f64), advice: Option<Advice>) -> Assessment {
    Assessment::scored(native, 100.0 * (native - worst) / (best - worst), advice)
}

/// Standard deviation of the print's greys: one of 20 is enough, since the other components fall with the signal.
fn contrast(evidence: &Evidence<'_>) -> Assessment {
    let tone = evidence.print.tone;
    let advice = match tone.range() {
        range if range < FAINT_RANGE => Some(Advice::PressMore),
        range if range < SMEARED_RANGE => Some(Advice::HoldStill),
        _ => None,
    };
    scaled(evidence.print.cells.sigma, (0.0, 20.0), advice.filter(|_| (LITTLE_INK..=MUCH_INK).contains(&tone.ink)))
}

/// Share of the foreground that is ridge. Between 0.30 and 0.60 it limits nothing; it falls to 0 at 0.10 (a dry finger
/// leaves dots) and at 0.90 (a wet one leaves a blot).
fn ink_balance(evidence: &Evidence<'_>) -> Assessment {
    let tone = evidence.print.tone;
    let advice = if tone.ink < LITTLE_INK {
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
    let covered = evidence.print.covered;
    let advice = (covered < WHOLE_FINGERTIP_BELOW).then_some(match evidence.print.off_centre {
        off if off > OFF_CENTRE_ABOVE => Advice::CentreFinger,
        _ => Advice::PlaceWholeFingertip,
    });
    scaled(covered, (0.10, 0.90), advice)
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
    evidence.scaled("FDA_Bin10_Mean", 0.85, 0.40)
}

/// NFIQ 2's spread of the ratios of ridge and valley widths: lower is better.
fn ridge_uniformity(evidence: &Evidence<'_>) -> Assessment {
    evidence.scaled("RVUP_Bin10_StdDev", 2.0, 0.4)
}
