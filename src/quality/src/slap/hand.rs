//! Which hand, and which fingers: a hand's anatomy laid over the fingertips that were found.
//!
//! Every possible answer (this hand, these of its fingers) is fitted to the tips: turned, moved, scaled and spread as
//! hands are. How badly it fits is its cost; the difference of two costs is how much more probable the better one is.

use super::{FingerBox, Slap};
use domain::finger::{Digit, Finger, Hand};

/// A fingertip of a right hand lying flat: millimetres right of and below the middle finger's tip, degrees clockwise that
/// it points outwards, and its width as a share of the hand's mean.
struct Tip {
    digit: Digit,
    right: f32,
    below: f32,
    angle: f32,
    width: f32,
}

/// After the finger lengths and widths of Garrett, "The adult human hand" (1971): index 75, middle 83, ring 77, little
/// 61 mm from their roots, which lie on an arc; tips 19 to 21 mm apart.
const RIGHT: [Tip; 4] = [
    Tip { digit: Digit::Index, right: -20.5, below: 6.5, angle: -5.0, width: 1.02 },
    Tip { digit: Digit::Middle, right: 0.0, below: 0.0, angle: -1.0, width: 1.04 },
    Tip { digit: Digit::Ring, right: 20.3, below: 5.3, angle: 3.5, width: 1.0 },
    Tip { digit: Digit::Little, right: 38.8, below: 19.5, angle: 9.0, width: 0.93 },
];

/// How tips differ from that between people and placements: millimetres across and along the hand, degrees, share of the
/// width; then the logarithm of a hand's size, and how far its fingers are spread (1: as far as they go). Own values.
const ACROSS: f32 = 2.0;
const ALONG: f32 = 2.2;
const TILT: f32 = 5.0;
const WIDTH: f32 = 0.07;
const SIZE: f32 = 0.09;
const SPREAD: f32 = 0.6;

/// What spreading does, as a share: tips move apart, and fingers fan out.
const APART: f32 = 0.1;
const FAN: f32 = 0.8;

/// Rounds of the fit; it has settled after three.
const ROUNDS: usize = 5;
/// Turn, place (2), size and spread of a hand.
const FREE: usize = 5;

/// One answer that could be right.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The fingers from left to right.
    pub fingers: Vec<Finger>,
    /// How badly it fits: half the sum of squared deviations, as the negative logarithm of its likelihood.
    pub cost: f32,
}

/// The fits of all fingers of both hands (without thumbs) to these tips, the best first; none of no tip, or of more than
/// a hand has.
pub fn fits(slap: &Slap) -> Vec<Fit> {
    let found = slap.fingers.len();
    if found == 0 || found > RIGHT.len() {
        return Vec::new();
    }
    let chosen = (1u8..16).filter(|set| set.count_ones() as usize == found);
    let mut fits: Vec<Fit> =
        chosen.flat_map(|set| [Hand::Right, Hand::Left].map(|hand| fit(slap, hand, set))).collect();
    fits.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    fits
}

/// The hand that fits better, and by how much (the difference of costs), of those fits that `counts`.
pub fn hand_of(fits: &[Fit], counts: impl Fn(&[Finger]) -> bool) -> Option<(Hand, f32)> {
    let best = |hand: Hand| {
        let of_hand = fits.iter().filter(|fit| fit.fingers.first().is_some_and(|finger| finger.hand() == hand));
        of_hand.filter(|fit| counts(&fit.fingers)).map(|fit| fit.cost).fold(f32::MAX, f32::min)
    };
    let (right, left) = (best(Hand::Right), best(Hand::Left));
    match (right < f32::MAX, left < f32::MAX) {
        (true, true) => Some(if right <= left { (Hand::Right, left - right) } else { (Hand::Left, right - left) }),
        _ => None,
    }
}

fn fit(slap: &Slap, hand: Hand, set: u8) -> Fit {
    let mirror = if hand == Hand::Right { 1.0 } else { -1.0 };
    let mut tips: Vec<&Tip> = (0..RIGHT.len()).filter(|at| set & (1 << at) != 0).map(|at| &RIGHT[at]).collect();
    if hand == Hand::Left {
        tips.reverse();
    }
    let model = Model::new(slap, tips, mirror);
    let fingers = model.tips.iter().map(|tip| Finger::of(hand, tip.digit)).collect();
    Fit { fingers, cost: model.least_cost() }
}

/// What was found and what should be there, in millimetres.
struct Model<'a> {
    tips: Vec<&'a Tip>,
    mirror: f32,
    seen: Vec<Seen>,
}

/// A tip that was found: its place, its direction in degrees, its width as a share of the mean.
struct Seen {
    x: f32,
    y: f32,
    angle: f32,
    width: f32,
}

