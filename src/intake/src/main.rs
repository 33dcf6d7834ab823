//! `gatepost-intake`: receives the records of stations.

use clap::{Parser, Subcommand};
use intake::commands::{self, CommandFault, Which};
use intake::{Listening, Mode, clock, maintenance};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Receives, verifies and keeps the records of stations, and signs receipts.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Take in a station whose certificate an authority of yours has made, from the request that `gatepost certificate
    /// request` has written. tls/ca.pem is that authority.
    Admit {
        #[arg(long)]
        data: PathBuf,
        #[arg(long)]
        station: String,
        /// The public key that signs the station's records, as the request came with it.
        #[arg(long)]
        key: PathBuf,
        /// The certificate of the station's connections in PEM, with those between it and the authority behind it.
        #[arg(long)]
        certificate: PathBuf,
        /// Where to write what `gatepost certificate take` reads at the station.
        #[arg(long)]
        out: PathBuf,
    },
    /// Make keys, configuration and data base in a folder; what is there is left alone.
    Init {
        #[arg(long)]
        data: PathBuf,
        /// Whether records of simulated devices will be taken; for a configuration that is not there yet.
        #[arg(long)]
        mode: Mode,
        /// Name or address of this machine as stations know it, for its certificate; repeat for more. By default
        /// localhost and 127.0.0.1.
        #[arg(long = "name")]
        names: Vec<String>,
        /// Register this station too.
        #[arg(long, requires = "station_key")]
        station: Option<String>,
        /// Its public key, PEM or DER.
        #[arg(long, requires = "station")]
        station_key: Option<PathBuf>,
    },
    /// Erase the body of a record. Its signed header stays, with a signed tombstone.
    Erase {
        #[arg(long)]
        data: PathBuf,
        /// The record's name, 32 hexadecimal digits.
        #[arg(long)]
        record: String,
        /// court-order, error, replaced, request or retention.
        #[arg(long)]
        reason: String,
    },
    /// Take what a station has exported into a folder, and write receipts beside it.
    Import {
        #[arg(long)]
        data: PathBuf,
        /// The folder, as `gatepost store export` has filled it.
        from: PathBuf,
    },
    /// Make the one-time code by which a station is provisioned.
    Invite {
        #[arg(long)]
        data: PathBuf,
        #[arg(long)]
        station: String,
        /// Hours for which the code is valid.
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u16).range(1..=720))]
        hours: u16,
    },
    /// List the records, one a line; at the end those that are kept beside their station's chain.
    List {
        #[arg(long)]
        data: PathBuf,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Let the key of receipts hand over to a new one. An intake that serves from this folder takes it within half a
    /// minute, or at once on SIGHUP; copies on other machines need this folder's receipt.* files within the overlap.
    /// Stations follow by themselves.
    NextReceiptKey {
        #[arg(long)]
        data: PathBuf,
        /// Days for which stations take receipts by the old key too.
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u8).range(0..=90))]
        overlap_days: u8,
    },
    /// Open a body with the authority's private key and write it as JSON and images.
    Open {
        #[arg(long)]
        data: PathBuf,
        /// The record's name, 32 hexadecimal digits.
        #[arg(long, conflicts_with_all = ["envelope", "digest"], required_unless_present_any = ["envelope", "digest"])]
        record: Option<String>,
        /// SHA-256 of the envelope, as the list shows it: for a copy that is kept beside its station's chain.
        #[arg(long, conflicts_with = "envelope")]
        digest: Option<String>,
        /// A file with an envelope.
        #[arg(long)]
        envelope: Option<PathBuf>,
        /// Folder for what is in it.
        #[arg(long)]
        out: PathBuf,
    },
    /// Register a station's public key.
    Register {
        #[arg(long)]
        data: PathBuf,
        #[arg(long)]
        station: String,
        /// PEM or DER.
        #[arg(long)]
        key: PathBuf,
    },
    /// Erase the bodies whose time is over, as [retention] of intake.toml says. `serve` does so every hour.
    Retain {
        #[arg(long)]
        data: PathBuf,
    },
    /// Revoke every certificate of a station, one that was stolen say.
    Revoke {
        #[arg(long)]
        data: PathBuf,
        #[arg(long)]
        station: String,
    },
    /// Seal the private keys that lie here plain, of receipts, authority and intake, by the passphrase in the systemd
    /// credential gatepost-intake-passphrase.
    SealKeys {
        #[arg(long)]
        data: PathBuf,
    },
    /// Serve until told to end.
    Serve {
        #[arg(long)]
        data: PathBuf,
        /// Instead of both addresses in intake.toml.
        #[arg(long)]
        listen: Option<SocketAddr>,
        /// With --listen: where stations without a certificate apply for one.
        #[arg(long, requires = "listen")]
        provisioning: Option<SocketAddr>,
    },
    /// Follow every station's chain through the data base: signatures, digests, tombstones.
    Verify {
        #[arg(long)]
        data: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    panics_tell_their_place_only();
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info,sqlx=warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    match run(Arguments::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            // Standard error may be gone; there is nobody left to tell.
            let _ = writeln!(io::stderr(), "gatepost-intake: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// A panic tells its place and nothing else, because its words could quote an opened body, and ends the process: what
/// was promised is in the data base, and a half-working intake would be worse than one that is started again.
fn panics_tell_their_place_only() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line())).unwrap_or_default();
        // Not the log, which may not have begun; and standard error may be gone.
        let _ = writeln!(io::stderr(), "gatepost-intake: a defect at {place}; the program ends");
        std::process::abort();
    }));
}

