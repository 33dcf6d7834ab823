//! What the fuzzers throw bytes at: every parser of bytes from outside, without I/O. `fuzz/` has a line for each, which
//! libFuzzer guides by what it covers; `cargo xtask soak fuzz` runs them; the tests replay what they begin with.
//!
//! A target fails by panicking. Beyond that it holds what was read against its own writing, where there is one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a target fails by panicking")]

mod config;
mod envelope;
mod http;
mod pictures;
mod seeds;
mod serial;

pub use seeds::seeds;

use domain::mrz;
use domain::policy::Pack;
use jiff::civil::{Date, date};

/// Something that takes bytes.
pub struct Target {
    /// Its name, and that of its corpus.
    pub name: &'static str,
    /// Takes them.
    pub run: fn(&[u8]),
}

/// Every target, in the order of their names.
pub const TARGETS: &[Target] = &[
    Target { name: "config", run: config::settings },
    Target { name: "envelope", run: envelope::envelope },
    Target { name: "http", run: http::bodies },
    Target { name: "image", run: pictures::front },
    Target { name: "mrz", run: lines },
    Target { name: "policy", run: policy },
    Target { name: "print", run: pictures::print },
    Target { name: "receipt", run: envelope::receipt },
    Target { name: "serial", run: serial::packets },
];

/// Takes bytes by a target of this name.
///
/// # Panics
/// When there is none, or when it has found something.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap_or_else(|| panic!("no target {name}"));
    (target.run)(bytes);
}

/// A day that everything is judged on.
const TODAY: Date = date(2026, 3, 1);

/// Lines of a document, as read or typed.
fn lines(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(read) = mrz::parse(&text) {
        let _ = (
            read.birth_date.birth_candidates(TODAY),
            read.expiry_date.expiry_range(TODAY),
            read.failed_checks().count(),
        );
    }
}

/// The rules of a country.
fn policy(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Err(faults) = Pack::parse(&text) {
        assert!(!faults.to_string().is_empty(), "a refusal says why");
    }
}
