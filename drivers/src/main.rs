//! `gatepost-driver KIND DRIVER`: drives one device for the station, which is at the other end of standard input.
//! `gatepost-driver list` prints the drivers that there are.

use clap::{Parser, ValueEnum};
use domain::device::DeviceKind;
use drivers::wire::Channel;
use drivers::{camera, memory, reader, scanner, serve};
use rustix::net::SocketType;
use rustix::net::sockopt::socket_type;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Drives one device for the station at the other end of standard input.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// What the device is for; `list` prints the drivers there are.
    kind: Kind,
    /// The driver: see `gatepost-driver list`.
    driver: Option<String>,
    /// The driver's settings as JSON, instead of the station's first message.
    #[arg(long)]
    settings: Option<serde_json::Value>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Camera,
    List,
    Reader,
    Scanner,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let kind = match arguments.kind {
        Kind::Camera => DeviceKind::Camera,
        Kind::List => return list(),
        Kind::Reader => DeviceKind::DocumentReader,
        Kind::Scanner => DeviceKind::FingerScanner,
    };
    start_log();
    if let Err(lacking) = memory::protect() {
        tracing::warn!(%lacking, "pictures in this program's memory are not protected as they should be");
    }
    let Some(driver) = arguments.driver else {
        tracing::error!("no driver is named: see `gatepost-driver list`");
        return ExitCode::from(2);
    };
    let stdin = io::stdin();
    if !matches!(socket_type(stdin.as_fd()), Ok(SocketType::SEQPACKET)) {
        tracing::error!("standard input is no socket of the station: this program is started by gatepost");
        return ExitCode::from(2);
    }
    let served = stdin.as_fd().try_clone_to_owned().map_err(serve::ServeError::from).and_then(|socket| {
        let channel = Channel::from_fd(socket);
        serve::end_with_station(&channel)?;
        serve::serve(kind, &driver, arguments.settings, channel)
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(driver, %error, "the driver ends");
            ExitCode::FAILURE
        }
    }
}

/// To standard error, which the station passes on. No message holds personal or biometric data; a panic tells its
/// place only, because its words could quote what was being read, and ends the process so that the station notices.
fn start_log() {
    let filter = EnvFilter::try_from_env("GATEPOST_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(false).init();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "the driver has a defect and ends");
        std::process::abort();
    }));
}

fn list() -> ExitCode {
    let all = [
        (DeviceKind::Camera, camera::names()),
        (DeviceKind::DocumentReader, reader::names()),
        (DeviceKind::FingerScanner, scanner::names()),
    ];
    let mut out = io::stdout().lock();
    for (kind, names) in all {
        for name in names {
            // A closed pipe ends the list early, and that is what its reader wants.
            if writeln!(out, "{} {name}", kind.id()).is_err() {
                return ExitCode::SUCCESS;
            }
        }
    }
    ExitCode::SUCCESS
}
