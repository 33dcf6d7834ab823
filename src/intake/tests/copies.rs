//! The promise: any number of intakes on one data base keep each record once, and none lets a fork through.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod common;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use common::{Intake, Station};
use intake::{Database, DatabaseFault, Place};
use sqlx::Executor;
use tower::ServiceExt;

on_both_data_bases! {
    the_same_envelope_at_all_copies_is_kept_once,
    two_records_with_one_number_at_two_copies_are_a_fork,
    a_chain_arrives_whole_whatever_the_order_and_the_copy,
    a_record_and_the_one_before_it_at_two_copies_must_fit,
    copies_may_start_at_once,
}

/// The same on a server that takes every transaction for serialisable, as distributed engines do: it ends one of two
/// that meet, and the intake tries that one again.
mod serializable {
    use super::Intake;

    macro_rules! on_strict_server {
        ($($test:ident,)+) => {
            $(#[tokio::test]
            async fn $test() {
                if let Some(intake) = Intake::on_postgres_with("&options[default_transaction_isolation]=serializable").await {
                    super::$test(intake).await;
                }
            })+
        };
    }

    on_strict_server! {
        the_same_envelope_at_all_copies_is_kept_once,
        two_records_with_one_number_at_two_copies_are_a_fork,
        a_chain_arrives_whole_whatever_the_order_and_the_copy,
        a_record_and_the_one_before_it_at_two_copies_must_fit,
        copies_may_start_at_once,
    }
}

/// How often each race is run.
const ROUNDS: usize = 12;

/// Sends each envelope to a copy of its own, all at once: statuses and bodies.
async fn race(intake: &Intake, envelopes: &[Vec<u8>]) -> Vec<(StatusCode, Vec<u8>)> {
    let sent: Vec<_> = envelopes
        .iter()
        .map(|envelope| {
            let request = Request::post("/v1/records").body(Body::from(envelope.clone())).unwrap();
            let parts = store::format::Envelope::decode(envelope).unwrap();
            let copy = intake.copy(&store::peek_header(parts.cose).unwrap().station.0);
            tokio::spawn(async move {
                let response = copy.await.oneshot(request).await.unwrap();
                let status = response.status();
                (status, to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec())
            })
        })
        .collect();
    let mut answers = Vec::new();
    for sending in sent {
        answers.push(sending.await.unwrap());
    }
    answers
}

fn statuses(answers: &[(StatusCode, Vec<u8>)]) -> Vec<u16> {
    let mut statuses: Vec<u16> = answers.iter().map(|(status, _)| status.as_u16()).collect();
    statuses.sort_unstable();
    statuses
}

async fn the_same_envelope_at_all_copies_is_kept_once(intake: Intake) {
    let mut station = Station::registered("S1", &intake).await;
    for round in 1..=ROUNDS {
        let answers = race(&intake, &vec![station.next(); 4]).await;
        assert_eq!(statuses(&answers), [200, 200, 200, 201]);
        assert!(answers.iter().all(|(_, receipt)| *receipt == answers[0].1), "one receipt");
        let status = intake.database.status("S1").await.unwrap().unwrap();
        assert_eq!((status.count, status.last_sequence), (round as i64, round as i64));
    }
}

async fn two_records_with_one_number_at_two_copies_are_a_fork(intake: Intake) {
    for round in 0..ROUNDS {
        let mut station = Station::registered(&format!("S{round}"), &intake).await;
        let mut copy = station.copy();
        let answers = race(&intake, &[station.next(), copy.next()]).await;
        assert_eq!(statuses(&answers), [201, 409]);
        let status = intake.database.status(&station.id.0).await.unwrap().unwrap();
        assert_eq!((status.count, status.forks), (1, 1));
    }
}

async fn a_chain_arrives_whole_whatever_the_order_and_the_copy(intake: Intake) {
    let mut station = Station::registered("S1", &intake).await;
    let envelopes: Vec<_> = (0..ROUNDS).map(|_| station.next()).collect();
    let answers = race(&intake, &envelopes).await;
    assert_eq!(statuses(&answers), [201; ROUNDS]);
    let status = intake.database.status("S1").await.unwrap().unwrap();
    assert_eq!((status.count, status.forks), (ROUNDS as i64, 0));
    let listed = intake.database.list(("", 0), 100).await.unwrap();
    let digests: Vec<_> = envelopes.iter().map(|envelope| store::hex(&store::format::digest(envelope))).collect();
    assert_eq!(listed.into_iter().map(|row| row.digest).collect::<Vec<_>>(), digests);
}

/// The first record of a copied store, and the second one of the original: whichever is first, the other is an alarm.
async fn a_record_and_the_one_before_it_at_two_copies_must_fit(intake: Intake) {
    for round in 0..ROUNDS {
        let mut station = Station::registered(&format!("S{round}"), &intake).await;
        let mut copy = station.copy();
        let first_of_copy = copy.next();
        let [_, second] = [station.next(), station.next()];
        let answers = race(&intake, &[first_of_copy, second]).await;
        assert_eq!(statuses(&answers), [201, 409]);
        let status = intake.database.status(&station.id.0).await.unwrap().unwrap();
        assert_eq!((status.count, status.forks), (1, 1));
    }
}

