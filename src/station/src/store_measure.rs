//! `gatepost store measure`: what the store promises about speed, measured on the disk of the given folder.
//!
//! Samples are printed as they are, one JSON line each; whoever reads them takes medians. Everything is made in a new
//! folder with keys of its own, and removed.

use clap::Args;
use domain::case::{CaseNumber, RecordId, StationId};
use domain::guarded::{Biometric, Personal};
use domain::record::{Body, Draft, Enrolment, FaceBasis, FaceSample, Traveller, Versions};
use domain::session::Outcome;
use domain::units::StaffId;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use store::{AuthoritySecret, FileKey, KeyFault, Outbox, SealFault, Sealer, SignFault, StoreFault};
use thiserror::Error;

/// The size of the record that the goal speaks of.
const IMAGE_BYTES: usize = 500_000;

/// The picture of a record that only waits.
const SMALL_BYTES: usize = 1000;

/// What is measured, and where.
#[derive(Args, Debug)]
pub struct MeasureArgs {
    /// A folder on the disk that is measured.
    #[arg(long)]
    pub folder: PathBuf,
    /// Records of 500 kB that are sealed, signed and kept.
    #[arg(long, default_value_t = 101, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub rounds: u64,
    /// Records that wait when the store is opened again; those of the rounds are among them.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub waiting: u64,
}

/// Why nothing was measured.
#[derive(Debug, Error)]
pub enum MeasureError {
    /// The folder.
    #[error("the folder for the measurement: {0}")]
    Folder(#[from] io::Error),
    /// Keys.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// Sealing.
    #[error(transparent)]
    Seal(#[from] SealFault),
    /// Signing.
    #[error(transparent)]
    Sign(#[from] SignFault),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// Records were lost on the way.
    #[error("{found} records wait, not {expected}")]
    Waiting {
        /// How many should wait.
        expected: u64,
        /// How many do.
        found: u64,
    },
}

/// Measures and prints `{"name", "value", "unit"}` for each sample.
pub fn run(args: &MeasureArgs) -> Result<(), MeasureError> {
    let folder = args.folder.join(format!("measure-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let measured = measure(&folder, args.rounds, args.waiting.max(args.rounds));
    std::fs::remove_dir_all(&folder)?;
    measured
}

fn measure(folder: &Path, rounds: u64, waiting: u64) -> Result<(), MeasureError> {
    let station = StationId("S1".into());
    let key = FileKey::create(&folder.join("station.key"))?;
    let authority = AuthoritySecret::create(&folder.join("authority.key"), &folder.join("authority.pub"))?;
    let sealer = Sealer::new(authority.public().clone());
    let store = folder.join("store");
    let (mut outbox, _) = Outbox::open(&store, &station)?;
    for n in 0..waiting {
        let draft = draft(n, if n < rounds { IMAGE_BYTES } else { SMALL_BYTES });
        let start = Instant::now();
        let sealed = draft.seal(&sealer)?;
        let seal = start.elapsed();
        let position = outbox.position(0, "boot");
        let record = sealed.sign(&key, position)?;
        let sign = start.elapsed();
        outbox.append(record)?;
        let all = start.elapsed();
        if n < rounds {
            say("seal", seal);
            say("sign", sign - seal);
            say("commit", all - sign);
            say("keep", all);
        }
    }
    drop(outbox);
    let start = Instant::now();
    let (outbox, _) = Outbox::open(&store, &station)?;
    let took = start.elapsed();
    match outbox.stats().pending {
        found if found == waiting => say("reopen", took),
        found => return Err(MeasureError::Waiting { expected: waiting, found }),
    }
    Ok(())
}

fn say(name: &str, took: Duration) {
    let value = took.as_secs_f64() * 1000.0;
    println!("{}", serde_json::json!({ "name": name, "value": value, "unit": "ms" }));
}

/// A record of nobody, with noise for a picture.
fn draft(n: u64, image_bytes: usize) -> Draft {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&n.to_be_bytes());
    let noise = (0..image_bytes as u64).map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
    let text = |text: &str| Personal::new(text.into());
    let traveller = Traveller {
        name: text("ERIKSSON, ANNA MARIA"),
        document_number: text("L898902C3"),
        document_code: "P".into(),
        issuing_state: "UTO".into(),
        nationality: "UTO".into(),
        birth_date: text("1974-08-12"),
        sex: "F".into(),
        expiry_date: "2032-04-15".into(),
        evidence: "reader".into(),
    };
    let face = FaceSample {
        jpeg: Biometric::new(noise),
        width: 480,
        height: 640,
        source_digest: [0; 32],
        quality: vec![],
        engine: "none".into(),
        basis: FaceBasis::Box,
        not_assessed: vec![],
        accepted: true,
    };
    let enrolment = Enrolment {
        traveller,
        face: Some(face),
        fingers: vec![],
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
    };
    let versions =
        Versions { software: String::new(), policy: String::new(), thresholds: String::new(), models: vec![] };
    Draft {
        id: RecordId(id),
        case: CaseNumber::new(&StationId("S1".into()), jiff::civil::date(2025, 12, 24), n as u32),
        station: StationId("S1".into()),
        checkpoint: String::new(),
        local_time: String::new(),
        officer: StaffId(String::new()),
        accompanying: None,
        outcome: Outcome::Enrolled,
        decision: None,
        versions,
        review: None,
        replaces: None,
        simulated: true,
        body: Body::Enrolment(Box::new(enrolment)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_was_kept_waits_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        run(&MeasureArgs { folder: folder.path().into(), rounds: 2, waiting: 3 }).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let missing = MeasureArgs { folder: folder.path().join("missing"), rounds: 1, waiting: 1 };
        assert!(matches!(run(&missing), Err(MeasureError::Folder(_))));
    }
}
