//! The samples of a case: open while it is at the desk, sealed while it waits for a supervisor.

use super::command::Picture;
use super::placement::Known;
use super::view::PortraitPanel;
use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, Key, KeyInit, Nonce};
use domain::finger::Finger;
use domain::guarded::Biometric;
use domain::image::FingerImage;
use domain::record::{FaceSample, FingerSample, Measure};
use domain::session::Slot;
use quality::minutiae::Extractor;
use quality::slap::Template;
use std::collections::BTreeMap;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Bytes of AES-256-GCM's nonce, which stands before what it sealed.
const NONCE: usize = 12;

/// The best samples of a case, one for each slot, and of slots that nothing was accepted of the attempts beside it: so many
/// at most, so that a case has a bounded size.
const MOST_BESIDE: usize = 2;

/// An attempt beside the best one: its picture and how it was judged.
type Beside = (Biometric<Vec<u8>>, Vec<Measure>);

/// What was taken of a traveller.
#[derive(Default)]
pub struct Samples {
    face: Option<FaceSample>,
    fingers: BTreeMap<Finger, FingerSample>,
    /// The attempts that these are.
    numbers: BTreeMap<Slot, u8>,
    /// Attempts beside the best ones, by their numbers, for a supervisor to compare.
    beside: BTreeMap<(Slot, u8), Beside>,
    /// By which accepted fingers are known again, while the case is at the desk.
    templates: BTreeMap<Finger, Known>,
    /// Accepted fingers of a case that waits, and whether their places on the glass named them: enough to know them again
    /// from their pictures when the case is back.
    waiting: BTreeMap<Finger, bool>,
    /// What the pictures are sealed with while the case waits.
    key: Option<ReviewKey>,
}

/// The key of one waiting case. It is in memory only and goes with the case, so that what waits can be read for as long
/// as somebody may decide on it, and never again.
struct ReviewKey(Zeroizing<[u8; 32]>);

impl Samples {
    /// Keeps a face if it is the best attempt so far.
    pub fn offer_face(&mut self, sample: FaceSample, number: u8, is_best: bool) {
        let (accepted, takes) = (sample.accepted, is_best || self.face.is_none());
        let other = if takes { self.face.replace(sample) } else { Some(sample) };
        let other = other.map(|face| (face.jpeg, face.quality));
        self.set_beside(Slot::Face, number, takes, other, accepted);
    }

    /// The fingers that were accepted so far.
    pub fn known(&self) -> Vec<Known> {
        self.templates.values().cloned().collect()
    }

    /// Keeps a finger if it is the best attempt so far, and remembers one that was accepted.
    pub fn offer_finger(&mut self, sample: FingerSample, number: u8, known: Known, is_best: bool) {
        if sample.accepted {
            self.templates.insert(sample.finger, known);
        }
        let (finger, accepted) = (sample.finger, sample.accepted);
        let takes = is_best || !self.fingers.contains_key(&finger);
        let other = if takes { self.fingers.insert(finger, sample) } else { Some(sample) };
        let other = other.map(|finger| (finger.png, finger.quality));
        self.set_beside(Slot::Finger(finger), number, takes, other, accepted);
    }

    /// Keeps the attempt that is not the best one beside it, unless something was accepted: then nobody has to compare.
    fn set_beside(&mut self, slot: Slot, number: u8, takes: bool, other: Option<Beside>, accepted: bool) {
        let before = if takes { self.numbers.insert(slot, number) } else { Some(number) };
        let of_slot = |(of, _): &&(Slot, u8)| *of == slot;
        if accepted {
            self.beside.retain(|(of, _), _| *of != slot);
        } else if let (Some(number), Some(other)) = (before, other) {
            self.beside.insert((slot, number), other);
            let oldest = self.beside.keys().find(of_slot).copied();
            if self.beside.keys().filter(of_slot).count() > MOST_BESIDE {
                oldest.map(|oldest| self.beside.remove(&oldest));
            }
        }
    }

    /// How an attempt was judged, where its picture is still there.
    pub fn judged(&self, slot: Slot, number: u8) -> Option<&[Measure]> {
        let best = self.numbers.get(&slot) == Some(&number);
        match slot {
            _ if !best => self.beside.get(&(slot, number)).map(|(_, measures)| measures.as_slice()),
            Slot::Face => self.face.as_ref().map(|face| face.quality.as_slice()),
            Slot::Finger(finger) => self.fingers.get(&finger).map(|finger| finger.quality.as_slice()),
        }
    }

    /// Forgets a finger's sample: nobody knows any more whose it is.
    pub fn forget_finger(&mut self, finger: Finger) {
        self.templates.remove(&finger);
        self.fingers.remove(&finger);
        self.forget_attempts(Slot::Finger(finger));
    }

