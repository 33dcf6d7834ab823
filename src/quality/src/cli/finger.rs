//! The answer for one fingerprint file.

use super::{Line, Refusal};
use crate::image_file;
use domain::image::FingerImage;
use domain::units::Ppi;
use quality::assessment::{Advice, Assessment};
use quality::finger::{self, Assessor, Failure, Feedback, FingerAssessment};
use quality::minutiae::record::{self, View};
use serde::{Serialize, Serializer};
use std::path::Path;

/// Everything found in one print.
#[derive(Serialize)]
pub struct Answer {
    ppi: u16,
    measures: Pairs<f64>,
    mapped: Pairs<u8>,
    score: Score,
    feedback: OptionalFeedback,
    advice: Vec<Advice>,
    components: Pairs<Assessment>,
    unmeasured: Pairs<&'static str>,
    minutiae: Vec<Minutia>,
}

/// A minutia in pixels at 500 ppi from the picture's corner, its angle in degrees counter-clockwise from the right.
#[derive(Serialize)]
struct Minutia {
    x: f32,
    y: f32,
    angle: f32,
    kind: &'static str,
    quality: u8,
}

impl Minutia {
    fn of(found: quality::minutiae::Minutia) -> Self {
        let quality::minutiae::Minutia { x, y, angle, kind, quality } = found;
        Self { x, y, angle: angle.to_degrees(), kind: kind.id(), quality }
    }
}

#[derive(Serialize)]
struct Score {
    name: &'static str,
    model: String,
    value: Option<u8>,
    /// Why there is no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'static str>,
}

#[derive(Serialize)]
struct OptionalFeedback {
    #[serde(flatten)]
    values: Option<Feedback>,
}

/// Pairs written as an object in their own order.
struct Pairs<T>(Vec<(&'static str, T)>);

impl<T: Serialize> Serialize for Pairs<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(id, value)| (id, value)))
    }
}

/// Reads and assesses one file. What the reference refuses (no pixels, too large) is an error here too; a print that is
/// there but cannot be judged is an answer without a score. The minutiae go into `record`, where that is wanted.
pub(super) fn answer(
    path: &Path,
    asked: Option<Ppi>,
    assessor: &mut Assessor,
    record: Option<&Path>,
) -> Result<Answer, Refusal> {
    let (image, ppi) = print(path, asked)?;
    let assessment = assessor.assess(&image);
    let answer = Answer::of(ppi, assessment);
    match assessment.score.value {
        Err(failure @ (Failure::ResolutionTooLow | Failure::TooLarge | Failure::TooSmall)) => {
            Err(Refusal { code: "Q-07", text: failure.text().to_owned() })
        }
        _ => {
            if let Some(record) = record {
                write_record(record, &image, assessor)?;
            }
            Ok(Answer { minutiae: assessor.minutiae().map(Minutia::of).collect(), ..answer })
        }
    }
}

fn write_record(path: &Path, image: &FingerImage, assessor: &Assessor) -> Result<(), Refusal> {
    // Minutiae are at 500 ppi, whatever the picture was.
    let side = |pixels: u32| (pixels as usize * 500).div_ceil(usize::from(image.ppi.get()));
    let minutiae: Vec<_> = assessor.minutiae().collect();
    let view = View::for_matchers(side(image.width), side(image.height), &minutiae);
    let refused = |text: String| Refusal { code: "Q-08", text };
    let bytes = record::write(&view).map_err(|error| refused(error.to_string()))?;
    std::fs::write(path, bytes).map_err(|error| refused(format!("{} could not be written: {error}", path.display())))
}

/// A picture file as a scanner's print.
pub(super) fn print(path: &Path, asked: Option<Ppi>) -> Result<(FingerImage, Ppi), Refusal> {
    let picture = image_file::read(path)?;
    let ppi = picture.ppi(asked)?;
    let grey = picture.pixels.into_luma8();
    let (width, height) = grey.dimensions();
    let image = FingerImage::new(width, height, ppi, 8, grey.into_raw())
        .map_err(|mismatch| Refusal { code: "Q-04", text: mismatch.to_string() })?;
    Ok((image, ppi))
}

impl Answer {
    fn of(ppi: Ppi, found: &FingerAssessment) -> Self {
        let measures = found.measures().map(|m| (m.id, m.value)).collect();
        let score = Score {
            name: found.score.name,
            model: found.score.model.to_string(),
            value: found.score.value.ok().map(|v| v.get()),
            failure: found.score.value.err().map(Failure::id),
        };
        Self {
            ppi: ppi.get(),
            measures: Pairs(measures),
            mapped: Pairs(finger::mapped(&found.natives).collect()),
            score,
            feedback: OptionalFeedback { values: found.feedback },
            advice: found.advice.clone(),
            components: Pairs(found.components.clone()),
            unmeasured: Pairs(found.unmeasured.clone()),
            minutiae: Vec::new(),
        }
    }
}

impl Line for Answer {
    fn words(&self) -> String {
        let score = match (self.score.value, self.score.failure) {
            (Some(value), _) => format!("{} {} {value:>3}", self.score.name, self.score.model),
            (None, failure) => format!("{} {}   - ({})", self.score.name, self.score.model, failure.unwrap_or("?")),
        };
        let components = self.components.0.iter().map(|(id, component)| match component.score() {
            Some(score) => format!("{id} {score}"),
            None => format!("{id} -"),
        });
        let advice = self.advice.iter().map(|a| a.id());
        let mut parts = vec![score, format!("{} ppi", self.ppi)];
        parts.extend(components);
        parts.extend(advice.map(|id| format!("advice {id}")));
        parts.join("  ")
    }
}
