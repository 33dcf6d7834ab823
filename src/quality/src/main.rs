//! `gatepost-quality`: face and finger quality of picture files, one line for each file.

mod cli;
mod image_file;

use clap::Parser;
use std::io::{BufWriter, Write, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    let mut out = BufWriter::new(stdout().lock());
    match cli::run(&arguments, &mut out).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gatepost-quality: {error}");
            ExitCode::FAILURE
        }
    }
}
