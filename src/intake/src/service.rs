//! The HTTP service for stations: routes that take envelopes and keys, that renew certificates, and that say how it is
//! doing. Each station sees its own.

use crate::accept::{Accepted, Service, Way};
use crate::database::StationStatus;
use crate::enrolment::renew;
use crate::listener::Peer;
use crate::refusal::Refusal;
use axum::Json;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRequest, FromRequestParts, Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use domain::case::StationId;
use link::{Facts, Renewed, Successions};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::format::MAX_ENVELOPE_BYTES;
use tokio::time::timeout;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_http::timeout::TimeoutLayer;

/// Records at once: with envelopes of 4 MiB, 128 MiB of them in memory at most.
const RECORDS: usize = 32;

/// Records of one station at once: an upload sends one after the other, and a second connection may replace a broken one.
const RECORDS_OF_ONE: u32 = 2;

/// Other requests at once: they are small, and must not wait for records.
const REQUESTS: usize = 32;

/// Largest body of such a request, in bytes: a statement about a key has about 400.
const MAX_STATEMENT_BYTES: usize = 4 << 10;

/// Longest time for such a body.
const BODY: Duration = Duration::from_secs(10);

/// Such a request that takes longer is given up.
const TIMEOUT: Duration = Duration::from_secs(30);

/// All routes.
pub fn router(service: Arc<Service>) -> Router {
    let records = Router::new()
        .route("/v1/records", post(receive))
        .layer(DefaultBodyLimit::max(MAX_ENVELOPE_BYTES))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, link::RECORD_PATIENCE))
        .layer(GlobalConcurrencyLimitLayer::new(RECORDS));
    Router::new()
        .route("/health", get(health))
        .route("/v1/certificate", post(next_certificate))
        .route("/v1/keys", post(next_key))
        .route("/v1/receipt-keys/{known}", get(receipt_keys))
        .route("/v1/stations/{id}", get(station))
        .route("/v1/stations/{id}/last", get(last))
        .layer(GlobalConcurrencyLimitLayer::new(REQUESTS))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, TIMEOUT))
        .layer(from_fn(gathered))
        .layer(DefaultBodyLimit::max(MAX_STATEMENT_BYTES))
        .merge(records)
        .with_state(service)
}

/// Waits for the whole body of a small request, before it takes a place among those that are worked on: bodies that come
/// slowly or never keep nobody else waiting.
pub(crate) async fn gathered(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match timeout(BODY, Bytes::from_request(Request::from_parts(parts.clone(), body), &())).await {
        Ok(Ok(body)) => next.run(Request::from_parts(parts, Body::from(body))).await,
        Ok(Err(rejected)) => not_whole(&rejected).into_response(),
        Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
    }
}

fn not_whole(rejected: &BytesRejection) -> Refusal {
    match rejected {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => Refusal::TooLarge,
        _ => Refusal::Incomplete,
    }
}

/// How many records of each station are on their way here.
#[derive(Clone, Default)]
pub struct Turns(Arc<Mutex<HashMap<StationId, u32>>>);

/// A station's turn to send a record: held while its body comes in and is kept, so that slow bodies of one station do not
/// take every place.
struct Turn {
    turns: Turns,
    station: StationId,
}

impl Turns {
    fn take(&self, station: &StationId) -> Option<Turn> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_one = taken.entry(station.clone()).or_default();
        if *of_one >= RECORDS_OF_ONE {
            return None;
        }
        *of_one += 1;
        Some(Turn { turns: self.clone(), station: station.clone() })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut taken = self.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_one) = taken.get_mut(&self.station) {
            *of_one -= 1;
            if *of_one == 0 {
                taken.remove(&self.station);
            }
        }
    }
}

/// A caller that has its turn. It comes before the body among the arguments, so that no body is read without one.
struct CallerInTurn {
    caller: Caller,
    _turn: Turn,
}

impl FromRequestParts<Arc<Service>> for CallerInTurn {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, service: &Arc<Service>) -> Result<Self, Refusal> {
        let caller = Caller::from_request_parts(parts, service).await?;
        let turn = service.turns.take(&caller.station).ok_or(Refusal::Busy)?;
        Ok(Self { caller, _turn: turn })
    }
}

/// The station whose certificate the connection has shown, and which is still valid at this request.
struct Caller {
    station: StationId,
    certificate: Facts,
}

