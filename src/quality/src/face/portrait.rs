//! The portrait: a 3:4 crop around the face, encoded for the record.

use super::FaceBox;
use super::geometry::Geometry;
use domain::guarded::Biometric;
use domain::image::Frame;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{ExtendedColorType, RgbImage};
use serde::{Deserialize, Deserializer, de::Error as _};
use zeroize::Zeroize;

/// Geometry and size of a portrait. Proposed, after BSI TR-03121-3 v7 (border control) and ISO/IEC 19794-5 full
/// frontal: `head_height = 0.75` (allowed .6 to .9; gives a head width of .68, allowed .5 to .75), `eye_line = 0.45`
/// (ISO: .3 to .5 from the top), `max_width = 1200` (600 x 800 to 1200 x 1600), `max_bytes = 375000`,
/// `least_jpeg_quality = 60` (own: below it blocks show).
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortraitRules {
    /// Crown to chin as a share of the portrait's height.
    #[serde(deserialize_with = "share")]
    pub head_height: f32,
    /// Eye line below the upper edge as a share of the portrait's height.
    #[serde(deserialize_with = "share")]
    pub eye_line: f32,
    /// Pixels across, at most; the height is four thirds of it.
    #[serde(deserialize_with = "side")]
    pub max_width: u32,
    /// Bytes of the JPEG file, at most.
    pub max_bytes: usize,
    /// JPEG quality (1 to 100) under which the picture is made smaller instead.
    #[serde(deserialize_with = "quality")]
    pub least_jpeg_quality: u8,
}

/// A finished portrait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portrait {
    /// The JPEG file.
    pub jpeg: Biometric<Vec<u8>>,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// The JPEG quality used.
    pub jpeg_quality: u8,
}

/// Why there is no portrait: one lower-case phrase, nothing of the sample in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPortrait(pub &'static str);

/// The narrowest crop that is still a picture of a face.
const LEAST_WIDTH: u32 = 48;
/// The best JPEG quality used: above it files grow and pictures do not.
const BEST_QUALITY: u8 = 95;
/// How often a picture that stays too large is made a fifth smaller.
const MOST_REDUCTIONS: usize = 8;

/// Cuts the portrait out of a frame, never enlarging a pixel.
///
/// Where the frame has too little room for the wanted head height, the crop shrinks around the face; where that is not
/// enough it shifts. Whether the result is fit for the record is for the assessment to say, not for the crop.
pub fn portrait(frame: &Frame, face: &FaceBox, rules: &PortraitRules) -> Result<Portrait, NoPortrait> {
    let crop = Crop::around(frame, face, rules).ok_or(NoPortrait("too little of the face in the frame"))?;
    let mut picture = crop.cut(frame, rules.max_width);
    let encoded = encode_to_fit(&mut picture, rules);
    wipe(picture);
    encoded
}

/// A rectangle of whole pixels inside the frame, three wide to four high.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Crop {
    left: u32,
    top: u32,
    width: u32,
    height: u32,
}

impl Crop {
    fn around(frame: &Frame, face: &FaceBox, rules: &PortraitRules) -> Option<Self> {
        if !face.is_sound() {
            return None;
        }
        let geometry = Geometry::of(face);
        let (frame_width, frame_height) = (frame.width as f32, frame.height as f32);
        let (x, y) = geometry.eyes;
        if !(0.0..frame_width).contains(&x) || !(0.0..frame_height).contains(&y) {
            return None;
        }
        let wanted = geometry.head_height() / rules.head_height;
        // Sideways the eyes stay in the middle: the room on the nearer side decides. Never less than the head itself,
        // and never more than the frame.
        let room_across = 2.0 * x.min(frame_width - x) * 4.0 / 3.0;
        let room_down = (y / rules.eye_line).min((frame_height - y) / (1.0 - rules.eye_line));
        let head = geometry.head_height().min(frame_height).min(frame_width * 4.0 / 3.0);
        let height = wanted.min(room_across).min(room_down).max(head).min(frame_height).min(frame_width * 4.0 / 3.0);
        let width = (height * 0.75) as u32;
        if width < LEAST_WIDTH {
            return None;
        }
        let height = (width * 4 / 3).min(frame.height);
        let left = (x - width as f32 / 2.0).round().clamp(0.0, (frame.width - width) as f32) as u32;
        let top = (y - height as f32 * rules.eye_line).round().clamp(0.0, (frame.height - height) as f32) as u32;
        Some(Self { left, top, width, height })
    }

    fn cut(&self, frame: &Frame, max_width: u32) -> RgbImage {
        let row_bytes = frame.width as usize * 3;
        let mut picture = RgbImage::new(self.width, self.height);
        let rows = frame.rgb().chunks_exact(row_bytes).skip(self.top as usize);
        for (to, from) in picture.chunks_exact_mut(self.width as usize * 3).zip(rows) {
            to.copy_from_slice(&from[self.left as usize * 3..][..self.width as usize * 3]);
        }
        if self.width <= max_width {
            return picture;
        }
        let smaller = resized(&picture, max_width);
        wipe(picture);
        smaller
    }
}