async fn run(command: Command) -> Result<(), CommandFault> {
    match command {
        Command::Admit { data, station, key, certificate, out } => {
            let key = commands::admit(&data, &station, (&key, &certificate), &out, &clock::system()).await?;
            say(&format!("admitted {station} with key {}", key.id()))
        }
        Command::Init { data, mode, names, station, station_key } => {
            let names = if names.is_empty() { commands::local_names() } else { names };
            commands::init(&data, mode, &names, &clock::system()).await?;
            say(&format!("initialised {}", data.display()))?;
            if let (Some(station), Some(key)) = (station, station_key) {
                let id = commands::register(&data, &station, &key, &clock::system()).await?;
                say(&format!("registered {station} with key {id}"))?;
            }
            Ok(())
        }
        Command::Erase { data, record, reason } => {
            let erased = maintenance::erase(&data, &record, &reason, &clock::system()).await?;
            say(&format!("erased {erased}"))
        }
        Command::Import { data, from } => import(&data, &from).await,
        Command::Invite { data, station, hours } => {
            let invitation = commands::invite(&data, &station, hours, &clock::system()).await?;
            tracing::info!("hand the code over so that nobody else sees it: whoever has it becomes station {station}");
            say(&format!("code {}", *invitation.code))?;
            say(&format!("authority sha256:{}", invitation.authority))
        }
        Command::List { data, json } => commands::list(&data, json, &mut io::stdout().lock()).await,
        Command::NextReceiptKey { data, overlap_days } => {
            let (old, new) = maintenance::next_receipt_key(&data, overlap_days, &clock::system()).await?;
            say(&format!("receipts are signed by key {new} instead of {old} from now on, within half a minute"))
        }
        Command::Open { data, record, digest, envelope, out } => {
            open(&data, (record.as_deref(), digest.as_deref(), envelope.as_deref()), &out).await
        }
        Command::Register { data, station, key } => {
            let id = commands::register(&data, &station, &key, &clock::system()).await?;
            say(&format!("registered {station} with key {id}"))
        }
        Command::Retain { data } => {
            let erased = maintenance::retain(&data, &clock::system()).await?;
            say(&format!("erased {erased}"))
        }
        Command::Revoke { data, station } => {
            let revoked = commands::revoke(&data, &station, &clock::system()).await?;
            say(&format!("revoked {revoked} certificates of {station}"))
        }
        Command::SealKeys { data } => {
            let sealed = maintenance::seal_keys(&data)?;
            tracing::info!("the disk may still hold plain keys in blocks that nobody has written over");
            sealed.iter().try_for_each(|path| say(&format!("sealed {}", path.display())))
        }
        Command::Serve { data, listen, provisioning } => {
            let ready = |at: Listening| {
                // Whoever started us waits for this line.
                let provisioning = at.provisioning.map(|at| format!(" provisioning https://{at}")).unwrap_or_default();
                let _ = say(&format!("ready https://{}{provisioning}", at.stations));
            };
            let instead = listen.map(|stations| Listening { stations, provisioning });
            intake::serve(&data, instead, clock::system(), ready).await
        }
        Command::Verify { data } => {
            let chains = maintenance::verify(&data).await?;
            let (broken, missing) = (chains.broken.len(), chains.missing);
            say(&format!("{} records, {} erased, {missing} missing, {broken} broken", chains.records, chains.erased))?;
            if broken == 0 { Ok(()) } else { Err(CommandFault::Broken(broken)) }
        }
    }
}

async fn import(data: &Path, from: &Path) -> Result<(), CommandFault> {
    let imported = commands::import(data, from, clock::system()).await?;
    for (file, why) in &imported.refused {
        tracing::error!(file, why, "not taken");
    }
    let (new, again, keys, refused) = (imported.new, imported.again, imported.keys, imported.refused.len());
    say(&format!("{new} new, {again} known, {keys} keys, {refused} refused"))?;
    if refused == 0 { Ok(()) } else { Err(CommandFault::NotAllTaken(refused)) }
}

async fn open(data: &Path, which: (Option<&str>, Option<&str>, Option<&Path>), out: &Path) -> Result<(), CommandFault> {
    let which = match which {
        (Some(record), ..) => Which::Record(record),
        (None, Some(digest), _) => Which::Digest(digest),
        (None, None, Some(file)) => Which::Envelope(file),
        // clap demands one of them.
        (None, None, None) => return Err(CommandFault::NoRecord(String::new())),
    };
    let (files, checked) = commands::open(data, which, out).await?;
    if !checked {
        tracing::warn!("the station is not registered here: its signature was not checked");
    }
    files.iter().try_for_each(|file| say(&file.display().to_string()))
}

fn say(line: &str) -> Result<(), CommandFault> {
    writeln!(io::stdout(), "{line}")
        .map_err(|error| CommandFault::Io { what: "write to standard output".into(), error })
}
