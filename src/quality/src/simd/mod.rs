//! Kernels that the processor at hand runs as wide as it can.
//!
//! A [`Kernel`] is plain safe Rust, written so that the compiler makes vectors of it. [`best`] runs it compiled for
//! AVX2 and FMA where the processor has that, else as compiled for every processor. Both come of the same source, and Rust
//! neither reorders nor contracts arithmetic by itself, so that the results are the same to the last bit. A
//! multiplication and addition that a kernel itself asks to be fused is fused on every processor, if slowly.
//!
//! Where the compiler's own vectors are too slow, a [`VectorKernel`] is written with the operations of [`Vectors`], whose
//! every call is one instruction. It is given a token of the instructions that were found; nobody else can make one.
#![allow(unsafe_code)] // The one place of the workspace: what was compiled for this processor is called and used.

mod vectors;

pub(crate) use vectors::Vectors;

/// A piece of work on arrays. Everything that it calls in its loops is `#[inline(always)]`, or is compiled for every
/// processor.
pub(crate) trait Kernel {
    /// What it answers.
    type Output;

    /// Does it; `#[inline(always)]`.
    fn run(self) -> Self::Output;
}

/// A piece of work on vectors. As with [`Kernel`], everything in its loops is `#[inline(always)]`; closures handed to
/// library functions that are not are compiled without the instructions.
pub(crate) trait VectorKernel {
    /// Does it; `#[inline(always)]`.
    fn run<S: Vectors>(self, simd: S);
}

/// A set of instructions that kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isa {
    /// What every processor has: the definition.
    Plain,
    /// Eight values at a time, multiplied and added in one go.
    Avx2,
    /// Sixteen values at a time.
    Avx512,
}

impl Isa {
    /// Every set, the widest one last.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Avx2, Self::Avx512];

    /// The widest one that this processor has.
    pub fn widest() -> Self {
        Self::ALL.into_iter().rfind(|isa| isa.is_available()).unwrap_or(Self::Plain)
    }

    /// How many numbers a vector has, and how many registers there are, where [`vectors`] is asked for this set.
    pub fn vectors(self) -> (usize, usize) {
        fn of<S: Vectors>() -> (usize, usize) {
            (S::LANES, S::REGISTERS)
        }
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 if self.is_available() => of::<vectors::Avx2>(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 if self.is_available() => of::<vectors::Avx512>(),
            _ => of::<vectors::Plain>(),
        }
    }

    /// Whether this processor has it.
    pub fn is_available(self) -> bool {
        match self {
            Self::Plain => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                Self::Avx2.is_available()
                    && std::arch::is_x86_feature_detected!("avx512f")
                    && std::arch::is_x86_feature_detected!("avx512vl")
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }
}

/// Runs a kernel eight values wide if this processor can.
pub(crate) fn best<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    if Isa::Avx2.is_available() {
        // SAFETY: the processor has what `wide` was compiled for, as was just asked.
        return unsafe { wide(kernel) };
    }
    kernel.run()
}

/// Runs a kernel with vectors of a set of instructions; of every processor's, if this one lacks them.
pub(crate) fn vectors<K: VectorKernel>(isa: Isa, kernel: K) {
    #[cfg(target_arch = "x86_64")]
    if isa.is_available() {
        match isa {
            // SAFETY: the processor has what `avx2_vectors` was compiled for, as was just asked.
            Isa::Avx2 => return unsafe { avx2_vectors(kernel) },
            // SAFETY: as above, for `avx512_vectors`.
            Isa::Avx512 => return unsafe { avx512_vectors(kernel) },
            Isa::Plain => {}
        }
    }
    kernel.run(vectors::Plain);
}

/// Runs a kernel as every processor does.
#[cfg(test)]
pub(crate) fn plain<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn wide<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2_vectors<K: VectorKernel>(kernel: K) {
    kernel.run(vectors::Avx2::found());
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
fn avx512_vectors<K: VectorKernel>(kernel: K) {
    kernel.run(vectors::Avx512::found());
}
