//! The tables, and how they came about: a data base of an older program is brought up to date at the start.

use super::tries::Tries;
use super::{DatabaseFault, Place};
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, Row};

/// Steps in their order. One that has been delivered is never changed: another is added.
///
/// `{bytes}` stands for the type of byte strings. The first step is what programs before had without a version, so it
/// leaves alone what is there.
const STEPS: [&[&str]; 8] = [&FIRST, &STATIONS, &ERASED, &OLDEST, &CERTIFICATES, &EXPIRY, &CODES, &RECEIPT_KEYS];

const FIRST: [&str; 7] = [
    "CREATE TABLE IF NOT EXISTS station_keys (
        station TEXT NOT NULL, key_id TEXT NOT NULL, public_key TEXT NOT NULL, registered BIGINT NOT NULL,
        PRIMARY KEY (station, key_id))",
    "CREATE TABLE IF NOT EXISTS records (
        digest TEXT PRIMARY KEY, station TEXT NOT NULL, sequence BIGINT NOT NULL, record TEXT NOT NULL,
        outcome TEXT NOT NULL, simulated BIGINT NOT NULL, received BIGINT NOT NULL,
        envelope {bytes} NOT NULL, receipt {bytes} NOT NULL, UNIQUE (station, sequence))",
    "CREATE TABLE IF NOT EXISTS forks (
        digest TEXT PRIMARY KEY, station TEXT NOT NULL, sequence BIGINT NOT NULL, record TEXT NOT NULL,
        received BIGINT NOT NULL, envelope {bytes} NOT NULL)",
    "CREATE TABLE IF NOT EXISTS key_rotations (
        station TEXT NOT NULL, old_key TEXT NOT NULL, new_key TEXT NOT NULL, overlap_until BIGINT NOT NULL,
        received BIGINT NOT NULL, statement {bytes} NOT NULL, PRIMARY KEY (station, old_key))",
    "CREATE TABLE IF NOT EXISTS audit_heads (
        station TEXT NOT NULL, sequence BIGINT NOT NULL, lines BIGINT NOT NULL, head TEXT NOT NULL,
        PRIMARY KEY (station, sequence))",
    "CREATE TABLE IF NOT EXISTS alarms (
        station TEXT NOT NULL, sequence BIGINT NOT NULL, alarm TEXT NOT NULL, received BIGINT NOT NULL,
        PRIMARY KEY (station, sequence, alarm))",
    "CREATE INDEX IF NOT EXISTS records_by_name ON records (record)",
];

/// One row for each station: what orders the copies of the intake, and counts, so that nobody counts a country's
/// records to show a page.
const STATIONS: [&str; 2] = [
    "CREATE TABLE stations (
        station TEXT PRIMARY KEY, contact BIGINT NOT NULL, last_sequence BIGINT NOT NULL, records BIGINT NOT NULL,
        forks BIGINT NOT NULL, alarms BIGINT NOT NULL)",
    "INSERT INTO stations (station, contact, last_sequence, records, forks, alarms)
        SELECT k.station,
            (SELECT COALESCE(MAX(r.received), 0) FROM records r WHERE r.station = k.station),
            (SELECT COALESCE(MAX(r.sequence), 0) FROM records r WHERE r.station = k.station),
            (SELECT COUNT(*) FROM records r WHERE r.station = k.station),
            (SELECT COUNT(*) FROM forks f WHERE f.station = k.station),
            (SELECT COUNT(*) FROM alarms a WHERE a.station = k.station)
        FROM (SELECT DISTINCT station FROM station_keys) k",
];

/// What has been erased, and what stands in its place. Records that came before have no word about what they replace,
/// and copies of forks no outcome: these are treated like enrolments.
const ERASED: [&str; 7] = [
    "ALTER TABLE records ADD COLUMN replaces TEXT",
    "ALTER TABLE records ADD COLUMN erased BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE forks ADD COLUMN outcome TEXT NOT NULL DEFAULT 'enrolled'",
    "ALTER TABLE forks ADD COLUMN erased BIGINT NOT NULL DEFAULT 0",
    "CREATE TABLE tombstones (
        digest TEXT PRIMARY KEY, station TEXT NOT NULL, sequence BIGINT NOT NULL, record TEXT NOT NULL,
        reason TEXT NOT NULL, erased BIGINT NOT NULL, tombstone {bytes} NOT NULL)",
    "CREATE INDEX records_by_age ON records (erased, outcome, received)",
    "CREATE INDEX forks_by_name ON forks (record)",
];