impl FromRequestParts<Arc<Service>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, service: &Arc<Service>) -> Result<Self, Refusal> {
        let peer = ConnectInfo::<Peer>::from_request_parts(parts, service).await.map_err(|_| Refusal::NoStation)?;
        let certificate = peer.0.certificate.ok_or(Refusal::NoStation)?;
        let station = certificate.station.clone().ok_or(Refusal::NoStation)?;
        // A connection may be older than both.
        let over = certificate.is_over((service.clock)());
        if over || service.database.is_revoked(&certificate.fingerprint).await? {
            return Err(Refusal::CertificateOver);
        }
        Ok(Self { station, certificate })
    }
}

impl Caller {
    /// Stations see themselves alone.
    fn is(&self, id: &str) -> Result<(), Refusal> {
        if self.station.0 == id {
            Ok(())
        } else {
            Err(Refusal::OtherStation { shown: self.station.to_string(), claimed: id.into() })
        }
    }
}

/// Takes an envelope and answers with a receipt: 201 the first time, 200 with the same receipt every other time.
async fn receive(
    State(service): State<Arc<Service>>,
    CallerInTurn { caller, _turn }: CallerInTurn,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let bytes = body.map_err(|rejected| not_whole(&rejected))?;
    let Accepted { header, is_new, receipt } = service.accept(&bytes, Way::Connection(&caller.station)).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    tracing::info!(station = %header.station, sequence = header.sequence, status = status.as_u16(), "acknowledged");
    Ok((status, [(CONTENT_TYPE, "application/cose")], receipt).into_response())
}

/// Takes a statement of a station's old key about its next one. The same statement may come any number of times.
async fn next_key(
    State(service): State<Arc<Service>>,
    caller: Caller,
    statement: Bytes,
) -> Result<Json<Value>, Refusal> {
    let rotation = service.rotate(&statement, Way::Connection(&caller.station)).await?;
    tracing::info!(station = %rotation.station, old = rotation.old, new = rotation.new.id(), "a key takes over");
    Ok(Json(json!({ "key": rotation.new.id(), "overlap_until": rotation.overlap_until_ms })))
}

async fn health(State(service): State<Arc<Service>>) -> Result<Json<Value>, Refusal> {
    service.database.ping().await?;
    Ok(Json(json!({ "status": "ok", "receipt_key": service.receipts.now().key.public().id() })))
}

async fn station(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<StationStatus>, Refusal> {
    caller.is(&id)?;
    service.database.status(&id).await?.map(Json).ok_or(Refusal::NotFound)
}

/// The receipt of the caller's last record here, so that it finds out whether its store is an old copy: 204 for none.
async fn last(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    caller.is(&id)?;
    Ok(match service.database.last_receipt(&id).await? {
        Some(receipt) => {
            let receipt = service.receipts.now().renewed(receipt).map_err(|_| Refusal::Receipt)?;
            ([(CONTENT_TYPE, "application/cose")], receipt).into_response()
        }
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// What leads on from a key of receipts that the caller knows to the one that signs now.
async fn receipt_keys(
    State(service): State<Arc<Service>>,
    _caller: Caller,
    Path(known): Path<String>,
) -> Result<Json<Successions>, Refusal> {
    Ok(Json(Successions::of(&service.database.receipts_after(&known, Successions::MOST).await?)))
}

/// The caller's next certificate, for the key that it has.
async fn next_certificate(State(service): State<Arc<Service>>, caller: Caller) -> Result<Json<Renewed>, Refusal> {
    let shown = (&caller.station, &caller.certificate);
    renew((&service.database, service.issuer.as_deref()), shown, (service.clock)()).await.map(Json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_station_has_two_places_and_gives_them_back() {
        let (turns, station) = (Turns::default(), |id: &str| StationId(id.into()));
        let (first, second) = (turns.take(&station("S1")), turns.take(&station("S1")));
        assert!(first.is_some() && second.is_some());
        assert!(turns.take(&station("S1")).is_none(), "a third one waits");
        assert!(turns.take(&station("S2")).is_some(), "others do not");
        drop(first);
        assert!(turns.take(&station("S1")).is_some());
        drop(second);
        assert!(turns.0.lock().unwrap().is_empty(), "nothing is left of stations that are gone");
    }
}
