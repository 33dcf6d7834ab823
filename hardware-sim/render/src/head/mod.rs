//! Heads as a camera sees them, drawn by marching rays through a signed-distance model.

mod blur;
mod camera;
mod caption;
mod clip;
mod eyes;
mod face;
mod figure;
mod glasses;
mod grid;
mod hair;
mod identity;
mod jpeg;
mod landmarks;
mod lanes;
mod lips;
mod march;
mod paint;
mod population;
mod pose;
mod primitives;
mod sheet;
mod skin;
mod truth;
mod vec;
mod view;

pub use clip::Clip;
use figure::Person;
pub use identity::{Beard, Glasses, HairStyle, Identity, Looks};
use image::RgbImage;
use march::{Canvas, Lamps};
pub use population::{Draw, Population, Who};
pub use pose::{Light, Pose, Scene};
use primitives::Ellipsoid;
pub use sheet::Medium;
use sheet::Sheet;
pub use truth::{Landmark, Truth};
use vec::{linear, v};
use view::View;

use super::maths::sin_cos_deg;
use super::noise::Tile;

/// What can stand before the camera.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// An egg of a skin tone (0 the darkest, 1 the lightest): no detector may take it for a face.
    Egg(f32),
    /// Somebody.
    Person(&'a Identity),
    /// A picture of somebody, held up. The pose is the picture's own; lids, mouth and the like are those of the face
    /// on it.
    Photo(&'a Identity, Medium),
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

/// What a picture of a figure alone would show, without drawing it; an egg shows nobody.
pub fn truth_of(figure: &Figure<'_>, width: u32, height: u32) -> Option<Truth> {
    truth::of(figure, width, height)
}

/// The picture before the sensor's noise and the caption.
fn expose(figures: &[Figure<'_>], scene: &Scene, width: u32, height: u32) -> Shot {
    if width == 0 || height == 0 {
        return Shot { image: RgbImage::new(width, height), truth: Vec::new() };
    }
    let canvas = expose_light(figures, scene, width, height);
    let seen = figures.iter().filter(|figure| !is_hidden(figure, figures, width, height));
    let truth = seen.filter_map(|figure| truth::of(figure, width, height)).collect();
    Shot { image: camera::develop(&canvas, scene), truth }
}

/// The light that reaches the camera. Neither side may be 0.
fn expose_light(figures: &[Figure<'_>], scene: &Scene, width: u32, height: u32) -> Canvas {
    let mut canvas = wall(scene, width as usize, height as usize);
    let mut order: Vec<&Figure<'_>> = figures.iter().collect();
    order.sort_by(|a, b| b.pose.distance.total_cmp(&a.pose.distance));
    for figure in order {
        let view = View::new(&figure.pose, width, height);
        let lamps = lamps(&scene.light, &view);
        match figure.subject {
            Subject::Egg(tone) => march::draw(&egg(tone), &view, &lamps, &mut canvas),
            Subject::Person(who) => march::draw(&Person::new(who, &figure.pose), &view, &lamps, &mut canvas),
            Subject::Photo(who, medium) => {
                Sheet::new(medium, &view).draw(who, &figure.pose, scene, &lamps, &mut canvas);
            }
        }
    }
    canvas
}

/// Whether a nearer sheet hides the whole face.
fn is_hidden(figure: &Figure<'_>, figures: &[Figure<'_>], width: u32, height: u32) -> bool {
    let nearer = figures.iter().filter(|other| other.pose.distance < figure.pose.distance);
    nearer
        .filter_map(|other| match other.subject {
            Subject::Photo(_, medium) => Some((medium, View::new(&other.pose, width, height))),
            _ => None,
        })
        .any(|(medium, view)| {
            let truth = truth::of(figure, width, height);
            truth.is_some_and(|truth| Sheet::new(medium, &view).hides(truth.face))
        })
}

fn finish(image: &mut RgbImage, scene: &Scene, frame: u64) {
    camera::add_noise(image, scene, frame);
    if let Some(quality) = scene.jpeg {
        jpeg::compress(image, quality);
    }
    // After the compression, so that the word can be read however bad the picture is.
    if scene.caption {
        caption::add(image);
    }
}

fn egg(tone: f32) -> skin::Egg {
    skin::Egg { solid: Ellipsoid::new(v(0.0, -0.5, 0.0), v(7.4, 11.2, 8.0)), colour: skin::skin_colour(tone, 0.2) }
}

/// Pixels between the places at which the wall's light is computed.
const WALL_STEP: usize = 8;

/// A plain wall, brighter on the main lamp's side.
fn wall(scene: &Scene, width: usize, height: usize) -> Canvas {
    let tile = Tile::new(scene.seed);
    let colour = linear(scene.wall);
    let light = &scene.light;
    let base = light.ambient + 0.55 * light.key + 0.5 * light.fill;
    let (side, _) = sin_cos_deg(light.key_azimuth);
    let span = height as f32;
    let at = |x: usize, y: usize| {
        let x = (x as f32 - width as f32 / 2.0) / span;
        let y = (y as f32 - height as f32 / 2.0) / span;
        let fall = 1.0 + 0.22 * side * x - 0.12 * y - 0.22 * (x * x + y * y);
        base * fall * (1.0 + 0.006 * tile.at(x * 9.0 + 20.0, y * 9.0 + 20.0))
    };
    // All of it is smooth over many pixels: a coarse grid says enough.
    let columns = width / WALL_STEP + 2;
    let nodes: Vec<f32> =
        (0..columns * (height / WALL_STEP + 2)).map(|i| at(i % columns * WALL_STEP, i / columns * WALL_STEP)).collect();
    let mut pixels = Vec::with_capacity(width * height);
    for y in 0..height {
        let down = (y % WALL_STEP) as f32 / WALL_STEP as f32;
        let above = &nodes[y / WALL_STEP * columns..][..2 * columns];
        let node = |column: usize| above[column] + (above[column + columns] - above[column]) * down;
        for x in 0..width {
            let column = x / WALL_STEP;
            let right = (x % WALL_STEP) as f32 / WALL_STEP as f32;
            let (a, b) = (node(column), node(column + 1));
            pixels.push(colour * (a + (b - a) * right));
        }
    }
    Canvas { width, height, pixels }
}

fn lamps(light: &Light, view: &View) -> Lamps {
    let towards = |azimuth: f32, elevation: f32| {
        let ((sa, ca), (se, ce)) = (sin_cos_deg(azimuth), sin_cos_deg(elevation));
        view.room_direction(v(sa * ce, se, ca * ce))
    };
    let warm = light.warmth.clamp(-1.0, 1.0);
    Lamps {
        key: towards(light.key_azimuth, light.key_elevation),
        key_colour: v(1.0 + 0.12 * warm, 1.0, 1.0 - 0.2 * warm) * light.key,
        fill: towards(light.fill_azimuth, light.fill_elevation),
        fill_colour: v(0.95, 1.0, 1.06) * light.fill,
        up: view.room_direction(v(0.0, 1.0, 0.0)),
        ambient: v(1.0, 1.0, 1.02) * light.ambient,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (u32, u32) = (320, 240);

    fn plain() -> Scene {
        Scene { noise: 0.0, caption: false, ..Scene::default() }
    }

    fn person(seed: u64, pose: Pose) -> Shot {
        let who = Identity::from_seed(seed);
        shoot(&[Figure { subject: Subject::Person(&who), pose }], &plain(), SIZE.0, SIZE.1)
    }

    fn brightness(image: &RgbImage, [x, y, w, h]: [u32; 4]) -> f32 {
        let inside = (y..y + h).flat_map(|y| (x..x + w).map(move |x| (x, y)));
        let values: Vec<f32> = inside.map(|(x, y)| image[(x, y)].0.iter().map(|c| f32::from(*c)).sum()).collect();
        values.iter().sum::<f32>() / (3.0 * values.len() as f32)
    }

    #[test]
    fn a_seed_is_a_picture_to_the_last_bit() {
        let picture = |seed, noise_seed| {
            let scene = Scene { seed: noise_seed, ..Scene::default() };
            render(&Identity::from_seed(seed), &Pose::default(), &scene, 160, 120)
        };
        assert_eq!(picture(1, 1), picture(1, 1));
        assert_ne!(picture(1, 1), picture(2, 1));
        assert_ne!(picture(1, 1), picture(1, 2));
    }

    #[test]
    fn every_measure_of_the_pose_moves_the_truth_its_own_way() {
        let point = |shot: &Shot, index: u16| {
            shot.truth[0].landmarks.iter().find(|l| l.index == index).map(|l| (l.x, l.y)).expect("landmark")
        };
        let base = person(7, Pose::default());
        let with = |change: fn(&mut Pose)| {
            let mut pose = Pose::default();
            change(&mut pose);
            person(7, pose)
        };
        let (nose, chin) = (point(&base, 1), point(&base, 152));
        assert!(point(&with(|p| p.yaw = 15.0), 1).0 > nose.0 + 4.0, "yaw turns the nose right");
        assert!(point(&with(|p| p.pitch = 15.0), 1).1 < nose.1 - 4.0, "pitch raises the nose");
        assert!(point(&with(|p| p.roll = 15.0), 152).0 < chin.0 - 4.0, "roll moves the chin left");
        assert!(point(&with(|p| p.offset_x = 0.2), 1).0 > nose.0 + 50.0, "offset to the right");
        assert!(point(&with(|p| p.offset_y = 0.1), 1).1 > nose.1 + 15.0, "offset downwards");
        assert!(point(&with(|p| p.mouth = 0.8), 14).1 > point(&base, 14).1 + 4.0, "the lower lip falls");
        let lids = with(|p| p.lids = 0.0);
        assert!((point(&lids, 159).1 - point(&lids, 145).1).abs() < 0.5, "shut lids meet");
        let far = with(|p| p.distance = 1.24);
        assert!((far.truth[0].eye_distance / base.truth[0].eye_distance - 0.53).abs() < 0.04, "half as large");
    }

    #[test]
    fn eyes_are_darker_than_cheeks_and_shut_eyes_are_not_open_ones() {
        for seed in 0..12 {
            let shot = person(seed, Pose { distance: 0.45, ..Pose::default() });
            let eye = shot.truth[0].landmarks.iter().find(|l| l.index == 468).copied().expect("eye");
            let (x, y) = (eye.x as u32, eye.y as u32);
            let socket = brightness(&shot.image, [x - 6, y - 3, 12, 6]);
            let cheek = brightness(&shot.image, [x - 6, y + 16, 12, 6]);
            assert!(cheek > socket * 1.05, "seed {seed}: cheek {cheek}, eye {socket}");
            assert_ne!(person(seed, Pose { lids: 0.0, distance: 0.45, ..Pose::default() }).image, shot.image);
        }
    }

    #[test]
    fn tones_span_the_human_range_and_exposure_shifts_them() {
        let face = |tone: f32, exposure: f32| {
            let who = Identity { tone, ..Identity::from_seed(3) };
            let scene = Scene { light: Light { exposure, ..Light::default() }, ..plain() };
            brightness(&render(&who, &Pose::default(), &scene, 320, 240), [150, 115, 8, 8])
        };
        assert!(face(1.0, 1.0) > 2.0 * face(0.0, 1.0), "{} {}", face(1.0, 1.0), face(0.0, 1.0));
        assert!(face(0.5, 0.1) < 0.5 * face(0.5, 1.0));
        assert!(face(1.0, 8.0) > 250.0);
    }

    #[test]
    fn the_nearer_of_two_people_stands_before_the_other() {
        let (one, two) = (Identity::from_seed(1), Identity::from_seed(2));
        let near = Figure { subject: Subject::Person(&one), pose: Pose::default() };
        let far = Figure { subject: Subject::Person(&two), pose: Pose { distance: 1.0, ..Pose::default() } };
        let both = shoot(&[near, far], &plain(), 320, 240);
        assert_eq!(both.image, shoot(&[far, near], &plain(), 320, 240).image, "whoever is named first");
        assert_eq!(both.truth.iter().map(|t| t.person).collect::<Vec<_>>(), [1, 2]);
        let alone = shoot(&[near], &plain(), 320, 240).image;
        assert_eq!(both.image[(160, 120)], alone[(160, 120)]);
    }

    #[test]
    fn an_egg_and_an_empty_booth_show_nobody() {
        let egg = Figure { subject: Subject::Egg(0.75), pose: Pose::default() };
        let shot = shoot(&[egg], &plain(), 320, 240);
        assert!(shot.truth.is_empty());
        assert_ne!(shot.image, shoot(&[], &plain(), 320, 240).image);
    }

    #[test]
    fn the_caption_changes_only_the_lower_edge() {
        let who = Identity::from_seed(1);
        let bare = render(&who, &Pose::default(), &plain(), 320, 240);
        let marked = render(&who, &Pose::default(), &Scene { caption: true, ..plain() }, 320, 240);
        let changed: Vec<u32> =
            bare.enumerate_pixels().filter(|(x, y, p)| marked[(*x, *y)] != **p).map(|(_, y, _)| y).collect();
        assert!(changed.len() > 100);
        assert!(changed.iter().all(|y| *y > 220));
    }

    #[test]
    fn wild_numbers_and_sizes_do_not_panic() {
        let who = Identity::from_seed(1);
        for wild in [f32::NAN, f32::INFINITY, -1e30, 1e30] {
            let pose = Pose {
                yaw: wild,
                pitch: wild,
                roll: wild,
                lids: wild,
                mouth: wild,
                smile: wild,
                brows: wild,
                gaze_x: wild,
                gaze_y: wild,
                distance: wild,
                offset_x: wild,
                offset_y: wild,
            };
            for (width, height) in [(0, 0), (1, 1), (7, 3), (33, 20)] {
                let scene = Scene {
                    blur: wild,
                    defocus: wild,
                    motion: wild,
                    motion_angle: wild,
                    white_balance: wild,
                    noise: wild,
                    jpeg: Some(1),
                    ..Scene::default()
                };
                assert_eq!(render(&who, &pose, &scene, width, height).dimensions(), (width, height));
            }
        }
    }
}