    fn forget_attempts(&mut self, slot: Slot) {
        self.numbers.remove(&slot);
        self.beside.retain(|(of, _), _| *of != slot);
    }

    /// Forgets what a slot was captured with.
    pub fn forget(&mut self, slot: Slot) {
        match slot {
            Slot::Face => {
                self.face = None;
                self.forget_attempts(slot);
            }
            Slot::Finger(finger) => self.forget_finger(finger),
        }
    }

    /// Forgets the fingers that are no part of the capture any more.
    pub fn keep_fingers(&mut self, wanted: &[Finger]) {
        let others: Vec<Finger> = self.fingers.keys().copied().filter(|finger| !wanted.contains(finger)).collect();
        others.into_iter().for_each(|finger| self.forget_finger(finger));
    }

    /// The picture of a slot's attempt with its media type, for the supervisor: of the best one where no number is given.
    pub fn picture(&self, slot: Slot, number: Option<u8>) -> Option<Picture> {
        let beside = number.filter(|number| self.numbers.get(&slot) != Some(number));
        let (media, best) = match slot {
            Slot::Face => ("image/jpeg", self.face.as_ref().map(|face| &face.jpeg)),
            Slot::Finger(finger) => ("image/png", self.fingers.get(&finger).map(|finger| &finger.png)),
        };
        let picture = match beside {
            Some(number) => self.beside.get(&(slot, number)).map(|(picture, _)| picture),
            None => best,
        }?;
        match &self.key {
            Some(key) => Some((media, key.open(slot, picture)?)),
            None => Some((media, picture.clone())),
        }
    }

    /// How the portrait was judged, for the supervisor.
    pub fn portrait(&self) -> Option<PortraitPanel> {
        self.face.as_ref().map(|face| PortraitPanel {
            engine: face.engine.clone(),
            basis: face.basis.id(),
            not_assessed: face.not_assessed.clone(),
            measures: face.quality.clone(),
        })
    }

    /// Seals every picture with a new key, and wipes what was made of them: the case waits. A picture that cannot be sealed
    /// is forgotten, because nothing that waits may lie open.
    pub fn seal(&mut self) {
        if self.key.is_some() {
            return;
        }
        let Some(key) = ReviewKey::new() else {
            tracing::error!("there is no randomness to seal what waits with; the samples are forgotten");
            return self.wipe();
        };
        self.each(|slot, picture| key.seal(slot, picture));
        self.key = Some(key);
        self.waiting =
            std::mem::take(&mut self.templates).into_iter().map(|(finger, known)| (finger, known.seen)).collect();
    }

    /// Opens every picture again, and knows the accepted fingers by them: the case is back at the desk.
    pub fn bring_back(&mut self) {
        self.unseal();
        let mut extractor = Extractor::new();
        for (finger, seen) in std::mem::take(&mut self.waiting) {
            let Some(image) = self.fingers.get(&finger).and_then(image_of) else { continue };
            let template = Arc::new(Template::of(&mut extractor, &image));
            self.templates.insert(finger, Known { finger, template, seen });
        }
    }

    fn unseal(&mut self) {
        if let Some(key) = self.key.take() {
            self.each(|slot, picture| key.open(slot, picture));
        }
    }

    /// Gives the samples away, for the record.
    pub fn take(&mut self) -> (Option<FaceSample>, Vec<FingerSample>) {
        self.unseal();
        (self.face.take(), std::mem::take(&mut self.fingers).into_values().collect())
    }

    /// Forgets everything. Pixels are wiped as they are dropped.
    pub fn wipe(&mut self) {
        *self = Self::default();
    }

    /// Puts another picture in the place of each; a sample for which there is none is forgotten.
    fn each(&mut self, change: impl Fn(Slot, &Biometric<Vec<u8>>) -> Option<Biometric<Vec<u8>>>) {
        self.face = self.face.take().and_then(|mut face| {
            face.jpeg = change(Slot::Face, &face.jpeg)?;
            Some(face)
        });
        self.fingers.retain(|finger, sample| match change(Slot::Finger(*finger), &sample.png) {
            Some(picture) => {
                sample.png = picture;
                true
            }
            None => false,
        });
        self.beside.retain(|(slot, _), (picture, _)| match change(*slot, picture) {
            Some(changed) => {
                *picture = changed;
                true
            }
            None => false,
        });
    }
}

/// The image that a sample was made of: its file is lossless.
fn image_of(sample: &FingerSample) -> Option<FingerImage> {
    let picture = image::load_from_memory_with_format(sample.png.expose(), image::ImageFormat::Png).ok()?.into_luma8();
    let (width, height) = picture.dimensions();
    FingerImage::new(width, height, sample.ppi, sample.bit_depth, picture.into_raw()).ok()
}

