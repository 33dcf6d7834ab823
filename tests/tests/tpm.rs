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
use tests::{SmallDisk, Station, people};

/// How long records may take to the intake.
const ARRIVES: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_station_signs_in_its_tpm_and_knows_an_old_copy_of_its_store() {
    let mut station = Station::start().await;
    let Some(tpm) = Swtpm::start(&station.place().path("tpm")) else { return };
    let folder = station.place().path("");
    let at = |name: &str| folder.join(name);
    let data = at("station");
    station.stop().await;
    let in_tpm = moves_in(&station, &tpm);
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
    until("the intake's word of the second record", ARRIVES, async || {
        station.journal().iter().any(|fact| fact["fact"] == "intake-knows").then_some(())
    })
    .await;
    station.stop().await;
    gatepost(&station, &["store", "accept-restored", "--reason", "disk-replaced"]);
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

/// The disk fills while somebody stands at the desk: their record is kept in the room that the store holds for it, and
/// nobody else is taken. A station that loses its power there starts on the full disk, and goes on with room again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_no_record_that_a_tpm_signs() {
    let mut station = Station::start().await;
    let Some(mut tpm) = Swtpm::start(&station.place().path("tpm")) else { return };
    station.stop().await;
    let in_tpm = moves_in(&station, &tpm);
    let disk = match SmallDisk::under(&station.place().path("station/store"), 64) {
        Ok(disk) => disk,
        Err(why) => {
            eprintln!("SKIPPED a full disk under a station with a TPM: {why}");
            return;
        }
    };
    station.restart().await;
    let mut sim = station.sim().await;
    enrol(&station, &mut sim, 1).await;

    // Nothing arrives, so that no body is erased meanwhile.
    station.kill_intake();
    let mut officer = station.officer().await;
    let case = officer.read(&people::child(4).lines).await.unwrap();
    disk.fill(0).unwrap();
    officer.go_on().await.unwrap();
    assert_eq!(officer.queued(&case).await.unwrap().outcome, "exempt");
    for _ in 0..2 {
        let refused = officer.open().await.unwrap_err().to_string();
        assert!(refused.contains("S-05"), "{refused}");
        station.kill9();
        tpm.cut_power();
        station.restart().await;
        officer = station.officer().await;
    }
    drop(officer);

    disk.empty().unwrap();
    station.start_intake().await;
    enrol(&station, &mut sim, 2).await;
    let sequences = || station.list().iter().map(|record| record.sequence).collect::<Vec<_>>();
    until("all that was kept", ARRIVES, async || (sequences() == [1, 2, 3]).then_some(())).await;
    let used = audit(&station.place().path("station")).into_iter().filter(|line| line.contains("\"key-used\""));
    assert!(used.skip(1).all(|line| line.contains(&in_tpm)), "no other key has signed");
}

/// The station's signing key moves into the chip: the key's name.
fn moves_in(station: &Station, tpm: &Swtpm) -> String {
    let key = || VerifyKey::load(&station.place().path("station/keys/station.pub")).unwrap().id().to_owned();
    let in_file = key();
    let keys = format!("[keys]\nkind = \"tpm\"\ntcti = \"{}\"\n\n[intake]", tpm.tcti());
    station.place().replace("[intake]", &keys);
    gatepost(station, &["key", "rotate"]);
    let in_tpm = key();
    assert_ne!(in_file, in_tpm);
    in_tpm
}

/// Runs a command of the administrator's on this station's files.
fn gatepost(station: &Station, words: &[&str]) {
    let (config, data) = (station.place().config().display().to_string(), station.place().text("station"));
    let credentials = station.place().path("credentials");
    succeed_with_keys("gatepost", &credentials, &[words, &["--config", &config, "--data", &data]].concat());
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
