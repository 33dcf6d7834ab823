//! Which part of a frame the portrait shows, and its pixels.

use super::super::geometry::{Geometry, HEAD_HEIGHT_IN_T};
use super::super::{FaceBox, Landmarks};
use super::PortraitRules;
use domain::image::Frame;
use zeroize::Zeroizing;

/// The narrowest crop that is still a picture of a face, in pixels.
pub(super) const LEAST_WIDTH: u32 = 48;
/// Portrait width by height.
const SHAPE: f32 = 0.75;
/// Samples along each axis that one pixel of a reduced portrait is the mean of, at most.
const MOST_SAMPLES: u32 = 8;
/// Corners of the eyes in FaceMesh's numbers: outer and inner of the traveller's right eye, inner and outer of the left.
/// Their middle is the eye's centre, which neither gaze nor lids move.
const CORNERS: [[usize; 2]; 2] = [[33, 133], [362, 263]];
/// The chin's lowest point in FaceMesh's numbers.
const CHIN: usize = 152;

/// A rectangle of a frame, three wide to four high, turned so that the eye line lies level in it. It lies inside the
/// frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crop {
    /// Its middle in pixels of the frame; the outer corner of the first pixel is 0, 0.
    centre: (f32, f32),
    /// Unit vector along the eye line, towards the right of the portrait.
    right: (f32, f32),
    /// Sides in pixels of the frame.
    size: (f32, f32),
}

impl Crop {
    /// The crop around a face: from its points where there are some, from its box otherwise, when the head is taken to
    /// stand upright. None where the face lies outside the frame, is too small or is none.
    ///
    /// Where the frame has too little room for the wanted head height, the crop shrinks around the eyes, at most until
    /// the head fills it; where that is not enough it shifts.
    pub fn around(
        (width, height): (u32, u32),
        face: &FaceBox,
        landmarks: Option<&Landmarks>,
        rules: &PortraitRules,
    ) -> Option<Self> {
        let stance = Stance::of(face, landmarks)?;
        let frame = (width as f32, height as f32);
        let (x, y) = stance.eyes;
        if !(0.0..frame.0).contains(&x) || !(0.0..frame.1).contains(&y) {
            return None;
        }
        let (place, wanted) = stance.place(rules);
        let tall = wanted.min(place.room(frame, rules.eye_line)).max(stance.head_height).min(place.largest(frame));
        let across = (tall * SHAPE).floor();
        if across < LEAST_WIDTH as f32 {
            return None;
        }
        let size = (across, (across / SHAPE).floor().min(frame.0.max(frame.1)));
        Some(place.sized(size, rules.eye_line).inside(frame))
    }

    /// The crop that the rules ask for, whether or not a frame holds it.
    pub(super) fn wanted(face: &FaceBox, landmarks: Option<&Landmarks>, rules: &PortraitRules) -> Option<Self> {
        let (place, tall) = Stance::of(face, landmarks)?.place(rules);
        Some(place.sized((tall * SHAPE, tall), rules.eye_line))
    }

    /// Where a place of the frame lies in the portrait, as shares of its width and height from the left and the top.
    pub fn place(&self, (x, y): (f32, f32)) -> (f32, f32) {
        let (dx, dy) = (x - self.centre.0, y - self.centre.1);
        let along = |(ux, uy): (f32, f32)| dx * ux + dy * uy;
        (0.5 + along(self.right) / self.size.0, 0.5 + along(self.down()) / self.size.1)
    }

    /// Where a place of the portrait, given as shares of its sides, lies in the frame, in pixels.
    pub fn frame_place(&self, (across, down): (f32, f32)) -> (f32, f32) {
        let (u, v) = ((across - 0.5) * self.size.0, (down - 0.5) * self.size.1);
        let (down_x, down_y) = self.down();
        (self.centre.0 + u * self.right.0 + v * down_x, self.centre.1 + u * self.right.1 + v * down_y)
    }

    /// Pixels across when no pixel is enlarged.
    pub fn width(&self) -> u32 {
        self.size.0 as u32
    }

    /// Unit vector towards the chin.
    fn down(&self) -> (f32, f32) {
        (-self.right.1, self.right.0)
    }

    /// Sides of the upright rectangle around a crop of unit height.
    fn extent(&self) -> (f32, f32) {
        let (c, s) = (self.right.0.abs(), self.right.1.abs());
        (SHAPE * c + s, SHAPE * s + c)
    }

    /// Height of the largest crop of this turn that a frame holds.
    fn largest(&self, frame: (f32, f32)) -> f32 {
        let (across, down) = self.extent();
        (frame.0 / across).min(frame.1 / down)
    }

