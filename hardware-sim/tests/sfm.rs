//! The simulated SFM module and the driver for it, on a real terminal.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod common;

use common::Simulation;
use domain::device::DeviceFault;
use domain::finger::Finger;
use drivers::run::Run;
use drivers::scanner::sfm::{Settings, Sfm, Timing};
use drivers::scanner::{Scanner, ScannerEvent};
use hardware_sim::stage::{Device, FaultKind, Stage};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

const BAUD: u32 = 921_600;
const SENSOR: (u32, u32) = (96, 80);

fn driver(path: &Path, baud: u32) -> Sfm {
    let settings = Settings {
        path: path.to_string_lossy().into_owned(),
        baud,
        terminal: None,
        ppi: Some(domain::units::Ppi::FIVE_HUNDRED_EIGHT),
        width: SENSOR.0,
        height: SENSOR.1,
    };
    Sfm::new(settings, Timing { lift: Duration::ZERO, ..Timing::default() }).unwrap()
}

fn with_run<T>(limit: Duration, work: impl FnOnce(&Run<'_>) -> T) -> T {
    let stop = AtomicBool::new(false);
    work(&Run::new(&stop, Some(Instant::now() + limit), &|| ()))
}

/// One capture: its events and the pixels.
fn capture(driver: &mut Sfm, limit: Duration) -> (Vec<&'static str>, Result<Vec<u8>, DeviceFault>) {
    let (mut events, mut grey) = (Vec::new(), Vec::new());
    let captured = with_run(limit, |run| {
        driver.probe(run)?;
        driver.capture(run, &[Finger::RightIndex], &mut |event| match event {
            ScannerEvent::Placed => events.push("placed"),
            ScannerEvent::Preview(_) => events.push("preview"),
            ScannerEvent::Degraded => events.push("degraded"),
            ScannerEvent::Lifted => events.push("lifted"),
            ScannerEvent::Fingers(images) => {
                events.push("finger");
                grey = images.iter().flat_map(|image| image.grey().to_vec()).collect();
            }
        })
    });
    (events, captured.map(|()| grey))
}

async fn simulation() -> Simulation {
    let simulation = Simulation::start_with(&["--scanner", "sfm", "--baud", "921600", "--sensor", "96x80"]).await;
    simulation.arrive(3);
    simulation
}

fn glass(stage: &Arc<Stage>) -> Vec<u8> {
    stage.on_glass().unwrap().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_pixel_arrives_at_eight_bits_and_at_the_pace_of_the_line() {
    let simulation = simulation().await;
    let stage = &simulation.running.stage;
    let mut driver = driver(&simulation.path("scanner"), BAUD);
    let told = with_run(common::LIMIT, |run| driver.probe(run)).unwrap();
    assert!(told.simulated && told.model.contains("SIMULATED"), "{told:?}");
    assert_eq!(stage.counters().scanner_images, 0, "talking is not capturing");
    stage.put(Finger::RightIndex).unwrap();
    let began = Instant::now();
    let (events, captured) = capture(&mut driver, common::LIMIT);
    assert_eq!(captured.unwrap(), glass(stage));
    assert_eq!(events, ["placed", "finger"], "it is still there");
    // 28 and 7,680 bytes in two pieces of 17 bytes more each, 10 bits a byte.
    let line = Duration::from_micros((7_708 + 34) * 10 * 1_000_000 / u64::from(BAUD));
    assert!(began.elapsed() > line);
    // The data reach the host a moment before the device has counted them: one more answer, and it has.
    with_run(common::LIMIT, |run| driver.probe(run)).unwrap();
    // Each of the two pieces is counted in whole milliseconds.
    assert!(stage.counters().scanner_transfer_ms + 2 >= line.as_millis() as u64);
    assert_eq!(stage.counters().scanner_uploads, 1);
    // The first finger leaves before the second one counts.
    stage.lift();
    stage.put(Finger::LeftIndex).unwrap();
    let (events, captured) = capture(&mut driver, common::LIMIT);
    assert_eq!(captured.unwrap(), glass(stage));
    assert_eq!(events, ["lifted", "placed", "finger"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes() {
    let simulation = simulation().await;
    let mut driver = driver(&simulation.path("scanner"), BAUD);
    assert_eq!(capture(&mut driver, Duration::from_millis(50)).1.unwrap_err().code, "D-19");
}

/// Takes a finger whose image breaks: acknowledgements of 26 bytes, the packet of the piece, then half of it.
fn broken(simulation: &Simulation, driver: &mut Sfm, fault: FaultKind) -> (Vec<&'static str>, Option<String>) {
    let stage = &simulation.running.stage;
    with_run(common::LIMIT, |run| driver.probe(run)).unwrap();
    driver.release();
    stage.put(Finger::RightMiddle).unwrap();
    // The first exposure sees it come down, and times out: a packet of 13 bytes. Eight more answer the probe.
    stage.set_fault(Device::Scanner, fault, 8 * 13 + 13 + 26 + 13 + 2_000).unwrap();
    let (events, captured) = capture(driver, common::LIMIT);
    stage.set_fault(Device::Scanner, FaultKind::None, 0).unwrap();
    stage.lift();
    (events, captured.err().map(|fault| fault.code))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_can_break_in_the_middle_in_every_way() {
    let simulation = simulation().await;
    let stage = &simulation.running.stage;
    for (fault, code) in [
        (FaultKind::Garbage, "D-17"),
        (FaultKind::Stall, "D-16"),
        (FaultKind::Slow, "D-16"),
        (FaultKind::Unplug, "D-12"),
    ] {
        let mut driver = driver(&simulation.path("scanner"), BAUD);
        let (events, got) = broken(&simulation, &mut driver, fault);
        assert!(got.as_deref().is_some_and(|got| got == code || fault == FaultKind::Garbage), "{fault:?}: {got:?}");
        assert!(events.contains(&"placed") && !events.contains(&"finger"), "{fault:?}: {events:?}");
        stage.wait_plugged(Device::Scanner, true, common::LIMIT).unwrap();
    }
    stage.put(Finger::RightIndex).unwrap();
    let mut driver = driver(&simulation.path("scanner"), BAUD);
    assert_eq!(capture(&mut driver, common::LIMIT).1.unwrap(), glass(stage), "the next one is whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_sums_are_noticed_and_another_speed_is_noise() {
    let simulation = simulation().await;
    let stage = &simulation.running.stage;
    stage.set_fault(Device::Scanner, FaultKind::BadChecksum, 0).unwrap();
    let mut right = driver(&simulation.path("scanner"), BAUD);
    assert_eq!(with_run(common::LIMIT, |run| right.probe(run)).unwrap_err().code, "D-18");
    stage.set_fault(Device::Scanner, FaultKind::None, 0).unwrap();
    drop(right);
    let mut wrong = driver(&simulation.path("scanner"), 115_200);
    let fault = with_run(common::LIMIT, |run| wrong.probe(run)).unwrap_err();
    assert!(["D-16", "D-17", "D-18"].contains(&fault.code.as_str()), "{}", fault.log);
    drop(wrong);
    with_run(common::LIMIT, |run| driver(&simulation.path("scanner"), BAUD).probe(run)).unwrap();
}
