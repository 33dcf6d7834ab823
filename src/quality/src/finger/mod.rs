//! Fingerprint quality.
