//! The portrait: a 3:4 crop around the face, encoded for the record.

mod crop;
mod jpeg;
mod room;

use super::{FaceBox, Landmarks};
pub use crop::Crop;
use crop::{LEAST_WIDTH, Picture};
use domain::guarded::Biometric;
use domain::image::Frame;
use jpeg::Encoded;
pub(super) use room::{Edge, Room};
use serde::{Deserialize, Deserializer, de::Error as _};

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
#[derive(Clone, Debug, PartialEq)]
pub struct Portrait {
    /// The JPEG file.
    pub jpeg: Biometric<Vec<u8>>,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// The JPEG quality used.
    pub jpeg_quality: u8,
    /// Which part of the frame it shows.
    pub crop: Crop,
}

/// Why there is no portrait: one lower-case phrase, nothing of the sample in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPortrait(pub &'static str);

/// The best JPEG quality used: above it files grow and pictures do not.
const BEST_QUALITY: u8 = 95;
/// How often a picture of one size is encoded in search of a quality that fits.
const MOST_ENCODINGS: usize = 4;
/// How often a picture that stays too large is made a fifth smaller.
const MOST_REDUCTIONS: usize = 8;

/// Cuts the portrait out of a frame: turned so that the eye line lies level, to the geometry of `rules`, never
/// enlarging a pixel. Points of the face, where there are some, say where eyes and chin lie; its box does otherwise.
///
/// Where the frame has too little room for the wanted head height, the crop shrinks around the face; where that is not
/// enough it shifts. Such a frame keeps no limits ([`Room`]); its portrait is the best there is after giving up.
pub fn portrait(
    frame: &Frame,
    face: &FaceBox,
    landmarks: Option<&Landmarks>,
    rules: &PortraitRules,
) -> Result<Portrait, NoPortrait> {
    let crop = Crop::around((frame.width, frame.height), face, landmarks, rules)
        .ok_or(NoPortrait("too little of the face in the frame"))?;
    let mut width = crop.width().min(rules.max_width);
    for _ in 0..MOST_REDUCTIONS {
        // Cut anew for every size, so that each pixel is computed once from those of the frame.
        let picture = crop.cut(frame, width);
        if let Some((jpeg, jpeg_quality)) = best_quality(&picture, rules) {
            let (width, height) = (picture.width, picture.height);
            return Ok(Portrait { jpeg: Biometric::new(jpeg), width, height, jpeg_quality, crop });
        }
        width = width * 4 / 5;
        if width < LEAST_WIDTH {
            break;
        }
    }
    Err(NoPortrait("the portrait does not fit the allowed bytes"))
}

/// The file of the best quality, or of one near the best, that fits.
fn best_quality(picture: &Picture, rules: &PortraitRules) -> Option<(Vec<u8>, u8)> {
    let least = rules.least_jpeg_quality.min(BEST_QUALITY);
    let (mut best, mut low, mut high, mut quality) = (None, least, BEST_QUALITY + 1, BEST_QUALITY);
    for _ in 0..MOST_ENCODINGS {
        let size = match jpeg::encode(picture, quality, rules.max_bytes)? {
            Encoded::File(file) => {
                let size = file.len();
                low = quality + 1;
                best = Some((file, quality));
                size
            }
            Encoded::TooLarge(size) => {
                high = quality;
                size
            }
        };
        // A tenth of the room left is not worth another attempt.
        if low >= high || best.is_some() && size * 10 >= rules.max_bytes * 9 {
            break;
        }
        quality = guess(quality, size, rules.max_bytes).clamp(low, high - 1);
    }
    // The guesses were too high: what is allowed at least must be tried before the picture is made smaller.
    match best {
        None if high > least => match jpeg::encode(picture, least, rules.max_bytes)? {
            Encoded::File(file) => Some((file, least)),
            Encoded::TooLarge(_) => None,
        },
        best => best,
    }
}

