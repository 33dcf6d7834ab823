//! Several fingers on one platen at once, and the fingers cut out of the picture as a segmenting device does it.

use std::panic::resume_unwind;

use image::{GrayImage, Luma};

use super::super::maths::{sin_cos_deg, smoothstep};
use super::super::rng::Rng;
use super::fields::Field;
use super::hand::{self, Place};
use super::impression::{Layer, Touch};
use super::truth::PrintTruth;
use super::{Contact, Impression, Master, Minutia, Print, Singular};

/// Pixels across the platen of a FAP 60 slap scanner: 3.2 inch at 500 pixels per inch (ANSI/NIST-ITL 1-2011).
pub const WIDTH: u32 = 1600;
/// Pixels down it: 3 inch.
pub const HEIGHT: u32 = 1500;
/// The resolution of every slap, pixels per inch.
pub const PPI: f32 = 500.0;

/// Most fingers that one platen takes; further ones are left out.
pub const MOST: usize = 10;

/// A finger's window reaches this much further than its contact, where nothing of it is left.
const MARGIN: f32 = 1.27;

/// How a hand lies on the platen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HandPose {
    /// Degrees clockwise, of all fingers together.
    pub rotation: f32,
    /// How far the fingers are apart: -1 pressed together, 0 as most people do, 1 spread.
    pub spread: f32,
    /// Millimetres to the right and downwards from the middle of the platen.
    pub shift: (f32, f32),
    /// Decides lengths and tilts of this hand's fingers and the noise of this picture.
    pub seed: u64,
}

/// One finger of a slap.
#[derive(Clone, Debug, PartialEq)]
pub struct SlapFinger {
    /// ISO/IEC 19794-4 code: 1 right thumb to 5 right little, 6 left thumb to 10 left little.
    pub finger: u8,
    /// The box that holds it: middle, size and angle (degrees clockwise), pixels.
    pub place: Contact,
    /// What is seen of it, in pixels of the whole picture.
    pub print: PrintTruth,
}

/// What a slap shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SlapTruth {
    /// The fingers that touch, as they were given.
    pub fingers: Vec<SlapFinger>,
}

/// A picture of the platen and the truth about it.
#[derive(Clone, Debug)]
pub struct SlapPicture {
    /// 8-bit grey at 500 pixels per inch, ridges dark.
    pub image: GrayImage,
    /// What it shows.
    pub truth: SlapTruth,
}

/// Fingers laid on a platen together.
#[derive(Clone, Copy, Debug)]
pub struct Slap;

impl Slap {
    /// The picture of these fingers (code, pattern, touch) on a platen of this size; each lies where its place in the
    /// hand is, turned and shifted further by its own touch. Fingers of both hands lie side by side. What lies beyond
    /// the platen is not seen.
    pub fn lay(fingers: &[(u8, &Master, &Impression)], pose: HandPose, width: u32, height: u32) -> SlapPicture {
        let fingers = &fingers[..fingers.len().min(MOST)];
        let codes: Vec<u8> = fingers.iter().map(|(code, _, _)| *code).collect();
        let places = hand::places(&codes, &pose);
        let size = (width as usize, height as usize);
        // Every finger is drawn from its own seed alone: the order of the threads decides nothing.
        let drawn: Vec<Drawn> = std::thread::scope(|scope| {
            let drawing: Vec<_> = fingers
                .iter()
                .zip(&places)
                .map(|((code, master, touch), place)| scope.spawn(move || draw(*code, master, touch, *place, size)))
                .collect();
            drawing.into_iter().map(|thread| thread.join().unwrap_or_else(|cause| resume_unwind(cause))).collect()
        });
        let mut rng = Rng::stream(pose.seed, 0x51A9);
        let mut image = Field::smooth(&mut rng, size.0, size.1, 25.0);
        image.values.iter_mut().for_each(|value| *value = 256.0 + 3.0 * *value);
        for finger in &drawn {
            finger.darken(&mut image);
        }
        let noise = rng.range(2.4, 3.2);
        let bytes = image.values.iter().map(|value| (value + noise * rng.normal()).round().clamp(0.0, 255.0) as u8);
        let image = GrayImage::from_raw(width, height, bytes.collect()).unwrap_or_default();
        SlapPicture { image, truth: SlapTruth { fingers: drawn.into_iter().map(|finger| finger.truth).collect() } }
    }
}

