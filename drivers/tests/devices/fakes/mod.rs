//! Devices under the tests' control.

pub mod camera;
#[cfg(feature = "libfprint")]
pub mod feed;
#[cfg(feature = "sbi")]
pub mod pki;
pub mod pty;
#[cfg(feature = "sbi")]
pub mod sbi;
pub mod sensor;
pub mod sfm;
pub mod units;

use drivers::run::Run;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// A run that nobody stops, with this much time.
pub fn with_run<T>(time: Duration, work: impl FnOnce(&Run<'_>) -> T) -> T {
    let stop = AtomicBool::new(false);
    work(&Run::new(&stop, Some(Instant::now() + time), &|| ()))
}
