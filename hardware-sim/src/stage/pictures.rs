//! The visitor as pictures: frames of the head for the camera, impressions of fingers for the sensor.

use super::hand::{FINGER_SIZE, Laid, PLATEN_PPI, SLAPS};
use super::landing::Landing;
use super::wear::cover_cut;
use crate::person::Person;
use domain::finger::Finger;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, RgbImage};
use render::head::{self, Figure, Identity, Light, Pose, Scene, Subject, Truth};
use render::print::{Glass, Master};
use std::sync::{Arc, OnceLock};

/// Size of a camera frame in pixels.
pub const FRAME: (u32, u32) = (640, 480);

/// What the stream's JPEG frames are compressed with, of 100: that of a good network camera.
const JPEG_QUALITY: u8 = 90;

/// Renderings of one pose; the noise of each frame is its own.
const SHOTS: usize = 3;

/// Resolution of the simulated sensor in pixels per inch: what the R503 class states.
pub const PPI: f32 = 508.0;

/// A camera's view as long as the visitor keeps a pose.
#[derive(Debug)]
pub struct Clip {
    head: head::Clip,
}

impl Clip {
    /// The `number`-th frame as JPEG. An encoder that fails gives an empty frame, which no client takes for a picture.
    pub fn frame(&self, number: u64) -> Arc<Vec<u8>> {
        Arc::new(jpeg(&self.picture(number)).unwrap_or_default())
    }

    /// What the `number`-th frame shows, and where.
    pub fn truth(&self, number: u64) -> Vec<Truth> {
        self.head.truth(number)
    }

    /// The `number`-th frame as the sensor gave it.
    pub fn picture(&self, number: u64) -> RgbImage {
        self.head.frame(number)
    }
}

/// The view of an empty desk under a lamp that gives this share of its light.
pub fn empty_desk(lamp: f32) -> Result<Clip, image::ImageError> {
    let head = head::Clip::of(&[], &Scene { light: lit(lamp), ..Scene::default() }, FRAME, 1);
    jpeg(&head.frame(0)).map(|_| Clip { head })
}

/// Where somebody stands who looks over the visitor's shoulder: a whole face in the picture, a little farther away.
fn beside() -> Pose {
    Pose { yaw: -6.0, distance: 0.8, offset_x: 0.33, offset_y: -0.02, ..Pose::default() }
}

fn lit(lamp: f32) -> Light {
    Light { exposure: lamp * Light::default().exposure, ..Light::default() }
}

/// Light that reaches the sensor through a covered lens, as a share of a well-lit booth.
const COVERED: f32 = 0.004;

/// The view through a covered lens, or with the light out: the sensor's noise, and next to nothing else.
pub fn dark_desk() -> Clip {
    let light = Light { exposure: COVERED, ..Light::default() };
    Clip { head: head::Clip::of(&[], &Scene { light, ..Scene::default() }, FRAME, 1) }
}

/// One person's head and the patterns of the fingers seen so far.
#[derive(Debug)]
pub struct Pictures {
    person: Person,
    head: Identity,
    sensor: (u32, u32),
    masters: Arc<Masters>,
}

/// The patterns of one person's fingers. Each grows once, when it is first asked for; who asks meanwhile, waits.
#[derive(Debug)]
struct Masters {
    seed: u64,
    grown: [OnceLock<Arc<Master>>; Finger::ALL.len()],
}

impl Masters {
    fn get(&self, finger: Finger) -> Arc<Master> {
        let grow = || Arc::new(Master::from_seed(self.seed, finger.code()));
        Arc::clone(self.grown[usize::from(finger.code()) - 1].get_or_init(grow))
    }
}

