//! The promise: set-up can be repeated, and only the authority's private key reads a body.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod common;

use common::{Intake, NOW_MS, Station};
use intake::Mode;
use intake::commands::{self, CommandFault, Which};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use store::format::{Envelope, digest};

on_both_data_bases! {
    stations_are_registered_by_file,
    a_body_is_opened_by_name_or_file,
    records_arrive_on_a_medium,
    a_copy_beside_the_chain_is_listed_with_a_mark_and_opens,
    the_list_has_one_line_for_each_record,
}

#[tokio::test]
async fn init_makes_what_is_missing_and_leaves_the_rest() {
    let intake = Intake::new().await;
    let files = ["authority.key", "authority.pub", "receipt.key", "receipt.pub", "intake.toml"];
    let read = || files.map(|file| fs::read(intake.dir.path().join(file)).unwrap());
    let before = read();
    commands::init(intake.dir.path(), Mode::Demonstration, &[], &intake::clock::system()).await.unwrap();
    assert_eq!(read(), before);
    for file in ["authority.key", "receipt.key"] {
        let mode = fs::metadata(intake.dir.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[tokio::test]
async fn a_wrong_configuration_is_refused_with_its_line() {
    let intake = Intake::new().await;
    let config = intake.dir.path().join("intake.toml");
    let text = fs::read_to_string(&config).unwrap();
    for wrong in [
        format!("{text}databse = \"x\"\n"),
        text.replace("127.0.0.1:8620", "localhost"),
        text.replace("receipt_key", "# receipt_key"),
        "listen =".into(),
    ] {
        fs::write(&config, wrong).unwrap();
        let fault = commands::list(intake.dir.path(), true, &mut Vec::new()).await.unwrap_err();
        assert!(matches!(fault, CommandFault::Config { .. }), "{fault}");
        assert!(fault.to_string().contains("intake.toml: TOML parse error at line"), "{fault}");
    }
}

async fn stations_are_registered_by_file(intake: Intake) {
    let station = Station::new("S7");
    let clock: intake::clock::Clock = Arc::new(|| NOW_MS);
    let id = commands::register(intake.dir.path(), "S7", &station.public_key(), &clock).await.unwrap();
    assert_eq!(id, station.key.public().id());
    let known = intake.database.key("S7", &id).await.unwrap();
    assert_eq!(known.unwrap().key, *station.key.public());
    let file = station.dir.path().join("station.pub");
    for name in ["", "S 7", "../S7", "S-1234567890123456789012345"] {
        let refused = commands::register(intake.dir.path(), name, &file, &clock).await;
        assert!(matches!(refused, Err(CommandFault::BadStation(_))), "{name}");
    }
}

/// Puts an envelope into the data base as the service does.
async fn keep(intake: &Intake, station: &Station, envelope: &[u8]) {
    let header = store::verify_header(station.key.public(), Envelope::decode(envelope).unwrap().cose).unwrap();
    intake.database.keep(&header, &digest(envelope), envelope, b"receipt", NOW_MS).await.unwrap();
}

async fn a_body_is_opened_by_name_or_file(intake: Intake) {
    let mut station = Station::registered("S1", &intake).await;
    let (id, envelope) = station.enrol();
    keep(&intake, &station, &envelope).await;
    let file = intake.dir.path().join("one.envelope");
    fs::write(&file, &envelope).unwrap();
    let name = id.to_string();
    for (which, out) in [(Which::Record(&name), "a"), (Which::Envelope(&file), "b")] {
        let out = intake.dir.path().join(out);
        let (files, checked) = commands::open(intake.dir.path(), which, &out).await.unwrap();
        assert!(checked);
        assert_eq!(files, ["record.json", "face.jpg", "right-index.png"].map(|file| out.join(file)));
        assert_eq!(fs::read(out.join("face.jpg")).unwrap(), b"a face");
        assert_eq!(fs::read(out.join("right-index.png")).unwrap(), b"a finger");
        let json: Value = serde_json::from_slice(&fs::read(out.join("record.json")).unwrap()).unwrap();
        assert_eq!(json["enrolment"]["traveller"]["name"], "ERIKSSON, ANNA MARIA");
        assert_eq!(json["record"], name);
        for path in files {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o077, 0);
        }
    }
}

#[tokio::test]
async fn a_body_does_not_open_otherwise() {
    let intake = Intake::new().await;
    let out = intake.dir.path().join("out");
    let missing = "00".repeat(16);
    let opened = commands::open(intake.dir.path(), Which::Record(&missing), &out).await;
    assert!(matches!(opened, Err(CommandFault::NoRecord(_))));

    let foreign = intake.dir.path().join("foreign.envelope");
    fs::write(&foreign, Station::new("S9").enrol().1).unwrap();
    let opened = commands::open(intake.dir.path(), Which::Envelope(&foreign), &out).await;
    assert!(matches!(opened, Err(CommandFault::Open(_))), "sealed to another authority");

    fs::write(&foreign, b"garbage").unwrap();
    let opened = commands::open(intake.dir.path(), Which::Envelope(&foreign), &out).await;
    assert!(matches!(opened, Err(CommandFault::Format(_))));
    assert!(!out.exists(), "nothing was written");
}

/// The whole way without a connection: out of the station, into the intake, and back with receipts that free the bodies.
async fn records_arrive_on_a_medium(intake: Intake) {
    let mut station = Station::registered("S1", &intake).await;
    let medium = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        station.next();
    }
    let exported = station.export(medium.path());
    assert_eq!(exported.records.iter().map(|record| record.sequence).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(station.export(medium.path()), exported, "a second export adds nothing");
    // One copy was damaged on its way, one is of a station that nobody knows here.
    let second = medium.path().join(&exported.records[1].file);
    let whole = fs::read(&second).unwrap();
    fs::write(&second, &whole[..whole.len() - 1]).unwrap();
    fs::write(medium.path().join("unknown.rec"), Station::new("S9").next()).unwrap();
    // And these cannot be read at all: the medium is worn, say.
    fs::create_dir(medium.path().join("000.rec")).unwrap();
    fs::create_dir(medium.path().join("000.cose")).unwrap();
    let clock = || -> intake::clock::Clock { Arc::new(|| NOW_MS) };
    let imported = commands::import(intake.dir.path(), medium.path(), clock()).await.unwrap();
    assert_eq!((imported.new, imported.again, imported.refused.len()), (2, 0, 4), "{imported:?}");
    assert_eq!(imported.refused[0].0, "000.cose");
    assert!(imported.refused[0].1.starts_with("it cannot be read: "), "{imported:?}");
    assert_eq!(station.acknowledge_from(medium.path(), intake.receipt_key()), [1, 3]);
    assert_eq!(station.waiting(), [2], "what has not arrived is still here");

    let again = station.export(medium.path());
    assert_eq!(again.records.len(), 1);
    let imported = commands::import(intake.dir.path(), medium.path(), clock()).await.unwrap();
    assert_eq!((imported.new, imported.again), (1, 2), "what was here stays once");
    assert_eq!(station.acknowledge_from(medium.path(), intake.receipt_key()), [1, 2, 3]);
    assert!(station.waiting().is_empty());
    assert_eq!(intake.database.list(("", 0), 10).await.unwrap().len(), 3);
}

/// Whoever looks into a copied store has to see both copies.
async fn a_copy_beside_the_chain_is_listed_with_a_mark_and_opens(intake: Intake) {
    let mut station = Station::registered("S1", &intake).await;
    let mut copy = station.copy();
    let (one, other, third) = (station.enrol().1, copy.enrol().1, copy.enrol().1);
    for envelope in [&one, &other, &third] {
        keep(&intake, &station, envelope).await;
    }
    let mut text = Vec::new();
    commands::list(intake.dir.path(), true, &mut text).await.unwrap();
    let lines: Vec<Value> =
        String::from_utf8(text).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> = lines.iter().map(|line| (line["sequence"].as_i64().unwrap(), &line["beside"])).collect();
    // The second one of the copy hangs on what is kept beside, and has the next number.
    assert_eq!(told, [(1, &json!(false)), (2, &json!(false)), (1, &json!(true))]);
    let of_other = store::hex(&digest(&other));
    assert_eq!(lines[2]["digest"], of_other);
    let mut text = Vec::new();
    commands::list(intake.dir.path(), false, &mut text).await.unwrap();
    assert!(String::from_utf8(text).unwrap().ends_with(&format!("beside the chain: {of_other}\n")));

    let out = intake.dir.path().join("out");
    let name = lines[2]["record"].as_str().unwrap();
    for which in [Which::Record(name), Which::Digest(&of_other), Which::Digest(&of_other.to_uppercase())] {
        let (files, checked) = commands::open(intake.dir.path(), which, &out).await.unwrap();
        assert!(checked && files.len() == 3);
        let json: Value = serde_json::from_slice(&fs::read(out.join("record.json")).unwrap()).unwrap();
        assert_eq!(json["record"], name);
    }
    let unknown = commands::open(intake.dir.path(), Which::Digest(&"00".repeat(32)), &out).await;
    assert!(matches!(unknown, Err(CommandFault::NoRecord(_))));
}

async fn the_list_has_one_line_for_each_record(intake: Intake) {
    let mut station = Station::registered("S1", &intake).await;
    for _ in 0..3 {
        let envelope = station.next();
        keep(&intake, &station, &envelope).await;
    }
    let mut text = Vec::new();
    commands::list(intake.dir.path(), true, &mut text).await.unwrap();
    let lines: Vec<Value> =
        String::from_utf8(text).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line["sequence"].as_i64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
    let keys: BTreeSet<_> = lines[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        BTreeSet::from([
            "beside", "bytes", "digest", "erased", "outcome", "received", "record", "replaces", "sequence", "station"
        ])
    );
    let mut text = Vec::new();
    commands::list(intake.dir.path(), false, &mut text).await.unwrap();
    assert_eq!(String::from_utf8(text).unwrap().lines().count(), 3);
}
