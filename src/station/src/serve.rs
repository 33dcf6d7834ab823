//! `gatepost serve`: puts the parts together and runs until it is told to stop.

mod people;

use crate::clock::{Clock, wall_ms};
use crate::config::{Accepted, ConfigFaults, Loaded, Look, MetricsConfig, Mode};
use crate::desk::{self, DeskParts, Keeper};
use crate::displays::Displays;
use crate::driver_place::DriverArgs;
use crate::figures::Figures;
use crate::key_cli;
use crate::metrics::{self, Measured};
use crate::noting;
use crate::passphrase::{self, PassphraseError};
use crate::people::{PeopleError, Register, SecurityKeys, Tries};
use crate::policy_desk::{self, PolicyDesk};
use crate::setup::DataDir;
use crate::upload::{self, Connection, ConnectionError, News, Upload};
use crate::web::{self, App, Ceremonies, CodeTries, Locales};
use clap::Args;
use domain::case::StationId;
use domain::units::StaffId;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{Action, Cost, Event, KeyFault, Outbox, Reason, Sealer, StoreFault};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// How often the files of the rules are looked at. A law does not change by the second.
const LOOK_AT_RULES: Duration = Duration::from_secs(2);

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 3600 * 1000;

/// Arguments of `gatepost serve`.
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// The station's configuration.
    #[arg(long)]
    pub config: PathBuf,
    /// The station's own files.
    #[arg(long)]
    pub data: PathBuf,
    /// Where the drivers are.
    #[command(flatten)]
    pub drivers: DriverArgs,
}

/// The station cannot start.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The address is taken or not allowed.
    #[error("{0} cannot be opened: {1}. Stop the program that holds it, or change [desk] listen")]
    Address(String, io::Error),
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigFaults),
    /// A file is missing.
    #[error("{0} cannot be read: {1}. Run `gatepost init` first")]
    File(String, io::Error),
    /// A key is missing.
    #[error("{0}. Run `gatepost init` first")]
    NoKey(KeyFault),
    /// A key cannot be used.
    #[error(transparent)]
    Key(KeyFault),
    /// There is no way to the intake, and no key to seal to.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The keys stay closed.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// A locale file is damaged.
    #[error("a locale file is damaged: {0}")]
    Locale(String),
    /// The people file.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// The store.
    #[error("{officer} ({code}): {0}", officer = .0.officer(), code = .0.code())]
    Store(#[from] StoreFault),
    /// The times of shifts.
    #[error("[figures] shifts: {0}")]
    Shifts(String),
    /// The upload target.
    #[error("the upload cannot be set up: {0}")]
    Upload(String),
}

impl From<KeyFault> for ServeError {
    fn from(fault: KeyFault) -> Self {
        match fault {
            KeyFault::Io(..) => Self::NoKey(fault),
            fault => Self::Key(fault),
        }
    }
}

