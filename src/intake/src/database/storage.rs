//! How a PostgreSQL lays bodies down: as they are. They are sealed, so that nothing in them repeats, and a server that
//! tries to compress them all the same spends most of its time on it.

use sqlx::AnyPool;

/// Columns of bodies that the server would still try to compress (`x`, for "extended", is what a new column gets).
const COMPRESSED: &str = "SELECT COUNT(*) FROM pg_attribute
    WHERE attrelid IN ('records'::regclass, 'forks'::regclass) AND attname = 'envelope' AND attstorage = 'x'";

const AS_THEY_ARE: [&str; 2] = [
    "ALTER TABLE records ALTER COLUMN envelope SET STORAGE EXTERNAL",
    "ALTER TABLE forks ALTER COLUMN envelope SET STORAGE EXTERNAL",
];

/// Says it to the server, once: later starts find it done and lock no table. Bodies that are there stay as they lie.
/// Other engines of the protocol may not know the words, and need not.
pub(super) async fn keep_bodies_as_they_are(pool: &AnyPool) {
    if let Err(error) = say(pool).await {
        tracing::debug!(%error, "the data base lays bodies down in its own way");
    }
}

async fn say(pool: &AnyPool) -> Result<(), sqlx::Error> {
    let compressed: i64 = sqlx::query_scalar(COMPRESSED).fetch_one(pool).await?;
    if compressed > 0 {
        for statement in AS_THEY_ARE {
            sqlx::query(statement).execute(pool).await?;
        }
    }
    Ok(())
}
