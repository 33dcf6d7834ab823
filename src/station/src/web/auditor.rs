//! The auditor's page: the audit trail, by person, action, case and day, and whether its chain holds.

use super::access::{Auditor, words};
use super::errors::PageError;
use super::{App, people_pages};
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use domain::case::CaseNumber;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Deserialize;
use std::sync::Arc;
use store::{Action, StoreFault, TrailChecked, TrailPage, TrailQuery};

/// Lines of a page.
const MOST_SHOWN: usize = 200;

/// What the page reads: the trail, and whether it holds.
pub trait Trail: Send + Sync {
    /// Lines, newest first; none where the disk cannot be read, which the log tells.
    fn page(&self, query: &TrailQuery) -> TrailPage;
    /// Reads all of the trail.
    fn check(&self) -> Result<TrailChecked, StoreFault>;
}

/// What the auditor looks for. A field that is empty is not looked at.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    /// A case's number.
    pub case: String,
    /// Somebody of the people file.
    pub who: String,
    /// A word of the trail.
    pub what: String,
    /// A local day, `2026-03-15`.
    pub day: String,
    /// Lines before that of this number.
    pub before: String,
    /// Anything but nothing: read and check the whole trail.
    pub check: String,
}

/// The lines. That somebody looks is a line too: one a log-in would be too few, so each look is.
pub async fn show(
    Auditor(login): Auditor,
    State(app): State<Arc<App>>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let case = CaseNumber::parse(wanted.case.trim());
    if case.is_none() && !wanted.case.trim().is_empty() {
        return PageError::Desk(crate::desk::DeskRefusal::NoSuchCase).into_response();
    }
    let (asked, query, checks) = (app.clone(), query(&app, &wanted, case), !wanted.check.is_empty());
    let read = app.off_the_loop(move || (asked.trail.page(&query), checks.then(|| asked.trail.check()))).await;
    let Some((page, checked)) = read else { return PageError::Stopping.into_response() };
    app.logins.note(&login.id, Action::AuditRead, None);
    people_pages::auditor(words(&app, &headers), &login, (&wanted, &page), checked)
}

fn query(app: &App, wanted: &Wanted, case: Option<CaseNumber>) -> TrailQuery {
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let day: Option<Date> = wanted.day.trim().parse().ok();
    let begins = |day: Date| Some(day.to_zoned(app.zone.clone()).ok()?.timestamp().as_millisecond());
    let between_ms = day.and_then(|day| Some((begins(day)?, begins(day.checked_add(1.day()).ok()?)?)));
    TrailQuery {
        case,
        who: given(&wanted.who),
        what: given(&wanted.what),
        between_ms,
        before: wanted.before.trim().parse().ok(),
        most: MOST_SHOWN,
    }
}
