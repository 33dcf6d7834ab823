//! Whether two prints are of one finger: one grid is laid on the other, turned and moved every way that a finger may
//! lie, and the points count that agree.

use super::print::{COLUMNS, PATCH, PATCHES, Print, ROWS};
use render::maths::sin_cos_deg;

/// Farthest turn that is tried, in steps of [`TURN`] degrees to either side: 30 degrees.
const TURNS: i32 = 10;
const TURN: f32 = 3.0;

/// Farthest move that is tried, in points: 42 pixels, or 2 millimetres.
const MOVES: i32 = 14;

/// Points that two prints must share; fewer agree by chance.
const LEAST_SHARED: u32 = 900;

/// Shared points from which on more of them do not make a comparison worth more.
const PLENTY: f32 = 3_000.0;

/// Skin bends: each square of [`SQUARE`] points may lie so many points beside the place that the whole print has.
const BEND: i32 = 2;
const SQUARE: usize = 16;

/// Shared points below which a square says nothing.
const LEAST_IN_SQUARE: u32 = 60;

/// What a comparison came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// 0 (no more in common than chance) to 300 (the same image).
    pub score: u16,
    turn: usize,
    across: i32,
    down: i32,
}

/// A print ready to be compared with many: turned every way.
pub struct Probe {
    turned: Vec<Print>,
}

impl Probe {
    /// Turns a print every way.
    pub fn new(print: &Print) -> Self {
        Self { turned: (-TURNS..=TURNS).map(|turn| turned(print, TURN * turn as f32)).collect() }
    }

    /// Compares with another print.
    pub fn compare(&self, other: &Print) -> Comparison {
        let mut best = (f32::MIN, Comparison::default());
        for (turn, print) in self.turned.iter().enumerate() {
            for down in -MOVES..=MOVES {
                for across in -MOVES..=MOVES {
                    let (shared, agreed) = laid(print, other, across, down, 0..ROWS as i32, u64::MAX);
                    if shared < LEAST_SHARED {
                        continue;
                    }
                    let value = worth(shared, agreed);
                    if value > best.0 {
                        best = (value, Comparison { score: 0, turn, across, down });
                    }
                }
            }
        }
        let (value, mut found) = best;
        if value > 0.0 {
            found.score = (300.0 * self.bent(other, found)) as u16;
        }
        found
    }

    /// 0 to 1: how alike the squares are when each finds its own best place near that of the whole. Squares that agree
    /// well count for more than their number: another finger's agree a little everywhere and nowhere well.
    fn bent(&self, other: &Print, at: Comparison) -> f32 {
        let (mut seen, mut alike) = (0.0, 0.0);
        for row in 0..ROWS.div_ceil(SQUARE) {
            for column in 0..COLUMNS.div_ceil(SQUARE) {
                let (shared, best) = self.square(other, at, row, column);
                seen += shared;
                alike += shared * best * best;
            }
        }
        if seen < 1.0 { 0.0 } else { alike / seen * (seen / PLENTY).min(1.0).sqrt() }
    }

    /// Shared points of a square in its best place, and how alike it is there, 0 to 1.
    fn square(&self, other: &Print, at: Comparison, row: usize, column: usize) -> (f32, f32) {
        let print = &self.turned[at.turn];
        let rows = || (row * SQUARE) as i32..((row + 1) * SQUARE).min(ROWS) as i32;
        let columns = ((1u64 << SQUARE) - 1) << (column * SQUARE);
        let mut best = (0.0, 0.0);
        for down in -BEND..=BEND {
            for across in -BEND..=BEND {
                let (shared, agreed) = laid(print, other, at.across + across, at.down + down, rows(), columns);
                if shared < LEAST_IN_SQUARE {
                    continue;
                }
                let alike = (2.0 * agreed as f32 / shared as f32 - 1.0).max(0.0);
                if best.0 < 1.0 || alike > best.1 {
                    best = (shared as f32, alike);
                }
            }
        }
        best
    }
}

/// The second print of a finger, completed by what the first one knew beyond it.
pub fn merge(one: &Probe, other: &Print, comparison: &Comparison) -> Print {
    let print = &one.turned[comparison.turn];
    let mut whole = other.clone();
    for row in 0..ROWS / PATCH {
        for column in 0..PATCHES {
            let rows = row * PATCH..(row + 1) * PATCH;
            let columns = (((1u64 << PATCH) - 1) << (column * PATCH)) & ((1 << COLUMNS) - 1);
            let moved = |row: usize| moved(print, comparison.across, row as i32 - comparison.down);
            let covered = rows.clone().all(|row| moved(row).1 & columns == columns);
            if !other.knows(column, row) && covered {
                whole.learn(column, row);
                rows.for_each(|row| whole.ridge[row] |= moved(row).0 & columns);
            }
        }
    }
    whole
}

/// Points that both know, and those of them that agree, in these rows and columns of the other print.
fn laid(print: &Print, other: &Print, across: i32, down: i32, rows: std::ops::Range<i32>, columns: u64) -> (u32, u32) {
    let (mut shared, mut differ) = (0, 0);
    for row in rows {
        let (ridge, known) = moved(print, across, row - down);
        let both = known & other.known[row as usize] & columns;
        shared += both.count_ones();
        differ += ((ridge ^ other.ridge[row as usize]) & both).count_ones();
    }
    (shared, shared - differ)
}

/// A row of a print, moved sideways; unknown outside.
fn moved(print: &Print, across: i32, row: i32) -> (u64, u64) {
    let Some(at) = usize::try_from(row).ok().filter(|row| *row < ROWS) else { return (0, 0) };
    let mask = (1u64 << COLUMNS) - 1;
    let shift = |bits: u64| if across >= 0 { bits << across & mask } else { bits >> -across };
    (shift(print.ridge[at]), shift(print.known[at]))
}

