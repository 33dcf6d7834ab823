//! How long bodies are kept, and how they go: a stub and a signed tombstone stay, so that the chain can be followed.

use crate::database::{Database, DatabaseFault, Held, Remains};
use domain::session::Outcome;
use serde::Deserialize;
use std::num::NonZeroU16;
use store::format::{Envelope, Stub};
use store::{ErasedBecause, Signer, Tombstone, peek_header, unhex32};
use thiserror::Error;

/// Envelopes that are looked at in one go.
const AT_ONCE: i64 = 20;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// What the law says about one kind of record. There is no default: whoever runs an intake must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "a number of days from 1 to 65535, or \"unlimited\"")]
pub enum Period {
    /// Days from the arrival of the record.
    Days(NonZeroU16),
    /// The word `unlimited`.
    Word(Unlimited),
}

/// Kept until somebody erases it by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unlimited {
    /// The only word.
    Unlimited,
}

/// How long the bodies of each kind of record are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Biometrics were taken.
    pub enrolment: Period,
    /// An exempt person.
    pub exemption: Period,
    /// Everything else: nothing in it is about the person.
    pub closure: Period,
}

/// A body that was not erased.
#[derive(Debug, Error)]
pub enum EraseFault {
    /// The data base.
    #[error(transparent)]
    Database(#[from] DatabaseFault),
    /// The tombstone could not be signed.
    #[error("the intake cannot sign a tombstone; nothing was erased")]
    Sign,
}

impl Retention {
    fn of(&self, outcome: Outcome) -> Period {
        match outcome {
            Outcome::Enrolled | Outcome::EnrolledWithExceptions => self.enrolment,
            Outcome::Exempt => self.exemption,
            Outcome::Cancelled
            | Outcome::FailureToEnrol
            | Outcome::InReview
            | Outcome::Interrupted
            | Outcome::NoRule
            | Outcome::NotInScope
            | Outcome::RefusedByTraveller => self.closure,
        }
    }
}

/// Erases every body whose time is over: how many. Copies of the intake may do so at once.
pub async fn retain(
    database: &Database,
    key: &dyn Signer,
    retention: &Retention,
    now_ms: i64,
) -> Result<u64, EraseFault> {
    let mut erased = 0;
    for outcome in Outcome::ALL {
        let Period::Days(days) = retention.of(outcome) else {
            continue;
        };
        let before_ms = now_ms.saturating_sub(i64::from(days.get()) * DAY_MS);
        loop {
            let due = database.due(outcome.id(), before_ms, AT_ONCE).await?;
            if due.is_empty() {
                break;
            }
            let mut damaged = 0;
            for held in &due {
                match erase(database, key, held, ErasedBecause::Retention, now_ms).await {
                    Ok(done) => erased += u64::from(done),
                    // It keeps nobody else's body here.
                    Err(EraseFault::Database(DatabaseFault::Damaged(record))) => {
                        tracing::error!(record, "a damaged envelope could not be erased; somebody has to look");
                        damaged += 1;
                    }
                    Err(fault) => return Err(fault),
                }
            }
            if damaged == due.len() {
                break;
            }
        }
    }
    if erased > 0 {
        database.settle().await?;
    }
    Ok(erased)
}

/// Erases a body. False when another copy of the intake was quicker.
pub async fn erase(
    database: &Database,
    key: &dyn Signer,
    held: &Held,
    reason: ErasedBecause,
    now_ms: i64,
) -> Result<bool, EraseFault> {
    let damaged = || EraseFault::Database(DatabaseFault::Damaged(held.record.clone()));
    let envelope = Envelope::decode(&held.envelope).map_err(|_| damaged())?;
    let header = peek_header(envelope.cose).map_err(|_| damaged())?;
    let sequence = i64::try_from(header.sequence).map_err(|_| DatabaseFault::Number)?;
    let tombstone = Tombstone {
        // The one that it came under, even where its bytes are damaged by now.
        digest: unhex32(&held.digest).ok_or_else(damaged)?,
        station: header.station.clone(),
        sequence: header.sequence,
        record: header.record,
        reason,
        erased_ms: now_ms,
    };
    let remains = Remains {
        digest: &held.digest,
        station: &header.station.0,
        sequence,
        record: &held.record,
        reason: reason.id(),
        erased_ms: now_ms,
        stub: &Stub { cose: envelope.cose, receipt: None }.encode(),
        tombstone: &tombstone.sign(key).map_err(|_| EraseFault::Sign)?,
    };
    let erased = database.erase(&remains).await?;
    if erased {
        tracing::info!(station = %header.station, sequence, reason = reason.id(), "a body was erased");
    }
    Ok(erased)
}
