//! For tests and soaks: keys and drafts, a disk that loses power, and days of work that are cut short.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what tests call fails by panicking, as they do")]

mod crash;
mod failing_disk;
mod faults;
mod hasty_disk;
mod promises;
#[cfg(feature = "tpm")]
mod swtpm;
mod tally;

pub use crash::{Act, CrashStates, DAY, check, keep, open, work, work_through};
pub use failing_disk::{FailingDisk, Files, Trouble};
pub use faults::{DiskFaults, every_read_fails_once};
pub use hasty_disk::HastyDisk;
pub use promises::{Promise, Promises};
#[cfg(feature = "tpm")]
pub use swtpm::Swtpm;
pub use tally::{Draw, Tally};

use crate::format::Envelope;
use crate::{Acknowledgement, AuthoritySecret, FileKey, Outbox, Queued, Sealer, peek_header, sign_receipt};
use domain::case::{CaseNumber, RecordId, StationId};
use domain::device::{CaptureGroup, DeviceDescriptor, DeviceKind};
use domain::finger::{Finger, MissingFinger, MissingReason};
use domain::guarded::{Biometric, Personal};
use domain::policy::{PreArrivalKind, PreArrivalVerdict, Timing};
use domain::record::{
    BeforeArrival, Body, Draft, Enrolment, Exemption, FaceBasis, FaceSample, FingerSample, LookedUp, Measure,
    ReviewTrace, Shown, SignedRecord, Traveller, Versions, VetoTrace,
};
use domain::session::{AttemptLog, FaceException, Outcome, Slot, Veto, Wrong};
use domain::units::{Millis, Ppi, QualityScore, StaffId};
use std::path::Path;

/// 2025-12-24T00:00:00Z.
pub const NOW_MS: i64 = 1_766_534_400_000;

/// An identifier of a boot.
pub const BOOT: &str = "5d1f2c9e-0000-4000-8000-0123456789ab";

