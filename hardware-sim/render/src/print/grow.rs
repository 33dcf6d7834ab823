//! The master pattern of a finger: ridges grow from a few seeds under filters that follow the orientation field.

use std::f32::consts::PI;
use std::sync::OnceLock;

use super::super::maths::{cos, exp, sin_cos_deg};
use super::super::rng::Rng;
use super::PatternClass;
use super::fields::Field;
use super::minutiae::{self, Minutia};
use super::orientation::Orientation;

/// The master's canvas at 500 pixels per inch: 22 by 27 mm, more than any fingertip touches.
pub(super) const WIDTH: usize = 440;
pub(super) const HEIGHT: usize = 540;

/// Ridges grow at half that resolution: a period is still over four pixels, and growing costs a sixteenth.
const HALF: usize = 2;
const COLUMNS: usize = WIDTH / HALF;
const ROWS: usize = HEIGHT / HALF;

/// Filters reach five pixels to every side; their rows are padded to twelve, three vectors of four.
const REACH: usize = 5;
const TAPS: usize = 2 * REACH + 1;
const LANES: usize = 12;
/// Blank border around the growing canvas.
const PAD: usize = 8;
const STRIDE: usize = COLUMNS + 2 * PAD;

const DIRECTIONS: usize = 32;
/// Ridges are this much denser or sparser than the finger's own period from place to place.
const PERIODS: [f32; 5] = [0.9, 0.95, 1.0, 1.05, 1.1];

/// Growth steps: twelve cover the canvas from the seeds, the rest let seams settle into minutiae.
const STEPS: usize = 30;
const SEEDS: usize = 100;
/// Each step multiplies by this and clips to one: it turns weak waves into full ridges.
const GAIN: f32 = 8.0;

/// The ridge pattern of one finger: every impression of the finger is taken from it.
#[derive(Clone, Debug)]
pub struct Master {
    class: PatternClass,
    /// Half the width and height of the fingertip's contact, pixels at 500 per inch.
    pub(super) contact: (f32, f32),
    /// Identifies the finger, so that its creases and scars are its own.
    pub(super) seed: u64,
    /// About -1 in valleys to 1 on ridges.
    pub(super) ridges: Field,
    /// Where ridges end in loops and where three directions meet, pixels of the canvas.
    pub(super) singular: Singular,
    minutiae: OnceLock<Vec<Minutia>>,
}

/// The singular points of a pattern, in pixels to the right and downwards.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Singular {
    /// Where ridges turn back.
    pub cores: Vec<(f32, f32)>,
    /// Where ridges of three directions meet.
    pub deltas: Vec<(f32, f32)>,
}

impl Master {
    /// The pattern of one finger (ISO/IEC 19794-2 code 1..=10; other numbers are fingers too) of a person.
    pub fn from_seed(seed: u64, finger: u8) -> Self {
        let own = Rng::stream(seed, 0xF1_0000 + u64::from(finger)).bits();
        let mut rng = Rng::new(own);
        let left_hand = (6..=10).contains(&finger);
        let orientation = Orientation::draw(&mut rng, left_hand);
        let period = rng.range(8.3, 9.8) / HALF as f32;
        // Thumb, index, middle, ring and little finger differ in size.
        let size = match finger {
            1 | 6 => 1.12,
            3 | 8 => 1.02,
            4 | 9 => 0.97,
            5 | 10 => 0.94,
            _ => 1.0,
        } * rng.range(0.95, 1.05);
        let grown = grow(&orientation, period, &mut rng);
        let (mut ridges, follow) = bend(&enlarge(&grown), &mut rng);
        ridges.blur(rng.range(0.9, 1.3));
        normalise(&mut ridges);
        let middle = (WIDTH as f32 / 2.0, HEIGHT as f32 / 2.0);
        let bent = |points: &[(f32, f32)]| -> Vec<(f32, f32)> {
            points.iter().map(|(x, y)| follow.bent((x + middle.0, y + middle.1))).collect()
        };
        let singular = Singular { cores: bent(orientation.cores()), deltas: bent(orientation.deltas()) };
        let contact = (164.0 * size, 209.0 * size);
        Self { class: orientation.class, contact, seed: own, ridges, singular, minutiae: OnceLock::new() }
    }

    /// Its minutiae, in pixels of the whole pattern at 500 per inch; found when first asked for.
    pub(super) fn minutiae(&self) -> &[Minutia] {
        self.minutiae.get_or_init(|| minutiae::find(&self.ridges))
    }

    /// Its class.
    pub fn class(&self) -> PatternClass {
        self.class
    }
}

