//! Ends and forks of the skeleton by crossing numbers, and which way they point.

use super::bits::{Bits, counts, rises};
use super::field::Field;
use super::{Kind, Minutia, angle};
use zeroize::Zeroize;

/// How far a ridge is followed to tell its direction, in pixels: a ridge and its valley.
pub(super) const REACH: usize = 12;

/// How far beyond the end of its thinned line a ridge's minutia lies, in pixels. ISO/IEC 19794-2 puts it where the
/// thinned valley forks around the end; thinning, and smoothing along the ridge before it, take as much off the line.
/// The middle of what is found so on simulated prints, and that by which an end and a fork of the same place agree.
const BEYOND: f32 = 4.7;

/// Candidates of one print that are looked at. Noise has more; what it has is not worth a look.
pub(super) const MAX_CANDIDATES: usize = 4096;

/// Neighbours clockwise from the one above, as [`Bits::neighbours`] has them.
const AROUND: [(i32, i32); 8] = [(0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1)];

/// An end or a fork of the skeleton.
#[derive(Clone, Copy)]
pub(super) struct Candidate {
    pub x: i32,
    pub y: i32,
    pub kind: Kind,
    /// Unit vector of the direction, rows downwards.
    pub towards: (f32, f32),
    pub kept: bool,
    /// 0 to 100.
    pub quality: u8,
}

impl Zeroize for Candidate {
    fn zeroize(&mut self) {
        self.x.zeroize();
        self.y.zeroize();
        self.towards.0.zeroize();
        self.towards.1.zeroize();
        self.quality.zeroize();
    }
}

impl Candidate {
    /// The candidate as others see it.
    pub fn minutia(&self, width: usize, height: usize) -> Minutia {
        let back = if self.kind == Kind::Ending { BEYOND } else { 0.0 };
        let within = |at: f32, side: usize| at.clamp(0.0, (side - 1) as f32);
        let x = within(self.x as f32 - back * self.towards.0, width);
        let y = within(self.y as f32 - back * self.towards.1, height);
        let angle = angle::of(-self.towards.1, self.towards.0);
        Minutia { x, y, angle, kind: self.kind, quality: self.quality }
    }

    /// Square of the distance in pixels.
    pub fn distance2(&self, other: &Self) -> i32 {
        (self.x - other.x).pow(2) + (self.y - other.y).pow(2)
    }
}

/// Where a walk along a ridge went.
#[derive(Clone, Copy)]
pub(super) struct Walk {
    pub x: i32,
    pub y: i32,
    /// Pixels walked.
    pub steps: usize,
    /// The ridge ended or forked there; otherwise the walk had gone as far as it should.
    pub stopped: bool,
}

/// Every end and fork inside the print. A fork whose branches come apart over two pixels is found once.
pub(super) fn candidates(ridges: &Bits, field: &Field, found: &mut Vec<Candidate>) {
    found.clear();
    // As many as there may be, so that no print needs more memory than another one.
    found.reserve(MAX_CANDIDATES + 1);
    for y in 0..ridges.height {
        for at in 0..ridges.words_a_row() {
            let here = ridges.row(y)[at];
            if here == 0 {
                continue;
            }
            let around = ridges.neighbours(at, y);
            let ([once, twice, thrice], [one, _, _]) = (rises(&around), counts(&around));
            let ends = here & once & !twice & one;
            let mut both = ends | here & thrice;
            while both != 0 && found.len() < MAX_CANDIDATES {
                let bit = both.trailing_zeros();
                both &= both - 1;
                let (x, y) = ((at * 64) as i32 + bit as i32, y as i32);
                if !field.is_deep(x as f32, y as f32, 1) {
                    continue;
                }
                let kind = if ends >> bit & 1 == 1 { Kind::Ending } else { Kind::Bifurcation };
                let twin =
                    |other: &Candidate| other.kind == kind && (other.x - x).abs() <= 2 && (other.y - y).abs() <= 2;
                if kind == Kind::Bifurcation && found.iter().rev().take(64).any(twin) {
                    continue;
                }
                found.push(Candidate { x, y, kind, towards: (0.0, 0.0), kept: true, quality: 0 });
            }
        }
    }
    for candidate in found {
        point(ridges, candidate);
    }
}

/// The set neighbours of a pixel that begin a branch: of neighbours side by side only the straight one.
pub(super) fn branches(ridges: &Bits, x: i32, y: i32) -> ([(i32, i32); 4], usize) {
    let set: [bool; 8] = std::array::from_fn(|i| ridges.get(x + AROUND[i].0, y + AROUND[i].1));
    let (mut begun, mut count) = ([(0, 0); 4], 0);
    for i in 0..8 {
        let (before, after) = (set[(i + 7) % 8], set[(i + 1) % 8]);
        let leads = set[i] && (i % 2 == 0 || !before && !after);
        if leads && count < 4 {
            begun[count] = (x + AROUND[i].0, y + AROUND[i].1);
            count += 1;
        }
    }
    (begun, count)
}

/// Follows the ridge from `first`, a neighbour of `from`, for at most `most` pixels.
pub(super) fn walk(ridges: &Bits, from: (i32, i32), first: (i32, i32), most: usize) -> Walk {
    let (mut before, mut here, mut steps) = (from, first, 1);
    while steps < most {
        let (next, count) = branches(ridges, here.0, here.1);
        // Where it came from is no way on, and neither is a pixel side by side with that.
        let is_back = |at: &&(i32, i32)| (at.0 - before.0).abs() + (at.1 - before.1).abs() <= 1;
        let mut ways = next[..count].iter().filter(|at| !is_back(at));
        match (ways.next(), ways.next()) {
            (Some(way), None) => (before, here) = (here, *way),
            _ => return Walk { x: here.0, y: here.1, steps, stopped: true },
        }
        steps += 1;
    }
    Walk { x: here.0, y: here.1, steps, stopped: false }
}

/// An end points along its ridge. A fork points between the two branches that lie closest together.
fn point(ridges: &Bits, candidate: &mut Candidate) {
    let at = (candidate.x, candidate.y);
    let (begun, count) = branches(ridges, at.0, at.1);
    let mut ways = [(0.0, 0.0); 4];
    for (way, first) in ways.iter_mut().zip(&begun[..count]) {
        let end = walk(ridges, at, *first, REACH);
        *way = unit((end.x - at.0) as f32, (end.y - at.1) as f32);
    }
    let ways = &ways[..count];
    candidate.towards = match (candidate.kind, ways) {
        (Kind::Ending, [way, ..]) => *way,
        (Kind::Bifurcation, ways) if ways.len() >= 3 => {
            let pairs = (0..ways.len()).flat_map(|a| (a + 1..ways.len()).map(move |b| (a, b)));
            let closeness = |(a, b): &(usize, usize)| ways[*a].0 * ways[*b].0 + ways[*a].1 * ways[*b].1;
            let closest = pairs.max_by(|one, other| closeness(one).total_cmp(&closeness(other)));
            closest.map_or((0.0, 0.0), |(a, b)| unit(ways[a].0 + ways[b].0, ways[a].1 + ways[b].1))
        }
        _ => (0.0, 0.0),
    };
    if candidate.towards == (0.0, 0.0) {
        candidate.kept = false;
    }
}

fn unit(x: f32, y: f32) -> (f32, f32) {
    let length = (x * x + y * y).sqrt();
    if length > 0.0 { (x / length, y / length) } else { (0.0, 0.0) }
}
