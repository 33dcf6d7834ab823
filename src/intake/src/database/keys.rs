//! Keys of stations: who signs for whom, and which key has taken over from which.

use super::tries::Tries;
use super::{Database, DatabaseFault, hold};
use sqlx::Row;
use store::{MAX_OVERLAP_MS, Rotation, VerifyKey};

const REGISTER: &str = "INSERT INTO station_keys (station, key_id, public_key, registered) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING";

/// A key of a station, and until when it is believed if another has taken over from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownKey {
    /// The key.
    pub key: VerifyKey,
    /// UTC, milliseconds since 1970. `None` while no other key has taken over.
    pub believed_until: Option<i64>,
}

impl Database {
    /// Registers a station's key; one that was replaced is believed again for as long as an overlap may last. A station
    /// may have several, so that keys can be changed with an overlap.
    pub async fn register(&self, station: &str, key: &VerifyKey, now_ms: i64) -> Result<(), DatabaseFault> {
        let mut tries = Tries::default();
        loop {
            match self.register_once(station, key, now_ms).await {
                Err(error) if tries.again(&error).await => {}
                outcome => return Ok(outcome?),
            }
        }
    }

    /// The key of a station with this identifier, if it is registered.
    pub async fn key(&self, station: &str, key_id: &str) -> Result<Option<KnownKey>, DatabaseFault> {
        let select = "SELECT k.public_key, r.overlap_until FROM station_keys k
            LEFT JOIN key_rotations r ON r.station = k.station AND r.old_key = k.key_id
            WHERE k.station = $1 AND k.key_id = $2";
        let row = sqlx::query(select).bind(station).bind(key_id).fetch_optional(&self.pool).await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let pem: String = row.try_get(0)?;
        let key = VerifyKey::from_pem(&pem).ok_or_else(|| DatabaseFault::BadKey(key_id.into()))?;
        Ok(Some(KnownKey { key, believed_until: row.try_get(1)? }))
    }

    /// Keeps a verified statement about keys and registers the new one. False when the old key has named a successor
    /// before.
    pub async fn rotate(&self, rotation: &Rotation, statement: &[u8], now_ms: i64) -> Result<bool, DatabaseFault> {
        let mut tries = Tries::default();
        loop {
            match self.rotate_once(rotation, statement, now_ms).await {
                Err(error) if tries.again(&error).await => {}
                outcome => return Ok(outcome?),
            }
        }
    }

    /// The statement by which this key named its successor.
    pub async fn successor(&self, station: &str, key_id: &str) -> Result<Option<Vec<u8>>, DatabaseFault> {
        let select = "SELECT statement FROM key_rotations WHERE station = $1 AND old_key = $2";
        let row = sqlx::query(select).bind(station).bind(key_id).fetch_optional(&self.pool).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    async fn register_once(&self, station: &str, key: &VerifyKey, now_ms: i64) -> Result<(), sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        // A station that is only made known has not been heard of.
        hold(&mut transaction, station, None).await?;
        let query = sqlx::query(REGISTER).bind(station).bind(key.id()).bind(key.to_pem()).bind(now_ms);
        query.execute(&mut *transaction).await?;
        let extend = "UPDATE key_rotations SET overlap_until = $3 WHERE station = $1 AND old_key = $2";
        let until = now_ms.saturating_add(MAX_OVERLAP_MS);
        sqlx::query(extend).bind(station).bind(key.id()).bind(until).execute(&mut *transaction).await?;
        transaction.commit().await
    }

    async fn rotate_once(&self, rotation: &Rotation, statement: &[u8], now_ms: i64) -> Result<bool, sqlx::Error> {
        let (station, new) = (&*rotation.station.0, rotation.new.id());
        let mut transaction = self.pool.begin().await?;
        hold(&mut transaction, station, Some(now_ms)).await?;
        let insert = "INSERT INTO key_rotations (station, old_key, new_key, overlap_until, received, statement)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
        let query = sqlx::query(insert).bind(station).bind(&*rotation.old).bind(new).bind(rotation.overlap_until_ms);
        let inserted = query.bind(now_ms).bind(statement).execute(&mut *transaction).await?;
        if inserted.rows_affected() == 0 {
            return Ok(false);
        }
        let query = sqlx::query(REGISTER).bind(station).bind(new).bind(rotation.new.to_pem()).bind(now_ms);
        query.execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }
}