fn grow(orientation: &Orientation, period: f32, rng: &mut Rng) -> Field {
    let bank = filters(period);
    let density = Field::smooth(rng, COLUMNS, ROWS, 32.0);
    let choice: Vec<u8> = (0..COLUMNS * ROWS)
        .map(|i| {
            let (x, y) = ((i % COLUMNS) as f32, (i / COLUMNS) as f32);
            let (fx, fy) = ((x - COLUMNS as f32 / 2.0) * HALF as f32, (y - ROWS as f32 / 2.0) * HALF as f32);
            let angle = orientation.at(fx, fy) / PI;
            let direction = ((angle - angle.floor()) * DIRECTIONS as f32 + 0.5) as usize % DIRECTIONS;
            // Ridges are wider towards the finger's first joint.
            let sparse = 2.0 + density.values[i] * 0.9 + (fy / 110.0).clamp(-1.0, 1.4);
            let width = (sparse + 0.5).clamp(0.0, (PERIODS.len() - 1) as f32) as usize;
            (width * DIRECTIONS + direction) as u8
        })
        .collect();
    let mut now = vec![0.0_f32; STRIDE * (ROWS + 2 * PAD)];
    for _ in 0..SEEDS {
        let (x, y) = (rng.below(COLUMNS), rng.below(ROWS));
        now[(y + PAD) * STRIDE + x + PAD] = 1.0;
    }
    let mut next = now.clone();
    let mut values = vec![0.0; COLUMNS * ROWS];
    for step in 0..STEPS {
        for y in 0..ROWS {
            for x in 0..COLUMNS {
                let filter = &bank[usize::from(choice[y * COLUMNS + x])];
                let response = apply(filter, &now[(y + PAD - REACH) * STRIDE + x + PAD - REACH..]);
                next[(y + PAD) * STRIDE + x + PAD] = (response * GAIN).clamp(-1.0, 1.0);
                if step + 1 == STEPS {
                    values[y * COLUMNS + x] = response;
                }
            }
        }
        std::mem::swap(&mut now, &mut next);
    }
    Field { width: COLUMNS, height: ROWS, values }
}

/// One filter over the window that starts at `window[0]`.
fn apply(filter: &[[f32; LANES]; TAPS], window: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    for (row, weights) in filter.iter().enumerate() {
        let pixels = &window[row * STRIDE..row * STRIDE + LANES];
        for lane in 0..LANES {
            sums[lane] += pixels[lane] * weights[lane];
        }
    }
    sums.iter().sum()
}

/// A Gabor filter for every direction and period. The envelope's sigma^2 = -9 / (8 f^2 ln 1e-3) lets one ridge and
/// its two neighbours through (Cappelli and others, 2000).
fn filters(period: f32) -> Vec<[[f32; LANES]; TAPS]> {
    let mut bank = Vec::with_capacity(DIRECTIONS * PERIODS.len());
    for share in PERIODS {
        let period = period * share;
        let variance = 9.0 / (8.0 * 6.907_755) * period * period;
        for direction in 0..DIRECTIONS {
            let (sine, cosine) = sin_cos_deg(direction as f32 * 180.0 / DIRECTIONS as f32);
            let mut filter = [[0.0; LANES]; TAPS];
            let (mut sum, mut weight) = (0.0, 0.0);
            for (row, line) in filter.iter_mut().enumerate() {
                for (column, value) in line.iter_mut().take(TAPS).enumerate() {
                    let (x, y) = (column as f32 - REACH as f32, row as f32 - REACH as f32);
                    let envelope = exp(-(x * x + y * y) / (2.0 * variance));
                    *value = envelope * cos(2.0 * PI / period * (y * cosine - x * sine));
                    sum += *value;
                    weight += envelope;
                }
            }
            level(&mut filter, sum / weight, variance);
            bank.push(filter);
        }
    }
    bank
}

/// Takes the mean out, so that even grey stays zero, and scales the filter to answer a matching wave with one.
fn level(filter: &mut [[f32; LANES]; TAPS], mean: f32, variance: f32) {
    let mut power = 0.0;
    for (row, line) in filter.iter_mut().enumerate() {
        for (column, value) in line.iter_mut().take(TAPS).enumerate() {
            let (x, y) = (column as f32 - REACH as f32, row as f32 - REACH as f32);
            *value -= mean * exp(-(x * x + y * y) / (2.0 * variance));
            power += value.abs();
        }
    }
    filter.iter_mut().flatten().for_each(|value| *value *= 1.6 / power);
}

