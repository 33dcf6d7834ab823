//! From the cells of each part to the boxes of the fingertips.

use super::ground::Ground;
use super::parts::Parts;

/// A fingertip on the platen. Lengths are pixels of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FingerBox {
    /// Its middle, to the right and downwards from the top left corner.
    pub centre: (f32, f32),
    /// Width and length, before it is turned.
    pub size: (f32, f32),
    /// Where the finger points: degrees clockwise from straight up.
    pub angle: f32,
    /// The finger reaches over the edge of the platen with more than its root.
    pub cut_off: bool,
}

impl FingerBox {
    /// The end of the finger: the middle of the box's far side.
    pub fn tip(&self) -> (f32, f32) {
        let (_, up) = axes(self.angle);
        let half = self.size.1 / 2.0;
        (self.centre.0 + half * up.0, self.centre.1 + half * up.1)
    }

    /// A place of the picture as seen from the box: pixels across and along the finger from its middle.
    pub(super) fn within(&self, (x, y): (f32, f32)) -> (f32, f32) {
        let (right, up) = axes(self.angle);
        let from = (x - self.centre.0, y - self.centre.1);
        (dot(from, right), dot(from, up))
    }

    /// How far a place lies from the middle: 1 on the ellipse that touches the box's sides.
    pub(super) fn radius(&self, at: (f32, f32)) -> f32 {
        let (across, along) = self.within(at);
        (2.0 * across / self.size.0.max(1.0)).hypot(2.0 * along / self.size.1.max(1.0))
    }
}

/// Fingers that are looked at; what else lies there is too much anyway.
const MOST: usize = 10;
/// A part with less of the largest part's cells than this is residue. Own value: a little finger that hardly touches has
/// more.
const LEAST_SHARE: f32 = 0.15;
/// A finger is at least so wide, in millimetres. Own value.
const LEAST_WIDTH: f32 = 5.0;
/// Fingers are turned at most so far, in degrees: the hand's 45, and what a finger points outwards.
const MOST_TURNED: f32 = 70.0;
/// How much longer than wide parts are whose direction says nothing, and whose direction says everything. Own values.
const ROUND: f32 = 1.06;
const LONG: f32 = 1.25;
/// How far a finger may point from where the hand does, in degrees, and where its outline is taken to mislead. Own values:
/// spread fingers fan out by 16.
const FANNED: (f32, f32) = (14.0, 24.0);
/// A fingertip is at most so much longer than wide; the rest lies below the first joint. Own value: contacts are 1.1 to
/// 1.5, and the crease of the joint lies at 1.6 or further.
const TIP: f32 = 1.55;
/// Two parts beside one axis are pieces of one fingertip if they are at most so long together, in millimetres: a distal
/// phalanx touches with up to 26 (Garrett, "The adult human hand", 1971).
const TIP_LENGTH: f32 = 26.0;
/// A profile's length at which a finger ends, as a share of what it mostly has: along the finger; and across it, where
/// its sides are long and what is shorter may be a strip of the next finger. Own values.
const ENDS_ALONG: f32 = 0.2;
const ENDS_ACROSS: f32 = 0.33;
/// Length of a finger's border on the edge of the platen, in millimetres, from which more than 0.7 mm of it are missing:
/// the chord of a fingertip's curve at that depth.
const CUT: f32 = 7.0;
/// By how much the energy of neighbours lengthens a finger at each end, in cells; its sides lose as much to
/// [`ENDS_ACROSS`]. Measured on simulated slaps.
const LENGTHENED: f32 = 0.5;

/// One part with its moments.
struct Blob {
    cells: Vec<usize>,
    middle: (f32, f32),
    /// Degrees clockwise from up.
    angle: f32,
    /// Length by width, from the moments.
    elongation: f32,
}

/// The boxes of all fingertips, from left to right across the hand, and the direction of the hand in degrees clockwise
/// from up.
pub(super) fn boxes(ground: &mut Ground, parts: &Parts, mm: f32) -> (Vec<FingerBox>, f32) {
    let mut blobs: Vec<Blob> = (0..parts.len()).map(|part| Blob::of(ground, parts.cells(part))).collect();
    blobs.sort_by_key(|blob| std::cmp::Reverse(blob.cells.len()));
    let least = blobs.first().map_or(0.0, |largest| LEAST_SHARE * largest.cells.len() as f32);
    blobs.retain(|blob| blob.cells.len() as f32 > least);
    blobs.truncate(MOST);
    let hand = direction(&blobs);
    let tips = tips(ground, blobs, hand, mm);
    let mut boxes: Vec<FingerBox> = tips.iter().map(|tip| bounded(ground, tip, hand, mm)).collect();
    let side = ground.side as f32;
    boxes.retain(|found| found.size.0.min(found.size.1) * mm >= LEAST_WIDTH * side);
    let (right, _) = axes(hand);
    boxes.sort_by(|a, b| dot(a.centre, right).total_cmp(&dot(b.centre, right)));
    (boxes, hand)
}

