//! What the processor could do at best: as many multiplications and additions as fit into registers, nothing read, nothing
//! written. Whoever has a clock divides.

use crate::simd::{self, Isa, VectorKernel, Vectors};
use std::hint::black_box;

/// Sums that do not wait for each other.
const SUMS: usize = 12;

struct Exercise<'a> {
    rounds: u32,
    /// Floating-point operations that were made, and a sum that depends on all of them.
    done: &'a mut (u64, f32),
}

impl VectorKernel for Exercise<'_> {
    #[inline(always)]
    fn run<S: Vectors>(self, simd: S) {
        // Hidden from the compiler, which would else find a shorter way to the same sums.
        let (factor, term) = (simd.splat(black_box(0.999_9)), simd.splat(black_box(1e-4)));
        let mut sums = [simd.splat(1.0); SUMS];
        for sum in &mut sums {
            *sum = simd.splat(black_box(1.0));
        }
        for _ in 0..self.rounds {
            for sum in &mut sums {
                *sum = simd.mul_add(*sum, factor, term);
            }
        }
        let mut total = [0.0; 16];
        for sum in sums {
            let before = simd.load(&total);
            simd.store(simd.add(before, sum), &mut total);
        }
        // Each is a multiplication and an addition.
        self.done.0 = 2 * u64::from(self.rounds) * (SUMS * S::LANES) as u64;
        self.done.1 = total.iter().sum();
    }
}

/// Multiplies and adds in the widest registers; the number of floating-point operations, and a sum that depends on all.
pub fn exercise(rounds: u32) -> (u64, f32) {
    let mut done = (0, 0.0);
    simd::vectors(Isa::widest(), Exercise { rounds, done: &mut done });
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_made() {
        let (done, sum) = exercise(50_000);
        let (lanes, _) = Isa::widest().vectors();
        assert_eq!(done, 2 * 50_000 * (SUMS * lanes) as u64);
        // The sums stay near the one value that the factor and the term leave in place.
        assert!((sum / (SUMS * lanes) as f32 - 1.0).abs() < 0.01, "{sum}");
    }
}
