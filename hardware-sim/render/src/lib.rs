//! Pictures that the simulated devices show: heads for the camera, fingerprints for the scanner.
//!
//! Everything here is a function of its arguments. The same seed gives the same bytes on every machine: random
//! numbers come from [`rng`], and [`maths`] computes sines, exponentials and the like from additions,
//! multiplications, divisions and square roots alone, which IEEE 754 defines to the last bit. The standard library's
//! own transcendental functions may differ between platforms and are not used.
//!
//! Nothing rendered here proves anything about accuracy on people: camera frames carry the word SIMULATED.

pub mod head;
pub mod maths;
pub mod noise;
pub mod print;
pub mod rng;

pub use rng::Rng;
