//! The promise: each driver may run in a unit of its own, which the station can neither start nor kill. A traveller is enrolled
//! all the same, a driver that dies comes back, and no driver outlives its station.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::time::Duration;
use tests::process::{alive_in, run};
use tests::wait::until;
use tests::{Setup, Station, people};

const LIMIT: Duration = Duration::from_secs(60);

/// The drivers of a unit: whatever its listener has started.
fn drivers(station: &Station) -> Vec<Vec<u32>> {
    let of = |unit: u32| alive_in(unit).into_iter().filter(|process| *process != unit).collect();
    station.units().into_iter().map(of).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_traveller_is_enrolled_by_drivers_in_units_of_their_own() {
    let mut station = Setup { units: true, ..Setup::default() }.start().await;
    let all = ["camera", "scanner", "reader"];
    station.until_ready(&all).await;
    assert!(drivers(&station).iter().all(|of| of.len() == 1), "one process a device: {:?}", drivers(&station));
    assert_eq!(alive_in(station.process()), [station.process()], "the station has no children");

    let (mut officer, mut sim) = (station.officer().await, station.sim().await);
    let traveller = people::adult(83);
    sim.arrive(&traveller).await;
    let left = officer.enrol(&mut sim, &traveller.lines).await.unwrap();
    assert_eq!(left.outcome, "enrolled");

    // A driver dies: its unit starts another when the station connects again.
    let before = drivers(&station);
    let camera = Pid::from_raw(i32::try_from(before[0][0]).unwrap()).unwrap();
    kill_process(camera, Signal::KILL).unwrap();
    until("another driver", LIMIT, async || {
        let now = drivers(&station);
        (now[0].len() == 1 && now[0] != before[0]).then_some(())
    })
    .await;
    station.until_ready(&all).await;
    assert_eq!(drivers(&station)[1..], before[1..], "the others did not notice");

    // The station dies, and cannot tell anybody.
    station.kill9();
    until("the end of the drivers", LIMIT, async || drivers(&station).concat().is_empty().then_some(())).await;
    station.restart().await;
    station.until_ready(&all).await;

    // Whoever looks into a driver that is not there is led to its unit.
    station.stop().await;
    until("the end of the drivers", LIMIT, async || drivers(&station).concat().is_empty().then_some(())).await;
    let place = station.place();
    std::fs::remove_file(place.path("drivers/camera-mjpeg.sock")).unwrap();
    let (config, data, sockets) = (place.config().display().to_string(), place.text("station"), place.text("drivers"));
    let looked =
        run("gatepost", &["doctor", "--json", "--config", &config, "--data", &data, "--driver-sockets", &sockets]);
    let findings = String::from_utf8(looked.stdout).unwrap();
    let findings: Vec<Value> = findings.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let devices: Vec<&Value> = findings.iter().filter(|finding| finding["check"] == "devices").collect();
    assert_eq!(devices.len(), 3, "{devices:?}");
    let told = devices[0]["found"].as_str().unwrap();
    assert!(told.contains("systemctl enable --now gatepost-driver-camera-mjpeg.socket"), "{told}");
    assert!(devices[1..].iter().all(|finding| finding["verdict"] != "fault"), "the others are there: {devices:?}");
}
