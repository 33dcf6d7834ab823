//! `gatepost serve`: puts the parts together and runs until it is told to stop.

use crate::clock::{Clock, wall_ms};
use crate::config::{Accepted, ConfigFaults, Loaded, Look, Mode, RulesWatch};
use crate::desk::{self, DeskParts, Keeper};
use crate::displays::Displays;
use crate::key_cli;
use crate::passphrase::{self, PassphraseError};
use crate::people::{self, PeopleError, Register, SecurityKeys, Tries};
use crate::setup::DataDir;
use crate::upload::{self, Connection, ConnectionError, News, Upload};
use crate::web::{self, App, Ceremonies, CodeTries, Locales, Logins, Moment};
use clap::Args;
use domain::case::StationId;
use domain::units::StaffId;
use link::Time;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use store::{Action, Cost, Event, KeyFault, Outbox, Reason, Sealer, StoreFault};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// How often the files of the rules are looked at. A law does not change by the second.
const LOOK_AT_RULES: Duration = Duration::from_secs(2);

/// How often changes of people are looked for that the audit trail does not have.
const LOOK_AT_PEOPLE: Duration = Duration::from_secs(2);

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
    /// The driver program; by default the one beside this program.
    #[arg(long)]
    pub driver: Option<PathBuf>,
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
    let people = Register::open(&data.people())?;
    let locales = Locales::load().map_err(ServeError::Locale)?;

    let driver_program = args.driver.clone().unwrap_or_else(|| beside_this_program("gatepost-driver"));
    let desk = desk::spawn(DeskParts {
        loaded: loaded.clone(),
        clock: clock.clone(),
        keeper: keeper.clone(),
        driver_program,
        interrupted,
    });
    let watch = RulesWatch::new(&args.config, loaded.clone());
    watch_rules((watch, accepted), clock.clone(), (keeper.clone(), desk.clone()));
    let connection = Arc::new(connection);
    start_upload(&loaded, &data, (keeper.clone(), &clock), connection.clone(), &desk)?;

    let app = App {
        desk: desk.clone(),
        logins: logins(people, Tries::new(&data.wrong_tries()), &keeper, &clock),
        locales,
        language: loaded.config.desk.language.clone(),
        zone: loaded.zone.clone(),
        hosts: hosts(&loaded),
        production: loaded.config.people.mode == Mode::Production,
        keys: SecurityKeys::new(&loaded.config.desk.address).map_err(PeopleError::Key)?,
        ceremonies: Ceremonies::default(),
        trail: trail(&keeper),
        clock: moments(&clock),
        checks: Semaphore::new(web::CHECKS),
        checkpoint: loaded.config.station.checkpoint.clone(),
        displays: Displays::new(data.displays()),
        code_tries: CodeTries::default(),
        certificate_days: days_left(connection, clock.clone()),
    };
    let app = Arc::new(app);
    note_changes_of_people(app.clone(), keeper.clone());
    tracing::info!(software = crate::SOFTWARE, address = %loaded.config.desk.address, "the station is up");
    let stop = stopped();
    let served = axum::serve(listener, web::router(app));
    tokio::select! {
        ended = served.into_future() => ended.map_err(|e| ServeError::Address(listen.to_string(), e))?,
        () = stop => tracing::info!("the station is stopping"),
    }
    desk.stop().await;
    keeper.note_quietly(&by_the_station(&clock, Action::Stopped, None));
    keeper.stopped(&clock);
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

/// Log-ins that tell the audit trail.
fn logins(people: Register, tries: Tries, keeper: &Arc<Keeper>, clock: &Arc<Clock>) -> Logins {
    let (keeper, clock) = (Arc::clone(keeper), Arc::clone(clock));
    Logins::new(people, tries).noting(move |who, what, reason| {
        keeper.note_quietly(&Event { at_ms: clock.utc_ms(), who: who.clone(), what, case: None, reason });
    })
}

/// What the auditor reads.
fn trail(keeper: &Arc<Keeper>) -> Box<web::Trail> {
    let keeper = Arc::clone(keeper);
    Box::new(move |most, case| keeper.trail(most, case))
}

/// The moments of log-ins.
fn moments(clock: &Arc<Clock>) -> Box<dyn Fn() -> Moment + Send + Sync> {
    let clock = Arc::clone(clock);
    Box::new(move || Moment { at: Instant::now(), utc_ms: clock.utc_ms() })
}

/// Changes of people wait in their file, whoever makes them, until they stand in the audit trail.
fn note_changes_of_people(app: Arc<App>, keeper: Arc<Keeper>) {
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(LOOK_AT_PEOPLE);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let (app, keeper) = (app.clone(), keeper.clone());
            let handed = tokio::task::spawn_blocking(move || {
                people::hand_over(app.logins.people(), |change| {
                    let (at_ms, who, what) = (change.at_ms, change.by.clone(), change.what);
                    keeper.note(&Event { at_ms, who, what, case: None, reason: Reason::word(&change.whom.0) }).is_ok()
                })
            });
            match handed.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "changes of people wait for the audit trail"),
                // Only a stopping runtime does not carry it out.
                Err(_) => return,
            }
        }
    });
}

fn by_the_station(clock: &Clock, what: Action, reason: Option<Reason>) -> Event {
    Event { at_ms: clock.utc_ms(), who: StaffId("station".into()), what, case: None, reason }
}

/// What this run of the station rests on: configuration, rules and key.
fn note_the_start(loaded: &Loaded, config: &Path, keeper: &Keeper, clock: &Clock) -> Result<(), ServeError> {
    let text = std::fs::read(config).map_err(|e| ServeError::File(config.display().to_string(), e))?;
    let policy = store::unhex32(&loaded.rules.digest).map(Reason::Digest);
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
    if let Err(error) = accepted.keep(&loaded.rules, clock.local().date()) {
        tracing::error!(%error, "the working rules could not be kept for the next start");
    }
}

/// Looks after the files of the rules, and tells the desk when others take over. What is refused leaves the working ones
/// in place, and is told once.
fn watch_rules(
    (mut watch, accepted): (RulesWatch, Accepted),
    clock: Arc<Clock>,
    (keeper, desk): (Arc<Keeper>, desk::DeskHandle),
) {
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(LOOK_AT_RULES);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let today = clock.local().date();
            let looked = tokio::task::spawn_blocking(move || {
                let look = watch.look(today);
                (watch, look)
            });
            // Only a stopping runtime does not carry it out.
            let Ok((again, look)) = looked.await else { return };
            watch = again;
            match look {
                Look::Same => {}
                Look::Replaced(loaded) => {
                    remember(&accepted, &loaded, &clock);
                    let digest = store::unhex32(&loaded.rules.digest).map(Reason::Digest);
                    keeper.note_quietly(&by_the_station(&clock, Action::PolicyLoaded, digest));
                    if !desk.rules(loaded).await {
                        return;
                    }
                }
                Look::Refused(faults) => {
                    tracing::error!(%faults, "other rules were refused; the working ones stay");
                }
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
    let (of_tls, of_upload, clock) = (clock.clone(), clock.clone(), clock.clone());
    let target = (factory.make)(upload::Address {
        url: &intake.url,
        station: &loaded.config.station.id,
        tls: connection.tls(Time(Arc::new(move || of_tls.utc_ms())))?,
        kilobytes_per_second: intake.kilobytes_per_second,
    });
    let target = target.map_err(ServeError::Upload)?;
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

/// A program that is installed beside this one.
pub fn beside_this_program(name: &str) -> PathBuf {
    let this = std::env::current_exe().unwrap_or_default();
    this.parent().unwrap_or(Path::new(".")).join(name)
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
