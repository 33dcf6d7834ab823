//! Judging the finger images of one placement, off the desk's task.

use super::actor::Message;
use super::effects::tell;
use crate::config::Loaded;
use domain::finger::Finger;
use domain::guarded::Biometric;
use domain::image::FingerImage;
use domain::record::{FingerSample, Measure};
use domain::session::{Attempt, Slot};
use domain::units::Millis;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use quality::finger::{Assessor, FingerAssessment};
use std::sync::Arc;
use tokio::sync::mpsc;

/// A finger with what the quality core says of it.
pub struct FingerJudged {
    /// The sample as a record would keep it.
    pub sample: FingerSample,
    /// What would make the next attempt better.
    pub advice: Option<&'static str>,
}

impl FingerJudged {
    /// The slot that the sample is for.
    pub fn slot(&self) -> Slot {
        Slot::Finger(self.sample.finger)
    }

    /// The attempt as the session counts it.
    pub fn attempt(&self, took: Millis) -> Attempt {
        Attempt { score: self.sample.score, passes: self.sample.accepted, took }
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

/// What would make the next attempt better: a finger that did not show comes first, then the first poor one's advice.
pub fn hint<'a>(wanted: &[Slot], judged: impl Iterator<Item = &'a FingerJudged> + Clone) -> Option<&'static str> {
    if wanted.iter().any(|slot| !judged.clone().any(|judged| judged.slot() == *slot)) {
        return Some("place-all-fingers");
    }
    judged.into_iter().filter(|judged| !judged.sample.accepted).find_map(|judged| judged.advice)
}

/// Judges the images of a placement, each on a thread of its own, and tells the desk. `small_sensor` says which limits
/// hold.
pub fn judge(
    loaded: &Arc<Loaded>,
    attempt: u64,
    named: Vec<(Finger, FingerImage)>,
    small_sensor: bool,
    messages: mpsc::Sender<Message>,
) {
    let loaded = loaded.clone();
    tokio::task::spawn_blocking(move || {
        let judged = std::thread::scope(|scope| {
            let judge = |(which, image)| {
                (
                    which,
                    scope.spawn({
                        let loaded = &loaded;
                        move || judged(loaded, which, &image, small_sensor)
                    }),
                )
            };
            let judging: Vec<_> = named.into_iter().map(judge).collect();
            judging.into_iter().filter_map(|(which, thread)| told(which, thread.join().ok())).collect()
        });
        tell(&messages, Message::FingersJudged(attempt, judged));
    });
}

/// Which finger each image is of: the one that the device names, if it was wanted; or, where the device takes one finger
/// at a time and cannot name it (`unnamed`), the only one that was wanted. Of two images of one finger the first counts.
/// An image that is of none of these is dropped, and its finger counts as not seen: it may show a whole hand.
pub fn named(wanted: &[Finger], images: Vec<FingerImage>, unnamed: bool) -> Vec<(Finger, FingerImage)> {
    let mut named: Vec<(Finger, FingerImage)> = Vec::with_capacity(wanted.len());
    for image in images {
        let which = match (image.position, wanted) {
            (Some(position), _) => wanted.contains(&position).then_some(position),
            (None, [only]) if unnamed => Some(*only),
            (None, _) => None,
        };
        match which {
            Some(which) if named.iter().all(|(known, _)| *known != which) => named.push((which, image)),
            _ => tracing::warn!(wanted = wanted.len(), "an image of a finger that was not asked for was dropped"),
        }
    }
    named
}

/// A judge that fails is our own fault: the log says so, and the finger has to be put down again.
fn told(which: Finger, judged: Option<FingerJudged>) -> Option<FingerJudged> {
    if judged.is_none() {
        tracing::error!(finger = which.id(), "a finger could not be judged");
    }
    judged
}

fn judged(loaded: &Loaded, which: Finger, image: &FingerImage, small_sensor: bool) -> FingerJudged {
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
    FingerJudged { sample, advice: assessment.advice.first().map(|advice| advice.id()) }
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

#[cfg(test)]
mod tests {
    use super::*;
    use domain::units::Ppi;

    fn image(position: Option<Finger>, shade: u8) -> FingerImage {
        FingerImage::new(1, 1, Ppi::FIVE_HUNDRED, 8, vec![shade]).unwrap().of(position)
    }

    #[test]
    fn images_go_to_the_fingers_that_were_asked_for() {
        use Finger::*;
        let hand = [RightIndex, RightMiddle];
        for (wanted, unnamed, sent, found) in [
            (&hand[..1], true, vec![None], vec![(RightIndex, 0)]),
            (&hand[..1], true, vec![None, None], vec![(RightIndex, 0)]),
            (&hand[..1], false, vec![None], vec![]),
            (&hand[..1], false, vec![Some(RightIndex)], vec![(RightIndex, 0)]),
            (&hand[..1], true, vec![Some(LeftIndex)], vec![]),
            (&hand, false, vec![Some(RightMiddle), Some(RightIndex)], vec![(RightMiddle, 0), (RightIndex, 1)]),
            (&hand, false, vec![Some(RightMiddle), Some(RightMiddle)], vec![(RightMiddle, 0)]),
            (&hand, true, vec![None], vec![]),
            (&hand, false, vec![], vec![]),
        ] {
            let images = sent.iter().zip(0..).map(|(position, shade)| image(*position, shade)).collect();
            let named: Vec<_> =
                named(wanted, images, unnamed).iter().map(|(of, image)| (*of, image.grey()[0])).collect();
            assert_eq!(named, found, "{wanted:?} {sent:?}");
        }
    }
}
