//! How far eyes and mouth are open.
//!
//! The landmarks say where to look, the pixels how far: FaceMesh draws the mean face's lids and lips over shut eyes and
//! parted lips alike (on 490 rendered heads its own gaps tell shut from open in 83 of 100, the pixels' in 98). What is seen
//! through an opening is not skin: the white of the eye and teeth are whiter than skin, irises, pupils and the inside of
//! the mouth are much darker. "Whiter" is the ratio of red to blue light, compared with the cheeks', so that neither the
//! tone of the skin nor the colour of the light decides.

use super::region::{LINEAR, WEIGHTS};
use crate::face::POINTS;
use crate::face::geometry::{EYE_CORNERS, Geometry, LIP_EDGES, MOUTH_CORNERS};
use domain::image::Frame;

/// Openings in units of the eye-to-chin distance; none where there are too few pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Openings {
    /// Between the lids of the eye on the left of the picture, and of the other.
    pub eyes: [Option<f64>; 2],
    /// Between the lips.
    pub mouth: Option<f64>,
}

/// The fewest pixels between the corners of an eye on which lids are judged.
const LEAST_EYE: f32 = 12.0;
/// The fewest pixels from the eyes to the chin on which lips are judged.
const LEAST_FACE: f32 = 60.0;

/// What tells an opening from skin, in linear light.
struct Rule {
    /// The share of the way from white (a ratio of red to blue of 1) to the cheeks' ratio below which light is white.
    whiter: f32,
    /// The least luminance of what is white, as a share of the region's median.
    least_white: f32,
    /// The greatest luminance of what is dark, likewise.
    darkest: f32,
}

/// Own values: the best of a search over 490 rendered heads of all skin tones, in light of several colours.
const EYE: Rule = Rule { whiter: 0.35, least_white: 0.5, darkest: 0.3 };
/// As [`EYE`].
const MOUTH: Rule = Rule { whiter: 0.25, least_white: 0.3, darkest: 0.2 };

/// Added to red and blue before their ratio is taken: what a sensor's noise makes of black.
const FLOOR: f32 = 0.004;

/// Columns and rows that are looked at in an eye: nearly three quarters of the way between its corners, and as high as
/// nine tenths of it.
const EYE_GRID: (usize, usize) = (24, 32);
const EYE_HALF: (f32, f32) = (0.36, 0.45);
/// In a mouth: half of its width, and .2 eye-to-chin distances up and down.
const MOUTH_GRID: (usize, usize) = (24, 48);
const MOUTH_HALF: (f32, f32) = (0.25, 0.2);

impl Openings {
    /// Looks at the eyes and the mouth. `skin` is the mean linear light of the cheeks.
    pub fn of(frame: &Frame, points: &[[f32; 3]; POINTS], geometry: &Geometry, skin: [f64; 3]) -> Self {
        let at = |index: usize| [points[index][0], points[index][1]];
        let middle = |[a, b]: [usize; 2]| mix(at(a), at(b));
        let [left, right] = EYE_CORNERS.map(middle);
        let across = [0, 1].map(|axis| (right[axis] - left[axis]) / geometry.inter_eye);
        let skin = (skin[0] as f32 + FLOOR) / (skin[2] as f32 + FLOOR);
        let unit = geometry.eye_to_chin;
        let look = |centre, half, grid| Patch { centre, across, half, grid }.light(frame);
        let eyes = EYE_CORNERS.map(|corners| {
            let width = apart(at(corners[0]), at(corners[1]));
            let half = (EYE_HALF.0 * width, EYE_HALF.1 * width);
            let light = (width >= LEAST_EYE).then(|| look(middle(corners), half, EYE_GRID))??;
            Some(lids(&light, skin) * f64::from(2.0 * half.1 / (EYE_GRID.1 - 1) as f32 / unit))
        });
        let width = apart(at(MOUTH_CORNERS[0]), at(MOUTH_CORNERS[1])).max(0.3 * unit);
        let half = (MOUTH_HALF.0 * width, MOUTH_HALF.1 * unit);
        let centre = mix(middle(LIP_EDGES), middle(MOUTH_CORNERS));
        let light = (unit >= LEAST_FACE).then(|| look(centre, half, MOUTH_GRID)).flatten();
        let row_of = |index: usize| {
            let ([x, y], [x0, y0]) = (at(index), centre);
            let down = (y - y0) * across[0] - (x - x0) * across[1];
            (down / half.1 + 1.0) * (MOUTH_GRID.1 - 1) as f32 / 2.0
        };
        let edges = LIP_EDGES.map(row_of);
        let mouth =
            light.map(|light| lips(&light, skin, edges) * f64::from(2.0 * MOUTH_HALF.1) / (MOUTH_GRID.1 - 1) as f64);
        Self { eyes, mouth }
    }
}

