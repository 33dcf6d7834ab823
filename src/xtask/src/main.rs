//! The commands of the project's own house: `cargo xtask setup | run | test | vm-test | judge | bench | package |
//! screenshots | soak`.
//!
//! Each does the whole of what it says on a fresh machine, and where it cannot, it says what is missing and what to
//! type. Nothing of the product is linked in: the programs are built and met as their users meet them.

mod bench;
mod demo;
mod failure;
mod http;
mod judge;
mod models;
mod package;
mod packages;
mod process;
mod run;
mod screenshots;
mod setup;
mod soak;
mod test;
mod vm_test;

use clap::{Parser, Subcommand};
use failure::Failure;
use std::path::PathBuf;
use std::process::ExitCode;

/// Set-up, run, test, judge and bench of Gatepost.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what the build and the tests need, and check the models.
    Setup {
        /// Also what `test` and `judge` need: a browser and Python environments.
        #[arg(long)]
        all: bool,
    },
    /// Build in release, start intake, simulated devices and station, and stop them on Ctrl-C.
    Run(run::Options),
    /// Set-up and all tests, those in the virtual kernel among them.
    Test,
    /// The drivers in Debian's kernel under QEMU, with virtual cameras and a virtual USB port.
    VmTest {
        /// With the programs as they were built before.
        #[arg(long)]
        built: bool,
    },
    /// Compare with outside programs: all, or those named.
    Judge(judge::Options),
    /// Measure, print a table and write target/bench.json.
    Bench(bench::Options),
    /// Make Debian packages in target/package: station, intake, screens, simulator.
    Package(package::Options),
    /// Take pictures of every page, for docs/screenshots.
    Screenshots,
    /// Do the same for as long as a day lasts, and see whether memory grows.
    Soak(soak::Options),
}

fn main() -> ExitCode {
    let done = to_root().and_then(|()| match Cli::parse().command {
        Command::Setup { all } => setup::run(if all { setup::For::Everything } else { setup::For::Programs }),
        Command::Run(options) => run::run(&options),
        Command::Test => test::run(),
        Command::VmTest { built: true } => vm_test::run_built(),
        Command::VmTest { built: false } => vm_test::run(),
        Command::Judge(options) => judge::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Package(options) => package::run(&options),
        Command::Screenshots => screenshots::run(),
        Command::Soak(options) => soak::run(&options),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\n{failure}");
            failure.exit_code()
        }
    }
}

/// Every path below is relative to the workspace's folder.
fn to_root() -> Result<(), Failure> {
    let crate_folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let root = crate_folder.ancestors().nth(2).unwrap_or(&crate_folder);
    std::env::set_current_dir(root).map_err(|error| Failure::io("go to the workspace's folder", root, &error))
}
