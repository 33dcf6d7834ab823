//! What becomes of a case: one record, first a [`Draft`], then [`Sealed`], then a [`SignedRecord`].
//!
//! The steps are types. Only a signed record can be appended to the outbox, and only the outbox hands out the receipt
//! that lets a page say "queued". An exemption and a closure have no field that could hold an image, a name or a
//! document number.

mod before_arrival;
mod steps;

pub use before_arrival::{BeforeArrival, LookedUp, Shown};
pub use steps::{AuditHead, HEADER_VERSION, Header, Position, Seal, Sealed, Sign, SignedRecord};

use crate::case::{CaseNumber, RecordId, StationId};
use crate::device::DeviceDescriptor;
use crate::finger::{Finger, MissingFinger};
use crate::guarded::{Biometric, Personal};
use crate::policy::Decision;
use crate::session::{AttemptLog, FaceException, Outcome, Slot, Veto};
use crate::units::{Ppi, QualityScore, StaffId};
use alloc::{boxed::Box, string::String, vec::Vec};

/// A record before it is sealed: everything that the receiving authority will read.
#[derive(Debug)]
pub struct Draft {
    /// The record's own name.
    pub id: RecordId,
    /// The case it closes.
    pub case: CaseNumber,
    /// The station that made it.
    pub station: StationId,
    /// The checkpoint's identifier, for example `mashtakovo`.
    pub checkpoint: String,
    /// Local date and time at which the case was opened: `2025-12-24T03:00:00`.
    pub local_time: String,
    /// The officer who opened the case.
    pub officer: StaffId,
    /// The case of the adult whom a child, or a member of the family, came with.
    pub accompanying: Option<CaseNumber>,
    /// How the case ended.
    pub outcome: Outcome,
    /// The decision, with its facts as codes.
    pub decision: Option<Decision>,
    /// What made it: software, policy pack, thresholds, models.
    pub versions: Versions,
    /// A second person's part in it.
    pub review: Option<ReviewTrace>,
    /// The record that this one corrects.
    pub replaces: Option<RecordId>,
    /// Set when any device of the case is simulated.
    pub simulated: bool,
    /// What depends on how the case ended.
    pub body: Body,
}

/// What a record carries beside its frame.
#[derive(Debug)]
pub enum Body {
    /// Any other end: an outcome and nothing about the person.
    Closure,
    /// Biometrics were taken.
    Enrolment(Box<Enrolment>),
    /// An exempt person: how it was shown.
    Exemption(Exemption),
}

/// Evidence of an exemption. There is no field for an image, a name or a document number.
#[derive(Debug)]
pub struct Exemption {
    /// The ground of the pack: `under-six`.
    pub ground: String,
    /// What showed it: `mrz`, `accreditation-card`, `note-verbale`, ...
    pub evidence: String,
}

/// The capture of one traveller.
#[derive(Debug)]
pub struct Enrolment {
    /// Who the document says it is.
    pub traveller: Traveller,
    /// The portrait, unless a face exception was declared.
    pub face: Option<FaceSample>,
    /// The fingers that were taken, best attempt each.
    pub fingers: Vec<FingerSample>,
    /// Fingers declared missing, with reasons.
    pub missing: Vec<MissingFinger>,
    /// Why the face is not as it should be.
    pub face_exception: Option<FaceException>,
    /// Every attempt, with its error code or score.
    pub attempts: Vec<AttemptLog>,
    /// The officer who looked at everything and signed.
    pub signed_by: Option<StaffId>,
    /// What officers said against the software, in order.
    pub vetoes: Vec<VetoTrace>,
    /// The devices that took part.
    pub devices: Vec<DeviceDescriptor>,
    /// Why a scanner below enrolment grade was allowed: the basis that the laboratory override of the configuration
    /// names. `None` when every scanner is of enrolment grade.
    pub laboratory_basis: Option<String>,
    /// What was owed before arrival, rule by rule, and what came of it.
    pub before_arrival: Vec<BeforeArrival>,
    /// The traveller's pre-arrival application, when known.
    pub application_number: Option<Personal<String>>,
    /// The traveller's digital profile, when known.
    pub profile_id: Option<Personal<String>>,
}

