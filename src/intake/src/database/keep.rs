//! Keeping a verified envelope, once, in its place of the station's chain.

use super::tries::Tries;
use super::{Database, DatabaseFault, hold};
use domain::record::Header;
use sqlx::{AnyConnection, Row};
use store::format::{Envelope, Stub};

/// Counts the record of a station with this number and digest among those that are kept beside its chain.
const BESIDE: &str = "SELECT COUNT(*) FROM forks WHERE station = $1 AND sequence = $2 AND digest = $3";

/// What became of an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It was here already: the receipt of the first time.
    Again(Vec<u8>),
    /// Another one with the same sequence number is here. This one is kept beside it.
    Fork,
    /// It is new, and on the disk.
    New,
    /// The record before it, or the one after it, is here and does not fit. This one is kept beside them.
    OffTheChain,
}

/// A verified envelope, with what is kept of it in columns.
struct Arrival<'a> {
    header: &'a Header,
    digest: String,
    sequence: i64,
    envelope: &'a [u8],
    receipt: &'a [u8],
    received_ms: i64,
}

/// What is added to the station's counts.
#[derive(Default)]
struct Added {
    records: i64,
    forks: i64,
    alarms: i64,
}

impl Database {
    /// Keeps a verified envelope, once.
    pub async fn keep(
        &self,
        header: &Header,
        digest: &[u8; 32],
        envelope: &[u8],
        receipt: &[u8],
        received_ms: i64,
    ) -> Result<Kept, DatabaseFault> {
        let sequence = i64::try_from(header.sequence).map_err(|_| DatabaseFault::Number)?;
        let arrival = Arrival { header, digest: store::hex(digest), sequence, envelope, receipt, received_ms };
        let mut tries = Tries::default();
        loop {
            match self.keep_once(&arrival).await {
                Err(DatabaseFault::Sql(error)) if tries.again(&error).await => {}
                outcome => return outcome,
            }
        }
    }

    /// Whether a record is kept beside its station's chain.
    pub(crate) async fn is_beside(&self, station: &str, sequence: i64, digest: &str) -> Result<bool, DatabaseFault> {
        let query = sqlx::query(BESIDE).bind(station).bind(sequence).bind(digest);
        let found: i64 = query.fetch_one(&self.pool).await?.try_get(0)?;
        Ok(found > 0)
    }

    async fn keep_once(&self, arrival: &Arrival<'_>) -> Result<Kept, DatabaseFault> {
        let mut transaction = self.pool.begin().await?;
        hold(&mut transaction, &arrival.header.station.0, Some(arrival.received_ms)).await?;
        let (kept, added) = place(&mut transaction, arrival).await?;
        count(&mut transaction, arrival, &added).await?;
        transaction.commit().await?;
        Ok(kept)
    }
}

/// What the station's chain has around a sequence number: digests.
#[derive(Default)]
struct Neighbours {
    before: Option<String>,
    same: Option<String>,
    after: Option<String>,
}

/// Finds the place of an envelope. From here to the end of the transaction nobody else changes anything of the station.
async fn place(connection: &mut AnyConnection, arrival: &Arrival<'_>) -> Result<(Kept, Added), DatabaseFault> {
    let around = neighbours(connection, arrival).await?;
    if around.same.as_ref() == Some(&arrival.digest) {
        return Ok((Kept::Again(receipt_of(connection, &arrival.digest).await?), Added::default()));
    }
    if hangs_elsewhere(&around, arrival) && !hangs_beside(connection, arrival).await? {
        return Ok((Kept::OffTheChain, keep_beside(connection, arrival).await?));
    }
    if around.same.is_some() {
        return Ok((Kept::Fork, keep_beside(connection, arrival).await?));
    }
    if around.after.is_some() && !is_the_one_before(connection, arrival).await? {
        return Ok((Kept::OffTheChain, keep_beside(connection, arrival).await?));
    }
    insert(connection, arrival).await?;
    let alarms = keep_audit_head(connection, arrival).await?;
    Ok((Kept::New, Added { records: 1, alarms, ..Added::default() }))
}

async fn neighbours(connection: &mut AnyConnection, arrival: &Arrival<'_>) -> Result<Neighbours, sqlx::Error> {
    let select = "SELECT sequence, digest FROM records WHERE station = $1 AND sequence >= $2 AND sequence <= $3";
    let (station, sequence) = (&*arrival.header.station.0, arrival.sequence);
    let query = sqlx::query(select).bind(station).bind(sequence - 1).bind(sequence.saturating_add(1));
    let mut around = Neighbours::default();
    for row in query.fetch_all(connection).await? {
        let (found, digest): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
        let which = match found - sequence {
            0 => &mut around.same,
            ..0 => &mut around.before,
            1.. => &mut around.after,
        };
        *which = Some(digest);
    }
    Ok(around)
}

/// Whether the station's record before this one is here with another digest than this one hangs on. A record that is
/// not here, because the station has it in quarantine, says nothing.
fn hangs_elsewhere(around: &Neighbours, arrival: &Arrival<'_>) -> bool {
    match &around.before {
        Some(digest) => *digest != store::hex(&arrival.header.previous),
        None => arrival.sequence == 1 && arrival.header.previous != [0; 32],
    }
}

/// Whether the record before this one is kept beside the chain: the alarm was raised then, and what comes after it is no
/// other trouble. So a station that goes on with an old copy of its store gets receipts again once it is past the numbers
/// that were taken.
async fn hangs_beside(connection: &mut AnyConnection, arrival: &Arrival<'_>) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(BESIDE).bind(&*arrival.header.station.0).bind(arrival.sequence - 1);
    let found: i64 = query.bind(store::hex(&arrival.header.previous)).fetch_one(connection).await?.try_get(0)?;
    Ok(found > 0)
}

