//! What moves: the view as server-sent events, the live picture, and the health of the station.

use super::App;
use super::access::{Officer, Supervisor};
use super::errors::PageError;
use crate::desk::{Panel, View};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::convert::Infallible;
use std::sync::Arc;
use tokio_stream::wrappers::WatchStream;
use tokio_stream::{Stream, StreamExt};

/// The view, now and at every change. Only the newest counts: a slow browser misses what is no longer true.
pub async fn events(_: Officer, State(app): State<Arc<App>>) -> impl IntoResponse {
    stream(&app, |panel: &Panel| Event::default().event("view").json_data(&panel.view))
}

/// Tells the supervisor's page that the list of waiting cases has changed.
pub async fn supervisor_events(_: Supervisor, State(app): State<Arc<App>>) -> impl IntoResponse {
    stream(&app, |panel: &Panel| Event::default().event("waiting").json_data(&panel.view.parked))
}

type Made = Result<Event, axum::Error>;

fn stream(app: &App, make: fn(&Panel) -> Made) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
    let panels = WatchStream::new(app.desk.watch());
    // A view that cannot be written down is not sent; the next one will be.
    Sse::new(panels.filter_map(move |panel| make(&panel).ok().map(Ok))).keep_alive(KeepAlive::default())
}

/// The live picture while the face is captured, as the browser's own motion JPEG.
pub async fn preview(_: Officer, State(app): State<Arc<App>>) -> Response {
    if app.desk.panel().view.slot != Some("face") {
        return PageError::NotFound.into_response();
    }
    // The page may ask before the camera of this attempt has sent anything; what comes after its end is another's.
    let frames = WatchStream::from_changes(app.desk.preview()).skip_while(Option::is_none);
    let frames = frames.take_while(Option::is_some).map(|frame| {
        let jpeg = frame.unwrap_or_default();
        let mut part =
            format!("--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", jpeg.len()).into_bytes();
        part.extend_from_slice(&jpeg);
        part.extend_from_slice(b"\r\n");
        Ok::<_, Infallible>(part)
    });
    let media = [(header::CONTENT_TYPE, "multipart/x-mixed-replace; boundary=frame")];
    (media, Body::from_stream(frames)).into_response()
}

#[derive(Serialize)]
struct Health {
    software: &'static str,
    step: &'static str,
    fault: Option<String>,
    simulated: bool,
    devices: Vec<crate::desk::DevicePanel>,
    queued: u64,
    refused: usize,
    face_engine: &'static str,
}

/// How the station is, without a word about any traveller.
pub async fn health(State(app): State<Arc<App>>) -> Response {
    let panel = app.desk.panel();
    let View { step, fault, .. } = &panel.view;
    Json(Health {
        software: crate::SOFTWARE,
        step,
        fault: fault.as_ref().map(|fault| fault.code.clone()),
        simulated: panel.simulated,
        devices: panel.devices.clone(),
        queued: panel.queued,
        refused: panel.refused,
        face_engine: panel.face_engine,
    })
    .into_response()
}
