//! The drivers for certified devices against the simulated service.

use super::desk::Desk;
use domain::device::{CaptureGroup, DeviceFault};
use domain::finger::Finger;
use domain::image::FingerImage;
use drivers::camera::sbi::SbiCamera;
use drivers::camera::{Camera, CameraEvent};
use drivers::codes::Code;
use drivers::run::Run;
use drivers::scanner::sbi::{Outside, SbiScanner, Timing};
use drivers::scanner::{Scanner, ScannerEvent};
use hardware_sim::clock;
use hardware_sim::stage::{Device, FaultKind};
use jiff::Timestamp;
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A true clock, and transactions that count.
struct Counting(u8);

impl Outside for Counting {
    fn now(&self) -> Timestamp {
        clock::now()
    }

    fn random(&mut self) -> Option<[u8; 16]> {
        self.0 += 1;
        Some([self.0; 16])
    }
}

const TIMING: Timing = Timing {
    check: Duration::ZERO,
    again: Duration::from_millis(20),
    busy: Duration::from_millis(100),
    grace: Duration::from_secs(1),
    lift: Duration::from_millis(50),
};

fn place(desk: &Desk) -> serde_json::Value {
    json!({ "ports": [desk.port(), desk.port()], "env": "Developer", "trust": desk.trust_file() })
}

fn scanner(desk: &Desk) -> SbiScanner<Counting> {
    SbiScanner::new(serde_json::from_value(place(desk)).unwrap(), Counting(0), TIMING).unwrap()
}

fn within<T>(limit: Duration, work: impl FnOnce(&Run<'_>) -> T) -> T {
    work(&Run::new(&AtomicBool::new(false), Some(Instant::now() + limit), &|| ()))
}

fn take(
    scanner: &mut SbiScanner<Counting>,
    wanted: &[Finger],
    limit: Duration,
) -> Result<Vec<FingerImage>, DeviceFault> {
    let mut images = Vec::new();
    // Each time another traveller: what lies there was not taken before.
    scanner.release();
    within(limit, |run| {
        scanner.probe(run)?;
        scanner.capture(run, wanted, &mut |event| {
            if let ScannerEvent::Fingers(came) = event {
                images = came;
            }
        })
    })?;
    Ok(images)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_driver_takes_the_fingers_that_lie_there_and_refuses_what_is_not_theirs() {
    let desk = Desk::with_visitor(true).await;
    tokio::task::spawn_blocking(move || {
        let mut scanner = scanner(&desk);
        let thumbs = CaptureGroup::TwoThumbs.fingers();
        let (long, short) = (Duration::from_secs(60), Duration::from_secs(2));
        let device = within(long, |run| scanner.probe(run)).unwrap();
        assert!(device.simulated && device.segments_itself && device.groups.len() == 4, "{device:?}");
        assert_eq!(desk.opened(), 0);
        desk.put(thumbs);
        let images = take(&mut scanner, thumbs, long).unwrap();
        let platen = desk.stage.platen().unwrap();
        for (image, laid) in images.iter().zip(&platen.fingers) {
            assert_eq!((image.position, image.width, image.height), (Some(laid.finger), 400, 500));
            assert!(image.grey().iter().zip(laid.image.as_raw()).all(|(a, b)| a.abs_diff(*b) <= 1));
        }
        assert_eq!(images.len(), 2);
        // Of the same traveller, fingers that rest are no other attempt.
        let resting = within(short, |run| scanner.capture(run, thumbs, &mut |event| panic!("{event:?}"))).unwrap_err();
        assert_eq!(resting.code, Code::ScannerNoFinger.code());
        assert_eq!(take(&mut scanner, &thumbs[..1], long).unwrap().len(), 1, "one finger alone");

        let rows = [
            (FaultKind::BadSignature, 0, Code::ServiceUntrusted),
            (FaultKind::Stale, 0, Code::ServiceClock),
            (FaultKind::WrongTransaction, 0, Code::ServiceReplay),
            (FaultKind::Replay, 0, Code::ServiceReplay),
            (FaultKind::Busy, 0, Code::ServiceBusy),
            (FaultKind::NotReady, 0, Code::ServiceNotReady),
            (FaultKind::NotRegistered, 0, Code::ServiceNotRegistered),
            // Behind discovery and information, in the middle of the samples.
            (FaultKind::Garbage, 50_000, Code::ServiceGarbage),
            (FaultKind::Stall, 50_000, Code::ServiceSilent),
            (FaultKind::Unplug, 50_000, Code::ServiceGone),
        ];
        for (fault, good_bytes, code) in rows {
            // A device that proves itself first and fails then.
            desk.stage.set_fault(Device::Slap, FaultKind::None, 0).unwrap();
            within(long, |run| scanner.probe(run)).unwrap();
            desk.stage.set_fault(Device::Slap, fault, good_bytes).unwrap();
            let failed = take(&mut scanner, thumbs, short).unwrap_err();
            assert_eq!(failed.code, code.code(), "{fault:?}: {failed:?}");
        }
        desk.stage.set_fault(Device::Slap, FaultKind::Replug, 0).unwrap();
        desk.stage.wait_plugged(Device::Slap, true, long).unwrap();
        desk.stage.set_fault(Device::Slap, FaultKind::Partial, 0).unwrap();
        assert_eq!(take(&mut scanner, thumbs, long).unwrap().len(), 1, "the other finger is asked for again");
        desk.stage.set_fault(Device::Slap, FaultKind::None, 0).unwrap();
        assert_eq!(take(&mut scanner, thumbs, long).unwrap().len(), 2);
        desk.stage.lift_hand();
        let nobody = take(&mut scanner, thumbs, Duration::from_millis(700)).unwrap_err();
        assert_eq!(nobody.code, Code::ScannerNoFinger.code());
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_driver_takes_a_whole_slap_where_it_is_told_to() {
    let desk = Desk::with_visitor(false).await;
    tokio::task::spawn_blocking(move || {
        let mut settings = place(&desk);
        settings["whole_slaps"] = json!(true);
        let mut scanner = SbiScanner::new(serde_json::from_value(settings).unwrap(), Counting(0), TIMING).unwrap();
        desk.put(CaptureGroup::TwoThumbs.fingers());
        let images = take(&mut scanner, CaptureGroup::TwoThumbs.fingers(), Duration::from_secs(60)).unwrap();
        let seen: Vec<_> = images.iter().map(|image| (image.position, image.width, image.height)).collect();
        assert_eq!(seen, [(None, 1600, 1500)]);
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_driver_sees_the_frames_of_the_face_camera() {
    let desk = Desk::new().await;
    desk.arrive(true);
    tokio::task::spawn_blocking(move || {
        let mut camera = SbiCamera::new(serde_json::from_value(place(&desk)).unwrap(), clock::now).unwrap();
        let stop = AtomicBool::new(false);
        let run = Run::new(&stop, Some(Instant::now() + Duration::from_secs(60)), &|| ());
        assert!(camera.probe(&run).unwrap().simulated);
        let mut sizes = Vec::new();
        let streamed = camera.stream(&run, &mut |event| {
            if let CameraEvent::Frame(frame) = event {
                sizes.push((frame.width, frame.height));
                stop.store(sizes.len() >= 3, Ordering::SeqCst);
            }
        });
        streamed.unwrap();
        assert_eq!(sizes, [(640, 480); 3]);
        assert_eq!((desk.opened(), desk.stage.counters().preview_streams), (1, 1));
        assert!(desk.stage.shown_at().is_some());
    })
    .await
    .unwrap();
}
