//! A stream of frames of somebody standing as still as people can.

use std::f32::consts::TAU;

use image::RgbImage;

use super::super::maths::sin;
use super::super::rng::Rng;
use super::{Figure, Identity, Pose, Scene, Shot, Subject, Truth, expose, finish};

/// Rendered frames with small movements, from which a stream is made by adding the camera's noise and a slight shift.
/// The frames follow one another in a loop without a jump.
#[derive(Clone, Debug)]
pub struct Clip {
    shots: Vec<Shot>,
    scene: Scene,
}

/// Frames of the stream that show each rendered frame, at most: at 15 frames a second a sway takes some four seconds.
const HOLD: u64 = 8;

impl Clip {
    /// Somebody before the camera, rendered `count` times (at least once) with the small sway of a standing person.
    /// Costs `count` renderings: some 70 ms of one core each at 640x480.
    pub fn prepare(identity: &Identity, pose: &Pose, scene: &Scene, size: (u32, u32), count: usize) -> Self {
        Self::of(&[Figure { subject: Subject::Person(identity), pose: *pose }], scene, size, count)
    }

    /// Any number of figures, or none: the empty booth.
    pub fn of(figures: &[Figure<'_>], scene: &Scene, size: (u32, u32), count: usize) -> Self {
        // An empty booth does not sway.
        let count = if figures.is_empty() { 1 } else { count.clamp(1, 64) };
        let shots = (0..count)
            .map(|i| {
                let moment = i as f32 / count as f32;
                let swayed: Vec<Figure<'_>> = (0_u64..)
                    .zip(figures)
                    .map(|(who, figure)| Figure { pose: sway(&figure.pose, scene.seed ^ who, moment), ..*figure })
                    .collect();
                expose(&swayed, scene, size.0, size.1)
            })
            .collect();
        Self { shots, scene: *scene }
    }

    /// Frame `index` of the stream, with noise of its own: a few milliseconds.
    pub fn frame(&self, index: u64) -> RgbImage {
        let (shot, shift) = self.moment(index);
        let mut image = shifted(&shot.image, shift);
        finish(&mut image, &self.scene, index);
        image
    }

    /// What frame `index` shows, and where.
    pub fn truth(&self, index: u64) -> Vec<Truth> {
        let (shot, (dx, dy)) = self.moment(index);
        let (dx, dy) = (dx as f32, dy as f32);
        let mut truth = shot.truth.clone();
        for face in &mut truth {
            face.face[0] += dx;
            face.face[1] += dy;
            for mark in &mut face.landmarks {
                (mark.x, mark.y) = (mark.x + dx, mark.y + dy);
            }
        }
        truth
    }

    /// The rendered frame to show, and by how many pixels it is moved to fill the time until the next.
    fn moment(&self, index: u64) -> (&Shot, (i64, i64)) {
        let mut rng = Rng::stream(self.scene.seed ^ 0x5817, index / 3);
        let shift = if self.shots.len() == 1 { (0, 0) } else { (rng.below(2) as i64, rng.below(2) as i64) };
        let place = index / HOLD.min(1 + 60 / self.shots.len() as u64) % self.shots.len() as u64;
        (&self.shots[place as usize], shift)
    }
}

/// The pose at a moment of the sway, 0..1: nobody stands quite still.
fn sway(pose: &Pose, seed: u64, moment: f32) -> Pose {
    let mut rng = Rng::stream(seed, 0x5A4);
    let mut wave = |height: f32| {
        let (slow, quick) = (rng.unit(), rng.unit());
        height * (sin(TAU * (moment + slow)) + 0.4 * sin(TAU * (2.0 * moment + quick)))
    };
    Pose {
        yaw: pose.yaw + wave(0.7),
        pitch: pose.pitch + wave(0.5),
        roll: pose.roll + wave(0.4),
        distance: pose.distance * (1.0 + wave(0.003)),
        offset_x: pose.offset_x + wave(0.0018),
        offset_y: pose.offset_y + wave(0.0012),
        ..*pose
    }
}

/// The picture moved right and down by a few pixels; the border is continued.
fn shifted(image: &RgbImage, (dx, dy): (i64, i64)) -> RgbImage {
    if (dx, dy) == (0, 0) || image.width() == 0 || image.height() == 0 {
        return image.clone();
    }
    let row = image.width() as usize * 3;
    let (columns, rows) = (image.width() as usize, image.height() as usize);
    let mut bytes = Vec::with_capacity(row * rows);
    for y in 0..rows as i64 {
        let from = (y - dy).clamp(0, rows as i64 - 1) as usize * row;
        let line = &image.as_raw()[from..from + row];
        let skip = (dx.max(0) as usize).min(columns);
        (0..skip).for_each(|_| bytes.extend_from_slice(&line[..3]));
        bytes.extend_from_slice(&line[..row - 3 * skip]);
    }
    RgbImage::from_raw(image.width(), image.height(), bytes).unwrap_or_else(|| image.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (u32, u32) = (160, 120);

    fn clip(count: usize) -> Clip {
        Clip::prepare(&Identity::from_seed(5), &Pose::default(), &Scene::default(), SIZE, count)
    }

    fn difference(a: &RgbImage, b: &RgbImage) -> f32 {
        let sum: u32 = a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        sum as f32 / a.as_raw().len() as f32
    }

    #[test]
    fn a_stream_repeats_for_the_same_seed_and_no_two_frames_are_alike() {
        let (one, two) = (clip(4), clip(4));
        for index in [0, 1, 7, 8, 31, 32, u64::MAX] {
            assert_eq!(one.frame(index), two.frame(index), "frame {index}");
            assert_ne!(one.frame(index), one.frame(index.wrapping_add(1)), "frame {index}");
        }
    }

    #[test]
    fn somebody_sways_but_stays() {
        let clip = clip(8);
        let first = &clip.truth(0)[0];
        let mut moved = false;
        for index in 0..200 {
            let now = &clip.truth(index)[0];
            assert!((now.face[0] - first.face[0]).abs() < 0.05 * first.face[2], "frame {index}");
            assert!((now.pose.yaw - first.pose.yaw).abs() < 4.0, "frame {index}");
            moved |= now.pose.yaw != first.pose.yaw;
            assert!(difference(&clip.frame(index), &clip.frame(index + 1)) < 12.0, "frame {index} jumps");
        }
        assert!(moved);
    }

    #[test]
    fn the_truth_moves_with_the_picture() {
        let clip = clip(4);
        let mut moved = 0;
        for index in 0..60 {
            let (shot, shift) = clip.moment(index);
            let (truth, still) = (&clip.truth(index)[0], &shot.truth[0]);
            let by = (truth.landmarks[0].x - still.landmarks[0].x, truth.face[1] - still.face[1]);
            assert!((by.0 - shift.0 as f32).abs() < 1e-3 && (by.1 - shift.1 as f32).abs() < 1e-3, "frame {index}");
            if shift != (0, 0) {
                // The picture is nearer to one moved by as much than to one that stays.
                let there = shifted(&shot.image, (by.0.round() as i64, by.1.round() as i64));
                let frame = clip.frame(index);
                assert!(difference(&frame, &there) < difference(&frame, &shot.image), "frame {index}");
                moved += 1;
            }
        }
        assert!(moved > 10, "{moved}");
    }

    #[test]
    fn an_empty_booth_has_only_noise() {
        let clip = Clip::of(&[], &Scene::default(), SIZE, 8);
        assert!(clip.truth(3).is_empty());
        let off = difference(&clip.frame(0), &clip.frame(1));
        assert!(off > 0.3 && off < 8.0, "{off}");
    }

    #[test]
    fn any_size_and_count_work() {
        for (width, height) in [(0, 0), (0, 9), (1, 1), (2, 3), (1, 200)] {
            for count in [0, 1, 3] {
                let who = Identity::from_seed(1);
                let clip = Clip::prepare(&who, &Pose::default(), &Scene::default(), (width, height), count);
                assert_eq!(clip.frame(1).dimensions(), (width, height));
            }
        }
    }
}
