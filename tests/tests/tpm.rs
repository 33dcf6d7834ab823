//! A whole station whose signing key is in a TPM: the key takes over from one in a file, the intake takes its records,
//! and an old copy of the store takes no traveller until an administrator decides.

#![cfg(feature = "tpm")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use hardware_sim::shift::view::View;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use store::VerifyKey;
use store::testing::Swtpm;
use tests::process::succeed_with_keys;
use tests::sim::Sim;
use tests::wait::until;
use tests::{Station, people};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_station_signs_in_its_tpm_and_knows_an_old_copy_of_its_store() {
    let mut station = Station::start().await;
    let Some(tpm) = Swtpm::start(&station.place().path("tpm")) else { return };
    let folder = station.place().path("");
    let at = |name: &str| folder.join(name);
    let (config, data, credentials) = (station.place().config(), at("station"), at("credentials"));
    let gatepost = |words: &[&str]| {
        let (config, data) = (config.display().to_string(), data.display().to_string());
        succeed_with_keys("gatepost", &credentials, &[words, &["--config", &config, "--data", &data]].concat())
    };
    let key = || VerifyKey::load(&data.join("keys/station.pub")).unwrap().id().to_owned();
    let first = key();

    station.stop().await;
    let keys = format!("[keys]\nkind = \"tpm\"\ntcti = \"{}\"\n\n[intake]", tpm.tcti());
    station.place().replace("[intake]", &keys);
    gatepost(&["key", "rotate"]);
    let in_tpm = key();
    assert_ne!(first, in_tpm);
    let file = std::fs::read_to_string(data.join("keys/station.key")).unwrap();
    assert!(file.contains("gatepost TPM key 1"), "{file}");

    station.restart().await;
    station.until_ready(&["camera", "scanner", "reader"]).await;
    let (mut officer, mut sim) = (station.officer().await, station.sim().await);
    sim.arrive(&people::adult(1)).await;
    let done = officer.enrol(&mut sim, &people::adult(1).lines).await.unwrap();
    assert_eq!(done.outcome, "enrolled");
    officer.uploaded(&done.case).await.unwrap();
    let records = station.list();
    assert_eq!(records.len(), 1, "the intake believes the key in the TPM: the one in the file has certified it");
    let used = audit(&data).into_iter().rfind(|line| line.contains("\"key-used\"")).unwrap();
    assert!(used.contains(&in_tpm), "{used}");
    drop(officer);

    station.stop().await;
    copy(&data.join("store"), &at("old"));
    station.restart().await;
    let second = enrol(&station, &mut sim, 2).await;
    station.stop().await;
    std::fs::rename(data.join("store"), at("newer")).unwrap();
    copy(&at("old"), &data.join("store"));
    station.restart().await;
    let mut officer = station.officer().await;
    let refused = officer.open().await.unwrap_err().to_string();
    let log = std::fs::read_to_string(at("logs/station.log")).unwrap();
    assert!(refused.contains("S-01") && log.contains("S-13"), "{refused}");
    drop(officer);
    until("the intake's word of the second record", Duration::from_secs(30), async || {
        station.journal().iter().any(|fact| fact["fact"] == "intake-knows").then_some(())
    })
    .await;
    station.stop().await;
    gatepost(&["store", "accept-restored", "--reason", "disk-replaced"]);
    assert!(at("newer/journal.log").exists(), "the newer copy is nobody's to take away");
    station.restart().await;
    let third = enrol(&station, &mut sim, 3).await;
    let records = station.list();
    assert_eq!(records.iter().map(|record| record.sequence).collect::<Vec<_>>(), [1, 2, 3], "the chain goes on");
    let cases = BTreeSet::from([done.case, second, third]);
    assert_eq!(cases.len(), 3, "every traveller has a case number of his own: {cases:?}");
    let trail = audit(&data).concat();
    for words in ["restored-copy-found", "restored-copy-accepted", "disk-replaced"] {
        assert!(trail.contains(words), "{words}");
    }
    a_hanging_chip_holds_a_record_and_loses_none(&station, &tpm).await;
}

/// The chip hangs while somebody stands at the desk: the page says why the record waits, and it goes its way when the chip
/// answers again.
async fn a_hanging_chip_holds_a_record_and_loses_none(station: &Station, tpm: &Swtpm) {
    let mut officer = station.officer().await;
    let case = officer.read(&people::child(4).lines).await.unwrap();
    tpm.hang();
    officer.go_on().await.unwrap();
    let told = |view: &View| view.fault.as_ref().is_some_and(|fault| fault.text.contains("S-15"));
    let view = officer.until("the page to say that the key does not sign", told).await.unwrap();
    assert_eq!(view.step, "keeping", "nothing is called queued: {}", view.describe());
    tpm.go_on();
    assert_eq!(officer.uploaded(&case).await.unwrap().outcome, "exempt");
    assert_eq!(station.list().len(), 4);
    officer.open().await.unwrap();
}

/// Enrols an adult, until the intake has acknowledged the record: the case number.
async fn enrol(station: &Station, sim: &mut Sim, seed: u64) -> String {
    station.until_ready(&["camera", "scanner", "reader"]).await;
    let mut officer = station.officer().await;
    sim.arrive(&people::adult(seed)).await;
    let done = officer.enrol(sim, &people::adult(seed).lines).await.unwrap();
    officer.uploaded(&done.case).await.unwrap();
    done.case
}

/// The lines of the audit trail.
fn audit(data: &Path) -> Vec<String> {
    let segments = std::fs::read_dir(data.join("store/audit")).unwrap();
    let mut files: Vec<_> = segments.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let text: String = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    text.lines().map(str::to_owned).collect()
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}
