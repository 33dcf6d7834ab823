//! Judging the finger images of one placement, off the desk's task.

use super::actor::Message;
use super::effects::tell;
use super::placement::{self, Known, Placement};
use crate::config::Loaded;
use domain::finger::Finger;
use domain::guarded::Biometric;
use domain::image::FingerImage;
use domain::record::{FingerSample, Measure};
use domain::session::{Attempt, Slot, Wrong};
use domain::units::Millis;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use quality::finger::{Assessor, FingerAssessment};
use quality::minutiae::Extractor;
use quality::slap::Template;
use std::sync::Arc;
use tokio::sync::mpsc;

/// A finger with what the quality core says of it.
pub struct FingerJudged {
    /// The sample as a record would keep it.
    pub sample: FingerSample,
    /// What would make the next attempt better.
    pub advice: Option<&'static str>,
    /// By which the finger is known again within the case.
    pub template: Arc<Template>,
    /// Its place among others on the glass named it.
    pub seen: bool,
}

impl FingerJudged {
    /// The slot that the sample is for.
    pub fn slot(&self) -> Slot {
        Slot::Finger(self.sample.finger)
    }

    /// By which it is known again, once it counts.
    pub fn known(&self) -> Known {
        Known { finger: self.sample.finger, template: Arc::clone(&self.template), seen: self.seen }
    }

    /// The attempt as the session counts it, where something may be wrong with its placement.
    pub fn attempt(&self, wrong: Option<Wrong>, took: Millis) -> Attempt {
        Attempt { score: self.sample.score, passes: self.sample.accepted, wrong, took }
    }
}

/// What the traveller should do: put so many fingers down, or lift what is still on the glass first.
pub fn prompt(fingers: usize, still_on: bool) -> &'static str {
    match (fingers, still_on) {
        (0 | 1, false) => "place-finger",
        (0 | 1, true) => "lift-finger",
        (_, false) => "place-fingers",
        (_, true) => "lift-fingers",
    }
}

/// What came of one placement.
pub struct Judged {
    /// The fingers that could be judged.
    pub fingers: Vec<FingerJudged>,
    /// What is wrong with it as a whole, and the fingers that this is about.
    pub wrong: Option<(Wrong, Vec<Finger>)>,
    /// Fingers that did not show, where that is known for certain.
    pub missing: Vec<Finger>,
    /// Fingers that counted earlier and may have been put down for others.
    pub doubted: Vec<Finger>,
}

/// What one placement is judged with.
pub struct Placed {
    /// The fingers that were asked for.
    pub wanted: Vec<Finger>,
    /// What the device sent.
    pub images: Vec<FingerImage>,
    /// The device takes one finger at a time and cannot name it.
    pub unnamed: bool,
    /// Which limits hold: those of sensors that see a part of the fingertip.
    pub small_sensor: bool,
    /// The fingers that counted earlier in the case.
    pub earlier: Vec<Known>,
}

/// Judges a placement, each finger on a thread of its own, and tells the desk.
pub fn judge(loaded: &Arc<Loaded>, attempt: u64, placed: Placed, messages: mpsc::Sender<Message>) {
    let loaded = loaded.clone();
    tokio::task::spawn_blocking(move || {
        let Placed { wanted, images, unnamed, small_sensor, earlier } = placed;
        let Placement { named, seen, wrong, missing } = placement::placed(&wanted, images, unnamed);
        let fingers: Vec<FingerJudged> = std::thread::scope(|scope| {
            let judge = |(which, image)| {
                (
                    which,
                    scope.spawn({
                        let loaded = &loaded;
                        move || judged(loaded, which, &image, small_sensor, seen)
                    }),
                )
            };
            let judging: Vec<_> = named.into_iter().map(judge).collect();
            judging.into_iter().filter_map(|(which, thread)| told(which, thread.join().ok())).collect()
        });
        let (repeated, doubted) = match placement::repeated(&fingers, &earlier) {
            // What lies on the glass is wrong by itself: nothing is to be said against the earlier ones.
            Some(repeated) if wrong.is_some() => (Some(repeated.wrong), Vec::new()),
            Some(repeated) => (Some(repeated.wrong), repeated.doubted),
            None => (None, Vec::new()),
        };
        let judged = Judged { fingers, wrong: repeated.or(wrong), missing, doubted };
        tell(&messages, Message::FingersJudged(attempt, judged));
    });
}

/// A judge that fails is our own fault: the log says so, and the finger has to be put down again.
fn told(which: Finger, judged: Option<FingerJudged>) -> Option<FingerJudged> {
    if judged.is_none() {
        tracing::error!(finger = which.id(), "a finger could not be judged");
    }
    judged
}

fn judged(loaded: &Loaded, which: Finger, image: &FingerImage, small_sensor: bool, seen: bool) -> FingerJudged {
    let mut assessor = Assessor::with(loaded.scorer.clone());
    let assessment = assessor.assess(image);
    let limit = loaded.thresholds.finger.of(which.digit(), small_sensor);
    let score = assessment.value();
    let sample = FingerSample {
        finger: which,
        png: png(image),
        ppi: image.ppi,
        bit_depth: image.bit_depth,
        score,
        scorer: format!("{} {}", assessment.score.name, assessment.score.model),
        quality: measures(assessment),
        accepted: score.is_some_and(|score| score >= limit),
    };
    let template = Arc::new(Template::of(&mut Extractor::new(), image));
    FingerJudged { sample, advice: assessment.advice.first().map(|advice| advice.id()), template, seen }
}

/// The native measures, then our own components with their scores.
fn measures(assessment: &FingerAssessment) -> Vec<Measure> {
    let native = assessment.measures().map(|measure| Measure {
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
