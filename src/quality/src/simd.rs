//! Kernels that the processor at hand runs as wide as it can.
//!
//! A [`Kernel`] is plain safe Rust, written so that the compiler makes vectors of it. [`best`] runs it compiled for
//! AVX2 and FMA where the processor has that, else as compiled for every processor. Both come of the same source, and Rust
//! neither reorders nor contracts arithmetic by itself, so that the results are the same to the last bit. A
//! multiplication and addition that a kernel itself asks to be fused is fused on every processor, if slowly.
#![allow(unsafe_code)] // The one place of the workspace: the call of a function that was compiled for this processor.

/// A piece of work on arrays. Everything that it calls in its loops is `#[inline(always)]`, or is compiled for every
/// processor.
pub(crate) trait Kernel {
    /// What it answers.
    type Output;

    /// Does it; `#[inline(always)]`.
    fn run(self) -> Self::Output;
}

/// Runs a kernel as well as this processor can.
pub(crate) fn best<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        // SAFETY: the processor has what `wide` was compiled for, as was just asked.
        return unsafe { wide(kernel) };
    }
    plain(kernel)
}

/// Runs a kernel as every processor does.
pub(crate) fn plain<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn wide<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}