/// Twice the size, by Catmull and Rom's cubic.
fn enlarge(small: &Field) -> Field {
    // Weights of four neighbours at a quarter and at three quarters of the way.
    const NEAR: [f32; 4] = [-0.070_312_5, 0.867_187_5, 0.226_562_5, -0.023_437_5];
    let clamp = |i: usize, offset: usize, limit: usize| (i + offset).saturating_sub(2).min(limit - 1);
    let weights = |odd: bool| if odd { NEAR } else { [NEAR[3], NEAR[2], NEAR[1], NEAR[0]] };
    let mut wide = Vec::with_capacity(WIDTH * ROWS);
    for row in small.values.chunks_exact(COLUMNS) {
        for x in 0..WIDTH {
            let odd = x % 2 == 1;
            let w = weights(odd);
            let first = x / 2 + usize::from(odd);
            wide.push((0..4).map(|i| w[i] * row[clamp(first, i, COLUMNS)]).sum::<f32>());
        }
    }
    let mut values = vec![0.0; WIDTH * HEIGHT];
    for (y, out) in values.chunks_exact_mut(WIDTH).enumerate() {
        let odd = y % 2 == 1;
        let w = weights(odd);
        for (i, weight) in w.iter().enumerate() {
            let from = clamp(y / 2 + usize::from(odd), i, ROWS) * WIDTH;
            out.iter_mut().zip(&wide[from..from + WIDTH]).for_each(|(sum, value)| *sum += value * weight);
        }
    }
    Field { width: WIDTH, height: HEIGHT, values }
}

/// Bends the grown pattern, so that the distance of its ridges varies as real ones do.
fn bend(grown: &Field, rng: &mut Rng) -> (Field, Follow) {
    let height = rng.range(4.0, 9.0);
    let follow = Follow {
        height,
        across: Field::smooth(rng, WIDTH, HEIGHT, 45.0),
        down: Field::smooth(rng, WIDTH, HEIGHT, 45.0),
    };
    let mut bent = Field::flat(WIDTH, HEIGHT, 0.0);
    for (i, value) in bent.values.iter_mut().enumerate() {
        let (x, y) = ((i % WIDTH) as f32, (i / WIDTH) as f32);
        *value = grown.at(x + height * follow.across.values[i], y + height * follow.down.values[i]);
    }
    (bent, follow)
}

/// Where the bend takes a point.
struct Follow {
    height: f32,
    across: Field,
    down: Field,
}

impl Follow {
    fn bent(&self, (x, y): (f32, f32)) -> (f32, f32) {
        (0..10).fold((x, y), |(bx, by), _| {
            (x - self.height * self.across.at(bx, by), y - self.height * self.down.at(bx, by))
        })
    }
}

/// Divides by the 92nd percentile of the height.
fn normalise(field: &mut Field) {
    let mut heights: Vec<f32> = field.values.iter().step_by(7).map(|v| v.abs()).collect();
    let place = heights.len() * 92 / 100;
    let (_, height, _) = heights.select_nth_unstable_by(place, f32::total_cmp);
    let scale = 1.0 / height.max(1e-6);
    field.values.iter_mut().for_each(|value| *value *= scale);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_is_the_fingers_own_and_repeats() {
        let finger = Master::from_seed(4, 2);
        assert_eq!(finger.ridges.values, Master::from_seed(4, 2).ridges.values);
        for (seed, other) in [(4, 3), (4, 7), (5, 2)] {
            assert_ne!(finger.ridges.values, Master::from_seed(seed, other).ridges.values, "{seed} {other}");
        }
    }

    #[test]
    fn ridges_cover_the_canvas_at_their_period() {
        let ridges = Master::from_seed(11, 2).ridges;
        let strong = ridges.values.iter().filter(|v| v.abs() > 0.3).count() as f32 / ridges.values.len() as f32;
        assert!(strong > 0.5, "{strong}");
        // Crossing from ridge to valley happens twice a period along a line across the ridges: in whichever of both
        // directions it is more often, once every 4 to 14 pixels.
        let crossings = |step: usize, width: usize| {
            let pairs = ridges.values.iter().zip(ridges.values.iter().skip(step)).step_by(width);
            pairs.map(|(a, b)| usize::from(a.signum() != b.signum())).sum::<usize>()
        };
        let most = crossings(1, 1).max(crossings(WIDTH, 1)) as f32 / ridges.values.len() as f32;
        assert!((1.0 / 14.0..1.0 / 4.0).contains(&most), "{most}");
    }
}
