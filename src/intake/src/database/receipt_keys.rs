//! Statements of keys of receipts about their next ones, for stations that know an earlier one.

use super::{Database, DatabaseFault};
use sqlx::Row;

impl Database {
    /// Keeps a statement of an old key of receipts about the next one; the same one may come again. False when the old key
    /// has named another successor before.
    pub async fn receipts_handed_over(
        &self,
        (old, new): (&str, &str),
        statement: &[u8],
        now_ms: i64,
    ) -> Result<bool, DatabaseFault> {
        let insert = "INSERT INTO receipt_keys (old_key, new_key, made, statement) VALUES ($1, $2, $3, $4)
            ON CONFLICT DO NOTHING";
        let query = sqlx::query(insert).bind(old).bind(new).bind(now_ms).bind(statement);
        query.execute(&self.pool).await?;
        let select = "SELECT COUNT(*) FROM receipt_keys WHERE old_key = $1 AND new_key = $2";
        let found: i64 = sqlx::query(select).bind(old).bind(new).fetch_one(&self.pool).await?.try_get(0)?;
        Ok(found > 0)
    }

    /// The statements that lead on from a key, in their order: so many at most.
    pub async fn receipts_after(&self, key: &str, most: usize) -> Result<Vec<Vec<u8>>, DatabaseFault> {
        let select = "SELECT new_key, statement FROM receipt_keys WHERE old_key = $1";
        let (mut key, mut statements) = (key.to_owned(), Vec::new());
        while statements.len() < most {
            let Some(row) = sqlx::query(select).bind(&key).fetch_optional(&self.pool).await? else { break };
            key = row.try_get(0)?;
            statements.push(row.try_get(1)?);
        }
        Ok(statements)
    }

    /// Every such statement, the oldest first: so many of the newest at most.
    pub async fn receipts_all(&self, most: i64) -> Result<Vec<Vec<u8>>, DatabaseFault> {
        let select = "SELECT statement FROM receipt_keys ORDER BY made DESC LIMIT $1";
        let rows = sqlx::query(select).bind(most).fetch_all(&self.pool).await?;
        rows.iter().rev().map(|row| row.try_get(0)).collect::<Result<_, sqlx::Error>>().map_err(Into::into)
    }
}
