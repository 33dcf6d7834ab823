//! The HTTP service: one route that takes envelopes, two that say how it is doing.

use crate::clock::Clock;
use crate::database::{Database, Kept, StationStatus};
use crate::refusal::Refusal;
use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use store::format::{Envelope, MAX_ENVELOPE_BYTES, digest};
use store::{Acknowledgement, FileKey, peek_header, sign_receipt, verify_header};
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_http::timeout::TimeoutLayer;

/// Requests at once: with envelopes of 4 MiB, 128 MiB of them in memory at most.
const REQUESTS: usize = 32;

/// A request that takes longer is given up.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What the routes share.
pub struct Service {
    /// Where records are kept.
    pub database: Database,
    /// Signs receipts.
    pub key: FileKey,
    /// Says when something came.
    pub clock: Clock,
}

/// All routes.
pub fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/v1/records", post(receive))
        .route("/v1/stations/{id}", get(station))
        .layer(DefaultBodyLimit::max(MAX_ENVELOPE_BYTES))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, TIMEOUT))
        .layer(GlobalConcurrencyLimitLayer::new(REQUESTS))
        .with_state(service)
}

/// Verifies everything that can be verified without opening the body, keeps the envelope, and answers with a receipt:
/// 201 the first time, 200 with the same receipt every other time.
async fn receive(
    State(service): State<Arc<Service>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let bytes = body.map_err(|rejected| match rejected {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => Refusal::TooLarge,
        _ => Refusal::Incomplete,
    })?;
    let envelope = Envelope::decode(&bytes).map_err(Refusal::Malformed)?;
    let claimed = peek_header(envelope.cose).map_err(Refusal::Signature)?;
    let key = service.database.key(&claimed.station.0, &claimed.signed_by).await?;
    let key = key.ok_or_else(|| Refusal::UnknownStation(claimed.station.to_string()))?;
    let header = verify_header(&key, envelope.cose).map_err(Refusal::Signature)?;
    if header.body_digest != digest(envelope.body) {
        return Err(Refusal::BodyDigest);
    }
    let acknowledgement = Acknowledgement {
        digest: digest(&bytes),
        station: header.station.clone(),
        sequence: header.sequence,
        record: header.record,
        received_ms: (service.clock)(),
    };
    let receipt = sign_receipt(&service.key, &acknowledgement).map_err(|_| Refusal::Receipt)?;
    let received_ms = acknowledgement.received_ms;
    let kept = service.database.keep(&header, &acknowledgement.digest, &bytes, &receipt, received_ms).await?;
    let (status, receipt) = match kept {
        Kept::New => (StatusCode::CREATED, receipt),
        Kept::Again(receipt) => (StatusCode::OK, receipt),
        Kept::Fork => {
            return Err(Refusal::Fork { station: header.station.to_string(), sequence: header.sequence });
        }
    };
    tracing::info!(station = %header.station, sequence = header.sequence, status = status.as_u16(), "acknowledged");
    Ok((status, [(header::CONTENT_TYPE, "application/cose")], receipt).into_response())
}

async fn health(State(service): State<Arc<Service>>) -> Result<Json<Value>, Refusal> {
    service.database.ping().await?;
    Ok(Json(json!({ "status": "ok", "receipt_key": service.key.public().id() })))
}

async fn station(State(service): State<Arc<Service>>, Path(id): Path<String>) -> Result<Json<StationStatus>, Refusal> {
    service.database.status(&id).await?.map(Json).ok_or(Refusal::NotFound)
}
