//! Records in SQLite. The SQL is plain enough for PostgreSQL as well: no triggers, no sequences, no dialect.

use domain::record::Header;
use serde::Serialize;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Row, SqliteConnection};
use std::path::Path;
use std::time::Duration;
use store::{MAX_OVERLAP_MS, Rotation, VerifyKey};
use thiserror::Error;

/// Connections at once: SQLite has one writer, the others read.
const CONNECTIONS: u32 = 4;

/// How long a writer waits for another.
const BUSY: Duration = Duration::from_secs(10);

const REGISTER: &str = "INSERT INTO station_keys (station, key_id, public_key, registered) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING";

const SCHEMA: [&str; 7] = [
    "CREATE TABLE IF NOT EXISTS station_keys (
        station TEXT NOT NULL, key_id TEXT NOT NULL, public_key TEXT NOT NULL, registered BIGINT NOT NULL,
        PRIMARY KEY (station, key_id))",
    "CREATE TABLE IF NOT EXISTS records (
        digest TEXT PRIMARY KEY, station TEXT NOT NULL, sequence BIGINT NOT NULL, record TEXT NOT NULL,
        outcome TEXT NOT NULL, simulated BIGINT NOT NULL, received BIGINT NOT NULL,
        envelope BLOB NOT NULL, receipt BLOB NOT NULL, UNIQUE (station, sequence))",
    "CREATE TABLE IF NOT EXISTS forks (
        digest TEXT PRIMARY KEY, station TEXT NOT NULL, sequence BIGINT NOT NULL, record TEXT NOT NULL,
        received BIGINT NOT NULL, envelope BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS key_rotations (
        station TEXT NOT NULL, old_key TEXT NOT NULL, new_key TEXT NOT NULL, overlap_until BIGINT NOT NULL,
        received BIGINT NOT NULL, statement BLOB NOT NULL, PRIMARY KEY (station, old_key))",
    "CREATE TABLE IF NOT EXISTS audit_heads (
        station TEXT NOT NULL, sequence BIGINT NOT NULL, lines BIGINT NOT NULL, head TEXT NOT NULL,
        PRIMARY KEY (station, sequence))",
    "CREATE TABLE IF NOT EXISTS alarms (
        station TEXT NOT NULL, sequence BIGINT NOT NULL, alarm TEXT NOT NULL, received BIGINT NOT NULL,
        PRIMARY KEY (station, sequence, alarm))",
    "CREATE INDEX IF NOT EXISTS records_by_name ON records (record)",
];

/// The data base failed; the text is for the log.
#[derive(Debug, Error)]
pub enum DatabaseFault {
    /// A key in it cannot be read.
    #[error("the registered key {0} cannot be read")]
    BadKey(String),
    /// A number is beyond what it can keep.
    #[error("a number is too large for the data base")]
    Number,
    /// sqlx says so.
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
}

/// Where records, forks and registered keys are.
#[derive(Clone)]
pub struct Database {
    pool: SqlitePool,
}

/// What became of an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It was here already: the receipt of the first time.
    Again(Vec<u8>),
    /// Another one with the same sequence number is here. This one is kept beside it.
    Fork,
    /// It is new, and on the disk.
    New,
    /// The record before it is here, and is not the one that it hangs on. This one is kept beside them.
    OffTheChain,
}

/// One record of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// The record's name.
    pub record: String,
    /// The station that made it.
    pub station: String,
    /// Its place in the station's chain.
    pub sequence: i64,
    /// How the case ended.
    pub outcome: String,
    /// SHA-256 of the envelope.
    pub digest: String,
    /// When it came: UTC, milliseconds since 1970.
    pub received: i64,
}

/// What is here of one station.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StationStatus {
    /// Highest sequence number; 0 when there is none.
    pub last_sequence: i64,
    /// How many records.
    pub count: i64,
    /// How many other records claim a sequence number that is taken, or hang on another record than the one before.
    pub forks: i64,
    /// How many records came with an audit trail that was shorter or other than before.
    pub alarms: i64,
}