fn mix([x0, y0]: [f32; 2], [x1, y1]: [f32; 2]) -> [f32; 2] {
    [(x0 + x1) / 2.0, (y0 + y1) / 2.0]
}

fn apart([x0, y0]: [f32; 2], [x1, y1]: [f32; 2]) -> f32 {
    (x1 - x0).hypot(y1 - y0)
}

/// A rectangle of the face, level with the eyes.
struct Patch {
    centre: [f32; 2],
    /// Unit vector along the eyes.
    across: [f32; 2],
    half: (f32, f32),
    grid: (usize, usize),
}

impl Patch {
    /// Linear light between pixels, row by row; none where the middle is outside the frame.
    fn light(&self, frame: &Frame) -> Option<Vec<[f32; 3]>> {
        let (width, height) = (frame.width as f32, frame.height as f32);
        let [x, y] = self.centre;
        if frame.width < 2 || frame.height < 2 || !(0.0..width).contains(&x) || !(0.0..height).contains(&y) {
            return None;
        }
        let (columns, rows) = self.grid;
        let place = |i: usize, count: usize, half: f32| half * (2.0 * i as f32 / (count - 1) as f32 - 1.0);
        let mut light = Vec::with_capacity(columns * rows);
        for row in 0..rows {
            let down = place(row, rows, self.half.1);
            for column in 0..columns {
                let along = place(column, columns, self.half.0);
                let x = x + along * self.across[0] - down * self.across[1] - 0.5;
                let y = y + along * self.across[1] + down * self.across[0] - 0.5;
                light.push(between(frame, x.clamp(0.0, width - 1.001), y.clamp(0.0, height - 1.001)));
            }
        }
        Some(light)
    }
}

/// Light between four pixels, from the middle of the first one on.
fn between(frame: &Frame, x: f32, y: f32) -> [f32; 3] {
    let (left, top) = (x as usize, y as usize);
    let (right, below) = (x - left as f32, y - top as f32);
    let row = frame.width as usize * 3;
    let upper = &frame.rgb()[top * row + left * 3..][..6];
    let lower = &frame.rgb()[(top + 1) * row + left * 3..][..6];
    [0, 1, 2].map(|c| {
        let lit = |line: &[u8]| {
            let (a, b) = (LINEAR[usize::from(line[c])], LINEAR[usize::from(line[c + 3])]);
            a + (b - a) * right
        };
        let (a, b) = (lit(upper), lit(lower));
        a + (b - a) * below
    })
}

fn luminance(light: &[f32; 3]) -> f32 {
    light.iter().zip(WEIGHTS).map(|(light, weight)| light * weight).sum()
}