impl SlapPicture {
    /// One finger cut out and turned upright, as a device does that segments: what is nearer to another finger is
    /// white. Nothing when the finger is not there.
    pub fn cut(&self, finger: u8, width: u32, height: u32) -> Option<Print> {
        let own = self.truth.fingers.iter().find(|other| other.finger == finger)?;
        let others: Vec<&Contact> =
            self.truth.fingers.iter().filter(|other| other.finger != finger).map(|other| &other.place).collect();
        let turn = Upright::new(&own.place, width, height);
        let image = GrayImage::from_fn(width, height, |x, y| {
            let (px, py) = turn.platen(x as f32, y as f32);
            let radius = own.place.radius(px, py);
            let whole = 1.0 - smoothstep(1.15, 1.3, radius);
            if whole <= 0.0 || others.iter().any(|other| other.radius(px, py) < radius) {
                return Luma([255]);
            }
            let value = cubic(&self.image, px, py);
            Luma([(255.0 + (value - 255.0) * whole).round().clamp(0.0, 255.0) as u8])
        });
        Some(Print { image, truth: turn.truth(&own.print, width, height) })
    }
}

/// One finger before the noise of the sensor.
struct Drawn {
    truth: SlapFinger,
    layer: Layer,
    /// Top left corner of its window on the platen.
    corner: (i32, i32),
}

fn draw(code: u8, master: &Master, touch: &Impression, place: Place, size: (usize, usize)) -> Drawn {
    let own = touch.bounded();
    let per_mm = PPI / 25.4;
    let rotation = own.rotation + place.angle;
    let (sine, cosine) = sin_cos_deg(rotation);
    // Never larger than the largest finger, whatever the master says.
    let (half_x, half_y) = (master.contact.0.min(300.0), master.contact.1.min(400.0));
    let wide = 2.0 * MARGIN * (half_x * cosine.abs() + half_y * sine.abs());
    let high = 2.0 * MARGIN * (half_x * sine.abs() + half_y * cosine.abs());
    let (window_w, window_h) = ((wide / 2.0).ceil() * 2.0, (high / 2.0).ceil() * 2.0);
    let middle = (
        size.0 as f32 / 2.0 + (place.x + own.shift.0) * per_mm,
        size.1 as f32 / 2.0 + (place.y + own.shift.1) * per_mm,
    );
    let corner = ((middle.0 - window_w / 2.0).round() as i32, (middle.1 - window_h / 2.0).round() as i32);
    let there = Impression { rotation, shift: (0.0, 0.0), ..own };
    let mut work = Touch::new(master, &there, window_w as u32, window_h as u32, PPI);
    let layer = Layer::of(master, &mut work);
    let mut print = PrintTruth::of(master, &layer, &there, (window_w as u32, window_h as u32));
    print.shift((corner.0 as f32, corner.1 as f32), size);
    let place = print.contact.unwrap_or(layer.contact);
    Drawn { truth: SlapFinger { finger: code, place, print }, layer, corner }
}

impl Drawn {
    fn darken(&self, image: &mut Field) {
        let window = &self.layer.image;
        for y in 0..window.height {
            let row = self.corner.1 + y as i32;
            if row < 0 || row >= image.height as i32 {
                continue;
            }
            for x in 0..window.width {
                let column = self.corner.0 + x as i32;
                if column < 0 || column >= image.width as i32 {
                    continue;
                }
                let i = y * window.width + x;
                let whole = 1.0 - smoothstep(1.06, 1.28, self.layer.radius.values[i]);
                image.values[row as usize * image.width + column as usize] -=
                    (255.0 - window.values[i]).max(0.0) * whole;
            }
        }
    }
}

/// The turn from a cut-out back to the platen.
struct Upright {
    middle: (f32, f32),
    half: (f32, f32),
    sine: f32,
    cosine: f32,
    angle: f32,
}

impl Upright {
    fn new(place: &Contact, width: u32, height: u32) -> Self {
        let (sine, cosine) = sin_cos_deg(place.angle);
        Self { middle: place.centre, half: (width as f32 / 2.0, height as f32 / 2.0), sine, cosine, angle: place.angle }
    }

    fn platen(&self, x: f32, y: f32) -> (f32, f32) {
        let (dx, dy) = (x - self.half.0, y - self.half.1);
        (self.middle.0 + dx * self.cosine - dy * self.sine, self.middle.1 + dx * self.sine + dy * self.cosine)
    }

    fn cut(&self, (x, y): (f32, f32)) -> (f32, f32) {
        let (dx, dy) = (x - self.middle.0, y - self.middle.1);
        (self.half.0 + dx * self.cosine + dy * self.sine, self.half.1 + dy * self.cosine - dx * self.sine)
    }