impl Pictures {
    /// Draws what will be asked for first: the patterns of the fingers that a station takes.
    pub fn make(person: &Person, sensor: (u32, u32)) -> Result<Self, String> {
        let masters = Arc::new(Masters { seed: person.seed, grown: Default::default() });
        let made = Self { person: person.clone(), head: person.head(), sensor, masters };
        std::thread::scope(|scope| {
            let made = &made;
            let growing: Vec<_> =
                person.planned_fingers().into_iter().map(|finger| scope.spawn(move || made.master(finger))).collect();
            let grown = growing.into_iter().all(|thread| thread.join().is_ok());
            if grown { Ok(()) } else { Err(String::from("a fingerprint could not be grown")) }
        })?;
        Ok(made)
    }

    /// Lets the patterns of all fingers that are there grow in the background, in the order in which slaps are taken.
    /// Stops between two fingers when the visitor has gone.
    pub fn grow_hands(&self) {
        let slaps = SLAPS.iter().flat_map(|slap| slap.fingers().iter().copied());
        let fingers: Vec<Finger> = slaps.filter(|finger| !self.person.lacks(*finger)).collect();
        let masters = Arc::downgrade(&self.masters);
        let growing = std::thread::Builder::new().name("fingers".into()).spawn(move || {
            for finger in fingers {
                let Some(masters) = masters.upgrade() else { return };
                masters.get(finger);
            }
        });
        if let Err(error) = growing {
            tracing::warn!(%error, "fingers grow only when they are asked for");
        }
    }

    /// The head in this pose, and somebody else's beside it, under a lamp that gives this share of its light.
    pub fn clip(&self, pose: &Pose, companion: Option<u64>, lamp: f32) -> Result<Clip, String> {
        let scene = Scene { seed: self.person.seed, light: lit(lamp), ..Scene::default() };
        let other = companion.map(Identity::from_seed);
        let visitor =
            self.person.faces_camera().then_some(Figure { subject: Subject::Person(&self.head), pose: *pose });
        let companion = other.as_ref().map(|who| Figure { subject: Subject::Person(who), pose: beside() });
        let figures: Vec<Figure<'_>> = visitor.into_iter().chain(companion).collect();
        Ok(Clip { head: head::Clip::of(&figures, &scene, FRAME, SHOTS) })
    }

    /// The `number`-th touch of this visit, on a glass that may be dirty: 8-bit grey, as large as the sensor.
    pub fn impression(&self, finger: Finger, number: u32, glass: Option<&Glass>) -> Result<Arc<Vec<u8>>, String> {
        let touch = self.person.touch(finger, number);
        let (width, height) = self.sensor;
        let mut image = self.master(finger).impression(&touch, width, height, PPI);
        if let Some(glass) = glass {
            glass.cover(&mut image);
        }
        Ok(Arc::new(image.into_raw()))
    }

    /// The `number`-th touch of this visit as a live-scan sensor sees it come down.
    pub(super) fn landing(&self, finger: Finger, number: u32, glass: Option<&Glass>) -> Landing {
        Landing::draw(&self.master(finger), &self.person.touch(finger, number), glass)
    }

    /// The `number`-th touch of this visit as a slap scanner has it.
    pub fn laid(&self, finger: Finger, number: u32, glass: Option<&Glass>) -> Laid {
        let (touch, master) = (self.person.touch(finger, number), self.master(finger));
        let (width, height) = FINGER_SIZE;
        let mut image = master.impression(&touch, width, height, PLATEN_PPI);
        if let Some(glass) = glass {
            cover_cut(glass, finger, &mut image);
        }
        Laid { finger, touch, master, image: Arc::new(image) }
    }

    /// The pattern of a finger.
    pub fn master(&self, finger: Finger) -> Arc<Master> {
        self.masters.get(finger)
    }
}

fn jpeg(image: &RgbImage) -> Result<Vec<u8>, image::ImageError> {
    let mut bytes = Vec::with_capacity(64 * 1024);
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
    encoder.encode(image.as_raw(), image.width(), image.height(), ExtendedColorType::Rgb8)?;
    Ok(bytes)
}
