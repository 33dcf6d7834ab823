//! The promise: an erased body is gone for good, and the chain that it stood in can still be followed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod common;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use common::{Intake, NOW_MS, Station};
use domain::session::Outcome;
use intake::Listening;
use intake::commands::{self, CommandFault, Which};
use intake::maintenance;
use std::fs;
use std::sync::Arc;
use store::format::{Envelope, digest};
use store::{ErasedBecause, Tombstone};
use tower::ServiceExt;

on_both_data_bases! {
    an_erased_record_leaves_a_tombstone_and_is_not_taken_again,
    copies_beside_the_chain_are_erased_too,
    a_record_before_an_erased_one_must_still_fit,
    bodies_go_when_their_time_is_over,
    a_correcting_record_names_the_one_it_replaces,
    a_chain_with_erased_records_can_be_followed_and_a_broken_one_not,
    production_does_not_start_without_the_law,
}

const DAY_MS: i64 = 24 * 3600 * 1000;

async fn send(intake: &Intake, envelope: &[u8]) -> StatusCode {
    let request = Request::post("/v1/records").body(Body::from(envelope.to_vec())).unwrap();
    let parts = Envelope::decode(envelope).unwrap();
    intake.router(&store::peek_header(parts.cose).unwrap().station.0).oneshot(request).await.unwrap().status()
}

async fn erase(intake: &Intake, record: &str, reason: &str) -> Result<usize, CommandFault> {
    maintenance::erase(intake.dir.path(), record, reason, &clock_at(NOW_MS + 1)).await
}

fn clock_at(now_ms: i64) -> intake::clock::Clock {
    Arc::new(move || now_ms)
}

/// The bytes of the body of an envelope are nowhere in the data base.
async fn is_gone(intake: &Intake, record: &str) -> bool {
    intake.database.held(record).await.unwrap().is_empty()
}

async fn an_erased_record_leaves_a_tombstone_and_is_not_taken_again(intake: Intake) {
    let mut station = Station::registered("S1", &intake).await;
    let (id, envelope) = station.enrol();
    let name = id.to_string();
    assert_eq!(send(&intake, &envelope).await, StatusCode::CREATED);
    assert!(matches!(erase(&intake, &name, "because").await, Err(CommandFault::BadReason(_))));
    assert!(!is_gone(&intake, &name).await, "not for any reason");
    assert_eq!(erase(&intake, &name, "court-order").await.unwrap(), 1);

    assert!(is_gone(&intake, &name).await);
    assert!(matches!(erase(&intake, &name, "request").await, Err(CommandFault::NoRecord(_))), "once");
    let signed = intake.database.tombstone(&store::hex(&digest(&envelope))).await.unwrap().unwrap();
    let expected = Tombstone {
        digest: digest(&envelope),
        station: station.id.clone(),
        sequence: 1,
        record: id,
        reason: ErasedBecause::CourtOrder,
        erased_ms: NOW_MS + 1,
    };
    assert_eq!(Tombstone::verify(intake.receipt_key(), &signed), Ok(expected));
    let out = intake.dir.path().join("out");
    let opened = commands::open(intake.dir.path(), Which::Record(&name), &out).await;
    assert!(matches!(opened, Err(CommandFault::NoRecord(_))));
    assert!(!out.exists());

    assert_eq!(send(&intake, &envelope).await, StatusCode::OK, "the station still gets its receipt");
    assert!(is_gone(&intake, &name).await, "and nothing is kept a second time");
    assert_eq!(send(&intake, &station.next()).await, StatusCode::CREATED, "the chain goes on");
    let listed = intake.database.list(("", 0), 10).await.unwrap();
    assert_eq!(listed.iter().map(|row| row.erased.as_deref()).collect::<Vec<_>>(), [Some("court-order"), None]);
    assert_eq!(intake.database.status("S1").await.unwrap().unwrap().count, 2);
    if let intake::Place::Sqlite(file) = &intake.place {
        intake.database.close().await;
        let body = &Envelope::decode(&envelope).unwrap().body[..64];
        let raw = fs::read(file).unwrap();
        assert!(!raw.windows(body.len()).any(|window| window == body), "not in a free page either");
    }
}

async fn copies_beside_the_chain_are_erased_too(intake: Intake) {
    let mut station = Station::registered("S1", &intake).await;
    let mut copy = station.copy();
    assert_eq!(send(&intake, &station.next()).await, StatusCode::CREATED);
    let (id, fork) = copy.enrol();
    assert_eq!(send(&intake, &fork).await, StatusCode::CONFLICT);
    assert_eq!(erase(&intake, &id.to_string(), "error").await.unwrap(), 1);
    assert!(is_gone(&intake, &id.to_string()).await);
    assert_eq!(send(&intake, &fork).await, StatusCode::CONFLICT, "it stays a fork");
    assert!(is_gone(&intake, &id.to_string()).await, "and is not kept again");
}

async fn a_record_before_an_erased_one_must_still_fit(intake: Intake) {
    let mut station = Station::registered("S1", &intake).await;
    let mut copy = station.copy();
    let (first, (id, second), other) = (station.next(), station.enrol(), copy.next());
    assert_eq!(send(&intake, &second).await, StatusCode::CREATED);
    assert_eq!(erase(&intake, &id.to_string(), "request").await.unwrap(), 1);
    assert_eq!(send(&intake, &other).await, StatusCode::CONFLICT, "the second hangs on another");
    assert_eq!(send(&intake, &first).await, StatusCode::CREATED);
}

