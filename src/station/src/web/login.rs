//! Log-in and the choice of language.

use super::access::{COOKIE, LANGUAGE_COOKIE, cookie, set_cookie, standing, words};
use super::errors::PageError;
use super::locale::LANGUAGES;
use super::logins::Standing;
use super::session::back_to;
use super::{App, pages, second};
use crate::people::{Person, Role};
use axum::Form;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{REFERER, SET_COOKIE};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Sends everybody to their own page.
pub async fn home(State(app): State<Arc<App>>, headers: HeaderMap) -> Redirect {
    match standing(&app, &headers) {
        Standing::Open(login) | Standing::Locked(login) => Redirect::to(start_of(login.role)),
        Standing::Nobody => Redirect::to("/login"),
    }
}

/// The log-in page.
pub async fn page(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    said(&app, &headers, None)
}

/// The fields of the log-in form. `Debug` is not derived: one of them is a PIN.
#[derive(Deserialize)]
pub struct LoginForm {
    person: String,
    pin: String,
}

/// Checks name and PIN.
pub async fn log_in(State(app): State<Arc<App>>, headers: HeaderMap, Form(form): Form<LoginForm>) -> Response {
    let (asked, now, pin) = (app.clone(), app.now(), Zeroizing::new(form.pin));
    let checked = app.off_the_loop(move || asked.logins.check(form.person.trim(), pin.trim(), now)).await;
    let refusal = match checked {
        // Who has a key touches it, and who was given a code registers one.
        Some(Ok(person)) if !person.keys.is_empty() || person.has_consent(now.utc_ms) => {
            return second::begin(&app, &person);
        }
        Some(Ok(_)) if app.production => PageError::KeyNeeded,
        Some(Ok(person)) => return welcome(&app, &headers, &person),
        Some(Err(refusal)) => refusal.into(),
        None => PageError::Stopping,
    };
    said(&app, &headers, Some(refusal))
}

/// Lets in whoever has given everything that is asked for.
pub fn welcome(app: &App, headers: &HeaderMap, person: &Person) -> Response {
    let Some((token, login)) = app.logins.log_in(person, cookie(headers, COOKIE), app.now()) else {
        return PageError::Stopping.into_response();
    };
    tracing::info!(person = %login.id.0, "logged in");
    ([(SET_COOKIE, set_cookie(COOKIE, &token, None))], Redirect::to(start_of(login.role))).into_response()
}

fn said(app: &App, headers: &HeaderMap, refusal: Option<PageError>) -> Response {
    pages::login(words(app, headers), !app.production, refusal)
}

/// The field of the language form.
#[derive(Deserialize)]
pub struct LanguageForm {
    language: String,
}

/// Remembers the language of this browser.
pub async fn language(headers: HeaderMap, Form(form): Form<LanguageForm>) -> Response {
    let Some(id) = LANGUAGES.iter().find(|known| **known == form.language) else {
        return PageError::BadForm.into_response();
    };
    let from = headers.get(REFERER).and_then(|from| from.to_str().ok()).unwrap_or_default();
    let cookie = set_cookie(LANGUAGE_COOKIE, id, Some(31_536_000));
    ([(SET_COOKIE, cookie)], Redirect::to(&back_to(path_of(from)))).into_response()
}

/// The path of an address, without what it asks for.
fn path_of(address: &str) -> &str {
    let rest = address.split_once("://").map_or("", |(_, rest)| rest);
    let path = rest.find('/').map_or("", |at| &rest[at..]);
    path.split_once('?').map_or(path, |(path, _)| path)
}

/// The page that somebody with this role begins at.
pub fn start_of(role: Role) -> &'static str {
    match role {
        Role::Administrator => "/administrator",
        Role::Auditor => "/auditor",
        Role::Officer => "/officer",
        Role::Supervisor => "/supervisor",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_of_language_leads_back_to_its_own_page_and_nowhere_else() {
        for (referer, back) in [
            ("http://localhost:8600/login", "/login"),
            ("http://localhost:8600/supervisor", "/supervisor"),
            ("http://localhost:8600/administrator/figures?shift=2026-03-15T08:00", "/administrator/figures"),
            ("http://localhost:8600/supervisor/case/S1-20261122-0003", "/supervisor/case/S1-20261122-0003"),
            ("http://localhost:8600/supervisor/case/..%2f", "/"),
            ("http://elsewhere/evil", "/"),
            ("http://elsewhere//supervisor", "/"),
            ("", "/"),
        ] {
            assert_eq!(back_to(path_of(referer)), back, "{referer}");
        }
    }
}