/// Whether the station's record after this one, which came earlier, hangs on this one.
async fn is_the_one_before(connection: &mut AnyConnection, arrival: &Arrival<'_>) -> Result<bool, DatabaseFault> {
    let select = "SELECT envelope, record FROM records WHERE station = $1 AND sequence = $2";
    let query = sqlx::query(select).bind(&*arrival.header.station.0).bind(arrival.sequence.saturating_add(1));
    let after = query.fetch_one(connection).await?;
    let (envelope, record): (Vec<u8>, String) = (after.try_get(0)?, after.try_get(1)?);
    // Of an erased record the header is left.
    let cose =
        Envelope::decode(&envelope).map(|whole| whole.cose).or_else(|_| Stub::decode(&envelope).map(|stub| stub.cose));
    let header = cose.ok().and_then(|cose| store::peek_header(cose).ok());
    let header = header.ok_or(DatabaseFault::Damaged(record))?;
    Ok(store::hex(&header.previous) == arrival.digest)
}

async fn insert(connection: &mut AnyConnection, arrival: &Arrival<'_>) -> Result<(), sqlx::Error> {
    let insert = "INSERT INTO records
        (digest, station, sequence, record, outcome, simulated, received, envelope, receipt, replaces)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let header = arrival.header;
    sqlx::query(insert)
        .bind(&*arrival.digest)
        .bind(&*header.station.0)
        .bind(arrival.sequence)
        .bind(header.record.to_string())
        .bind(header.outcome.id())
        .bind(i64::from(header.simulated))
        .bind(arrival.received_ms)
        .bind(arrival.envelope)
        .bind(arrival.receipt)
        .bind(header.replaces.map(|record| record.to_string()))
        .execute(connection)
        .await?;
    Ok(())
}

/// Keeps an envelope that has no place in the chain, for whoever has to find out why.
async fn keep_beside(connection: &mut AnyConnection, arrival: &Arrival<'_>) -> Result<Added, sqlx::Error> {
    let insert = "INSERT INTO forks (digest, station, sequence, record, received, envelope, outcome)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    let query = sqlx::query(insert).bind(&*arrival.digest).bind(&*arrival.header.station.0).bind(arrival.sequence);
    let query = query.bind(arrival.header.record.to_string()).bind(arrival.received_ms).bind(arrival.envelope);
    let query = query.bind(arrival.header.outcome.id());
    let forks = i64::from(query.execute(connection).await?.rows_affected() == 1);
    Ok(Added { forks, ..Added::default() })
}

/// Keeps the end of the station's audit trail, and raises an alarm when it is shorter than with the record before, or
/// other at the same length. The record itself is as good as any: it is taken. Gives the number of new alarms.
async fn keep_audit_head(connection: &mut AnyConnection, arrival: &Arrival<'_>) -> Result<i64, DatabaseFault> {
    let (station, sequence, audit) = (&*arrival.header.station.0, arrival.sequence, arrival.header.audit);
    let lines = i64::try_from(audit.lines).map_err(|_| DatabaseFault::Number)?;
    let head = store::hex(&audit.digest);
    let select = "SELECT lines, head FROM audit_heads WHERE station = $1 AND sequence < $2
        ORDER BY sequence DESC LIMIT 1";
    let before = sqlx::query(select).bind(station).bind(sequence).fetch_optional(&mut *connection).await?;
    let before: Option<(i64, String)> =
        before.map(|row| Ok::<_, sqlx::Error>((row.try_get(0)?, row.try_get(1)?))).transpose()?;
    let follows = before.is_none_or(|(before, its_head)| lines > before || (lines == before && head == its_head));
    let mut alarms = 0;
    if !follows {
        tracing::error!(station, sequence, alarm = "audit-trail", "the audit trail is shorter or other than it was");
        let insert = "INSERT INTO alarms (station, sequence, alarm, received) VALUES ($1, $2, $3, $4)
            ON CONFLICT DO NOTHING";
        let query = sqlx::query(insert).bind(station).bind(sequence).bind("audit-trail").bind(arrival.received_ms);
        alarms = i64::from(query.execute(&mut *connection).await?.rows_affected() == 1);
    }
    let insert = "INSERT INTO audit_heads (station, sequence, lines, head) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING";
    sqlx::query(insert).bind(station).bind(sequence).bind(lines).bind(head).execute(connection).await?;
    Ok(alarms)
}

async fn receipt_of(connection: &mut AnyConnection, digest: &str) -> Result<Vec<u8>, sqlx::Error> {
    let select = "SELECT receipt FROM records WHERE digest = $1";
    sqlx::query(select).bind(digest).fetch_one(connection).await?.try_get(0)
}

async fn count(connection: &mut AnyConnection, arrival: &Arrival<'_>, added: &Added) -> Result<(), sqlx::Error> {
    let update = "UPDATE stations SET records = records + $2, forks = forks + $3, alarms = alarms + $4,
        last_sequence = CASE WHEN $2 > 0 AND last_sequence < $5 THEN $5 ELSE last_sequence END WHERE station = $1";
    let query = sqlx::query(update).bind(&*arrival.header.station.0).bind(added.records).bind(added.forks);
    query.bind(added.alarms).bind(arrival.sequence).execute(connection).await?;
    Ok(())
}
