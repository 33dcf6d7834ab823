//! `cargo xtask test`: set-up, then everything built and tested with one selection of features, so that nothing is
//! built twice. Tests of whole programs start what the first command built.

use crate::failure::Failure;
use crate::{process, setup};

/// Set-up and all tests.
pub fn run() -> Result<(), Failure> {
    setup::run(setup::For::Tests)?;
    process::cargo(&["build", "--workspace", "--all-features"])?;
    process::cargo(&["test", "--workspace", "--all-features"])
}
