//! Whatever stands in a form, every address of the pages answers: with a page, a way to another one or a refusal, and never
//! with a fault of its own.

use super::matrix::{HOST, Visitor, app, nobodys_desk};
use super::*;
use crate::web::permissions::{PERMISSIONS, Who};
use crate::web::router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tower::Service;

/// Names of fields that handlers look for, so that what stands in them is looked at.
const FIELDS: [&str; 22] = [
    "answer",
    "case",
    "code",
    "decision",
    "document_number",
    "evidence",
    "finger",
    "ground",
    "id",
    "language",
    "lines",
    "name",
    "number",
    "pin",
    "question",
    "reason",
    "role",
    "seen",
    "slot",
    "token",
    "to",
    "value",
];

/// Forms for each address. A check of a PIN costs what a guess does, so these addresses get few.
const FORMS: u32 = 24;
const FORMS_WITH_PIN: u32 = 2;

/// Text as forms carry it, whole or spoilt, and bytes that are no form at all.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let value = prop_oneof![
        Just("yes".to_owned()),
        Just("right-index".to_owned()),
        Just("S1-260315-0007".to_owned()),
        "[0-9A-Z<]{0,90}",
        "(%[0-9A-Fa-f]{2}){0,12}",
        "\\PC{0,40}",
        Just("x".repeat(5000)),
    ];
    let field = (0..FIELDS.len(), value).prop_map(|(name, value)| format!("&{}={value}", FIELDS[name]));
    let form = prop::collection::vec(field, 0..6).prop_map(|fields| fields.concat().into_bytes());
    let json = Just(b"{\"id\":\"\",\"rawId\":\"\",\"type\":\"public-key\",\"response\":{}}".to_vec());
    prop_oneof![4 => form, 1 => json, 1 => prop::collection::vec(any::<u8>(), 0..200)]
}

#[test]
fn every_address_answers_whatever_stands_in_its_form() {
    let (_dir, app) = app(nobodys_desk());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // Packs are put into force in the folder of the configuration, which is the shipped one here.
    let posts = PERMISSIONS.iter().filter(|(method, address, _)| *method == "POST" && !address.contains("polic"));
    for (method, address, who) in posts {
        let role = if let Who::Only(role) = who { *role } else { Role::Officer };
        let checks_pin = ["/login", "/unlock"].iter().any(|guarded| address.starts_with(guarded));
        let cases = if checks_pin || address.starts_with("/administrator") { FORMS_WITH_PIN } else { FORMS };
        let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
        let kinds = prop::sample::select(vec!["application/x-www-form-urlencoded", "application/json", "text/plain"]);
        let tried = runner.run(&(body(), any::<bool>(), kinds), |(body, ours, kind)| {
            let came = Visitor::Open(role).comes(&app);
            // Behind the secret of the page, or without it.
            let begin = if ours { format!("csrf={}", came.csrf) } else { String::new() };
            let request = Request::builder()
                .method(*method)
                .uri(address.replace("{case}", case().as_str()))
                .header(header::HOST, HOST)
                .header(header::ORIGIN, format!("http://{HOST}"))
                .header(header::COOKIE, came.cookie.unwrap_or_default())
                .header(header::CONTENT_TYPE, kind)
                .body(Body::from([begin.into_bytes(), body].concat()));
            let answer = runtime.block_on(router(app.clone()).call(request.unwrap())).unwrap();
            prop_assert_ne!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
            Ok(())
        });
        tried.unwrap_or_else(|why| panic!("{address}: {why}"));
    }
}
