//! The station's driver for certified scanners against the simulated device service: neither was written for a fake of
//! the other.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use domain::device::DeviceFault;
use domain::finger::Finger;
use domain::image::FingerImage;
use domain::units::Ppi;
use drivers::run::Run;
use drivers::scanner::{self, Scanner, ScannerEvent};
use hardware_sim::person::{Person, Traits};
use hardware_sim::sbi::{self, Options, Running};
use hardware_sim::stage::{Device, FaultKind, HandPose, Settings, Stage};
use jiff::civil::date;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// Ends every wait of a test that fails.
const LIMIT: Duration = Duration::from_secs(60);

const THUMBS: [Finger; 2] = [Finger::RightThumb, Finger::LeftThumb];

fn with_run<T>(work: impl FnOnce(&Run<'_>) -> T) -> T {
    work(&Run::new(&AtomicBool::new(false), Some(Instant::now() + LIMIT), &|| ()))
}

/// Finds the scanner and takes both thumbs.
fn take(scanner: &mut dyn Scanner) -> Result<Vec<FingerImage>, DeviceFault> {
    let mut images = Vec::new();
    with_run(|run| {
        scanner.probe(run)?;
        scanner.capture(run, &THUMBS, &mut |event| {
            if let ScannerEvent::Fingers(got) = event {
                images.extend(got);
            }
        })
    })?;
    Ok(images)
}

fn driver(running: &Running) -> Box<dyn Scanner> {
    let settings = json!({
        "ports": [running.port, running.port], "env": "Developer", "trust": running.trust, "timeout_ms": 2000,
    });
    scanner::open("sbi", &settings).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_driver_takes_what_is_sound_and_refuses_every_bad_day() {
    let settings = Settings { sensor: (64, 48), autopilot: false, today: date(2026, 3, 1) };
    let stage = Arc::new(Stage::new(settings).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let running = sbi::spawn(Arc::clone(&stage), folder.path(), Options::default()).await.unwrap();
    let traits = Traits { face: Some(false), ..Traits::default() };
    stage.arrive(Person::new(7, &traits, stage.settings().today)).unwrap();
    stage.put_hand(&THUMBS, HandPose::default()).unwrap();
    tokio::task::spawn_blocking(move || {
        let mut driver = driver(&running);
        let told = with_run(|run| driver.probe(run)).unwrap();
        assert!(told.simulated && told.segments_itself && told.enrolment_grade(), "{told:?}");
        let images = take(&mut *driver).unwrap();
        assert_eq!(images.iter().map(|image| image.position.unwrap()).collect::<Vec<_>>(), THUMBS);
        for image in &images {
            assert_eq!((image.ppi, image.bit_depth), (Ppi::FIVE_HUNDRED, 8));
            assert!(image.grey().iter().any(|grey| *grey < 100), "there are ridges");
        }
        for (fault, code) in [
            (FaultKind::Replay, "D-77"),
            (FaultKind::WrongTransaction, "D-77"),
            (FaultKind::Stale, "D-78"),
            (FaultKind::BadSignature, "D-76"),
            (FaultKind::Busy, "D-73"),
            (FaultKind::NotReady, "D-74"),
            (FaultKind::NotRegistered, "D-75"),
        ] {
            stage.put_hand(&THUMBS, HandPose::default()).unwrap();
            stage.set_fault(Device::Slap, fault, 0).unwrap();
            let fault = take(&mut *driver).unwrap_err();
            assert_eq!(fault.code, code, "{}", fault.log);
        }
        stage.put_hand(&THUMBS, HandPose::default()).unwrap();
        stage.set_fault(Device::Slap, FaultKind::Partial, 0).unwrap();
        assert_eq!(take(&mut *driver).unwrap().len(), 1);
    })
    .await
    .unwrap();
}
