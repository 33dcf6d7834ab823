//! `intake-load`: a fleet of stations sends records to an intake on a PostgreSQL of its own, at a steady rate.
//!
//! Every record has its moment in the schedule, and its time is counted from that moment, not from when a busy machine
//! came to send it. Each record has a connection of mutual TLS of its own, whose handshake counts. Records are sealed, signed and verified as always; fleet, intake and server share this machine.

mod stations;

use clap::Parser;
use intake::testing::{Cluster, Durability};
use intake::{Database, Mode, Place, clock, commands};
use reqwest::{Client, StatusCode};
use serde_json::json;
use stations::Station;
use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// Time between making a record and its moment, so that making it does not count.
const AHEAD: Duration = Duration::from_millis(500);

/// Longest time for a record.
const PATIENCE: Duration = Duration::from_secs(30);

/// Measures how long an intake takes to acknowledge records of a fleet.
#[derive(Parser)]
struct Options {
    /// Stations, each with its own key.
    #[arg(long, default_value_t = 6000, value_parser = clap::value_parser!(u32).range(1..))]
    stations: u32,
    /// Records a second.
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// For how long.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Size of an envelope in bytes.
    #[arg(long, default_value_t = 150 << 10)]
    bytes: usize,
}

/// The intake's own program, as it is delivered.
struct Intake(Child);

impl Drop for Intake {
    fn drop(&mut self) {
        // It may have ended by itself; nothing can be done about it here.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What became of one record.
struct Sent {
    took: Duration,
    status: Option<StatusCode>,
    bytes: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("intake-load: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<serde_json::Value, Box<dyn Error>> {
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        return Err("another provider of cryptography is installed".into());
    }
    let cluster = Cluster::start(Durability::Disk)?;
    let folder = tempfile::tempdir()?;
    let data = folder.path();
    commands::init(data, Mode::Demonstration, &commands::local_names(), &clock::system()).await?;
    let tls = intake::load_tls(data, 1)?;
    let url = cluster.database()?;
    let config = data.join("intake.toml");
    fs::write(&config, fs::read_to_string(&config)?.replace("sqlite://intake.sqlite", &url))?;
    let now = clock::system();
    let database = Database::open(&Place::parse(&url, data)?).await?;
    let mut fleet = Vec::new();
    for number in 0..options.stations as usize {
        let station = Station::register(number, (data, &data.join("authority.pub")), &tls, &database, now()).await?;
        fleet.push(Arc::new(Mutex::new(station)));
    }
    database.close().await;
    let (_intake, address) = serve(data)?;
    let sent = send(&options, &fleet, &address, &now).await?;
    summary(&options, &sent)
}

fn serve(data: &Path) -> Result<(Intake, String), Box<dyn Error>> {
    let program = std::env::current_exe()?.with_file_name("gatepost-intake");
    let mut command = Command::new(program);
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).env("RUST_LOG", "warn");
    let mut intake = Intake(command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?);
    let mut line = String::new();
    BufReader::new(intake.0.stdout.take().ok_or("no standard output")?).read_line(&mut line)?;
    let address = line.split_whitespace().nth(1).ok_or("the intake did not say that it is ready")?;
    Ok((intake, address.to_owned()))
}

async fn send(
    options: &Options,
    fleet: &[Arc<Mutex<Station>>],
    address: &str,
    now: &clock::Clock,
) -> Result<Vec<Sent>, Box<dyn Error>> {
    let url = format!("{address}/v1/records");
    let begin = Instant::now() + 2 * AHEAD;
    let mut sending = JoinSet::new();
    for number in 0..options.rate * options.seconds {
        let moment = begin + Duration::from_secs(1) * number / options.rate;
        sleep_until(moment - AHEAD).await;
        // Every station has its turn; its next record waits until the one before has been made.
        let station = Arc::clone(&fleet[number as usize % fleet.len()]);
        let (url, bytes, now_ms) = (url.clone(), options.bytes, now());
        sending.spawn(async move {
            let mut station = station.lock().await;
            // A connection of its own for each record, handshake and all: stations of a country rarely share a second.
            let tls = station.link.config();
            let client = Client::builder().no_proxy().timeout(PATIENCE).tls_backend_preconfigured(tls).build()?;
            let envelope = station.next(bytes, now_ms)?;
            drop(station);
            let bytes = envelope.len();
            sleep_until(moment).await;
            let answer = client.post(url).body(envelope).send().await;
            let status = match answer {
                Ok(answer) => Some((answer.status(), answer.bytes().await.is_ok())),
                Err(_) => None,
            };
            let status = status.and_then(|(status, whole)| whole.then_some(status));
            Ok::<_, Box<dyn Error + Send + Sync>>(Sent { took: moment.elapsed(), status, bytes })
        });
    }
    let mut sent = Vec::new();
    while let Some(one) = sending.join_next().await {
        sent.push(one?.map_err(|error| error.to_string())?);
    }
    Ok(sent)
}

fn summary(options: &Options, sent: &[Sent]) -> Result<serde_json::Value, Box<dyn Error>> {
    let mut times: Vec<Duration> = sent.iter().map(|one| one.took).collect();
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1000.0;
    let acknowledged = sent.iter().filter(|one| one.status == Some(StatusCode::CREATED)).count();
    let bytes: usize = sent.iter().map(|one| one.bytes).sum();
    let line = json!({
        "stations": options.stations,
        "rate": options.rate,
        "seconds": options.seconds,
        "bytes": bytes / sent.len(),
        "acknowledged": acknowledged,
        "not_acknowledged": sent.len() - acknowledged,
        "p50_ms": at(50),
        "p95_ms": at(95),
        "p99_ms": at(99),
        "max_ms": at(100),
    });
    if acknowledged == sent.len() { Ok(line) } else { Err(format!("not all were acknowledged: {line}").into()) }
}