async fn copies_may_start_at_once(intake: Intake) {
    let place = match &intake.place {
        Place::Sqlite(file) => Place::Sqlite(file.with_file_name("new.sqlite")),
        Place::Postgres(_) => Place::Postgres(intake::testing::Cluster::shared().unwrap().database().unwrap()),
    };
    let starting: Vec<_> = (0..6)
        .map(|_| {
            let place = place.clone();
            tokio::spawn(async move { Database::open(&place).await.unwrap() })
        })
        .collect();
    for copy in starting {
        copy.await.unwrap().ping().await.unwrap();
    }
}

/// The tables as version 0.1.0 made them.
const OLD: &str = "
    CREATE TABLE station_keys (
        station TEXT NOT NULL, key_id TEXT NOT NULL, public_key TEXT NOT NULL, registered BIGINT NOT NULL,
        PRIMARY KEY (station, key_id));
    CREATE TABLE records (
        digest TEXT PRIMARY KEY, station TEXT NOT NULL, sequence BIGINT NOT NULL, record TEXT NOT NULL,
        outcome TEXT NOT NULL, simulated BIGINT NOT NULL, received BIGINT NOT NULL,
        envelope BLOB NOT NULL, receipt BLOB NOT NULL, UNIQUE (station, sequence));
    CREATE TABLE forks (
        digest TEXT PRIMARY KEY, station TEXT NOT NULL, sequence BIGINT NOT NULL, record TEXT NOT NULL,
        received BIGINT NOT NULL, envelope BLOB NOT NULL);
    CREATE TABLE key_rotations (
        station TEXT NOT NULL, old_key TEXT NOT NULL, new_key TEXT NOT NULL, overlap_until BIGINT NOT NULL,
        received BIGINT NOT NULL, statement BLOB NOT NULL, PRIMARY KEY (station, old_key));
    CREATE TABLE audit_heads (
        station TEXT NOT NULL, sequence BIGINT NOT NULL, lines BIGINT NOT NULL, head TEXT NOT NULL,
        PRIMARY KEY (station, sequence));
    CREATE TABLE alarms (
        station TEXT NOT NULL, sequence BIGINT NOT NULL, alarm TEXT NOT NULL, received BIGINT NOT NULL,
        PRIMARY KEY (station, sequence, alarm));
    CREATE INDEX records_by_name ON records (record);
    INSERT INTO station_keys VALUES ('S1', 'k', 'pem', 1), ('S1', 'k2', 'pem', 1), ('S2', 'k', 'pem', 1);
    INSERT INTO records VALUES ('aa', 'S1', 1, 'r1', 'cancelled', 1, 10, x'01', x'02');
    INSERT INTO records VALUES ('bb', 'S1', 3, 'r3', 'enrolled', 1, 30, x'03', x'04');
    INSERT INTO forks VALUES ('cc', 'S1', 1, 'r4', 40, x'05');
    INSERT INTO alarms VALUES ('S1', 3, 'audit-trail', 30);";

/// PostgreSQL lays sealed bodies down without a try to compress them; a table of before is told so too.
#[tokio::test]
async fn a_server_does_not_try_to_compress_what_is_sealed() {
    let Some(intake) = Intake::on_postgres_with("").await else { return };
    let Place::Postgres(url) = &intake.place else { panic!("not on a server") };
    let server = sqlx::PgPool::connect(url).await.unwrap();
    let ways = "SELECT string_agg(attstorage::text, '') FROM pg_attribute
        WHERE attrelid IN ('records'::regclass, 'forks'::regclass) AND attname = 'envelope'";
    let ways = async || sqlx::query_scalar::<_, String>(ways).fetch_one(&server).await.unwrap();
    assert_eq!(ways().await, "ee");
    server.execute("ALTER TABLE forks ALTER COLUMN envelope SET STORAGE EXTENDED").await.unwrap();
    assert!(ways().await.contains('x'));
    Database::open(&intake.place).await.unwrap().close().await;
    assert_eq!(ways().await, "ee");
}

#[tokio::test]
async fn a_data_base_of_an_older_program_is_taken_over_with_its_records() {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::Sqlite(dir.path().join("old.sqlite"));
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(dir.path().join("old.sqlite"));
    let old = sqlx::SqlitePool::connect_with(options.clone().create_if_missing(true)).await.unwrap();
    old.execute(OLD).await.unwrap();
    old.close().await;
    for _ in 0..2 {
        let database = Database::open(&place).await.unwrap();
        let one = database.status("S1").await.unwrap().unwrap();
        assert_eq!((one.last_sequence, one.count, one.forks, one.alarms), (3, 2, 1, 1));
        let two = database.status("S2").await.unwrap().unwrap();
        assert_eq!((two.last_sequence, two.count, two.forks, two.alarms), (0, 0, 0, 0));
        assert_eq!(database.list(("", 0), 10).await.unwrap().len(), 2);
        assert_eq!(database.held("r3").await.unwrap()[0].envelope, [3]);
        database.close().await;
    }
    let newer = sqlx::SqlitePool::connect_with(options).await.unwrap();
    newer.execute("INSERT INTO schema_versions VALUES (99)").await.unwrap();
    newer.close().await;
    let refused = Database::open(&place).await.map(drop).unwrap_err();
    assert!(matches!(refused, DatabaseFault::NewerSchema { found: 99, .. }), "{refused}");
}