    fn truth(&self, print: &PrintTruth, width: u32, height: u32) -> PrintTruth {
        let inside = |(x, y): (f32, f32)| x >= 0.0 && y >= 0.0 && x < width as f32 && y < height as f32;
        let seen = |points: &[(f32, f32)]| -> Vec<(f32, f32)> {
            points.iter().map(|point| self.cut(*point)).filter(|point| inside(*point)).collect()
        };
        let minutia = |minutia: &Minutia| {
            let (x, y) = self.cut((minutia.x, minutia.y));
            // Upright again: what was turned clockwise comes back counterclockwise.
            let angle = minutia.angle + self.angle;
            Minutia { x, y, angle: angle - (angle / 360.0).floor() * 360.0, ..*minutia }
        };
        let touch = Impression { rotation: 0.0, ..print.touch };
        PrintTruth {
            contact: print.contact.map(|contact| Contact { centre: self.cut(contact.centre), angle: 0.0, ..contact }),
            singular: Singular { cores: seen(&print.singular.cores), deltas: seen(&print.singular.deltas) },
            minutiae: print.minutiae.iter().map(minutia).filter(|m| inside((m.x, m.y))).collect(),
            touch,
            class: print.class,
        }
    }
}

/// The grey value between pixels by Catmull and Rom's cubic; white beyond the platen.
fn cubic(image: &GrayImage, x: f32, y: f32) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let weights = |t: f32| {
        let (t2, t3) = (t * t, t * t * t);
        [
            0.5 * (-t3 + 2.0 * t2 - t),
            0.5 * (3.0 * t3 - 5.0 * t2 + 2.0),
            0.5 * (-3.0 * t3 + 4.0 * t2 + t),
            0.5 * (t3 - t2),
        ]
    };
    let (across, down) = (weights(x - left), weights(y - top));
    let at = |column: i32, row: i32| {
        let there = u32::try_from(column).ok().zip(u32::try_from(row).ok());
        there
            .and_then(|(column, row)| image.get_pixel_checked(column, row))
            .map_or(255.0, |pixel| f32::from(pixel.0[0]))
    };
    let row = |r: usize| -> f32 {
        (0..4).map(|c| across[c] * at(left as i32 + c as i32 - 1, top as i32 + r as i32 - 1)).sum()
    };
    (0..4).map(|r| down[r] * row(r)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half the size of a real platen: quicker, and fingers reach its border.
    const SMALL: (u32, u32) = (900, 700);

    const RECORD: [&str; 4] = ["9C152A5ADD15AD17", "DD66ECA23CB160AF", "A06C769E706B1352", "1E31A9B8FD7FF593"];

    fn laid(codes: &[u8], pose: HandPose, size: (u32, u32)) -> SlapPicture {
        let masters: Vec<Master> = codes.iter().map(|code| Master::from_seed(4, *code)).collect();
        let touch = Impression { rotation: 0.0, shift: (0.0, 0.0), ..Impression::clean(9) };
        let fingers: Vec<_> = codes.iter().zip(&masters).map(|(code, master)| (*code, master, &touch)).collect();
        Slap::lay(&fingers, pose, size.0, size.1)
    }

    fn dark(image: &GrayImage) -> usize {
        image.as_raw().iter().filter(|value| **value < 128).count()
    }

    #[test]
    fn a_slap_repeats_to_the_last_bit() {
        let pose = HandPose { rotation: 20.0, seed: 3, ..HandPose::default() };
        let (one, again) = (laid(&[2, 3], pose, SMALL), laid(&[2, 3], pose, SMALL));
        assert_eq!(one.image, again.image);
        assert_eq!(one.truth, again.truth);
        assert_ne!(one.image, laid(&[2, 3], HandPose { seed: 4, ..pose }, SMALL).image);
    }

    /// FNV-1a: any changed byte changes it.
    fn digest(image: &GrayImage) -> u64 {
        image
            .as_raw()
            .iter()
            .fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3))
    }

    /// Digests of pictures made on another day: to be changed with the recipe, and only then. A machine or compiler that
    /// gives others computes differently.
    #[test]
    fn pictures_are_those_of_the_record() {
        let master = Master::from_seed(77, 1);
        let worst =
            super::super::Axis::ALL.into_iter().fold(Impression::clean(5), |touch, axis| touch.with(axis, 0.25));
        let worst = Impression { scars: 0.5, distortion: 0.8, background: 0.4, noise: 0.2, ..worst };
        let prints = [Impression::clean(5), worst].map(|touch| digest(&master.impression(&touch, 300, 340, 508.0)));
        let pose = HandPose { rotation: 33.0, spread: 0.5, shift: (1.0, -2.0), seed: 6 };
        let slap = laid(&[7, 9], pose, SMALL);
        let cut = slap.cut(9, 200, 250).expect("there");
        let seen = [prints[0], prints[1], digest(&slap.image), digest(&cut.image)];
        assert_eq!(seen.map(|digest| format!("{digest:016X}")), RECORD);
    }

    #[test]
    fn fingers_lie_in_their_order_and_turn_with_the_hand() {
        let upright = laid(&[2, 3, 4, 5], HandPose::default(), (WIDTH, HEIGHT));
        let columns: Vec<f32> = upright.truth.fingers.iter().map(|finger| finger.place.centre.0).collect();
        assert!(columns.is_sorted_by(|a, b| b - a > 300.0), "{columns:?}");
        for finger in &upright.truth.fingers {
            assert!(finger.print.minutiae.len() > 15, "finger {}", finger.finger);
        }
        for rotation in [-45.0, 45.0] {
            let turned = laid(&[2, 3, 4, 5], HandPose { rotation, ..HandPose::default() }, (WIDTH, HEIGHT));
            for (one, other) in turned.truth.fingers.iter().zip(&upright.truth.fingers) {
                assert!((one.place.angle - other.place.angle - rotation).abs() < 0.01);
                let (x, y) = one.place.centre;
                assert!((100.0..1500.0).contains(&x) && (100.0..1400.0).contains(&y), "{rotation}: {x} {y}");
            }
        }
    }

    #[test]
    fn a_finger_is_dark_where_its_box_is_and_white_elsewhere() {
        let pose = HandPose { rotation: 30.0, ..HandPose::default() };
        let slap = laid(&[7, 9], pose, (1200, 1100));
        let near = |x: f32, y: f32, limit: f32| slap.truth.fingers.iter().any(|f| f.place.radius(x, y) < limit);
        let (mut inside, mut outside, mut black) = (0, 0, 0);
        for (x, y, value) in slap.image.enumerate_pixels() {
            let is_dark = usize::from(value.0[0] < 128);
            if near(x as f32, y as f32, 0.9) {
                (inside, black) = (inside + 1, black + is_dark);
            } else if !near(x as f32, y as f32, 1.2) {
                outside += is_dark;
            }
        }
        assert_eq!(outside, 0);
        assert!(black * 10 > inside * 3, "{black} of {inside}");
    }

    #[test]
    fn a_cut_finger_stands_upright_with_its_minutiae() {
        let slap = laid(&[2, 3], HandPose { rotation: -35.0, ..HandPose::default() }, (1200, 1200));
        let cut = slap.cut(3, 400, 500).expect("there");
        assert!(slap.cut(9, 400, 500).is_none());
        assert!(dark(&cut.image) > 15_000, "{}", dark(&cut.image));
        let whole = slap.truth.fingers.iter().find(|f| f.finger == 3).expect("there");
        assert!(cut.truth.minutiae.len() * 10 >= whole.print.minutiae.len() * 9);
        // The same finger put down upright alone shows the same minutiae in the same places, but for the skin's bend.
        let touch = Impression { rotation: 0.0, shift: (0.0, 0.0), ..Impression::clean(9) };
        let alone = Master::from_seed(4, 3).print(&touch, 400, 500, PPI);
        let close = |m: &&Minutia| {
            let turned = |a: f32, b: f32| (a - b).abs().min(360.0 - (a - b).abs());
            let near = |o: &Minutia| (o.x - m.x).abs() < 22.0 && (o.y - m.y).abs() < 22.0;
            alone.truth.minutiae.iter().any(|o| o.kind == m.kind && near(o) && turned(o.angle, m.angle) < 20.0)
        };
        let met = cut.truth.minutiae.iter().filter(close).count();
        assert!(met * 10 >= cut.truth.minutiae.len() * 8, "{met} of {}", cut.truth.minutiae.len());
    }

    #[test]
    fn any_pose_and_platen_work() {
        for (width, height) in [(0, 0), (1, 1), (40, 9)] {
            for value in [0.0, 400.0, f32::NAN, f32::INFINITY] {
                let pose = HandPose { rotation: value, spread: value, shift: (value, -value), seed: 1 };
                let slap = laid(&[3], pose, (width, height));
                assert_eq!(slap.image.dimensions(), (width, height));
                assert_eq!(slap.cut(3, 30, 0).expect("there").image.dimensions(), (30, 0));
            }
        }
        assert_eq!(dark(&laid(&[], HandPose::default(), (64, 64)).image), 0);
    }
}
