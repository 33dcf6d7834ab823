//! The traveller's display: a page of its own for one screen, which can look and do nothing else.

mod receipt;
mod screen;

pub use receipt::receipt;
pub use screen::Screen;

use super::access::{Officer, cookie, set_cookie};
use super::errors::{PageError, page};
use super::locale::{LANGUAGES, Locale};
use super::{App, live, officer};
use crate::desk::{Command, DeskRefusal};
use askama::Template;
use axum::Router;
use axum::extract::{Form, FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::response::sse::Event;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::policy::Notice;
use serde::Deserialize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::WatchStream;

/// The display's cookie. It opens what stands in [`routes`] and nothing else.
pub const COOKIE: &str = "__Host-gatepost-display";

/// How long a browser keeps it, in seconds: a year. A display that is removed is out at once all the same.
const COOKIE_LASTS_S: u32 = 365 * 24 * 3600;

/// Wrong codes that are looked up in [`TRIES_PER`].
const MOST_TRIES: u32 = 20;
/// The time that [`MOST_TRIES`] is about.
const TRIES_PER: Duration = Duration::from_secs(60);

/// The display's addresses, and what the officer has of it.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/traveller", get(show))
        .route("/traveller/connect", post(connect))
        .route("/traveller/events", get(events))
        .route("/traveller/mirror/{case}/{attempt}", get(mirror))
        .route("/traveller/receipt", get(own_receipt))
        .route("/officer/receipt", get(printed_receipt))
        .merge(officer::order("/officer/traveller-language", |form| language(form.text("language"))))
}

/// A display that an administrator has let in.
pub struct Display {
    secret: String,
}

impl Display {
    fn of(parts: &Parts, app: &App) -> Option<Self> {
        let secret = cookie(&parts.headers, COOKIE)?;
        app.displays.find(secret).map(|_| Self { secret: secret.to_owned() })
    }
}

impl FromRequestParts<Arc<App>> for Display {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        Self::of(parts, app).ok_or_else(|| Redirect::to("/traveller").into_response())
    }
}

/// A display, or a browser that has yet to become one.
struct Known(bool);

impl FromRequestParts<Arc<App>> for Known {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Self::Rejection> {
        Ok(Self(Display::of(parts, app).is_some()))
    }
}

#[derive(Template)]
#[template(path = "traveller/connect.html")]
struct ConnectPage<'a> {
    t: Locale<'a>,
    refused: bool,
}

#[derive(Template)]
#[template(path = "traveller/display.html")]
struct DisplayPage<'a> {
    t: Locale<'a>,
    screen: Screen,
    notices: &'a [Notice],
}

impl DisplayPage<'_> {
    /// What the rules' authority says in a language, where it says something.
    fn notice(&self, language: &str) -> Option<&str> {
        self.notices.iter().find(|notice| notice.language == language).map(|notice| notice.text.as_str())
    }
}

async fn show(known: Known, State(app): State<Arc<App>>) -> Response {
    if !known.0 {
        return page(&ConnectPage { t: app.locales.get(&app.language), refused: false });
    }
    let panel = app.desk.panel();
    display(app.locales.get(panel.language), &Screen::of(&panel), &panel.notices)
}

/// The page of one screen.
pub fn display(t: Locale<'_>, screen: &Screen, notices: &[Notice]) -> Response {
    page(&DisplayPage { t, screen: screen.clone(), notices })
}

/// The field of the form that makes a browser a display. `Debug` is not derived: the code is a secret.
#[derive(Deserialize)]
struct Code {
    code: String,
}

async fn connect(State(app): State<Arc<App>>, Form(Code { code }): Form<Code>) -> Response {
    let bound = if app.code_tries.count(app.now().at) {
        let bound = app.displays.bind(&code, app.now().utc_ms);
        bound.unwrap_or_else(|error| {
            tracing::error!(%error, "a display could not be let in");
            None
        })
    } else {
        None
    };
    let Some((name, secret)) = bound else {
        let refused = page(&ConnectPage { t: app.locales.get(&app.language), refused: true });
        return (StatusCode::UNAUTHORIZED, refused).into_response();
    };
    tracing::info!(display = %name, "a display was bound to a browser");
    let cookie = set_cookie(COOKIE, &secret, Some(COOKIE_LASTS_S));
    ([(SET_COOKIE, cookie)], Redirect::to("/traveller")).into_response()
}

/// How often codes were tried lately.
#[derive(Default)]
pub struct CodeTries(Mutex<Option<(Instant, u32)>>);

impl CodeTries {
    /// One more at this moment: whether it is to be looked at.
    fn count(&self, now: Instant) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, before) = state.filter(|(since, _)| now.duration_since(*since) < TRIES_PER).unwrap_or((now, 0));
        *state = Some((since, before.saturating_add(1)));
        before < MOST_TRIES
    }
}

/// Tells the display to look again, and nothing more. A display that was removed hears no more.
async fn events(display: Display, State(app): State<Arc<App>>) -> impl IntoResponse {
    let displays = app.displays.clone();
    let panels = WatchStream::new(app.desk.watch()).take_while(move |_| displays.find(&display.secret).is_some());
    live::written(panels.map(|panel| Event::default().event("screen").json_data(panel.view.version)))
}

/// What the mirror's stream hears of.
enum News {
    Frame(Option<Arc<Vec<u8>>>),
    Step,
}

/// The live picture of one attempt at the face. The address is that attempt's own: before and after it there is nothing
/// there, and the stream ends with the permit, whether a frame comes or not.
async fn mirror(_: Display, State(app): State<Arc<App>>, Path((case, attempt)): Path<(String, String)>) -> Response {
    let asked = screen::mirror_address(&case, &attempt);
    let desk = app.desk.clone();
    let permitted = move || Screen::of(&desk.panel()).mirror.as_deref() == Some(asked.as_str());
    if !permitted() {
        return PageError::NotFound.into_response();
    }
    let frames = WatchStream::from_changes(app.desk.preview()).skip_while(Option::is_none).map(News::Frame);
    let steps = WatchStream::from_changes(app.desk.watch()).map(|_| News::Step);
    let shown = frames.merge(steps).take_while(move |news| !matches!(news, News::Frame(None)) && permitted());
    live::motion(shown.filter_map(|news| match news {
        News::Frame(frame) => frame,
        News::Step => None,
    }))
}

async fn own_receipt(_: Display, State(app): State<Arc<App>>) -> Response {
    receipt(&app.locales, &app.desk.panel(), &app.checkpoint)
}

async fn printed_receipt(_: Officer, State(app): State<Arc<App>>) -> Response {
    receipt(&app.locales, &app.desk.panel(), &app.checkpoint)
}

/// The language that the traveller is spoken to, as the officer chose it.
fn language(id: &str) -> Result<Command, DeskRefusal> {
    let known = LANGUAGES.iter().find(|known| **known == id);
    known.map(|id| Command::Speak(id)).ok_or(DeskRefusal::UnknownAnswer)
}
