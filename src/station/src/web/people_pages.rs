//! Pages about people: the touch of a key, the administrator's list, the auditor's lines.

use super::administrator::Row;
use super::auditor::Wanted;
use super::ceremonies::Ceremony;
use super::errors::{PageError, page};
use super::locale::Locale;
use super::logins::Login;
use super::pages::{Told, told};
use crate::people::Role;
use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use store::{Action, Event, StoreFault, TrailChecked, TrailPage};

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
#[template(path = "pin.html")]
struct PinPage<'a> {
    t: Locale<'a>,
    login: &'a Login,
    back: &'a str,
    refusal: Option<Told>,
}

/// Asks for a new PIN: because the old one is somebody else's choice, or because its owner wants another.
pub fn own_pin(t: Locale<'_>, login: &Login, back: &str, refused: Option<PageError>) -> Response {
    let refusal = refused.map(|refused| told(t, refused));
    let status = refusal.as_ref().map_or(StatusCode::OK, |told| told.status);
    (status, page(&PinPage { t, login, back, refusal })).into_response()
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
    wanted: &'a Wanted,
    actions: &'a [String],
    lines: Vec<Line<'a>>,
    older: Option<u64>,
    checked: Option<Checked>,
}

/// What reading the whole trail came to.
enum Checked {
    /// Every line hangs on the one before.
    Holds(Covered),
    /// This line is missing or other than it was.
    Broken(u64),
    /// It could not be read: a code.
    Unread(&'static str),
}

/// How far a whole trail is covered.
struct Covered {
    lines: usize,
    signed: u64,
    countersigned: u64,
    /// The hash of the last line, its first digits.
    head: String,
}

impl Checked {
    fn of(checked: Result<TrailChecked, StoreFault>) -> Self {
        match checked {
            Ok(found) => Self::Holds(Covered {
                lines: usize::try_from(found.lines).unwrap_or(usize::MAX),
                signed: found.signed,
                countersigned: found.countersigned,
                head: store::hex(&found.head[..8]),
            }),
            Err(StoreFault::AuditBroken { line, .. }) => Self::Broken(line),
            Err(fault) => Self::Unread(fault.code()),
        }
    }
}

/// A line of the audit trail in words.
struct Line<'a> {
    number: u64,
    time: String,
    who: &'a str,
    what: String,
    case: String,
    reason: String,
}

/// Lines of the audit trail, newest first, what was looked for, and whether the trail holds where that was asked.
pub fn auditor(
    t: Locale<'_>,
    login: &Login,
    (wanted, found): (&Wanted, &TrailPage),
    checked: Option<Result<TrailChecked, StoreFault>>,
) -> Response {
    let lines = found.lines.iter().map(|(number, event)| Line::of(*number, event)).collect();
    let actions: Vec<String> = Action::ALL.iter().map(|action| action.id()).collect();
    let checked = checked.map(Checked::of);
    page(&AuditorPage { t, login, wanted, actions: &actions, lines, older: found.older, checked })
}

impl<'a> Line<'a> {
    fn of(number: u64, event: &'a Event) -> Self {
        Self {
            number,
            time: Timestamp::from_millisecond(event.at_ms)
                .unwrap_or_default()
                .strftime("%Y-%m-%d %H:%M:%S")
                .to_string(),
            who: &event.who.0,
            what: event.what.id(),
            case: event.case.as_ref().map(ToString::to_string).unwrap_or_default(),
            reason: event.reason.as_ref().map(ToString::to_string).unwrap_or_default(),
        }
    }
}
