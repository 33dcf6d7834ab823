//! A presentation attack: a printed photograph or a screen with a picture of somebody, held up before the camera.

use super::super::maths::{sin, smoothstep};
use super::march::{Canvas, Lamps};
use super::pose::{Pose, Scene};
use super::skin::skin_colour;
use super::truth::Truth;
use super::vec::{V3, linear, v};
use super::view::{FRONT, View};
use super::{Figure, Identity, Landmark, Subject, camera, expose_light};

/// What shows somebody who is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// A photograph on A4 paper with a white border.
    Print,
    /// A tablet: a glowing picture in a black frame, with fine stripes and a lamp's reflection.
    Screen,
}

/// Sides of the picture, cm: the face on it is life-size.
const PICTURE: (f32, f32) = (18.0, 24.0);

/// Dots of the picture across and down.
const DOTS: (u32, u32) = (360, 480);

/// Distance between the columns of a screen's dots, cm (some 100 per inch).
const PITCH: f32 = 0.026;

/// The picture and how it hangs in the room. Its plane goes through the place where a face would be.
pub(super) struct Sheet<'a> {
    medium: Medium,
    view: &'a View,
    /// Half the sides with the border, cm.
    half: (f32, f32),
}

impl<'a> Sheet<'a> {
    pub fn new(medium: Medium, view: &'a View) -> Self {
        let border = match medium {
            Medium::Print => (1.5, 2.85),
            Medium::Screen => (1.0, 1.2),
        };
        Self { medium, view, half: (PICTURE.0 / 2.0 + border.0, PICTURE.1 / 2.0 + border.1) }
    }

    /// Draws the sheet over what the canvas shows.
    pub fn draw(&self, who: &Identity, pose: &Pose, scene: &Scene, lamps: &Lamps, canvas: &mut Canvas) {
        let picture = picture(who, pose, scene);
        let corners = self.corners();
        let least = |f: fn(&(f32, f32)) -> f32| corners.iter().map(f).fold(f32::MAX, f32::min);
        let most = |f: fn(&(f32, f32)) -> f32| corners.iter().map(f).fold(f32::MIN, f32::max);
        let clip = |a: f32, limit: usize| (a.max(0.0) as usize).min(limit);
        let (left, right) = (clip(least(|c| c.0), canvas.width), clip(most(|c| c.0) + 1.0, canvas.width));
        let (top, bottom) = (clip(least(|c| c.1), canvas.height), clip(most(|c| c.1) + 1.0, canvas.height));
        for y in top..bottom {
            for x in left..right {
                let pixel = &mut canvas.pixels[y * canvas.width + x];
                let behind = *pixel;
                let places = [(0.375, 0.125), (0.875, 0.375), (0.125, 0.625), (0.625, 0.875)];
                *pixel = places.into_iter().fold(V3::default(), |sum, (dx, dy)| {
                    let light = self.light(&picture, lamps, x as f32 + dx, y as f32 + dy);
                    sum + light.unwrap_or(behind) * 0.25
                });
            }
        }
    }

    /// The truth about the person on the picture.
    pub fn truth(&self, who: &Identity, pose: &Pose) -> Truth {
        let inner = View::new(&portrait(pose), DOTS.0, DOTS.1);
        let flat = super::truth::of_person(who, &portrait(pose), &inner);
        let landmarks = flat
            .landmarks
            .iter()
            .map(|mark| {
                let (x, y) = self.view.project(self.on_sheet(mark.x, mark.y));
                Landmark { x, y, ..*mark }
            })
            .collect();
        Truth { attack: Some(self.medium), ..super::truth::boxed(who, pose, landmarks) }
    }

    /// Whether the sheet hides the whole of a box (left, top, width, height in pixels).
    pub fn hides(&self, [x, y, width, height]: [f32; 4]) -> bool {
        let corners = self.corners();
        [(x, y), (x + width, y), (x + width, y + height), (x, y + height)].into_iter().all(|(x, y)| {
            (0..4).all(|i| {
                let (a, b) = (corners[i], corners[(i + 1) % 4]);
                (b.0 - a.0) * (y - a.1) - (b.1 - a.1) * (x - a.0) >= 0.0
            })
        })
    }

    /// Where the corners appear, clockwise from the upper left.
    fn corners(&self) -> [(f32, f32); 4] {
        let (w, h) = self.half;
        [(-w, h), (w, h), (w, -h), (-w, -h)].map(|(x, y)| self.view.project(v(x, y - 2.0, FRONT)))
    }

    /// A place of the picture in the sheet's coordinates.
    fn on_sheet(&self, x: f32, y: f32) -> V3 {
        v((x / DOTS.0 as f32 - 0.5) * PICTURE.0, (0.5 - y / DOTS.1 as f32) * PICTURE.1 - 2.0, FRONT)
    }

