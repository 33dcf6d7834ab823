//! Vectors of single-precision numbers: one set of operations, once for every set of instructions.

/// The operations on vectors. Its values are tokens: who holds one may use its instructions.
pub(crate) trait Vectors: Copy {
    /// A register full of numbers.
    type V: Copy;
    /// How many numbers that are.
    const LANES: usize;
    /// How many registers there are.
    const REGISTERS: usize;

    /// One number everywhere.
    fn splat(self, value: f32) -> Self::V;
    /// The first [`Vectors::LANES`] numbers; there are as many.
    fn load(self, values: &[f32]) -> Self::V;
    /// As many numbers as there are, then zeros.
    fn load_some(self, values: &[f32]) -> Self::V;
    /// Writes all numbers; there is room.
    fn store(self, vector: Self::V, out: &mut [f32]);
    /// Writes as many numbers as there is room for.
    fn store_some(self, vector: Self::V, out: &mut [f32]);
    /// `a + b`
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a * b + c`, rounded once where the processor does that.
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// The larger one.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// The smaller one.
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
}

/// Every processor's: the definition.
#[derive(Clone, Copy)]
pub(crate) struct Plain;

impl Vectors for Plain {
    type V = [f32; 4];
    const LANES: usize = 4;
    const REGISTERS: usize = 16;

    #[inline(always)]
    fn splat(self, value: f32) -> Self::V {
        [value; 4]
    }

    #[inline(always)]
    fn load(self, values: &[f32]) -> Self::V {
        [values[0], values[1], values[2], values[3]]
    }

    #[inline(always)]
    fn load_some(self, values: &[f32]) -> Self::V {
        let mut all = [0.0; 4];
        let some = values.len().min(4);
        all[..some].copy_from_slice(&values[..some]);
        all
    }

    #[inline(always)]
    fn store(self, vector: Self::V, out: &mut [f32]) {
        out[..4].copy_from_slice(&vector);
    }

    #[inline(always)]
    fn store_some(self, vector: Self::V, out: &mut [f32]) {
        let some = out.len().min(4);
        out[..some].copy_from_slice(&vector[..some]);
    }

    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]]
    }

    #[inline(always)]
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        [a[0] * b[0] + c[0], a[1] * b[1] + c[1], a[2] * b[2] + c[2], a[3] * b[3] + c[3]]
    }

    #[inline(always)]
    fn max(self, a: Self::V, b: Self::V) -> Self::V {
        [a[0].max(b[0]), a[1].max(b[1]), a[2].max(b[2]), a[3].max(b[3])]
    }

    #[inline(always)]
    fn min(self, a: Self::V, b: Self::V) -> Self::V {
        [a[0].min(b[0]), a[1].min(b[1]), a[2].min(b[2]), a[3].min(b[3])]
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Vectors;
    use std::arch::x86_64::*;

    /// Eight numbers.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx2(());

    impl Avx2 {
        /// Only what is compiled for these instructions calls it.
        #[target_feature(enable = "avx2,fma")]
        pub(in crate::simd) fn found() -> Self {
            Self(())
        }

        /// Ones for the first `some` of eight.
        #[inline(always)]
        fn mask(self, some: usize) -> __m256i {
            const ONES: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
            let window = &ONES[8 - some.min(8)..][..8];
            // SAFETY: the token says that the processor has AVX2; eight numbers are there to be read.
            unsafe { _mm256_loadu_si256(window.as_ptr().cast()) }
        }
    }

    // SAFETY of every block below: the token says that the processor has AVX2 and FMA, and slices are cut to what is read
    // or written.
    impl Vectors for Avx2 {
        type V = __m256;
        const LANES: usize = 8;
        const REGISTERS: usize = 16;

        #[inline(always)]
        fn splat(self, value: f32) -> __m256 {
            unsafe { _mm256_set1_ps(value) }
        }

        #[inline(always)]
        fn load(self, values: &[f32]) -> __m256 {
            let values = &values[..8];
            unsafe { _mm256_loadu_ps(values.as_ptr()) }
        }

        #[inline(always)]
        fn load_some(self, values: &[f32]) -> __m256 {
            unsafe { _mm256_maskload_ps(values.as_ptr(), self.mask(values.len())) }
        }

        #[inline(always)]
        fn store(self, vector: __m256, out: &mut [f32]) {
            let out = &mut out[..8];
            unsafe { _mm256_storeu_ps(out.as_mut_ptr(), vector) }
        }

        #[inline(always)]
        fn store_some(self, vector: __m256, out: &mut [f32]) {
            unsafe { _mm256_maskstore_ps(out.as_mut_ptr(), self.mask(out.len()), vector) }
        }

        #[inline(always)]
        fn add(self, a: __m256, b: __m256) -> __m256 {
            unsafe { _mm256_add_ps(a, b) }
        }

        #[inline(always)]
        fn mul_add(self, a: __m256, b: __m256, c: __m256) -> __m256 {
            unsafe { _mm256_fmadd_ps(a, b, c) }
        }

        #[inline(always)]
        fn max(self, a: __m256, b: __m256) -> __m256 {
            unsafe { _mm256_max_ps(a, b) }
        }

        #[inline(always)]
        fn min(self, a: __m256, b: __m256) -> __m256 {
            unsafe { _mm256_min_ps(a, b) }
        }
    }

    /// Sixteen numbers.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx512(());

    impl Avx512 {
        /// Only what is compiled for these instructions calls it.
        #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
        pub(in crate::simd) fn found() -> Self {
            Self(())
        }

        /// Ones for the first `some` of sixteen.
        #[inline(always)]
        fn mask(self, some: usize) -> __mmask16 {
            ((1u32 << some.min(16)) - 1) as __mmask16
        }
    }

    // SAFETY of every block below: the token says that the processor has AVX-512 F, and slices are cut to what is read or
    // written.
    impl Vectors for Avx512 {
        type V = __m512;
        const LANES: usize = 16;
        const REGISTERS: usize = 32;

        #[inline(always)]
        fn splat(self, value: f32) -> __m512 {
            unsafe { _mm512_set1_ps(value) }
        }

        #[inline(always)]
        fn load(self, values: &[f32]) -> __m512 {
            let values = &values[..16];
            unsafe { _mm512_loadu_ps(values.as_ptr()) }
        }

        #[inline(always)]
        fn load_some(self, values: &[f32]) -> __m512 {
            unsafe { _mm512_maskz_loadu_ps(self.mask(values.len()), values.as_ptr()) }
        }

        #[inline(always)]
        fn store(self, vector: __m512, out: &mut [f32]) {
            let out = &mut out[..16];
            unsafe { _mm512_storeu_ps(out.as_mut_ptr(), vector) }
        }

        #[inline(always)]
        fn store_some(self, vector: __m512, out: &mut [f32]) {
            unsafe { _mm512_mask_storeu_ps(out.as_mut_ptr(), self.mask(out.len()), vector) }
        }

        #[inline(always)]
        fn add(self, a: __m512, b: __m512) -> __m512 {
            unsafe { _mm512_add_ps(a, b) }
        }

        #[inline(always)]
        fn mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
            unsafe { _mm512_fmadd_ps(a, b, c) }
        }

        #[inline(always)]
        fn max(self, a: __m512, b: __m512) -> __m512 {
            unsafe { _mm512_max_ps(a, b) }
        }

        #[inline(always)]
        fn min(self, a: __m512, b: __m512) -> __m512 {
            unsafe { _mm512_min_ps(a, b) }
        }
    }
}
