//! What the judge of our signed messages asks: `cose_messages make FOLDER` makes one of each kind, and a store with records
//! and their export, by the code of station and intake; `cose_messages take` says of messages on standard input whether they are
//! believed.

#![allow(clippy::unwrap_used, reason = "a program that cannot go on ends, and the judge sees how")]

use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{BufRead, stdin};
use std::path::Path;
use std::process::ExitCode;
use store::testing::{NOW_MS, World, closure, enrolment, exemption};
use store::{
    Application, ErasedBecause, FileKey, Outbox, Rotation, Succession, Tombstone, VerifyKey, signed_in_any_spelling,
    verify_header, verify_receipt,
};
use zeroize::Zeroizing;

/// Bytes of each image of the record that has some.
const IMAGE_BYTES: usize = 5_000;

/// A day in milliseconds.
const DAY_MS: i64 = 24 * 3600 * 1000;

/// A message of somebody.
#[derive(Deserialize)]
struct Asked {
    /// What it is taken for: a file's name in `messages`, or `any` for a signature alone.
    kind: String,
    /// The key that should have signed it, in PEM.
    key: String,
    /// In hexadecimal.
    message: String,
    /// Signed along, in hexadecimal; for a signature alone.
    #[serde(default)]
    aad: String,
}

/// What becomes of it.
#[derive(Serialize)]
struct Answer {
    believed: bool,
    /// Why not.
    why: String,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["make", folder] => make(Path::new(folder)),
        ["take"] => take(),
        _ => {
            eprintln!("cose_messages make FOLDER | take");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn make(folder: &Path) {
    let world = World::new();
    let connection = FileKey::create(&world.dir.path().join("connection.key")).unwrap();
    let next = FileKey::create(&world.dir.path().join("next.key")).unwrap();
    fs::create_dir_all(folder.join("messages")).unwrap();
    for name in ["authority.key", "authority.pub"] {
        fs::copy(world.dir.path().join(name), folder.join(name)).unwrap();
    }
    for (name, key) in [("station", &world.key), ("intake", &world.intake), ("connection", &connection)] {
        key.public().write(&folder.join(format!("{name}.pub"))).unwrap();
    }
    let (mut outbox, _) = Outbox::open(&folder.join("store"), &world.station).unwrap();
    for draft in [closure(1), exemption(2), enrolment(3, IMAGE_BYTES)] {
        let signed = world.signed(&outbox, draft);
        fs::write(folder.join("messages/record-header"), signed.cose()).unwrap();
        outbox.append(signed).unwrap();
    }
    outbox.export(&folder.join("medium")).unwrap();
    let last = outbox.pending(3).unwrap().pop().unwrap();
    let (station, record) = (world.station.clone(), last.record);
    let tombstone = Tombstone {
        digest: last.digest,
        station: station.clone(),
        sequence: last.sequence,
        record,
        reason: ErasedBecause::Request,
        erased_ms: NOW_MS,
    };
    let (old, new, until) = (world.key.public().id().to_owned(), next.public().clone(), NOW_MS + 30 * DAY_MS);
    let rotation =
        Rotation { station: station.clone(), old, new: new.clone(), time_ms: NOW_MS, overlap_until_ms: until };
    let old = world.intake.public().id().to_owned();
    let succession = Succession { old, new, time_ms: NOW_MS, overlap_until_ms: until };
    let application = Application {
        station,
        signing_key: world.key.public().clone(),
        connection_key: connection.public().clone(),
        code: Zeroizing::new("ABCDE-FGHJK".into()),
        time_ms: NOW_MS,
    };
    for (kind, message) in [
        ("receipt", world.receipt(&mut outbox, &last)),
        ("tombstone", tombstone.sign(&world.intake).unwrap()),
        ("key-rotation", rotation.sign(&world.key).unwrap()),
        ("receipt-key", succession.sign(&world.intake).unwrap()),
        ("possession", application.sign(&world.key, &connection).unwrap()),
    ] {
        fs::write(folder.join("messages").join(kind), message).unwrap();
    }
}

/// One line of JSON for each line of JSON.
fn take() {
    for line in stdin().lock().lines() {
        let asked: Asked = serde_json::from_str(&line.unwrap()).unwrap();
        let why = taken(&asked).err().unwrap_or_default();
        let answer = serde_json::to_string(&Answer { believed: why.is_empty(), why }).unwrap();
        println!("{answer}");
    }
}

/// Whether a message is believed, by the functions that station and intake ask.
fn taken(asked: &Asked) -> Result<(), String> {
    let (message, aad) = (bytes(&asked.message), bytes(&asked.aad));
    let key = VerifyKey::from_pem(&asked.key).ok_or("the key is no P-256 key")?;
    match asked.kind.as_str() {
        "any" => signed_in_any_spelling(&key, &aad, &message).map_err(|why| why.to_string()),
        "record-header" => verify_header(&key, &message).map(drop).map_err(|why| why.to_string()),
        "receipt" => verify_receipt(&key, &message).map(drop).map_err(|why| why.to_string()),
        "tombstone" => Tombstone::verify(&key, &message).map(drop).map_err(|why| why.to_string()),
        "key-rotation" => Rotation::verify(&key, &message).map(drop).map_err(|why| why.to_string()),
        "receipt-key" => Succession::verify(&key, &message).map(drop).map_err(|why| why.to_string()),
        "possession" => Application::verify(&message).map(drop).map_err(|why| why.to_string()),
        other => Err(format!("no kind {other}")),
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}