/// Runs the station until SIGINT or SIGTERM.
pub async fn serve(args: &ServeArgs) -> Result<(), ServeError> {
    let data = DataDir(args.data.clone());
    let accepted = Accepted::new(data.accepted_rules());
    let loaded = Arc::new(Loaded::read_at_start(&args.config, &accepted, wall_ms())?);
    let listen = loaded.config.desk.listen;
    let listener = TcpListener::bind(listen).await.map_err(|e| ServeError::Address(listen.to_string(), e))?;
    let clock = Arc::new(Clock::new(loaded.zone.clone(), loaded.config.clock.trust));
    warn_of_an_unnamed_checkpoint(&loaded);
    if loaded.rules.key == DEMONSTRATION_PACKS {
        tracing::warn!("the rules are signed by the demonstration's key, which anybody has: trust your authority's");
    }
    if let Some(faults) = &loaded.instead_of {
        let working = loaded.rules.version();
        tracing::error!(%faults, working, "the configured rules are refused; those that worked last stand in");
    }
    remember(&accepted, &loaded, &clock);
    let (keeper, connection, interrupted) = open_store(&loaded, &data, &clock)?;
    note_the_start(&loaded, &args.config, &keeper, &clock)?;
    let policy = Arc::new(policy_desk((&args.config, &loaded), &data, (&keeper, &clock)));
    let loaded = policy.working();
    let people = Register::open(&data.people())?;
    let locales = Locales::load().map_err(ServeError::Locale)?;

    let figures = figures(&loaded, &data)?;
    let desk = desk::spawn(DeskParts {
        loaded: loaded.clone(),
        clock: clock.clone(),
        keeper: keeper.clone(),
        lookups: crate::lookup::open(&loaded.config.lookup, &connection, clock.for_certificates())?,
        drivers: args.drivers.place(),
        figures: figures.clone(),
        interrupted,
        last_decisions: policy.last(),
    });
    watch_rules(policy.clone(), desk.clone());
    let connection = Arc::new(connection);
    start_upload(&loaded, &data, (keeper.clone(), &clock), connection.clone(), &desk)?;

    let app = App {
        desk: desk.clone(),
        logins: people::logins(people, Tries::new(&data.wrong_tries()), &keeper, &clock),
        locales,
        language: loaded.config.desk.language.clone(),
        zone: loaded.zone.clone(),
        hosts: hosts(&loaded),
        production: loaded.config.people.mode == Mode::Production,
        keys: SecurityKeys::new(&loaded.config.desk.address).map_err(PeopleError::Key)?,
        ceremonies: Ceremonies::default(),
        trail: people::trail(&keeper, connection.receipts()),
        clock: people::moments(&clock),
        checks: Semaphore::new(web::CHECKS),
        checkpoint: loaded.config.station.checkpoint.clone(),
        displays: Displays::new(data.displays()),
        code_tries: CodeTries::default(),
        findings: crate::doctor::AtWork::new(&data, &clock, &connection, &figures).teller(),
        certificate_days: days_left(connection.clone(), clock.clone()),
        policy,
        figures,
    };
    let app = Arc::new(app);
    answer_metrics(&loaded, &data, &app, days_left(connection, clock.clone())).await?;
    noting::start(app.clone(), keeper.clone());
    tracing::info!(software = crate::SOFTWARE, address = %loaded.config.desk.address, "the station is up");
    answer_until_stopped(listener, app).await.map_err(|e| ServeError::Address(listen.to_string(), e))?;
    desk.stop().await;
    keeper.note_quietly(&by_the_station(&clock, Action::Stopped, None));
    keeper.stopped(&clock);
    Ok(())
}

/// Answers browsers until somebody stops the station.
async fn answer_until_stopped(listener: TcpListener, app: Arc<App>) -> io::Result<()> {
    let stop = stopped();
    let served = axum::serve(listener, web::router(app));
    tokio::select! {
        ended = served.into_future() => ended?,
        () = stop => tracing::info!("the station is stopping"),
    }
    Ok(())
}

/// The key of config/policies/demonstration.key, which is published.
pub const DEMONSTRATION_PACKS: &str = "b9c67b1deb37425c";

/// Any checkpoint may be one that no entry names, but a typing error would change which entry decides.
fn warn_of_an_unnamed_checkpoint(loaded: &Loaded) {
    let checkpoint = loaded.config.station.checkpoint.as_str();
    let named = |entry: &domain::policy::Entry| match &entry.checkpoints {
        domain::policy::Checkpoints::Every => false,
        domain::policy::Checkpoints::Listed(ids) => ids.iter().any(|id| id == checkpoint),
    };
    if !loaded.rules.pack.entries.iter().any(named) {
        tracing::warn!(
            checkpoint,
            "no entry of the policy pack names this checkpoint; entries for every checkpoint apply"
        );
    }
}

/// The figures of the shifts, from before a restart too.
fn figures(loaded: &Loaded, data: &DataDir) -> Result<Arc<Figures>, ServeError> {
    let path = data.figures();
    let shifts = loaded.config.figures.shifts().map_err(ServeError::Shifts)?;
    let opened = Figures::open(&path, shifts).map_err(|e| ServeError::File(path.display().to_string(), e))?;
    Ok(Arc::new(opened))
}

