//! Straight edges around the head: the border of a sheet of paper or a screen.
//!
//! Doors, windows and cupboards behind a traveller have straight edges too. Whoever holds a sheet or a screen up moves it
//! with the face on it, and a door stays where it is while the traveller sways: edges are followed over the frames, and
//! those that stay behind are no border. As long as nothing has moved by enough to tell, only a rectangle closed on all
//! four sides is one. A screen on a stand, in which a face moves, is therefore taken for a window: the cue is a hint to
//! look, no more.

use super::Finding;
use crate::face::FaceBox;
use domain::image::Frame;
use std::collections::VecDeque;
use zeroize::Zeroizing;

/// Cells along each axis of the reduced picture around the head.
const CELLS: usize = 96;
/// Sides of that picture in sides of the face's box, and where its upper edge lies above the box's.
const SPAN: f32 = 3.4;
const ABOVE: f32 = 1.2;
/// Difference of grey levels across an edge, over two cells.
const EDGE: f32 = 9.0;
/// The edges lie farther from the middle of the face than this, in sides of its box: nearer there are ears and hair.
const NEAREST: f32 = 0.64;
/// How far edges may lean, as a share of their length.
const LEAN: f32 = 0.2;
/// Length of an edge in sides of the face's box, around its middle.
const LENGTH: f32 = 1.7;
/// Shares of an edge's length that must be seen for a score of 0 and of 1.
const COVERED: [f32; 2] = [0.55, 0.9];
/// Only one frame in so many is looked at.
const EVERY: u32 = 4;
/// Weight of the newest frame in the running mean.
const NEWEST: f64 = 0.3;

/// Looks that are remembered.
const MOST_LOOKS: usize = 16;
/// How far the face must have gone between two looks, in sides of its box, for them to tell what goes with it (own value:
/// twice what an edge's place is uncertain by, and less than people sway in some seconds).
const TELLING: f32 = 0.08;
/// Pairs of looks that must tell.
const LEAST_PAIRS: u32 = 4;
/// Share of the telling pairs in which the edges have gone with the face, for a score of 0 and for the whole score.
const CARRIED: [f64; 2] = [0.5, 0.8];
/// Score of three sides up to which nothing is there to be told from a door.
const NOTHING: f64 = 0.05;
/// Score of the fourth side from which on a rectangle is closed.
const CLOSED: f64 = 0.5;

/// Looks for the border.
#[derive(Default)]
pub(super) struct Border {
    frames: u32,
    seen: u32,
    /// Running means of the rectangle's score and of that of its faintest side.
    mean: f64,
    faintest: f64,
    looks: VecDeque<Look>,
}

/// Where the edges were in one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Look {
    /// The face's middle, pixels of the frame.
    middle: [f32; 2],
    /// Side of its box, pixels.
    side: f32,
    /// From the middle to the edges on the left, on the right, above and below, pixels; none where none is seen.
    edges: [Option<f32>; 4],
}

/// What one look sees.
struct Rectangle {
    score: f32,
    /// The score of the side that is seen least.
    faintest: f32,
    /// From the middle of the face, in cells.
    edges: [Option<f32>; 4],
}

impl Border {
    pub fn feed(&mut self, frame: &Frame, face: &FaceBox) {
        self.frames = self.frames.wrapping_add(1);
        if self.frames % EVERY != 1 {
            return;
        }
        let Some(found) = Around::of(frame, face).and_then(|around| around.rectangle()) else { return };
        let newest = if self.seen == 0 { 1.0 } else { NEWEST };
        self.mean += (f64::from(found.score) - self.mean) * newest;
        self.faintest += (f64::from(found.faintest) - self.faintest) * newest;
        self.seen = self.seen.saturating_add(1);
        if self.looks.len() == MOST_LOOKS {
            self.looks.pop_front();
        }
        let ((x, y), side) = (face.centre(), face.width.max(face.height));
        let edges = found.edges.map(|edge| edge.map(|cells| cells * SPAN * side / CELLS as f32));
        self.looks.push_back(Look { middle: [x, y], side, edges });
    }

