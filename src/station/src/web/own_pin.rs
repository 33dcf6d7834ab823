//! One's own PIN: chosen by its owner before anything else where somebody else has set it, and whenever they like.

use super::access::{Anybody, Form, words};
use super::errors::PageError;
use super::logins::{Login, Moment};
use super::{App, access, login, logins, people_pages, session};
use crate::people::Person;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use store::Action;
use zeroize::Zeroizing;

/// The page that asks for it.
pub async fn show(Anybody(login): Anybody, State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    asked(&app, &headers, &login, None)
}

/// Takes the new PIN from whoever knows the old one. Every log-in from before is over, and this browser has a new one.
pub async fn choose(Anybody(login): Anybody, State(app): State<Arc<App>>, headers: HeaderMap, form: Form) -> Response {
    if is_locked(&app, &headers) {
        return asked(&app, &headers, &login, None);
    }
    let [old, new, again] = ["old", "pin", "again"].map(|name| Zeroizing::new(form.text(name).to_owned()));
    let refused = if *new != *again {
        Some(PageError::People("P-30", "The new PIN was typed in two ways.".into()))
    } else if *new == *old {
        Some(PageError::People("P-31", "The new PIN is the one before.".into()))
    } else {
        None
    };
    if refused.is_some() {
        return asked(&app, &headers, &login, refused);
    }
    let (at, who, now) = (app.clone(), login.clone(), app.now());
    match app.off_the_loop(move || changed(&at, &who, (&old, &new), now)).await {
        Some(Ok(person)) => login::welcome(&app, &headers, &person),
        Some(Err(refused)) => asked(&app, &headers, &login, Some(refused)),
        None => PageError::Stopping.into_response(),
    }
}

/// Changes the PIN of whoever has shown by the old one to be there. A wrong one counts as a wrong try to log in.
fn changed(app: &App, login: &Login, (old, new): (&str, &str), now: Moment) -> Result<Person, PageError> {
    let id = login.id.0.as_str();
    let people = app.logins.people().people();
    app.logins.attempt(id, now, || people.check(id, old).map(|_| ()))?;
    let change = |people: &mut crate::people::People| people.set_pin(id, new);
    app.logins.people().change((now.utc_ms, &login.id), (Action::PinChanged, id), change)?;
    app.logins.people().people().find(id).cloned().ok_or(PageError::StaleForm)
}

fn is_locked(app: &App, headers: &HeaderMap) -> bool {
    matches!(access::standing(app, headers), logins::Standing::Locked(_))
}

fn asked(app: &App, headers: &HeaderMap, login: &Login, refused: Option<PageError>) -> Response {
    let t = words(app, headers);
    if is_locked(app, headers) {
        return session::locked(app, t, login, "/");
    }
    people_pages::own_pin(t, login, login::start_of(login.role), refused)
}
