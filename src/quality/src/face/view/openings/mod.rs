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

/// Openings in units of the eye-to-chin distance, or why they are not known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Openings {
    /// Between the lids of the eye on the left of the picture, and of the other.
    pub eyes: [Result<f64, &'static str>; 2],
    /// Between the lips.
    pub mouth: Result<f64, &'static str>,
}

/// Why an eye is not read: what is there is no lid.
pub const HIDDEN_EYE: &str = "something before an eye";
/// Why a mouth is not read.
pub const HIDDEN_MOUTH: &str = "the mouth is covered or wide open";
/// Why neither is read.
pub const NO_COLOUR: &str = "white cannot be told from skin in this light";

/// The fewest pixels between the corners of an eye on which lids are judged.
const LEAST_EYE: f32 = 12.0;
/// The fewest pixels from the eyes to the chin on which lips are judged.
const LEAST_FACE: f32 = 60.0;

/// What tells an opening from skin, in linear light.
struct Rule {
    /// Light is white below this ratio of red to blue, and a share of the way from white to the cheeks' ratio more.
    white: f32,
    /// That share.
    whiter: f32,
    /// The least luminance of what is white, as a share of the region's median.
    least_white: f32,
    /// The greatest luminance of what is dark, likewise.
    darkest: f32,
}

/// Own values: the best of a search over 600 rendered heads of all skin tones, in light of several colours.
const EYE: Rule = Rule { white: 1.1, whiter: 0.4, least_white: 0.6, darkest: 0.3 };
/// As [`EYE`].
const MOUTH: Rule = Rule { white: 1.25, whiter: 0.1, least_white: 0.3, darkest: 0.25 };

/// The least ratio of the cheeks' red to their blue with which white can be told from skin (own value: on light skin under
/// bluish lamps it is 1.6; a grey picture's is 1).
const LEAST_TONE: f32 = 1.15;
/// Luminance of the mouth's middle, as a share of the cheeks', below which it is not skin that most of the region shows:
/// a dark beard, or the inside of a mouth whose lips the landmarks have [`PARTED`], in eye-to-chin distances.
const MOSTLY_SKIN: f32 = 0.4;
const PARTED: f32 = 0.06;
/// Rows of an eye that no lids uncover: three fifths of the distance between its corners. What is taller, or comes from
/// the edge by more than a brow does, is a dark lens or a patch.
const TALLEST_EYE: usize = 20;
const TALLEST_BROW: usize = 8;

/// Added to red and blue before their ratio is taken: what a sensor's noise makes of black.
const FLOOR: f32 = 0.004;

/// Columns and rows that are looked at in an eye: nearly three quarters of the way between its corners, and as high as
/// nine tenths of it.
const EYE_GRID: (usize, usize) = (24, 32);
const EYE_HALF: (f32, f32) = (0.36, 0.45);
/// In a mouth: half of its width, and .2 eye-to-chin distances up and down.
const MOUTH_GRID: (usize, usize) = (24, 48);
const MOUTH_HALF: (f32, f32) = (0.25, 0.2);
/// Columns of a mouth that must be open, of 24.
const ACROSS: usize = 20;
/// Share of grey hairs above and below from which on the pixels are believed only as far as half of what the landmarks say.
const BEARD: f64 = 0.1;
/// An opening that is narrower is told from the hairs of a dark beard by the lips around it; a taller one may be beard.
const NARROW: f64 = 0.09;
/// Rows next to the opening that may hold its blurred edge.
const EDGE: usize = 4;

