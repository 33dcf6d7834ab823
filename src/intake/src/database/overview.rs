//! What administrators look at: all stations, page by page, and their sums.

use super::{Database, DatabaseFault};
use sqlx::Row;
use sqlx::any::AnyRow;

/// Which stations a page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    All,
    /// Those that an administrator must look at: with forks, alarms, or records that are missing between others.
    Troubled,
}

/// One station of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StationRow {
    /// The station.
    pub station: String,
    /// When it was last heard of: UTC, milliseconds since 1970; 0 for never.
    pub contact_ms: i64,
    /// Highest sequence number; 0 when there is none.
    pub last_sequence: i64,
    /// How many records.
    pub records: i64,
    /// How many records without a place in the chain.
    pub forks: i64,
    /// How many alarms of the audit trail.
    pub alarms: i64,
    /// When the oldest body came that is here still.
    pub oldest_ms: Option<i64>,
    /// Until when the station's latest certificate is valid, if this intake has made one that is not revoked.
    pub certificate_until_ms: Option<i64>,
}

/// All stations together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overview {
    /// How many stations.
    pub stations: i64,
    /// Those that nobody has heard of since the given time.
    pub silent: i64,
    /// Their records.
    pub records: i64,
    /// Records that are missing between others.
    pub missing: i64,
    /// Records without a place in the chain.
    pub forks: i64,
    /// Alarms of the audit trail.
    pub alarms: i64,
}

impl StationRow {
    /// Records that have not come although later ones have.
    pub fn missing(&self) -> i64 {
        self.last_sequence - self.records
    }
}

impl Database {
    /// Stations in the order of their names: at most `limit`, after this one.
    pub async fn stations(&self, which: Which, after: &str, limit: i64) -> Result<Vec<StationRow>, DatabaseFault> {
        let select = "SELECT s.station, s.contact, s.last_sequence, s.records, s.forks, s.alarms,
                (SELECT r.received FROM records r WHERE r.station = s.station AND r.erased = 0
                    ORDER BY r.sequence LIMIT 1),
                (SELECT MAX(c.not_after) FROM station_certificates c WHERE c.station = s.station AND c.revoked = 0)
            FROM stations s WHERE s.station > $1
                AND ($2 = 0 OR s.forks > 0 OR s.alarms > 0 OR s.last_sequence > s.records)
            ORDER BY s.station LIMIT $3";
        let troubled = i64::from(which == Which::Troubled);
        let rows = sqlx::query(select).bind(after).bind(troubled).bind(limit).fetch_all(&self.pool).await?;
        Ok(rows.iter().map(station).collect::<Result<_, _>>()?)
    }

    /// The sums; silent is whoever was not heard of since.
    pub async fn overview(&self, since_ms: i64) -> Result<Overview, DatabaseFault> {
        let select = "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN contact < $1 THEN 1 ELSE 0 END), 0) AS BIGINT),
                CAST(COALESCE(SUM(records), 0) AS BIGINT),
                CAST(COALESCE(SUM(last_sequence - records), 0) AS BIGINT),
                CAST(COALESCE(SUM(forks), 0) AS BIGINT), CAST(COALESCE(SUM(alarms), 0) AS BIGINT) FROM stations";
        let row = sqlx::query(select).bind(since_ms).fetch_one(&self.pool).await?;
        Ok(Overview {
            stations: row.try_get(0)?,
            silent: row.try_get(1)?,
            records: row.try_get(2)?,
            missing: row.try_get(3)?,
            forks: row.try_get(4)?,
            alarms: row.try_get(5)?,
        })
    }
}

fn station(row: &AnyRow) -> Result<StationRow, sqlx::Error> {
    Ok(StationRow {
        station: row.try_get(0)?,
        contact_ms: row.try_get(1)?,
        last_sequence: row.try_get(2)?,
        records: row.try_get(3)?,
        forks: row.try_get(4)?,
        alarms: row.try_get(5)?,
        oldest_ms: row.try_get(6)?,
        certificate_until_ms: row.try_get(7)?,
    })
}
