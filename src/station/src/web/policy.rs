//! The administrator's pages of the rules: what works, what lies here, what would be decided, and what is confirmed.

use super::access::{Administrator, Form, words};
use super::errors::PageError;
use super::{App, policy_pages};
use crate::policy_cli::{CliError, leaflet_page};
use crate::policy_desk::{Asked, CHECKED, PolicyRefusal};
use axum::Router;
use axum::extract::multipart::{Multipart, MultipartRejection};
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::policy::MAX_PACK_BYTES;
use jiff::civil::Date;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A pack, its signature, and what a browser writes around them.
const LONGEST_UPLOAD: usize = MAX_PACK_BYTES + 16 * 1024;

const PAGE: &str = "/administrator/policy";

/// Questions that an officer answers.
pub const QUESTIONS: [&str; 4] = ["confirm-child", "confirm-nationality", "hinted-exemption", "read-again"];

/// The addresses of the rules.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route(PAGE, get(show))
        .route("/administrator/policy/ask", get(blank).post(ask))
        .route("/administrator/policy/bring", post(bring).layer(DefaultBodyLimit::max(LONGEST_UPLOAD)))
        .route("/administrator/policy/confirm", post(confirm))
        .route("/administrator/policy/force", post(force))
        .route("/administrator/policy/leaflet", get(leaflet))
        .route("/administrator/policy/replay", get(replay))
        .route("/administrator/policy/withdraw", post(withdraw))
}

async fn show(Administrator(login): Administrator, State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let policy = app.policy.clone();
    let Some(lying) = app.off_the_loop(move || policy.lying()).await else {
        return PageError::Stopping.into_response();
    };
    policy_pages::desk(words(&app, &headers), &login, &app.policy, &lying)
}

/// The form, for the time and place of this station.
async fn blank(Administrator(login): Administrator, State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let working = app.policy.working();
    let station = &working.config.station;
    let asked = Asked {
        date: app.policy.now().strftime("%Y-%m-%dT%H:%M").to_string(),
        checkpoint: station.checkpoint.clone(),
        not_possible: !station.technically_possible,
        document: "P".into(),
        confirmed_entries: working.confirmed.iter().map(|given| given.entry.clone()).collect(),
        ..Asked::default()
    };
    answer(&app, &login, &headers, (asked, String::new(), false)).await
}

/// What would be decided. Nothing is kept of what was asked, nor is it logged: the facts are those of the form, and go back
/// into the form of the answer.
async fn ask(
    Administrator(login): Administrator,
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    form: Form,
) -> Response {
    let digest = form.text("pack").to_owned();
    answer(&app, &login, &headers, (asked(&form), digest, true)).await
}

async fn answer(
    app: &Arc<App>,
    login: &super::Login,
    headers: &HeaderMap,
    (asked, digest, ask): (Asked, String, bool),
) -> Response {
    let policy = app.policy.clone();
    let Some(lying) = app.off_the_loop(move || policy.lying()).await else {
        return PageError::Stopping.into_response();
    };
    let wanted = lying.packs.iter().find(|known| known.rules.digest == digest || (digest.is_empty() && known.works));
    let Some(chosen) = wanted else { return PageError::from(PolicyRefusal::NoSuchPack).into_response() };
    let pack = &chosen.rules.pack;
    let said = ask.then(|| asked.question(pack).map(|question| question.ask(pack)));
    let t = words(app, headers);
    policy_pages::ask(t, login, (&lying, &chosen.rules), (&asked, said.as_ref()))
}

/// The words of the form.
fn asked(form: &Form) -> Asked {
    let text = |name: &str| form.text(name).to_owned();
    let ticked = |name: &str| form.text(name) == "yes";
    let answers = QUESTIONS.into_iter().chain(["birth-date"]).map(|question| (question, text(question)));
    let other = Some(text("other")).filter(|code| !code.is_empty());
    Asked {
        date: text("date"),
        checkpoint: text("checkpoint"),
        not_possible: ticked("not-possible"),
        evidence: text("evidence"),
        nationality: text("nationality"),
        issuer: text("issuer"),
        document: text("document").to_ascii_uppercase(),
        born: text("born").to_ascii_uppercase(),
        failed: CHECKED.iter().map(|f| f.id()).filter(|f| ticked(&format!("failed-{f}"))).map(Into::into).collect(),
        others: other.into_iter().map(|code| format!("{code}:{}", form.text("other-evidence"))).collect(),
        direction: text("direction"),
        ground: text("ground"),
        shown_by: text("shown-by"),
        confirmed: ticked("confirmed"),
        answers: answers.filter(|(_, said)| !said.is_empty()).map(|(of, said)| (of.into(), said)).collect(),
        ruled_due: ticked("ruled-due"),
        confirmed_entries: form.0.keys().filter_map(|key| key.strip_prefix("entry-")).map(Into::into).collect(),
    }
}

