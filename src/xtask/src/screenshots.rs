//! `cargo xtask screenshots`: pictures of every page, for docs/screenshots, from the real programs in a real browser.

use crate::failure::Failure;
use crate::{process, setup};

/// Builds everything, walks through all pages and writes their pictures.
pub fn run() -> Result<(), Failure> {
    setup::run(setup::For::Tests)?;
    process::cargo(&["build", "--workspace", "--all-features"])?;
    process::foreground("target/debug/screenshots", &[])
}
