//! A finger as a live-scan sensor sees it: it comes down within about a second, with a part of its tip and lightly at
//! first, sometimes sliding, and then rests.

use super::{Stage, StageError, Touch};
use crate::scenario::Event;
use domain::finger::Finger;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, GrayImage};
use render::Rng;
use render::print::{Glass, Impression, Master};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Width and height of the sensor in pixels: one inch by 1.2.
pub const LIVE_SIZE: (u32, u32) = (500, 600);

/// Pictures a second.
pub const LIVE_RATE: u64 = 15;

/// Its resolution in pixels per inch.
pub(super) const LIVE_PPI: f32 = 500.0;

/// Impressions that are drawn of a finger on its way down, the final one included. Those in between are mixed.
const KEYS: usize = 5;
/// Pictures of the way down: 0.93 s.
const COMING: usize = 14;
/// Pictures of a finger that rests, and of a free glass. They take turns, each with the sensor's noise of its own.
const RESTING: usize = 3;

/// What the pictures are compressed with, of 100.
const JPEG_QUALITY: u8 = 97;

/// One finger of so many slides while it comes down, and how far in millimetres.
const SLIDES: f32 = 1.0 / 3.0;
const SLIDE_MM: f32 = 2.0;

/// How long the autopilot's finger rests, and how long after the last picture the glass counts as watched.
const PILOT_RESTS: Duration = Duration::from_millis(3000);
const WATCHED: Duration = Duration::from_millis(500);

/// Grey of the free glass.
const FREE: u8 = 250;

/// The live-scan sensor of a stage, if there is one.
#[derive(Debug, Default)]
pub(super) struct Live {
    there: AtomicBool,
    /// The pictures of a free glass, drawn when they are first asked for.
    free: Mutex<Vec<Arc<Vec<u8>>>>,
    watched: Mutex<Option<Instant>>,
}

/// The pictures of one touch, as JPEG.
#[derive(Debug)]
pub(super) struct Landing {
    coming: Vec<Arc<Vec<u8>>>,
    lightly: Vec<Arc<Vec<u8>>>,
    resting: Vec<Arc<Vec<u8>>>,
    grey: Arc<Vec<u8>>,
}

/// How far a finger is on its way down.
#[derive(Debug)]
pub(super) enum Way {
    /// It has come down, or still does, since then.
    Down(Instant),
    /// It touches lightly until it is pressed.
    Lightly,
}

impl Landing {
    /// Draws them all, on a glass that may be dirty.
    pub fn draw(master: &Master, touch: &Impression, glass: Option<&Glass>) -> Self {
        // One after another: the stream goes on meanwhile, and needs a core.
        let draw = |key: usize| {
            let touch = on_its_way(touch, key as f32 / (KEYS - 1) as f32);
            let mut image = master.impression(&touch, LIVE_SIZE.0, LIVE_SIZE.1, LIVE_PPI);
            if let Some(glass) = glass {
                glass.cover(&mut image);
            }
            image
        };
        let keys: Vec<GrayImage> = (0..KEYS).map(draw).collect();
        let mut noise = Rng::stream(touch.seed, 0x11FE);
        let mut coming = Vec::with_capacity(COMING);
        for picture in 0..COMING {
            // In 256ths of the way from one key to the next.
            let at = picture * (KEYS - 1) * 256 / COMING;
            let mixed = mix(&keys[at / 256], &keys[at / 256 + 1], at % 256);
            coming.push(Arc::new(jpeg(&mixed, &mut noise)));
        }
        let last = &keys[KEYS - 1];
        let mut rests = |picture| (0..RESTING).map(|_| Arc::new(jpeg(picture, &mut noise))).collect();
        let (lightly, resting) = (rests(&keys[1]), rests(last));
        Self { coming, lightly, resting, grey: Arc::new(last.as_raw().clone()) }
    }

    /// The final impression: 8-bit grey of [`LIVE_SIZE`].
    pub fn grey(&self) -> Arc<Vec<u8>> {
        Arc::clone(&self.grey)
    }

    /// The picture of a finger that is so far on its way down, and whether it rests.
    fn at(&self, way: &Way, number: u64) -> (Arc<Vec<u8>>, bool) {
        let since = match way {
            Way::Lightly => return (turn(&self.lightly, number), false),
            Way::Down(since) => since.elapsed(),
        };
        let passed = usize::try_from(since.as_millis() as u64 * LIVE_RATE / 1000).unwrap_or(usize::MAX);
        match self.coming.get(passed) {
            Some(coming) => (Arc::clone(coming), false),
            None => (turn(&self.resting, number), true),
        }
    }
}

impl Live {
    /// The `number`-th picture of the free glass.
    fn free(&self, number: u64) -> Arc<Vec<u8>> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if free.is_empty() {
            *free = free_glass(None);
        }
        turn(&free, number)
    }

    /// The free glass is dirty from now on, or clean.
    pub(super) fn set_free(&self, glass: Option<&Glass>) {
        if self.there.load(Ordering::Acquire) {
            *self.free.lock().unwrap_or_else(PoisonError::into_inner) = free_glass(glass);
        }
    }
}

impl Stage {
    /// The scanner for single fingers is a live-scan sensor from now on.
    pub fn set_live(&self) {
        self.live.there.store(true, Ordering::Release);
    }

