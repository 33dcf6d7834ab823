//! `gatepost store verify` ends well on a store that is whole, and otherwise with a failure and what to do about each finding.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use domain::units::StaffId;
use serde_json::Value;
use std::fs;
use std::path::Path;
use store::testing::{NOW_MS, World, closure};
use store::{Action, Event, Outbox};
use tests::process::run;

/// What is done to the store, by whom it is told (a finding, or the code of a fault), and the words that have to be there.
type Case = (&'static str, fn(&Path), Told, &'static [&'static str]);

enum Told {
    /// It ends well.
    Nothing,
    /// By this many findings in the answer, which is whole apart from them.
    Findings(usize),
    /// By a fault with this code, and no answer.
    Fault(&'static str),
}

const CASES: &[Case] = &[
    ("nothing", |_| (), Told::Nothing, &[]),
    (
        "a torn last line",
        |store| append(store, "journal.log", b"0123456789 torn"),
        Told::Nothing,
        &["\"torn_bytes\": 15"],
    ),
    (
        "a flipped bit",
        |store| flip(store, "records/0000000002.rec", 200),
        Told::Findings(1),
        &["record 2 (", "as it was"],
    ),
    (
        "a record gone and another one cut",
        |store| {
            fs::remove_file(store.join("records/0000000001.rec")).unwrap();
            let bytes = fs::read(store.join("records/0000000003.rec")).unwrap();
            fs::write(store.join("records/0000000003.rec"), &bytes[..bytes.len() - 1]).unwrap();
        },
        Told::Findings(2),
        &["record 1 (", "is missing", "record 3 (", "gatepost-intake list", "names the case"],
    ),
    (
        "a record that an earlier start has set aside",
        |store| {
            fs::write(store.join("records/0000000002.rec"), "short").unwrap();
            Outbox::open(store, &domain::case::StationId("S1".into())).unwrap();
        },
        Told::Findings(1),
        &["record 2 (", "quarantine/"],
    ),
    (
        "a flipped bit in the journal",
        |store| flip(store, "journal.log", 300),
        Told::Fault("S-02"),
        &["gatepost-intake import"],
    ),
    (
        "no journal",
        |store| fs::remove_file(store.join("journal.log")).unwrap(),
        Told::Fault("S-03"),
        &["accept-restored"],
    ),
    (
        "a flipped bit in the audit trail",
        |store| flip(store, &the_only_file(store, "audit"), 120),
        Told::Fault("S-11"),
        &["auditor"],
    ),
    ("nothing at all", |store| fs::remove_dir_all(store).unwrap(), Told::Fault("S-16"), &["--data"]),
];

#[test]
fn whatever_has_to_be_seen_to_is_a_failure_with_a_remedy() {
    let world = World::new();
    for (name, harm, told, words) in CASES {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("store");
        fill(&world, &store);
        harm(&store);
        let looked = run("gatepost", &["store", "verify", "--data", dir.path().to_str().unwrap()]);
        let [answer, said] = [looked.stdout, looked.stderr].map(|text| String::from_utf8(text).unwrap());
        assert_eq!(looked.status.success(), matches!(told, Told::Nothing), "{name}: {said}");
        let found: Option<Value> = serde_json::from_str(&answer).ok();
        let findings = found.as_ref().map(|found| found["findings"].as_array().unwrap().len());
        match told {
            Told::Nothing => assert_eq!((findings, said.as_str()), (Some(0), ""), "{name}"),
            Told::Findings(count) => {
                assert_eq!(findings, Some(*count), "{name}: {answer}");
                let good = found.unwrap()["good"].as_u64().unwrap();
                assert_eq!(good + *count as u64, 3, "{name}: the others are usable");
                assert_eq!(said.lines().filter(|line| line.starts_with("record ")).count(), *count, "{said}");
            }
            Told::Fault(code) => assert!(findings.is_none() && said.contains(code), "{name}: {said}"),
        }
        let all = [answer, said].concat();
        words.iter().for_each(|word| assert!(all.contains(word), "{name}: no `{word}` in {all}"));
    }
}

/// Three records that wait, and an audit trail.
fn fill(world: &World, store: &Path) {
    let (mut outbox, _) = Outbox::open(store, &world.station).unwrap();
    for n in 1..=3 {
        let who = StaffId("officer-1".into());
        outbox.note(&Event { at_ms: NOW_MS, who, what: Action::Exported, case: None, reason: None }).unwrap();
        let record = world.signed(&outbox, closure(n));
        outbox.append(record).unwrap();
    }
}

fn flip(store: &Path, file: &str, at: usize) {
    let mut bytes = fs::read(store.join(file)).unwrap();
    bytes[at] ^= 1;
    fs::write(store.join(file), bytes).unwrap();
}

fn the_only_file(store: &Path, folder: &str) -> String {
    let [file] = fs::read_dir(store.join(folder)).unwrap().map(Result::unwrap).collect::<Vec<_>>().try_into().unwrap();
    format!("{folder}/{}", file.file_name().to_string_lossy())
}

fn append(store: &Path, file: &str, more: &[u8]) {
    let bytes = fs::read(store.join(file)).unwrap();
    fs::write(store.join(file), [&bytes, more].concat()).unwrap();
}
