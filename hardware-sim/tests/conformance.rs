//! What every scanner driver owes the station, on every driver with its simulated counterpart. A new driver adds one
//! line to [`conformance`] and the function that sets its simulated device up.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use domain::device::{DeviceDescriptor, DeviceFault, ErrorKind};
use domain::finger::Finger;
use drivers::run::Run;
use drivers::scanner::{self, Scanner, ScannerEvent};
use hardware_sim::person::{Person, Traits};
use hardware_sim::stage::{Device, FaultKind, Settings, Stage};
use jiff::civil::date;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Ends every wait of a test that fails.
const LIMIT: Duration = Duration::from_secs(60);

/// How long a finger stays on the glass, and how soon it comes back when nothing came of it. People try again.
const HOLD: Duration = Duration::from_secs(2);

/// Pixels a side: large enough for a few minutiae, small enough for a serial line.
const SIDE: u32 = 160;

macro_rules! conformance {
    ($($(#[$feature:meta])* $test:ident: $driver:literal, $set_up:expr;)*) => {
        /// The drivers that are held to it.
        const HELD: &[&str] = &[$($(#[$feature])* $driver,)*];

        $(
            $(#[$feature])*
            #[test]
            fn $test() {
                keeps_the_contract($driver, &$set_up);
            }
        )*
    };
}

conformance! {
    ef01: "ef01", ef01_desk();
    #[cfg(feature = "libfprint")]
    libfprint: "libfprint", libfprint_desk();
}

/// Drivers without a line, and why.
const ELSEWHERE: &[(&str, &str)] = &[
    ("live", "gives frames, of which the station keeps one: held to it by the tests of the live sensor"),
    ("sbi", "whole hands, segments and signatures: held to them by the tests of the simulated device service"),
    ("sfm", "held to it by the tests of the driver, on a module of their own"),
];

/// A simulated scanner with a person in front of it.
struct Desk {
    stage: Arc<Stage>,
    settings: Value,
    device: Option<JoinHandle<()>>,
    _folder: TempDir,
}

impl Desk {
    fn new(set_up: impl FnOnce(Arc<Stage>, &Path) -> (Value, JoinHandle<()>)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let today = date(2026, 1, 15);
        let stage = Stage::new(Settings { sensor: (SIDE, SIDE), autopilot: false, today }).unwrap();
        stage.arrive(Person::new(5, &Traits::default(), today)).unwrap();
        let stage = Arc::new(stage);
        let (settings, device) = set_up(Arc::clone(&stage), folder.path());
        stage.wait_plugged(Device::Scanner, true, LIMIT).unwrap();
        Self { stage, settings, device: Some(device), _folder: folder }
    }

    fn cable(&self, fault: FaultKind) {
        self.stage.set_fault(Device::Scanner, fault, 0).unwrap();
        self.stage.wait_plugged(Device::Scanner, fault != FaultKind::Unplug, LIMIT).unwrap();
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.stage.end();
        self.device.take().unwrap().join().unwrap();
    }
}

fn ef01_desk() -> Desk {
    Desk::new(|stage, folder| {
        let link = folder.join("scanner");
        let settings = json!({"path": link, "baud": 115_200});
        (settings, thread::spawn(move || hardware_sim::scanner::run(&stage, &link, 115_200, 0)))
    })
}

#[cfg(feature = "libfprint")]
fn libfprint_desk() -> Desk {
    Desk::new(|stage, folder| {
        let socket = folder.join("port").join("socket");
        let settings = json!({
            "device": "virtual_image", "simulated": true, "socket": socket, "ppi": 508, "width": SIDE, "height": SIDE,
        });
        (settings, hardware_sim::libfprint::spawn(stage, socket, Duration::from_millis(50)).unwrap())
    })
}

#[test]
fn every_driver_is_held_to_it() {
    let known = scanner::names();
    for driver in HELD {
        assert!(known.contains(driver), "{driver} is no driver any more");
    }
    let excused = |name: &str| ELSEWHERE.iter().any(|(driver, _)| *driver == name);
    let missing: Vec<_> = known.into_iter().filter(|name| !HELD.contains(name) && !excused(name)).collect();
    assert!(missing.is_empty(), "no line in conformance! for {missing:?}");
}

/// The contract of [`Scanner`], from the first look to the cable that comes back.
fn keeps_the_contract(driver: &str, desk: &Desk) {
    let mut scanner = scanner::open(driver, &desk.settings).unwrap();
    let scanner = scanner.as_mut();
    assert!(scanner.check().is_err(), "nothing is open before it was looked for");
    let told = probe(scanner).unwrap();
    assert!(told.simulated && told.label().contains("SIMULATED"), "{}", told.label());
    assert_eq!(probe(scanner).unwrap(), told, "asked twice, told the same");
    scanner.check().unwrap();
    stop_ends_without_an_error(scanner);
    nobody_comes(scanner);
    let first = takes_a_finger(scanner, desk, &told);
    // The same traveller again, then another one's turn.
    let second = takes_a_finger(scanner, desk, &told);
    scanner.release();
    assert!(first != second, "two touches of one finger give two images");
    loses_its_cable_and_finds_it(scanner, desk, &told);
    assert!(!scanner.hangs());
}

fn probe(scanner: &mut dyn Scanner) -> Result<DeviceDescriptor, DeviceFault> {
    let stop = AtomicBool::new(false);
    scanner.probe(&Run::new(&stop, None, &|| ()))
}

/// What a capture told, and how it ended.
struct Captured {
    events: Vec<&'static str>,
    images: Vec<(DescribedImage, Vec<u8>)>,
    ended: Result<(), DeviceFault>,
}

/// Width, height, resolution and bits a pixel.
type DescribedImage = (u32, u32, u32, u8);

/// Captures while `meanwhile` acts, which sees the events as they come and may stop it.
fn capture(
    scanner: &mut dyn Scanner,
    time: Duration,
    meanwhile: impl FnOnce(&Receiver<&'static str>, &AtomicBool),
) -> Captured {
    let (tell, heard) = channel();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let working = scope.spawn(|| {
            let (mut events, mut images) = (Vec::new(), Vec::new());
            let run = Run::new(&stop, Some(Instant::now() + time), &|| ());
            let ended = scanner.capture(&run, &[Finger::RightIndex], &mut |event| {
                let name = match event {
                    ScannerEvent::Degraded => "degraded",
                    ScannerEvent::Fingers(fingers) => {
                        images.extend(fingers.iter().map(|image| {
                            let ppi = u32::from(image.ppi.get());
                            ((image.width, image.height, ppi, image.bit_depth), image.grey().to_vec())
                        }));
                        "fingers"
                    }
                    ScannerEvent::Lifted => "lifted",
                    ScannerEvent::Placed => "placed",
                    ScannerEvent::Preview(_) => "preview",
                };
                events.push(name);
                let _ = tell.send(name);
            });
            drop(tell);
            Captured { events, images, ended }
        });
        meanwhile(&heard, &stop);
        working.join().unwrap()
    })
}

fn stop_ends_without_an_error(scanner: &mut dyn Scanner) {
    let captured = capture(scanner, LIMIT, |_, stop| stop.store(true, Ordering::SeqCst));
    captured.ended.unwrap();
    assert!(captured.events.is_empty(), "{:?}", captured.events);
    scanner.check().unwrap();
}

fn nobody_comes(scanner: &mut dyn Scanner) {
    let captured = capture(scanner, Duration::from_millis(100), |_, _| ());
    let fault = captured.ended.unwrap_err();
    assert_eq!((fault.kind, captured.events.len()), (ErrorKind::NoFinger, 0), "{}", fault.log);
    scanner.check().unwrap();
}

/// One finger from the glass to its pixels, the events in their order and each of them once.
fn takes_a_finger(scanner: &mut dyn Scanner, desk: &Desk, told: &DeviceDescriptor) -> Vec<u8> {
    let captured = capture(scanner, LIMIT, |heard, _| {
        let mut seen = Vec::new();
        // Some sensors show their image only once the finger has left, and a touch may be too early for any of them.
        while !seen.contains(&"fingers") {
            desk.stage.put(Finger::RightIndex).unwrap();
            hear(heard, &mut seen);
            desk.stage.lift();
            hear(heard, &mut seen);
        }
    });
    desk.stage.lift();
    captured.ended.unwrap();
    assert_eq!(captured.events, ["placed", "fingers", "lifted"]);
    let [(described, grey)] = captured.images.as_slice() else { panic!("{} images", captured.images.len()) };
    let ppi = u32::from(told.ppi.unwrap().get());
    assert_eq!(*described, (told.width, told.height, ppi, told.bit_depth), "the image is what was described");
    assert!(grey.iter().any(|pixel| *pixel < 128) && grey.iter().any(|pixel| *pixel >= 128), "ridges and valleys");
    grey.clone()
}

/// Listens for the image as long as a finger is held, or the end of the capture.
fn hear(heard: &Receiver<&'static str>, seen: &mut Vec<&'static str>) {
    let end = Instant::now() + HOLD;
    while !seen.contains(&"fingers") {
        match heard.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(event) => seen.push(event),
            Err(_) => return,
        }
    }
}

fn loses_its_cable_and_finds_it(scanner: &mut dyn Scanner, desk: &Desk, told: &DeviceDescriptor) {
    let captured = capture(scanner, LIMIT, |_, _| desk.cable(FaultKind::Unplug));
    let fault = captured.ended.unwrap_err();
    assert_eq!((fault.kind, captured.events.len()), (ErrorKind::Disconnected, 0), "{}", fault.log);
    assert_eq!(scanner.check().unwrap_err().kind, ErrorKind::Disconnected);
    assert_eq!(probe(scanner).unwrap_err().kind, ErrorKind::Disconnected, "it is still away");
    desk.cable(FaultKind::Replug);
    assert_eq!(&probe(scanner).unwrap(), told, "the same scanner");
    takes_a_finger(scanner, desk, told);
    // Unplugged while nobody uses it.
    desk.cable(FaultKind::Unplug);
    let end = Instant::now() + LIMIT;
    while scanner.check().is_ok() {
        assert!(Instant::now() < end, "nobody notices that the cable is out");
        thread::yield_now();
    }
    desk.cable(FaultKind::Replug);
    probe(scanner).unwrap();
    takes_a_finger(scanner, desk, told);
}