/// A station, an authority and an intake with their keys.
pub struct World {
    /// Holds the keys; gone with this value.
    pub dir: tempfile::TempDir,
    /// The station.
    pub station: StationId,
    /// Its signing key.
    pub key: FileKey,
    /// The authority's key that opens bodies.
    pub authority: AuthoritySecret,
    /// Seals to it.
    pub sealer: Sealer,
    /// The intake's key.
    pub intake: FileKey,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// New keys in a new folder.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let authority = AuthoritySecret::create(&at("authority.key"), &at("authority.pub")).unwrap();
        Self {
            station: StationId("S1".into()),
            key: FileKey::create(&at("station.key")).unwrap(),
            sealer: Sealer::new(authority.public().clone()),
            intake: FileKey::create(&at("receipt.key")).unwrap(),
            authority,
            dir,
        }
    }

    /// The keys that another program's world has in this folder.
    pub fn load(folder: &Path) -> Self {
        let at = |name: &str| folder.join(name);
        let authority = AuthoritySecret::load(&at("authority.key")).unwrap();
        Self {
            station: StationId("S1".into()),
            key: FileKey::load(&at("station.key")).unwrap(),
            sealer: Sealer::new(authority.public().clone()),
            intake: FileKey::load(&at("receipt.key")).unwrap(),
            authority,
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// The next record of the outbox, sealed and signed.
    pub fn signed(&self, outbox: &Outbox, draft: Draft) -> SignedRecord {
        let at = outbox.position(NOW_MS, BOOT);
        draft.seal(&self.sealer).unwrap().sign(&self.key, at).unwrap()
    }

    /// The intake's receipt for a record.
    pub fn receipt(&self, outbox: &mut Outbox, of: &Queued) -> Vec<u8> {
        sign_receipt(&self.intake, &self.acknowledgement(outbox, of)).unwrap()
    }

    /// What the intake says of a record: with the end of the audit trail that the record's header names.
    pub fn acknowledgement(&self, outbox: &mut Outbox, of: &Queued) -> Acknowledgement {
        let envelope = outbox.read(of.sequence).unwrap_or_default();
        let header = Envelope::decode(&envelope).ok().and_then(|envelope| peek_header(envelope.cose).ok());
        Acknowledgement {
            digest: of.digest,
            station: self.station.clone(),
            sequence: of.sequence,
            record: of.record,
            audit: header.map(|header| header.audit).unwrap_or_default(),
            received_ms: NOW_MS + 1000,
        }
    }
}

/// A case of one day.
pub fn case(n: u8) -> CaseNumber {
    CaseNumber::parse(&format!("S1-251224-{n:04}")).unwrap()
}

/// A record without anything about a person.
pub fn closure(n: u8) -> Draft {
    Draft {
        id: RecordId([n; 16]),
        case: case(n),
        station: StationId("S1".into()),
        checkpoint: "mashtakovo".into(),
        local_time: "2025-12-24T03:00:00".into(),
        officer: StaffId("officer-1".into()),
        accompanying: None,
        outcome: Outcome::Cancelled,
        decision: None,
        versions: Versions {
            software: "gatepost 0.1.0".into(),
            policy: "ru-entry 2026.1".into(),
            thresholds: "00".into(),
            models: vec!["opencv-haar".into()],
        },
        review: None,
        replaces: None,
        simulated: true,
        body: Body::Closure,
    }
}

/// The record of an exempt traveller.
pub fn exemption(n: u8) -> Draft {
    let body = Body::Exemption(Exemption { ground: "under-six".into(), evidence: "mrz".into() });
    let review = ReviewTrace {
        supervisor: StaffId("supervisor-1".into()),
        decision: "approved".into(),
        parked_for: "attestation:diplomat".into(),
        reason: "attestation".into(),
        local_time: "2025-12-24T03:01:00".into(),
    };
    Draft { outcome: Outcome::Exempt, body, review: Some(review), replaces: Some(RecordId([9; 16])), ..closure(n) }
}

/// A record with every field filled; its images have this many bytes each.
pub fn enrolment(n: u8, image_bytes: usize) -> Draft {
    let measure = Measure {
        name: "UniformImage.rel".into(),
        native: Some(0.1),
        score: Some(QualityScore::nearest(77.0)),
        failure: None,
    };
    let failed = Measure { native: Some(f64::NAN), score: None, failure: Some("no face".into()), ..measure.clone() };
    let finger = |finger| FingerSample {
        finger,
        png: Biometric::new(vec![n; image_bytes]),
        ppi: Ppi::FIVE_HUNDRED,
        bit_depth: 4,
        score: Some(QualityScore::nearest(40.0)),
        scorer: "gatepost 1".into(),
        quality: vec![measure.clone()],
        accepted: true,
    };
    let attempt = |slot, error: Option<&str>| AttemptLog {
        slot,
        number: 1,
        score: error.is_none().then(|| QualityScore::nearest(40.0)),
        passes: error.is_none(),
        wrong: error.is_some().then_some(Wrong::SameFinger),
        error: error.map(Into::into),
        took: Millis(1200),
    };
    let enrolment = Enrolment {
        traveller: traveller(),
        face: Some(FaceSample {
            jpeg: Biometric::new(vec![n ^ 0xff; image_bytes]),
            width: 480,
            height: 640,
            source_digest: [n; 32],
            quality: vec![measure.clone(), failed],
            engine: "opencv-haar".into(),
            basis: FaceBasis::Box,
            not_assessed: vec!["EyesOpen".into(), "HeadPoseYaw".into()],
            accepted: true,
        }),
        fingers: vec![finger(Finger::RightIndex), finger(Finger::LeftMiddle)],
        missing: vec![MissingFinger { finger: Finger::LeftIndex, reason: MissingReason::Bandaged }],
        face_exception: Some(FaceException::EyesClosed),
        attempts: vec![attempt(Slot::Face, None), attempt(Slot::Finger(Finger::RightIndex), Some("D-12"))],
        signed_by: Some(StaffId("officer-2".into())),
        vetoes: vec![VetoTrace {
            slot: Slot::Face,
            veto: Veto::AcceptedForReason,
            officer: StaffId("officer-2".into()),
            reason: "a scar".into(),
            local_time: "2025-12-24T03:00:30".into(),
        }],
        devices: vec![scanner()],
        laboratory_basis: Some("test bench".into()),
        before_arrival: vec![BeforeArrival {
            rule: "application".into(),
            kind: PreArrivalKind::Application,
            verdict: PreArrivalVerdict::Owed,
            exception: None,
            timing: Some(Timing::InTime),
            shown: Shown::Given,
            looked_up: Some(LookedUp::Found),
        }],
        application_number: Some(Personal::new("APPLICATION-7".into())),
        profile_id: Some(Personal::new("PROFILE-7".into())),
    };
    let body = Body::Enrolment(Box::new(enrolment));
    let accompanying = Some(case(n.wrapping_add(1)));
    Draft { outcome: Outcome::EnrolledWithExceptions, body, accompanying, ..closure(n) }
}

fn traveller() -> Traveller {
    Traveller {
        name: Personal::new("ERIKSSON, ANNA MARIA".into()),
        document_number: Personal::new("L898902C3".into()),
        document_code: "P".into(),
        issuing_state: "UTO".into(),
        nationality: "UTO".into(),
        birth_date: Personal::new("1974-08-12".into()),
        sex: "F".into(),
        expiry_date: "2032-04-15".into(),
        evidence: "reader".into(),
    }
}

fn scanner() -> DeviceDescriptor {
    DeviceDescriptor {
        kind: DeviceKind::FingerScanner,
        driver: "ef01".into(),
        vendor: "Gatepost".into(),
        model: "SIMULATED EF01".into(),
        serial: "1".into(),
        firmware: String::new(),
        transport: "/dev/ttyS9".into(),
        ppi: Some(Ppi::FIVE_HUNDRED),
        bit_depth: 4,
        width: 192,
        height: 192,
        groups: vec![CaptureGroup::Single],
        fap: None,
        preview_fps: 0,
        finger_preview: None,
        segments_itself: false,
        simulated: true,
    }
}
