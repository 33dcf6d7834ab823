//! The sheet that a traveller takes along: a number to ask with, and no name.

use super::Screen;
use crate::desk::Panel;
use crate::web::errors::{PageError, page};
use crate::web::locale::{Locale, Locales};
use askama::Template;
use axum::response::{IntoResponse, Response};
use domain::case::CaseNumber;

#[derive(Template)]
#[template(path = "traveller/receipt.html")]
struct ReceiptPage<'a> {
    t: Locale<'a>,
    case: &'a CaseNumber,
    /// Local date.
    date: &'a str,
    checkpoint: &'a str,
    /// `done`, `waiting`, `nothing`, `speak`.
    outcome: &'static str,
    simulated: bool,
}

/// The receipt of the case that has just ended, or waits for a supervisor, in the traveller's language; none at any other
/// time.
pub fn receipt(locales: &Locales, panel: &Panel, checkpoint: &str) -> Response {
    let screen = Screen::of(panel);
    let Some(case) = &screen.case else { return PageError::NotFound.into_response() };
    let outcome = match screen.kind {
        "supervisor" => "waiting",
        kind => kind,
    };
    let date = panel.local_date.split(' ').next().unwrap_or_default();
    let t = locales.get(panel.language);
    page(&ReceiptPage { t, case, date, checkpoint, outcome, simulated: screen.simulated })
}
