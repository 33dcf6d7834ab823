//! What a module of the family computes from an image: a map of its ridges, kept as a characteristic file and compared
//! by laying one map on the other.
//!
//! Sensors of this size see too few minutiae to tell fingers apart by them, so that we compare ridges themselves, as
//! correlation matchers do (Maltoni et al., Handbook of Fingerprint Recognition, section 4.2). The matcher knows the
//! pixels alone, never the truth about who touched: a search finds or misses a finger as a module's does. It proves
//! nothing about accuracy on people.

mod compare;
mod file;
mod print;
mod ridges;

pub use compare::{Comparison, Probe, merge};
pub use file::{BadFile, FILE_LENGTH, decode, encode};
pub use print::{Print, Unusable, extract};
