//! The administrator's page: who may log in, as what, and with which keys.

use super::access::{Administrator, Form, words};
use super::errors::PageError;
use super::logins::{Login, Moment};
use super::{App, people_pages, second};
use crate::people::{People, PeopleError, Person, Role, Standing};
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use std::sync::Arc;
use store::Action;

/// The administrator's addresses.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/administrator", get(show))
        .route("/administrator/consent", post(consent))
        .route("/administrator/key", post(key))
        .route("/administrator/key/options", post(key_options))
        .route("/administrator/unlock", post(unlock))
        .merge(change("/administrator/add", Action::PersonAdded, |people, form| {
            let role = Role::parse(form.text("role")).ok_or(PeopleError::Nobody)?;
            people.add_for(form.text("person"), role, form.text("pin"))
        }))
        .merge(change("/administrator/pin", Action::PinChanged, |people, form| {
            people.set_pin_for(form.text("person"), form.text("pin"))
        }))
        .merge(change("/administrator/retire", Action::PersonRetired, |people, form| {
            people.retire(form.text("person"))
        }))
        .merge(change("/administrator/without-keys", Action::SecurityKeysRemoved, |people, form| {
            people.remove_keys(form.text("person"))
        }))
}

type Change = fn(&mut People, &Form) -> Result<(), PeopleError>;

/// A form that changes a person. Hashing a PIN takes a while: it is done beside the event loop.
fn change(path: &'static str, what: Action, change: Change) -> Router<Arc<App>> {
    let handler = move |Administrator(login): Administrator, State(app): State<Arc<App>>, form: Form| async move {
        let (asked, now) = (app.clone(), app.now());
        let changed = app.off_the_loop(move || {
            let people = asked.logins.people();
            people.change((now.utc_ms, &login.id), (what, form.text("person")), |people| change(people, &form))
        });
        answer(changed.await)
    };
    Router::new().route(path, post(handler))
}

fn answer(changed: Option<Result<(), PeopleError>>) -> Response {
    match changed {
        Some(Ok(())) => Redirect::to("/administrator").into_response(),
        Some(Err(refused)) => PageError::from(refused).into_response(),
        None => PageError::Stopping.into_response(),
    }
}

async fn show(Administrator(login): Administrator, State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let people = rows(&app, app.now());
    people_pages::administrator(words(&app, &headers), &login, &people, None)
}

/// Lifts the lock of a name after wrong tries.
async fn unlock(Administrator(login): Administrator, State(app): State<Arc<App>>, form: Form) -> Response {
    let (asked, now) = (app.clone(), app.now());
    answer(app.off_the_loop(move || asked.logins.unlock_name(form.text("person"), &login, now)).await)
}

/// Gives out a code by which a person may register a key. The page shows it this once.
async fn consent(
    Administrator(login): Administrator,
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    form: Form,
) -> Response {
    let (now, whom) = (app.now(), form.text("person"));
    let given = app
        .logins
        .people()
        .change((now.utc_ms, &login.id), (Action::ConsentGiven, whom), |people| people.consent(whom, now.utc_ms));
    match given {
        Ok(code) => {
            let given = Some((whom, code.as_str()));
            people_pages::administrator(words(&app, &headers), &login, &rows(&app, now), given)
        }
        Err(refused) => PageError::from(refused).into_response(),
    }
}

/// What the browser is to ask the key of somebody who stands beside the administrator.
async fn key_options(Administrator(login): Administrator, State(app): State<Arc<App>>, form: Form) -> Response {
    let asked = || {
        let people = app.logins.people().people();
        let person = people.find(form.text("person")).ok_or(PeopleError::Nobody)?;
        app.ceremonies.begin(login.token(), person, app.now().at).ok_or(PageError::Stopping)?;
        second::register(&app, login.token(), person)
    };
    asked().unwrap_or_else(IntoResponse::into_response)
}

async fn key(Administrator(login): Administrator, State(app): State<Arc<App>>, form: Form) -> Response {
    let kept = second::keep(&app, login.token(), &login.id, form.text("credential"));
    app.ceremonies.end(login.token());
    kept.map_or_else(IntoResponse::into_response, |()| Redirect::to("/administrator").into_response())
}

/// A person as the page shows them.
pub struct Row {
    /// Name, role, keys.
    pub person: Person,
    /// `open`, `waits`, `locked` or `retired`.
    pub state: &'static str,
}

fn rows(app: &App, now: Moment) -> Vec<Row> {
    let row = |person: &Person| Row {
        state: match app.logins.tried(&person.id.0, now) {
            _ if person.retired => "retired",
            Standing::Open => "open",
            Standing::Waits(_) => "waits",
            Standing::Locked => "locked",
        },
        person: person.clone(),
    };
    app.logins.people().people().all().iter().map(row).collect()
}

impl Row {
    /// Whether this is whoever looks at the page.
    pub fn is(&self, login: &Login) -> bool {
        self.person.id == login.id
    }
}