/// A pack and its signature, as files.
async fn bring(
    Administrator(login): Administrator,
    State(app): State<Arc<App>>,
    parts: Result<Multipart, MultipartRejection>,
) -> Response {
    let Some(mut fields) = (match parts {
        Ok(parts) => texts(parts).await,
        Err(_) => None,
    }) else {
        return PageError::BadForm.into_response();
    };
    let mut take = |name: &str| fields.remove(name).unwrap_or_default();
    if take("csrf") != login.csrf {
        return PageError::StaleForm.into_response();
    }
    let (pack, signature, policy) = (take("pack"), take("signature"), app.policy.clone());
    let brought = app.off_the_loop(move || policy.bring(pack, &signature, &login.id)).await;
    match brought {
        Some(Ok(_)) => Redirect::to(PAGE).into_response(),
        Some(Err(refusal)) => PageError::from(refusal).into_response(),
        None => PageError::Stopping.into_response(),
    }
}

/// The fields of an upload, all of them text.
async fn texts(mut parts: Multipart) -> Option<BTreeMap<String, String>> {
    let mut fields = BTreeMap::new();
    while let Some(field) = parts.next_field().await.ok()? {
        let name = field.name()?.to_owned();
        fields.insert(name, String::from_utf8(field.bytes().await.ok()?.to_vec()).ok()?);
    }
    Some(fields)
}

async fn force(Administrator(login): Administrator, State(app): State<Arc<App>>, form: Form) -> Response {
    let digest = form.text("pack").to_owned();
    done(app.policy.change(&app.desk, move |policy| policy.put_into_force(&digest, &login.id)).await)
}

async fn confirm(Administrator(login): Administrator, State(app): State<Arc<App>>, form: Form) -> Response {
    say(&app, login, &form, false).await
}

async fn withdraw(Administrator(login): Administrator, State(app): State<Arc<App>>, form: Form) -> Response {
    say(&app, login, &form, true).await
}

async fn say(app: &Arc<App>, login: super::Login, form: &Form, withdrawn: bool) -> Response {
    let entry = form.text("entry").to_owned();
    let basis = match form.note("basis") {
        Ok(basis) => basis,
        Err(refusal) => return PageError::Desk(refusal).into_response(),
    };
    done(app.policy.change(&app.desk, move |policy| policy.say(&entry, &basis, withdrawn, &login.id)).await)
}

fn done(changed: Result<(), PolicyRefusal>) -> Response {
    match changed {
        Ok(()) => Redirect::to(PAGE).into_response(),
        Err(refusal) => PageError::from(refusal).into_response(),
    }
}

/// Which pack, and perhaps for which day.
#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    pack: String,
    #[serde(default)]
    day: String,
    #[serde(default)]
    lang: String,
}

impl Wanted {
    fn day(&self) -> Result<Option<Date>, PageError> {
        let text = self.day.trim();
        if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|_| PageError::BadForm) }
    }
}

async fn replay(
    Administrator(login): Administrator,
    State(app): State<Arc<App>>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let day = match wanted.day() {
        Ok(day) => day,
        Err(refused) => return refused.into_response(),
    };
    let (policy, who) = (app.policy.clone(), login.id.clone());
    match app.off_the_loop(move || policy.replay(&wanted.pack, day, &who)).await {
        Some(Ok((rules, replay))) => {
            let t = words(&app, &headers);
            policy_pages::replay(t, &login, &app.policy, (&rules, &replay, day))
        }
        Some(Err(refusal)) => PageError::from(refusal).into_response(),
        None => PageError::Stopping.into_response(),
    }
}

/// The leaflet of a pack that lies here, as a page to print.
async fn leaflet(
    Administrator(_): Administrator,
    State(app): State<Arc<App>>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let day = match wanted.day() {
        Ok(day) => day.unwrap_or_else(|| app.policy.now().date()),
        Err(refused) => return refused.into_response(),
    };
    let policy = app.policy.clone();
    let Some(found) = app.off_the_loop(move || (policy.pack(&wanted.pack), wanted.lang)).await else {
        return PageError::Stopping.into_response();
    };
    let (Some(rules), lang) = found else { return PageError::from(PolicyRefusal::NoSuchPack).into_response() };
    match leaflet_page(&rules.pack, app.locales.get(&lang), day) {
        Ok(page) => Html(page).into_response(),
        Err(CliError(text)) => {
            tracing::error!(text, "a leaflet could not be made");
            PageError::Rendering.into_response()
        }
    }
}
