//! The promise: the key of receipts can be changed at any time. What the old one signed stays good, and no station stops.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod common;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::MockConnectInfo;
use axum::http::{Request, StatusCode};
use common::{Intake, NOW_MS, Station};
use intake::{HandoverRefused, Receipts, Service, Signing, commands, maintenance, router, take_next};
use link::Successions;
use std::fs;
use std::sync::Arc;
use store::{FileKey, ReceiptKeys, VerifyKey, verify_receipt};
use tower::ServiceExt;

on_both_data_bases! {
    stations_that_know_either_key_get_receipts_that_they_take,
    tombstones_of_an_earlier_key_stay_good,
    a_medium_brings_what_leads_to_the_new_key,
    a_change_that_was_cut_short_is_finished,
    an_intake_that_serves_takes_the_next_key_and_no_other,
}

fn clock() -> intake::clock::Clock {
    Arc::new(|| NOW_MS)
}

async fn send(router: &Router, request: Request<Body>) -> (StatusCode, Vec<u8>) {
    let answer = router.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    (status, to_bytes(answer.into_body(), 1 << 20).await.unwrap().to_vec())
}

async fn get(router: &Router, path: &str) -> Vec<u8> {
    let (status, body) = send(router, Request::get(path).body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::OK, "{path}");
    body
}

async fn post(router: &Router, envelope: &[u8]) -> (StatusCode, Vec<u8>) {
    send(router, Request::post("/v1/records").body(Body::from(envelope.to_vec())).unwrap()).await
}

async fn change(intake: &Intake) -> VerifyKey {
    maintenance::next_receipt_key(intake.dir.path(), 30, &clock()).await.unwrap();
    VerifyKey::load(&intake.dir.path().join("receipt.pub")).unwrap()
}

async fn stations_that_know_either_key_get_receipts_that_they_take(intake: Intake) {
    let mut station = Station::registered("S1", &intake).await;
    let before = intake.router("S1");
    let (first, second) = (station.next(), station.next());
    let old_receipt = post(&before, &first).await.1;
    let known = ReceiptKeys::new(intake.receipt_key().clone());
    let acknowledged = verify_receipt(&known.current, &old_receipt).unwrap();

    let new = change(&intake).await;
    assert_ne!(new, known.current);
    let after = intake.router("S1");
    assert_eq!(post(&after, &second).await.0, StatusCode::CREATED);
    // What a copy that was not started again still signs is good too, and its receipts are no obstacle.
    let third = station.next();
    assert_eq!(post(&before, &third).await.0, StatusCode::CREATED);

    // A station that was provisioned with the new key, and sends an old record again or compares its store.
    for (envelope, digest) in [(&first, acknowledged.digest), (&third, store::format::digest(&third))] {
        let (status, receipt) = post(&after, envelope).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(verify_receipt(&new, &receipt).unwrap().digest, digest);
    }
    assert_eq!(verify_receipt(&new, &post(&after, &first).await.1).unwrap(), acknowledged, "nothing else of it is new");
    let last = get(&after, "/v1/stations/S1/last").await;
    assert_eq!(verify_receipt(&new, &last).unwrap().sequence, 3);

    // A station that knows the old key.
    let answer = get(&after, &format!("/v1/receipt-keys/{}", known.current.id())).await;
    let followed = known.follow(&Successions::read(&answer).unwrap(), NOW_MS).unwrap();
    assert_eq!(followed.current, new);
    assert_eq!(followed.named_in(&last, NOW_MS), Some(&new));
    assert_eq!(followed.named_in(&old_receipt, NOW_MS), Some(&known.current));
    for unknown in [new.id(), "0000000000000000"] {
        let answer = get(&after, &format!("/v1/receipt-keys/{unknown}")).await;
        assert_eq!(Successions::read(&answer), Some(Vec::new()), "nothing leads on from there");
    }

    // Twice more: from the first key the way leads over all of them.
    change(&intake).await;
    let newest = change(&intake).await;
    let answer = get(&intake.router("S1"), &format!("/v1/receipt-keys/{}", known.current.id())).await;
    let followed = known.follow(&Successions::read(&answer).unwrap(), NOW_MS).unwrap();
    assert_eq!((followed.current, followed.earlier.len()), (newest.clone(), 3));
    let receipt = post(&intake.router("S1"), &first).await.1;
    assert_eq!(verify_receipt(&newest, &receipt).unwrap(), acknowledged);
}

