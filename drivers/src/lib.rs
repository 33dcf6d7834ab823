//! Drivers for cameras, fingerprint scanners and document readers, and the station's side of them.
//!
//! Each driver runs in a process of its own (`gatepost-driver KIND DRIVER`): a camera that stalls for ever, a vendor
//! library that crashes or a hostile packet never touch the station's keys or the officer's page. The station holds a
//! [`host::DriverHandle`] for each device; the two sides speak the messages of [`wire`].
//!
//! A new driver is one file in `camera/`, `reader/` or `scanner/`, and one line in that folder's `FACTORIES`.

pub mod camera;
pub mod codes;
pub mod host;
pub mod http;
pub mod memory;
pub mod reader;
pub mod run;
#[cfg(feature = "sbi")]
pub mod sbi;
pub mod scanner;
pub mod serial;
pub mod serve;
pub mod settings;
pub mod wire;
