//! Taking an envelope: the same checks whether it came over a connection or on a medium.

use crate::authority::Authority;
use crate::clock::Clock;
use crate::database::{Database, Kept};
use crate::metrics::Metrics;
use crate::mode::Mode;
use crate::receipts::Signing;
use crate::refusal::Refusal;
use domain::case::StationId;
use domain::record::Header;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;
use store::format::{Envelope, digest};
use store::{Acknowledgement, Rotation, VerifyKey, peek_header, sign_receipt, verify_header};

/// What takes envelopes, over HTTP or from a folder.
pub struct Service {
    /// Where records are kept.
    pub database: Database,
    /// Signs receipts.
    pub receipts: Signing,
    /// Key ids of the authorities that this intake receives for. A body that is sealed to another one could never be
    /// opened, and its station has to hear of it while it still has the record.
    pub authorities: BTreeSet<String>,
    /// Whether records of simulated devices are taken.
    pub mode: Mode,
    /// Counts what came.
    pub metrics: Metrics,
    /// Makes the stations' next certificates, where the authority's key is here.
    pub issuer: Option<Arc<Authority>>,
    /// Records that are on their way here.
    pub turns: crate::service::Turns,
    /// Says when something came.
    pub clock: Clock,
}

/// How something came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way<'a> {
    /// Over a connection of this station.
    Connection(&'a StationId),
    /// On a medium, which anybody may carry.
    Medium,
}

/// An envelope that is kept here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// What was signed.
    pub header: Header,
    /// It had not been here before.
    pub is_new: bool,
    /// The signed receipt; the same one every time, until another key signs receipts.
    pub receipt: Vec<u8>,
}

impl Service {
    /// Verifies everything that can be verified without opening the body, and keeps the envelope, once.
    pub async fn accept(&self, bytes: &[u8], way: Way<'_>) -> Result<Accepted, Refusal> {
        let begin = Instant::now();
        let outcome = self.take(bytes, way).await;
        self.metrics.count(&outcome, bytes.len(), begin.elapsed());
        outcome
    }

    async fn take(&self, bytes: &[u8], way: Way<'_>) -> Result<Accepted, Refusal> {
        let envelope = Envelope::decode(bytes).map_err(Refusal::Malformed)?;
        let claimed = peek_header(envelope.cose).map_err(Refusal::Signature)?;
        way.may_bring(&claimed.station)?;
        let key = self.believed(&claimed.station.0, &claimed.signed_by).await?;
        let header = verify_header(&key, envelope.cose).map_err(Refusal::Signature)?;
        if header.body_digest != digest(envelope.body) {
            return Err(Refusal::BodyDigest);
        }
        if header.simulated && self.mode == Mode::Production {
            return Err(Refusal::Simulated);
        }
        if !self.authorities.contains(&header.sealed_to) {
            return Err(Refusal::OtherAuthority(header.sealed_to));
        }
        let acknowledgement = Acknowledgement {
            digest: digest(bytes),
            station: header.station.clone(),
            sequence: header.sequence,
            record: header.record,
            audit: header.audit,
            received_ms: (self.clock)(),
        };
        let receipts = self.receipts.now();
        let receipt = sign_receipt(&receipts.key, &acknowledgement).map_err(|_| Refusal::Receipt)?;
        let received_ms = acknowledgement.received_ms;
        let kept = self.database.keep(&header, &acknowledgement.digest, bytes, &receipt, received_ms).await?;
        let (station, sequence) = (header.station.to_string(), header.sequence);
        match kept {
            Kept::New => Ok(Accepted { header, is_new: true, receipt }),
            Kept::Again(receipt) => {
                let receipt = receipts.renewed(receipt).map_err(|_| Refusal::Receipt)?;
                Ok(Accepted { header, is_new: false, receipt })
            }
            Kept::Fork => Err(Refusal::Fork { station, sequence }),
            Kept::OffTheChain => Err(Refusal::OffTheChain { station, sequence }),
        }
    }

    /// Takes an old key's statement about the next one: from now on both are believed, the old one until the end of
    /// their overlap. A key names one successor and no second one.
    pub async fn rotate(&self, statement: &[u8], way: Way<'_>) -> Result<Rotation, Refusal> {
        let claimed = Rotation::peek(statement).map_err(Refusal::Rotation)?;
        way.may_bring(&claimed.station)?;
        let key = match self.database.successor(&claimed.station.0, &claimed.old).await? {
            // The overlap may be over by now, and the same statement says nothing new.
            Some(before) if before == statement => return Ok(claimed),
            Some(_) => return Err(Refusal::SecondSuccessor(claimed.station.to_string())),
            None => self.believed(&claimed.station.0, &claimed.old).await?,
        };
        let stated = Rotation::verify(&key, statement).map_err(Refusal::Rotation)?;
        let now_ms = (self.clock)();
        // How long both are believed is the station's word; from when, this clock's: the station's may be years off.
        let overlap_ms = stated.overlap_until_ms.saturating_sub(stated.time_ms);
        let rotation = Rotation { overlap_until_ms: now_ms.saturating_add(overlap_ms), ..stated };
        if !self.database.rotate(&rotation, statement, now_ms).await? {
            return Err(Refusal::SecondSuccessor(rotation.station.to_string()));
        }
        Ok(rotation)
    }

    /// The key of a station, if it is registered and its time is not over.
    async fn believed(&self, station: &str, key_id: &str) -> Result<VerifyKey, Refusal> {
        let known = self.database.key(station, key_id).await?;
        let known = known.ok_or_else(|| Refusal::UnknownStation(station.into()))?;
        match known.believed_until {
            Some(until) if (self.clock)() > until => Err(Refusal::RetiredKey(key_id.into())),
            _ => Ok(known.key),
        }
    }
}

impl Way<'_> {
    /// A station's connection brings what is the station's own.
    fn may_bring(self, claimed: &StationId) -> Result<(), Refusal> {
        match self {
            Self::Connection(shown) if shown != claimed => {
                Err(Refusal::OtherStation { shown: shown.to_string(), claimed: claimed.to_string() })
            }
            Self::Connection(_) | Self::Medium => Ok(()),
        }
    }
}