/// Metrics, where they are configured.
async fn answer_metrics(
    loaded: &Loaded,
    data: &DataDir,
    app: &App,
    certificate_days: Box<dyn Fn() -> i64 + Send + Sync>,
) -> Result<(), ServeError> {
    let Some(MetricsConfig { listen }) = loaded.config.metrics else { return Ok(()) };
    let listener = TcpListener::bind(listen).await.map_err(|e| ServeError::Address(listen.to_string(), e))?;
    let (figures, desk) = (app.figures.clone(), app.desk.clone());
    metrics::serve(listener, Measured { figures, desk, certificate_days, store: data.store() });
    Ok(())
}

fn by_the_station(clock: &Clock, what: Action, reason: Option<Reason>) -> Event {
    Event { at_ms: clock.utc_ms(), who: StaffId("station".into()), what, case: None, reason }
}

/// What this run of the station rests on: configuration, rules and key.
fn note_the_start(loaded: &Loaded, config: &Path, keeper: &Keeper, clock: &Clock) -> Result<(), ServeError> {
    let text = std::fs::read(config).map_err(|e| ServeError::File(config.display().to_string(), e))?;
    let policy = Some(policy_desk::reason_of(&loaded.rules));
    for (what, reason) in [
        (Action::Started, None),
        (Action::ConfigurationLoaded, Some(Reason::Digest(store::format::digest(&text)))),
        (Action::PolicyLoaded, policy),
        (Action::KeyUsed, Some(Reason::Key(keeper.signing_key().into()))),
    ] {
        keeper.note_quietly(&by_the_station(clock, what, reason));
    }
    Ok(())
}

fn open_store(
    loaded: &Loaded,
    data: &DataDir,
    clock: &Clock,
) -> Result<(Arc<Keeper>, Connection, Vec<domain::case::CaseNumber>), ServeError> {
    let station = StationId(loaded.config.station.id.clone());
    let (mut outbox, mut report) = Outbox::open(&data.store(), &station)?;
    if !report.quarantined.is_empty() || report.cut_tail.is_some() {
        let (records, cut) = (report.quarantined.len(), report.cut_tail.unwrap_or(0));
        tracing::error!(records, cut_bytes = cut, "the store was damaged; what is whole stays usable");
    }
    let (passphrase, place) = (passphrase::existing()?, loaded.config.keys.place()?);
    let signer = place.open_configured(&data.signing_key(), &passphrase)?;
    if let Some(counter) = place.counter(&data.counter(), &passphrase, Cost::USUAL)? {
        report.restored = outbox.guard(counter, clock.utc_ms())?;
    }
    if let Some(restored) = report.restored {
        tracing::error!(code = StoreFault::Restored(restored).code(), detail = %restored, "the store is an older copy");
    }
    tracing::info!(index = ?report.index, adopted = report.adopted.len(), "the store is open");
    for case in &report.interrupted {
        tracing::warn!(%case, "this case was interrupted");
        match outbox.case_closed(case, domain::session::Outcome::Interrupted) {
            // A full disk takes no line now; the next start writes it.
            Err(StoreFault::NoSpace) => tracing::error!(%case, "the disk is full: the end of this case is not written"),
            closed => closed?,
        }
    }
    for (case, outcome) in outbox.unnoted(&report)? {
        let kept = desk::record_kept(clock.utc_ms(), case, outcome);
        match outbox.note(&kept) {
            // Held, and written before the next line.
            Err(StoreFault::NoSpace) => {}
            noted => noted?,
        }
    }
    if let Some(newest) = outbox.newest_time_ms() {
        clock.compare_with_newest_record(newest);
    }
    // Asked first: a station that was never provisioned is told so, and not of a key that only `provision` makes.
    upload::provisioned(data)?;
    let connection_key = place.open(&data.connection_key(), &passphrase)?;
    let connection = Connection::open(data, &station, Arc::from(connection_key))?;
    let path = data.documents_seen();
    let document_key = std::fs::read(&path).map_err(|e| ServeError::File(path.display().to_string(), e))?;
    let sealer = Sealer::new(connection.authority().clone());
    let keeper = Keeper::new(outbox, sealer, signer, Zeroizing::new(document_key));
    Ok((Arc::new(keeper), connection, report.interrupted))
}

