//! The statistics of the shift: a page for administrators and supervisors, and a file for administrators and auditors.

mod csv;
mod page;

use super::App;
use super::access::{Administrator, Auditor, Supervisor, words};
use super::logins::Login;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use page::Known;
#[cfg(test)]
pub use page::tests::busy_shift;
use serde::Deserialize;
use std::sync::Arc;
use store::Action;

/// The addresses of the figures.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/administrator/figures", get(administrator))
        .route("/administrator/figures.csv", get(administrators_file))
        .route("/auditor/figures.csv", get(auditors_file))
        .route("/supervisor/figures", get(supervisor))
}

/// How the file is named: what simulated devices gave is to be told from what counts.
const FILE: &str = "attachment; filename=\"figures.csv\"";
const SIMULATED_FILE: &str = "attachment; filename=\"figures-SIMULATED.csv\"";

/// Which shift: the time at which it began.
#[derive(Default, Deserialize)]
struct Wanted {
    shift: Option<String>,
}

async fn administrator(
    Administrator(login): Administrator,
    State(app): State<Arc<App>>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    shown(&app, &login, &headers, wanted)
}

async fn supervisor(
    Supervisor(login): Supervisor,
    State(app): State<Arc<App>>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    shown(&app, &login, &headers, wanted)
}

fn shown(app: &App, login: &Login, headers: &HeaderMap, wanted: Wanted) -> Response {
    let now = jiff::Timestamp::from_millisecond(app.now().utc_ms).unwrap_or_default();
    let current = app.figures.shifts().begun(now.to_zoned(app.zone.clone()).datetime());
    let known = app.figures.known_shifts();
    let shift = wanted.shift.filter(|shift| known.contains(shift)).unwrap_or_else(|| current.clone());
    let tally = app.figures.of(&shift);
    let known = Known { shift: &shift, current: &current, known: &known };
    page::show(words(app, headers), login, known, tally.as_ref())
}

async fn administrators_file(Administrator(login): Administrator, State(app): State<Arc<App>>) -> Response {
    file(&app, &login)
}

async fn auditors_file(Auditor(login): Auditor, State(app): State<Arc<App>>) -> Response {
    file(&app, &login)
}

/// Every shift that is known, oldest first. That somebody took it is a line of the audit trail.
fn file(app: &App, login: &Login) -> Response {
    app.logins.note(&login.id, Action::FiguresExported, None);
    let shifts: Vec<_> = app.figures.known_shifts().into_iter().rev().collect();
    let known = shifts.iter().filter_map(|shift| Some((shift.as_str(), app.figures.of(shift)?)));
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (header::CONTENT_DISPOSITION, if app.desk.panel().simulated { SIMULATED_FILE } else { FILE }),
    ];
    (headers, csv::written(known)).into_response()
}
