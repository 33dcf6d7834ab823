//! Who may see and do what: where a request comes from, the log-in cookie, the role, and the secret in each form.

use super::App;
use super::errors::{self, PageError};
use super::locale::Locale;
use super::logins::{Login, Standing};
use super::permissions::{self, Who};
use super::{origin, session};
use crate::desk::DeskRefusal;
use crate::people::Role;
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Request, State};
use axum::http::Method;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Name of the log-in cookie. Its beginning has browsers hold it to `Secure`, to the path `/`, and to no domain.
pub const COOKIE: &str = "__Host-gatepost-session";
/// Name of the cookie of somebody whose PIN was right and whose key is still to come.
pub const STEP_COOKIE: &str = "__Host-gatepost-step";
/// Name of the language cookie.
pub const LANGUAGE_COOKIE: &str = "__Host-gatepost-language";

/// What every answer carries: pages stay out of caches, frames and other origins, and load nothing but our own files.
pub const HEADERS: [(HeaderName, &str); 9] = [
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), display-capture=(), geolocation=(), hid=(), microphone=(), midi=(), payment=(), serial=(), usb=(), \
         publickey-credentials-create=(self), publickey-credentials-get=(self)",
    ),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// Turns away other origins and those who may not, says refusals in the language of the browser, and puts the headers on
/// every answer.
pub async fn guard(State(app): State<Arc<App>>, mut request: Request<Body>, next: Next) -> Response {
    let t = words(&app, request.headers());
    let pages = ["/supervisor", "/traveller"];
    let back = pages.into_iter().find(|page| request.uri().path().starts_with(page)).unwrap_or("/");
    let response = match refusal(&app, &mut request) {
        None => next.run(request).await,
        Some(refused) => refused,
    };
    let mut response = errors::translated(response, t, back);
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Why this request may not go on to its page, by the line of [`super::permissions`]. Otherwise the log-in goes along with
/// it.
fn refusal(app: &App, request: &mut Request<Body>) -> Option<Response> {
    let (method, headers) = (request.method(), request.headers());
    if let Err(foreign) = origin::judge(method, request.uri(), headers, &app.hosts) {
        return Some(foreign.into_response());
    }
    // Whatever no route knows has its own answer.
    let address = request.extensions().get::<MatchedPath>()?;
    let Some(who) = permissions::who(method, address.as_str()) else {
        return Some(PageError::NotFound.into_response());
    };
    let login = match (who, standing(app, headers)) {
        (Who::Anyone | Who::Display, Standing::Nobody) => return None,
        (_, Standing::Nobody) => return Some(Redirect::to("/login").into_response()),
        (Who::Anyone | Who::Display | Who::Person, Standing::Open(login) | Standing::Locked(login)) => login,
        (Who::Only(role), Standing::Open(login) | Standing::Locked(login)) if login.role != role => {
            return Some(PageError::WrongRole.into_response());
        }
        (Who::Only(_), Standing::Locked(login)) => return Some(session::wall(app, request, &login)),
        (Who::Only(_), Standing::Open(login)) if login.owes_pin => return Some(Redirect::to("/pin").into_response()),
        (Who::Only(_), Standing::Open(login)) => {
            // News and pictures come by themselves: only what a person does keeps the screen open.
            if *method == Method::POST || origin::is_a_visit(headers) || !origin::is_a_browser(headers) {
                app.logins.used(login.token(), app.now());
            }
            login
        }
    };
    request.extensions_mut().insert(login);
    None
}

/// The value of a cookie.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    pairs
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// A cookie as browsers are to keep it: for this origin's pages alone, and out of reach of scripts.
pub fn set_cookie(name: &str, value: &str, max_age_s: Option<u32>) -> String {
    let age = max_age_s.map(|age| format!("; Max-Age={age}")).unwrap_or_default();
    format!("{name}={value}; Secure; HttpOnly; SameSite=Strict; Path=/{age}")
}

/// The language that this browser chose.
fn language<'a>(app: &'a App, headers: &'a HeaderMap) -> &'a str {
    cookie(headers, LANGUAGE_COOKIE).unwrap_or(&app.language)
}

/// The words for this browser, and whether its pages have to say that devices are simulated.
pub fn words<'a>(app: &'a App, headers: &HeaderMap) -> Locale<'a> {
    app.locales.get(language(app, headers)).on_simulated(app.desk.panel().simulated)
}

/// How whoever sits at this browser stands.
pub fn standing(app: &App, headers: &HeaderMap) -> Standing {
    let Some(token) = cookie(headers, COOKIE) else { return Standing::Nobody };
    app.logins.standing(token, app.now(), app.busy())
}

/// Somebody who is logged in, with whatever role, also while their screen is locked.
pub struct Anybody(pub Login);

impl FromRequestParts<Arc<App>> for Anybody {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Response> {
        let login = parts.extensions.get::<Login>().cloned();
        login.map(Self).ok_or_else(|| Redirect::to("/login").into_response())
    }
}

macro_rules! role {
    ($(#[$doc:meta])* $name:ident, $role:path) => {
        $(#[$doc])*
        pub struct $name(pub Login);

        impl FromRequestParts<Arc<App>> for $name {
            type Rejection = Response;

            async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
                let Anybody(login) = Anybody::from_request_parts(parts, app).await?;
                if login.role == $role { Ok(Self(login)) } else { Err(PageError::WrongRole.into_response()) }
            }
        }
    };
}

role! {
    /// An administrator who is logged in.
    Administrator, Role::Administrator
}

role! {
    /// An auditor who is logged in.
    Auditor, Role::Auditor
}

role! {
    /// An officer who is logged in.
    Officer, Role::Officer
}

role! {
    /// A supervisor who is logged in.
    Supervisor, Role::Supervisor
}

/// Characters that somebody may write in their own words; the fields of the pages take no more.
pub const LONGEST_NOTE: usize = 200;

/// Fields of a form that carried the secret of its log-in.
pub struct Form(pub BTreeMap<String, String>);

impl Form {
    /// A field, trimmed; empty where it is absent.
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |value| value.trim())
    }

    /// What somebody wrote in their own words, without what no keyboard writes. Nothing of it is cut off: it stands in a
    /// record, and half a sentence may say the opposite.
    pub fn note(&self, name: &str) -> Result<String, DeskRefusal> {
        let words: String = self.text(name).chars().filter(|c| !c.is_control()).collect();
        if words.chars().count() > LONGEST_NOTE { Err(DeskRefusal::NoteTooLong) } else { Ok(words) }
    }
}

impl FromRequest<Arc<App>> for Form {
    type Rejection = Response;

    async fn from_request(request: Request<Body>, app: &Arc<App>) -> Result<Self, Response> {
        let expected = request.extensions().get::<Login>().map(|login| login.csrf.clone());
        let fields = axum::Form::<Vec<(String, String)>>::from_request(request, app).await;
        let fields: BTreeMap<_, _> = fields.map_err(|_| PageError::BadForm.into_response())?.0.into_iter().collect();
        if expected.is_some() && fields.get("csrf") == expected.as_ref() {
            Ok(Self(fields))
        } else {
            Err(PageError::StaleForm.into_response())
        }
    }
}
