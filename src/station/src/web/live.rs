//! What moves: the view as server-sent events, the live picture, and the health of the station.

use super::App;
use super::access::{Officer, Supervisor};
use super::errors::PageError;
use super::logins::Login;
use crate::desk::{EngineView, Panel, PreviewJpeg, RulesView, Sight, View};
use crate::doctor::{Finding, Verdict};
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

/// The view, now and at every change, and what is seen in the live picture while there is one. Only the newest counts: a
/// slow browser misses what is no longer true.
pub async fn events(Officer(login): Officer, State(app): State<Arc<App>>) -> impl IntoResponse {
    let view = |panel: Arc<Panel>| Event::default().event("view").json_data(&panel.view);
    let views = WatchStream::new(app.desk.watch()).map(view);
    let seen = |sight: Sight| Event::default().event("face").json_data(&sight);
    let sights = WatchStream::from_changes(app.desk.sight()).map(seen);
    sent(views.merge(sights), app, login)
}

/// Tells the supervisor's page that the list of waiting cases has changed.
pub async fn supervisor_events(Supervisor(login): Supervisor, State(app): State<Arc<App>>) -> impl IntoResponse {
    let waiting = |panel: Arc<Panel>| Event::default().event("waiting").json_data(&panel.view.parked);
    sent(WatchStream::new(app.desk.watch()).map(waiting), app, login)
}

type Made = Result<Event, axum::Error>;

/// News, for as long as the screen that they are for is not locked.
fn sent<S: Stream<Item = Made> + Send + 'static>(
    made: S,
    app: Arc<App>,
    login: Login,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<S>> {
    written(made.take_while(move |_| app.is_open(&login)))
}

/// News as a browser takes them. What cannot be written down is not sent; the next one will be.
pub fn written<S: Stream<Item = Made> + Send + 'static>(
    made: S,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<S>> {
    Sse::new(made.filter_map(|made| made.ok().map(Ok))).keep_alive(KeepAlive::default())
}

/// The live picture while the face is captured, as the browser's own motion JPEG.
pub async fn preview(Officer(login): Officer, State(app): State<Arc<App>>) -> Response {
    if app.desk.panel().view.slot != Some("face") {
        return PageError::NotFound.into_response();
    }
    // The page may ask before the camera of this attempt has sent anything; what comes after its end is another's.
    let frames = WatchStream::from_changes(app.desk.preview()).skip_while(Option::is_none);
    let open = move |frame: &PreviewJpeg| frame.is_some() && app.is_open(&login);
    motion(frames.take_while(open).filter_map(|frame| frame))
}

/// Pictures as the browser's own motion JPEG, until there are no more.
pub fn motion(frames: impl Stream<Item = Arc<Vec<u8>>> + Send + 'static) -> Response {
    let frames = frames.map(|jpeg| {
        let mut part = format!("Content-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", jpeg.len()).into_bytes();
        part.extend_from_slice(&jpeg);
        // The boundary comes with the picture that it ends: browsers show a part when they have seen its end, and would
        // otherwise lag behind by a frame.
        part.extend_from_slice(b"\r\n--frame\r\n");
        part
    });
    let parts = tokio_stream::once(b"--frame\r\n".to_vec()).chain(frames).map(Ok::<_, Infallible>);
    let media = [(header::CONTENT_TYPE, "multipart/x-mixed-replace; boundary=frame")];
    (media, Body::from_stream(parts)).into_response()
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
    intake: Option<&'static str>,
    /// Until the certificate of connections ends; less than 0 when it has.
    certificate_days: i64,
    face_engine: EngineView,
    rules: RulesView,
    /// What is not as it should be, with what to do, in the doctor's words.
    findings: Vec<Finding>,
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
        intake: panel.intake,
        certificate_days: (app.certificate_days)(),
        face_engine: panel.face_engine.clone(),
        rules: panel.rules.clone(),
        findings: (app.findings)(&panel).into_iter().filter(|found| found.verdict != Verdict::Good).collect(),
    })
    .into_response()
}
