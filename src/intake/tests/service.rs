//! The promise: a verified record is acknowledged once, kept once, and nothing else is taken.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod common;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use common::{Intake, NOW_MS, Station};
use intake::follow;
use serde_json::{Value, json};
use store::format::MAX_ENVELOPE_BYTES;
use store::{FileKey, verify_receipt};
use tower::ServiceExt;

on_both_data_bases! {
    a_record_is_acknowledged_once_and_again_with_the_same_receipt,
    a_connection_brings_and_sees_what_is_its_own,
    records_outlive_a_restart,
    a_second_record_with_a_taken_number_is_a_fork_and_kept,
    behind_the_last_number_a_copy_gets_receipts_again,
    what_cannot_be_verified_is_refused_with_the_reason,
    who_signed_for_whom_and_in_which_place_is_told_apart,
    a_record_that_hangs_on_another_than_the_one_before_is_an_alarm_and_kept,
    an_audit_trail_that_was_cut_is_an_alarm,
    every_flipped_byte_is_refused,
    a_station_may_have_two_keys_while_they_are_changed,
    one_key_takes_over_from_another,
    an_overlap_is_counted_by_the_intakes_clock,
    it_says_how_it_is_doing,
    production_refuses_records_of_simulated_devices,
}

struct Answer {
    status: StatusCode,
    kind: String,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

async fn ask(intake: &Intake, caller: &str, request: Request<Body>) -> Answer {
    let response = intake.router(caller).oneshot(request).await.unwrap();
    let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    Answer {
        status: response.status(),
        kind: kind.unwrap_or_default(),
        body: to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec(),
    }
}

/// Sends an envelope over a connection of the station that it claims to be of.
async fn send(intake: &Intake, envelope: &[u8]) -> Answer {
    let parts = store::format::Envelope::decode(envelope).ok();
    let claimed = parts.and_then(|parts| store::peek_header(parts.cose).ok());
    send_as(intake, claimed.as_ref().map_or("S1", |claimed| claimed.station.0.as_str()), envelope).await
}

async fn send_as(intake: &Intake, caller: &str, envelope: &[u8]) -> Answer {
    let request = Request::post("/v1/records").header("content-type", "application/cbor");
    ask(intake, caller, request.body(Body::from(envelope.to_vec())).unwrap()).await
}

async fn get(intake: &Intake, path: &str) -> Answer {
    let caller = path.split('/').nth(3).unwrap_or("S1");
    ask(intake, caller, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn a_record_is_acknowledged_once_and_again_with_the_same_receipt(intake: Intake) {
    let mut station = Station::registered("S1", &intake).await;
    let envelope = station.next();
    let first = send(&intake, &envelope).await;
    assert_eq!((first.status, first.kind.as_str()), (StatusCode::CREATED, "application/cose"));
    let receipt = verify_receipt(intake.receipt_key(), &first.body).unwrap();
    assert_eq!((receipt.digest, receipt.sequence), (store::format::digest(&envelope), 1));
    assert_eq!((receipt.station.0.as_str(), receipt.received_ms), ("S1", NOW_MS));

    intake.advance(5000);
    for _ in 0..3 {
        let again = send(&intake, &envelope).await;
        assert_eq!((again.status, &again.body), (StatusCode::OK, &first.body));
    }
    let status = get(&intake, "/v1/stations/S1").await;
    assert_eq!(status.json(), json!({ "last_sequence": 1, "count": 1, "forks": 0, "alarms": 0 }));
    station.acknowledge(&first.body, intake.receipt_key());
}

/// A certificate speaks for one station: what another has made is not taken from it, and it sees its own alone.
async fn a_connection_brings_and_sees_what_is_its_own(intake: Intake) {
    let mut one = Station::registered("S1", &intake).await;
    Station::registered("S2", &intake).await;
    let envelope = one.next();
    let statement = store::Rotation {
        station: one.id.clone(),
        old: one.key.public().id().into(),
        new: FileKey::create(&one.dir.path().join("next.key")).unwrap().public().clone(),
        time_ms: NOW_MS,
        overlap_until_ms: NOW_MS,
    };
    let statement = Request::post("/v1/keys").body(Body::from(statement.sign(&one.key).unwrap())).unwrap();
    let look = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    for refused in [
        send_as(&intake, "S2", &envelope).await,
        ask(&intake, "S2", statement).await,
        ask(&intake, "S2", look("/v1/stations/S1")).await,
        ask(&intake, "S2", look("/v1/stations/S1/last")).await,
    ] {
        let json = refused.json();
        let expected = (StatusCode::FORBIDDEN, Some("I-30"), Some("other-station"), Some(false));
        assert_eq!((refused.status, json["code"].as_str(), json["reason"].as_str(), json["final"].as_bool()), expected);
    }
    assert_eq!(get(&intake, "/v1/stations/S1/last").await.status, StatusCode::NO_CONTENT);
    let receipt = send(&intake, &envelope).await;
    assert_eq!(receipt.status, StatusCode::CREATED);
    let last = get(&intake, "/v1/stations/S1/last").await;
    assert_eq!((last.status, last.kind.as_str(), last.body), (StatusCode::OK, "application/cose", receipt.body));
}

async fn records_outlive_a_restart(mut intake: Intake) {
    let mut station = Station::registered("S1", &intake).await;
    let envelopes = [station.next(), station.next(), station.next()];
    let first = send(&intake, &envelopes[0]).await;
    assert_eq!(send(&intake, &envelopes[1]).await.status, StatusCode::CREATED);
    intake.reopen().await;
    assert_eq!(send(&intake, &envelopes[0]).await.body, first.body, "the receipt of the first time");
    assert_eq!(send(&intake, &envelopes[1]).await.status, StatusCode::OK);
    assert_eq!(send(&intake, &envelopes[2]).await.status, StatusCode::CREATED);
    let listed = intake.database.list(("", 0), 10).await.unwrap();
    assert_eq!(listed.iter().map(|row| row.sequence).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(listed[0].outcome, "cancelled");
    assert_eq!(listed[0].digest, store::hex(&store::format::digest(&envelopes[0])));
}

async fn a_second_record_with_a_taken_number_is_a_fork_and_kept(intake: Intake) {
    let mut station = Station::registered("S1", &intake).await;
    let mut copy = station.copy();
    let (one, other) = (station.next(), copy.next());
    assert_eq!(send(&intake, &one).await.status, StatusCode::CREATED);
    for _ in 0..2 {
        let fork = send(&intake, &other).await;
        assert_eq!((fork.status, fork.json()["code"].as_str()), (StatusCode::CONFLICT, Some("I-06")));
    }
    let status = get(&intake, "/v1/stations/S1").await;
    assert_eq!(status.json(), json!({ "last_sequence": 1, "count": 1, "forks": 1, "alarms": 0 }));
    assert_eq!(send(&intake, &one).await.status, StatusCode::OK, "the first one stands");
}

async fn what_cannot_be_verified_is_refused_with_the_reason(intake: Intake) {
    let mut station = Station::registered("S1", &intake).await;
    let mut unknown = Station::new("S2");
    let mut thief = Station::new("S1");
    let good = station.next();
    let parts = store::format::Envelope::decode(&good).unwrap();
    let other = station.next();
    let other_parts = store::format::Envelope::decode(&other).unwrap();
    let swapped = store::format::Envelope { cose: parts.cose, body: other_parts.body }.encode();
    let mut bad_signature = good.clone();
    let end = good.windows(parts.cose.len()).position(|window| window == parts.cose).unwrap() + parts.cose.len();
    bad_signature[end - 1] ^= 1;
    let rows = [
        (vec![], StatusCode::BAD_REQUEST, "I-02", true),
        (b"{\"json\": true}".to_vec(), StatusCode::BAD_REQUEST, "I-02", true),
        (good[..good.len() - 1].to_vec(), StatusCode::BAD_REQUEST, "I-02", true),
        (vec![0; MAX_ENVELOPE_BYTES + 1], StatusCode::PAYLOAD_TOO_LARGE, "I-01", true),
        (unknown.next(), StatusCode::FORBIDDEN, "I-03", false),
        (thief.next(), StatusCode::FORBIDDEN, "I-03", false),
        (bad_signature, StatusCode::FORBIDDEN, "I-04", true),
        (swapped, StatusCode::UNPROCESSABLE_ENTITY, "I-05", true),
    ];
    for (envelope, status, code, is_final) in rows {
        let answer = send(&intake, &envelope).await;
        assert_eq!(answer.json()["final"], is_final, "{code}");
        assert_eq!((answer.status, answer.json()["code"].as_str()), (status, Some(code)));
        assert!(answer.json()["text"].as_str().is_some_and(|text| !text.is_empty()));
    }
    assert_eq!(get(&intake, "/v1/stations/S1").await.json()["count"], 0);
    assert_eq!(get(&intake, "/v1/stations/S2").await.status, StatusCode::NOT_FOUND);
}

/// The station as it claims to be, its key, the body's reader and its place in the chain: each has its own refusal.
async fn who_signed_for_whom_and_in_which_place_is_told_apart(intake: Intake) {
    let mut one = Station::registered("S1", &intake).await;
    let mut two = Station::registered("S2", &intake).await;
    // One station's key under the other's name: the key is known here, but for another station.
    let mut posing = Station::registered("S3", &intake).await.posing_as("S1");
    let mut elsewhere = Station::registered("S4", &intake).await.sealing_to_another_authority();
    let first = one.next();
    let other_header =
        store::format::Envelope { body: envelope_parts(&first).body, ..envelope_parts(&two.next()) }.encode();
    let rows = [
        (posing.next(), StatusCode::FORBIDDEN, "I-03", "unknown-station-or-key", false),
        (elsewhere.next(), StatusCode::FORBIDDEN, "I-12", "other-authority", false),
        (other_header, StatusCode::UNPROCESSABLE_ENTITY, "I-05", "body-digest", true),
    ];
    for (envelope, status, code, reason, is_final) in rows {
        let answer = send(&intake, &envelope).await;
        let json = answer.json();
        assert_eq!((answer.status, json["code"].as_str(), json["reason"].as_str()), (status, Some(code), Some(reason)));
        assert_eq!(json["final"], is_final, "{code}");
    }
    assert_eq!(send(&intake, &first).await.status, StatusCode::CREATED);
}

async fn a_record_that_hangs_on_another_than_the_one_before_is_an_alarm_and_kept(intake: Intake) {
    let mut station = Station::registered("S1", &intake).await;
    let mut copy = station.copy();
    let (first, _, second_of_copy) = (station.next(), copy.next(), copy.next());
    assert_eq!(send(&intake, &first).await.status, StatusCode::CREATED);
    for _ in 0..2 {
        let answer = send(&intake, &second_of_copy).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (StatusCode::CONFLICT, Some("I-11")));
    }
    assert_eq!(get(&intake, "/v1/stations/S1").await.json()["forks"], 1);
    assert_eq!(send(&intake, &station.next()).await.status, StatusCode::CREATED, "the chain goes on");
}

/// A station that goes on with an old copy of its store uses numbers that are taken, before it hears of it. These are kept
/// beside, with an alarm each; what comes after the last number that is taken here is a record as any other.
async fn behind_the_last_number_a_copy_gets_receipts_again(intake: Intake) {
    let mut station = Station::registered("S1", &intake).await;
    let mut copy = station.copy();
    for envelope in [station.next(), station.next()] {
        assert_eq!(send(&intake, &envelope).await.status, StatusCode::CREATED);
    }
    for expected in ["I-06", "I-06"] {
        let answer = send(&intake, &copy.next()).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (StatusCode::CONFLICT, Some(expected)));
    }
    for _ in 0..2 {
        assert_eq!(send(&intake, &copy.next()).await.status, StatusCode::CREATED);
    }
    let status = get(&intake, "/v1/stations/S1").await;
    assert_eq!(status.json(), json!({ "last_sequence": 4, "count": 4, "forks": 2, "alarms": 0 }));
    let chains = follow(&intake.database, &[intake.receipt_key()]).await.unwrap();
    assert_eq!((chains.records, chains.broken), (4, vec![]));
}

/// The receipt countersigns where the station's audit trail ended; one that is shorter later, or other, is an alarm.
async fn an_audit_trail_that_was_cut_is_an_alarm(intake: Intake) {
    let mut station = Station::registered("S1", &intake).await;
    station.note(3);
    let first = send(&intake, &station.next()).await;
    let receipt = verify_receipt(intake.receipt_key(), &first.body).unwrap();
    assert_eq!(receipt.audit, station.audit_head());
    assert_eq!(receipt.audit.lines, 3);
    station.note(1);
    assert_eq!(send(&intake, &station.next()).await.status, StatusCode::CREATED);
    assert_eq!(get(&intake, "/v1/stations/S1").await.json()["alarms"], 0);
    for (lines, digest, alarms) in [(4, [9; 32], 1), (2, [9; 32], 2), (5, [7; 32], 2)] {
        let envelope = station.next_with_audit(domain::record::AuditHead { lines, digest });
        assert_eq!(send(&intake, &envelope).await.status, StatusCode::CREATED, "the record is taken all the same");
        assert_eq!(get(&intake, "/v1/stations/S1").await.json()["alarms"], alarms, "{lines}");
    }
}

fn envelope_parts(envelope: &[u8]) -> store::format::Envelope<'_> {
    store::format::Envelope::decode(envelope).unwrap()
}

async fn every_flipped_byte_is_refused(intake: Intake) {
    let good = Station::registered("S1", &intake).await.next();
    for at in 0..good.len() {
        let mut touched = good.clone();
        touched[at] ^= 1;
        let answer = send(&intake, &touched).await;
        assert!(answer.status.is_client_error(), "byte {at}: {}", answer.status);
    }
    assert_eq!(get(&intake, "/v1/stations/S1").await.json()["count"], 0);
}

async fn a_station_may_have_two_keys_while_they_are_changed(intake: Intake) {
    let mut station = Station::registered("S1", &intake).await;
    let old = station.next();
    station.key = FileKey::create(&station.dir.path().join("new.key")).unwrap();
    let new = station.next();
    assert_eq!(send(&intake, &new).await.status, StatusCode::FORBIDDEN);
    intake.database.register("S1", station.key.public(), NOW_MS).await.unwrap();
    for envelope in [old, new] {
        assert_eq!(send(&intake, &envelope).await.status, StatusCode::CREATED);
    }
}

/// Both keys of a rotation are believed while they overlap, the new one alone afterwards.
async fn one_key_takes_over_from_another(intake: Intake) {
    const OVERLAP_MS: i64 = 1000;
    let mut station = Station::registered("S1", &intake).await;
    let [next, thief] = ["next.key", "thief.key"].map(|name| FileKey::create(&station.dir.path().join(name)).unwrap());
    let old_id = station.key.public().id().to_owned();
    let rotation = |to: &FileKey| store::Rotation {
        station: station.id.clone(),
        old: old_id.clone(),
        new: to.public().clone(),
        time_ms: NOW_MS,
        overlap_until_ms: NOW_MS + OVERLAP_MS,
    };
    let statement = rotation(&next).sign(&station.key).unwrap();
    let foreign = rotation(&thief).sign(&thief).unwrap();
    let second = rotation(&thief).sign(&station.key).unwrap();
    let mut touched = statement.clone();
    let last = touched.len() - 1;
    touched[last] ^= 1;
    let rows = [
        (&foreign, StatusCode::FORBIDDEN, "rotation"),
        (&touched, StatusCode::FORBIDDEN, "rotation"),
        (&statement, StatusCode::OK, ""),
        (&statement, StatusCode::OK, ""),
        (&second, StatusCode::CONFLICT, "second-successor"),
    ];
    for (statement, status, reason) in rows {
        let answer = say(&intake, statement).await;
        assert_eq!((answer.status, answer.json()["reason"].as_str().unwrap_or_default()), (status, reason));
    }
    let by_old = [station.next(), station.next()];
    station.key = next;
    let by_new = station.next();
    assert_eq!(send(&intake, &by_old[0]).await.status, StatusCode::CREATED);
    intake.advance(OVERLAP_MS + 1);
    let late = send(&intake, &by_old[1]).await;
    assert_eq!(
        (late.status, late.json()["code"].as_str(), late.json()["final"].as_bool()),
        (StatusCode::FORBIDDEN, Some("I-13"), Some(false))
    );
    assert_eq!(send(&intake, &by_new).await.status, StatusCode::CREATED);
    assert_eq!(say(&intake, &statement).await.status, StatusCode::OK, "a station may repeat itself");
    // Nothing is lost: an administrator can have the old key believed for once more.
    let old = FileKey::load(&station.dir.path().join("station.key")).unwrap();
    intake.database.register("S1", old.public(), NOW_MS + OVERLAP_MS).await.unwrap();
    assert_eq!(send(&intake, &by_old[1]).await.status, StatusCode::CREATED);
}

/// A station whose clock is years off still has the overlap that it asked for, by this intake's clock.
async fn an_overlap_is_counted_by_the_intakes_clock(intake: Intake) {
    const YEARS_MS: i64 = 5 * 365 * 24 * 3600 * 1000;
    for (id, off) in [("S1", -YEARS_MS), ("S2", YEARS_MS)] {
        intake.set(NOW_MS);
        let mut station = Station::registered(id, &intake).await;
        let next = FileKey::create(&station.dir.path().join("next.key")).unwrap();
        let statement = store::Rotation {
            station: station.id.clone(),
            old: station.key.public().id().into(),
            new: next.public().clone(),
            time_ms: NOW_MS + off,
            overlap_until_ms: NOW_MS + off + 1000,
        };
        assert_eq!(say_as(&intake, id, &statement.sign(&station.key).unwrap()).await.status, StatusCode::OK);
        let [in_time, late] = [station.next(), station.next()];
        intake.advance(1000);
        assert_eq!(send(&intake, &in_time).await.status, StatusCode::CREATED, "{off}");
        intake.advance(1);
        assert_eq!(send(&intake, &late).await.json()["code"], "I-13", "{off}");
    }
}

async fn say(intake: &Intake, statement: &[u8]) -> Answer {
    say_as(intake, "S1", statement).await
}

async fn say_as(intake: &Intake, caller: &str, statement: &[u8]) -> Answer {
    ask(intake, caller, Request::post("/v1/keys").body(Body::from(statement.to_vec())).unwrap()).await
}

async fn production_refuses_records_of_simulated_devices(mut intake: Intake) {
    intake.mode = intake::Mode::Production;
    let mut simulated = Station::registered("S1", &intake).await;
    let refused = send(&intake, &simulated.next()).await;
    let json = refused.json();
    assert_eq!((refused.status, json["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("I-16")));
    assert_eq!((json["reason"].as_str(), json["final"].as_bool()), (Some("simulated"), Some(true)));
    assert_eq!(get(&intake, "/v1/stations/S1").await.json()["count"], 0);
    let mut real = Station::registered("S2", &intake).await;
    real.simulated = false;
    assert_eq!(send(&intake, &real.next()).await.status, StatusCode::CREATED);
}

async fn it_says_how_it_is_doing(intake: Intake) {
    let health = get(&intake, "/health").await;
    assert_eq!(health.json(), json!({ "status": "ok", "receipt_key": intake.receipt_key().id() }));
    intake.database.close().await;
    let health = get(&intake, "/health").await;
    assert_eq!((health.status, health.json()["code"].as_str()), (StatusCode::SERVICE_UNAVAILABLE, Some("I-07")));
    assert_eq!(send(&intake, &Station::new("S1").next()).await.status, StatusCode::SERVICE_UNAVAILABLE);
}
