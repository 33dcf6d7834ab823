//! What can be asked about what is kept.

use super::{Database, DatabaseFault};
use serde::Serialize;
use sqlx::Row;
use sqlx::any::AnyRow;
use std::fmt;

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
    /// Bytes that are kept of it.
    pub bytes: i64,
    /// The record that it corrects, if it does.
    pub replaces: Option<String>,
    /// Why its body was erased, if it was.
    pub erased: Option<String>,
    /// It has no place in its station's chain: another record has its number, or it does not hang on the one before.
    pub beside: bool,
}

/// Station, sequence and digest of a record: where a list goes on.
pub(crate) type Where = (String, i64, String);

impl Listed {
    /// Where a list goes on after this record.
    pub(crate) fn place(&self) -> Where {
        (self.station.clone(), self.sequence, self.digest.clone())
    }
}

/// One line for people: what was erased or corrected stands at its end, or that it has no place in the chain.
impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\t{}\t{}\t{}", self.station, self.sequence, self.record, self.outcome)?;
        if let Some(replaces) = &self.replaces {
            write!(f, "\treplaces {replaces}")?;
        }
        if let Some(reason) = &self.erased {
            write!(f, "\terased: {reason}")?;
        }
        if self.beside {
            write!(f, "\tbeside the chain: {}", self.digest)?;
        }
        Ok(())
    }
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

/// A record in its chain, as it is kept.
pub(crate) struct Link {
    pub station: String,
    pub sequence: i64,
    pub digest: String,
    /// The envelope, or its stub.
    pub envelope: Vec<u8>,
    pub tombstone: Option<Vec<u8>>,
}

impl Database {
    /// What is here of a station; nothing when it is not registered.
    pub async fn status(&self, station: &str) -> Result<Option<StationStatus>, DatabaseFault> {
        let select = "SELECT last_sequence, records, forks, alarms FROM stations WHERE station = $1";
        let row = sqlx::query(select).bind(station).fetch_optional(&self.pool).await?;
        let status = |row: AnyRow| {
            Ok::<_, sqlx::Error>(StationStatus {
                last_sequence: row.try_get(0)?,
                count: row.try_get(1)?,
                forks: row.try_get(2)?,
                alarms: row.try_get(3)?,
            })
        };
        Ok(row.map(status).transpose()?)
    }

    /// Records in order of station and sequence: at most `limit`, after this station and sequence.
    pub async fn list(&self, after: (&str, i64), limit: i64) -> Result<Vec<Listed>, DatabaseFault> {
        self.list_after(&(after.0.into(), after.1, String::new()), limit).await
    }

    /// The same, after the place of a record.
    pub(crate) async fn list_after(&self, after: &Where, limit: i64) -> Result<Vec<Listed>, DatabaseFault> {
        let select = "SELECT r.record, r.station, r.sequence, r.outcome, r.digest, r.received, r.replaces, t.reason,
                CAST(LENGTH(r.envelope) AS BIGINT)
            FROM records r LEFT JOIN tombstones t ON t.digest = r.digest
            WHERE r.station > $1 OR (r.station = $1 AND r.sequence > $2) ORDER BY r.station, r.sequence LIMIT $3";
        let query = sqlx::query(select).bind(&*after.0).bind(after.1).bind(limit);
        let rows = query.fetch_all(&self.pool).await?;
        Ok(rows.iter().map(|row| listed(row, false)).collect::<Result<_, _>>()?)
    }

    /// What is kept beside the chains, in order of station, sequence and digest: at most `limit`, after this place.
    pub(crate) async fn list_beside(&self, after: &Where, limit: i64) -> Result<Vec<Listed>, DatabaseFault> {
        let select =
            "SELECT f.record, f.station, f.sequence, f.outcome, f.digest, f.received, CAST(NULL AS TEXT), t.reason,
                CAST(LENGTH(f.envelope) AS BIGINT)
            FROM forks f LEFT JOIN tombstones t ON t.digest = f.digest
            WHERE f.station > $1 OR (f.station = $1 AND (f.sequence > $2 OR (f.sequence = $2 AND f.digest > $3)))
            ORDER BY f.station, f.sequence, f.digest LIMIT $4";
        let query = sqlx::query(select).bind(&*after.0).bind(after.1).bind(&*after.2).bind(limit);
        let rows = query.fetch_all(&self.pool).await?;
        Ok(rows.iter().map(|row| listed(row, true)).collect::<Result<_, _>>()?)
    }

    /// Records as they are kept, in order of station and sequence: at most `limit`, after this station and sequence.
    pub(crate) async fn links(&self, after: (&str, i64), limit: i64) -> Result<Vec<Link>, DatabaseFault> {
        let select = "SELECT r.station, r.sequence, r.digest, r.envelope, t.tombstone
            FROM records r LEFT JOIN tombstones t ON t.digest = r.digest
            WHERE r.station > $1 OR (r.station = $1 AND r.sequence > $2) ORDER BY r.station, r.sequence LIMIT $3";
        let rows = sqlx::query(select).bind(after.0).bind(after.1).bind(limit).fetch_all(&self.pool).await?;
        let link = |row: &AnyRow| {
            Ok(Link {
                station: row.try_get(0)?,
                sequence: row.try_get(1)?,
                digest: row.try_get(2)?,
                envelope: row.try_get(3)?,
                tombstone: row.try_get(4)?,
            })
        };
        rows.iter().map(link).collect::<Result<_, sqlx::Error>>().map_err(Into::into)
    }
}

fn listed(row: &AnyRow, beside: bool) -> Result<Listed, sqlx::Error> {
    Ok(Listed {
        record: row.try_get(0)?,
        station: row.try_get(1)?,
        sequence: row.try_get(2)?,
        outcome: row.try_get(3)?,
        digest: row.try_get(4)?,
        received: row.try_get(5)?,
        replaces: row.try_get(6)?,
        erased: row.try_get(7)?,
        bytes: row.try_get(8)?,
        beside,
    })
}