async fn tombstones_of_an_earlier_key_stay_good(intake: Intake) {
    let mut station = Station::registered("S1", &intake).await;
    for reason in ["request", "error"] {
        let (record, envelope) = station.enrol();
        assert_eq!(post(&intake.router("S1"), &envelope).await.0, StatusCode::CREATED);
        maintenance::erase(intake.dir.path(), &record.to_string(), reason, &clock()).await.unwrap();
        change(&intake).await;
    }
    let chains = maintenance::verify(intake.dir.path()).await.unwrap();
    assert_eq!((chains.erased, chains.broken), (2, vec![]));
    // The public halves of earlier keys are what it knows them by.
    fs::remove_file(intake.dir.path().join("receipt.earlier.pub")).unwrap();
    let chains = maintenance::verify(intake.dir.path()).await.unwrap();
    assert_eq!(chains.broken.len(), 2);
}

async fn a_medium_brings_what_leads_to_the_new_key(intake: Intake) {
    let mut station = Station::registered("S1", &intake).await;
    let medium = tempfile::tempdir().unwrap();
    station.next();
    station.export(medium.path());
    let known = ReceiptKeys::new(intake.receipt_key().clone());
    let new = change(&intake).await;
    let imported = commands::import(intake.dir.path(), medium.path(), clock()).await.unwrap();
    assert_eq!((imported.new, imported.refused.len()), (1, 0));
    assert_eq!(station.acknowledge_from(medium.path(), &known.current), [0; 0], "by a key that it does not know");
    let text = fs::read(medium.path().join(Successions::FILE)).unwrap();
    let followed = known.follow(&Successions::read(&text).unwrap(), NOW_MS).unwrap();
    assert_eq!(followed.current, new);
    assert_eq!(station.acknowledge_from(medium.path(), &followed.current), [1]);
}

async fn an_intake_that_serves_takes_the_next_key_and_no_other(intake: Intake) {
    let mut station = Station::registered("S1", &intake).await;
    let path = intake.dir.path().join("receipt.key");
    let signing = Signing::from(Receipts::load(&path).unwrap());
    let service = Service { receipts: signing.clone(), ..intake.service(intake.database.clone()) };
    let router = router(Arc::new(service)).layer(MockConnectInfo(common::peer("S1")));
    let old = intake.receipt_key().clone();
    let take = || take_next(&path, &signing, &intake.database);
    assert!(!take().await.unwrap(), "it is the same key");
    let first = station.next();
    assert_eq!(verify_receipt(&old, &post(&router, &first).await.1).unwrap().sequence, 1);

    // Twice, before anybody has looked.
    change(&intake).await;
    let new = change(&intake).await;
    assert_eq!(verify_receipt(&old, &post(&router, &first).await.1).unwrap().sequence, 1, "not before it has looked");
    assert!(take().await.unwrap());
    assert_eq!(verify_receipt(&new, &post(&router, &station.next()).await.1).unwrap().sequence, 2);
    assert_eq!(verify_receipt(&new, &post(&router, &first).await.1).unwrap().sequence, 1, "signed anew");
    let health: serde_json::Value = serde_json::from_slice(&get(&router, "/health").await).unwrap();
    assert_eq!(health["receipt_key"], new.id(), "{health}");

    // A key that nobody has named, and a file that is none: the present one goes on.
    let made = fs::read(&path).unwrap();
    let stranger = intake.dir.path().join("stranger.key");
    FileKey::create(&stranger).unwrap();
    store::replace_private(&path, &fs::read(&stranger).unwrap()).unwrap();
    assert!(matches!(take().await, Err(HandoverRefused::NotNamed(_))));
    store::replace_private(&path, b"half a key").unwrap();
    assert!(matches!(take().await, Err(HandoverRefused::File(_))));
    assert_eq!(verify_receipt(&new, &post(&router, &station.next()).await.1).unwrap().sequence, 3);
    store::replace_private(&path, &made).unwrap();
    assert!(!take().await.unwrap());
}

/// The power went after the statement and before the file was replaced: the same successor takes over.
async fn a_change_that_was_cut_short_is_finished(intake: Intake) {
    let (data, known) = (intake.dir.path(), ReceiptKeys::new(intake.receipt_key().clone()));
    let old = fs::read(data.join("receipt.key")).unwrap();
    let new = change(&intake).await;
    let made = fs::read(data.join("receipt.key")).unwrap();
    store::replace_private(&data.join("receipt.next.key"), &made).unwrap();
    store::replace_private(&data.join("receipt.key"), &old).unwrap();
    assert_eq!(change(&intake).await, new);
    assert!(!data.join("receipt.next.key").exists());
    let statements = intake.database.receipts_after(known.current.id(), 16).await.unwrap();
    assert_eq!(statements.len(), 1);

    // Whoever has a copy of the old key cannot have it name another one.
    store::replace_private(&data.join("receipt.key"), &old).unwrap();
    let refused = maintenance::next_receipt_key(data, 30, &clock()).await.unwrap_err();
    assert!(refused.to_string().contains("another successor"), "{refused}");
    assert_eq!(FileKey::load(&data.join("receipt.key")).unwrap().public(), &known.current);
}
