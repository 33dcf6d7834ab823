//! The simulated USB scanner, the real libfprint and our driver in one row.

#![cfg(feature = "libfprint")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use domain::finger::Finger;
use drivers::run::Run;
use drivers::scanner::{self, Scanner, ScannerEvent};
use hardware_sim::libfprint;
use hardware_sim::person::{Person, Traits};
use hardware_sim::stage::{Device, FaultKind, Settings, Stage};
use jiff::civil::date;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);

/// How often the finger that stays is exposed again.
const AGAIN: Duration = Duration::from_millis(50);

/// How long a finger stays, and stays away.
const HOLD: Duration = Duration::from_millis(300);

/// Larger than any other test's, for the library has to find minutiae in it.
const SENSOR: (u32, u32) = (192, 192);

/// The names of the events, the pixels, and the code of the fault that ended the capture.
fn capture(scanner: &mut dyn Scanner, stage: &Stage) -> (Vec<&'static str>, Vec<u8>, String) {
    let (mut events, mut grey) = (Vec::new(), Vec::new());
    let stop = AtomicBool::new(false);
    let run = Run::new(&stop, Some(Instant::now() + LIMIT), &|| ());
    let ended = scanner.capture(&run, &[Finger::LeftThumb], &mut |event| match event {
        // The traveller does better the second time.
        ScannerEvent::Degraded => {
            events.push("degraded");
            stage.set_fault(Device::Scanner, FaultKind::None, 0).unwrap();
        }
        ScannerEvent::Fingers(images) => {
            events.push("fingers");
            grey = images[0].grey().to_vec();
        }
        ScannerEvent::Lifted => events.push("lifted"),
        ScannerEvent::Placed => events.push("placed"),
        ScannerEvent::Preview(_) => events.push("preview"),
    });
    (events, grey, ended.err().map(|fault| fault.code).unwrap_or_default())
}

/// Touches the glass again and again, a moment each, as people do until they are told that it is enough.
fn touch_until(stage: &Stage, ended: &Receiver<()>) -> Vec<Arc<Vec<u8>>> {
    let mut touches = Vec::new();
    let mut over = false;
    while !over {
        stage.put(Finger::LeftThumb).unwrap();
        touches.extend(stage.on_glass());
        over = ended.recv_timeout(HOLD) == Err(RecvTimeoutError::Disconnected);
        stage.lift();
        over |= ended.recv_timeout(HOLD) == Err(RecvTimeoutError::Disconnected);
    }
    touches
}

#[test]
fn a_finger_of_the_stage_comes_through_the_library_pixel_by_pixel() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("port").join("socket");
    let today = date(2026, 1, 15);
    let stage = Arc::new(Stage::new(Settings { sensor: SENSOR, autopilot: false, today }).unwrap());
    stage.arrive(Person::new(11, &Traits::default(), today)).unwrap();
    let feeder = libfprint::spawn(Arc::clone(&stage), socket.clone(), AGAIN).unwrap();
    stage.wait_plugged(Device::Scanner, true, LIMIT).unwrap();
    let (width, height) = SENSOR;
    let settings = json!({
        "device": "virtual_image", "simulated": true, "socket": socket, "ppi": 508, "width": width, "height": height,
    });
    let mut scanner = scanner::open("libfprint", &settings).unwrap();
    let stop = AtomicBool::new(false);
    // A library without its simulated device is no excuse: the set-up installs the package that has it.
    if let Err(fault) = scanner.probe(&Run::new(&stop, None, &|| ())) {
        stage.end();
        feeder.join().unwrap();
        panic!("the driver cannot be tested on this libfprint: {}", fault.log);
    }
    for (fault, expected, code) in [
        (FaultKind::None, &["placed", "fingers", "lifted"][..], ""),
        (FaultKind::BadChecksum, &["placed", "degraded", "fingers", "lifted"], ""),
        (FaultKind::Garbage, &["placed"], "D-87"),
        (FaultKind::Busy, &["placed"], "D-13"),
        (FaultKind::None, &["placed", "fingers", "lifted"], ""),
    ] {
        stage.set_fault(Device::Scanner, fault, 0).unwrap();
        let (over, ended) = channel();
        let ((mut events, grey, code_told), touches) = std::thread::scope(|scope| {
            let glass: &Stage = &stage;
            let touching = scope.spawn(move || touch_until(glass, &ended));
            let captured = capture(scanner.as_mut(), &stage);
            drop(over);
            (captured, touching.join().unwrap())
        });
        events.dedup();
        assert_eq!((events.as_slice(), code_told.as_str()), (expected, code), "{fault:?}");
        if code.is_empty() {
            assert!(touches.iter().any(|there| **there == grey), "{fault:?}: the very pixels that lay on the glass");
        } else {
            stage.set_fault(Device::Scanner, FaultKind::None, 0).unwrap();
            scanner.probe(&Run::new(&stop, None, &|| ())).unwrap();
        }
    }
    drop(scanner);
    stage.end();
    feeder.join().unwrap();
}
