//! `cargo xtask test`: set-up, then everything built and tested with one selection of features, so that nothing is
//! built twice. Tests of whole programs start what the first command built; so does the virtual kernel at the end.

use crate::failure::Failure;
use crate::{process, setup, vm_test};

/// Set-up and all tests.
pub fn run() -> Result<(), Failure> {
    setup::run(setup::For::Tests)?;
    process::cargo(&["build", "--workspace", "--all-features"])?;
    // All of them, whatever fails first: one run shows everything that is wrong.
    process::cargo(&["test", "--workspace", "--all-features", "--no-fail-fast"])?;
    vm_test::run_built()
}
