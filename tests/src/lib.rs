//! What the tests of the whole station share: the programs as child processes on a folder of their own, an officer
//! and a supervisor at browsers, the hand on the simulated devices, a real Chromium, an intake that misbehaves.
//!
//! The programs are those beside the running test (`cargo xtask test` builds them first). Nothing here sleeps to wait:
//! every wait looks for its condition and has a limit.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on panics and says why")]

pub mod at_the_page;
pub mod chrome;
pub mod fake_intake;
pub mod heads;
pub mod officer;
pub mod people;
pub mod place;
pub mod power;
pub mod process;
pub mod proxy;
pub mod search;
pub mod sim;
pub mod small_disk;
pub mod soak;
pub mod station;
pub mod tour;
pub mod units;
pub mod wait;

pub use officer::Officer;
pub use sim::Sim;
pub use small_disk::SmallDisk;
pub use station::{Setup, Station};