impl Blob {
    fn of(ground: &mut Ground, cells: &[usize]) -> Self {
        let edge = ground.edge(cells);
        let kept = cells.iter().copied().filter(|cell| ground.energy[*cell] > edge).collect();
        Self::with(ground, kept)
    }

    fn with(ground: &Ground, cells: Vec<usize>) -> Self {
        let count = cells.len().max(1) as f32;
        let place = |cell: &usize| ((cell % ground.columns) as f32, (cell / ground.columns) as f32);
        let sum = cells.iter().map(place).fold((0.0, 0.0), |sum, (x, y)| (sum.0 + x, sum.1 + y));
        let middle = (sum.0 / count, sum.1 / count);
        let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
        for (x, y) in cells.iter().map(place) {
            let (dx, dy) = (x - middle.0, y - middle.1);
            (xx, xy, yy) = (xx + dx * dx, xy + dx * dy, yy + dy * dy);
        }
        let (half, spread) = ((xx + yy) / 2.0, ((xx - yy) / 2.0).hypot(xy));
        let along = (2.0 * xy).atan2(xx - yy) / 2.0;
        // Of the two ways along the axis, the one that points up.
        let (x, y) = if along.sin() > 0.0 { (-along.cos(), -along.sin()) } else { (along.cos(), along.sin()) };
        let elongation = ((half + spread) / (half - spread).max(1.0)).sqrt();
        Self { cells, middle, angle: x.atan2(-y).to_degrees(), elongation }
    }

    /// How much its direction tells, 0 to 1.
    fn decided(&self) -> f32 {
        ((self.elongation - ROUND) / (LONG - ROUND)).clamp(0.0, 1.0)
    }

    /// First and last place of its cells along an axis, in cells.
    fn span(&self, ground: &Ground, axis: (f32, f32)) -> (f32, f32) {
        let places = self.cells.iter().map(|cell| dot(place(ground, *cell), axis));
        places.fold((f32::MAX, f32::MIN), |(low, high), at| (low.min(at), high.max(at)))
    }
}

/// Where the hand points: the direction that most of its length agrees on. Round parts alone say nothing: then the line
/// across them does.
fn direction(blobs: &[Blob]) -> f32 {
    let upright = |blob: &&Blob| blob.angle.abs() <= MOST_TURNED;
    let weight = |blob: &Blob| blob.decided() * blob.cells.len() as f32;
    let near = |centre: f32, within: f32| {
        let close = blobs.iter().filter(upright).filter(|blob| (blob.angle - centre).abs() <= within);
        let (sum, total) =
            close.fold((0.0, 0.0), |(sum, total), blob| (sum + weight(blob) * blob.angle, total + weight(blob)));
        (total > 0.0).then(|| (sum / total, total))
    };
    // The part that most others agree with stands for them.
    let best = blobs.iter().filter(upright).filter_map(|blob| near(blob.angle, 25.0));
    best.max_by(|a, b| a.1.total_cmp(&b.1)).map_or_else(|| across(blobs), |(angle, _)| angle)
}

/// The direction square to the line through the parts' middles.
fn across(blobs: &[Blob]) -> f32 {
    let (Some(first), Some(last)) = (
        blobs.iter().min_by(|a, b| a.middle.0.total_cmp(&b.middle.0)),
        blobs.iter().max_by(|a, b| a.middle.0.total_cmp(&b.middle.0)),
    ) else {
        return 0.0;
    };
    let (dx, dy) = (last.middle.0 - first.middle.0, last.middle.1 - first.middle.1);
    if dx > 0.0 { dy.atan2(dx).to_degrees().clamp(-45.0, 45.0) } else { 0.0 }
}

/// One part for each fingertip: pieces of one tip are put together, and what lies below another part of the same finger
/// is dropped.
fn tips(ground: &Ground, blobs: Vec<Blob>, hand: f32, mm: f32) -> Vec<Blob> {
    let (right, up) = axes(hand);
    let mut tips: Vec<Blob> = Vec::new();
    let mut from_the_top = blobs;
    from_the_top.sort_by(|a, b| b.span(ground, up).1.total_cmp(&a.span(ground, up).1));
    'blobs: for blob in from_the_top {
        let (across, along) = (blob.span(ground, right), blob.span(ground, up));
        for tip in &mut tips {
            let (above_across, above_along) = (tip.span(ground, right), tip.span(ground, up));
            let shared = across.1.min(above_across.1) - across.0.max(above_across.0);
            let narrow = (across.1 - across.0).min(above_across.1 - above_across.0);
            if shared < 0.6 * narrow {
                continue;
            }
            let length = above_along.1.max(along.1) - above_along.0.min(along.0);
            let width = above_across.1.max(across.1) - above_across.0.min(across.0);
            if length * mm <= TIP_LENGTH && length <= TIP * width {
                let cells = tip.cells.iter().chain(&blob.cells).copied().collect();
                *tip = Blob::with(ground, cells);
            }
            continue 'blobs;
        }
        tips.push(blob);
    }
    tips
}