    /// Whether the scanner for single fingers is a live-scan sensor.
    pub fn is_live(&self) -> bool {
        self.live.there.load(Ordering::Acquire)
    }

    /// A stream of the live-scan sensor starts.
    pub fn glass_watched(&self) {
        self.count(|counters| counters.live_streams += 1);
        self.happened(&Event::ScannerLooks);
    }

    /// What the live-scan sensor sees in the `number`-th picture of a stream.
    pub fn glimpse(&self, number: u64) -> Arc<Vec<u8>> {
        *self.live.watched.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        let (picture, first) = {
            let mut scene = self.scene();
            match &mut scene.touch {
                Some(Touch { comes: Some((landing, way)), landing: coming, .. }) => {
                    let (picture, rests) = landing.at(way, number);
                    (picture, rests && std::mem::take(coming))
                }
                _ => (self.live.free(number), false),
            }
        };
        if first {
            self.happened(&Event::ScannerTakes);
        }
        picture
    }

    /// On autopilot, while the glass is watched: a finger comes down, rests, and is lifted.
    pub fn pilot(&self) {
        let watched = *self.live.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.has_autopilot() || watched.is_none_or(|at| at.elapsed() > WATCHED) {
            return;
        }
        let rested = self.scene().touch.as_ref().map(|touch| match touch.comes {
            Some((_, Way::Down(since))) => since.elapsed(),
            _ => Duration::ZERO,
        });
        match rested {
            Some(rested) if rested >= PILOT_RESTS => self.sent(),
            Some(_) => {}
            None => self.touch_by_itself(),
        }
    }

    /// Puts a finger on the live-scan sensor, so lightly that little of it shows, until it is put down as usual.
    pub fn put_lightly(&self, finger: Finger) -> Result<(), StageError> {
        if !self.is_live() {
            return Err(StageError::NotServed { device: "live-scan sensor", option: "--scanner live" });
        }
        self.put(finger)?;
        if let Some(Touch { comes: Some((_, way)), .. }) = &mut self.scene().touch {
            *way = Way::Lightly;
        }
        Ok(())
    }

    /// Presses a finger that touches lightly; whether it is this one.
    pub(super) fn press(&self, finger: Finger) -> bool {
        match &mut self.scene().touch {
            Some(Touch { finger: on, comes: Some((_, way @ Way::Lightly)), .. }) if *on == finger => {
                *way = Way::Down(Instant::now());
                true
            }
            _ => false,
        }
    }
}

/// A touch on its way down: 0 hardly touches, 1 is the touch itself.
fn on_its_way(touch: &Impression, down: f32) -> Impression {
    let lacks = 1.0 - down;
    let mut own = Rng::stream(touch.seed, 0x51DE);
    let slide = if own.chance(SLIDES) { SLIDE_MM * lacks } else { 0.0 };
    let (right, along) = (own.chance(0.5), own.range(0.3, 1.0));
    let slide_x = if right { slide } else { -slide };
    Impression {
        shift: (touch.shift.0 + slide_x, touch.shift.1 + slide * along),
        small_area: touch.small_area.max(0.85 * lacks),
        dryness: touch.dryness.max(0.6 * lacks),
        low_contrast: touch.low_contrast.max(0.3 * lacks),
        motion: touch.motion.max(if slide > 0.0 { 0.4 } else { 0.0 }),
        ..*touch
    }
}

fn free_glass(glass: Option<&Glass>) -> Vec<Arc<Vec<u8>>> {
    let mut noise = Rng::stream(u64::from(FREE), 0x11FE);
    let mut image = GrayImage::from_pixel(LIVE_SIZE.0, LIVE_SIZE.1, image::Luma([FREE]));
    if let Some(glass) = glass {
        glass.cover(&mut image);
    }
    (0..RESTING).map(|_| Arc::new(jpeg(&image, &mut noise))).collect()
}

fn turn(pictures: &[Arc<Vec<u8>>], number: u64) -> Arc<Vec<u8>> {
    Arc::clone(&pictures[(number % pictures.len() as u64) as usize])
}

/// So many 256ths of the second picture, the rest of the first.
fn mix(first: &GrayImage, second: &GrayImage, share: usize) -> GrayImage {
    let mut mixed = first.clone();
    for (pixel, other) in mixed.iter_mut().zip(second.iter()) {
        *pixel = ((usize::from(*pixel) * (256 - share) + usize::from(*other) * share) >> 8) as u8;
    }
    mixed
}

/// A picture with noise of its own. An encoder that fails gives an empty one, which no client takes for a picture.
fn jpeg(picture: &GrayImage, noise: &mut Rng) -> Vec<u8> {
    let mut noisy = picture.clone();
    for eight in noisy.chunks_mut(8) {
        // Eight pixels, each up to three greys lighter or darker.
        let bits = noise.bits().to_le_bytes();
        for (pixel, bits) in eight.iter_mut().zip(bits) {
            *pixel = pixel.saturating_add(bits % 4).saturating_sub((bits >> 4) % 4);
        }
    }
    let mut bytes = Vec::with_capacity(128 * 1024);
    let (width, height) = noisy.dimensions();
    let encoded = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY).encode(
        noisy.as_raw(),
        width,
        height,
        ExtendedColorType::L8,
    );
    if encoded.is_err() {
        bytes.clear();
    }
    bytes
}
