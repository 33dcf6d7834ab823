//! The drivers against devices that behave badly, on real transports: pseudo-terminals and loopback connections.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test whose device cannot be set up says so and ends")]

mod fakes;
mod permits;

mod camera_mjpeg;
#[cfg(feature = "sbi")]
mod camera_sbi;
mod factories;
mod host;
mod host_capture;
mod host_units;
mod reader_serial;
#[cfg(feature = "sbi")]
mod sbi_tokens;
mod scanner_ef01;
#[cfg(feature = "libfprint")]
mod scanner_libfprint;
mod scanner_live;
#[cfg(feature = "sbi")]
mod scanner_sbi;
mod scanner_sfm;
mod serving;