    /// Height of the largest crop that keeps the eyes, which stand at the centre now, in their place in the portrait.
    fn room(&self, (width, height): (f32, f32), eye_line: f32) -> f32 {
        let (x, y) = self.centre;
        let (down_x, down_y) = self.down();
        let mut room = f32::MAX;
        for across in [-SHAPE / 2.0, SHAPE / 2.0] {
            for down in [-eye_line, 1.0 - eye_line] {
                let (dx, dy) = (across * self.right.0 + down * down_x, across * self.right.1 + down * down_y);
                let to_edge = |d: f32, place: f32, side: f32| if d < 0.0 { place / -d } else { (side - place) / d };
                room = room.min(to_edge(dx, x, width)).min(to_edge(dy, y, height));
            }
        }
        room
    }

    /// A crop of these sides, the eyes, which stand at the centre now, at their line.
    fn sized(self, size: (f32, f32), eye_line: f32) -> Self {
        let ((x, y), (down_x, down_y)) = (self.centre, self.down());
        let below = (0.5 - eye_line) * size.1;
        Self { centre: (x + below * down_x, y + below * down_y), size, ..self }
    }

    /// Shifted by as little as brings every corner into the frame; upright crops onto whole pixels.
    fn inside(mut self, frame: (f32, f32)) -> Self {
        let (c, s) = (self.right.0.abs(), self.right.1.abs());
        let half = ((self.size.0 * c + self.size.1 * s) / 2.0, (self.size.0 * s + self.size.1 * c) / 2.0);
        let fit = |place: f32, half: f32, side: f32| place.min(side - half).max(half);
        self.centre = (fit(self.centre.0, half.0, frame.0), fit(self.centre.1, half.1, frame.1));
        if self.is_upright() {
            let whole = |place: f32, half: f32, side: f32| (place - half).round().clamp(0.0, side - 2.0 * half) + half;
            self.centre = (whole(self.centre.0, half.0, frame.0), whole(self.centre.1, half.1, frame.1));
        }
        self
    }

    fn is_upright(&self) -> bool {
        self.right == (1.0, 0.0)
    }

    /// The crop's pixels, `width` across; at most [`Crop::width`], so that none is enlarged. One step from the frame to
    /// the portrait: whole pixels where nothing turns or shrinks, between four of them otherwise.
    pub(super) fn cut(&self, frame: &Frame, width: u32) -> Picture {
        let width = width.min(self.width());
        let height = width * 4 / 3;
        let mut rgb = Zeroizing::new(vec![0u8; width as usize * height as usize * 3]);
        if width == self.width() && self.is_upright() {
            self.copy(frame, width, &mut rgb);
        } else {
            self.sample(frame, (width, height), &mut rgb);
        }
        Picture { width, height, rgb }
    }

    fn copy(&self, frame: &Frame, width: u32, rgb: &mut [u8]) {
        let left = (self.centre.0 - self.size.0 / 2.0).round() as usize * 3;
        let top = (self.centre.1 - self.size.1 / 2.0).round() as usize;
        let row = width as usize * 3;
        let lines = frame.rgb().chunks_exact(frame.width as usize * 3).skip(top);
        for (to, from) in rgb.chunks_exact_mut(row).zip(lines) {
            to.copy_from_slice(&from[left..left + row]);
        }
    }

    fn sample(&self, frame: &Frame, (width, height): (u32, u32), rgb: &mut [u8]) {
        let scale = self.size.0 / width as f32;
        let samples = (scale.ceil() as u32).clamp(1, MOST_SAMPLES);
        let grid = Grid::of(frame);
        let at = |u: f32, v: f32| self.frame_place((u / width as f32, v / height as f32));
        let step = (scale * self.right.0, scale * self.right.1);
        for (row, line) in rgb.chunks_exact_mut(width as usize * 3).enumerate() {
            if samples == 1 {
                grid.line(at(0.5, row as f32 + 0.5), step, line);
                continue;
            }
            for (column, to) in line.chunks_exact_mut(3).enumerate() {
                let mut sums = [0u32; 3];
                for part in 0..samples * samples {
                    let share = |n: u32| (n as f32 + 0.5) / samples as f32;
                    let (x, y) = at(column as f32 + share(part % samples), row as f32 + share(part / samples));
                    let pixel = grid.between(fixed(x), fixed(y));
                    sums.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += u32::from(value));
                }
                let count = samples * samples;
                to.iter_mut().zip(sums).for_each(|(to, sum)| *to = ((sum + count / 2) / count) as u8);
            }
        }
    }
}

/// Pixels of a portrait, wiped on drop.
pub(super) struct Picture {
    pub width: u32,
    pub height: u32,
    pub rgb: Zeroizing<Vec<u8>>,
}

/// How a head stands in a frame.
struct Stance {
    /// The point between the eyes.
    eyes: (f32, f32),
    /// Unit vector from the eye on the left of an upright picture to the one on its right.
    right: (f32, f32),
    /// Crown to chin, hair not counted.
    head_height: f32,
}

