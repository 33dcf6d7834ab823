//! The direction of the ridges: half the sum of the angles seen from the cores, less those seen from the deltas
//! (Sherlock and Monro, 1993), with the pattern's class deciding where these lie.

use std::f32::consts::PI;

use super::super::maths::{atan2, sin};
use super::super::rng::Rng;

/// The main classes of ridge patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternClass {
    /// Ridges rise in the middle.
    Arch,
    /// Ridges enter and leave at the left of the print.
    LeftLoop,
    /// Ridges enter and leave at the right of the print.
    RightLoop,
    /// Ridges circle.
    Whorl,
}

impl PatternClass {
    /// Its name in files.
    pub fn id(self) -> &'static str {
        match self {
            Self::Arch => "arch",
            Self::LeftLoop => "left-loop",
            Self::RightLoop => "right-loop",
            Self::Whorl => "whorl",
        }
    }
}

/// Ridge directions over a finger, in pixels at 500 per inch with the origin in the middle of the fingertip.
#[derive(Clone, Debug)]
pub(super) struct Orientation {
    pub class: PatternClass,
    cores: Vec<(f32, f32)>,
    deltas: Vec<(f32, f32)>,
    turn: f32,
    arch: f32,
    /// A slow waviness: height in radians, and phase and frequency across and down.
    waves: [(f32, f32, f32, f32); 3],
}

impl Orientation {
    /// The field of one finger. Shares of the classes are those found among people: whorls 28 %, left loops 34 %,
    /// right loops 32 %, arches 6 %; loops of a hand lean towards its little finger.
    pub fn draw(rng: &mut Rng, left_hand: bool) -> Self {
        let class = draw_class(rng, left_hand);
        let jitter = |rng: &mut Rng, spread: f32| rng.range(-spread, spread);
        let (cx, cy) = (jitter(rng, 14.0), -38.0 + jitter(rng, 18.0));
        let side = if class == PatternClass::LeftLoop { 1.0 } else { -1.0 };
        let (mut cores, mut deltas) = (Vec::new(), Vec::new());
        match class {
            PatternClass::Arch => {}
            PatternClass::LeftLoop | PatternClass::RightLoop => {
                cores.push((cx + side * 6.0, cy));
                deltas.push((cx + side * (92.0 + jitter(rng, 24.0)), cy + 128.0 + jitter(rng, 28.0)));
            }
            PatternClass::Whorl => {
                let gap = rng.range(10.0, 40.0);
                let slant = jitter(rng, 12.0);
                cores.extend([(cx - slant * 0.5, cy - gap * 0.5), (cx + slant * 0.5, cy + gap * 0.5)]);
                deltas.push((cx - 112.0 + jitter(rng, 22.0), cy + 138.0 + jitter(rng, 26.0)));
                deltas.push((cx + 112.0 + jitter(rng, 22.0), cy + 138.0 + jitter(rng, 26.0)));
            }
        }
        let waves = std::array::from_fn(|_| {
            (rng.range(0.02, 0.07), rng.range(0.0, 2.0 * PI), rng.range(-0.03, 0.03), rng.range(-0.03, 0.03))
        });
        Self { class, cores, deltas, turn: jitter(rng, 0.06), arch: rng.range(1.0, 1.5), waves }
    }

    /// Direction of the ridges in radians, modulo pi: 0 is level, positive falls to the right (y points down).
    pub fn at(&self, x: f32, y: f32) -> f32 {
        let wave: f32 = self.waves.iter().map(|(height, phase, fx, fy)| height * sin(phase + fx * x + fy * y)).sum();
        self.pattern(x, y) + wave + self.turn
    }

    /// Where ridges turn back.
    pub fn cores(&self) -> &[(f32, f32)] {
        &self.cores
    }

    /// Where ridges of three directions meet.
    pub fn deltas(&self) -> &[(f32, f32)] {
        &self.deltas
    }

    fn pattern(&self, x: f32, y: f32) -> f32 {
        if self.class == PatternClass::Arch {
            // Ridges rise towards the middle and fall again, most around a third of the height.
            let rise = 1.0 / (1.0 + (y - 30.0) * (y - 30.0) / 14_000.0);
            let top = (y + 150.0) / 400.0;
            return self.arch * (rise + 0.25 * top) * sin((x / 175.0).clamp(-1.0, 1.0) * PI) * 0.62;
        }
        let seen = |points: &[(f32, f32)]| -> f32 { points.iter().map(|(px, py)| atan2(y - py, x - px)).sum() };
        0.5 * (seen(&self.cores) - seen(&self.deltas))
    }
}

fn draw_class(rng: &mut Rng, left_hand: bool) -> PatternClass {
    let draw = rng.unit();
    // Nine loops in ten are ulnar: on the right hand they lean to the right of the print's lower half.
    let ulnar = rng.chance(0.92);
    if draw < 0.28 {
        PatternClass::Whorl
    } else if draw < 0.94 {
        if ulnar == left_hand { PatternClass::LeftLoop } else { PatternClass::RightLoop }
    } else {
        PatternClass::Arch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Turns of the ridge direction on a small circle, in half turns: 1 around a core, -1 around a delta.
    fn index(field: &Orientation, (x, y): (f32, f32)) -> i32 {
        let step =
            |i: i32| field.at(x + 3.0 * sin(i as f32 * PI / 32.0 + PI / 2.0), y + 3.0 * sin(i as f32 * PI / 32.0));
        let turned: f32 = (0..64)
            .map(|i| {
                let change = step(i + 1) - step(i);
                change - (change / PI + 0.5).floor() * PI
            })
            .sum();
        (turned / PI).round() as i32
    }

    #[test]
    fn cores_and_deltas_are_where_the_class_says() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..60 {
            let field = Orientation::draw(&mut Rng::new(seed), seed % 2 == 0);
            let expected = match field.class {
                PatternClass::Arch => (0, 0),
                PatternClass::LeftLoop | PatternClass::RightLoop => (1, 1),
                PatternClass::Whorl => (2, 2),
            };
            assert_eq!((field.cores.len(), field.deltas.len()), expected, "seed {seed}");
            assert!(field.cores.iter().all(|core| index(&field, *core) == 1), "seed {seed}");
            assert!(field.deltas.iter().all(|delta| index(&field, *delta) == -1), "seed {seed}");
            assert_eq!(index(&field, (0.0, -190.0)), 0, "seed {seed}");
            seen.insert(format!("{:?}", field.class));
        }
        assert_eq!(seen.len(), 4, "sixty fingers show every class");
    }
}
