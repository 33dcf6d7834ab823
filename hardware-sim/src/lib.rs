//! Simulated devices on the real wire protocols, and the simulated travellers who use them.
//!
//! The station never links this crate: it meets it over a serial line, a camera stream and its own HTTP pages, as it
//! meets devices and people. Every simulated device says SIMULATED in its identity, so that its records carry the mark.

pub mod authority;
pub mod camera;
pub mod clock;
pub mod day;
pub mod gallery;
pub mod libfprint;
pub mod list;
pub mod live;
pub mod mjpeg;
pub mod page;
pub mod person;
pub mod reader;
pub mod render_cli;
pub mod sbi;
pub mod scanner;
pub mod scenario;
pub mod serial;
pub mod serve;
pub mod sfm;
pub mod shift;
pub mod stage;
pub mod usb_camera;