/// -1 (all wrong) to 1 (all alike), less when little is shared.
fn worth(shared: u32, agreed: u32) -> f32 {
    if shared == 0 {
        return 0.0;
    }
    let alike = 2.0 * agreed as f32 / shared as f32 - 1.0;
    alike * (shared as f32 / PLENTY).min(1.0).sqrt()
}

/// A print turned about its middle; what lies between points is weighed from the four around.
fn turned(print: &Print, degrees: f32) -> Print {
    let (sin, cos) = sin_cos_deg(degrees);
    let (middle_x, middle_y) = ((COLUMNS - 1) as f32 / 2.0, (ROWS - 1) as f32 / 2.0);
    let mut turned = Print::EMPTY;
    for row in 0..ROWS {
        for column in 0..COLUMNS {
            let (x, y) = (column as f32 - middle_x, row as f32 - middle_y);
            let from = (cos * x + sin * y + middle_x, cos * y - sin * x + middle_y);
            if let Some(ridge) = between(print, from) {
                turned.known[row] |= 1 << column;
                turned.ridge[row] |= u64::from(ridge) << column;
            }
        }
    }
    turned
}

/// Whether a place between points lies on a ridge; nothing where one of the points around is unknown.
fn between(print: &Print, (x, y): (f32, f32)) -> Option<bool> {
    let (left, top) = (x.floor(), y.floor());
    let (u, v) = (x - left, y - top);
    let mut sum = 0.0;
    for (dx, dy, weight) in [(0, 0, (1.0 - u) * (1.0 - v)), (1, 0, u * (1.0 - v)), (0, 1, (1.0 - u) * v), (1, 1, u * v)]
    {
        if weight <= 0.0 {
            continue;
        }
        let column = usize::try_from(left as i32 + dx).ok().filter(|at| *at < COLUMNS)?;
        let row = usize::try_from(top as i32 + dy).ok().filter(|at| *at < ROWS)?;
        if print.known[row] >> column & 1 == 0 {
            return None;
        }
        sum += if print.ridge[row] >> column & 1 == 1 { weight } else { -weight };
    }
    Some(sum > 0.0)
}

#[cfg(test)]
mod tests {
    use super::super::{decode, encode, extract};
    use super::*;
    use crate::stage::pictures::PPI;
    use render::Rng;
    use render::print::{Impression, Master};

    const SENSOR: (u32, u32) = (192, 192);

    /// The prints of some touches of one finger, as they come out of their files.
    fn touches(seed: u64, count: u64) -> Vec<Print> {
        let finger = Master::from_seed(seed, 2);
        let touch = |number| {
            let mut draw = Rng::stream(seed, number);
            let mut touch = Impression::clean(draw.bits());
            touch.rotation = draw.range(-6.0, 6.0);
            touch.shift = (draw.range(-0.6, 0.6), draw.range(-0.8, 0.8));
            let image = finger.impression(&touch, SENSOR.0, SENSOR.1, PPI);
            extract(image.as_raw(), SENSOR.0 as usize, SENSOR.1 as usize)
        };
        (0..count).filter_map(|number| touch(number).ok()).map(|print| decode(&encode(&print)).unwrap()).collect()
    }

    /// At the module's usual threshold.
    #[test]
    fn the_same_finger_is_told_from_others() {
        let fingers: Vec<Vec<Print>> = (0..5).map(|seed| touches(300 + seed, 3)).collect();
        let (mut mated, mut others, mut highest) = ([0, 0], 0, 0);
        for (at, finger) in fingers.iter().enumerate() {
            for (number, print) in finger.iter().enumerate() {
                let probe = Probe::new(print);
                for other in &finger[number + 1..] {
                    mated[usize::from(probe.compare(other).score >= 60)] += 1;
                }
                for other in fingers[at + 1..].iter().flatten() {
                    others += 1;
                    highest = highest.max(probe.compare(other).score);
                }
            }
        }
        assert!(highest < 60, "{highest} between different fingers in {others} comparisons");
        assert!(others > 60 && mated[0] + mated[1] >= 12);
        assert!(mated[1] * 10 >= (mated[0] + mated[1]) * 7, "{mated:?} not matched and matched");
    }

    #[test]
    fn a_print_is_itself_wherever_it_lies() {
        let print = touches(7, 1).remove(0);
        let same = Probe::new(&print).compare(&print);
        assert_eq!((same.score, same.turn, same.across, same.down), (300, TURNS as usize, 0, 0));
        let moved = Print {
            ridge: std::array::from_fn(|row| if row >= 6 { print.ridge[row - 6] >> 4 } else { 0 }),
            known: std::array::from_fn(|row| if row >= 6 { print.known[row - 6] >> 4 } else { 0 }),
        };
        let found = Probe::new(&print).compare(&moved);
        assert_eq!((found.across, found.down), (-4, 6));
        assert!(found.score > 200, "{}", found.score);
        assert_eq!(Probe::new(&Print::EMPTY).compare(&print).score, 0);
    }

    #[test]
    fn merging_adds_what_only_one_has_seen() {
        let whole = touches(7, 1).remove(0);
        let mut lower = whole.clone();
        lower.known[..16].fill(0);
        lower.ridge[..16].fill(0);
        let probe = Probe::new(&whole);
        let merged = merge(&probe, &lower, &probe.compare(&lower));
        assert!(merged.size() > lower.size());
        let differ: u32 = merged
            .ridge
            .iter()
            .zip(&whole.ridge)
            .zip(&merged.known)
            .map(|((a, b), known)| ((a ^ b) & known).count_ones())
            .sum();
        assert_eq!(differ, 0, "and it is the finger's own");
    }
}
