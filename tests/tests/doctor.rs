//! `gatepost doctor` finds the fault that was made, says what to do, and finds nothing on a station that is well.

use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tests::place::Place;
use tests::process::run;
use tests::station::Station;

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

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
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
    let model = place.path("models/face/face_landmark.tflite");
    let whole = fs::read(&model).unwrap();
    let config = fs::read_to_string(place.config()).unwrap();
    let people = fs::read_to_string(place.path("station/people.toml")).unwrap();
    type Step<'a> = Box<dyn Fn() + 'a>;
    let cases: Vec<(&str, &str, Step, Step)> = vec![
        (
            "models",
            "missing or altered (Q-12)",
            Box::new(|| fs::remove_file(&model).unwrap()),
            Box::new(|| fs::write(&model, &whole).unwrap()),
        ),
        (
            "models",
            "missing or altered (Q-11)",
            Box::new(|| fs::write(&model, &whole[..whole.len() - 1]).unwrap()),
            Box::new(|| fs::write(&model, &whole).unwrap()),
        ),
        (
            "clock",
            "no time daemon",
            Box::new(|| place.replace("trust = \"demonstration\"", "trust = \"time-daemon\"")),
            Box::new(|| fs::write(place.config(), &config).unwrap()),
        ),
        (
            "configuration",
            "station.toml:",
            Box::new(|| place.replace("language = \"en\"", "language = \"xx\"")),
            Box::new(|| fs::write(place.config(), &config).unwrap()),
        ),
        (
            "store",
            "other accounts may look into it",
            Box::new(|| mode(&place.path("station/store"), 0o755)),
            Box::new(|| mode(&place.path("station/store"), 0o700)),
        ),
        (
            "keys",
            "other accounts may read the key of documents seen",
            Box::new(|| mode(&place.path("station/keys/documents-seen.key"), 0o644)),
            Box::new(|| mode(&place.path("station/keys/documents-seen.key"), 0o600)),
        ),
        (
            "keys",
            "the authority's key",
            Box::new(|| fs::rename(place.path("station/keys/authority.pub"), place.path("away")).unwrap()),
            Box::new(|| fs::rename(place.path("away"), place.path("station/keys/authority.pub")).unwrap()),
        ),
        (
            "people",
            "1 officers, 0 supervisors",
            Box::new(|| {
                let without = people.split("[[person]]").filter(|part| !part.contains("supervisor"));
                fs::write(place.path("station/people.toml"), without.collect::<Vec<_>>().join("[[person]]")).unwrap();
            }),
            Box::new(|| fs::write(place.path("station/people.toml"), &people).unwrap()),
        ),
        (
            "devices",
            "reader",
            Box::new(|| place.replace("/reader\", baud", "/nothing\", baud")),
            Box::new(|| fs::write(place.config(), &config).unwrap()),
        ),
    ];
    for (check, words, make, mend) in &cases {
        make();
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