async fn bodies_go_when_their_time_is_over(intake: Intake) {
    let mut station = Station::registered("S1", &intake).await;
    let (enrolled, envelope) = station.enrol();
    let closed = station.next();
    for envelope in [&envelope, &closed] {
        assert_eq!(send(&intake, envelope).await, StatusCode::CREATED);
    }
    let retain = async |days: i64| maintenance::retain(intake.dir.path(), &clock_at(NOW_MS + days * DAY_MS + 1)).await;
    assert!(matches!(retain(10_000).await, Err(CommandFault::NoRetention)), "no law, no deadline");
    let config = intake.dir.path().join("intake.toml");
    let text = fs::read_to_string(&config).unwrap();
    let law = |enrolment: &str| {
        let text = format!("{text}\n[retention]\nenrolment = {enrolment}\nexemption = \"unlimited\"\nclosure = 30\n");
        fs::write(&config, text).unwrap();
    };
    for wrong in ["0", "-1", "\"soon\"", "1.5"] {
        law(wrong);
        let fault = retain(1).await.unwrap_err().to_string();
        assert!(fault.contains("intake.toml: TOML parse error at line"), "{fault}");
    }
    law("\"unlimited\"");
    let reasons = async || {
        let listed = intake.database.list(("", 0), 10).await.unwrap();
        listed.into_iter().map(|row| row.erased).collect::<Vec<_>>()
    };
    for (days, erased) in [(29, 0), (30, 1), (30, 0), (10_000, 0)] {
        assert_eq!(retain(days).await.unwrap(), erased, "after {days} days");
    }
    assert_eq!(reasons().await, [None, Some("retention".into())]);
    law("365");
    assert_eq!(retain(364).await.unwrap(), 0);
    assert_eq!(retain(365).await.unwrap(), 1);
    assert!(is_gone(&intake, &enrolled.to_string()).await);
    assert_eq!(reasons().await, [Some("retention".into()), Some("retention".into())]);
}

async fn a_correcting_record_names_the_one_it_replaces(intake: Intake) {
    let mut station = Station::registered("S1", &intake).await;
    let (wrong, first) = station.enrol();
    station.replaces = Some(wrong);
    let (_, second) = station.enrol();
    for envelope in [&first, &second] {
        assert_eq!(send(&intake, envelope).await, StatusCode::CREATED);
    }
    let listed = intake.database.list(("", 0), 10).await.unwrap();
    assert_eq!(listed.iter().map(|row| row.replaces.clone()).collect::<Vec<_>>(), [None, Some(wrong.to_string())]);
    assert_eq!(listed[1].outcome, Outcome::Enrolled.id());
    assert_eq!(erase(&intake, &wrong.to_string(), "replaced").await.unwrap(), 1);
}

async fn a_chain_with_erased_records_can_be_followed_and_a_broken_one_not(intake: Intake) {
    let mut one = Station::registered("S1", &intake).await;
    let mut two = Station::registered("S2", &intake).await;
    let (id, second) = (one.next(), one.enrol()).1;
    let _never_sent = two.next();
    let sent = [second, one.next(), two.next(), two.next()];
    for envelope in &sent {
        assert_eq!(send(&intake, envelope).await, StatusCode::CREATED);
    }
    assert_eq!(erase(&intake, &id.to_string(), "error").await.unwrap(), 1);
    let verify = async || maintenance::verify(intake.dir.path()).await.unwrap();
    let whole = verify().await;
    assert_eq!((whole.records, whole.erased, whole.missing, whole.broken.len()), (4, 1, 2, 0), "{whole:?}");

    // Somebody with access to the data base alters what is kept; each is found.
    let digest_of = |number: usize| store::hex(&digest(&sent[number]));
    let mut other_body = sent[1].clone();
    *other_body.last_mut().unwrap() ^= 1;
    let rows: [(&str, &str, &[u8], &str); 4] = [
        ("envelope", &digest_of(1), &other_body, "its body is not the one that was signed"),
        ("envelope", &digest_of(2), &sent[3], "its header is of another place"),
        ("envelope", &digest_of(3), b"nonsense", "it cannot be read"),
        ("tombstone", &digest_of(0), b"nonsense", "its tombstone is not signed by this intake"),
    ];
    for (column, of, bytes, what) in rows {
        let before = intake.put(column, of, bytes).await;
        let found = verify().await.broken;
        assert_eq!(found.iter().map(|(.., what)| *what).collect::<Vec<_>>(), [what]);
        intake.put(column, of, &before).await;
    }
    assert_eq!(verify().await, whole);
}

async fn production_does_not_start_without_the_law(intake: Intake) {
    let config = intake.dir.path().join("intake.toml");
    let text = fs::read_to_string(&config).unwrap();
    for (from, to, says) in [
        ("mode = \"demonstration\"", "mode = \"production\"", "needs [retention]"),
        ("mode = \"demonstration\"", "mode = \"trial\"", "line"),
        ("mode = \"demonstration\"", "", "missing field `mode`"),
    ] {
        fs::write(&config, text.replace(from, to)).unwrap();
        let at = Listening { stations: "127.0.0.1:0".parse().unwrap(), provisioning: None };
        let fault = intake::serve(intake.dir.path(), Some(at), clock_at(NOW_MS), |_| ()).await.unwrap_err();
        assert!(fault.to_string().contains(says), "{fault}");
    }
}