/// The best quality that fits; a smaller picture where even the least does not.
fn encode_to_fit(picture: &mut RgbImage, rules: &PortraitRules) -> Result<Portrait, NoPortrait> {
    for _ in 0..MOST_REDUCTIONS {
        if let Some((jpeg, jpeg_quality)) = best_quality(picture, rules)? {
            let (width, height) = picture.dimensions();
            return Ok(Portrait { jpeg: Biometric::new(jpeg), width, height, jpeg_quality });
        }
        let width = picture.width() * 4 / 5;
        if width < LEAST_WIDTH {
            break;
        }
        let smaller = resized(picture, width);
        wipe(std::mem::replace(picture, smaller));
    }
    Err(NoPortrait("the portrait does not fit the allowed bytes"))
}

fn best_quality(picture: &RgbImage, rules: &PortraitRules) -> Result<Option<(Vec<u8>, u8)>, NoPortrait> {
    let least = rules.least_jpeg_quality.min(BEST_QUALITY);
    let first = encode(picture, BEST_QUALITY)?;
    if first.len() <= rules.max_bytes {
        return Ok(Some((first, BEST_QUALITY)));
    }
    let (mut fits, mut low, mut high) = (None, least, BEST_QUALITY);
    while low < high {
        let middle = low + (high - low) / 2;
        let jpeg = encode(picture, middle)?;
        if jpeg.len() <= rules.max_bytes {
            fits = Some((jpeg, middle));
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(fits)
}

fn encode(picture: &RgbImage, quality: u8) -> Result<Vec<u8>, NoPortrait> {
    // Room for the whole file at once: a vector that grows leaves copies of the face behind in freed memory.
    let mut jpeg = Vec::with_capacity(picture.as_raw().len() + 4096);
    let (width, height) = picture.dimensions();
    JpegEncoder::new_with_quality(&mut jpeg, quality)
        .encode(picture.as_raw(), width, height, ExtendedColorType::Rgb8)
        .map_err(|_| NoPortrait("the portrait could not be encoded"))?;
    Ok(jpeg)
}

fn resized(picture: &RgbImage, width: u32) -> RgbImage {
    imageops::resize(picture, width, width * 4 / 3, FilterType::CatmullRom)
}

fn wipe(picture: RgbImage) {
    picture.into_raw().zeroize();
}

fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
    let value = f32::deserialize(deserializer)?;
    if (0.1..=0.95).contains(&value) { Ok(value) } else { Err(D::Error::custom("a share must lie within .1 to .95")) }
}

fn side<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let value = u32::deserialize(deserializer)?;
    if (LEAST_WIDTH..=4096).contains(&value) {
        Ok(value)
    } else {
        Err(D::Error::custom("not within 48 to 4096 pixels"))
    }
}

fn quality<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    let value = u8::deserialize(deserializer)?;
    if (1..=100).contains(&value) { Ok(value) } else { Err(D::Error::custom("a JPEG quality is 1 to 100")) }
}

#[cfg(test)]
mod tests {
    use super::super::scenes;
    use super::*;
    use domain::units::Millis;
    use proptest::prelude::*;

    const RULES: PortraitRules = PortraitRules {
        head_height: 0.75,
        eye_line: 0.45,
        max_width: 1200,
        max_bytes: 375_000,
        least_jpeg_quality: 60,
    };

    fn face(x: f32, y: f32, side: f32) -> FaceBox {
        FaceBox { x, y, width: side, height: side, score: 1.0 }
    }

    #[test]
    fn geometry_follows_the_rules_where_the_frame_has_room() {
        let frame = scenes::flat(1280, 960, [120; 3]);
        for face in [face(500.0, 350.0, 260.0), face(400.0, 300.0, 380.0), face(560.0, 400.0, 180.0)] {
            let crop = Crop::around(&frame, &face, &RULES).unwrap();
            let g = Geometry::of(&face);
            let close = |name: &str, got: f32, wanted: f32| {
                assert!((got / wanted - 1.0).abs() < 0.02, "{name}: {got} for {wanted} ({crop:?})");
            };
            close("head height", g.head_height() / crop.height as f32, RULES.head_height);
            close("eye line", (g.eyes.1 - crop.top as f32) / crop.height as f32, RULES.eye_line);
            close("middle", (g.eyes.0 - crop.left as f32) / crop.width as f32, 0.5);
            close("shape", crop.height as f32 / crop.width as f32, 4.0 / 3.0);
            let head_width = g.head_width() / crop.width as f32;
            assert!((0.5..=0.75).contains(&head_width), "head width {head_width}");
        }
    }

