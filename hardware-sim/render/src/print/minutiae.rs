//! Where the ridges of a clean pattern end and fork: thinned to lines and followed.

use std::f32::consts::PI;

use super::super::maths::atan2;
use super::fields::Field;

/// What a ridge does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It ends.
    Ending,
    /// It forks.
    Bifurcation,
}

impl Kind {
    /// Its name in files.
    pub fn id(self) -> &'static str {
        match self {
            Self::Ending => "ending",
            Self::Bifurcation => "bifurcation",
        }
    }
}

/// A place where a ridge ends or forks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Minutia {
    /// Pixels to the right.
    pub x: f32,
    /// Pixels downwards.
    pub y: f32,
    /// Degrees counterclockwise from the right, 0..360 (ISO/IEC 19794-2): from an ending back along its ridge, from a
    /// fork into the valley between its branches.
    pub angle: f32,
    /// What the ridge does.
    pub kind: Kind,
}

/// Above this a master's value is ridge: where the ink of an everyday touch begins.
const RIDGE: f32 = -0.2;
/// Nearer than this to the border of the pattern nothing is looked for.
const BORDER: usize = 7;
/// Lines are followed this far for their direction, pixels.
const FOLLOWED: usize = 12;
/// Shorter branches, bridges and islands come from thinning or are too small for a matcher, pixels.
const SHORT: usize = 9;
/// Two ends that face each other within this distance are one ridge with a gap, pixels.
const GAP: f32 = 9.0;

/// Thinning takes about half a ridge's width off its end, pixels.
const TIP: f32 = 2.5;

/// The eight neighbours in a circle.
const AROUND: [(i32, i32); 8] = [(0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1)];

/// Degrees counterclockwise, 0..360, of a direction in pixels (downwards positive).
pub(super) fn heading(dx: f32, dy: f32) -> f32 {
    let degrees = atan2(-dy, dx) * 180.0 / PI;
    let positive = if degrees < 0.0 { degrees + 360.0 } else { degrees };
    if positive < 360.0 { positive } else { 0.0 }
}

/// The minutiae of a pattern, pixels of the field.
pub(super) fn find(ridges: &Field) -> Vec<Minutia> {
    let mut lines = Lines {
        width: ridges.width,
        height: ridges.height,
        on: ridges.values.iter().map(|value| *value > RIDGE).collect(),
    };
    lines.clear_border();
    lines.thin();
    let mut found = Vec::new();
    for y in BORDER..lines.height.saturating_sub(BORDER) {
        for x in BORDER..lines.width.saturating_sub(BORDER) {
            found.extend(lines.minutia(x, y));
        }
    }
    without_gaps(&found)
}

/// Lines of one pixel.
struct Lines {
    width: usize,
    height: usize,
    on: Vec<bool>,
}

impl Lines {
    /// The outermost pixels are no ridge, so that every pixel that is has all its neighbours.
    fn clear_border(&mut self) {
        let (width, height) = (self.width, self.height);
        for (i, on) in self.on.iter_mut().enumerate() {
            let (x, y) = (i % width, i / width);
            *on = *on && x > 0 && y > 0 && x + 1 < width && y + 1 < height;
        }
    }

    fn around(&self, at: usize) -> [bool; 8] {
        AROUND.map(|(dx, dy)| self.on[(at as i32 + dy * self.width as i32 + dx) as usize])
    }

    /// Zhang and Suen, 1984.
    fn thin(&mut self) {
        loop {
            let mut changed = false;
            for second in [false, true] {
                let gone: Vec<usize> =
                    (0..self.on.len()).filter(|at| self.on[*at] && self.spare(*at, second)).collect();
                changed |= !gone.is_empty();
                gone.into_iter().for_each(|at| self.on[at] = false);
            }
            if !changed {
                break;
            }
        }
        // What is left two pixels wide at corners would look like a fork.
        for at in 0..self.on.len() {
            if self.on[at] && self.corner(at) {
                self.on[at] = false;
            }
        }
    }

