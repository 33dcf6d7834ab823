//! The log-in while it lasts: what remains of it, the locked screen, and the way back to the page that was there.

use super::access::{Anybody, COOKIE, Form, cookie, set_cookie, words};
use super::errors::PageError;
use super::locale::Locale;
use super::logins::{Login, LoginRefusal, Standing, WARNING};
use super::{App, access, pages};
use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Serialize;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Before this much of the shift is left, nobody is told.
const TOLD_MINUTES: u64 = 15;

/// What a page's script needs to know of its log-in.
#[derive(Serialize)]
struct Remains {
    /// Whether the screen is locked.
    locked: bool,
    /// Milliseconds until it locks, if nobody uses it.
    idle_ms: u64,
    /// How long before that the page says so, in milliseconds.
    warning_ms: u64,
    /// Whole minutes until the log-in is over, once that is soon. A traveller at the desk is finished all the same.
    shift_minutes: Option<u64>,
}

/// What remains of the log-in. Asking does not prolong it.
pub async fn show(Anybody(login): Anybody, State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let left = login.left(app.now());
    let minutes = left.shift.as_secs().div_ceil(60);
    let ms = |of: std::time::Duration| u64::try_from(of.as_millis()).unwrap_or(u64::MAX);
    Json(Remains {
        locked: matches!(access::standing(&app, &headers), Standing::Locked(_)),
        idle_ms: ms(left.idle),
        warning_ms: ms(WARNING),
        shift_minutes: (minutes <= TOLD_MINUTES).then_some(minutes),
    })
    .into_response()
}

/// The person at the page pressed a key or moved the pointer. A locked screen stays locked.
pub async fn used(Anybody(login): Anybody, State(app): State<Arc<App>>, headers: HeaderMap, _: Form) -> Response {
    if matches!(access::standing(&app, &headers), Standing::Locked(_)) {
        return StatusCode::LOCKED.into_response();
    }
    app.logins.used(login.token(), app.now());
    StatusCode::NO_CONTENT.into_response()
}

/// Locks the screen at once: the person goes away from the desk.
pub async fn lock(Anybody(login): Anybody, State(app): State<Arc<App>>, _: Form) -> Response {
    app.logins.lock(login.token(), app.now());
    Redirect::to("/").into_response()
}

/// The same person's PIN opens the screen where it was.
pub async fn unlock(Anybody(login): Anybody, State(app): State<Arc<App>>, headers: HeaderMap, form: Form) -> Response {
    let (asked, pin, now) = (app.clone(), Zeroizing::new(form.text("pin").to_owned()), app.now());
    let who = login.clone();
    let checked = app.off_the_loop(move || asked.logins.unlock(&who, &pin, now)).await;
    let back = back_to(form.text("back"));
    match checked {
        Some(Ok(())) => Redirect::to(&back).into_response(),
        Some(Err(refusal)) => {
            let t = words(&app, &headers);
            pages::locked(t, &login, has_keys(&app, &login), &back, Some(refusal.into()))
        }
        None => PageError::Stopping.into_response(),
    }
}

/// Ends the log-in of this browser.
pub async fn log_out(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    if let Some(token) = cookie(&headers, COOKIE) {
        app.logins.log_out(token);
    }
    ([(SET_COOKIE, set_cookie(COOKIE, "", Some(0)))], Redirect::to("/login")).into_response()
}

/// What stands in place of every page of a locked screen.
pub fn wall(app: &App, request: &Request<Body>, login: &Login) -> Response {
    let path = if request.method() == Method::GET { request.uri().path() } else { "/" };
    locked(app, words(app, request.headers()), login, &back_to(path))
}

/// The locked screen of somebody, which opens to a page.
pub fn locked(app: &App, t: Locale<'_>, login: &Login, back: &str) -> Response {
    pages::locked(t, login, has_keys(app, login), back, None)
}

/// Whether the person of a locked screen may open it by a touch.
fn has_keys(app: &App, login: &Login) -> bool {
    app.logins.people().people().find(&login.id.0).is_some_and(|person| !person.keys.is_empty())
}

/// Pages that somebody stays at when the language is changed or a locked screen is opened, beside those of cases.
const PAGES: [&str; 12] = [
    "/administrator",
    "/administrator/figures",
    "/administrator/health",
    "/administrator/policy",
    "/administrator/policy/ask",
    "/auditor",
    "/login",
    "/officer",
    "/pin",
    "/supervisor",
    "/supervisor/figures",
    "/supervisor/search",
];

/// A page of this station that a form names; the start for anything else.
pub fn back_to(path: &str) -> String {
    let plain = |case: &str| case.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let ours = PAGES.contains(&path) || path.strip_prefix("/supervisor/case/").is_some_and(plain);
    if ours { path.into() } else { "/".into() }
}

impl From<LoginRefusal> for PageError {
    fn from(refusal: LoginRefusal) -> Self {
        match refusal {
            LoginRefusal::Waits(seconds) => Self::LoginWaits(seconds),
            LoginRefusal::Locked => Self::LoginLocked,
            LoginRefusal::Wrong => Self::LoginFailed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::permissions::PERMISSIONS;

    #[test]
    fn every_page_to_come_back_to_is_answered() {
        for page in PAGES {
            assert!(PERMISSIONS.iter().any(|(method, address, _)| (*method, *address) == ("GET", page)), "{page}");
        }
    }

    #[test]
    fn the_way_back_leads_to_our_own_pages_alone() {
        for (path, back) in [
            ("/officer", "/officer"),
            ("/supervisor/case/S1-20261122-0003", "/supervisor/case/S1-20261122-0003"),
            ("/supervisor/case/S1/sample/face", "/"),
            ("/supervisor/case/..%2f", "/"),
            ("/administrator/policy/ask", "/administrator/policy/ask"),
            ("/administrator/policy/leaflet", "/"),
            ("/officer/preview", "/"),
            ("//elsewhere/officer", "/"),
            ("https://elsewhere/", "/"),
            ("officer", "/"),
            ("", "/"),
        ] {
            assert_eq!(back_to(path), back, "{path}");
        }
    }
}
