//! From a pair of minutiae that look alike to all that agree with it.

use super::describe::{Described, Point, Seed, direction, turn_between};
use crate::minutiae::angle::{apart, sin_cos, wrapped};

/// How far from where its like should be a minutia may be: pixels; radians.
const NEAR: f32 = 11.0;
const TURNED: f32 = 0.35;

/// No pair.
const NONE: u8 = u8::MAX;

/// Distance within which a print has been seen around a minutia of it, in pixels: an unmatched minutia that would lie
/// that near to a minutia of the other print should have found its like there.
const SEEN: f32 = 36.0;

/// Pairs that tell enough about the whole to look beyond their neighbours.
const ENOUGH: usize = 6;

/// Grows agreements.
#[derive(Default)]
pub(super) struct Grower {
    /// Of each minutia of the first print, its like in the other.
    pair: Vec<u8>,
    taken: Vec<bool>,
    queue: Vec<(u8, u8)>,
}

impl Grower {
    /// The score of the best agreement that grows from one of the seeds.
    pub fn best(&mut self, one: &Described, other: &Described, seeds: &[Seed]) -> f32 {
        let mut best = 0.0f32;
        for seed in seeds {
            self.grow(&one.points, &other.points, *seed);
            best = best.max(self.score(&one.points, &other.points));
        }
        best
    }

    fn grow(&mut self, one: &[Point], other: &[Point], seed: Seed) {
        self.pair.clear();
        self.pair.resize(one.len(), NONE);
        self.taken.clear();
        self.taken.resize(other.len(), false);
        self.queue.clear();
        self.take(seed.one, seed.other);
        // The turn of the whole: the sum of the turns of its pairs as unit vectors.
        let (sin, cos) = sin_cos(turn_between(&one[usize::from(seed.one)], &other[usize::from(seed.other)]));
        let mut sum = (cos, sin);
        let mut at = 0;
        loop {
            while let Some((i, j)) = self.queue.get(at).copied() {
                self.ask_neighbours(one, other, (i, j), &mut sum);
                at += 1;
            }
            // Where no minutiae are near enough to lead on, the whole tells where to go on.
            if self.queue.len() < ENOUGH || !self.jump(one, other, &mut sum) {
                return;
            }
        }
    }

    /// Looks for the likes of the neighbours of a pair.
    fn ask_neighbours(&mut self, one: &[Point], other: &[Point], (i, j): (u8, u8), sum: &mut (f32, f32)) {
        let (from, to) = (&one[usize::from(i)], &other[usize::from(j)]);
        let turn = direction(*sum);
        for near in &from.near[..from.near_count] {
            if self.pair[usize::from(*near)] != NONE {
                continue;
            }
            let there = &one[usize::from(*near)];
            let wanted = self.expected(one, other, there, sin_cos(turn));
            let likely = to.near[..to.near_count].iter().copied();
            if let Some(found) = self.nearest(other, likely, wanted, wrapped(there.angle + turn)) {
                add_turn(sum, there, &other[usize::from(found)]);
                self.take(*near, found);
            }
        }
    }

    /// Looks for the like of one more minutia that is farther from all pairs.
    fn jump(&mut self, one: &[Point], other: &[Point], sum: &mut (f32, f32)) -> bool {
        let turn = direction(*sum);
        let (sin, cos) = sin_cos(turn);
        for (i, there) in one.iter().enumerate() {
            if self.pair[i] != NONE {
                continue;
            }
            let square = |a: &Point| (a.x - there.x) * (a.x - there.x) + (a.y - there.y) * (a.y - there.y);
            let far = |pair: &&(u8, u8)| square(&one[usize::from(pair.0)]);
            let Some((from, to)) = self.queue.iter().min_by(|a, b| far(a).total_cmp(&far(b))) else { continue };
            let (from, to) = (&one[usize::from(*from)], &other[usize::from(*to)]);
            let (dx, dy) = (there.x - from.x, there.y - from.y);
            let wanted = (to.x + dx * cos - dy * sin, to.y + dx * sin + dy * cos);
            let all = 0..other.len() as u8;
            if let Some(found) = self.nearest(other, all, wanted, wrapped(there.angle + turn)) {
                add_turn(sum, there, &other[usize::from(found)]);
                self.take(i as u8, found);
                return true;
            }
        }
        false
    }

