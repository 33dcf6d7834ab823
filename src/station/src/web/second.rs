//! The second factor at a browser: a key is touched to log in and to unlock a screen, and touched to be registered.

use super::access::{Anybody, Form, STEP_COOKIE, cookie, set_cookie, words};
use super::ceremonies::{Ceremony, Step};
use super::errors::PageError;
use super::logins::{LoginRefusal, random_token};
use super::{App, login, people_pages, session};
use crate::people::{KeyError, PeopleError, Person};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{self, SET_COOKIE};
use axum::response::{IntoResponse, Redirect, Response};
use domain::units::StaffId;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::Action;

/// A form of somebody who is not logged in yet.
type StepForm = axum::Form<BTreeMap<String, String>>;

/// How long a browser keeps the token of somebody whose PIN was right, in seconds.
const STEP_AGE_S: u32 = 300;

/// A PIN was right and a key is to come: the browser gets a token for that alone.
pub fn begin(app: &App, person: &Person) -> Response {
    let begun = random_token().filter(|token| app.ceremonies.begin(token, person, app.now().at).is_some());
    match begun {
        Some(token) => {
            let cookie = set_cookie(STEP_COOKIE, &token, Some(STEP_AGE_S));
            ([(SET_COOKIE, cookie)], Redirect::to("/login/key")).into_response()
        }
        None => PageError::Stopping.into_response(),
    }
}

/// The page that asks for a touch: of a known key, or of one to be registered by a code.
pub async fn page(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    match at_this_browser(&app, &headers) {
        Ok((_, ceremony, person)) => people_pages::touch(words(&app, &headers), &ceremony, !person.keys.is_empty()),
        Err(_) => Redirect::to("/login").into_response(),
    }
}

/// What the browser is to ask the key to log in.
pub async fn log_in_options(State(app): State<Arc<App>>, headers: HeaderMap, form: StepForm) -> Response {
    let asked = || {
        let (token, ceremony, person) = at_this_browser(&app, &headers)?;
        fits(&ceremony, &form)?;
        if !person.keys.is_empty() {
            return ask(&app, &token, &person);
        }
        // The code can be guessed at: tries count as those at a PIN do.
        let (code, now) = (form.get("code").map_or("", String::as_str), app.now());
        let right = || person.may_register(code, now.utc_ms).then_some(());
        app.logins.attempt(&person.id.0, now, right).map_err(|refusal| match refusal {
            LoginRefusal::Wrong => PeopleError::Code.into(),
            other => PageError::from(other),
        })?;
        register(&app, &token, &person)
    };
    asked().unwrap_or_else(IntoResponse::into_response)
}

/// What the key answered: with it the person is in.
pub async fn log_in(State(app): State<Arc<App>>, headers: HeaderMap, form: StepForm) -> Response {
    let answered = || {
        let (token, ceremony, person) = at_this_browser(&app, &headers)?;
        fits(&ceremony, &form)?;
        let credential = form.get("credential").map_or("", String::as_str);
        if person.keys.is_empty() {
            keep(&app, &token, &person.id, credential)?;
        } else {
            touched(&app, &token, &person, credential)?;
        }
        app.ceremonies.end(&token);
        Ok(login::welcome(&app, &headers, &person))
    };
    answered().unwrap_or_else(|refused: PageError| refused.into_response())
}

/// What the browser is to ask the key to unlock the screen.
pub async fn unlock_options(Anybody(login): Anybody, State(app): State<Arc<App>>, _: Form) -> Response {
    let asked = || {
        let people = app.logins.people().people();
        let person = people.find(&login.id.0).filter(|person| !person.keys.is_empty()).ok_or(PageError::StaleForm)?;
        app.ceremonies.begin(login.token(), person, app.now().at).ok_or(PageError::Stopping)?;
        ask(&app, login.token(), person)
    };
    asked().unwrap_or_else(IntoResponse::into_response)
}