fn median(values: &mut [f32]) -> f32 {
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

impl Rule {
    /// Whether this light comes through an opening.
    fn holds(&self, light: &[f32; 3], skin: f32, median: f32) -> bool {
        let luminance = luminance(light);
        let ratio = (light[0] + FLOOR) / (light[2] + FLOOR);
        let white = ratio < 1.0 + self.whiter * (skin - 1.0) && luminance > self.least_white * median;
        white || luminance < self.darkest * median
    }
}

/// Rows that an eye is open: in each column the longest run that is no skin, and of those the middle one, so that
/// neither the corners nor a lash decide.
fn lids(light: &[[f32; 3]], skin: f32) -> f64 {
    let mut all: Vec<f32> = light.iter().map(luminance).collect();
    let median = median(&mut all);
    let mut longest = [0u32; EYE_GRID.0];
    let mut run = [0u32; EYE_GRID.0];
    for row in light.chunks_exact(EYE_GRID.0) {
        for ((light, run), longest) in row.iter().zip(&mut run).zip(&mut longest) {
            *run = if EYE.holds(light, skin, median) { *run + 1 } else { 0 };
            *longest = (*longest).max(*run);
        }
    }
    longest.sort_unstable();
    f64::from(longest[EYE_GRID.0 / 2])
}

/// Rows that a mouth is open: the longest run that is no skin in the mean over all columns, in which a beard has no
/// hairs. A run that reaches the edge is a grey beard and one beside the inner edges of the lips a grey moustache, not an
/// opening.
fn lips(light: &[[f32; 3]], skin: f32, edges: [f32; 2]) -> f64 {
    let (columns, rows) = MOUTH_GRID;
    let mut profile = [[0f32; 3]; MOUTH_GRID.1];
    for (mean, row) in profile.iter_mut().zip(light.chunks_exact(columns)) {
        (0..3).for_each(|c| mean[c] = row.iter().map(|light| light[c]).sum::<f32>() / columns as f32);
    }
    let median = median(&mut profile.each_ref().map(luminance));
    let (mut longest, mut from) = (0, 0);
    for (to, light) in profile.iter().enumerate() {
        if MOUTH.holds(light, skin, median) {
            continue;
        }
        let between_lips = to as f32 > edges[0] - 1.0 && (from as f32) < edges[1] + 2.0;
        if from > 1 && to < rows - 2 && between_lips {
            longest = longest.max(to - from);
        }
        from = to + 1;
    }
    longest as f64
}

#[cfg(test)]
mod tests {
    use super::super::super::{FaceBox, Landmarks, scenes};
    use super::*;
    use domain::units::Millis;

    const FACE: FaceBox = FaceBox { x: 215.0, y: 110.0, width: 210.0, height: 210.0, score: 1.0 };

    /// Skin with eyes open by `eyes` and a mouth by `mouth`, in pixels; the light scales each channel.
    fn drawn(skin: [f32; 3], light: [f32; 3], eyes: f32, mouth: f32) -> (Frame, Landmarks) {
        let points = scenes::points(&FACE);
        let at = |[a, b]: [usize; 2]| {
            let (a, b) = (points.points()[a], points.points()[b]);
            [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0]
        };
        let (left, right, lips) = (at(EYE_CORNERS[0]), at(EYE_CORNERS[1]), at(LIP_EDGES));
        let rgb = (0..480 * 640).flat_map(|i| {
            let (x, y) = ((i % 640) as f32 + 0.5, (i / 640) as f32 + 0.5);
            let inside =
                |[cx, cy]: [f32; 2], half: f32, height: f32| (x - cx).abs() < half && (y - cy).abs() < height / 2.0;
            let colour = if inside(lips, 24.0, mouth) {
                [0.6, 0.58, 0.55]
            } else if inside(left, 5.0, eyes.max(2.0)) || inside(right, 5.0, eyes.max(2.0)) {
                [0.02, 0.015, 0.01]
            } else if inside(left, 20.0, eyes) || inside(right, 20.0, eyes) {
                [0.62, 0.6, 0.58]
            } else {
                skin
            };
            [0, 1, 2].map(|c| ((colour[c] * light[c]).clamp(0.0, 1.0).powf(1.0 / 2.2) * 255.0) as u8)
        });
        (Frame::new(640, 480, Millis(0), 0, rgb.collect()).unwrap(), points)
    }

    fn measured(skin: [f32; 3], light: [f32; 3], eyes: f32, mouth: f32) -> Openings {
        let (frame, points) = drawn(skin, light, eyes, mouth);
        let geometry = Geometry::of_points(&points).unwrap();
        let lit = [0, 1, 2].map(|c| f64::from(skin[c] * light[c]));
        Openings::of(&frame, points.points(), &geometry, lit)
    }

    #[test]
    fn openings_are_measured_on_every_skin_and_in_every_light() {
        for (name, skin, light) in [
            ("light skin", [0.75, 0.5, 0.38], [1.0; 3]),
            ("brown skin", [0.32, 0.15, 0.08], [1.0; 3]),
            ("dark skin", [0.09, 0.05, 0.03], [1.0; 3]),
            ("dark skin, dim", [0.09, 0.05, 0.03], [0.5; 3]),
            ("light skin, warm", [0.75, 0.5, 0.38], [1.05, 1.0, 0.9]),
            ("brown skin, cold", [0.32, 0.15, 0.08], [0.95, 1.0, 1.1]),
        ] {
            let unit = f64::from(Geometry::of_points(&scenes::points(&FACE)).unwrap().eye_to_chin);
            for (eyes, mouth) in [(14.0, 0.0), (0.0, 0.0), (10.0, 12.0), (0.0, 30.0)] {
                let got = measured(skin, light, eyes, mouth);
                for eye in got.eyes {
                    let off = (eye.unwrap() * unit - f64::from(eyes)).abs();
                    assert!(off <= 3.0, "{name}: eyes {eyes} measured {eye:?} of {unit}");
                }
                let off = (got.mouth.unwrap() * unit - f64::from(mouth)).abs();
                assert!(off <= 3.0, "{name}: mouth {mouth} measured {:?} of {unit}", got.mouth);
            }
        }
    }

    #[test]
    fn few_pixels_and_places_outside_the_frame_are_not_judged() {
        let small = scenes::points(&FaceBox { x: 20.0, y: 20.0, width: 40.0, height: 40.0, score: 1.0 });
        let outside = scenes::points(&FaceBox { x: 700.0, ..FACE });
        for (name, points, width, height) in
            [("small", &small, 640, 480), ("outside", &outside, 640, 480), ("one pixel", &outside, 1, 1)]
        {
            let geometry = Geometry::of_points(points).unwrap();
            let got = Openings::of(&scenes::flat(width, height, [90; 3]), points.points(), &geometry, [0.1; 3]);
            assert_eq!(got, Openings { eyes: [None; 2], mouth: None }, "{name}");
        }
    }
}
