//! Who may see and do what: the log-in cookie, the role, and the secret in each form.

use super::App;
use super::errors::{self, PageError};
use super::logins::Login;
use crate::people::Role;
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// Name of the log-in cookie.
pub const COOKIE: &str = "gatepost_session";
/// Name of the language cookie.
pub const LANGUAGE_COOKIE: &str = "gatepost_language";

/// Turns away other origins, says refusals in the language of the browser, and puts the headers on every answer that keep pages out of caches and frames.
pub async fn guard(State(app): State<Arc<App>>, request: Request<Body>, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let known = app.hosts.iter().any(|known| known == host);
    let language = language(&app, request.headers()).to_owned();
    let back = if request.uri().path().starts_with("/supervisor") { "/supervisor" } else { "/" };
    let response = if known { next.run(request).await } else { PageError::ForeignHost.into_response() };
    let mut response = errors::translated(response, app.locales.get(&language), back);
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'",
        ),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The value of a cookie.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    pairs
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// The language that this browser chose.
pub fn language<'a>(app: &'a App, headers: &'a HeaderMap) -> &'a str {
    cookie(headers, LANGUAGE_COOKIE).unwrap_or(&app.language)
}

/// Who is logged in at this browser.
pub fn login(app: &App, headers: &HeaderMap) -> Option<Login> {
    app.logins.find(cookie(headers, COOKIE)?, Instant::now())
}

macro_rules! role {
    ($(#[$doc:meta])* $name:ident, $role:path) => {
        $(#[$doc])*
        pub struct $name(pub Login);

        impl FromRequestParts<Arc<App>> for $name {
            type Rejection = Response;

            async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
                match login(app, &parts.headers) {
                    Some(login) if login.role == $role => Ok(Self(login)),
                    Some(_) => Err(PageError::WrongRole.into_response()),
                    None => Err(Redirect::to("/login").into_response()),
                }
            }
        }
    };
}

role! {
    /// An officer who is logged in.
    Officer, Role::Officer
}

role! {
    /// A supervisor who is logged in.
    Supervisor, Role::Supervisor
}

/// Fields of a form that carried the secret of its log-in.
pub struct Form(pub BTreeMap<String, String>);

impl Form {
    /// A field, trimmed; empty where it is absent.
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |value| value.trim())
    }
}

impl FromRequest<Arc<App>> for Form {
    type Rejection = Response;

    async fn from_request(request: Request<Body>, app: &Arc<App>) -> Result<Self, Response> {
        let expected = login(app, request.headers()).map(|login| login.csrf);
        let fields = axum::Form::<Vec<(String, String)>>::from_request(request, app).await;
        let fields: BTreeMap<_, _> = fields.map_err(|_| PageError::BadForm.into_response())?.0.into_iter().collect();
        if expected.is_some() && fields.get("csrf") == expected.as_ref() {
            Ok(Self(fields))
        } else {
            Err(PageError::StaleForm.into_response())
        }
    }
}