/// Finds the oldest body of a station without a look at those that are gone.
const OLDEST: [&str; 1] = ["CREATE INDEX records_by_station ON records (station, erased, sequence)"];

/// One-time codes, of which a station has one at most, and the certificates that were made.
const CERTIFICATES: [&str; 2] = [
    "CREATE TABLE invitations (
        station TEXT PRIMARY KEY, code_hash TEXT NOT NULL, created BIGINT NOT NULL, expires BIGINT NOT NULL,
        failures BIGINT NOT NULL, used_by TEXT NOT NULL)",
    "CREATE TABLE station_certificates (
        fingerprint TEXT PRIMARY KEY, station TEXT NOT NULL, not_after BIGINT NOT NULL, made BIGINT NOT NULL,
        revoked BIGINT NOT NULL)",
];

/// Finds out until when a station's certificate is valid.
const EXPIRY: [&str; 1] =
    ["CREATE INDEX certificates_by_station ON station_certificates (station, revoked, not_after)"];

/// A code is found by its digest; wrong ones are not counted any more.
const CODES: [&str; 2] =
    ["CREATE INDEX invitations_by_code ON invitations (code_hash)", "ALTER TABLE invitations DROP COLUMN failures"];

/// Which key of receipts has taken over from which.
const RECEIPT_KEYS: [&str; 1] = ["CREATE TABLE receipt_keys (
        old_key TEXT PRIMARY KEY, new_key TEXT NOT NULL, made BIGINT NOT NULL, statement {bytes} NOT NULL)"];

/// Carries out the steps that are missing, each in a transaction of its own with the row that says so: of copies that
/// start at once one does it, the others wait for that row.
pub(super) async fn upgrade(pool: &AnyPool, place: &Place) -> Result<(), DatabaseFault> {
    let versions = "CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT PRIMARY KEY)";
    let made = sqlx::query(versions).execute(pool).await;
    let newest = "SELECT COALESCE(MAX(version), 0) FROM schema_versions";
    // Of copies that make the table at once one may be refused, by one of several codes. It is there all the same.
    let newest = match (sqlx::query(newest).fetch_one(pool).await, made) {
        (Ok(row), _) => row,
        (Err(_), Err(error)) | (Err(error), Ok(_)) => return Err(error.into()),
    };
    let (found, known): (i64, i64) = (newest.try_get(0)?, STEPS.len().try_into().unwrap_or(i64::MAX));
    if found > known {
        return Err(DatabaseFault::NewerSchema { found, known });
    }
    for (version, step) in (1..).zip(STEPS).skip_while(|(version, _)| *version <= found) {
        let mut tries = Tries::default();
        while let Err(error) = take(pool, version, step, place).await {
            if !tries.again(&error).await {
                return Err(error.into());
            }
        }
    }
    Ok(())
}

async fn take(pool: &AnyPool, version: i64, step: &[&str], place: &Place) -> Result<(), sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let insert = "INSERT INTO schema_versions (version) VALUES ($1) ON CONFLICT DO NOTHING";
    if sqlx::query(insert).bind(version).execute(&mut *transaction).await?.rows_affected() == 0 {
        return Ok(());
    }
    for statement in step {
        execute(&mut transaction, statement.replace("{bytes}", place.bytes())).await?;
    }
    transaction.commit().await?;
    tracing::info!(version, "the tables of the data base have a new version");
    Ok(())
}

async fn execute(connection: &mut AnyConnection, statement: String) -> Result<(), sqlx::Error> {
    // Constants of this file, with a constant of another put in.
    sqlx::query(AssertSqlSafe(statement)).execute(connection).await?;
    Ok(())
}
