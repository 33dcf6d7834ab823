//! Face quality.