    fn spare(&self, at: usize, second: bool) -> bool {
        let n = self.around(at);
        let count = n.iter().filter(|on| **on).count();
        let sides = if second { !(n[0] && n[6] && (n[2] || n[4])) } else { !(n[2] && n[4] && (n[0] || n[6])) };
        (2..=6).contains(&count) && rises(&n) == 1 && sides
    }

    /// A pixel whose two straight neighbours touch each other, and which nothing else needs.
    fn corner(&self, at: usize) -> bool {
        let n = self.around(at);
        [(0, 2, 5), (2, 4, 7), (4, 6, 1), (6, 0, 3)].into_iter().any(|(a, b, far)| n[a] && n[b] && !n[far])
            && rises(&n) == 1
    }

    fn minutia(&self, x: usize, y: usize) -> Option<Minutia> {
        let at = y * self.width + x;
        if !self.on[at] {
            return None;
        }
        let kind = match rises(&self.around(at)) {
            1 => Kind::Ending,
            3 => Kind::Bifurcation,
            _ => return None,
        };
        let branches = self.branches(at);
        let long: Vec<(f32, f32)> = branches.iter().filter(|branch| branch.1).map(|branch| branch.0).collect();
        let (dx, dy) = match (kind, long.as_slice()) {
            (Kind::Ending, [only]) => *only,
            (Kind::Bifurcation, [a, b, c]) => fork([*a, *b, *c]),
            _ => return None,
        };
        let back = if kind == Kind::Ending { TIP } else { 0.0 };
        Some(Minutia { x: x as f32 - back * dx, y: y as f32 - back * dy, angle: heading(dx, dy), kind })
    }

    /// Where the lines from a place lead, as unit vectors, and whether each is long enough to be one: a line that soon
    /// ends or meets another is not.
    fn branches(&self, at: usize) -> Vec<((f32, f32), bool)> {
        let n = self.around(at);
        let starts = (0..8).filter(|i| n[*i] && !n[(i + 7) % 8]).map(|i| {
            // Of two neighbours side by side the straight one comes first.
            let straight = if i % 2 == 1 && n[(i + 1) % 8] { (i + 1) % 8 } else { i };
            (at as i32 + AROUND[straight].1 * self.width as i32 + AROUND[straight].0) as usize
        });
        let all: Vec<usize> = (0..8)
            .filter(|i| n[*i])
            .map(|i| (at as i32 + AROUND[i].1 * self.width as i32 + AROUND[i].0) as usize)
            .collect();
        starts.map(|start| self.follow(at, start, &all)).collect()
    }

    fn follow(&self, from: usize, start: usize, near: &[usize]) -> ((f32, f32), bool) {
        let mut path = vec![start];
        let mut now = start;
        while path.len() < FOLLOWED {
            let n = self.around(now);
            if path.len() > 2 && rises(&n) != 2 {
                break;
            }
            let step = |i: &usize| (now as i32 + AROUND[*i].1 * self.width as i32 + AROUND[*i].0) as usize;
            let fresh =
                |next: &usize| *next != from && !path.contains(next) && !(path.len() < 3 && near.contains(next));
            // Straight neighbours before those over a corner.
            let order = [0, 2, 4, 6, 1, 3, 5, 7];
            let Some(next) = order.iter().filter(|i| n[**i]).map(step).find(fresh) else { break };
            path.push(next);
            now = next;
        }
        let place = |at: usize| ((at % self.width) as f32, (at / self.width) as f32);
        let ((fx, fy), (tx, ty)) = (place(from), place(now));
        let length = ((tx - fx) * (tx - fx) + (ty - fy) * (ty - fy)).sqrt().max(1e-3);
        (((tx - fx) / length, (ty - fy) / length), path.len() >= SHORT)
    }
}

/// How often the circle of neighbours changes from off to on.
fn rises(n: &[bool; 8]) -> usize {
    (0..8).filter(|i| !n[*i] && n[(i + 1) % 8]).count()
}