impl Openings {
    /// Looks at the eyes and the mouth. `skin` is the mean linear light of the cheeks.
    pub fn of(frame: &Frame, points: &[[f32; 3]; POINTS], geometry: &Geometry, skin: [f64; 3]) -> Self {
        let at = |index: usize| [points[index][0], points[index][1]];
        let middle = |[a, b]: [usize; 2]| mix(at(a), at(b));
        let [left, right] = EYE_CORNERS.map(middle);
        let across = [0, 1].map(|axis| (right[axis] - left[axis]) / geometry.inter_eye);
        let cheeks = luminance(&skin.map(|light| light as f32));
        let skin = (skin[0] as f32 + FLOOR) / (skin[2] as f32 + FLOOR);
        if skin < LEAST_TONE {
            return Self { eyes: [Err(NO_COLOUR); 2], mouth: Err(NO_COLOUR) };
        }
        let unit = geometry.eye_to_chin;
        let look = |centre, half, grid| Patch { centre, across, half, grid }.light(frame);
        let eyes = EYE_CORNERS.map(|corners| {
            let width = apart(at(corners[0]), at(corners[1]));
            let half = (EYE_HALF.0 * width, EYE_HALF.1 * width);
            let light = (width >= LEAST_EYE).then(|| look(middle(corners), half, EYE_GRID)).flatten();
            let rows = lids(&light.ok_or("too few pixels for the lids")?, skin)?;
            Ok(rows * f64::from(2.0 * half.1 / (EYE_GRID.1 - 1) as f32 / unit))
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
        let marked = apart(at(LIP_EDGES[0]), at(LIP_EDGES[1])) / unit;
        let cheeks = (marked > PARTED).then_some(cheeks);
        let rows = light.ok_or("too few pixels for the lips").and_then(|light| lips(&light, skin, cheeks, edges));
        let mouth = rows.map(|(rows, beard)| {
            let seen = rows * f64::from(2.0 * MOUTH_HALF.1) / (MOUTH_GRID.1 - 1) as f64;
            let doubtful = beard.grey > BEARD || (beard.any > BEARD && seen > NARROW);
            if doubtful { seen.min(f64::from(marked) / 2.0) } else { seen }
        });
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
        let white = ratio < self.white + self.whiter * (skin - 1.0) && luminance > self.least_white * median;
        white || luminance < self.darkest * median
    }

    /// Whether this light is whiter than skin, not darker.
    fn is_white(&self, light: &[f32; 3], skin: f32, median: f32) -> bool {
        self.holds(light, skin, median) && luminance(light) >= self.darkest * median
    }
}

/// Rows that an eye is open: in each column the longest run that is no skin, and of those the middle one, so that
/// neither the corners nor a lash decide. An opening has lids above and below: a run from the edge is none.
fn lids(light: &[[f32; 3]], skin: f32) -> Result<f64, &'static str> {
    let (columns, rows) = EYE_GRID;
    let mut all: Vec<f32> = light.iter().map(luminance).collect();
    let median = median(&mut all);
    let mut longest = [0; EYE_GRID.0];
    let mut covered = 0;
    for (column, longest) in longest.iter_mut().enumerate() {
        let (mut from, mut at_edge) = (0, 0);
        for to in 0..=rows {
            if to < rows && EYE.holds(&light[to * columns + column], skin, median) {
                continue;
            }
            let run = if from == 0 || to == rows { &mut at_edge } else { &mut *longest };
            *run = (to - from).max(*run);
            from = to + 1;
        }
        covered += usize::from(at_edge > TALLEST_BROW);
    }
    longest.sort_unstable();
    let open = longest[columns / 2];
    let hidden = 2 * covered > columns || open > TALLEST_EYE;
    if hidden { Err(HIDDEN_EYE) } else { Ok(open as f64) }
}

/// Shares of what is clearly above and below a mouth's opening that are no skin either: hairs.
struct Beard {
    grey: f64,
    any: f64,
}

/// Rows that a mouth is open: the longest run of rows that are no skin in at least [`ACROSS`] columns. Teeth and the dark
/// behind them go from side to side, a beard's hairs do not. A run that reaches the edge is a beard and one beside the inner edges of the lips a grey moustache, not an
/// opening; a dark run between the lips that reaches the edge may be a mouth that is opened wider than the region.
/// `cheeks` is the luminance of skin, where lips are marked as parted. Also what is clearly above and below.
fn lips(light: &[[f32; 3]], skin: f32, cheeks: Option<f32>, edges: [f32; 2]) -> Result<(f64, Beard), &'static str> {
    let (columns, rows) = MOUTH_GRID;
    let mut profile = [[0f32; 3]; MOUTH_GRID.1];
    for (mean, row) in profile.iter_mut().zip(light.chunks_exact(columns)) {
        (0..3).for_each(|c| mean[c] = row.iter().map(|light| light[c]).sum::<f32>() / columns as f32);
    }
    let median = median(&mut profile.each_ref().map(luminance));
    // Where most of the region is the inside of the mouth, its own median says nothing about skin.
    let usual = cheeks.filter(|cheeks| median < MOSTLY_SKIN * cheeks).unwrap_or(median);
    let open = |row: &[[f32; 3]]| row.iter().filter(|light| MOUTH.holds(light, skin, usual)).count();
    let mut seen = [0; MOUTH_GRID.1];
    seen.iter_mut().zip(light.chunks_exact(columns)).for_each(|(seen, row)| *seen = open(row));
    let (mut longest, mut from) = (0..0, 0);
    for to in 0..=rows {
        if seen.get(to).is_some_and(|&seen| seen >= ACROSS) {
            continue;
        }
        let between_lips = to as f32 > edges[0] - 1.0 && (from as f32) < edges[1] + 2.0;
        if from > 1 && to < rows - 2 && between_lips {
            if to - from > longest.len() {
                longest = from..to;
            }
        } else if (from..to).contains(&(rows / 2)) && luminance(&profile[rows / 2]) < MOUTH.darkest * usual {
            return Err(HIDDEN_MOUTH);
        }
        from = to + 1;
    }
    let edge = longest.start.saturating_sub(EDGE)..longest.end + EDGE;
    let beyond = light.chunks_exact(columns).enumerate().filter(|(row, _)| !edge.contains(row));
    let (mut grey, mut any, mut places) = (0u32, 0u32, 0u32);
    for light in beyond.flat_map(|(_, row)| row) {
        grey += u32::from(MOUTH.is_white(light, skin, usual));
        any += u32::from(MOUTH.holds(light, skin, usual));
        places += 1;
    }
    let share = |hairs: u32| f64::from(hairs) / f64::from(places.max(1));
    Ok((longest.len() as f64, Beard { grey: share(grey), any: share(any) }))
}

#[cfg(test)]
mod tests;
