//! The promise: what the statistics of the shift, their file and the metrics count is what happened at the desk.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use hardware_sim::shift::browser::Browser;
use std::collections::BTreeMap;
use tests::station::ADMINISTRATOR;
use tests::{Station, people};

/// The left hand is bandaged, which saves time.
const LEFT: [(&str, &str); 5] = [
    ("missing-left-thumb", "bandaged"),
    ("missing-left-index", "bandaged"),
    ("missing-left-middle", "bandaged"),
    ("missing-left-ring", "bandaged"),
    ("missing-left-little", "bandaged"),
];

const RIGHT: [&str; 5] = ["right-thumb", "right-index", "right-middle", "right-ring", "right-little"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_counted_is_what_happened() {
    let mut station = Station::start().await;
    station.stop().await;
    let port = tests::place::free_port();
    station.place().replace("[lookup]", &format!("[metrics]\nlisten = \"127.0.0.1:{port}\"\n\n[lookup]"));
    station.restart().await;
    station.until_ready(&["camera", "scanner"]).await;
    let (mut officer, mut sim) = (station.officer().await, station.sim().await);

    let good = people::adult(51);
    sim.arrive(&good).await;
    let case = officer.read(&good.lines).await.unwrap();
    officer.go_on().await.unwrap();
    officer.capture(&mut sim, &LEFT).await.unwrap();
    officer.post("/officer/sign", &[]).await.unwrap();
    officer.queued(&case).await.unwrap();
    // Three attempts at each finger bring samples that are not good enough, and a supervisor refuses them.
    let poor = people::poor_prints(52);
    sim.arrive(&poor).await;
    let case = officer.read(&poor.lines).await.unwrap();
    officer.go_on().await.unwrap();
    officer.capture(&mut sim, &LEFT).await.unwrap();
    officer.post("/officer/sign", &[]).await.unwrap();
    officer.until("the case to wait", |view| view.parked.iter().any(|parked| parked.case == case)).await.unwrap();
    let mut supervisor = station.supervisor().await;
    supervisor.page("/supervisor").await.unwrap();
    let refused = [("case", case.as_str()), ("decision", "refuse"), ("reason", "condition-of-skin")];
    supervisor.post("/supervisor/decide", &refused).await.unwrap();
    officer.queued(&case).await.unwrap();

    let browser = Browser::log_in(&station.place().address(), ADMINISTRATOR.0, ADMINISTRATOR.1).await.unwrap();
    let counted = read(&browser.page("/administrator/figures.csv").await.unwrap());
    let of = |section: &str, item: &str| counted.get(&(section.into(), item.into())).copied().unwrap_or_default();
    assert_eq!(of("outcome", "enrolled-with-exceptions"), 1.0, "{counted:?}");
    assert_eq!((of("failure-to-enrol", "failed"), of("failure-to-enrol", "tried")), (1.0, 2.0), "{counted:?}");
    assert_eq!(of("attempts-accepted", "face"), 2.0, "{counted:?}");
    for finger in RIGHT {
        let came = ["accepted", "rejected", "without-sample"].map(|came| of(&format!("attempts-{came}"), finger));
        assert_eq!(came, [1.0, 3.0, 0.0], "{finger}: {counted:?}");
    }
    let why: f64 = counted.iter().filter(|((section, _), _)| section == "rejection").map(|(_, n)| n).sum();
    assert_eq!((why, of("rejection", "no-sample")), (15.0, 0.0), "{counted:?}");

    let metrics = station.client().get(format!("http://127.0.0.1:{port}/metrics")).send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    for line in [
        "gatepost_station_cases_total{outcome=\"failure-to-enrol\"} 1\n",
        "gatepost_station_capture_attempts_total{slot=\"right-index\",result=\"rejected\"} 3\n",
        "gatepost_station_capture_attempts_total{slot=\"right-index\",result=\"no-sample\"} 0\n",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
}

/// The value of each section and item of the only shift.
fn read(csv: &str) -> BTreeMap<(String, String), f64> {
    let lines = csv.split("\r\n").skip(1).filter(|line| !line.is_empty());
    let cells = lines.map(|line| line.split(',').collect::<Vec<_>>());
    cells.map(|row| ((row[1].to_owned(), row[2].to_owned()), row[3].parse().unwrap())).collect()
}