/// The traveller as the document states it. All of it is personal data.
#[derive(Debug)]
pub struct Traveller {
    /// Primary and secondary identifier as in the MRZ, separated by a comma: `ERIKSSON, ANNA MARIA`.
    pub name: Personal<String>,
    /// Document number.
    pub document_number: Personal<String>,
    /// Document code: `P`, `PD`, `ID`.
    pub document_code: String,
    /// Three-letter code of the issuing State.
    pub issuing_state: String,
    /// Three-letter code of the nationality.
    pub nationality: String,
    /// Birth date as read: `1974-08-12`, with `XX` for parts that the document leaves unknown.
    pub birth_date: Personal<String>,
    /// `F`, `M` or `X`.
    pub sex: String,
    /// Expiry date: `2032-04-15`.
    pub expiry_date: String,
    /// How the facts were read: `reader`, `typed`, `manual`.
    pub evidence: String,
}

/// The portrait of the record.
#[derive(Debug)]
pub struct FaceSample {
    /// JPEG, at most 375 kB (BSI TR-03121-3).
    pub jpeg: Biometric<Vec<u8>>,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// SHA-256 of the unmodified source frame's RGB bytes.
    pub source_digest: [u8; 32],
    /// Quality, component by component.
    pub quality: Vec<Measure>,
    /// The engine that judged it and the SHA-256 of its model: `blazeface sha256:12ab..`.
    pub engine: String,
    /// What the measures rest on.
    pub basis: FaceBasis,
    /// Mandatory components, by their names, that this engine cannot assess: nobody has judged them.
    pub not_assessed: Vec<String>,
    /// The limits were met.
    pub accepted: bool,
}

/// What the measures of a portrait rest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaceBasis {
    /// The rectangle of the face alone: pose, eyes and mouth are not judged.
    Box,
    /// The points of the face.
    Landmarks,
}

impl FaceBasis {
    /// The word of the record.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Box => "box",
            Self::Landmarks => "landmarks",
        }
    }
}

/// One finger of the record.
#[derive(Debug)]
pub struct FingerSample {
    /// Which finger.
    pub finger: Finger,
    /// PNG, 8-bit grey, lossless.
    pub png: Biometric<Vec<u8>>,
    /// Resolution of the image.
    pub ppi: Ppi,
    /// Bits for each pixel that really came from the device.
    pub bit_depth: u8,
    /// The score that decided, and who gave it.
    pub score: Option<QualityScore>,
    /// Name of the scorer, then the version of its model and the first twelve hexadecimal digits of its SHA-256:
    /// `GFQ 1-0f7d4527844e`.
    pub scorer: String,
    /// Quality, measure by measure.
    pub quality: Vec<Measure>,
    /// The threshold of this finger was met.
    pub accepted: bool,
}

/// One component of quality as the record keeps it: native value and score apart, or why it could not be assessed.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// The standard's own identifier.
    pub name: String,
    /// The native value.
    pub native: Option<f64>,
    /// The mapped score.
    pub score: Option<QualityScore>,
    /// Why there is no value.
    pub failure: Option<String>,
}

/// What made the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions {
    /// Program and version: `gatepost 0.1.0`.
    pub software: String,
    /// Pack identifier, version and SHA-256.
    pub policy: String,
    /// SHA-256 of thresholds.toml.
    pub thresholds: String,
    /// Models and engines with version or hash.
    pub models: Vec<String>,
}

/// What an officer said against the software.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VetoTrace {
    /// Of what.
    pub slot: Slot,
    /// Which way.
    pub veto: Veto,
    /// Who said so; not always who opened the case.
    pub officer: StaffId,
    /// Why, in the officer's own words. An enrolment keeps them, no other record does.
    pub reason: String,
    /// Local time.
    pub local_time: String,
}

/// A supervisor's part in a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewTrace {
    /// Who decided.
    pub supervisor: StaffId,
    /// `approved`, `recapture`, `refused`.
    pub decision: String,
    /// Why the case waited, in codes that say nothing else about the person: `rejected:right-index,left-index`,
    /// `vetoed:refused-although-accepted:right-index`, `attestation:diplomat`, `no-fingers`, `question:ID`.
    pub parked_for: String,
    /// Reason from the list, with free text after a colon.
    pub reason: String,
    /// Local time.
    pub local_time: String,
}
