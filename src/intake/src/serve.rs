//! `gatepost-intake serve`: two listeners, one for stations and one for those who want to become one.

use crate::accept::Service;
use crate::authority::{self, TlsFiles};
use crate::clock::Clock;
use crate::commands::{CommandFault, Config, authorities, config_of, io_fault};
use crate::database::Database;
use crate::enrolment::{Enrolment, enrolment_router};
use crate::handover::Watch;
use crate::listener::{Door, serve_on};
use crate::metrics::Metrics;
use crate::receipts::{Receipts, Signing};
use crate::service::router;
use crate::upkeep;
use link::{Identity, SetupFault, Time};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Connections of stations at once. Each has a socket and two buffers.
const STATIONS: usize = 4096;

/// Longest time for the head of a station's request, and between two of them. Stations close theirs sooner.
const STATION_HEADER: Duration = Duration::from_secs(30);

/// Connections at once of those who have no certificate: anybody.
const APPLICANTS: usize = 64;

/// The same from one address.
const APPLICANTS_OF_ONE: usize = 8;

/// Longest time for the head of an application.
const APPLICANT_HEADER: Duration = Duration::from_secs(5);

/// How often the intake's own certificate is looked at.
const LOOK: Duration = Duration::from_secs(12 * 3600);

/// Where an intake listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listening {
    /// For stations.
    pub stations: SocketAddr,
    /// For stations that have no certificate yet.
    pub provisioning: Option<SocketAddr>,
}

/// Serves until the process is told to end (SIGTERM or Ctrl-C), then lets requests finish. `instead` is taken instead of
/// the configuration's addresses; `ready` is called with those that were opened once requests are taken.
///
/// # Errors
/// Files, addresses and the data base.
pub async fn serve(
    data: &Path,
    instead: Option<Listening>,
    clock: Clock,
    ready: impl FnOnce(Listening),
) -> Result<(), CommandFault> {
    let config = config_of(data)?;
    config.may_serve(data)?;
    let at = instead.unwrap_or(Listening { stations: config.listen, provisioning: config.provisioning });
    if let Err(fault) = renew_own(data, &config, &clock) {
        // The one that is here may be good for months.
        tracing::error!(%fault, "the intake's next certificate could not be made");
    }
    let TlsFiles { authority, authority_pem, identity, issuer } =
        authority::load(data, i64::from(config.certificate_days))?;
    let issuer = issuer.map(Arc::new);
    let database = Database::open(&config.place(data)?).await?;
    let key_file = Watch::on(data.join(&config.receipt_key));
    let receipts = Signing::from(Receipts::load(&data.join(&config.receipt_key))?);
    let of_stations = Door {
        tls: Some(link::server(&authority, identity.clone(), Time(clock.clone())).map_err(unfit)?),
        most: STATIONS,
        most_of_one: usize::from(config.connections_per_address.get()),
        header: STATION_HEADER,
        keep_alive: true,
    };
    let (stations, address) = listen(at.stations).await?;
    let service = Service {
        turns: Default::default(),
        database: database.clone(),
        receipts: receipts.clone(),
        authorities: authorities(data)?,
        mode: config.mode,
        metrics: Metrics::default(),
        issuer: issuer.clone(),
        clock: clock.clone(),
    };
    let service = Arc::new(service);
    let (metrics, end) = (service.metrics.clone(), ended()?);
    upkeep::start(config.admin_listen, config.retention, &service, end.clone()).await?;
    let serving = serve_on(stations, of_stations, router(service), (metrics.clone(), end.clone()));
    let (applying, provisioning) = match (at.provisioning, issuer) {
        (Some(wished), Some(issuer)) => {
            let path = data.join("authority.pub");
            let authority = fs::read_to_string(&path).map_err(|error| io_fault("read", &path, error))?;
            let of_applicants = Door {
                tls: Some(link::server_for_anybody(identity.clone(), Time(clock.clone())).map_err(unfit)?),
                most: APPLICANTS,
                most_of_one: APPLICANTS_OF_ONE,
                header: APPLICANT_HEADER,
                keep_alive: false,
            };
            let (database, ca, clock) = (database.clone(), authority_pem, clock.clone());
            let enrolment = Enrolment { database, issuer, ca, authority, receipts: receipts.clone(), clock };
            let (applicants, address) = listen(wished).await?;
            let router = enrolment_router(Arc::new(enrolment));
            (Some(serve_on(applicants, of_applicants, router, (metrics, end))), Some(address))
        }
        (Some(_), None) => {
            tracing::warn!("tls/ca.key is not here: stations cannot be provisioned by this intake");
            (None, None)
        }
        (None, _) => (None, None),
    };
    look_after(data.to_owned(), config, identity, clock);
    key_file.start(receipts, database.clone())?;
    ready(Listening { stations: address, provisioning });
    match applying {
        Some(applying) => drop(tokio::join!(serving, applying)),
        None => serving.await,
    }
    database.close().await;
    Ok(())
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), CommandFault> {
    let fault = |error| CommandFault::Io { what: format!("listen on {address}"), error };
    let listener = TcpListener::bind(address).await.map_err(fault)?;
    let bound = listener.local_addr().map_err(fault)?;
    Ok((listener, bound))
}

/// Becomes true when the process is told to end.
fn ended() -> Result<watch::Receiver<bool>, CommandFault> {
    let fault = |error| CommandFault::Io { what: "wait for signals".into(), error };
    let mut terminate = signal(SignalKind::terminate()).map_err(fault)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(fault)?;
    let (say, heard) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        // Nobody may be listening any more.
        let _ = say.send(true);
    });
    Ok(heard)
}

/// Makes the intake's own certificate anew at two thirds of its time, where the authority's key is here. Whether it did.
fn renew_own(data: &Path, config: &Config, clock: &Clock) -> Result<bool, CommandFault> {
    let (_, facts) = authority::server(data)?;
    let now_ms = clock();
    // One whose time has not come was made by a clock that was ahead.
    if now_ms < facts.renew_from_ms() && !facts.is_early(now_ms) {
        return Ok(false);
    }
    if !data.join("tls/ca.key").exists() {
        tracing::warn!("the certificate in tls/server.pem ends soon; put the next one in its place and start again");
        return Ok(false);
    }
    authority::renew_server(data, &config.names, now_ms)?;
    tracing::info!("the intake has made its next certificate");
    Ok(true)
}

/// Looks after the intake's own certificate; connections take the next one without a restart.
fn look_after(data: PathBuf, config: Config, identity: Identity, clock: Clock) {
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(LOOK).await;
            match renew_own(&data, &config, &clock).and_then(|new| new.then(|| authority::server(&data)).transpose()) {
                Ok(Some((certified, _))) => identity.replace(certified),
                Ok(None) => {}
                Err(fault) => tracing::error!(%fault, "the intake's certificate could not be made anew"),
            }
        }
    });
}

fn unfit(fault: SetupFault) -> CommandFault {
    CommandFault::Certificate("tls".into(), fault.to_string())
}
