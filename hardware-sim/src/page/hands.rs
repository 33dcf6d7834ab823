//! Whole hands on the page: what lies on the glass of the slap scanner, and what can be put there.

use crate::person::Person;
use crate::stage::hand::MAX_ROTATION;
use crate::stage::{HandPose, SLAPS, Stage, StageError};
use domain::device::CaptureGroup;
use domain::finger::{Digit, Finger};
use image::imageops::{self, FilterType};
use image::{GrayImage, ImageError};
use serde::Deserialize;

/// How much smaller than it is the glass is shown.
const SHRINK: u32 = 4;

/// Digits that can be left out of a slap.
const DIGITS: [(Digit, &str); 4] =
    [(Digit::Index, "index"), (Digit::Middle, "middle"), (Digit::Ring, "ring"), (Digit::Little, "little")];

/// What the buttons of the card say.
#[derive(Debug, Deserialize)]
pub struct HandForm {
    /// `right-four`, `left-four`, `two-thumbs`; anything else lifts.
    #[serde(default)]
    slap: String,
    /// A digit that is held back.
    #[serde(default)]
    without: String,
    /// The other hand is given.
    #[serde(default)]
    swapped: bool,
    /// Degrees clockwise.
    #[serde(default)]
    rotation: f32,
}

/// Puts down what the form says, as far as the visitor has it.
pub fn put(stage: &Stage, form: &HandForm) -> Result<(), StageError> {
    let slap = SLAPS.into_iter().find(|slap| slap.id() == form.slap);
    let Some(slap) = slap.map(|slap| if form.swapped { other_hand(slap) } else { slap }) else {
        stage.lift_hand();
        return Ok(());
    };
    let visitor = stage.visitor().ok_or(StageError::NobodyThere)?;
    let held_back = DIGITS.into_iter().find(|(_, word)| *word == form.without).map(|(digit, _)| digit);
    let there = slap.fingers().iter().copied();
    let fingers: Vec<Finger> =
        there.filter(|finger| !visitor.person.lacks(*finger) && held_back != Some(finger.digit())).collect();
    stage.put_hand(&fingers, HandPose { rotation: form.rotation, ..HandPose::default() })
}

fn other_hand(slap: CaptureGroup) -> CaptureGroup {
    match slap {
        CaptureGroup::LeftFour => CaptureGroup::RightFour,
        CaptureGroup::RightFour => CaptureGroup::LeftFour,
        other => other,
    }
}

/// The card with the glass and the buttons.
pub fn card(stage: &Stage, person: Option<&Person>) -> String {
    let platen = stage.platen();
    let glass = match &platen {
        Some(platen) => {
            let names: Vec<&str> = platen.fingers.iter().map(|laid| laid.finger.id()).collect();
            let turned = if platen.pose.rotation == 0.0 {
                String::new()
            } else {
                format!(", turned by {} degrees", platen.pose.rotation)
            };
            format!(
                "<img id=\"platen\" src=\"/platen.png?{}\" alt=\"{}{turned} on the glass\">",
                platen.number,
                names.join(", ")
            )
        }
        None => String::from("<div id=\"platen\" class=\"free\">free</div>"),
    };
    let off = |is: bool| if is { " disabled" } else { "" };
    let buttons: String = SLAPS
        .iter()
        .map(|slap| {
            let nothing = person.is_none_or(|person| slap.fingers().iter().all(|finger| person.lacks(*finger)));
            let label = match slap {
                CaptureGroup::LeftFour => "Left four",
                CaptureGroup::RightFour => "Right four",
                _ => "Both thumbs",
            };
            format!("<button name=\"slap\" value=\"{0}\" id=\"put-{0}\"{1}>{label}</button>", slap.id(), off(nothing))
        })
        .collect();
    let digits: String = DIGITS.iter().map(|(_, word)| format!("<option>{word}</option>")).collect();
    format!(
        "<section class=\"card\" id=\"slaps\"><h2>Whole hands</h2>{glass}<form method=\"post\" action=\"/hand\" class=\"slaps\">\
         <p>{buttons}<button name=\"slap\" value=\"\" id=\"lift-hand\"{}>Lift</button></p>\
         <label>Held back <select name=\"without\"><option value=\"\">nothing</option>{digits}</select></label>\
         <label><input type=\"checkbox\" name=\"swapped\" value=\"true\"> The other hand</label>\
         <label>Turned <input type=\"range\" name=\"rotation\" min=\"-{MAX_ROTATION}\" max=\"{MAX_ROTATION}\" value=\"0\">\
         <output>0</output></label></form></section>",
        off(platen.is_none()),
    )
}

/// The glass as a slap scanner sees it, small. Nothing while it is free.
pub fn glass(stage: &Stage) -> Option<GrayImage> {
    let platen = stage.platen()?;
    let whole = &platen.slap().image;
    Some(imageops::resize(whole, whole.width() / SHRINK, whole.height() / SHRINK, FilterType::Triangle))
}

/// A picture as PNG.
pub fn png(picture: &GrayImage) -> Result<Vec<u8>, ImageError> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::Traits;
    use crate::stage::Settings;
    use Finger::{LeftIndex, LeftMiddle, LeftRing, LeftThumb, RightLittle, RightMiddle, RightRing, RightThumb};
    use jiff::civil::date;

    #[test]
    fn forms_put_down_what_they_say() {
        let today = date(2026, 3, 1);
        let stage = Stage::new(Settings { sensor: (64, 48), autopilot: false, today }).unwrap();
        let form = |slap: &str, without: &str, swapped| HandForm {
            slap: slap.into(),
            without: without.into(),
            swapped,
            rotation: 5.0,
        };
        assert_eq!(put(&stage, &form("right-four", "", false)), Err(StageError::NobodyThere));
        let missing = vec![Finger::RightIndex];
        let traits = Traits { missing, face: Some(false), ..Traits::default() };
        stage.arrive(Person::new(5, &traits, today)).unwrap();
        let rows: [(HandForm, &[Finger]); 3] = [
            (form("right-four", "", false), &[RightMiddle, RightRing, RightLittle]),
            (form("right-four", "little", true), &[LeftIndex, LeftMiddle, LeftRing]),
            (form("two-thumbs", "index", false), &[RightThumb, LeftThumb]),
        ];
        for (form, fingers) in rows {
            put(&stage, &form).unwrap();
            let there: Vec<Finger> = stage.platen().unwrap().fingers.iter().map(|laid| laid.finger).collect();
            assert_eq!(there, fingers, "{form:?}");
            assert_eq!(glass(&stage).unwrap().dimensions(), (400, 375));
            assert!(card(&stage, None).contains("turned by 5 degrees"));
        }
        put(&stage, &form("", "", false)).unwrap();
        assert!(glass(&stage).is_none());
    }
}