impl Stance {
    /// By the points where there are some that are a face's, by the box otherwise.
    fn of(face: &FaceBox, landmarks: Option<&Landmarks>) -> Option<Self> {
        landmarks.and_then(Self::of_points).or_else(|| Self::of_box(face))
    }

    /// A crop of unit height with the eyes at its centre, and the height that the rules ask for.
    fn place(&self, rules: &PortraitRules) -> (Crop, f32) {
        let wanted = self.head_height / rules.head_height;
        // What turning would move by less than half a pixel is left as it is: every resampling blurs a little.
        let right = if self.right.1.abs() * wanted < 1.0 && self.right.0 > 0.0 { (1.0, 0.0) } else { self.right };
        (Crop { centre: self.eyes, right, size: (SHAPE, 1.0) }, wanted)
    }

    fn of_box(face: &FaceBox) -> Option<Self> {
        let geometry = Geometry::of(face);
        let stance = Self { eyes: geometry.eyes, right: (1.0, 0.0), head_height: geometry.head_height() };
        face.is_sound().then_some(stance)
    }

    /// None where the points are no face's.
    fn of_points(landmarks: &Landmarks) -> Option<Self> {
        if !landmarks.is_sound() {
            return None;
        }
        let points = landmarks.points();
        let [first, second] = CORNERS.map(|[a, b]| {
            let middle = |axis: usize| (points[a][axis] + points[b][axis]) / 2.0;
            (middle(0), middle(1))
        });
        let (dx, dy) = (second.0 - first.0, second.1 - first.1);
        let apart = dx.hypot(dy);
        let right = (dx / apart, dy / apart);
        let eyes = ((first.0 + second.0) / 2.0, (first.1 + second.1) / 2.0);
        // Along the face's own vertical: a turned head carries its chin to the side, not up.
        let [chin_x, chin_y, _] = points[CHIN];
        let eye_to_chin = (chin_y - eyes.1) * right.0 - (chin_x - eyes.0) * right.1;
        // The crown has no landmark: its height follows from eyes and chin, as in `geometry`.
        let stance = Self { eyes, right, head_height: eye_to_chin * HEAD_HEIGHT_IN_T };
        (apart >= 1.0 && eye_to_chin >= 1.0).then_some(stance)
    }
}

/// Bits after the point of a place in the frame.
const FRACTION: u32 = 16;

/// Places between pixels of a frame; no pixel of it is farther than 32,768 from the corner, the decoders' limit.
struct Grid<'a> {
    rgb: &'a [u8],
    row: usize,
    /// The last column and row that have a neighbour.
    last: (i64, i64),
}

/// A place in the frame with [`FRACTION`] bits, counted from the first pixel's middle.
fn fixed(place: f32) -> i64 {
    ((f64::from(place) - 0.5) * f64::from(1u32 << FRACTION)) as i64
}

impl<'a> Grid<'a> {
    /// Of a frame that has two rows and columns at least.
    fn of(frame: &'a Frame) -> Self {
        let last = (i64::from(frame.width) - 2, i64::from(frame.height) - 2);
        Self { rgb: frame.rgb(), row: frame.width as usize * 3, last }
    }

    /// One row of the portrait, from `start` on by `step` for each pixel.
    fn line(&self, start: (f32, f32), step: (f32, f32), line: &mut [u8]) {
        let whole = f64::from(1u32 << FRACTION);
        let (mut x, mut y) = (fixed(start.0), fixed(start.1));
        let step = ((f64::from(step.0) * whole) as i64, (f64::from(step.1) * whole) as i64);
        for to in line.chunks_exact_mut(3) {
            to.copy_from_slice(&self.between(x, y));
            (x, y) = (x + step.0, y + step.1);
        }
    }

    /// The mean of the four pixels around a place, by how near they are; beyond the outermost pixels' middles, theirs.
    #[inline(always)]
    fn between(&self, x: i64, y: i64) -> [u8; 3] {
        let (column, right) = share(x, self.last.0);
        let (row, below) = share(y, self.last.1);
        let at = row * self.row + column * 3;
        let (upper, lower) = (&self.rgb[at..at + 6], &self.rgb[at + self.row..at + self.row + 6]);
        std::array::from_fn(|c| {
            let mix = |line: &[u8]| u32::from(line[c]) * (256 - right) + u32::from(line[c + 3]) * right;
            ((mix(upper) * (256 - below) + mix(lower) * below + (1 << 15)) >> 16) as u8
        })
    }
}

/// The pixel at or before a place, and the next one's weight out of 256.
#[inline(always)]
fn share(place: i64, last: i64) -> (usize, u32) {
    let whole = place >> FRACTION;
    let part = ((place >> (FRACTION - 8)) & 0xFF) as u32;
    if whole < 0 {
        (0, 0)
    } else if whole > last {
        (last as usize, 256)
    } else {
        (whole as usize, part)
    }
}
