//! The supervisor's page: cases that wait for a second person.

use super::access::{Form, Supervisor, words};
use super::errors::PageError;
use super::pages::History;
use super::{App, live, pages};
use crate::desk::{Command, DeskRefusal, ReviewDecision};
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::case::CaseNumber;
use domain::session::Slot;
use serde::Deserialize;
use std::sync::Arc;

/// Reasons that a supervisor chooses from: the keys of their texts.
pub const REASONS: &[&str] =
    &["condition-of-skin", "evidence-seen", "evidence-insufficient", "sample-unusable", "same-person-doubted", OTHER];

/// The reason that says nothing without words of one's own.
pub const OTHER: &str = "other";

/// The supervisor's addresses.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/supervisor", get(list))
        .route("/supervisor/events", get(live::supervisor_events))
        .route("/supervisor/search", get(search))
        .route("/supervisor/case/{case}", get(case))
        .route("/supervisor/case/{case}/sample/{slot}", get(sample))
        .route("/supervisor/decide", post(decide))
        .route("/supervisor/end-shift", post(end_shift))
}

async fn list(Supervisor(login): Supervisor, State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    pages::supervisor(words(&app, &headers), &login, &app.desk.panel())
}

async fn case(
    Supervisor(login): Supervisor,
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(number) = CaseNumber::parse(&number) else { return PageError::NotFound.into_response() };
    let t = words(&app, &headers);
    let history = History { lines: app.desk.history(number.clone()).await, zone: &app.zone };
    let panel = app.desk.panel();
    match panel.parked.iter().find(|parked| parked.view.case == number) {
        Some(parked) => pages::review(t, &login, parked, &panel, &history),
        None if history.lines.is_empty() => PageError::Desk(DeskRefusal::UnknownCase).into_response(),
        None => pages::history(t, &login, &number, &panel, &history),
    }
}

/// The number of a case is all that can be searched for.
#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    case: String,
}

async fn search(_: Supervisor, Query(search): Query<Search>) -> Response {
    match CaseNumber::parse(search.case.trim().to_ascii_uppercase().as_str()) {
        Some(case) => Redirect::to(&format!("/supervisor/case/{case}")).into_response(),
        None => PageError::Desk(DeskRefusal::UnknownCase).into_response(),
    }
}

/// Which attempt is to be seen.
#[derive(Deserialize)]
struct Which {
    attempt: Option<u8>,
}

async fn sample(
    _: Supervisor,
    State(app): State<Arc<App>>,
    Path((case, slot)): Path<(String, String)>,
    Query(which): Query<Which>,
) -> Response {
    let (Some(case), Some(slot)) = (CaseNumber::parse(&case), Slot::from_id(&slot)) else {
        return PageError::NotFound.into_response();
    };
    match app.desk.sample(case, slot, which.attempt).await {
        Some((media, bytes)) => ([(header::CONTENT_TYPE, media)], bytes.expose().clone()).into_response(),
        None => PageError::NotFound.into_response(),
    }
}

async fn decide(Supervisor(login): Supervisor, State(app): State<Arc<App>>, form: Form) -> Response {
    let refusal = match review(&form) {
        Ok(command) => match app.desk.order(command, &login.id, None).await {
            Some(Ok(())) => return Redirect::to("/supervisor").into_response(),
            Some(Err(refusal)) => PageError::Desk(refusal),
            None => PageError::Stopping,
        },
        Err(refusal) => PageError::Desk(refusal),
    };
    refusal.into_response()
}

/// The form carries a word that only a ticked box sends: one press too many must not forget anybody.
async fn end_shift(Supervisor(login): Supervisor, State(app): State<Arc<App>>, form: Form) -> Response {
    if form.text("sure") != "yes" {
        return PageError::Desk(DeskRefusal::UnknownAnswer).into_response();
    }
    match app.desk.order(Command::EndShift, &login.id, None).await {
        Some(Ok(())) => Redirect::to("/supervisor").into_response(),
        Some(Err(refusal)) => PageError::Desk(refusal).into_response(),
        None => PageError::Stopping.into_response(),
    }
}

fn review(form: &Form) -> Result<Command, DeskRefusal> {
    let case = CaseNumber::parse(form.text("case")).ok_or(DeskRefusal::NoSuchCase)?;
    let decision = match form.text("decision") {
        "approve" => ReviewDecision::Approve,
        "recapture" => ReviewDecision::Recapture,
        "refuse" => ReviewDecision::Refuse,
        _ => return Err(DeskRefusal::UnknownAnswer),
    };
    let reason = form.text("reason");
    if !REASONS.contains(&reason) {
        return Err(DeskRefusal::ReasonMissing);
    }
    let note = form.note("note")?;
    if reason == OTHER && note.is_empty() {
        return Err(DeskRefusal::NoteMissing);
    }
    let reason = if note.is_empty() { reason.to_owned() } else { format!("{reason}: {note}") };
    let seen = form.text("seen").parse().ok();
    Ok(Command::Review { case, decision, reason, family: form.text("family") == "yes", seen })
}
