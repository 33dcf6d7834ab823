//! `cargo xtask soak NAME`: the same work for a very long time or very often, to see whether memory grows or a promise is
//! broken.

mod fuzz;
mod policy;

use crate::failure::Failure;
use crate::{package, process, setup};
use clap::Args;
use std::path::PathBuf;

/// What `soak` is told.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// What: `face` for memory; `crash-states`, `disk-faults`, `fuse-cuts`, `ext4-cuts`, `kill`, `network`,
    /// `station-cuts`, `station-days` for promises; `policy` for travellers that the rules are asked about in two ways; `package` for
    /// installing, upgrading and removing on a clean Debian; `fuzz` for parsers, where the count is seconds of each.
    name: String,
    /// How many times; without it what 24 hours bring (of frames: 30 a second), or what the project promises.
    #[arg(long)]
    count: Option<u64>,
    /// Makes the work repeatable.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// For `package`: take the programs of this folder instead of building them.
    #[arg(long, value_name = "DIR")]
    prebuilt: Option<PathBuf>,
}

/// Builds the work in release and does it. Its last line says what became of it; the exit status too.
pub fn run(options: &Options) -> Result<(), Failure> {
    if options.name == package::SOAK {
        return package::soak(options.prebuilt.as_deref(), options.count, options.seed);
    }
    if options.name == "policy" {
        // Needs nothing of the machine.
        return policy::run(options.count.unwrap_or(policy::TRAVELLERS), options.seed);
    }
    setup::run(setup::For::Programs)?;
    if options.name == "fuzz" {
        return fuzz::run(options.count.unwrap_or(fuzz::SECONDS), options.seed);
    }
    process::cargo(&["build", "--release", "--workspace", "--all-features", "--bins"])?;
    process::foreground("target/release/soak", &words(options).iter().map(String::as_str).collect::<Vec<_>>())
}

fn words(options: &Options) -> Vec<String> {
    let mut words = vec![options.name.clone(), "--seed".into(), options.seed.to_string()];
    words.extend(options.count.into_iter().flat_map(|count| ["--count".into(), count.to_string()]));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_is_passed_on() {
        let asked = |count| Options { name: "face".into(), count, seed: 7, prebuilt: None };
        assert_eq!(words(&asked(Some(20))), ["face", "--seed", "7", "--count", "20"]);
        assert_eq!(words(&asked(None)), ["face", "--seed", "7"]);
    }
}
