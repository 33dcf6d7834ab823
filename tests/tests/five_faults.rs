//! A full disk, a missing model, a wrong clock, an expired certificate and a dead device, each made for real: `gatepost
//! doctor` and the health page of the station that is at work all the same both tell it, and say what to do.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use hardware_sim::shift::browser::Browser;
use rcgen::{CertificateParams, Issuer, KeyPair, SanType, SubjectPublicKeyInfo};
use serde_json::Value;
use std::fs;
use std::process::Command;
use std::time::Duration;
use store::testing::{BOOT, World, closure};
use tests::place::Place;
use tests::process::run;
use tests::station::ADMINISTRATOR;
use tests::{SmallDisk, Station};

/// How long the station may take until it has noticed.
const NOTICED: Duration = Duration::from_secs(60);

/// What is done to a station that does not run, and undone.
type Made = Box<dyn FnOnce()>;

/// A fault: what it is, by which check and in which words the doctor tells it, in which words the health page, and how it
/// is made.
struct Row {
    check: &'static str,
    doctor: &'static str,
    health: &'static str,
    remedy: &'static str,
    make: fn(&Place) -> Option<Made>,
}

const ROWS: &[Row] = &[
    Row {
        check: "disk",
        doctor: "full: 2 MiB free",
        health: "full: ",
        remedy: "free space on the disk",
        make: full_disk,
    },
    Row {
        check: "models",
        doctor: "missing or altered (Q-12)",
        health: "missing or altered (Q-12)",
        remedy: "puts it back",
        make: missing_model,
    },
    Row {
        check: "clock",
        doctor: "behind the newest record",
        health: "behind the newest record",
        remedy: "set date and time right",
        make: wrong_clock,
    },
    Row {
        check: "keys",
        doctor: "the certificate of connections is not valid at this time",
        health: "the certificate of connections is not valid at this time",
        remedy: "run `gatepost provision`",
        make: expired_certificate,
    },
    Row { check: "devices", doctor: "camera (camera)", health: "camera (camera)", remedy: "camera", make: dead_camera },
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_is_told_with_its_remedy_by_the_doctor_and_on_the_health_page() {
    let mut station = Station::start().await;
    station.until_ready(&["camera", "scanner", "reader"]).await;
    let of_health =
        |health: &Value, row: &Row| told(health["findings"].as_array().unwrap(), row.check, row.health, row.remedy);
    let well = station.health().await;
    for row in ROWS {
        assert!(!of_health(&well, row), "{} before anything was done: {well}", row.check);
        assert!(!told(&doctor(station.place()), row.check, row.doctor, row.remedy), "{}", row.check);
    }
    for row in ROWS {
        station.stop().await;
        let Some(mend) = (row.make)(station.place()) else {
            eprintln!("{}: this machine does not let the fault be made", row.check);
            station.restart().await;
            continue;
        };
        let findings = doctor(station.place());
        assert!(told(&findings, row.check, row.doctor, row.remedy), "{}: {findings:?}", row.check);
        station.restart().await;
        station.until_health(row.check, NOTICED, |health| of_health(health, row)).await;
        let page = administrators_page(&station).await;
        let of_page =
            |line: &&str| line.contains("class=\"fault\"") && line.contains(row.health) && line.contains(row.remedy);
        assert!(page.lines().any(|line| of_page(&line)), "{}: {page}", row.check);
        station.stop().await;
        mend();
        station.restart().await;
        station.until_health("a station that is well again", NOTICED, |health| !of_health(health, row)).await;
    }
}

/// The page that the administrator sees.
async fn administrators_page(station: &Station) -> String {
    let (name, pin) = ADMINISTRATOR;
    let browser = Browser::log_in(&station.place().address(), name, pin).await.unwrap();
    browser.page("/administrator/health").await.unwrap()
}

/// Whether a fault of this check is told in these words, and what to do in those.
fn told(findings: &[Value], check: &str, words: &str, remedy: &str) -> bool {
    let has = |finding: &Value, key: &str, words: &str| finding[key].as_str().is_some_and(|text| text.contains(words));
    let fits = |finding: &&Value| finding["check"] == check && finding["verdict"] == "fault";
    findings.iter().filter(fits).any(|finding| has(finding, "found", words) && has(finding, "remedy", remedy))
}

fn doctor(place: &Place) -> Vec<Value> {
    let (config, data) = (place.config().display().to_string(), place.text("station"));
    let looked = run("gatepost", &["doctor", "--json", "--config", &config, "--data", &data]);
    let lines = String::from_utf8(looked.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The store moves onto a small file system of its own, which is then filled to the last 2 MiB.
fn full_disk(place: &Place) -> Option<Made> {
    let store = place.path("station/store");
    let disk = SmallDisk::under(&store, 64).ok()?;
    disk.fill((2 << 20) + 8192).unwrap();
    Some(Box::new(move || {
        drop(disk);
        fs::remove_dir(&store).unwrap();
        fs::rename(store.with_extension("aside"), store).unwrap();
    }))
}

fn missing_model(place: &Place) -> Option<Made> {
    let (model, aside) = (place.path("models/face/face_landmark.tflite"), place.path("models/aside"));
    fs::rename(&model, &aside).unwrap();
    Some(Box::new(move || fs::rename(aside, model).unwrap()))
}

/// The newest record of the store is of tomorrow: the clock has been set back since.
fn wrong_clock(place: &Place) -> Option<Made> {
    let (store, aside) = (place.path("station/store"), place.path("station/store-before"));
    assert!(Command::new("cp").arg("-a").arg(&store).arg(&aside).status().unwrap().success());
    let world = World::new();
    let (mut outbox, _) = store::Outbox::open(&store, &world.station).unwrap();
    let tomorrow = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
    let at = outbox.position(tomorrow.as_millisecond(), BOOT);
    outbox.append(closure(1).seal(&world.sealer).unwrap().sign(&world.key, at).unwrap()).unwrap();
    Some(Box::new(move || {
        fs::remove_dir_all(&store).unwrap();
        fs::rename(aside, store).unwrap();
    }))
}

/// The intake's own authority has given the station's key a certificate that ended years ago.
fn expired_certificate(place: &Place) -> Option<Made> {
    let provisioned = place.path("station/keys/provisioned.json");
    let before = fs::read(&provisioned).unwrap();
    let mut given: Value = serde_json::from_slice(&before).unwrap();
    let chain = link::chain_from_pem(given["certificate"].as_str().unwrap()).unwrap();
    let key = link::Facts::read(&chain[0]).unwrap().key;
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::URI("gatepost://station/S1".try_into().unwrap())];
    (params.not_before, params.not_after) = (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(2020, 4, 1));
    let authority = fs::read_to_string(place.path("intake/tls/ca.key")).unwrap();
    let issuer =
        Issuer::from_ca_cert_pem(given["ca"].as_str().unwrap(), KeyPair::from_pem(&authority).unwrap()).unwrap();
    let certificate = params.signed_by(&SubjectPublicKeyInfo::from_der(&key).unwrap(), &issuer).unwrap();
    given["certificate"] = certificate.pem().into();
    fs::write(&provisioned, given.to_string()).unwrap();
    Some(Box::new(move || fs::write(provisioned, before).unwrap()))
}

/// Nobody answers any more where the camera was.
fn dead_camera(place: &Place) -> Option<Made> {
    let (config, nobody) = (place.config(), tests::place::free_port());
    let before = fs::read_to_string(&config).unwrap();
    place.replace(&format!("localhost:{}/stream", place.camera), &format!("localhost:{nobody}/stream"));
    Some(Box::new(move || fs::write(config, before).unwrap()))
}