impl Database {
    /// Opens or makes the data base. A commit is on the disk when it returns (write-ahead log, synchronous FULL).
    pub async fn open(file: &Path) -> Result<Self, DatabaseFault> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY);
        let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS).connect_with(options).await?;
        for statement in SCHEMA {
            sqlx::query(statement).execute(&pool).await?;
        }
        Ok(Self { pool })
    }

    /// Waits for work in progress and closes.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Registers a station's key; one that was replaced is believed again for as long as an overlap may last. A station may have several, so that keys can be changed with an overlap.
    pub async fn register(&self, station: &str, key: &VerifyKey, now_ms: i64) -> Result<(), DatabaseFault> {
        let query = sqlx::query(REGISTER).bind(station).bind(key.id()).bind(key.to_pem()).bind(now_ms);
        query.execute(&self.pool).await?;
        let extend = "UPDATE key_rotations SET overlap_until = $3 WHERE station = $1 AND old_key = $2";
        let until = now_ms.saturating_add(MAX_OVERLAP_MS);
        sqlx::query(extend).bind(station).bind(key.id()).bind(until).execute(&self.pool).await?;
        Ok(())
    }

    /// The key of a station with this identifier, if it is registered.
    pub async fn key(&self, station: &str, key_id: &str) -> Result<Option<VerifyKey>, DatabaseFault> {
        let select = "SELECT public_key FROM station_keys WHERE station = $1 AND key_id = $2";
        let row = sqlx::query(select).bind(station).bind(key_id).fetch_optional(&self.pool).await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let pem: String = row.try_get(0)?;
        VerifyKey::from_pem(&pem).map(Some).ok_or_else(|| DatabaseFault::BadKey(key_id.into()))
    }

    /// Keeps a verified statement about keys and registers the new one. False when the old key has named a successor
    /// before.
    pub async fn rotate(&self, rotation: &Rotation, statement: &[u8], now_ms: i64) -> Result<bool, DatabaseFault> {
        let (station, new) = (&rotation.station.0, rotation.new.id());
        let mut transaction = self.pool.begin().await?;
        let insert = "INSERT INTO key_rotations (station, old_key, new_key, overlap_until, received, statement)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
        let query = sqlx::query(insert).bind(station).bind(&rotation.old).bind(new).bind(rotation.overlap_until_ms);
        let inserted = query.bind(now_ms).bind(statement).execute(&mut *transaction).await?;
        if inserted.rows_affected() == 0 {
            return Ok(false);
        }
        let query = sqlx::query(REGISTER).bind(station).bind(new).bind(rotation.new.to_pem()).bind(now_ms);
        query.execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// The statement by which this key named its successor.
    pub async fn successor(&self, station: &str, key_id: &str) -> Result<Option<Vec<u8>>, DatabaseFault> {
        let select = "SELECT statement FROM key_rotations WHERE station = $1 AND old_key = $2";
        let row = sqlx::query(select).bind(station).bind(key_id).fetch_optional(&self.pool).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    /// Until when a key is believed that another has taken over from.
    pub async fn retired(&self, station: &str, key_id: &str) -> Result<Option<i64>, DatabaseFault> {
        let select = "SELECT overlap_until FROM key_rotations WHERE station = $1 AND old_key = $2";
        let row = sqlx::query(select).bind(station).bind(key_id).fetch_optional(&self.pool).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    /// Keeps a verified envelope, once.
    pub async fn keep(
        &self,
        header: &Header,
        digest: &[u8; 32],
        envelope: &[u8],
        receipt: &[u8],
        received_ms: i64,
    ) -> Result<Kept, DatabaseFault> {
        let digest = store::hex(digest);
        let sequence = i64::try_from(header.sequence).map_err(|_| DatabaseFault::Number)?;
        let mut transaction = self.pool.begin().await?;
        if hangs_elsewhere(&mut transaction, header, sequence).await? {
            let kept = keep_beside(&mut transaction, header, (&digest, sequence), envelope, received_ms).await?;
            transaction.commit().await?;
            return Ok(kept);
        }
        let insert = "INSERT INTO records
            (digest, station, sequence, record, outcome, simulated, received, envelope, receipt)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
        let inserted = sqlx::query(insert)
            .bind(&digest)
            .bind(&header.station.0)
            .bind(sequence)
            .bind(header.record.to_string())
            .bind(header.outcome.id())
            .bind(i64::from(header.simulated))
            .bind(received_ms)
            .bind(envelope)
            .bind(receipt)
            .execute(&mut *transaction)
            .await?;
        let kept = if inserted.rows_affected() == 1 {
            keep_audit_head(&mut transaction, header, sequence, received_ms).await?;
            Kept::New
        } else if let Some(receipt) = receipt_of(&mut transaction, &digest).await? {
            Kept::Again(receipt)
        } else {
            keep_beside(&mut transaction, header, (&digest, sequence), envelope, received_ms).await?;
            Kept::Fork
        };
        transaction.commit().await?;
        Ok(kept)
    }

    /// What is here of a station; nothing when it is not registered.
    pub async fn status(&self, station: &str) -> Result<Option<StationStatus>, DatabaseFault> {
        let count = "SELECT COUNT(*) FROM station_keys WHERE station = $1";
        let keys: i64 = sqlx::query(count).bind(station).fetch_one(&self.pool).await?.try_get(0)?;
        if keys == 0 {
            return Ok(None);
        }
        let select = "SELECT COALESCE(MAX(sequence), 0), COUNT(*) FROM records WHERE station = $1";
        let row = sqlx::query(select).bind(station).fetch_one(&self.pool).await?;
        let forks = "SELECT COUNT(*) FROM forks WHERE station = $1";
        let forks = sqlx::query(forks).bind(station).fetch_one(&self.pool).await?.try_get(0)?;
        let alarms = "SELECT COUNT(*) FROM alarms WHERE station = $1";
        let alarms = sqlx::query(alarms).bind(station).fetch_one(&self.pool).await?.try_get(0)?;
        Ok(Some(StationStatus { last_sequence: row.try_get(0)?, count: row.try_get(1)?, forks, alarms }))
    }

    /// Records in order of station and sequence: at most `limit`, after this station and sequence.
    pub async fn list(&self, after: (&str, i64), limit: i64) -> Result<Vec<Listed>, DatabaseFault> {
        let select = "SELECT record, station, sequence, outcome, digest, received FROM records
            WHERE station > $1 OR (station = $1 AND sequence > $2) ORDER BY station, sequence LIMIT $3";
        let rows = sqlx::query(select).bind(after.0).bind(after.1).bind(limit).fetch_all(&self.pool).await?;
        let listed = |row: &sqlx::sqlite::SqliteRow| {
            Ok(Listed {
                record: row.try_get(0)?,
                station: row.try_get(1)?,
                sequence: row.try_get(2)?,
                outcome: row.try_get(3)?,
                digest: row.try_get(4)?,
                received: row.try_get(5)?,
            })
        };
        rows.iter().map(listed).collect::<Result<_, sqlx::Error>>().map_err(Into::into)
    }

    /// The envelope of the record with this name.
    pub async fn envelope(&self, record: &str) -> Result<Option<Vec<u8>>, DatabaseFault> {
        let select = "SELECT envelope FROM records WHERE record = $1 ORDER BY received LIMIT 1";
        let row = sqlx::query(select).bind(record).fetch_optional(&self.pool).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    /// Answers when the data base does.
    pub async fn ping(&self) -> Result<(), DatabaseFault> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }
}

/// Whether the station's record before this one is here with another digest than this one hangs on. A record that is
/// not here, because the station has it in quarantine, says nothing.
async fn hangs_elsewhere(
    connection: &mut SqliteConnection,
    header: &Header,
    sequence: i64,
) -> Result<bool, sqlx::Error> {
    let select = "SELECT digest FROM records WHERE station = $1 AND sequence = $2";
    let query = sqlx::query(select).bind(&header.station.0).bind(sequence - 1);
    let before = query.fetch_optional(&mut *connection).await?;
    let before: Option<String> = before.map(|row| row.try_get(0)).transpose()?;
    Ok(match before {
        Some(digest) => digest != store::hex(&header.previous),
        None => sequence == 1 && header.previous != [0; 32],
    })
}

/// Keeps an envelope that has no place in the chain, for whoever has to find out why.
async fn keep_beside(
    connection: &mut SqliteConnection,
    header: &Header,
    (digest, sequence): (&str, i64),
    envelope: &[u8],
    received_ms: i64,
) -> Result<Kept, sqlx::Error> {
    let insert = "INSERT INTO forks (digest, station, sequence, record, received, envelope)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    let query = sqlx::query(insert).bind(digest).bind(&header.station.0).bind(sequence);
    let query = query.bind(header.record.to_string()).bind(received_ms).bind(envelope);
    query.execute(connection).await?;
    Ok(Kept::OffTheChain)
}

/// Keeps the end of the station's audit trail, and raises an alarm when it is shorter than with the record before, or
/// other at the same length. The record itself is as good as any: it is taken.
async fn keep_audit_head(
    connection: &mut SqliteConnection,
    header: &Header,
    sequence: i64,
    received_ms: i64,
) -> Result<(), DatabaseFault> {
    let station = &header.station.0;
    let lines = i64::try_from(header.audit.lines).map_err(|_| DatabaseFault::Number)?;
    let head = store::hex(&header.audit.digest);
    let select = "SELECT lines, head FROM audit_heads WHERE station = $1 AND sequence < $2
        ORDER BY sequence DESC LIMIT 1";
    let before = sqlx::query(select).bind(station).bind(sequence).fetch_optional(&mut *connection).await?;
    let before: Option<(i64, String)> =
        before.map(|row| Ok::<_, sqlx::Error>((row.try_get(0)?, row.try_get(1)?))).transpose()?;
    let follows = before.is_none_or(|(before, its_head)| lines > before || (lines == before && head == its_head));
    if !follows {
        tracing::error!(station, sequence, alarm = "audit-trail", "the audit trail is shorter or other than it was");
        let insert = "INSERT INTO alarms (station, sequence, alarm, received) VALUES ($1, $2, $3, $4)
            ON CONFLICT DO NOTHING";
        let query = sqlx::query(insert).bind(station).bind(sequence).bind("audit-trail").bind(received_ms);
        query.execute(&mut *connection).await?;
    }
    let insert = "INSERT INTO audit_heads (station, sequence, lines, head) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING";
    let query = sqlx::query(insert).bind(station).bind(sequence).bind(lines).bind(head);
    query.execute(connection).await?;
    Ok(())
}

async fn receipt_of(connection: &mut SqliteConnection, digest: &str) -> Result<Option<Vec<u8>>, sqlx::Error> {
    let select = "SELECT receipt FROM records WHERE digest = $1";
    let row = sqlx::query(select).bind(digest).fetch_optional(connection).await?;
    row.map(|row| row.try_get(0)).transpose()
}
