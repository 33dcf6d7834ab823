//! Measures what the store promises about speed, on the disk of the given folder, one JSON line for each row:
//! `cargo run --release -p store --example measure -- [FOLDER] [BACKLOG]`.

use domain::case::{CaseNumber, RecordId, StationId};
use domain::guarded::{Biometric, Personal};
use domain::record::{Body, Draft, Enrolment, FaceSample, Traveller, Versions};
use domain::session::Outcome;
use domain::units::StaffId;
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;
use store::{AuthoritySecret, FileKey, Outbox, Sealer};

/// The size of the record that the goal speaks of.
const IMAGE_BYTES: usize = 500_000;

const ROUNDS: u64 = 101;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let base = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let backlog: u64 = arguments.next().map_or(Ok(1000), |text| text.parse())?;
    let folder = base.join(format!("gatepost-measure-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let measured = measure(&folder, backlog);
    std::fs::remove_dir_all(&folder)?;
    measured
}

fn measure(folder: &std::path::Path, backlog: u64) -> Result<(), Box<dyn Error>> {
    let station = StationId("S1".into());
    let key = FileKey::create(&folder.join("station.key"))?;
    let authority = AuthoritySecret::create(&folder.join("authority.key"), &folder.join("authority.pub"))?;
    let sealer = Sealer::new(authority.public().clone());
    let store = folder.join("store");
    let (mut outbox, _) = Outbox::open(&store, &station)?;

    let mut parts = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    for n in 0..ROUNDS + backlog {
        let draft = draft(n, if n < ROUNDS { IMAGE_BYTES } else { 1000 });
        let start = Instant::now();
        let sealed = draft.seal(&sealer)?;
        let seal = start.elapsed();
        let position = outbox.position(0, "boot");
        let record = sealed.sign(&key, position)?;
        let sign = start.elapsed();
        outbox.append(record)?;
        let all = start.elapsed();
        if n < ROUNDS {
            let spans = [seal, sign - seal, all - sign, all];
            parts.iter_mut().zip(spans).for_each(|(part, span)| part.push(span.as_secs_f64() * 1000.0));
        }
    }
    for (name, part) in ["seal", "sign", "commit", "seal, sign and commit"].iter().zip(&mut parts) {
        part.sort_by(f64::total_cmp);
        println!("{{\"name\":\"store: {name} 500 kB, median\",\"value\":{:.2},\"unit\":\"ms\"}}", part[part.len() / 2]);
    }
    drop(outbox);
    let start = Instant::now();
    let (outbox, _) = Outbox::open(&store, &station)?;
    let ms = start.elapsed().as_secs_f64() * 1000.0;
    let pending = outbox.stats().pending;
    println!("{{\"name\":\"store: reopen with {pending} records\",\"value\":{ms:.1},\"unit\":\"ms\"}}");
    Ok(())
}

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
        accepted: true,
    };
    let enrolment = Enrolment {
        traveller,
        face: Some(face),
        fingers: vec![],
        missing: vec![],
        face_exception: None,
        attempts: vec![],
        devices: vec![],
        laboratory_override: false,
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
        outcome: Outcome::Enrolled,
        decision: None,
        versions,
        review: None,
        replaces: None,
        simulated: true,
        body: Body::Enrolment(Box::new(enrolment)),
    }
}
