//! The promise: a station whose scanner becomes dirty and whose lamp becomes weak says so on its health page, in `/health`, in
//! the metric and through the doctor, and no more once they were cleaned.
//!
//! A device is judged by 60 captures and the latest 41, which are too many to play. Every value here is what this station
//! measured of a picture that this simulator took: three travellers before, while and after the devices are worn. Between
//! them the station is stopped, and those few values are written into its file as often as a busy day would have brought
//! them, one short of what the finding needs; the capture that raises or ends it is a real one.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use hardware_sim::shift::browser::Browser;
use serde_json::{Value, json};
use station::figures::drift::RECENT;
use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;
use tests::process::run;
use tests::station::ADMINISTRATOR;
use tests::wait::until;
use tests::{Station, people};

/// The measures of the simulated devices.
const MEASURES: [&str; 3] = ["platen", "residue", "backdrop"];

/// What each of them says.
const WORDS: [&str; 3] =
    ["the platen is darker", "prints of former fingers lie on the platen", "the backdrop is darker"];

/// Captures by device and measure.
type Captures = BTreeMap<String, Vec<f64>>;

/// What the station's file of figures holds.
fn kept(station: &Station) -> Value {
    serde_json::from_slice(&fs::read(station.place().path("station/figures.json")).unwrap()).unwrap()
}

/// The captures that the file holds under this name.
fn captures(station: &Station, held: &str) -> Captures {
    let values = |of: &Value| of[held].as_array().into_iter().flatten().map(|value| value.as_f64().unwrap()).collect();
    let kept = kept(station);
    kept["devices"].as_object().unwrap().iter().map(|(key, of)| (key.clone(), values(of))).collect()
}

/// The captures that came since.
fn since(before: &Captures, now: &Captures) -> Captures {
    now.iter().map(|(key, values)| (key.clone(), values[before.get(key).map_or(0, Vec::len)..].to_vec())).collect()
}

/// Stops the station, has its file say that each device took many pictures like those `at_first`, and lately these in turn,
/// and starts it again.
async fn seed(station: &mut Station, at_first: &Captures, lately: [(&Captures, usize); 2]) {
    station.stop().await;
    let mut kept = kept(station);
    for (key, of) in kept["devices"].as_object_mut().unwrap() {
        let mut first = at_first[key].clone();
        first.sort_by(f64::total_cmp);
        // Of two or three captures: about a standard deviation.
        let spread = (first[first.len() - 1] - first[0]) / 2.0;
        let many = |(values, n): (&Captures, usize)| values[key].iter().copied().cycle().take(n).collect::<Vec<_>>();
        let recent = lately.map(many).concat();
        *of = json!({ "measure": of["measure"], "base": [first[first.len() / 2], spread], "recent": recent });
    }
    fs::write(station.place().path("station/figures.json"), kept.to_string()).unwrap();
    station.restart().await;
    station.until_ready(&["camera", "scanner"]).await;
}

/// Cases that the file counts; none while it is not there.
fn cases(station: &Station) -> u64 {
    let Ok(bytes) = fs::read(station.place().path("station/figures.json")) else { return 0 };
    let kept: Value = serde_json::from_slice(&bytes).unwrap();
    let shifts = kept["shifts"].as_object().unwrap().values();
    shifts.flat_map(|shift| shift["outcomes"].as_object().unwrap().values()).map(|n| n.as_u64().unwrap()).sum()
}

/// Enrols somebody, and waits until the file has it, which is written beside the desk.
async fn enrol(station: &Station, seed: u64) {
    let before = cases(station);
    let (mut officer, mut sim) = (station.officer().await, station.sim().await);
    let person = people::adult(seed);
    sim.arrive(&person).await;
    officer.enrol(&mut sim, &person.lines).await.unwrap();
    sim.leave().await;
    until("the file of figures", Duration::from_secs(20), async || (cases(station) > before).then_some(())).await;
}

/// Which measures are told by the health page, `/health`, the metric (how many) and the doctor.
async fn told(station: &Station, port: u16) -> ([Vec<&'static str>; 3], f64) {
    let browser = Browser::log_in(&station.place().address(), ADMINISTRATOR.0, ADMINISTRATOR.1).await.unwrap();
    let page = browser.page("/administrator/health").await.unwrap();
    let health = station.health().await["findings"].to_string();
    let (config, data) = (station.place().config().display().to_string(), station.place().text("station"));
    let doctor = run("gatepost", &["doctor", "--config", &config, "--data", &data]);
    let doctor = String::from_utf8(doctor.stdout).unwrap();
    let words = [&page, &health, &doctor].map(|text| {
        let found = MEASURES.iter().zip(WORDS).filter(|(_, words)| text.contains(words));
        found.map(|(measure, _)| *measure).collect()
    });
    let metrics = station.client().get(format!("http://127.0.0.1:{port}/metrics")).send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let line = metrics.lines().find_map(|line| line.strip_prefix("gatepost_station_drifting_devices ")).unwrap();
    (words, line.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worn_devices_are_told_until_they_are_cleaned() {
    let mut station = Station::start().await;
    station.stop().await;
    let port = tests::place::free_port();
    station.place().replace("[lookup]", &format!("[metrics]\nlisten = \"127.0.0.1:{port}\"\n\n[lookup]"));
    station.restart().await;
    station.until_ready(&["camera", "scanner"]).await;
    enrol(&station, 61).await;
    let clean = captures(&station, "first");
    assert_eq!(clean.len(), MEASURES.len(), "{clean:?}");

    let mut sim = station.sim().await;
    sim.wear("slap", &[("film", 0.4), ("residue", 0.6)]).await;
    sim.wear("camera", &[("dim", 0.35)]).await;
    enrol(&station, 62).await;
    let worn = since(&clean, &captures(&station, "first"));
    println!("clean {clean:?}\nworn {worn:?}");

    let half = RECENT / 2;
    seed(&mut station, &clean, [(&clean, half), (&worn, half)]).await;
    assert_eq!(told(&station, port).await, (Default::default(), 0.0), "as many good captures as bad ones");
    enrol(&station, 63).await;
    let all = MEASURES.to_vec();
    assert_eq!(told(&station, port).await, ([all.clone(), all.clone(), all.clone()], 3.0));

    sim.wear("slap", &[]).await;
    sim.wear("camera", &[]).await;
    seed(&mut station, &clean, [(&worn, half + 1), (&clean, half)]).await;
    assert_eq!(told(&station, port).await, ([all.clone(), all.clone(), all], 3.0), "cleaned, but not yet seen to be");
    enrol(&station, 64).await;
    assert_eq!(told(&station, port).await, (Default::default(), 0.0));
}
