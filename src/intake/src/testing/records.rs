//! Records as stations make them, of nobody.

use domain::case::{CaseNumber, RecordId, StationId};
use domain::guarded::{Biometric, Personal};
use domain::record::{Body, Draft, Enrolment, FaceBasis, FaceSample, FingerSample, Traveller, Versions};
use domain::session::Outcome;
use domain::units::{Ppi, StaffId};

/// The n-th record of a station, by simulated devices.
pub fn draft(station: &StationId, n: u64, outcome: Outcome, body: Body) -> Draft {
    let mut id = [0; 16];
    id[8..].copy_from_slice(&n.to_be_bytes());
    let station_digits = station.0.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    id[..8].copy_from_slice(&station_digits.to_be_bytes());
    let case = format!("{station}-251224-{n:04}");
    Draft {
        id: RecordId(id),
        #[expect(clippy::panic, reason = "a helper of a test fails by panicking, as the test does")]
        case: CaseNumber::parse(&case).unwrap_or_else(|| panic!("{case}")),
        station: station.clone(),
        checkpoint: "mashtakovo".into(),
        local_time: "2025-12-24T03:00:00".into(),
        officer: StaffId("officer-1".into()),
        accompanying: None,
        outcome,
        decision: None,
        versions: Versions {
            software: "gatepost 0.1.0".into(),
            policy: "ru-entry 2026.1".into(),
            thresholds: "00".into(),
            models: vec![],
        },
        review: None,
        replaces: None,
        simulated: true,
        body,
    }
}

/// A capture of somebody who does not exist, with these bytes for portrait and finger.
pub fn enrolment(face: Vec<u8>, finger: Vec<u8>) -> Enrolment {
    Enrolment {
        traveller: Traveller {
            name: Personal::new("ERIKSSON, ANNA MARIA".into()),
            document_number: Personal::new("L898902C3".into()),
            document_code: "P".into(),
            issuing_state: "UTO".into(),
            nationality: "UTO".into(),
            birth_date: Personal::new("1974-08-12".into()),
            sex: "F".into(),
            expiry_date: "2032-04-15".into(),
            evidence: "reader".into(),
        },
        face: Some(FaceSample {
            jpeg: Biometric::new(face),
            width: 480,
            height: 640,
            source_digest: [1; 32],
            quality: vec![],
            engine: "opencv-haar".into(),
            basis: FaceBasis::Box,
            not_assessed: vec![],
            accepted: true,
        }),
        fingers: vec![FingerSample {
            finger: domain::finger::Finger::RightIndex,
            png: Biometric::new(finger),
            ppi: Ppi::FIVE_HUNDRED,
            bit_depth: 8,
            score: None,
            scorer: "none".into(),
            quality: vec![],
            accepted: true,
        }],
        missing: vec![],
        face_exception: None,
        attempts: vec![],
        signed_by: None,
        vetoes: vec![],
        devices: vec![],
        laboratory_basis: None,
        before_arrival: vec![],
        application_number: None,
        profile_id: None,
    }
}
