//! The promise: what holds pixels is kept out of the swap and out of core files while a traveller is captured; and where an
//! account may not lock its memory, the doctor says so and how to mend it.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use hardware_sim::shift::view::View;
use rustix::process::{Resource, getrlimit};
use serde_json::Value;
use std::fs;
use std::process::Command;
use tests::process::{alive_in, program};
use tests::{Station, people};

/// What this account's limit is lowered to, in bytes: the usual one of accounts.
const LOW: u64 = 8 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_holds_pixels_is_locked_and_leaves_no_core() {
    let station = Station::start().await;
    station.until_ready(&["camera", "scanner", "reader"]).await;
    let (mut officer, mut sim) = (station.officer().await, station.sim().await);
    let traveller = people::adult(5);
    sim.arrive(&traveller).await;
    officer.read(&traveller.lines).await.unwrap();
    officer.go_on().await.unwrap();
    officer.post("/officer/declare", &[]).await.unwrap();
    let finger = |view: &View| view.prompt.as_deref() == Some("place-fingers");
    officer.until("the face to have been taken", finger).await.unwrap();

    let processes = alive_in(station.process());
    assert!(processes.len() > 3, "the station and its drivers: {processes:?}");
    let may_lock = may_lock(&station);
    for process in processes {
        let read = |file: &str| fs::read_to_string(format!("/proc/{process}/{file}")).unwrap();
        let (status, limits) = (read("status"), read("limits"));
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().nth(4), Some("0"), "{process}: {core}");
        let kib = |what: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap();
            line.trim().trim_end_matches(" kB").parse().unwrap()
        };
        let (locked, resident) = (kib("VmLck:"), kib("VmRSS:"));
        if may_lock {
            assert!(locked >= resident, "{process}: {locked} KiB are locked of {resident} in memory");
            assert_eq!(kib("VmSwap:"), 0, "{process}");
        } else {
            assert!(locked * 1024 <= LOW, "{process}: a process that may lock little must not fail later");
        }
    }
}

/// Whether the doctor says that memory can be locked here.
fn may_lock(station: &Station) -> bool {
    memory_finding(station, Command::new(program("gatepost")))["verdict"] == "good"
}

/// What the doctor says of memory, run in this way.
fn memory_finding(station: &Station, mut command: Command) -> Value {
    let place = station.place();
    command.args(["doctor", "--json", "--config"]).arg(place.config()).arg("--data").arg(place.path("station"));
    let looked = command.output().unwrap();
    let lines = String::from_utf8(looked.stdout).unwrap();
    let mut findings = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    findings.find(|finding| finding["check"] == "memory").unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_low_limit_is_told_with_its_remedy() {
    let station = Station::start().await;
    // Whoever may lift limits would lift this one: those rights are given up first.
    let mut command = Command::new("prlimit");
    command.arg(format!("--memlock={LOW}:{LOW}"));
    if getrlimit(Resource::Memlock).maximum.is_none_or(|most| most > LOW) && rustix::process::geteuid().is_root() {
        command.args(["setpriv", "--bounding-set=-sys_resource,-ipc_lock"]);
    }
    command.arg(program("gatepost"));
    let finding = memory_finding(&station, command);
    assert_eq!(finding["verdict"], "note", "{finding}");
    let found = finding["found"].as_str().unwrap();
    assert!(found.contains("8192 KiB only") && found.contains("LimitMEMLOCK=infinity"), "{finding}");
    assert!(finding["remedy"].as_str().unwrap().contains("swap must be encrypted"), "{finding}");
}