/// The quality that gives about `wanted` bytes where `quality` gives `size`: files shrink with the .7th power of the
/// steps' scale (own measurement on rendered heads between 60 and 95), which is 200 - 2 quality.
fn guess(quality: u8, size: usize, wanted: usize) -> u8 {
    let scale = (200.0 - 2.0 * f32::from(quality)).max(1.0);
    let grown = scale * (size as f32 / (0.96 * wanted.max(1) as f32)).powf(1.0 / 0.7);
    (100.0 - grown / 2.0).clamp(1.0, 100.0) as u8
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
    use super::super::geometry::Geometry;
    use super::super::{POINTS, scenes};
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

    /// Points of a face whose eyes are `apart` pixels from each other, with the eye line turned by `roll` degrees
    /// clockwise and the chin `eye_to_chin` pixels below it.
    fn points(eyes: (f32, f32), apart: f32, eye_to_chin: f32, roll: f32) -> Landmarks {
        let (s, c) = roll.to_radians().sin_cos();
        let at = |across: f32, down: f32| [eyes.0 + across * c - down * s, eyes.1 + across * s + down * c, 0.0];
        let mut points = Box::new([at(0.0, 0.0); POINTS]);
        for (index, across) in [(33, -0.7), (133, -0.3), (362, 0.3), (263, 0.7)] {
            points[index] = at(across * apart, 0.0);
        }
        points[152] = at(0.0, eye_to_chin);
        Landmarks::new(points, 1.0)
    }

    fn close(name: &str, got: f32, wanted: f32) {
        assert!((got - wanted).abs() < 0.02 * wanted, "{name}: {got} for {wanted}");
    }

    #[test]
    fn geometry_follows_the_rules_where_the_frame_has_room() {
        let size = (1280, 960);
        let boxes = [face(500.0, 350.0, 260.0), face(400.0, 300.0, 380.0), face(560.0, 400.0, 180.0)];
        let from_boxes = boxes.map(|face| (Geometry::of(&face), 0.0, None));
        let from_points = [0.0, -0.1, 3.0, -8.0, 25.0, 90.0, 180.0, -135.0].map(|roll: f32| {
            let g = Geometry { eyes: (640.0, 470.0), eye_to_chin: 120.0, ..Geometry::of(&boxes[0]) };
            (g, roll, Some(points(g.eyes, 150.0, g.eye_to_chin, roll)))
        });
        for (at, (g, roll, landmarks)) in from_boxes.into_iter().chain(from_points).enumerate() {
            let crop = Crop::around(size, &boxes[at % 3], landmarks.as_ref(), &RULES).unwrap();
            let (s, c) = roll.to_radians().sin_cos();
            let (x, y) = crop.place(g.eyes);
            let chin = crop.place((g.eyes.0 - s * g.eye_to_chin, g.eyes.1 + c * g.eye_to_chin));
            close("eye line", y, RULES.eye_line);
            close("middle", x, 0.5);
            close("head height", 2.0 * (chin.1 - y), RULES.head_height);
            assert!((chin.0 - x).abs() < 0.005, "the chin stands under the eyes: {chin:?}");
        }
    }

    #[test]
    fn where_room_is_short_the_crop_shrinks_and_then_shifts() {
        for (name, found) in [
            ("near", face(170.0, 60.0, 330.0)),
            ("at the left edge", face(5.0, 120.0, 200.0)),
            ("at the top", face(220.0, -20.0, 200.0)),
            ("at the lower right", face(430.0, 280.0, 210.0)),
        ] {
            for roll in [None, Some(0.0), Some(12.0), Some(-70.0)] {
                let g = Geometry::of(&found);
                let landmarks = roll.map(|roll| points(g.eyes, g.inter_eye, g.eye_to_chin, roll));
                let crop = Crop::around((640, 480), &found, landmarks.as_ref(), &RULES).unwrap();
                // A turned crop of a low frame is smaller than the frame is high.
                let height = crop.width() as f32 * 4.0 / 3.0;
                let largest = 480.0 / (1.0 + 0.75 * roll.map_or(0.0, |roll: f32| roll.to_radians().sin().abs()));
                let head = g.head_height() / height;
                assert!(head <= 1.02 || height > 0.97 * largest, "{name}, {roll:?}: the head is cut, {head}");
                assert!(corners_inside(&crop, (640.0, 480.0)), "{name}, {roll:?}: {crop:?}");
            }
        }
    }

    /// Whether no corner of the frame lies strictly inside the crop and no corner of the crop outside the frame.
    fn corners_inside(crop: &Crop, (width, height): (f32, f32)) -> bool {
        let picture = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)];
        picture.into_iter().all(|corner| {
            let (x, y) = crop.frame_place(corner);
            (-0.01..=width + 0.01).contains(&x) && (-0.01..=height + 0.01).contains(&y)
        })
    }

    #[test]
    fn the_portrait_shows_what_the_crop_says() {
        // Four dots of pure colours: both eyes, the chin and a far corner; each must be where `place` says.
        let (eyes, apart, eye_to_chin) = ((300.0, 220.0), 60.0, 80.0);
        for roll in [0.0, 7.0, -20.0, 120.0] {
            let landmarks = points(eyes, apart, eye_to_chin, roll);
            let p = landmarks.points();
            let middle = |a: usize, b: usize| ((p[a][0] + p[b][0]) / 2.0, (p[a][1] + p[b][1]) / 2.0);
            let dots = [
                (middle(33, 133), [250, 10, 10]),
                (middle(362, 263), [10, 250, 10]),
                ((p[152][0], p[152][1]), [10, 10, 250]),
            ];
            let frame = scenes::dotted(640, 480, &dots, 5.0);
            let made = portrait(&frame, &face(240.0, 160.0, 120.0), Some(&landmarks), &RULES).unwrap();
            let decoded = image::load_from_memory(made.jpeg.expose()).unwrap().into_rgb8();
            for (at, colour) in dots {
                let (x, y) = made.crop.place(at);
                let (x, y) = (x * made.width as f32, y * made.height as f32);
                let seen = decoded[(x as u32, y as u32)].0;
                let far = seen.iter().zip(colour).map(|(a, b)| a.abs_diff(b)).max();
                assert!(far < Some(60), "{roll}: {seen:?} for {colour:?} at {x}, {y}");
            }
            let level = made.crop.place(dots[0].0).1 - made.crop.place(dots[1].0).1;
            assert!(level.abs() < 0.003, "{roll}: the eyes are not level, {level}");
        }
    }

    #[test]
    fn a_portrait_is_a_jpeg_of_the_stated_size() {
        let found = face(215.0, 110.0, 200.0);
        let portrait = portrait(&scenes::drawn_face(640, 480, &found), &found, None, &RULES).unwrap();
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
        let portrait = portrait(&frame, &face(700.0, 700.0, 1200.0), None, &RULES).unwrap();
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
            assert_eq!(portrait(frame, &face, None, &rules).err(), Some(why), "{name}");
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
            roll in proptest::option::of(-180f32..180.0), narrow in any::<bool>(),
        ) {
            let x = if tame { x } else { wild };
            let found = FaceBox { x, y, width: side, height: side, score: 0.0 };
            let landmarks = roll.map(|roll| points((x, y), if narrow { 0.0 } else { side * 0.4 }, side, roll));
            if let Some(crop) = Crop::around((width, height), &found, landmarks.as_ref(), &RULES) {
                prop_assert!(crop.width() >= LEAST_WIDTH);
                prop_assert!(corners_inside(&crop, (width as f32, height as f32)), "{:?}", crop);
            }
        }

        #[test]
        fn any_points_are_cut_without_a_panic(
            bytes in proptest::collection::vec(any::<u32>(), 12), side in 48u32..90, turn in any::<bool>(),
        ) {
            let mut landmarks = Box::new([[0f32; 3]; POINTS]);
            for (index, pair) in [33usize, 133, 362, 263, 152].into_iter().zip(bytes.chunks_exact(2)) {
                // Wild numbers, or places around the frame.
                let place = |v: u32| if turn { f32::from_bits(v) } else { (v % 200) as f32 - 50.0 };
                landmarks[index] = [place(pair[0]), place(pair[1]), 0.0];
            }
            let frame = scenes::flat(side, 80, [90; 3]);
            let _ = portrait(&frame, &face(10.0, 10.0, 40.0), Some(&Landmarks::new(landmarks, 1.0)), &RULES);
        }
    }
}