impl ReviewKey {
    fn new() -> Option<Self> {
        let mut key = Zeroizing::new([0; 32]);
        getrandom::fill(key.as_mut_slice()).ok()?;
        Some(Self(key))
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&Key::<Aes256Gcm>::from(*self.0))
    }

    fn seal(&self, slot: Slot, picture: &Biometric<Vec<u8>>) -> Option<Biometric<Vec<u8>>> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).ok()?;
        let payload = Payload { msg: picture.expose(), aad: slot.id().as_bytes() };
        let sealed = self.cipher().encrypt(&Nonce::from(nonce), payload).ok()?;
        Some(Biometric::new([nonce.as_slice(), &sealed].concat()))
    }

    fn open(&self, slot: Slot, sealed: &Biometric<Vec<u8>>) -> Option<Biometric<Vec<u8>>> {
        let (nonce, sealed) = sealed.expose().split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: sealed, aad: slot.id().as_bytes() };
        self.cipher().decrypt(&Nonce::from(*nonce), payload).ok().map(Biometric::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::units::Ppi;
    use image::codecs::png::PngEncoder;
    use image::{ExtendedColorType, ImageEncoder};

    #[test]
    fn nothing_of_a_finger_lies_open_while_its_case_waits() {
        // Ridges with places where one begins or ends.
        let ends =
            [(60.0, 70.0, 1.0), (150.0, 90.0, -1.0), (100.0, 160.0, 1.0), (210.0, 200.0, -1.0), (180.0, 60.0, 1.0)];
        let shade = |at: u32| {
            let (x, y) = ((at % 300) as f32, (at / 300) as f32);
            let twist: f32 = ends.iter().map(|(ex, ey, way)| way * (y - ey).atan2(x - ex)).sum();
            (128.0 + 100.0 * (y * std::f32::consts::TAU / 9.0 + twist).sin()) as u8
        };
        let image = FingerImage::new(300, 300, Ppi::FIVE_HUNDRED, 8, (0..90_000).map(shade).collect()).unwrap();
        let (rejected, mut samples) = (Finger::RightMiddle, Samples::default());
        for (finger, seen, accepted) in
            [(Finger::RightThumb, true, true), (Finger::RightIndex, false, true), (rejected, false, false)]
        {
            let template = Arc::new(Template::of(&mut Extractor::new(), &image));
            let sample = FingerSample { accepted, ..sample_of(finger, &image) };
            samples.offer_finger(sample, 1, Known { finger, template, seen }, true);
        }
        let told = |samples: &Samples| -> Vec<_> {
            samples.known().iter().map(|known| (known.finger, known.seen, known.template.len())).collect()
        };
        let before = told(&samples);
        assert!(before.len() == 2 && before.iter().all(|(.., minutiae)| *minutiae > 0), "{before:?}");
        let weak = Arc::downgrade(&samples.templates[&Finger::RightThumb].template);
        samples.seal();
        assert!(weak.upgrade().is_none() && samples.known().is_empty(), "minutiae are wiped as they are dropped");
        assert!(samples.fingers.values().all(|sample| image_of(sample).is_none()), "pictures are sealed");
        samples.bring_back();
        assert_eq!(told(&samples), before, "known again by the same minutiae, which rejected ones never were");
    }

    fn sample_of(finger: Finger, image: &FingerImage) -> FingerSample {
        let mut png = Vec::new();
        let written = PngEncoder::new(&mut png);
        written.write_image(image.grey(), image.width, image.height, ExtendedColorType::L8).unwrap();
        FingerSample {
            finger,
            png: Biometric::new(png),
            ppi: image.ppi,
            bit_depth: image.bit_depth,
            score: None,
            scorer: String::new(),
            quality: Vec::new(),
            accepted: true,
        }
    }

    #[test]
    fn a_sealed_picture_opens_for_its_slot_and_by_its_key_only() {
        let (key, other) = (ReviewKey::new().unwrap(), ReviewKey::new().unwrap());
        let picture = Biometric::new(vec![7; 4096]);
        let thumb = Slot::Finger(Finger::RightThumb);
        let sealed = key.seal(Slot::Face, &picture).unwrap();
        assert!(!sealed.expose().windows(8).any(|bytes| bytes == [7; 8]), "the picture is still to be seen");
        assert_eq!(key.open(Slot::Face, &sealed), Some(picture.clone()));
        assert_eq!(key.open(thumb, &sealed), None);
        assert_eq!(other.open(Slot::Face, &sealed), None);
        for cut in [0, NONCE - 1, NONCE, sealed.expose().len() - 1] {
            assert_eq!(key.open(Slot::Face, &Biometric::new(sealed.expose()[..cut].to_vec())), None, "{cut}");
        }
        assert_ne!(key.seal(Slot::Face, &picture).unwrap(), sealed, "one nonce for one sealing");
    }
}