/// The same person's key opens the screen where it was.
pub async fn unlock(Anybody(login): Anybody, State(app): State<Arc<App>>, form: Form) -> Response {
    let answered = || {
        let people = app.logins.people().people();
        let person = people.find(&login.id.0).ok_or(PageError::StaleForm)?;
        touched(&app, login.token(), person, form.text("credential"))?;
        app.ceremonies.end(login.token());
        app.logins.opened(&login, "security-key", app.now());
        Ok(Redirect::to(&session::back_to(form.text("back"))).into_response())
    };
    answered().unwrap_or_else(|refused: PageError| refused.into_response())
}

/// Has a key of this person asked to prove itself, at the browser of this token.
fn ask(app: &App, token: &str, person: &Person) -> Result<Response, PageError> {
    let (options, asking) = app.keys.ask(person)?;
    app.ceremonies.go_on(token, Step::Asking(asking));
    Ok(json(options))
}

/// Has a new key of this person asked to be registered, at the browser of this token.
pub fn register(app: &App, token: &str, person: &Person) -> Result<Response, PageError> {
    let (options, registering) = app.keys.register(person)?;
    app.ceremonies.go_on(token, Step::Registering(registering));
    Ok(json(options))
}

/// Judges what a key answered that was asked to prove itself. Wrong ones count as wrong PINs do.
fn touched(app: &App, token: &str, person: &Person, credential: &str) -> Result<(), PageError> {
    let now = app.now();
    let Some(Step::Asking(asking)) = app.ceremonies.take(token, now.at) else { return Err(PageError::StaleForm) };
    let check = || match app.keys.answered(credential, &asking, person) {
        Ok(renewed) => Some(renewed),
        Err(error) => {
            tracing::warn!(%error, person = %person.id.0, "a security key was refused");
            None
        }
    };
    let renewed = app.logins.attempt(&person.id.0, now, check).map_err(|refusal| match refusal {
        LoginRefusal::Wrong => PageError::from(KeyError::Unreadable),
        other => other.into(),
    })?;
    if let Some((old, new)) = renewed {
        let id = &person.id.0;
        let written = app.logins.people().rewrite(|people| {
            people.replace_key(id, &old, new);
            Ok(())
        });
        if let Err(error) = written {
            // A key that was copied would be noticed later, not never.
            tracing::error!(%error, "the count of a security key could not be written down");
        }
    }
    Ok(())
}

/// Keeps the key that answered as that of the ceremony's person.
pub fn keep(app: &App, token: &str, by: &StaffId, credential: &str) -> Result<(), PageError> {
    let now = app.now();
    let ceremony = app.ceremonies.find(token, now.at).ok_or(PageError::StaleForm)?;
    let Some(Step::Registering(asked)) = app.ceremonies.take(token, now.at) else { return Err(PageError::StaleForm) };
    let whom = &ceremony.whom.0;
    app.logins.people().change((now.utc_ms, by), (Action::SecurityKeyAdded, whom), |people| {
        let key = app.keys.registered(credential, &asked, people.all())?;
        people.add_key(whom, key)
    })?;
    Ok(())
}

/// Who is between PIN and key at this browser.
fn at_this_browser(app: &App, headers: &HeaderMap) -> Result<(String, Ceremony, Person), PageError> {
    let token = cookie(headers, STEP_COOKIE).ok_or(PageError::StaleForm)?;
    let ceremony = app.ceremonies.find(token, app.now().at).ok_or(PageError::StaleForm)?;
    let people = app.logins.people().people();
    let person = people.find(&ceremony.whom.0).filter(|person| person.version == ceremony.version);
    let person = person.cloned().ok_or(PageError::StaleForm)?;
    Ok((token.to_owned(), ceremony, person))
}

fn fits(ceremony: &Ceremony, form: &StepForm) -> Result<(), PageError> {
    if form.get("csrf") == Some(&ceremony.csrf) { Ok(()) } else { Err(PageError::StaleForm) }
}

fn json(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}
