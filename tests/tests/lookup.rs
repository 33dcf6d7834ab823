//! What an authority says of an application's number is advice on the officer's page and in the record, however it is said;
//! and without one the traveller goes on.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use std::fs;
use std::process::Command;
use std::time::Duration;
use tests::place::free_port;
use tests::process::{Running, program};
use tests::wait::until;
use tests::{Officer, Station, people};

/// How long the simulated authority may take to begin, and a look-up to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// Numbers, and what is said of each. The first is the traveller's own.
const SAID: &[(&str, &str)] = &[
    ("FOUND1", "found"),
    ("OVER1", "expired"),
    ("OTHER1", "other-document"),
    ("ABSENT1", "not-found"),
    ("GARBAGE1", "unknown"),
    ("ENDLESS1", "unknown"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_authority_says_is_advice() {
    let mut station = Station::start().await;
    station.stop().await;
    let traveller = people::adult(11);
    let (state, document) = (&traveller.facts.issuing_state, &traveller.facts.document_number);
    let handed_in = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(100);
    let known = |number: &str, document: &str, more: &str| {
        format!(
            "[[known]]\nkind = \"application\"\nnumber = \"{number}\"\nissuing_state = \"{state}\"\n\
             document_number = \"{document}\"\nhanded_in = \"{handed_in}\"\n{more}\n"
        )
    };
    let list = [
        known("FOUND1", document, ""),
        known("OVER1", document, "expired = true"),
        known("OTHER1", "ANOTHER7", ""),
        known("GARBAGE1", document, "behaves = \"garbage\""),
        known("ENDLESS1", document, "behaves = \"endless\""),
    ];
    let authority = start_authority(&station, &list.concat()).await;
    station.restart().await;
    station.until_ready(&["camera", "scanner"]).await;

    let (mut officer, mut sim) = (station.officer().await, station.sim().await);
    sim.arrive(&traveller).await;
    let case = officer.read(&traveller.lines).await.unwrap();
    for (number, says) in SAID.iter().chain(&SAID[..1]) {
        note(&mut officer, number).await;
        until_said(&officer, says).await;
    }
    officer.go_on().await.unwrap();
    assert_eq!(officer.capture(&mut sim, &[]).await.unwrap().step, "summary");
    officer.post("/officer/sign", &[]).await.unwrap();
    let left = officer.uploaded(&case).await.unwrap();
    let record = station.open(&left.record.unwrap().id).json;
    let enrolment = &record["enrolment"];
    assert_eq!(enrolment["application-number"], "FOUND1", "{enrolment}");
    let application = &enrolment["before-arrival"][0];
    for (key, word) in [("verdict", "owed"), ("shown", "given"), ("looked-up", "found"), ("timing", "in-time")] {
        assert_eq!(application[key], word, "{application}");
    }

    drop(authority);
    let traveller = people::adult(12);
    officer.read(&traveller.lines).await.unwrap();
    note(&mut officer, "FOUND1").await;
    until_said(&officer, "unknown").await;
    assert_eq!(officer.go_on().await.unwrap().step, "declare", "nobody is kept waiting for it");

    let log = fs::read_to_string(station.place().path("logs/station.log")).unwrap();
    for (number, _) in SAID {
        assert!(!log.contains(number), "{number} is in the log");
    }
}

async fn note(officer: &mut Officer, number: &str) {
    let fields = [("kind", "application"), ("number", number), ("exception", "none")];
    officer.post("/officer/before-arrival", &fields).await.unwrap();
}

async fn until_said(officer: &Officer, says: &str) {
    let wanted = format!("data-before=\"application\" data-shown=\"given\" data-says=\"{says}\"");
    until(&wanted, PATIENCE, async || officer.browser.page("/officer").await.unwrap().contains(&wanted).then_some(()))
        .await;
}

/// A simulated authority that knows this, and a configuration that asks it.
async fn start_authority(station: &Station, list: &str) -> Running {
    let place = station.place();
    let (dir, port) = (place.path("authority"), free_port());
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("list.toml"), list).unwrap();
    let mut command = Command::new(program("gatepost-sim"));
    command.arg("authority").arg("--dir").arg(&dir).args(["--port", &port.to_string()]);
    command.arg("--list").arg(dir.join("list.toml")).arg("--clients").arg(place.path("intake/tls/ca.pem"));
    let mut authority = Running::start(&mut command, &place.path("logs/authority.log"));
    until("the simulated authority", PATIENCE, async || {
        authority.must_run();
        tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok().then_some(())
    })
    .await;
    let trust = dir.join("authority.pem").display().to_string();
    let asks = format!(
        "with = \"https\"\nurl = \"https://localhost:{port}\"\ntrust = \"{trust}\"\n[[device]]\nname = \"camera\""
    );
    place.replace("with = \"offline\"\n\n[[device]]\nname = \"camera\"", &asks);
    authority
}
