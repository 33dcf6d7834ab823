//! Face and finger quality: pure functions on pixels.
//!
//! Nothing here reads a file, a clock or a device, and nothing logs. A bad picture is an answer, not an error: every
//! assessment returns a value, and what could not be measured says so by name ([`Assessment::FailureToAssess`]).
//!
//! **Invariant:** a measure stated under the identifier of a standard or of a reference program is that measure
//! exactly; what is our own has our own name. One exception is open: NFIQ 2's four values of minutiae carry its
//! identifiers, since its forest asks for them, and are measured on our minutiae, not on FingerJetFX's.

pub mod assessment;
pub mod device;
pub mod face;
pub mod finger;
pub mod matcher;
pub mod minutiae;
mod nn;
mod resample;
mod simd;
pub mod slap;
