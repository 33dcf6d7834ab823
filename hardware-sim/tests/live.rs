//! The simulated live-scan sensor and the driver for it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod common;

use common::Simulation;
use domain::device::DeviceFault;
use domain::finger::Finger;
use drivers::run::Run;
use drivers::scanner::live::{Live, Settings};
use drivers::scanner::{Scanner, ScannerEvent};
use hardware_sim::stage::{Device, FaultKind, LIVE_SIZE, StageError};
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

async fn simulation(chosen: &[&str]) -> Simulation {
    let live = ["--scanner", "live", "--live-port", "0"];
    let simulation = Simulation::start_with(&[&live, chosen].concat()).await;
    simulation.arrive(3);
    simulation
}

fn driver(simulation: &Simulation) -> Live {
    let url = format!("http://localhost:{}/finger", simulation.running.live_port.unwrap());
    let (width, height) = LIVE_SIZE;
    let settings = json!({"camera": "mjpeg", "source": {"url": url}, "ppi": 500, "width": width, "height": height});
    let mut live = Live::new(serde_json::from_value::<Settings>(settings).unwrap()).unwrap();
    let told = probe(&mut live).unwrap();
    assert!(told.simulated && told.model.contains("SIMULATED"), "{told:?}");
    live
}

fn probe(live: &mut Live) -> Result<domain::device::DeviceDescriptor, DeviceFault> {
    let stop = AtomicBool::new(false);
    live.probe(&Run::new(&stop, None, &|| ()))
}

/// One capture until this many previews have come: what it told, and the mean grey of each preview.
fn capture(live: &mut Live, limit: Duration, enough: usize) -> (Vec<&'static str>, Vec<f64>, Result<(), DeviceFault>) {
    let (mut told, mut greys, stop) = (Vec::new(), Vec::new(), AtomicBool::new(false));
    let run = Run::new(&stop, Some(Instant::now() + limit), &|| ());
    let ended = live.capture(&run, &[Finger::RightIndex], &mut |event| match event {
        ScannerEvent::Degraded => told.push("degraded"),
        ScannerEvent::Fingers(_) => told.push("fingers"),
        ScannerEvent::Lifted => told.push("lifted"),
        ScannerEvent::Placed => told.push("placed"),
        ScannerEvent::Preview(frame) => {
            let grey = frame.image.grey();
            greys.push(grey.iter().map(|grey| f64::from(*grey)).sum::<f64>() / grey.len() as f64);
            stop.store(greys.len() >= enough, Ordering::SeqCst);
        }
    });
    (told, greys, ended)
}

/// Puts a finger down as soon as the stream is watched, so that the glass was seen free.
fn put_soon(simulation: &Simulation, lightly: bool) -> std::thread::JoinHandle<()> {
    let stage = simulation.running.stage.clone();
    let seen = stage.counters().live_frames;
    std::thread::spawn(move || {
        let end = Instant::now() + common::LIMIT;
        while stage.counters().live_frames < seen + 8 && Instant::now() < end {
            std::thread::yield_now();
        }
        if lightly { stage.put_lightly(Finger::RightIndex) } else { stage.put(Finger::RightIndex) }.unwrap();
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finger_comes_down_rests_and_is_lifted() {
    let simulation = simulation(&[]).await;
    let stage = &simulation.running.stage;
    let mut live = driver(&simulation);
    assert_eq!(stage.counters().live_streams, 0, "asking is not capturing");
    let putting = put_soon(&simulation, false);
    let (told, greys, ended) = capture(&mut live, common::LIMIT, 20);
    putting.join().unwrap();
    assert_eq!((told, ended), (vec!["placed"], Ok(())));
    assert!(greys[0] > greys[19] + 5.0, "lightly and with little of its tip at first: {greys:?}");
    let rest = &greys[16..];
    assert!(rest.iter().all(|grey| (grey - rest[0]).abs() < 1.0), "it rests: {greys:?}");
    stage.lift();
    let (told, _, ended) = capture(&mut live, Duration::from_millis(300), 1);
    assert_eq!((told, ended.unwrap_err().code), (vec!["lifted"], "D-19".into()));
    let counted = stage.counters();
    assert!(counted.live_streams == 2 && counted.live_frames >= 20, "{counted:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_light_touch_stays_light_until_it_is_pressed() {
    let simulation = simulation(&[]).await;
    let stage = &simulation.running.stage;
    let mut live = driver(&simulation);
    let putting = put_soon(&simulation, true);
    let (_, lightly, _) = capture(&mut live, common::LIMIT, 8);
    putting.join().unwrap();
    assert!(lightly.iter().all(|grey| (grey - lightly[0]).abs() < 1.0), "{lightly:?}");
    // Another traveller's turn: the finger need not be lifted.
    live.release();
    stage.put(Finger::RightIndex).unwrap();
    let (_, pressed, _) = capture(&mut live, common::LIMIT, 20);
    assert!(pressed[19] < lightly[0] - 5.0, "{lightly:?} {pressed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_days() {
    let simulation = simulation(&[]).await;
    let stage = &simulation.running.stage;
    let mut live = driver(&simulation);
    for (fault, after, code) in [
        (FaultKind::Silent, 0, "D-15"),
        (FaultKind::Stall, 60_000, "D-15"),
        (FaultKind::Slow, 60_000, "D-15"),
        (FaultKind::Garbage, 60_000, "D-17"),
        (FaultKind::Unplug, 60_000, "D-12"),
    ] {
        stage.set_fault(Device::Scanner, fault, after).unwrap();
        let (.., ended) = capture(&mut live, common::LIMIT, 1);
        assert_eq!(ended.unwrap_err().code, code, "{fault:?}");
        stage.set_fault(Device::Scanner, FaultKind::None, 0).unwrap();
        stage.wait_plugged(Device::Scanner, true, common::LIMIT).unwrap();
        probe(&mut live).unwrap();
    }
    let putting = put_soon(&simulation, false);
    let (told, _, ended) = capture(&mut live, common::LIMIT, 5);
    putting.join().unwrap();
    assert_eq!((told, ended), (vec!["placed"], Ok(())), "well again");
    // Of a finger that lies there, one and the same picture.
    live.release();
    stage.set_fault(Device::Scanner, FaultKind::Frozen, 1_500_000).unwrap();
    let (.., ended) = capture(&mut live, common::LIMIT, usize::MAX);
    assert_eq!(ended.unwrap_err().code, "D-90");
    let refused = stage.set_fault(Device::Scanner, FaultKind::BadChecksum, 0).unwrap_err();
    assert!(matches!(refused, StageError::FaultDoesNotFit { .. }), "a stream has no packets");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_autopilot_s_finger_comes_while_somebody_watches_and_goes() {
    let simulation = simulation(&["--autopilot"]).await;
    let mut live = driver(&simulation);
    let (told, greys, ended) = capture(&mut live, common::LIMIT, usize::MAX);
    assert_eq!((told, ended), (vec!["placed", "lifted"], Ok(())));
    assert!(greys.len() > 10, "{}", greys.len());
}
