//! The default population: what a checkpoint's camera may see, drawn from a seed.

use std::f32::consts::PI;

use super::super::maths::{atan2, exp};
use super::super::rng::Rng;
use super::identity::Identity;
use super::pose::{Light, Pose, Scene};
use super::{Figure, Shot, Subject, shoot};

/// Which pictures to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Population {
    /// An egg before a light wall.
    Egg,
    /// The wall alone.
    Empty,
    /// One person turned, as the camera sees it, by at most 20 degrees to the sides, 15 up and down and 10 in the
    /// picture, whose face is 60 to 200 pixels wide.
    Frontal,
    /// One person turned by up to 50 degrees, and worse cameras.
    Wide,
}

/// Whom a picture shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Who {
    /// An egg of this skin tone.
    Egg(f32),
    /// Nobody.
    Nobody,
    /// Somebody.
    Person(Box<Identity>),
}

/// One picture of a population, before it is taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Draw {
    /// Whom it shows.
    pub who: Who,
    /// How they stand.
    pub pose: Pose,
    /// Light, wall and camera.
    pub scene: Scene,
}

/// Width of a face at a focal length of one, cm (cheek to cheek), and the way from its front to the middle of the head.
const FACE_WIDTH: f32 = 13.6;
const FACE_FRONT: f32 = 8.5;

/// Natural logarithm of 200/60.
const LOG_SPAN: f32 = 1.203_972_8;

/// Focal length over the picture's height.
const FOCAL: f32 = 1.667;

impl Draw {
    /// Picture `number` of a seed's population, for a camera of this many pixels across and down.
    pub fn new(population: Population, seed: u64, number: u64, size: (u32, u32)) -> Self {
        let mut rng = Rng::stream(seed ^ 0xD7A3, number);
        let who = match population {
            Population::Egg => Who::Egg(rng.unit()),
            Population::Empty => Who::Nobody,
            Population::Frontal | Population::Wide => Who::Person(Box::new(Identity::from_seed(rng.bits() >> 16))),
        };
        let wide = population == Population::Wide;
        let pose = pose(&mut rng, wide, (size.0.max(1) as f32, size.1.max(1) as f32));
        let mut scene = scene(&mut rng, wide);
        if population == Population::Egg {
            // Before a dark wall the outline alone is enough for the Haar cascade, two times in a hundred.
            scene.wall = scene.wall.map(|grey| grey.max(176));
        }
        Self { who, pose, scene }
    }

    /// Takes the picture.
    pub fn shoot(&self, width: u32, height: u32) -> Shot {
        let subject = match &self.who {
            Who::Nobody => return shoot(&[], &self.scene, width, height),
            Who::Egg(tone) => Subject::Egg(*tone),
            Who::Person(who) => Subject::Person(who),
        };
        shoot(&[Figure { subject, pose: self.pose }], &self.scene, width, height)
    }
}

fn pose(rng: &mut Rng, wide: bool, (width, height): (f32, f32)) -> Pose {
    let (yaw, pitch, roll) = if wide { (50.0, 30.0, 25.0) } else { (20.0, 15.0, 10.0) };
    // Small faces are as likely as large ones by ratio: 60 to 200 pixels.
    let across = 60.0 * exp(rng.unit() * LOG_SPAN);
    let depth = FOCAL * height * FACE_WIDTH / across;
    let room = 0.5 - 0.6 * across / height;
    let (offset_x, offset_y) = (rng.range(-room, room) * 0.75, rng.range(-0.5, 0.5) * room);
    // Whoever stands at the side and looks straight ahead is seen from the side: angles are meant against the line of
    // sight.
    let seen = |offset: f32, span: f32| atan2(offset * span, FOCAL * height) * (180.0 / PI);
    Pose {
        yaw: rng.range(-yaw, yaw) - seen(offset_x, width),
        pitch: rng.range(-pitch, pitch) + seen(offset_y, height),
        roll: rng.range(-roll, roll),
        lids: if rng.chance(0.04) { rng.range(0.0, 0.4) } else { rng.range(0.7, 1.0) },
        mouth: if rng.chance(0.25) { rng.range(0.0, 0.6) } else { 0.0 },
        smile: rng.range(-0.4, 1.0) * rng.unit(),
        brows: rng.range(-0.6, 0.8) * rng.unit(),
        gaze_x: rng.range(-12.0, 12.0) * rng.unit(),
        gaze_y: rng.range(-10.0, 8.0) * rng.unit(),
        distance: (depth - FACE_FRONT) / 100.0,
        offset_x,
        offset_y,
    }
}

fn scene(rng: &mut Rng, wide: bool) -> Scene {
    let side = if rng.chance(0.5) { 1.0 } else { -1.0 };
    let bad = if wide { 2.0 } else { 1.0 };
    let light = Light {
        key_azimuth: side * rng.range(5.0, 55.0),
        key_elevation: rng.range(8.0, 50.0),
        key: rng.range(0.55, 0.95),
        fill_azimuth: -side * rng.range(20.0, 65.0),
        fill_elevation: rng.range(-5.0, 30.0),
        fill: rng.range(0.2, 0.5),
        ambient: rng.range(0.26, 0.46),
        warmth: rng.range(-1.0, 1.0),
        exposure: 1.0 + rng.range(-0.28, 0.25) * bad,
    };
    let grey = rng.range(90.0, 225.0);
    let mut tint = || (grey + rng.range(-14.0, 14.0)) as u8;
    let wall = [tint(), tint(), tint()];
    Scene {
        light,
        wall,
        blur: rng.range(0.4, 1.0) * bad,
        defocus: if rng.chance(0.15) { rng.range(0.6, 1.6) * bad } else { 0.0 },
        motion: if rng.chance(0.15) { rng.range(1.0, 3.0) * bad } else { 0.0 },
        motion_angle: rng.range(0.0, 180.0),
        white_balance: rng.range(-0.5, 0.5) * bad,
        noise: rng.range(0.5, 5.0) * bad,
        jpeg: rng.chance(0.5).then(|| rng.range(60.0, 96.0) as u8),
        seed: rng.bits() >> 16,
        caption: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_one_draw_and_the_population_keeps_its_bounds() {
        let draw = |number| Draw::new(Population::Frontal, 5, number, (640, 480));
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
        let (mut small, mut large) = (0, 0);
        for number in 0..400 {
            let pose = draw(number).pose;
            // At the picture's side the line of sight is up to 17 degrees off the middle.
            let beside = (pose.offset_x * 640.0).atan2(FOCAL * 480.0).to_degrees();
            let below = pose.offset_y.atan2(FOCAL).to_degrees();
            assert!((pose.yaw + beside).abs() <= 20.01 && (pose.pitch - below).abs() <= 15.01);
            assert!(pose.roll.abs() <= 10.0);
            let across = FOCAL * 480.0 * FACE_WIDTH / (pose.distance * 100.0 + FACE_FRONT);
            assert!((59.9..200.1).contains(&across), "{across}");
            small += usize::from(across < 85.0);
            large += usize::from(across > 140.0);
        }
        assert!(small > 60 && large > 60, "{small} {large}");
    }

    #[test]
    fn the_truth_follows_the_population() {
        for (population, faces) in
            [(Population::Egg, 0), (Population::Empty, 0), (Population::Frontal, 1), (Population::Wide, 1)]
        {
            let draw = Draw::new(population, 1, 1, (128, 96));
            assert_eq!(draw.shoot(128, 96).truth.len(), faces, "{population:?}");
        }
    }
}
