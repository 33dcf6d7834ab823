//! Pages about people: the touch of a key, the administrator's list, the auditor's lines.

use super::administrator::Row;
use super::ceremonies::Ceremony;
use super::errors::page;
use super::locale::Locale;
use super::logins::Login;
use crate::people::Role;
use askama::Template;
use axum::response::Response;
use domain::case::CaseNumber;
use jiff::Timestamp;
use store::Event;

#[derive(Template)]
#[template(path = "touch.html")]
struct TouchPage<'a> {
    t: Locale<'a>,
    whom: &'a str,
    csrf: &'a str,
    known: bool,
}

/// Asks for the touch of a known key, or of one to be registered.
pub fn touch(t: Locale<'_>, ceremony: &Ceremony, known: bool) -> Response {
    page(&TouchPage { t, whom: &ceremony.whom.0, csrf: &ceremony.csrf, known })
}

#[derive(Template)]
#[template(path = "administrator.html")]
struct AdministratorPage<'a> {
    t: Locale<'a>,
    login: &'a Login,
    rows: &'a [Row],
    roles: [Role; 4],
    given: Option<(&'a str, &'a str)>,
}

/// Everybody who may log in, and the code that was just given to one of them.
pub fn administrator(t: Locale<'_>, login: &Login, rows: &[Row], given: Option<(&str, &str)>) -> Response {
    page(&AdministratorPage { t, login, rows, roles: Role::ALL, given })
}

#[derive(Template)]
#[template(path = "auditor.html")]
struct AuditorPage<'a> {
    t: Locale<'a>,
    login: &'a Login,
    lines: Vec<Line<'a>>,
    case: Option<&'a CaseNumber>,
}

/// A line of the audit trail in words.
struct Line<'a> {
    time: String,
    who: &'a str,
    what: String,
    case: String,
    reason: String,
}

/// Lines of the audit trail, newest first.
pub fn auditor(t: Locale<'_>, login: &Login, events: &[Event], case: Option<&CaseNumber>) -> Response {
    let lines = events.iter().map(Line::of).collect();
    page(&AuditorPage { t, login, lines, case })
}

impl<'a> Line<'a> {
    fn of(event: &'a Event) -> Self {
        let what = serde_json::to_value(event.what).ok();
        Self {
            time: Timestamp::from_millisecond(event.at_ms)
                .unwrap_or_default()
                .strftime("%Y-%m-%d %H:%M:%S")
                .to_string(),
            who: &event.who.0,
            what: what.and_then(|what| Some(what.as_str()?.to_owned())).unwrap_or_default(),
            case: event.case.as_ref().map(ToString::to_string).unwrap_or_default(),
            reason: event.reason.as_ref().map(ToString::to_string).unwrap_or_default(),
        }
    }
}
