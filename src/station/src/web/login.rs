//! Log-in, log-out and the choice of language.

use super::access::{COOKIE, LANGUAGE_COOKIE, cookie, language as chosen, login};
use super::errors::PageError;
use super::locale::LANGUAGES;
use super::logins::LoginRefusal;
use super::{App, pages};
use crate::people::Role;
use axum::Form;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{REFERER, SET_COOKIE};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Instant;

/// Sends everybody to their own page.
pub async fn home(State(app): State<Arc<App>>, headers: HeaderMap) -> Redirect {
    match login(&app, &headers).map(|login| login.role) {
        Some(role) => Redirect::to(start_of(role)),
        None => Redirect::to("/login"),
    }
}

/// The log-in page.
pub async fn page(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    pages::login(app.locales.get(chosen(&app, &headers)), app.desk.panel().simulated, None)
}

/// The fields of the log-in form. `Debug` is not derived: one of them is a PIN.
#[derive(Deserialize)]
pub struct LoginForm {
    person: String,
    pin: String,
}

/// Checks name and PIN.
pub async fn log_in(State(app): State<Arc<App>>, headers: HeaderMap, Form(form): Form<LoginForm>) -> Response {
    let checking = app.clone();
    let checked = tokio::task::spawn_blocking(move || {
        checking.logins.log_in(form.person.trim(), form.pin.trim(), Instant::now())
    });
    let refusal = match checked.await {
        Ok(Ok((token, login))) => {
            tracing::info!(person = %login.id.0, "logged in");
            let cookie = format!("{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/");
            return ([(SET_COOKIE, cookie)], Redirect::to(start_of(login.role))).into_response();
        }
        Ok(Err(LoginRefusal::Locked)) => PageError::LoginLocked,
        Ok(Err(LoginRefusal::Wrong)) | Err(_) => PageError::LoginFailed,
    };
    pages::login(app.locales.get(chosen(&app, &headers)), app.desk.panel().simulated, Some(refusal))
}

/// Ends the log-in of this browser.
pub async fn log_out(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    if let Some(token) = cookie(&headers, COOKIE) {
        app.logins.log_out(token);
    }
    let gone = format!("{COOKIE}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0");
    ([(SET_COOKIE, gone)], Redirect::to("/login")).into_response()
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
    let cookie = format!("{LANGUAGE_COOKIE}={id}; HttpOnly; SameSite=Strict; Path=/; Max-Age=31536000");
    ([(SET_COOKIE, cookie)], Redirect::to(&back_to(from))).into_response()
}

/// The page that a form came from, as a path of this station.
fn back_to(referer: &str) -> String {
    let path = referer.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
    let plain = path.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'/');
    let ours = ["login", "officer", "supervisor"].contains(&path) || path.starts_with("supervisor/case/");
    if plain && ours { format!("/{path}") } else { "/".into() }
}

fn start_of(role: Role) -> &'static str {
    match role {
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
            ("http://localhost:8600/supervisor/case/S1-20261122-0003", "/supervisor/case/S1-20261122-0003"),
            ("http://localhost:8600/supervisor/case/..%2f", "/"),
            ("http://elsewhere/evil", "/"),
            ("http://elsewhere//supervisor", "/"),
            ("", "/"),
        ] {
            assert_eq!(back_to(referer), back, "{referer}");
        }
    }
}
