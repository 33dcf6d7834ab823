//! A small engine for convolutional networks of the kind that find faces and landmarks: TensorFlow Lite files in, plain
//! loops for the processor at hand, one block of memory.
//!
//! [`Network::read`] checks a file of unknown origin; [`Engine`] runs it. `naive` is the definition that the engine is
//! compared with, `tests` makes networks to compare them on.

#[cfg(test)]
mod beside;
mod engine;
mod flat;
mod kernel;
#[cfg(test)]
mod naive;
mod network;
mod panels;
pub mod peak;
mod plan;
mod reader;

pub use engine::Engine;
pub use network::Network;

#[cfg(test)]
mod tests;
