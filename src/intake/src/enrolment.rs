//! How a station becomes one: its application with a one-time code, and its next certificates.

use crate::authority::Authority;
use crate::clock::Clock;
use crate::database::{Database, Made, Redeemed, Shown};
use crate::listener::Peer;
use crate::patience::Patience;
use crate::receipts::Signing;
use crate::refusal::Refusal;
use crate::service::gathered;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::post;
use axum::{Json, Router};
use domain::case::StationId;
use link::{Facts, Provisioned, Renewed, chain_from_pem};
use std::sync::Arc;
use std::time::Duration;
use store::{Application, VerifyKey};
use tokio::time::{Instant, sleep};
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_http::timeout::TimeoutLayer;

/// Largest application, in bytes: one has about 700.
const MAX_APPLICATION_BYTES: usize = 4 << 10;

/// Applications that are looked at at once: they are whole by then, so nobody takes a place by being slow.
const REQUESTS: usize = 8;

/// An application that takes longer is given up.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What makes stations of applicants.
pub struct Enrolment {
    /// Where invitations and keys are.
    pub database: Database,
    /// Makes certificates.
    pub issuer: Arc<Authority>,
    /// The authority's certificate, in PEM.
    pub ca: String,
    /// The public key that bodies are sealed to, in PEM.
    pub authority: String,
    /// The keys of receipts.
    pub receipts: Signing,
    /// Says what time it is.
    pub clock: Clock,
}

/// The one route for those who have no certificate yet.
pub fn enrolment_router(enrolment: Arc<Enrolment>) -> Router {
    Router::new()
        .route("/v1/provision", post(provision))
        .layer(GlobalConcurrencyLimitLayer::new(REQUESTS))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, TIMEOUT))
        .layer(from_fn(gathered))
        .layer(DefaultBodyLimit::max(MAX_APPLICATION_BYTES))
        .layer(from_fn_with_state(Arc::<Patience>::default(), unhurried))
        .with_state(enrolment)
}

/// Lets those wait who have brought many wrong applications, and counts another one.
async fn unhurried(
    State(patience): State<Arc<Patience>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    sleep(patience.pause(peer.address, Instant::now())).await;
    let response = next.run(request).await;
    if response.status().is_client_error() {
        patience.wrong(peer.address, Instant::now());
    }
    response
}

async fn provision(
    State(enrolment): State<Arc<Enrolment>>,
    message: Bytes,
) -> Result<(StatusCode, Json<Provisioned>), Refusal> {
    enrolment.provision(&message).await.map(|provisioned| (StatusCode::CREATED, Json(provisioned)))
}

impl Enrolment {
    /// Takes a station's application: its code is used up, its signing key is registered, its certificate is made.
    ///
    /// # Errors
    /// [`Refusal`] with a code of its own for each reason.
    pub async fn provision(&self, message: &[u8]) -> Result<Provisioned, Refusal> {
        let application = Application::verify(message).map_err(Refusal::Application)?;
        let Application { station, signing_key, connection_key, code, .. } = application;
        let now_ms = (self.clock)();
        let keys = format!("{} {}", signing_key.id(), connection_key.id());
        match self.database.redeem(&station.0, &code, &keys, now_ms).await? {
            Redeemed::Yes => {}
            refused => {
                tracing::warn!(station = %station, reason = ?refused, "an application is refused");
                return Err(Refusal::Code(refused));
            }
        }
        self.database.register(&station.0, &signing_key, now_ms).await?;
        let shown = Shown::Invitation(&keys);
        let certificate = certify((&self.database, &self.issuer), (&station, &connection_key), shown, now_ms).await?;
        let certificate = certificate.ok_or(Refusal::Code(Redeemed::Wrong))?;
        tracing::info!(station = %station, key = signing_key.id(), "a station was provisioned");
        Ok(Provisioned {
            station: station.0,
            certificate,
            ca: self.ca.clone(),
            authority: self.authority.clone(),
            receipts: self.receipts.now().key.public().to_pem(),
            earlier_receipts: Vec::new(),
        })
    }
}

/// The next certificate of a station, for the key of the connection that asks for it.
///
/// # Errors
/// [`Refusal::NoIssuer`] where certificates are made elsewhere; a failing data base.
pub async fn renew(
    (database, issuer): (&Database, Option<&Authority>),
    (station, shown): (&StationId, &Facts),
    now_ms: i64,
) -> Result<Renewed, Refusal> {
    let issuer = issuer.ok_or(Refusal::NoIssuer)?;
    let key = VerifyKey::from_der(&shown.key).ok_or(Refusal::NoStation)?;
    let shown = Shown::Certificate(&shown.fingerprint);
    let certificate = certify((database, issuer), (station, &key), shown, now_ms).await?;
    let certificate = certificate.ok_or(Refusal::CertificateOver)?;
    tracing::info!(station = %station, "a station has its next certificate");
    Ok(Renewed { certificate })
}

/// A certificate that is on record; nothing when the station was revoked in between.
async fn certify(
    (database, issuer): (&Database, &Authority),
    (station, key): (&StationId, &VerifyKey),
    shown: Shown<'_>,
    now_ms: i64,
) -> Result<Option<String>, Refusal> {
    let certificate = issuer.station(station, key, now_ms).map_err(|fault| {
        tracing::error!(%fault, "no certificate could be made");
        Refusal::NoIssuer
    })?;
    let facts = chain_from_pem(&certificate).and_then(|chain| Facts::read(chain.first()?)).ok_or(Refusal::NoIssuer)?;
    let (fingerprint, not_after_ms) = (&facts.fingerprint, facts.not_after_ms);
    let made = Made { station: &station.0, fingerprint, not_after_ms, shown };
    Ok(database.certificate_made(&made, now_ms).await?.then_some(certificate))
}