/// The box of one fingertip.
fn bounded(ground: &Ground, tip: &Blob, hand: f32, mm: f32) -> FingerBox {
    let astray = (((tip.angle - hand).abs() - FANNED.0) / (FANNED.1 - FANNED.0)).clamp(0.0, 1.0);
    let angle = hand + tip.decided() * (1.0 - astray) * (tip.angle - hand);
    let (right, up) = axes(angle);
    let whole = |_: (f32, f32)| true;
    let (left_end, right_end) = ends(ground, &tip.cells, right, ENDS_ACROSS, whole);
    let (mut low, high) = ends(ground, &tip.cells, up, ENDS_ALONG, whole);
    let mut across = (left_end, right_end);
    if high - low > TIP * (right_end - left_end) {
        // Below the joint a finger may be wider: the tip's own width decides.
        let above = high - 1.2 * (right_end - left_end);
        across = ends(ground, &tip.cells, right, ENDS_ACROSS, |place| dot(place, up) >= above);
        low = low.max(high - TIP * (across.1 - across.0));
    }
    let (u, v) = ((across.0 + across.1) / 2.0, (low + high) / 2.0);
    let size = (across.1 - across.0, high - low - 2.0 * LENGTHENED);
    let side = ground.side as f32;
    let middle = (u * right.0 + v * up.0, u * right.1 + v * up.1);
    FingerBox {
        centre: ((middle.0 + 0.5) * side, (middle.1 + 0.5) * side),
        size: (size.0.max(0.0) * side, size.1.max(0.0) * side),
        angle,
        cut_off: is_cut_off(ground, tip, low, up, mm),
    }
}

/// Whether a part of the tip, above `low` along `up`, lies beyond the edge of the platen.
fn is_cut_off(ground: &Ground, tip: &Blob, low: f32, up: (f32, f32), mm: f32) -> bool {
    let on_edge = |cell: &&usize| {
        let (column, row) = (**cell % ground.columns, **cell / ground.columns);
        column == 0 || row == 0 || column + 1 == ground.columns || row + 1 == ground.rows
    };
    let inside = |cell: &&usize| dot(place(ground, **cell), up) > low + 1.0;
    tip.cells.iter().filter(on_edge).filter(inside).count() as f32 * mm > CUT
}

/// Where cells begin and end along an axis: the places beside the bulk where their profile falls below a share of what it
/// mostly is.
fn ends(
    ground: &Ground,
    cells: &[usize],
    axis: (f32, f32),
    share: f32,
    counts: impl Fn((f32, f32)) -> bool,
) -> (f32, f32) {
    let places: Vec<f32> =
        cells.iter().map(|cell| place(ground, *cell)).filter(|at| counts(*at)).map(|at| dot(at, axis)).collect();
    let (low, high) = places.iter().fold((f32::MAX, f32::MIN), |(low, high), at| (low.min(*at), high.max(*at)));
    if places.is_empty() {
        return (0.0, 0.0);
    }
    // A cell spreads over the two bins beside its middle, so that a turned grid gives an even profile.
    let mut bins = vec![0.0f32; (high - low) as usize + 4];
    for at in places {
        let at = at - low + 1.0;
        let beyond = at.fract();
        bins[at as usize] += 1.0 - beyond;
        bins[at as usize + 1] += beyond;
    }
    let mut sorted = bins.clone();
    sorted.sort_by(f32::total_cmp);
    let least = share * sorted[sorted.len() * 3 / 4];
    let peak = (0..bins.len()).max_by(|a, b| bins[*a].total_cmp(&bins[*b])).unwrap_or(0);
    let crossing = |inner: usize, outer: usize| {
        let (inside, outside) = (bins[inner], bins[outer]);
        (inside - least) / (inside - outside).max(f32::EPSILON)
    };
    // From the bulk outwards over gaps of one bin, which a crease makes.
    let first = (1..=peak).rev().find(|at| bins[*at] < least && bins[at - 1] < least);
    let last = (peak..bins.len() - 1).find(|at| bins[*at] < least && bins[at + 1] < least);
    let begins = first.map_or(0.0, |at| (at + 1) as f32 - crossing(at + 1, at).clamp(0.0, 1.0));
    let stops = last.map_or((bins.len() - 1) as f32, |at| (at - 1) as f32 + crossing(at - 1, at).clamp(0.0, 1.0));
    // Half a cell on each side belongs to its cells.
    (begins - 1.0 + low - 0.5, stops - 1.0 + low + 0.5)
}

fn place(ground: &Ground, cell: usize) -> (f32, f32) {
    ((cell % ground.columns) as f32, (cell / ground.columns) as f32)
}

/// Right and up of what points this way, in the picture.
fn axes(angle: f32) -> ((f32, f32), (f32, f32)) {
    let (sine, cosine) = angle.to_radians().sin_cos();
    ((cosine, sine), (sine, -cosine))
}

fn dot(a: (f32, f32), b: (f32, f32)) -> f32 {
    a.0 * b.0 + a.1 * b.1
}