impl<'a> Model<'a> {
    fn new(slap: &Slap, tips: Vec<&'a Tip>, mirror: f32) -> Self {
        let mean = |of: &dyn Fn(&FingerBox) -> f32| slap.fingers.iter().map(of).sum::<f32>() / tips.len() as f32;
        let width = mean(&|found| found.size.0).max(1.0);
        let usual = tips.iter().map(|tip| tip.width).sum::<f32>() / tips.len() as f32;
        let seen = |found: &FingerBox| {
            let (x, y) = found.tip();
            Seen { x: x / slap.per_mm, y: y / slap.per_mm, angle: found.angle, width: found.size.0 / width * usual }
        };
        let seen = slap.fingers.iter().map(seen).collect();
        Self { tips, mirror, seen }
    }

    /// The cost of the best turn, place, size and spread, by Gauss and Newton's method.
    fn least_cost(&self) -> f32 {
        let count = self.tips.len() as f32;
        let mean = |of: fn(&Seen) -> f32| self.seen.iter().map(of).sum::<f32>() / count;
        let tilt = self.tips.iter().map(|tip| self.mirror * tip.angle).sum::<f32>() / count;
        let mut free = [mean(|seen| seen.angle) - tilt, 0.0, 0.0, 0.0, 0.0];
        // The place that brings the middles together.
        let apart = self.deviations(&free);
        let (across, along) = (0..self.tips.len())
            .map(|tip| (apart[4 * tip] * ACROSS, apart[4 * tip + 1] * ALONG))
            .fold((0.0, 0.0), |sum, at| (sum.0 + at.0 / count, sum.1 + at.1 / count));
        let (sine, cosine) = free[0].to_radians().sin_cos();
        (free[1], free[2]) = (across * cosine - along * sine, across * sine + along * cosine);
        for _ in 0..ROUNDS {
            let Some(step) = self.step(&free) else { break };
            for (value, change) in free.iter_mut().zip(step) {
                *value -= change;
            }
            free[3] = free[3].clamp(-0.3, 0.3);
            free[4] = free[4].clamp(-1.0, 1.2);
        }
        self.deviations(&free).iter().map(|deviation| deviation * deviation / 2.0).sum()
    }

    /// Deviations in units of what is usual: four of each tip (across, along, direction, width), then size and spread.
    fn deviations(&self, free: &[f32; FREE]) -> Vec<f32> {
        let [turn, x, y, size, spread] = *free;
        let (sine, cosine) = turn.to_radians().sin_cos();
        let scale = size.exp();
        let mut all = Vec::with_capacity(4 * self.tips.len() + 2);
        for (tip, seen) in self.tips.iter().zip(&self.seen) {
            // The tip that was found, as the hand sees it.
            let (dx, dy) = (seen.x - x, seen.y - y);
            let (right, below) = (dx * cosine + dy * sine, dy * cosine - dx * sine);
            let angle = turn + self.mirror * tip.angle * (1.0 + FAN * spread);
            all.push((right - self.mirror * tip.right * (1.0 + APART * spread) * scale) / ACROSS);
            all.push((below - tip.below * scale) / ALONG);
            all.push((seen.angle - angle) / TILT);
            all.push((seen.width - tip.width) / WIDTH);
        }
        all.extend([size / SIZE, spread / SPREAD]);
        all
    }

    /// One step of the method, with derivatives by differences.
    fn step(&self, free: &[f32; FREE]) -> Option<[f32; FREE]> {
        /// Degrees, millimetres (2), logarithm, share.
        const LITTLE: [f32; FREE] = [0.1, 0.1, 0.1, 0.01, 0.01];
        let base = self.deviations(free);
        let slopes: Vec<Vec<f32>> = (0..FREE)
            .map(|at| {
                let mut moved = *free;
                moved[at] += LITTLE[at];
                self.deviations(&moved).iter().zip(&base).map(|(there, here)| (there - here) / LITTLE[at]).collect()
            })
            .collect();
        let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let mut rows = [[0.0; FREE + 1]; FREE];
        for (row, slope) in rows.iter_mut().zip(&slopes) {
            for (value, other) in row.iter_mut().zip(&slopes) {
                *value = product(slope, other);
            }
            row[FREE] = product(slope, &base);
        }
        solve(rows)
    }
}

/// The solution of a small system of equations, by elimination with pivots; none where there is not exactly one.
fn solve(mut rows: [[f32; FREE + 1]; FREE]) -> Option<[f32; FREE]> {
    for at in 0..FREE {
        let pivot = (at..FREE).max_by(|a, b| rows[*a][at].abs().total_cmp(&rows[*b][at].abs()))?;
        rows.swap(at, pivot);
        if rows[at][at].abs() < 1e-9 {
            return None;
        }
        let own = rows[at].map(|value| value / rows[at][at]);
        for (other, row) in rows.iter_mut().enumerate() {
            let share = row[at];
            if other != at {
                row.iter_mut().zip(own).for_each(|(value, own)| *value -= share * own);
            }
        }
        rows[at] = own;
    }
    Some(rows.map(|row| row[FREE]))
}
