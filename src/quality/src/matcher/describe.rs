//! How each minutia sees its neighbours.

use super::MOST;
use crate::minutiae::Minutia;
use crate::minutiae::angle::{apart, of, sin_cos, wrapped};
use core::f32::consts::TAU;
use zeroize::Zeroize;

/// Neighbours farther away are not looked at, in pixels: eight ridges at 500 ppi.
const RADIUS: f32 = 80.0;

/// Neighbours of one minutia that are looked at, the nearest.
pub(super) const NEIGHBOURS: usize = 16;

/// Cells across the square around a minutia, of [`CELL`] pixels each, and steps of the neighbours' direction.
const ACROSS: usize = 16;
const CELL: f32 = 10.0;
const TURNS: usize = 16;

/// Words of a picture of one bit a cell and step.
const WORDS: usize = ACROSS * ACROSS * TURNS / 64;

/// How far a neighbour may have moved to be the same still: pixels, and as a share of its distance; radians.
const MOVED: f32 = 7.0;
const MOVED_SHARE: f32 = 0.10;
const TURNED: f32 = 0.45;

/// No picture is larger, in pixels.
const FARTHEST: f32 = 65_536.0;

/// The largest angle there is.
const BELOW_TURN: f32 = TAU.next_down();

/// Pairs of minutiae with which the growth is begun.
const SEEDS: usize = 24;

/// Neighbours that a seed has in common at least.
const IN_COMMON: u32 = 3;

/// A neighbour as one minutia sees it: with that minutia's direction to the right.
#[derive(Clone, Copy, Default)]
struct Seen {
    right: f32,
    up: f32,
    turned: f32,
}

/// One minutia, ready to be compared.
#[derive(Clone, Copy)]
pub(super) struct Point {
    pub x: f32,
    /// Pixels upwards, as angles turn.
    pub y: f32,
    pub angle: f32,
    /// Its nearest neighbours, nearest first.
    pub near: [u8; NEIGHBOURS],
    pub near_count: usize,
}

/// The minutiae of one print, with what they see.
#[derive(Default)]
pub(super) struct Described {
    pub points: Vec<Point>,
    /// Cell and step of every neighbour of every point.
    exact: Vec<[u16; NEIGHBOURS]>,
    /// The cells and steps that would do for one of the neighbours, a bit each.
    spread: Vec<[u64; WORDS]>,
    best: Vec<Minutia>,
}

impl Zeroize for Point {
    fn zeroize(&mut self) {
        for part in [&mut self.x, &mut self.y, &mut self.angle] {
            part.zeroize();
        }
        self.near.zeroize();
    }
}

/// Nobody's minutiae are left in memory.
impl Drop for Described {
    fn drop(&mut self) {
        self.points.zeroize();
        self.best.zeroize();
        self.exact.as_flattened_mut().zeroize();
        self.spread.as_flattened_mut().zeroize();
    }
}

impl Described {
    /// Takes the best [`MOST`] minutiae of a print.
    pub fn describe(&mut self, minutiae: &[Minutia]) {
        self.best.clear();
        // All at once: memory that grows leaves copies behind.
        self.best.reserve(minutiae.len());
        // Numbers that are none would be near to nothing and far from nothing.
        let is_place = |m: &&Minutia| m.x.abs() < FARTHEST && m.y.abs() < FARTHEST && m.angle.abs() < 64.0;
        self.best.extend(minutiae.iter().filter(is_place));
        self.best.sort_unstable_by(|a, b| {
            b.quality
                .cmp(&a.quality)
                .then(a.y.total_cmp(&b.y))
                .then(a.x.total_cmp(&b.x))
                .then(a.angle.total_cmp(&b.angle))
        });
        self.best.truncate(MOST);
        self.points.clear();
        self.points.extend(self.best.iter().map(|minutia| Point {
            x: minutia.x,
            y: -minutia.y,
            angle: minutia.angle.rem_euclid(TAU).min(BELOW_TURN),
            near: [0; NEIGHBOURS],
            near_count: 0,
        }));
        self.exact.clear();
        self.spread.clear();
        for at in 0..self.points.len() {
            self.look_around(at);
        }
    }

