//! `cargo xtask test`: set-up, then everything built and tested with one selection of features, so that nothing is
//! built twice. Tests of whole programs start what the first command built; so does the virtual kernel at the end.

mod lanes;
mod programs;

use crate::failure::Failure;
use crate::{process, setup, vm_test};

/// Everything there is, in the one selection.
const ALL: [&str; 2] = ["--workspace", "--all-features"];

/// Set-up and all tests.
pub fn run() -> Result<(), Failure> {
    setup::run(setup::For::Tests)?;
    process::cargo(&[&["build"], &ALL[..]].concat())?;
    lanes::run(programs::built(&ALL)?)?;
    process::cargo(&[&["test", "--doc", "--quiet"], &ALL[..]].concat())?;
    vm_test::run_built()
}