    pub fn finding(&self, least_frames: usize) -> Finding {
        if (self.seen as usize) < least_frames.div_ceil(EVERY as usize) {
            return Finding::NotAssessed("too few frames that show the head with room around it");
        }
        let (mut carried, mut pairs) = (0, 0);
        for (at, now) in self.looks.iter().enumerate() {
            for before in self.looks.iter().take(at) {
                for goes_along in now.tells_against(before).into_iter().flatten() {
                    (carried, pairs) = (carried + u32::from(goes_along), pairs + 1);
                }
            }
        }
        if pairs >= LEAST_PAIRS {
            let share = (f64::from(carried) / f64::from(pairs) - CARRIED[0]) / (CARRIED[1] - CARRIED[0]);
            return Finding::Score(self.mean * share.clamp(0.0, 1.0));
        }
        if self.mean > NOTHING && self.faintest < CLOSED {
            return Finding::NotAssessed("too little movement to tell a border from a door");
        }
        Finding::Score(self.mean)
    }
}

impl Look {
    /// Of each edge, whether it went with the face since an earlier look; none where that cannot be told.
    fn tells_against(&self, before: &Self) -> [Option<bool>; 4] {
        std::array::from_fn(|edge| {
            let (now, was) = (self.edges[edge]?, before.edges[edge]?);
            let axis = edge / 2;
            let (now, was_at) = (self.middle[axis] + now, before.middle[axis] + was);
            let along = self.middle[axis] + was * self.side / before.side;
            ((along - was_at).abs() >= TELLING * self.side).then(|| (now - along).abs() < (now - was_at).abs())
        })
    }
}

/// Edges of the picture around a head.
struct Around {
    /// Per cell and row by row: 1 where it grows brighter to the right, -1 where darker; 0 where the frame ends.
    across: Vec<i8>,
    /// The same downwards, column by column.
    down: Vec<i8>,
    /// Cells inside the frame: first and one past the last, of columns and rows.
    inside: [(usize, usize); 2],
    /// The face's middle in cells.
    middle: (f32, f32),
}

impl Around {
    fn of(frame: &Frame, face: &FaceBox) -> Option<Self> {
        let side = face.width.max(face.height);
        let cell = SPAN * side / CELLS as f32;
        // Below a pixel there is nothing to see, above there would be too much to read.
        if !face.is_sound() || !(1.0..=64.0).contains(&cell) {
            return None;
        }
        let (x, y) = (face.x + face.width / 2.0 - SPAN * side / 2.0, face.y - ABOVE * side);
        let range = |from: f32, end: u32| {
            let first = (-from / cell).ceil().max(0.0) as usize;
            let last = ((end as f32 - 1.0 - from) / cell - 1.0).floor().max(0.0) as usize;
            (first.min(CELLS), last.min(CELLS))
        };
        let inside = [range(x, frame.width), range(y, frame.height)];
        let grey = grey(frame, (x, y), cell, inside);
        let mut across = vec![0i8; CELLS * CELLS];
        let mut down = vec![0i8; CELLS * CELLS];
        let sign = |difference: f32| i8::from(difference > EDGE) - i8::from(difference < -EDGE);
        for row in inside[1].0 + 1..inside[1].1.saturating_sub(1) {
            for column in inside[0].0 + 1..inside[0].1.saturating_sub(1) {
                let at = row * CELLS + column;
                across[at] = sign(grey[at + 1] - grey[at - 1]);
                down[column * CELLS + row] = sign(grey[at + CELLS] - grey[at - CELLS]);
            }
        }
        let middle = ((CELLS / 2) as f32, (ABOVE + 0.5 * face.height / side) * CELLS as f32 / SPAN);
        Some(Self { across, down, inside, middle })
    }

