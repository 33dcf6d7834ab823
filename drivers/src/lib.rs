//! Drivers for cameras, fingerprint scanners and document readers, and the station's side of them.
//!
//! Each driver runs in a process of its own (`gatepost-driver KIND DRIVER`): a camera that stalls for ever, a vendor
//! library that crashes or a hostile packet never touch the station's keys or the officer's page.

pub mod scanner;