    /// What a ray through a place of the camera's picture meets on the sheet, if it does.
    fn light(&self, picture: &Canvas, lamps: &Lamps, x: f32, y: f32) -> Option<V3> {
        let ray = self.view.ray(x, y);
        let along = (FRONT - self.view.eye.z) / ray.z;
        if along.is_nan() || along <= 0.0 {
            return None;
        }
        let at = self.view.eye + ray * along;
        let (across, up) = (at.x, at.y + 2.0);
        if let Some(thumb) = self.thumb(lamps, across, up) {
            return Some(thumb);
        }
        if across.abs() > self.half.0 || up.abs() > self.half.1 {
            return None;
        }
        let inside = across.abs() < PICTURE.0 / 2.0 && up.abs() < PICTURE.1 / 2.0;
        let shown = inside.then(|| sampled(picture, across, up));
        // Paper never lies quite flat: it bends to the sides.
        let normal = v(0.012 * across, 0.004 * up, 1.0).unit();
        Some(match self.medium {
            Medium::Print => {
                let paper = shown.map_or(v(0.82, 0.81, 0.78), |ink| ink * 0.74 + v(0.035, 0.034, 0.033));
                let key = normal.dot(lamps.key).max(0.0);
                let fill = normal.dot(lamps.fill).max(0.0);
                paper.times(lamps.key_colour * key + lamps.fill_colour * fill + lamps.ambient)
            }
            Medium::Screen => {
                let half = (lamps.key - ray).unit().dot(v(0.0, 0.0, 1.0)).max(0.0);
                let glare = lamps.key_colour * (0.5 * smoothstep(0.985, 0.999, half)) + lamps.ambient * 0.02;
                let glow = shown.map_or(v(0.006, 0.006, 0.007), |light| {
                    let stripes = 1.0 + 0.16 * sin(across * (std::f32::consts::TAU / PITCH));
                    light.times(v(0.88, 0.96, 1.1)) * stripes + v(0.012, 0.012, 0.014)
                });
                glow + glare
            }
        })
    }

    /// The thumbs that hold the sheet at its sides.
    fn thumb(&self, lamps: &Lamps, across: f32, up: f32) -> Option<V3> {
        let (x, y) = (across.abs() - self.half.0, up + 0.45 * self.half.1);
        let along = (0.9 * x - 0.44 * y).clamp(-1.6, 6.0);
        let (dx, dy) = (x - 0.9 * along, y + 0.44 * along);
        let off = (dx * dx + dy * dy).sqrt() / 0.95;
        if off >= 1.0 || x > 1.6 {
            return None;
        }
        let round = (1.0 - off * off).sqrt();
        let nail = smoothstep(0.62, 0.5, off) * smoothstep(-0.4, -0.6, along);
        let skin = skin_colour(0.55, 0.2).mix(v(0.62, 0.42, 0.36), 0.6 * nail);
        let light = lamps.key_colour * 0.8 + lamps.fill_colour * 0.7 + lamps.ambient;
        Some(skin.times(light) * (0.35 + 0.65 * round))
    }
}

/// How the portrayed person stood for the picture: straight, with the face that the pose asks for.
fn portrait(pose: &Pose) -> Pose {
    Pose { yaw: 0.0, pitch: 0.0, roll: 0.0, offset_x: 0.0, offset_y: 0.02, distance: 0.44, ..*pose }
}

/// The picture on the sheet as linear light.
fn picture(who: &Identity, pose: &Pose, scene: &Scene) -> Canvas {
    let studio = Scene { wall: [188, 190, 192], seed: scene.seed ^ 0x5EE7, ..Scene::default() };
    let figure = Figure { subject: Subject::Person(who), pose: portrait(pose) };
    let canvas = expose_light(&[figure], &studio, DOTS.0, DOTS.1);
    let image = camera::develop(&canvas, &studio);
    Canvas { pixels: image.pixels().map(|pixel| linear(pixel.0)).collect(), ..canvas }
}

/// The picture's light at a place in cm from its middle, between its dots.
fn sampled(picture: &Canvas, across: f32, up: f32) -> V3 {
    let x = ((across / PICTURE.0 + 0.5) * DOTS.0 as f32 - 0.5).clamp(0.0, DOTS.0 as f32 - 1.001);
    let y = ((0.5 - up / PICTURE.1) * DOTS.1 as f32 - 0.5).clamp(0.0, DOTS.1 as f32 - 1.001);
    let (column, row) = (x as usize, y as usize);
    let (tx, ty) = (x - column as f32, y - row as f32);
    let dot = |dx: usize, dy: usize| picture.pixels[(row + dy) * picture.width + column + dx];
    dot(0, 0).mix(dot(1, 0), tx).mix(dot(0, 1).mix(dot(1, 1), tx), ty)
}

#[cfg(test)]
mod tests {
    use super::super::shoot;
    use super::*;

    #[test]
    fn a_sheet_shows_somebody_says_so_and_hides_its_bearer() {
        let (who, bearer) = (Identity::from_seed(4), Identity::from_seed(9));
        let scene = Scene { noise: 0.0, caption: false, ..Scene::default() };
        for medium in [Medium::Print, Medium::Screen] {
            let sheet = Figure { subject: Subject::Photo(&who, medium), pose: Pose { yaw: 12.0, ..Pose::default() } };
            let behind = Figure { subject: Subject::Person(&bearer), pose: Pose { distance: 0.9, ..Pose::default() } };
            let shot = shoot(&[sheet, behind], &scene, 320, 240);
            assert_eq!(shot.truth.len(), 1, "the bearer's face cannot be seen");
            let truth = &shot.truth[0];
            assert_eq!((truth.person, truth.attack), (4, Some(medium)));
            assert!(truth.eye_distance > 20.0 && truth.eye_distance < 60.0, "{}", truth.eye_distance);
            let beside = Figure { subject: Subject::Person(&bearer), pose: Pose { offset_x: 0.4, ..Pose::default() } };
            assert_eq!(shoot(&[sheet, beside], &scene, 320, 240).truth.len(), 2);
        }
    }
}
