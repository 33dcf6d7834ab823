//! The HTTP service: one route that takes envelopes, one that takes keys, two that say how it is doing.

use crate::accept::{Accepted, Service};
use crate::database::StationStatus;
use crate::refusal::Refusal;
use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use store::format::MAX_ENVELOPE_BYTES;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_http::timeout::TimeoutLayer;

/// Requests at once: with envelopes of 4 MiB, 128 MiB of them in memory at most.
const REQUESTS: usize = 32;

/// A request that takes longer is given up.
const TIMEOUT: Duration = Duration::from_secs(30);

/// All routes.
pub fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/v1/keys", post(next_key))
        .route("/v1/records", post(receive))
        .route("/v1/stations/{id}", get(station))
        .layer(DefaultBodyLimit::max(MAX_ENVELOPE_BYTES))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, TIMEOUT))
        .layer(GlobalConcurrencyLimitLayer::new(REQUESTS))
        .with_state(service)
}

/// Takes an envelope and answers with a receipt: 201 the first time, 200 with the same receipt every other time.
async fn receive(
    State(service): State<Arc<Service>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let bytes = body.map_err(|rejected| match rejected {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => Refusal::TooLarge,
        _ => Refusal::Incomplete,
    })?;
    let Accepted { header, is_new, receipt } = service.accept(&bytes).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    tracing::info!(station = %header.station, sequence = header.sequence, status = status.as_u16(), "acknowledged");
    Ok((status, [(CONTENT_TYPE, "application/cose")], receipt).into_response())
}

/// Takes a statement of a station's old key about its next one. The same statement may come any number of times.
async fn next_key(
    State(service): State<Arc<Service>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, Refusal> {
    let statement = body.map_err(|_| Refusal::Incomplete)?;
    let rotation = service.rotate(&statement).await?;
    tracing::info!(station = %rotation.station, old = rotation.old, new = rotation.new.id(), "a key takes over");
    Ok(Json(json!({ "key": rotation.new.id(), "overlap_until": rotation.overlap_until_ms })))
}

async fn health(State(service): State<Arc<Service>>) -> Result<Json<Value>, Refusal> {
    service.database.ping().await?;
    Ok(Json(json!({ "status": "ok", "receipt_key": service.key.public().id() })))
}

async fn station(State(service): State<Arc<Service>>, Path(id): Path<String>) -> Result<Json<StationStatus>, Refusal> {
    service.database.status(&id).await?.map(Json).ok_or(Refusal::NotFound)
}
