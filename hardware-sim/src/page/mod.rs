//! "Simulated traveller": the page beside the officer's page, for whoever plays the traveller by hand.

mod hands;
mod view;

use crate::person::{Person, Traits};
use crate::shift::script;
use crate::stage::control::{ControlError, Order, carry_out};
use crate::stage::{Device, FaultKind, Stage};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Form, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::finger::Finger;
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use serde::Deserialize;
use std::io;
use std::sync::Arc;
use tokio::net::TcpListener;

/// The largest form: a preset, a number and a knob.
const MAX_FORM: usize = 4096;

/// Serves the page until the task is dropped.
pub async fn serve(stage: Arc<Stage>, listener: TcpListener) -> io::Result<()> {
    let router = Router::new()
        .route("/", get(whole))
        .route("/now", get(now))
        .route("/picture.jpg", get(picture))
        .route("/touch.png", get(touch))
        .route("/style.css", get(|| async { ([(header::CONTENT_TYPE, "text/css")], include_str!("style.css")) }))
        .route("/page.js", get(|| async { ([(header::CONTENT_TYPE, "text/javascript")], include_str!("page.js")) }))
        .route("/arrive", post(arrive))
        .route("/autopilot", post(autopilot))
        .route("/leave", post(leave))
        .route("/document", post(document))
        .route("/finger", post(finger))
        .route("/fault", post(fault))
        .route("/hand", post(hand))
        .route("/platen.png", get(platen))
        .layer(DefaultBodyLimit::max(MAX_FORM))
        .with_state(stage);
    axum::serve(listener, router).await
}

type Shared = State<Arc<Stage>>;

async fn whole(State(stage): Shared) -> Html<String> {
    Html(view::page(&stage))
}

async fn now(State(stage): Shared) -> Html<String> {
    Html(view::now(&stage))
}

/// What the camera would see. Looking here does not open it.
async fn picture(State(stage): Shared) -> Response {
    let drawn = tokio::task::spawn_blocking(move || stage.peek()).await;
    match drawn {
        Ok(jpeg) => pixels("image/jpeg", jpeg.to_vec()),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What lies on the sensor.
async fn touch(State(stage): Shared) -> Response {
    let (width, height) = stage.settings().sensor;
    let mut png = Vec::new();
    let written =
        stage.on_glass().map(|grey| PngEncoder::new(&mut png).write_image(&grey, width, height, ExtendedColorType::L8));
    match written {
        Some(Ok(())) => pixels("image/png", png),
        Some(Err(_)) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// What lies on the glass of the slap scanner.
async fn platen(State(stage): Shared) -> Response {
    let drawn = tokio::task::spawn_blocking(move || hands::glass(&stage).map(|picture| hands::png(&picture))).await;
    match drawn {
        Ok(Some(Ok(png))) => pixels("image/png", png),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Ok(Some(Err(_))) | Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn pixels(kind: &'static str, bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], Bytes::from(bytes)).into_response()
}

#[derive(Deserialize)]
struct ArriveForm {
    preset: String,
    seed: Option<u64>,
    /// 0 good to 100 hopeless.
    #[serde(default)]
    bad_fingers: u8,
}

async fn arrive(State(stage): Shared, Form(form): Form<ArriveForm>) -> Response {
    let preset = script::all().iter().find(|script| script.id == form.preset);
    let traits = preset.map(|script| script.traveller.clone()).unwrap_or_default();
    let worse = f32::from(form.bad_fingers.min(100)) / 100.0;
    let traits = Traits { degradation: traits.degradation.max(worse), ..traits };
    let seed = form.seed.unwrap_or_else(|| stage.visitor().map_or(1, |visitor| visitor.person.seed.wrapping_add(1)));
    let person = Person::new(seed, &traits, stage.settings().today);
    act(move || Ok(stage.arrive(person)?)).await
}

#[derive(Deserialize)]
struct AutopilotForm {
    on: bool,
}

async fn autopilot(State(stage): Shared, Form(form): Form<AutopilotForm>) -> Response {
    act(move || carry_out(&stage, Order::Autopilot { on: form.on }).map(drop)).await
}

async fn leave(State(stage): Shared) -> Response {
    act(move || carry_out(&stage, Order::Leave {}).map(drop)).await
}

async fn document(State(stage): Shared) -> Response {
    act(move || match stage.visitor() {
        Some(visitor) => Ok(stage.swipe(visitor.person.lines.clone())?),
        None => Ok(Err(crate::stage::StageError::NobodyThere)?),
    })
    .await
}

#[derive(Deserialize)]
struct FingerForm {
    /// Empty lifts.
    #[serde(default)]
    finger: String,
}

async fn finger(State(stage): Shared, Form(form): Form<FingerForm>) -> Response {
    let finger = Finger::from_id(&form.finger);
    act(move || carry_out(&stage, Order::Finger { finger, lightly: false }).map(drop)).await
}

async fn hand(State(stage): Shared, Form(form): Form<hands::HandForm>) -> Response {
    act(move || Ok(hands::put(&stage, &form)?)).await
}

#[derive(Deserialize)]
struct FaultForm {
    device: Device,
    fault: FaultKind,
}

async fn fault(State(stage): Shared, Form(form): Form<FaultForm>) -> Response {
    let FaultForm { device, fault } = form;
    act(move || carry_out(&stage, Order::Fault { device, fault, after_bytes: 0 }).map(drop)).await
}

/// Carries out an order and goes back to the page, or says why not.
async fn act(order: impl FnOnce() -> Result<(), ControlError> + Send + 'static) -> Response {
    match tokio::task::spawn_blocking(order).await {
        Ok(Ok(())) => Redirect::to("/").into_response(),
        Ok(Err(error)) => (StatusCode::CONFLICT, error.to_string()).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