/// The rules work all the same where they cannot be kept for the next start.
fn remember(accepted: &Accepted, loaded: &Loaded, clock: &Clock) {
    if let Err(error) = accepted.keep(loaded, clock.local().date()) {
        tracing::error!(%error, "the working rules could not be kept for the next start");
    }
}

/// The policy desk, beside the audit trail.
fn policy_desk(
    (config, loaded): (&Path, &Arc<Loaded>),
    data: &DataDir,
    (keeper, clock): (&Arc<Keeper>, &Arc<Clock>),
) -> PolicyDesk {
    let (reading, noting) = (keeper.clone(), keeper.clone());
    let read = move |number| reading.line(number);
    let note = Box::new(move |event: &Event| noting.note_numbered(event));
    PolicyDesk::open((config, loaded.clone()), data, clock.clone(), (&read, note))
}

/// Looks after the files of the rules, and tells the desk when others take over. What is refused leaves the working ones
/// in place, and is told once.
fn watch_rules(policy: Arc<PolicyDesk>, desk: desk::DeskHandle) {
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(LOOK_AT_RULES);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            match policy.look_and_tell(&desk).await {
                Some(Look::Refused(faults)) => {
                    tracing::error!(%faults, "other rules were refused; the working ones stay");
                }
                Some(Look::Mended | Look::Replaced(_) | Look::Same) => {}
                // Only a stopping station answers nothing.
                None => return,
            }
        }
    });
}

fn start_upload(
    loaded: &Loaded,
    data: &DataDir,
    (keeper, clock): (Arc<Keeper>, &Arc<Clock>),
    connection: Arc<Connection>,
    desk: &desk::DeskHandle,
) -> Result<(), ServeError> {
    let intake = &loaded.config.intake;
    let factory = upload::find(&intake.target);
    let factory = factory.ok_or_else(|| ServeError::Upload(format!("no target \"{}\"", intake.target)))?;
    let target = (factory.make)(upload::Address {
        url: &intake.url,
        station: &loaded.config.station.id,
        tls: connection.tls(clock.for_certificates())?,
        kilobytes_per_second: intake.kilobytes_per_second,
    });
    let target = target.map_err(ServeError::Upload)?;
    let (of_upload, clock) = (clock.clone(), clock.clone());
    let (desk, noting) = (desk.clone(), keeper.clone());
    let tell = move |news| match news {
        News::Arrived(sequence) => desk.arrived(sequence),
        News::ReceiptRefused => noting.note_quietly(&by_the_station(&clock, Action::ReceiptRefused, None)),
        News::Trouble(code) => desk.intake_trouble(code),
    };
    upload::start(Upload {
        keeper,
        target,
        receipts: Mutex::new(connection.receipts().clone()),
        connection: Some(connection),
        statements: key_cli::statements(data),
        now_ms: Box::new(move || of_upload.utc_ms()),
        tell: Box::new(tell),
    });
    Ok(())
}

/// Whole days until the certificate ends, rounded down: -1 on the day after its last.
fn days_left(connection: Arc<Connection>, clock: Arc<Clock>) -> Box<dyn Fn() -> i64 + Send + Sync> {
    Box::new(move || connection.until_ms().saturating_sub(clock.utc_ms()).div_euclid(DAY_MS))
}

/// Names that a browser may use for this station.
fn hosts(loaded: &Loaded) -> Vec<String> {
    let desk = &loaded.config.desk;
    let named = desk.address.trim_start_matches("http://").to_owned();
    let port = desk.listen.port();
    vec![named, format!("localhost:{port}"), format!("127.0.0.1:{port}")]
}

async fn stopped() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
