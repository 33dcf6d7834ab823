//! Fingerprint scanners.

pub mod ef01;
