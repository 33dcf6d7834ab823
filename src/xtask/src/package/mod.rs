//! `cargo xtask package`: Debian packages of the station, the intake, the screens and the simulator, in target/package.
//!
//! A package is data: a folder below packaging/. The same programs and files give the same bytes, because every time in a
//! package is that of SOURCE_DATE_EPOCH (the last commit where nobody says another).

mod bill;
mod build;
mod clean_root;
mod help;
mod licences;
mod metadata;
mod recipe;
mod soak;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod unit_tests;
mod units;

pub use soak::{NAME as SOAK, run as soak};

use crate::failure::Failure;
use crate::process::{cargo, said};
use crate::setup;
use clap::Args;
use metadata::Metadata;
use recipe::{NAMES, Recipe};
use std::path::{Path, PathBuf};

/// Where packages go.
const OUT: &str = "target/package";

/// What the programs of the packages are built with besides the usual: keys in a TPM 2.0, and USB scanners.
const FEATURES: &str = "station/tpm,drivers/libfprint";

/// What `package` is told.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Take the programs of this folder instead of building them.
    #[arg(long, value_name = "DIR")]
    prebuilt: Option<PathBuf>,
    /// Another version than the workspace's.
    #[arg(long)]
    version: Option<String>,
    /// Only these packages.
    names: Vec<String>,
}

/// Makes the packages, and tells the exposure of each unit.
pub fn run(options: &Options) -> Result<(), Failure> {
    setup::run(setup::For::Packages)?;
    let programs = programs(options.prebuilt.as_deref())?;
    let made = make(options, &programs, Path::new(OUT))?;
    for package in &made {
        println!("{}", package.display());
    }
    units::report()
}

/// The folder with the programs, built now where none is given.
fn programs(prebuilt: Option<&Path>) -> Result<PathBuf, Failure> {
    match prebuilt {
        Some(folder) => Ok(folder.into()),
        None => {
            cargo(&["build", "--release", "--locked", "--features", FEATURES])?;
            Ok("target/release".into())
        }
    }
}

/// Makes the packages in a folder: their files.
fn make(options: &Options, programs: &Path, out: &Path) -> Result<Vec<PathBuf>, Failure> {
    let metadata = Metadata::read(FEATURES)?;
    let version = options.version.clone().unwrap_or_else(|| metadata.version().to_owned());
    let epoch = epoch()?;
    let wanted = |name: &&&str| options.names.is_empty() || options.names.iter().any(|wanted| wanted == *name);
    if let Some(unknown) = options.names.iter().find(|name| !NAMES.contains(&name.as_str())) {
        return Err(Failure::new(format!("There is no package {unknown}. There are: {}.", NAMES.join(", "))));
    }
    let made = NAMES.iter().filter(wanted).map(|name| {
        let recipe = Recipe::read(name)?;
        build::Build { recipe: &recipe, version: &version, epoch, programs, metadata: &metadata }.make(out)
    });
    made.collect()
}

/// Seconds since 1970 that stand in the packages.
fn epoch() -> Result<u64, Failure> {
    let text = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text,
        Err(_) => said("git", &["log", "-1", "--format=%ct"])?,
    };
    text.trim().parse().map_err(|_| Failure::new(format!("SOURCE_DATE_EPOCH={text} is no number of seconds.")))
}
