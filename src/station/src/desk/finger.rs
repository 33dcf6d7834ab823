//! Judging one finger image, off the desk's task.

use super::actor::Message;
use super::effects::tell;
use crate::config::Loaded;
use domain::finger::Finger;
use domain::guarded::Biometric;
use domain::image::FingerImage;
use domain::record::{FingerSample, Measure};
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use quality::finger::{self, FingerAssessment};
use std::sync::Arc;
use tokio::sync::mpsc;

/// A finger with what the quality core says of it.
pub struct FingerJudged {
    /// The sample as a record would keep it.
    pub sample: FingerSample,
    /// What would make the next attempt better.
    pub advice: Option<&'static str>,
}

/// Judges an image on a thread of its own and tells the desk.
pub fn judge(loaded: &Arc<Loaded>, attempt: u64, which: Finger, image: FingerImage, messages: mpsc::Sender<Message>) {
    let loaded = loaded.clone();
    tokio::task::spawn_blocking(move || {
        let judged = judged(&loaded, which, &image);
        tell(&messages, Message::FingerJudged(attempt, Box::new(judged)));
    });
}

fn judged(loaded: &Loaded, which: Finger, image: &FingerImage) -> FingerJudged {
    let assessment = finger::assess(image);
    let limit = loaded.thresholds.finger.of(which.digit());
    let score = assessment.value();
    let sample = FingerSample {
        finger: which,
        png: png(image),
        ppi: image.ppi,
        bit_depth: image.bit_depth,
        score,
        scorer: format!("{} {}", finger::NAME, finger::MODEL),
        quality: measures(&assessment),
        accepted: score.is_some_and(|score| score >= limit),
    };
    FingerJudged { sample, advice: assessment.advice.first().map(|advice| advice.id()) }
}

/// The native measures, then our own components with their scores.
fn measures(assessment: &FingerAssessment) -> Vec<Measure> {
    let native = assessment.measures().iter().map(|measure| Measure {
        name: measure.id.into(),
        native: Some(measure.value),
        score: None,
        failure: None,
    });
    let own = assessment.components.iter().map(|(id, assessed)| super::face::measure(id, assessed));
    native.chain(own).collect()
}

/// The image as lossless PNG. An image too odd to encode gives no bytes, and is judged by its score alone.
fn png(image: &FingerImage) -> Biometric<Vec<u8>> {
    let mut bytes = Vec::new();
    let written =
        PngEncoder::new(&mut bytes).write_image(image.grey(), image.width, image.height, ExtendedColorType::L8);
    if written.is_err() {
        bytes.clear();
    }
    Biometric::new(bytes)
}
