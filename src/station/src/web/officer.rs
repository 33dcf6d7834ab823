//! The officer's page: one address, whose content follows the step of the case.

use super::access::{Form, Officer, words};
use super::errors::PageError;
use super::{App, live, pages};
use crate::desk::{Command, DeskRefusal, ManualFields, Noted};
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::case::CaseNumber;
use domain::finger::{Finger, MissingFinger, MissingReason};
use domain::guarded::Personal;
use domain::session::{FaceException, Slot, Veto};
use serde::de::DeserializeOwned;
use serde::de::value::{Error as ValueError, StrDeserializer};
use std::sync::Arc;

type Asked = Result<Command, DeskRefusal>;

/// The officer's addresses. A button is one line here and one function below.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/officer", get(show))
        .route("/officer/events", get(live::events))
        .route("/officer/preview", get(live::preview))
        .merge(order("/officer/new", |_| Ok(Command::New)))
        .merge(order("/officer/new-with", |_| Ok(Command::NewWith)))
        .merge(order("/officer/scanned", scanned))
        .merge(order("/officer/date-confirmed", |_| Ok(Command::ConfirmDate)))
        .merge(order("/officer/document", document))
        .merge(order("/officer/fields", fields))
        .merge(order("/officer/answer", answer))
        .merge(order("/officer/before-arrival", before_arrival))
        .merge(order("/officer/claim", claim))
        .merge(order("/officer/to-supervisor", |_| Ok(Command::SendToSupervisor)))
        .merge(order("/officer/proceed", |_| Ok(Command::Proceed)))
        .merge(order("/officer/declare", declare))
        .merge(order("/officer/retry", |_| Ok(Command::Retry)))
        .merge(order("/officer/veto", veto))
        .merge(order("/officer/take-back", take_back))
        .merge(order("/officer/undo", |_| Ok(Command::Undo)))
        .merge(order("/officer/sign", |_| Ok(Command::Sign)))
        .merge(order("/officer/refused", |_| Ok(Command::TravellerRefuses)))
        .merge(order("/officer/cancel", |_| Ok(Command::Cancel)))
        .merge(order("/officer/recall", recall))
}

/// A form of the officer's page that becomes an order to the desk.
pub(super) fn order(path: &'static str, read: fn(&Form) -> Asked) -> Router<Arc<App>> {
    let handler = move |officer: Officer, State(app): State<Arc<App>>, form: Form| async move {
        let asked = match read(&form) {
            Ok(command) => {
                let at = Some(form.text("at")).filter(|at| !at.is_empty()).map(str::to_owned);
                app.desk.order(command, &officer.0.id, at).await
            }
            Err(refusal) => Some(Err(refusal)),
        };
        match asked {
            Some(Ok(())) => Redirect::to("/officer").into_response(),
            Some(Err(refusal)) => PageError::Desk(refusal).into_response(),
            None => PageError::Stopping.into_response(),
        }
    };
    Router::new().route(path, post(handler))
}

/// The page. The script fetches it again when the view's version grows, and changes what differs.
async fn show(Officer(login): Officer, State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    pages::officer(words(&app, &headers), &login, &app.desk.panel())
}

fn document(form: &Form) -> Asked {
    Ok(Command::Document(Personal::new(form.text("lines").to_owned())))
}

fn fields(form: &Form) -> Asked {
    let code = |name| form.text(name).to_ascii_uppercase();
    let personal = |name| Personal::new(form.text(name).to_ascii_uppercase());
    Ok(Command::Fields(Box::new(ManualFields {
        nationality: code("nationality"),
        issuing_state: code("issuing_state"),
        document_code: code("document_code"),
        document_number: personal("document_number"),
        surname: personal("surname"),
        given_names: personal("given_names"),
        birth_date: personal("birth_date"),
        sex: code("sex"),
        expiry_date: code("expiry_date"),
    })))
}

fn answer(form: &Form) -> Asked {
    Ok(Command::Answer { question: form.text("question").into(), answer: form.text("answer").into() })
}

fn before_arrival(form: &Form) -> Asked {
    Ok(Command::BeforeArrival(Noted {
        kind: word(form.text("kind"))?,
        number: Personal::new(form.text("number").to_owned()),
        exception: form.text("exception").into(),
        emergency: form.text("emergency") == "yes",
    }))
}

fn claim(form: &Form) -> Asked {
    let family_of = match form.text("family_of").to_ascii_uppercase() {
        none if none.is_empty() => None,
        number => Some(CaseNumber::parse(&number).ok_or(DeskRefusal::UnknownFamily)?),
    };
    Ok(Command::Claim { ground: form.text("ground").into(), evidence: form.text("evidence").into(), family_of })
}

fn declare(form: &Form) -> Asked {
    let mut missing = Vec::new();
    for finger in Finger::ALL {
        let reason = form.text(&format!("missing-{finger}"));
        if !reason.is_empty() {
            missing.push(MissingFinger { finger, reason: word::<MissingReason>(reason)? });
        }
    }
    let exception = form.text("face_exception");
    let face_exception = if exception.is_empty() { None } else { Some(word::<FaceException>(exception)?) };
    Ok(Command::Declare { missing, face_exception })
}

fn veto(form: &Form) -> Asked {
    let slot = Slot::from_id(form.text("slot")).ok_or(DeskRefusal::UnknownAnswer)?;
    Ok(Command::Veto { slot, veto: word::<Veto>(form.text("veto"))?, reason: form.note("reason")? })
}

fn take_back(form: &Form) -> Asked {
    Slot::from_id(form.text("slot")).map(Command::TakeBack).ok_or(DeskRefusal::UnknownAnswer)
}

fn scanned(form: &Form) -> Asked {
    Ok(Command::Scanned(Personal::new(form.text("text").to_owned())))
}

fn recall(form: &Form) -> Asked {
    CaseNumber::parse(form.text("case")).map(Command::Recall).ok_or(DeskRefusal::NoSuchCase)
}

/// A word of a closed list, as the domain spells it.
fn word<T: DeserializeOwned>(text: &str) -> Result<T, DeskRefusal> {
    T::deserialize(StrDeserializer::<ValueError>::new(text)).map_err(|_| DeskRefusal::UnknownAnswer)
}
