//! Records in SQLite or PostgreSQL, by the same SQL text: no sequences, no triggers, no advisory locks, no dialect, so
//! that a distributed engine of PostgreSQL's protocol serves as well.
//!
//! Any number of copies of the intake may work on one data base. What orders them is the station's row in `stations`:
//! whoever changes something of a station writes that row first, which keeps everybody else from the station until the
//! end of the transaction. SQLite holds off every other writer with it, PostgreSQL those of the same station, and an
//! engine that only knows serialisable transactions ends one of two with code 40001, which is tried again here.

mod erase;
mod invitations;
mod keep;
mod keys;
mod overview;
mod place;
mod read;
mod receipt_keys;
mod schema;
mod storage;
mod tries;

pub use erase::Held;
pub(crate) use erase::Remains;
pub(crate) use invitations::new_code;
pub use invitations::{Made, Redeemed, Shown};
pub use keep::Kept;
pub use keys::KnownKey;
pub use overview::{Overview, StationRow, Which};
pub use place::Place;
pub(crate) use read::Link;
pub use read::{Listed, StationStatus};

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, Executor};
use std::time::Duration;
use thiserror::Error;

/// Connections at once to SQLite: it has one writer, the others read.
const SQLITE_CONNECTIONS: u32 = 4;

/// Connections at once to PostgreSQL, which takes 100 in all unless it is told otherwise: enough for four copies.
const POSTGRES_CONNECTIONS: u32 = 20;

/// How long a request waits for a connection. Half a request's time, so that the station hears why.
const PATIENCE: Duration = Duration::from_secs(15);

/// What every connection to SQLite is told. A commit is on the disk when it returns (write-ahead log, synchronous
/// FULL); a writer waits 10 s for another; what is
/// erased is overwritten.
const SQLITE_SETTINGS: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    PRAGMA secure_delete = ON;";

/// The data base failed; the text is for the log, and never has the address, which may hold a password.
#[derive(Debug, Error)]
pub enum DatabaseFault {
    /// A key in it cannot be read.
    #[error("the registered key {0} cannot be read")]
    BadKey(String),
    /// An envelope in it cannot be read.
    #[error("the envelope of record {0} cannot be read any more")]
    Damaged(String),
    /// A newer program has changed its tables.
    #[error("its tables have version {found}; this program knows {known} at most: use a newer gatepost-intake")]
    NewerSchema {
        /// What was found.
        found: i64,
        /// What this program knows.
        known: i64,
    },
    /// A number is beyond what it can keep.
    #[error("a number is too large for the data base")]
    Number,
    /// Not an address of a data base.
    #[error("`database` must be a file, sqlite://FILE or postgres://USER@HOST/NAME")]
    Place,
    /// sqlx says so.
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
}

/// Where records, forks and registered keys are.
#[derive(Clone)]
pub struct Database {
    pool: AnyPool,
}

impl Database {
    /// Opens the data base and brings its tables up to date; SQLite's file is made where there is none. Copies that
    /// start at once wait for each other.
    pub async fn open(place: &Place) -> Result<Self, DatabaseFault> {
        sqlx::any::install_default_drivers();
        let options: AnyConnectOptions = place.url().parse().map_err(|_| DatabaseFault::Place)?;
        let pool = AnyPoolOptions::new().acquire_timeout(PATIENCE);
        let pool = match place {
            Place::Sqlite(_) => pool
                .max_connections(SQLITE_CONNECTIONS)
                .after_connect(|connection, _| Box::pin(settle(connection)))
                .connect_with(options),
            Place::Postgres(_) => pool.max_connections(POSTGRES_CONNECTIONS).connect_with(options),
        };
        let pool = pool.await?;
        schema::upgrade(&pool, place).await?;
        if matches!(place, Place::Postgres(_)) {
            storage::keep_bodies_as_they_are(&pool).await;
        }
        Ok(Self { pool })
    }

    /// Waits for work in progress and closes.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Answers when the data base does.
    pub async fn ping(&self) -> Result<(), DatabaseFault> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }
}

async fn settle(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    connection.execute(SQLITE_SETTINGS).await?;
    Ok(())
}

/// Takes hold of a station until the end of the transaction, and notes when it was heard of, if it was.
async fn hold(connection: &mut AnyConnection, station: &str, heard_ms: Option<i64>) -> Result<(), sqlx::Error> {
    let upsert = "INSERT INTO stations (station, contact, last_sequence, records, forks, alarms)
        VALUES ($1, $2, 0, 0, 0, 0) ON CONFLICT (station) DO UPDATE SET contact =
            CASE WHEN excluded.contact > stations.contact THEN excluded.contact ELSE stations.contact END";
    sqlx::query(upsert).bind(station).bind(heard_ms.unwrap_or(0)).execute(connection).await?;
    Ok(())
}
