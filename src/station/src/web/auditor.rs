//! The auditor's page: the end of the audit trail, or all of it that is about one case.

use super::access::{Auditor, language};
use super::errors::PageError;
use super::{App, people_pages};
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use domain::case::CaseNumber;
use serde::Deserialize;
use std::sync::Arc;
use store::Action;

/// Lines that the page shows, newest first.
const MOST_SHOWN: usize = 300;

/// What the auditor looks for.
#[derive(Deserialize)]
pub struct Wanted {
    case: Option<String>,
}

/// The lines. That somebody looks is a line too: one a log-in would be too few, so each look is.
pub async fn show(
    Auditor(login): Auditor,
    State(app): State<Arc<App>>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let typed = wanted.case.unwrap_or_default();
    let case = CaseNumber::parse(typed.trim());
    if case.is_none() && !typed.trim().is_empty() {
        return PageError::Desk(crate::desk::DeskRefusal::NoSuchCase).into_response();
    }
    let (asked, of) = (app.clone(), case.clone());
    let Some(lines) = app.off_the_loop(move || (asked.trail)(MOST_SHOWN, of.as_ref())).await else {
        return PageError::Stopping.into_response();
    };
    app.logins.note(&login.id, Action::AuditRead, None);
    people_pages::auditor(app.locales.get(language(&app, &headers)), &login, &lines, case.as_ref())
}
