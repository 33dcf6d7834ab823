//! The visitor as pictures: frames of the head for the camera, impressions of fingers for the sensor.

use crate::person::Person;
use domain::finger::Finger;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, RgbImage};
use render::head::{self, Identity, Pose, Scene};
use render::print::Master;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

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
        Arc::new(jpeg(&self.head.frame(number)).unwrap_or_default())
    }
}

/// The view of an empty desk.
pub fn empty_desk() -> Result<Clip, image::ImageError> {
    let head = head::Clip::of(&[], &Scene::default(), FRAME, 1);
    jpeg(&head.frame(0)).map(|_| Clip { head })
}

/// One person's head and the patterns of the fingers seen so far.
#[derive(Debug)]
pub struct Pictures {
    person: Person,
    head: Identity,
    sensor: (u32, u32),
    masters: Mutex<HashMap<Finger, Arc<Master>>>,
}

impl Pictures {
    /// Draws what will be asked for first: the patterns of the fingers that a station takes.
    pub fn make(person: &Person, sensor: (u32, u32)) -> Result<Self, String> {
        let made = Self { person: person.clone(), head: person.head(), sensor, masters: Mutex::new(HashMap::new()) };
        std::thread::scope(|scope| {
            let made = &made;
            let growing: Vec<_> =
                person.planned_fingers().into_iter().map(|finger| scope.spawn(move || made.master(finger))).collect();
            let grown = growing.into_iter().all(|thread| thread.join().is_ok());
            if grown { Ok(()) } else { Err(String::from("a fingerprint could not be grown")) }
        })?;
        Ok(made)
    }

    /// The head in this pose.
    pub fn clip(&self, pose: &Pose) -> Result<Clip, String> {
        let scene = Scene { seed: self.person.seed, ..Scene::default() };
        let head = if self.person.faces_camera() {
            head::Clip::prepare(&self.head, pose, &scene, FRAME, SHOTS)
        } else {
            head::Clip::of(&[], &scene, FRAME, 1)
        };
        Ok(Clip { head })
    }

    /// The `number`-th touch of this visit: 8-bit grey, as large as the sensor.
    pub fn impression(&self, finger: Finger, number: u32) -> Result<Arc<Vec<u8>>, String> {
        let touch = self.person.touch(finger, number);
        let (width, height) = self.sensor;
        let image = self.master(finger).impression(&touch, width, height, PPI);
        Ok(Arc::new(image.into_raw()))
    }

    fn master(&self, finger: Finger) -> Arc<Master> {
        if let Some(master) = self.known().get(&finger) {
            return Arc::clone(master);
        }
        // Grown outside the lock: two fingers grow at the same time.
        let master = Arc::new(Master::from_seed(self.person.seed, finger.code()));
        self.known().insert(finger, Arc::clone(&master));
        master
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<Finger, Arc<Master>>> {
        self.masters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn jpeg(image: &RgbImage) -> Result<Vec<u8>, image::ImageError> {
    let mut bytes = Vec::with_capacity(64 * 1024);
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
    encoder.encode(image.as_raw(), image.width(), image.height(), ExtendedColorType::Rgb8)?;
    Ok(bytes)
}
