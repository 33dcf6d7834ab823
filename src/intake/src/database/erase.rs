//! Erasing bodies: the signed header stays, with a tombstone beside it.

use super::tries::Tries;
use super::{Database, DatabaseFault, hold};
use sqlx::Row;
use sqlx::any::AnyRow;

/// An envelope whose body is here still.
pub struct Held {
    /// SHA-256 of the envelope.
    pub digest: String,
    /// The record's name.
    pub record: String,
    /// The envelope.
    pub envelope: Vec<u8>,
}

/// What takes the place of a body.
pub(crate) struct Remains<'a> {
    pub digest: &'a str,
    pub station: &'a str,
    pub sequence: i64,
    pub record: &'a str,
    pub reason: &'static str,
    pub erased_ms: i64,
    pub stub: &'a [u8],
    pub tombstone: &'a [u8],
}

impl Database {
    /// Envelopes of records that ended like this and came before, with their bodies: some, at most `limit`.
    pub async fn due(&self, outcome: &str, before_ms: i64, limit: i64) -> Result<Vec<Held>, DatabaseFault> {
        let select = "SELECT digest, record, envelope FROM records
                WHERE erased = 0 AND outcome = $1 AND received < $2
            UNION ALL SELECT digest, record, envelope FROM forks
                WHERE erased = 0 AND outcome = $1 AND received < $2
            LIMIT $3";
        let rows = sqlx::query(select).bind(outcome).bind(before_ms).bind(limit).fetch_all(&self.pool).await?;
        Ok(rows.iter().map(held).collect::<Result<_, _>>()?)
    }

    /// Envelopes of the record with this name, with their bodies; what was kept beside the chain among them.
    pub async fn held(&self, record: &str) -> Result<Vec<Held>, DatabaseFault> {
        let select = "SELECT digest, record, envelope FROM records WHERE erased = 0 AND record = $1
            UNION ALL SELECT digest, record, envelope FROM forks WHERE erased = 0 AND record = $1";
        let rows = sqlx::query(select).bind(record).fetch_all(&self.pool).await?;
        Ok(rows.iter().map(held).collect::<Result<_, _>>()?)
    }

    /// The envelope of this digest, with its body.
    pub async fn held_as(&self, digest: &str) -> Result<Option<Held>, DatabaseFault> {
        let select = "SELECT digest, record, envelope FROM records WHERE erased = 0 AND digest = $1
            UNION ALL SELECT digest, record, envelope FROM forks WHERE erased = 0 AND digest = $1";
        let row = sqlx::query(select).bind(digest).fetch_optional(&self.pool).await?;
        Ok(row.as_ref().map(held).transpose()?)
    }

    /// The tombstone of an erased envelope.
    pub async fn tombstone(&self, digest: &str) -> Result<Option<Vec<u8>>, DatabaseFault> {
        let select = "SELECT tombstone FROM tombstones WHERE digest = $1";
        let row = sqlx::query(select).bind(digest).fetch_optional(&self.pool).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    /// What was erased leaves SQLite's write-ahead log too, as soon as nobody reads in it. PostgreSQL keeps it until
    /// VACUUM.
    pub async fn settle(&self) -> Result<(), DatabaseFault> {
        if self.pool.connect_options().database_url.scheme() == "sqlite" {
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.pool).await?;
        }
        Ok(())
    }

    /// Puts a stub and a tombstone in the place of an envelope. False when somebody else has done so before.
    pub(crate) async fn erase(&self, remains: &Remains<'_>) -> Result<bool, DatabaseFault> {
        let mut tries = Tries::default();
        loop {
            match self.erase_once(remains).await {
                Err(error) if tries.again(&error).await => {}
                outcome => return Ok(outcome?),
            }
        }
    }

    async fn erase_once(&self, remains: &Remains<'_>) -> Result<bool, sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        hold(&mut transaction, remains.station, None).await?;
        let insert = "INSERT INTO tombstones (digest, station, sequence, record, reason, erased, tombstone)
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
        let query = sqlx::query(insert).bind(remains.digest).bind(remains.station).bind(remains.sequence);
        let query = query.bind(remains.record).bind(remains.reason).bind(remains.erased_ms).bind(remains.tombstone);
        if query.execute(&mut *transaction).await?.rows_affected() == 0 {
            return Ok(false);
        }
        for update in [
            "UPDATE records SET envelope = $2, erased = $3 WHERE digest = $1",
            "UPDATE forks SET envelope = $2, erased = $3 WHERE digest = $1",
        ] {
            let query = sqlx::query(update).bind(remains.digest).bind(remains.stub).bind(remains.erased_ms);
            query.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }
}

fn held(row: &AnyRow) -> Result<Held, sqlx::Error> {
    Ok(Held { digest: row.try_get(0)?, record: row.try_get(1)?, envelope: row.try_get(2)? })
}
