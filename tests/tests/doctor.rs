//! `gatepost doctor` finds the fault that was made, says what to do, and finds nothing on a station that is well.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use serde_json::{Value, json};
use station::figures::drift::RECENT;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;
use tests::place::Place;
use tests::process::run;
use tests::station::{Setup, Station};

/// The findings, by the doctor's own words, and whether the program ended well.
fn doctor(place: &Place) -> (bool, Vec<Value>) {
    let (config, data) = (place.config().display().to_string(), place.text("station"));
    let looked = run("gatepost", &["doctor", "--json", "--config", &config, "--data", &data]);
    let lines = String::from_utf8(looked.stdout).unwrap();
    (looked.status.success(), lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// What is about the station. Swap and hibernation are the machine's that runs the test.
fn faults(findings: &[Value]) -> Vec<(&str, &str)> {
    let of_the_machine = ["swap", "hibernation", "memory"];
    let fault = |finding: &&Value| {
        finding["verdict"] == "fault" && !of_the_machine.contains(&finding["check"].as_str().unwrap())
    };
    findings
        .iter()
        .filter(fault)
        .map(|finding| (finding["check"].as_str().unwrap(), finding["found"].as_str().unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_found_and_comes_with_a_remedy() {
    let mut station = Station::start().await;
    station.until_ready(&["camera", "scanner", "reader"]).await;
    let (_, at_work) = doctor(station.place());
    assert_eq!(faults(&at_work), [], "{at_work:?}");
    let unknown: Vec<&Value> = at_work.iter().filter(|finding| finding["verdict"] == "unknown").collect();
    assert_eq!(unknown.len(), 2, "store and devices belong to the station at work: {unknown:?}");

    station.kill9();
    let (_, well) = doctor(station.place());
    assert_eq!(faults(&well), [], "{well:?}");
    let simulated = well.iter().filter(|finding| finding["found"].as_str().unwrap().contains("SIMULATED")).count();
    assert_eq!(simulated, 3, "{well:?}");

    let place = station.place();
    for (check, words, file, fault) in CASES {
        let path = place.path(file);
        let mend = fault.make(&path);
        let (ended_well, findings) = doctor(place);
        let found = faults(&findings);
        assert!(!ended_well, "{check}: {words}");
        assert!(found.len() == 1 && found[0].0 == *check && found[0].1.contains(words), "{words}: {found:?}");
        let remedies = findings.iter().filter(|finding| finding["verdict"] != "good");
        assert!(remedies.map(|finding| finding["remedy"].as_str().unwrap()).all(|remedy| !remedy.is_empty()));
        mend();
    }
    assert_eq!(faults(&doctor(place).1), []);
}

/// What a scanner and a camera said of themselves: sixty captures when they were new, and the latest forty-one.
fn seeded(platen: f64, backdrop: f64) -> String {
    let of = |measure: &str, was: f64, is: f64| json!({ "measure": measure, "base": [was, 1.5], "recent": vec![is; RECENT] });
    let devices = json!({
        "scanner: simulated / platen": of("platen", 250.0, platen),
        "camera: simulated / backdrop": of("backdrop", 190.0, backdrop),
    });
    json!({ "shifts": {}, "devices": devices }).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_that_became_worse_are_told_whether_the_station_is_at_work_or_not() {
    let mut station = Setup { intake: false, ..Setup::default() }.start().await;
    station.stop().await;
    let path = station.place().path("station/figures.json");
    let told = |place: &Place| {
        let captures = |finding: &Value| ["captures", "devices"].contains(&finding["check"].as_str().unwrap());
        let (_, findings) = doctor(place);
        let told = findings.into_iter().filter(captures).filter(|finding| {
            ["worse", "darker", "damaged"].iter().any(|word| finding["found"].as_str().unwrap().contains(word))
        });
        told.map(|finding| [&finding["verdict"], &finding["found"], &finding["remedy"]].map(Value::clone)).collect()
    };
    for (file, wanted) in [
        (seeded(250.0, 189.0), vec![["good", "none is worse than at first (2 of 2", ""]]),
        (
            seeded(201.0, 120.0),
            vec![
                ["note", "camera: simulated: the backdrop is darker, 120 of 255 after 190", "lamp"],
                ["note", "scanner: simulated: the platen is darker, 201 of 255 after 250", "clean the platen"],
            ],
        ),
        // As it was written before the latest captures were kept.
        (
            String::from(r#"{"shifts":{},"devices":{"scanner: s / platen":{"measure":"platen","base":[250.0,1.5]}}}"#),
            vec![["good", "none is worse than at first (0 of 1", ""]],
        ),
        (String::from("{"), vec![["note", "figures.json is damaged", "begins anew"]]),
    ] {
        fs::write(&path, &file).unwrap();
        let found: Vec<[Value; 3]> = told(station.place());
        assert_eq!(found.len(), wanted.len(), "{file}: {found:?}");
        for (found, wanted) in found.iter().zip(&wanted) {
            let fits = found.iter().zip(wanted).all(|(found, wanted)| found.as_str().unwrap().contains(wanted));
            assert!(fits && found[0] == wanted[0] && wanted[2].is_empty() == (found[2] == ""), "{found:?} {wanted:?}");
        }
    }
    // A station that starts knows what it knew, and the doctor reads the file beside it.
    fs::write(&path, seeded(201.0, 190.0)).unwrap();
    station.restart().await;
    let worse = |health: &Value| {
        let findings = health["findings"].as_array().unwrap();
        findings.iter().any(|finding| finding.to_string().contains("the platen is darker"))
    };
    station.until_health("the finding", Duration::from_secs(20), worse).await;
    let at_work: Vec<[Value; 3]> = told(station.place());
    assert_eq!(at_work.len(), 1, "{at_work:?}");
    assert!(at_work[0][1].as_str().unwrap().starts_with("scanner: simulated: the platen"), "{at_work:?}");
}

/// What can be done to a file or folder.
enum Fault {
    /// It is gone.
    Gone,
    /// Its last byte is missing.
    Cut,
    /// Others may read it.
    Open,
    /// One text stands in the place of another.
    Says(&'static str, &'static str),
    /// Everything from this text on is missing.
    EndsBefore(&'static str),
}

const CONFIG: &str = "config/station.toml";
const MODEL: &str = "models/face/face_landmark.tflite";

/// Which check tells it, in which words, and what was done to which file.
const CASES: &[(&str, &str, &str, Fault)] = &[
    ("models", "missing or altered (Q-12)", MODEL, Fault::Gone),
    ("models", "missing or altered (Q-11)", MODEL, Fault::Cut),
    ("clock", "no time daemon", CONFIG, Fault::Says("trust = \"demonstration\"", "trust = \"time-daemon\"")),
    ("configuration", "station.toml:", CONFIG, Fault::Says("language = \"en\"", "language = \"xx\"")),
    ("store", "other accounts may look into it", "station/store", Fault::Open),
    ("keys", "may read the key of documents seen", "station/keys/documents-seen.key", Fault::Open),
    ("keys", "no certificate yet", "station/keys/provisioned.json", Fault::Gone),
    ("people", "1 officers, 0 supervisors", "station/people.toml", Fault::EndsBefore("[[person]]\nid = \"boris\"")),
    ("devices", "reader", CONFIG, Fault::Says("/reader\", baud", "/nothing\", baud")),
];

impl Fault {
    /// Makes the fault; what it gives mends it.
    fn make(&self, path: &Path) -> impl FnOnce() + use<> {
        let (path, before) = (path.to_owned(), fs::metadata(path).unwrap().permissions());
        let bytes = path.is_file().then(|| fs::read(&path).unwrap());
        let text = || String::from_utf8(bytes.clone().unwrap()).unwrap();
        match self {
            Self::Gone => fs::remove_file(&path).unwrap(),
            Self::Cut => fs::write(&path, bytes.as_deref().unwrap().split_last().unwrap().1).unwrap(),
            Self::Open => {
                fs::set_permissions(&path, fs::Permissions::from_mode(before.mode() | 0o055)).unwrap();
            }
            Self::Says(old, new) => {
                assert!(text().contains(old), "{old}");
                fs::write(&path, text().replace(old, new)).unwrap();
            }
            Self::EndsBefore(rest) => fs::write(&path, text().split(rest).next().unwrap()).unwrap(),
        }
        move || {
            if let Some(bytes) = bytes {
                fs::write(&path, bytes).unwrap();
            }
            fs::set_permissions(&path, before).unwrap();
        }
    }
}