    #[test]
    fn where_room_is_short_the_crop_shrinks_and_then_shifts() {
        let frame = scenes::flat(640, 480, [120; 3]);
        for (name, face) in [
            ("near", face(170.0, 60.0, 330.0)),
            ("at the left edge", face(5.0, 120.0, 200.0)),
            ("at the top", face(220.0, -20.0, 200.0)),
            ("at the lower right", face(430.0, 280.0, 210.0)),
        ] {
            let crop = Crop::around(&frame, &face, &RULES).unwrap();
            assert!(crop.left + crop.width <= 640 && crop.top + crop.height <= 480, "{name}: {crop:?}");
            let g = Geometry::of(&face);
            let head = g.head_height() / crop.height as f32;
            assert!(head <= 1.01 || crop.height == 480, "{name}: the head is cut, {head}");
        }
    }

    #[test]
    fn a_portrait_is_a_jpeg_of_the_stated_size() {
        let found = face(215.0, 110.0, 200.0);
        let portrait = portrait(&scenes::drawn_face(640, 480, &found), &found, &RULES).unwrap();
        let decoded = image::load_from_memory(portrait.jpeg.expose()).unwrap();
        assert_eq!((decoded.width(), decoded.height()), (portrait.width, portrait.height));
        // 200 x .71 x 2 of head make 284 / .75 = 379 rows at scale one: nothing was enlarged.
        assert!(portrait.height <= 379, "{}", portrait.height);
        assert_eq!(portrait.jpeg_quality, BEST_QUALITY);
    }

    #[test]
    fn large_frames_are_reduced_and_noise_is_made_to_fit() {
        let mut state = 1u32;
        let noise = (0..2600 * 3000 * 3).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        let frame = Frame::new(2600, 3000, Millis(0), 0, noise.collect()).unwrap();
        let portrait = portrait(&frame, &face(700.0, 700.0, 1200.0), &RULES).unwrap();
        assert!(portrait.width <= RULES.max_width, "{}", portrait.width);
        assert!(portrait.jpeg.expose().len() <= RULES.max_bytes, "{}", portrait.jpeg.expose().len());
        assert!(portrait.jpeg_quality >= RULES.least_jpeg_quality);
        assert!((portrait.height as f32 / portrait.width as f32 - 4.0 / 3.0).abs() < 0.01);
    }

    #[test]
    fn no_portrait_says_why() {
        let frame = scenes::flat(640, 480, [120; 3]);
        let cut = NoPortrait("too little of the face in the frame");
        let tiny = PortraitRules { max_bytes: 100, ..RULES };
        let good = face(215.0, 110.0, 200.0);
        for (name, frame, face, rules, why) in [
            ("beside the frame", &frame, face(900.0, 100.0, 200.0), RULES, cut),
            ("no box", &frame, face(f32::NAN, 100.0, 200.0), RULES, cut),
            ("one pixel", &scenes::flat(1, 1, [0; 3]), face(0.0, 0.0, 1.0), RULES, cut),
            ("nothing", &scenes::flat(0, 0, [0; 3]), good, RULES, cut),
            ("no room for bytes", &frame, good, tiny, NoPortrait("the portrait does not fit the allowed bytes")),
        ] {
            assert_eq!(portrait(frame, &face, &rules).err(), Some(why), "{name}");
        }
    }

    #[test]
    fn rules_are_checked_at_the_door() {
        let good = serde_json::json!({
            "head_height": 0.75, "eye_line": 0.45, "max_width": 1200, "max_bytes": 375000, "least_jpeg_quality": 60,
        });
        assert_eq!(serde_json::from_value::<PortraitRules>(good.clone()).unwrap(), RULES);
        for (key, value) in [
            ("head_height", serde_json::json!(7.5)),
            ("eye_line", serde_json::json!(0)),
            ("max_width", serde_json::json!(0)),
            ("least_jpeg_quality", serde_json::json!(101)),
            ("typo", serde_json::json!(1)),
        ] {
            let mut rules = good.clone();
            rules[key] = value;
            assert!(serde_json::from_value::<PortraitRules>(rules).is_err(), "{key}");
        }
    }

    proptest! {
        #[test]
        fn every_crop_lies_in_its_frame(
            width in 0u32..3000, height in 0u32..3000,
            x in -500f32..3500.0, y in -500f32..3500.0, side in 0f32..3000.0, wild in any::<f32>(), tame in any::<bool>(),
        ) {
            // Cropping reads sizes only, so the frame's pixels need not exist: a narrow frame stands for all.
            prop_assume!(u64::from(width) * u64::from(height) <= 1_000_000);
            let frame = scenes::flat(width, height, [9; 3]);
            let found = FaceBox { x: if tame { x } else { wild }, y, width: side, height: side, score: 0.0 };
            if let Some(crop) = Crop::around(&frame, &found, &RULES) {
                prop_assert!(crop.width >= LEAST_WIDTH);
                prop_assert!(crop.left + crop.width <= width && crop.top + crop.height <= height);
            }
        }
    }
}
