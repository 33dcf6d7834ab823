//! Heads as a camera sees them, drawn by marching rays through a signed-distance model.

mod camera;
mod clip;
mod eyes;
mod face;
mod figure;
mod hair;
mod identity;
mod lanes;
mod lips;
mod march;
mod paint;
mod pose;
mod primitives;
mod skin;
mod truth;
mod vec;
mod view;

pub use clip::Clip;
use figure::Person;
pub use identity::{Beard, HairStyle, Identity};
use image::RgbImage;
use march::{Canvas, Lamps};
pub use pose::{Light, Pose, Scene};
use primitives::Ellipsoid;
pub use truth::{Landmark, Truth};
use vec::{linear, v};
use view::View;

use super::maths::sin_cos_deg;
use super::noise::Tile;

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
pub fn shoot(figures: &[Figure<'_>], scene: &Scene, width: u32, height: u32) -> Shot {
    let mut shot = expose(figures, scene, width, height);
    finish(&mut shot.image, scene, 0);
    shot
}

/// The picture before the sensor's noise and the caption.
fn expose(figures: &[Figure<'_>], scene: &Scene, width: u32, height: u32) -> Shot {
    if width == 0 || height == 0 {
        return Shot { image: RgbImage::new(width, height), truth: Vec::new() };
    }
    let mut canvas = wall(scene, width as usize, height as usize);
    let mut order: Vec<&Figure<'_>> = figures.iter().collect();
    order.sort_by(|a, b| b.pose.distance.total_cmp(&a.pose.distance));
    for figure in order {
        let view = View::new(&figure.pose, width, height);
        let lamps = lamps(&scene.light, &view);
        match figure.subject {
            Subject::Egg => march::draw(&egg(), &view, &lamps, &mut canvas),
            Subject::Person(who) => march::draw(&Person::new(who, &figure.pose), &view, &lamps, &mut canvas),
        }
    }
    let truth = figures.iter().filter_map(|figure| truth::of(figure, width, height)).collect();
    Shot { image: camera::develop(&canvas, scene), truth }
}

fn finish(image: &mut RgbImage, scene: &Scene, frame: u64) {
    camera::add_noise(image, scene, frame);
    if scene.caption {
        camera::add_caption(image);
    }
}

fn egg() -> skin::Egg {
    skin::Egg { solid: Ellipsoid::new(v(0.0, -0.5, 0.0), v(7.4, 11.2, 8.0)), colour: skin::skin_colour(0.75, 0.2) }
}

/// A plain wall, brighter on the main lamp's side.
fn wall(scene: &Scene, width: usize, height: usize) -> Canvas {
    let tile = Tile::new(scene.seed);
    let colour = linear(scene.wall);
    let light = &scene.light;
    let base = light.ambient + 0.55 * light.key + 0.5 * light.fill;
    let (side, _) = sin_cos_deg(light.key_azimuth);
    let span = height as f32;
    let pixels = (0..width * height)
        .map(|i| {
            let x = ((i % width) as f32 - width as f32 / 2.0) / span;
            let y = ((i / width) as f32 - height as f32 / 2.0) / span;
            let fall = 1.0 + 0.22 * side * x - 0.12 * y - 0.22 * (x * x + y * y);
            colour * (base * fall * (1.0 + 0.006 * tile.at(x * 9.0 + 20.0, y * 9.0 + 20.0)))
        })
        .collect();
    Canvas { width, height, pixels }
}

fn lamps(light: &Light, view: &View) -> Lamps {
    let towards = |azimuth: f32, elevation: f32| {
        let ((sa, ca), (se, ce)) = (sin_cos_deg(azimuth), sin_cos_deg(elevation));
        view.from_room(v(sa * ce, se, ca * ce))
    };
    let warm = light.warmth.clamp(-1.0, 1.0);
    let side = if light.key_azimuth < 0.0 { 48.0 } else { -48.0 };
    Lamps {
        key: towards(light.key_azimuth, light.key_elevation),
        key_colour: v(1.0 + 0.12 * warm, 1.0, 1.0 - 0.2 * warm) * light.key,
        fill: towards(side, 8.0),
        fill_colour: v(0.95, 1.0, 1.06) * light.fill,
        up: view.from_room(v(0.0, 1.0, 0.0)),
        ambient: v(1.0, 1.0, 1.02) * light.ambient,
    }
}