    /// The rectangle around the head as far as it is seen; none where the frame has too little room around it.
    fn rectangle(&self) -> Option<Rectangle> {
        let ((x, y), [columns, rows]) = (self.middle, self.inside);
        let sides = [
            side(&self.across, x, y, columns, -1.0),
            side(&self.across, x, y, columns, 1.0),
            side(&self.down, y, x, rows, -1.0),
            side(&self.down, y, x, rows, 1.0),
        ];
        if sides.iter().flatten().count() < 3 {
            return None;
        }
        let middles = [x, x, y, y];
        let edges = std::array::from_fn(|at| {
            sides[at].filter(|found| found.score > 0.0).map(|found| found.place - middles[at])
        });
        let mut scores = sides.map(|side| side.map_or(0.0, |found| found.score));
        scores.sort_by(|a, b| b.total_cmp(a));
        let [a, b, c, d] = scores;
        // Three sides are a border: hands and the frame's end hide the fourth.
        Some(Rectangle { score: (a * b * c).cbrt() * (0.75 + 0.25 * d), faintest: d, edges })
    }
}

/// An edge on one side of the head.
#[derive(Clone, Copy)]
struct Side {
    /// 0 to 1.
    score: f32,
    /// Where it passes the middle of the head, in cells.
    place: f32,
}

/// The best edge on one side of the head, `out` (-1 or 1) of the `middle`, along lines around `beside`. None where the
/// frame ends before there can be one.
fn side(edges: &[i8], middle: f32, beside: f32, (first, last): (usize, usize), out: f32) -> Option<Side> {
    let unit = CELLS as f32 / SPAN;
    let (start, end) = (beside - LENGTH / 2.0 * unit, beside + LENGTH / 2.0 * unit);
    let (start, end) = (start.max(0.0) as usize, (end as usize).min(CELLS));
    let near = middle + out * NEAREST * unit;
    let (from, to) = if out < 0.0 { (first as f32 + 1.0, near) } else { (near, last as f32 - 2.0) };
    if to - from < 3.0 || end <= start {
        return None;
    }
    let steps = (LEAN * (end - start) as f32) as i32;
    let (mut best, mut places) = (0, (0, 0));
    for place in from as usize..=to as usize {
        let seen = (-steps..=steps).map(|lean| line(edges, place, lean, (start, end))).max().unwrap_or(0);
        if seen > best {
            (best, places) = (seen, (place, place));
        } else if seen == best && place == places.1 + 1 {
            // An edge is two or three cells wide.
            places.1 = place;
        }
    }
    let covered = best as f32 / (end - start) as f32;
    let score = ((covered - COVERED[0]) / (COVERED[1] - COVERED[0])).clamp(0.0, 1.0);
    Some(Side { score, place: (places.0 + places.1) as f32 / 2.0 })
}

/// Cells with an edge of the same direction along a line that passes `place` half-way and leans by `lean` cells in all.
fn line(edges: &[i8], place: usize, lean: i32, (start, end): (usize, usize)) -> i32 {
    let length = (end - start) as i32;
    // Places in 1/256 of a cell: no division in the loop.
    let step = lean * 256 / length;
    let mut at = place as i32 * 256 + 128 - lean * 128;
    let (mut brighter, mut darker) = (0, 0);
    for row in edges.chunks_exact(CELLS).skip(start).take(end - start) {
        let edge = row.get((at >> 8) as usize).copied().unwrap_or(0);
        brighter += i32::from(edge > 0);
        darker += i32::from(edge < 0);
        at += step;
    }
    brighter.max(darker)
}

/// Mean green of four pixels of each cell.
fn grey(frame: &Frame, (x, y): (f32, f32), cell: f32, [columns, rows]: [(usize, usize); 2]) -> Zeroizing<Vec<f32>> {
    let mut grey = Zeroizing::new(vec![0f32; CELLS * CELLS]);
    let width = frame.width as usize;
    let places = |from: f32, n: usize, end: u32| {
        [0.25, 0.75].map(|part| ((from + (n as f32 + part) * cell) as usize).min(end as usize - 1))
    };
    for row in rows.0..rows.1 {
        let lines = places(y, row, frame.height);
        for column in columns.0..columns.1 {
            let mut sum = 0u32;
            for column in places(x, column, frame.width) {
                for line in lines {
                    sum += u32::from(frame.rgb()[(line * width + column) * 3 + 1]);
                }
            }
            grey[row * CELLS + column] = sum as f32 / 4.0;
        }
    }
    grey
}
