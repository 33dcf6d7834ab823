//! `gatepost-sim`: simulated devices and simulated travellers.

use clap::{Parser, Subcommand};
use hardware_sim::authority::AuthorityArgs;
use hardware_sim::day::DayArgs;
use hardware_sim::gallery::GalleryArgs;
use hardware_sim::person::{Person, Traits};
use hardware_sim::render_cli::RenderCommand;
use hardware_sim::serve::ServeArgs;
use hardware_sim::shift::ShiftArgs;
use hardware_sim::shift::measure::{self, MeasureArgs};
use hardware_sim::{authority, clock, day, gallery, list, render_cli, serve, shift};
use std::io::{self, Write};
use std::process::ExitCode;

/// Simulated devices on the real wire protocols, and the travellers who use them.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs a simulated authority that knows pre-arrival applications, until Ctrl-C.
    Authority(AuthorityArgs),
    /// Prints what a whole day shows to the devices as one number: the same seed gives the same day.
    Day(DayArgs),
    /// Draws the pictures of this program's README.
    Gallery(GalleryArgs),
    /// Names scenarios, kinds of travellers, devices, faults and events, one line each.
    List,
    /// Measures how quick a station is at the desk: one JSON line for each sample.
    Measure(MeasureArgs),
    /// Prints documents of simulated persons, one JSON line each, for outside judges.
    Mrz {
        /// How many.
        #[arg(long, default_value_t = 10)]
        count: u64,
        /// Seed of the first person; the others follow.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// TD1, TD2 or TD3.
        #[arg(long, default_value = "TD3")]
        format: String,
    },
    /// Draws one picture into a file.
    #[command(subcommand)]
    Render(RenderCommand),
    /// Runs all simulated devices until Ctrl-C, with a scenario if one is named.
    Serve(ServeArgs),
    /// Sends travellers through a station and writes a report.
    Shift(ShiftArgs),
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    let done = match Cli::parse().command {
        Command::Authority(args) => authority::run(&args).await.map_err(|error| error.to_string()),
        Command::Day(args) => {
            day::run(&args).and_then(|day| writeln!(io::stdout(), "{day}").map_err(|error| error.to_string()))
        }
        Command::Gallery(args) => gallery::run(&args).map_err(|error| error.to_string()),
        Command::List => io::stdout().write_all(list::text().as_bytes()).map_err(|error| error.to_string()),
        Command::Measure(args) => measure::run(args).await.map_err(|error| error.to_string()),
        Command::Mrz { count, seed, format } => print_documents(count, seed, format),
        Command::Render(command) => render_cli::run(&command).map_err(|error| error.to_string()),
        Command::Serve(args) => serve::run(args).await.map_err(|error| error.to_string()),
        Command::Shift(args) => shift::run(args).await.map_err(|error| error.to_string()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gatepost-sim: {error}");
            ExitCode::FAILURE
        }
    }
}

fn print_documents(count: u64, seed: u64, format: String) -> Result<(), String> {
    let wanted = Traits { format: Some(format), ..Traits::default() };
    let traits = wanted.checked().map_err(|error| error.to_string())?;
    let mut out = io::stdout().lock();
    for seed in seed..seed.saturating_add(count) {
        let person = Person::new(seed, &traits, clock::today());
        let line = serde_json::json!({
            "seed": seed,
            "format": traits.format().id(),
            "lines": person.lines,
            "document_code": person.facts.document_code,
            "issuing_state": person.facts.issuing_state,
            "nationality": person.facts.nationality,
            "surname": person.facts.surname,
            "given_names": person.facts.given_names,
            "document_number": person.facts.document_number,
            "birth_date": person.facts.birth_date.to_string(),
            "sex": person.facts.sex,
            "expiry_date": person.facts.expiry_date.to_string(),
        });
        writeln!(out, "{line}").map_err(|error| error.to_string())?;
    }
    Ok(())
}