    /// Where the like of a minutia should be: as its neighbours that have found theirs say on average.
    fn expected(&self, one: &[Point], other: &[Point], there: &Point, (sin, cos): (f32, f32)) -> (f32, f32) {
        let (mut x, mut y, mut count) = (0.0, 0.0, 0.0);
        for near in &there.near[..there.near_count] {
            let Some(to) = other.get(usize::from(self.pair[usize::from(*near)])) else { continue };
            let from = &one[usize::from(*near)];
            let (dx, dy) = (there.x - from.x, there.y - from.y);
            x += to.x + dx * cos - dy * sin;
            y += to.y + dx * sin + dy * cos;
            count += 1.0;
        }
        if count > 0.0 { (x / count, y / count) } else { (f32::INFINITY, f32::INFINITY) }
    }

    fn take(&mut self, i: u8, j: u8) {
        self.pair[usize::from(i)] = j;
        self.taken[usize::from(j)] = true;
        self.queue.push((i, j));
    }

    /// Of some minutiae the one nearest to a place that runs the right way and is not taken.
    fn nearest(
        &self,
        points: &[Point],
        likely: impl Iterator<Item = u8>,
        wanted: (f32, f32),
        angle: f32,
    ) -> Option<u8> {
        let mut best = (NEAR * NEAR, None);
        for at in likely {
            let point = &points[usize::from(at)];
            let (dx, dy) = (point.x - wanted.0, point.y - wanted.1);
            let far = dx * dx + dy * dy;
            if far < best.0 && !self.taken[usize::from(at)] && apart(point.angle, angle) < TURNED {
                best = (far, Some(at));
            }
        }
        best.1
    }

    /// Pairs, against those that the part seen in both prints should have given.
    fn score(&self, one: &[Point], other: &[Point]) -> f32 {
        let pairs = self.queue.len() as f32;
        if pairs < 4.0 {
            return 0.0;
        }
        let (mut sum, mut turns) = ((0.0, 0.0, 0.0, 0.0), (0.0, 0.0));
        for (i, j) in &self.queue {
            let (a, b) = (&one[usize::from(*i)], &other[usize::from(*j)]);
            add_turn(&mut turns, a, b);
            sum = (sum.0 + a.x, sum.1 + a.y, sum.2 + b.x, sum.3 + b.y);
        }
        let (sin, cos) = sin_cos(direction(turns));
        let (ax, ay, bx, by) = (sum.0 / pairs, sum.1 / pairs, sum.2 / pairs, sum.3 / pairs);
        let there = |p: &Point| (bx + (p.x - ax) * cos - (p.y - ay) * sin, by + (p.x - ax) * sin + (p.y - ay) * cos);
        let back = |p: &Point| (ax + (p.x - bx) * cos + (p.y - by) * sin, ay - (p.x - bx) * sin + (p.y - by) * cos);
        let seen = |at: (f32, f32), points: &[Point]| {
            points.iter().any(|p| (p.x - at.0) * (p.x - at.0) + (p.y - at.1) * (p.y - at.1) < SEEN * SEEN)
        };
        let expected_one = one.iter().filter(|p| seen(there(p), other)).count() as f32;
        let expected_other = other.iter().filter(|p| seen(back(p), one)).count() as f32;
        let expected = (expected_one * expected_other).sqrt().max(pairs);
        pairs * pairs / expected
    }
}

/// Adds the turn from one minutia to its like, as a unit vector.
fn add_turn(sum: &mut (f32, f32), from: &Point, to: &Point) {
    let (sin, cos) = sin_cos(turn_between(from, to));
    *sum = (sum.0 + cos, sum.1 + sin);
}
