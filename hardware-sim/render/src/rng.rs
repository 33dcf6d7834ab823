//! The random numbers of the simulation: xoshiro256++ (Blackman and Vigna, 2019) seeded by splitmix64.
//!
//! Integer arithmetic only, so that a seed means the same traveller on every machine.

/// A generator whose whole state comes from one seed.
#[derive(Clone, Debug)]
pub struct Rng {
    state: [u64; 4],
}

impl Rng {
    /// The generator of `seed`.
    pub fn new(seed: u64) -> Self {
        let mut mixer = seed;
        Self { state: std::array::from_fn(|_| splitmix(&mut mixer)) }
    }

    /// A generator for one use of a seed, independent of the other uses: `stream` names the use.
    pub fn stream(seed: u64, stream: u64) -> Self {
        let mut mixer = stream ^ 0x6A09_E667_F3BC_C909;
        Self::new(seed ^ splitmix(&mut mixer))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let shifted = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Uniform in 0..1 (24 bits, so that every value is exact).
    pub fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1 << 24) as f32
    }

    /// Uniform between two bounds.
    pub fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// An index below `count`; 0 when `count` is 0.
    pub fn below(&mut self, count: usize) -> usize {
        let high = (u128::from(self.bits()) * count as u128) >> 64;
        high as usize
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }

    /// A normal deviate, mean 0 and standard deviation 1, as the sum of four uniform 16-bit numbers: good to three
    /// standard deviations, cut off at 3.46, and cheap enough for one per pixel.
    pub fn normal(&mut self) -> f32 {
        let bits = self.bits();
        let sum: u64 = (0..4).map(|i| (bits >> (16 * i)) & 0xFFFF).sum();
        // Four uniforms of width 65,536 have a standard deviation of 65,536 / sqrt(3).
        (sum as f32 - 131_070.0) * (1.732_050_8 / 65_536.0)
    }
}

fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix_gives_the_published_first_values() {
        // The reference implementation's output for the seed 1234567 (Vigna, prng.di.unimi.it).
        let mut state = 1_234_567;
        let first: Vec<u64> = (0..3).map(|_| splitmix(&mut state)).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn streams_of_one_seed_differ_and_repeat() {
        let draw = |seed, stream| Rng::stream(seed, stream).bits();
        assert_eq!(draw(1, 2), draw(1, 2));
        for (a, b) in [((1, 2), (1, 3)), ((1, 2), (2, 2)), ((1, 2), (2, 1)), ((0, 0), (0, 1))] {
            assert_ne!(draw(a.0, a.1), draw(b.0, b.1), "{a:?} {b:?}");
        }
    }

    #[test]
    fn numbers_are_spread_as_they_say() {
        let mut rng = Rng::new(5);
        let draws: Vec<f32> = (0..20_000).map(|_| rng.normal()).collect();
        let mean = draws.iter().sum::<f32>() / 20_000.0;
        let variance = draws.iter().map(|d| (d - mean) * (d - mean)).sum::<f32>() / 20_000.0;
        assert!(mean.abs() < 0.03, "{mean}");
        assert!((variance - 1.0).abs() < 0.03, "{variance}");
        assert!((0..1000).all(|_| (0.0..1.0).contains(&rng.unit())));
        assert!((0..1000).all(|_| rng.below(7) < 7));
        assert_eq!(rng.below(0), 0);
    }
}