/// The middle of the two branches that lie closest together.
fn fork(branches: [(f32, f32); 3]) -> (f32, f32) {
    let [a, b, c] = branches;
    let near = |p: (f32, f32), q: (f32, f32)| p.0 * q.0 + p.1 * q.1;
    let pairs = [(a, b), (b, c), (c, a)];
    let best = pairs.into_iter().max_by(|p, q| near(p.0, p.1).total_cmp(&near(q.0, q.1))).unwrap_or((a, b));
    (best.0.0 + best.1.0, best.0.1 + best.1.1)
}

/// Two ends that face each other over a small gap are neither.
fn without_gaps(found: &[Minutia]) -> Vec<Minutia> {
    let faces = |a: &Minutia, b: &Minutia| {
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        let apart = (dx * dx + dy * dy).sqrt();
        let turned = (a.angle - b.angle).abs();
        let opposite = (turned.min(360.0 - turned) - 180.0).abs() < 50.0;
        let away = (heading(dx, dy) - a.angle).abs();
        a.kind == Kind::Ending
            && b.kind == Kind::Ending
            && apart > 0.0
            && apart < GAP
            && opposite
            && away.min(360.0 - away) > 110.0
    };
    found.iter().filter(|one| !found.iter().any(|other| faces(one, other))).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::maths::{cos, sin};
    use super::super::Master;
    use super::*;

    fn field(value: impl Fn(f32, f32) -> f32) -> Field {
        let (width, height) = (120, 100);
        let values = (0..width * height).map(|i| value((i % width) as f32, (i / width) as f32)).collect();
        Field { width, height, values }
    }

    #[test]
    fn plain_ridges_have_no_minutiae() {
        assert_eq!(find(&field(|_, y| sin(y * 0.7))), []);
        assert_eq!(find(&field(|x, y| sin(x * 0.5 + y * 0.5))), []);
        assert_eq!(find(&field(|_, _| -1.0)), []);
    }

    #[test]
    fn an_end_and_a_fork_are_found_where_they_are() {
        // One ridge from the left to the middle.
        let bar = |x: f32, y: f32| if (y - 50.0).abs() < 3.0 && x < 60.0 { 1.0 } else { -1.0 };
        let found = find(&field(bar));
        let [end] = found.as_slice() else { panic!("{found:?}") };
        assert!((end.x - 60.0).abs() < 4.0 && (end.y - 50.0).abs() < 2.0 && end.kind == Kind::Ending, "{end:?}");
        assert!((end.angle - 180.0).abs() < 12.0, "{end:?}");
        // One ridge from the left that opens to the right.
        let y_shape = |x: f32, y: f32| {
            let open = (x - 60.0).max(0.0) * 0.5;
            if ((y - 50.0).abs() - open).abs() < 3.0 { 1.0 } else { -1.0 }
        };
        let found = find(&field(y_shape));
        let [fork] = found.as_slice() else { panic!("{found:?}") };
        assert!((fork.x - 63.0).abs() < 8.0 && (fork.y - 50.0).abs() < 3.0, "{fork:?}");
        assert!(fork.kind == Kind::Bifurcation && cos(fork.angle * PI / 180.0) > 0.95, "{fork:?}");
    }

    #[test]
    fn fingers_have_as_many_minutiae_as_people_have() {
        let counts: Vec<usize> = (0..8).map(|seed| Master::from_seed(seed, 2).minutiae().len()).collect();
        // A rolled print has 60 to 150 (NIST Special Publication 500-245 foresees up to 254); the canvas is larger.
        assert!(counts.iter().all(|count| (30..220).contains(count)), "{counts:?}");
    }

    #[test]
    fn headings_turn_counterclockwise() {
        for (dx, dy, degrees) in [(1.0, 0.0, 0.0), (0.0, -1.0, 90.0), (-1.0, 0.0, 180.0), (0.0, 1.0, 270.0)] {
            assert!((heading(dx, dy) - degrees).abs() < 0.1, "{dx} {dy}: {}", heading(dx, dy));
        }
    }
}
