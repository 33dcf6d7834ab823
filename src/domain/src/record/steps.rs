//! The typestate: a draft is consumed by sealing, the sealed body by signing. Nothing leads back.

use super::Draft;
use crate::case::{CaseNumber, RecordId, StationId};
use crate::session::Outcome;
use alloc::{string::String, vec::Vec};

/// Version of the outer header that is written. Receivers refuse every other one by name.
pub const HEADER_VERSION: u8 = 3;

/// Turns a draft into bytes that only the authority can read. The store implements it.
pub trait Seal {
    /// What can go wrong.
    type Error;

    /// Encodes the draft as deterministic CBOR and encrypts it to the authority's public key.
    /// Returns the ciphertext, encapsulated key first.
    fn seal(&self, draft: &Draft) -> Result<Vec<u8>, Self::Error>;

    /// Identifier of the authority's key.
    fn key_id(&self) -> String;

    /// Name of the algorithm, as the header tells it to the receiver.
    fn algorithm(&self) -> &'static str;
}

/// Signs a header. The store implements it, over a key in a file or in a TPM.
pub trait Sign {
    /// What can go wrong.
    type Error;

    /// SHA-256 of a sealed body: what the header says about it.
    fn digest(&self, body: &[u8]) -> [u8; 32];

    /// A complete COSE_Sign1 message over the encoded header.
    fn sign(&self, header: &Header) -> Result<Vec<u8>, Self::Error>;

    /// Identifier of the signing key.
    fn key_id(&self) -> String;
}

/// What everybody on the way may read of a record: nothing about the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Version of the envelope.
    pub version: u8,
    /// The station that made it.
    pub station: StationId,
    /// Gapless count of the station's records, from 1.
    pub sequence: u64,
    /// SHA-256 of the previous record's envelope; zeros before the first.
    pub previous: [u8; 32],
    /// SHA-256 of the sealed body.
    pub body_digest: [u8; 32],
    /// The record's own name.
    pub record: RecordId,
    /// The case it closes.
    pub case: CaseNumber,
    /// How the case ended.
    pub outcome: Outcome,
    /// The record that this one corrects.
    pub replaces: Option<RecordId>,
    /// Name of the algorithm that the body is sealed by.
    pub sealing: String,
    /// Identifier of the authority's key that the body is sealed to.
    pub sealed_to: String,
    /// Identifier of the station's signing key.
    pub signed_by: String,
    /// UTC, milliseconds since 1970.
    pub time_ms: i64,
    /// The kernel's boot identifier, so that clock jumps can be told from restarts.
    pub boot_id: String,
    /// The station's clock had jumped and nobody had confirmed the date: the time is not to be believed, the sequence is.
    pub clock_jumped: bool,
    /// The station's audit trail when this was signed.
    pub audit: AuditHead,
    /// Simulated devices took part.
    pub simulated: bool,
}

/// Where an audit trail ends: a trail that is shorter, or other up to that line, was cut or altered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditHead {
    /// Lines so far.
    pub lines: u64,
    /// Hash of the last of them, or what the first will hang on.
    pub digest: [u8; 32],
}

/// A record whose body nobody here can read any more. It can be cloned so that one that found no space can be signed
/// and appended again: the body can be sealed only once, the draft is gone.
#[derive(Clone, Debug)]
pub struct Sealed {
    record: RecordId,
    case: CaseNumber,
    station: StationId,
    outcome: Outcome,
    replaces: Option<RecordId>,
    simulated: bool,
    sealing: String,
    sealed_to: String,
    body: Vec<u8>,
}

/// Where in the station's chain a record will stand, and when. The outbox gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The next sequence number.
    pub sequence: u64,
    /// Digest of the envelope before it.
    pub previous: [u8; 32],
    /// UTC, milliseconds since 1970.
    pub time_ms: i64,
    /// The kernel's boot identifier.
    pub boot_id: String,
    /// The clock jumped since somebody last confirmed the date. The outbox cannot know: the station says so.
    pub clock_jumped: bool,
    /// Where the audit trail ends.
    pub audit: AuditHead,
}

/// A sealed record with its signed header: the only thing that the outbox takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRecord {
    header: Header,
    cose: Vec<u8>,
    body: Vec<u8>,
}

impl Draft {
    /// Encodes and encrypts. The draft, and every pixel in it, is wiped when this returns.
    pub fn seal<S: Seal>(self, sealer: &S) -> Result<Sealed, S::Error> {
        let body = sealer.seal(&self)?;
        Ok(Sealed {
            record: self.id,
            case: self.case.clone(),
            station: self.station.clone(),
            outcome: self.outcome,
            replaces: self.replaces,
            simulated: self.simulated,
            sealing: sealer.algorithm().into(),
            sealed_to: sealer.key_id(),
            body,
        })
    }
}

impl Sealed {
    /// Signs the outer header for this position in the chain.
    pub fn sign<S: Sign + ?Sized>(self, signer: &S, at: Position) -> Result<SignedRecord, S::Error> {
        let header = Header {
            version: HEADER_VERSION,
            station: self.station,
            sequence: at.sequence,
            previous: at.previous,
            body_digest: signer.digest(&self.body),
            record: self.record,
            case: self.case,
            outcome: self.outcome,
            replaces: self.replaces,
            sealing: self.sealing,
            sealed_to: self.sealed_to,
            signed_by: signer.key_id(),
            time_ms: at.time_ms,
            boot_id: at.boot_id,
            clock_jumped: at.clock_jumped,
            audit: at.audit,
            simulated: self.simulated,
        };
        let cose = signer.sign(&header)?;
        Ok(SignedRecord { header, cose, body: self.body })
    }

    /// The ciphertext.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

impl SignedRecord {
    /// The outer header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The COSE_Sign1 message over the header.
    pub fn cose(&self) -> &[u8] {
        &self.cose
    }

    /// The ciphertext.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}