    fn look_around(&mut self, at: usize) {
        let here = self.points[at];
        let mut nearest = [(f32::INFINITY, 0u8); NEIGHBOURS];
        for (other, there) in self.points.iter().enumerate() {
            let (dx, dy) = (there.x - here.x, there.y - here.y);
            let far = dx * dx + dy * dy;
            if other == at || far > RADIUS * RADIUS || far >= nearest[NEIGHBOURS - 1].0 {
                continue;
            }
            let place = nearest.iter().position(|(known, _)| far < *known).unwrap_or(NEIGHBOURS - 1);
            nearest.copy_within(place..NEIGHBOURS - 1, place + 1);
            nearest[place] = (far, other as u8);
        }
        let count = nearest.iter().filter(|(far, _)| far.is_finite()).count();
        let (sin, cos) = sin_cos(here.angle);
        let (mut exact, mut spread) = ([0; NEIGHBOURS], [0; WORDS]);
        for ((_, other), exact) in nearest[..count].iter().zip(&mut exact) {
            let there = &self.points[usize::from(*other)];
            let (dx, dy) = (there.x - here.x, there.y - here.y);
            let seen =
                Seen { right: dx * cos + dy * sin, up: dy * cos - dx * sin, turned: wrapped(there.angle - here.angle) };
            *exact = seen.cell();
            seen.spread(&mut spread);
        }
        let point = &mut self.points[at];
        point.near_count = count;
        point.near = nearest.map(|(_, other)| other);
        self.exact.push(exact);
        self.spread.push(spread);
    }

    /// Neighbours of `at` that `other` of another print sees too.
    fn in_common(&self, at: usize, other: &Self, there: usize) -> u32 {
        let spread = &other.spread[there];
        let seen = |cell: &&u16| spread[usize::from(**cell) / 64] >> (**cell % 64) & 1 == 1;
        self.exact[at][..self.points[at].near_count].iter().filter(seen).count() as u32
    }
}

impl Seen {
    fn cell(self) -> u16 {
        let place = |t: f32| ((t / CELL + (ACROSS / 2) as f32) as usize).min(ACROSS - 1);
        let step = (self.turned / TAU * TURNS as f32) as usize % TURNS;
        ((place(self.up) * ACROSS + place(self.right)) * TURNS + step) as u16
    }

    /// Sets the bits of the cells whose middle is near enough, and of the steps whose middle is.
    fn spread(self, bits: &mut [u64; WORDS]) {
        let far = (self.right * self.right + self.up * self.up).sqrt();
        let reach = MOVED + MOVED_SHARE * far + CELL / 2.0;
        let middle = |at: usize| (at as f32 + 0.5 - (ACROSS / 2) as f32) * CELL;
        let mut steps = 0u64;
        for step in 0..TURNS {
            let turned = (step as f32 + 0.5) * TAU / TURNS as f32;
            steps |= u64::from(apart(turned, self.turned) < TURNED) << step;
        }
        for row in 0..ACROSS {
            for column in 0..ACROSS {
                let (dx, dy) = (middle(column) - self.right, middle(row) - self.up);
                if dx * dx + dy * dy < reach * reach {
                    let at = (row * ACROSS + column) * TURNS;
                    bits[at / 64] |= steps << (at % 64);
                }
            }
        }
    }
}

/// A pair of minutiae of two prints that look alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Seed {
    pub one: u8,
    pub other: u8,
    /// Share of the neighbours in common, 0 to 1.
    pub alike: f32,
}

/// Which minutiae of two prints look alike.
#[derive(Default)]
pub(super) struct Likeness {
    seeds: Vec<Seed>,
}

impl Likeness {
    /// The pairs that look most alike, best first.
    pub fn seeds(&self) -> &[Seed] {
        &self.seeds
    }

    /// Compares every minutia with every other.
    pub fn compare(&mut self, one: &Described, other: &Described) {
        self.seeds.clear();
        for (i, a) in one.points.iter().enumerate() {
            for (j, b) in other.points.iter().enumerate() {
                let (there, back) = (one.in_common(i, other, j), other.in_common(j, one, i));
                if there.min(back) < IN_COMMON {
                    continue;
                }
                // A few neighbours all in common say less than many.
                let alike = (there + back) as f32 / (a.near_count + b.near_count + 4) as f32;
                self.seeds.push(Seed { one: i as u8, other: j as u8, alike });
            }
        }
        let order = |a: &Seed, b: &Seed| b.alike.total_cmp(&a.alike).then((a.one, a.other).cmp(&(b.one, b.other)));
        if self.seeds.len() > SEEDS {
            self.seeds.select_nth_unstable_by(SEEDS, order);
            self.seeds.truncate(SEEDS);
        }
        self.seeds.sort_unstable_by(order);
    }
}

/// The direction of a step, for those who turn by it.
pub(super) fn turn_between(one: &Point, other: &Point) -> f32 {
    wrapped(other.angle - one.angle)
}

/// The mean of two directions given as sums of unit vectors.
pub(super) fn direction(sum: (f32, f32)) -> f32 {
    of(sum.1, sum.0)
}
