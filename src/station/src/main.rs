//! The program `gatepost`.

use clap::{Parser, Subcommand};
use station::{
    certificate_cli, configure, devices_cli, display_cli, doctor, first_start, key_cli, people_cli, policy_cli,
    provision, serve, setup, store_cli,
};
use std::process::ExitCode;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// Enrolment station for border checkpoints.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Asks an authority of the operator for the certificate of the station's connections, and takes what it has made. The
    /// station must not be running.
    #[command(subcommand)]
    Certificate(certificate_cli::CertificateCommand),
    /// Asks for what only this checkpoint can know, and writes it into the configuration when it is right as a whole.
    Configure(configure::ConfigureArgs),
    /// Lists what is attached, and how it is.
    Devices(devices_cli::DevicesArgs),
    /// Looks after travellers' displays.
    #[command(subcommand)]
    Display(display_cli::DisplayCommand),
    /// Looks the station over and tells for each finding what to do. Changes nothing.
    Doctor(doctor::DoctorArgs),
    /// Leads from a configuration to the first log-in, a question at a time: keys, devices, intake, first administrator.
    FirstStart(first_start::FirstStartArgs),
    /// Makes keys and the people file of a new station.
    Init(setup::InitArgs),
    /// Looks after the station's signing key.
    #[command(subcommand)]
    Key(key_cli::KeyCommand),
    /// Looks after who may log in.
    #[command(subcommand)]
    People(people_cli::PeopleCommand),
    /// Asks or checks a policy pack.
    #[command(subcommand)]
    Policy(policy_cli::PolicyCommand),
    /// Fetches the station's certificate and the keys of its authority and its intake, once, by a code of the intake's
    /// administrator. The station must not be running.
    Provision(provision::ProvisionArgs),
    /// Runs the station.
    Serve(serve::ServeArgs),
    /// Looks after the store of sealed records.
    #[command(subcommand)]
    Store(store_cli::StoreCommand),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        Command::Certificate(command) => certificate_cli::run(&command).map_err(|e| e.to_string()),
        Command::Configure(args) => configure::run(&args).map(drop).map_err(|e| e.to_string()),
        Command::Devices(args) => devices_cli::devices(&args).map_err(|e| e.to_string()),
        Command::Display(command) => display_cli::run(&command).map_err(|e| e.to_string()),
        Command::Doctor(args) => doctor::run(&args).map_err(|e| e.to_string()),
        Command::FirstStart(args) => first_start::run(&args).map_err(|e| e.to_string()),
        Command::Init(args) => setup::init(&args).map_err(|e| e.to_string()),
        Command::Key(command) => key_cli::run(&command).map_err(|e| e.to_string()),
        Command::People(command) => people_cli::run(&command).map_err(|e| e.to_string()),
        Command::Policy(command) => policy_cli::run(command).map_err(|e| e.to_string()),
        Command::Provision(args) => provision_now(&args),
        Command::Serve(args) => serve_until_stopped(&args),
        Command::Store(command) => store_cli::run(&command).map_err(|e| e.to_string()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("gatepost: {text}");
            ExitCode::from(2)
        }
    }
}

/// A panic tells its place and nothing else, because its words could quote what was being read, and ends the process:
/// a station that goes on without its desk would be worse. What was open is shown as interrupted after the restart.
fn panics_tell_their_place_only() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "the station has a defect and ends");
        std::process::abort();
    }));
}

fn provision_now(args: &provision::ProvisionArgs) -> Result<(), String> {
    let runtime = tokio::runtime::Runtime::new().map_err(|e| e.to_string())?;
    runtime.block_on(provision::provision(args)).map_err(|e| e.to_string())
}

fn serve_until_stopped(args: &serve::ServeArgs) -> Result<(), String> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_env("GATEPOST_LOG").unwrap_or_else(|_| EnvFilter::new("info,sled=warn")))
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    panics_tell_their_place_only();
    if let Err(lacking) = drivers::memory::protect() {
        tracing::warn!(%lacking, "what is in the station's memory is not protected as it should be");
    }
    // Every HTTP client needs it, plain HTTP too. A second call would fail, and there is none.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Runtime::new().map_err(|e| e.to_string())?;
    let served = runtime.block_on(serve::serve(args)).map_err(|e| e.to_string());
    // A record that waits for room on a full disk would hold the end of the program for ever.
    runtime.shutdown_timeout(Duration::from_secs(2));
    served
}
