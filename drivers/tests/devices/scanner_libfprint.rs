//! The driver on the real libfprint: its simulated device gets the images and the faults, and everything else, from
//! the loop to the search for minutiae, is the library as it runs with a scanner on the bus.

use crate::fakes::feed::{Feed, SIDE, ridges};
use crate::fakes::with_run;
use crate::host::{program, start, until, until_state};
use crate::permits;
use domain::device::{DeviceFault, DeviceKind, DeviceState, ErrorKind};
use domain::finger::Finger;
use drivers::host::HostEventKind;
use drivers::run::Run;
use drivers::scanner::libfprint::{Libfprint, Settings, Timing};
use drivers::scanner::{Scanner, ScannerEvent};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(30);

/// Short where a test waits for it to pass.
const QUICK: Timing =
    Timing { open: Duration::from_secs(60), cancel: Duration::from_secs(20), lift: Duration::from_millis(300) };

/// How often a finger is reported until the library listens. It tells nobody when it begins to.
const AGAIN: Duration = Duration::from_millis(5);

struct Bench {
    _folder: TempDir,
    socket: PathBuf,
    driver: Libfprint,
}

/// What a test does while the driver captures.
struct Hands<'a> {
    feed: &'a mut Feed,
    events: &'a Receiver<&'static str>,
    stop: &'a AtomicBool,
}

impl Hands<'_> {
    /// Puts a finger on until the driver has seen it.
    fn place(&mut self) {
        let end = Instant::now() + PATIENCE;
        loop {
            self.feed.finger(true);
            match self.events.recv_timeout(AGAIN) {
                Ok(event) => return assert_eq!(event, "placed"),
                Err(_) => assert!(Instant::now() < end, "the finger is not seen"),
            }
        }
    }

    /// Says it again until this event comes.
    fn until(&mut self, wanted: &str, say: impl Fn(&mut Feed)) {
        let end = Instant::now() + PATIENCE;
        loop {
            say(self.feed);
            match self.events.recv_timeout(AGAIN) {
                Ok(event) if event == wanted => return,
                _ => assert!(Instant::now() < end, "{wanted} does not come"),
            }
        }
    }
}

impl Bench {
    /// A driver that has found its scanner.
    fn new() -> (Self, Feed) {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("finger");
        let mut bench = Self { driver: driver(&socket), socket, _folder: folder };
        match bench.probe() {
            Ok(told) => assert!(told.simulated && told.label().contains("SIMULATED")),
            // A library without its simulated device is no excuse: the set-up installs the package that has it.
            Err(fault) => panic!("the driver cannot be tested on this libfprint: {}", fault.log),
        }
        let feed = Feed::connect(&bench.socket);
        (bench, feed)
    }

    fn probe(&mut self) -> Result<domain::device::DeviceDescriptor, DeviceFault> {
        with_run(PATIENCE, |run| self.driver.probe(run))
    }

    /// Captures once while `hands` act: the events in their order, the pixels, and what came of it.
    fn capture(
        &mut self,
        feed: &mut Feed,
        time: Duration,
        hands: impl FnOnce(&mut Hands<'_>),
    ) -> (Vec<&'static str>, Result<Vec<u8>, DeviceFault>) {
        let (tell, events): (Sender<&'static str>, _) = channel();
        let (mut seen, mut grey) = (Vec::new(), Vec::new());
        let stop = AtomicBool::new(false);
        let driver = &mut self.driver;
        let captured = thread::scope(|scope| {
            let capturing = scope.spawn(|| {
                let run = Run::new(&stop, Some(Instant::now() + time), &|| ());
                driver.capture(&run, &[Finger::RightIndex], &mut |event| {
                    let name = match &event {
                        ScannerEvent::Degraded => "degraded",
                        ScannerEvent::Fingers(images) => {
                            let [image] = images.as_slice() else { panic!("{} images", images.len()) };
                            assert_eq!((image.width, image.ppi.get(), image.bit_depth), (SIDE, 508, 8));
                            grey = image.grey().to_vec();
                            "finger"
                        }
                        ScannerEvent::Lifted => "lifted",
                        ScannerEvent::Placed => "placed",
                        ScannerEvent::Preview(_) => "preview",
                    };
                    seen.push(name);
                    let _ = tell.send(name);
                })
            });
            hands(&mut Hands { feed, events: &events, stop: &stop });
            capturing.join().unwrap()
        });
        (seen, captured.map(|()| grey))
    }
}

/// A whole touch: on, the image, off again.
fn touch(feed: &mut Feed, grey: &[u8]) {
    feed.finger(true);
    feed.image(SIDE, grey);
    feed.finger(false);
}

fn settings(socket: &Path) -> Settings {
    Settings {
        device: "virtual_image".into(),
        simulated: true,
        socket: Some(socket.to_str().unwrap().into()),
        ppi: Some(508.try_into().unwrap()),
        width: Some(SIDE),
        height: Some(SIDE),
    }
}

fn driver(socket: &Path) -> Libfprint {
    Libfprint::new(settings(socket), QUICK).unwrap()
}

#[test]
fn it_takes_one_finger() {
    let folder = tempfile::tempdir().unwrap();
    for wanted in [&[][..], &[Finger::RightIndex, Finger::RightMiddle]] {
        let mut driver = driver(&folder.path().join("finger"));
        let refused = with_run(PATIENCE, |run| driver.capture(run, wanted, &mut |_| ()));
        assert_eq!(refused.unwrap_err().code, "D-54");
    }
}

#[test]
fn two_fingers_one_after_the_other_come_pixel_by_pixel() {
    let (mut bench, mut feed) = Bench::new();
    let upside_down: Vec<u8> = ridges().into_iter().rev().collect();
    for grey in [ridges(), upside_down] {
        let (events, captured) = bench.capture(&mut feed, PATIENCE, |hands| {
            hands.place();
            touch(hands.feed, &grey);
        });
        assert_eq!(events, ["placed", "finger", "lifted"]);
        assert!(captured.unwrap() == grey, "the very pixels that were sent");
    }
}

#[test]
fn a_refused_placement_is_asked_for_once_more() {
    let (mut bench, mut feed) = Bench::new();
    let (events, captured) = bench.capture(&mut feed, PATIENCE, |hands| {
        hands.place();
        // The library does not say when it waits again, so everything is said until it is heard.
        for reason in 0..3 {
            hands.until("degraded", |feed| feed.control(-1, reason));
        }
        // A blank image is none to the library.
        hands.until("degraded", |feed| touch(feed, &[255; (SIDE * SIDE) as usize]));
        hands.until("finger", |feed| touch(feed, &ridges()));
    });
    let refused = events.iter().filter(|event| **event == "degraded").count();
    assert!(refused >= 4, "{events:?}");
    let rest: Vec<_> = events.into_iter().filter(|event| *event != "degraded").collect();
    assert_eq!(rest, ["placed", "finger", "lifted"], "told once, however often it was tried");
    assert!(captured.unwrap() == ridges());
}

#[test]
fn faults_of_the_scanner_have_their_codes_and_pass() {
    let (mut bench, mut feed) = Bench::new();
    for (fault, code, kind, lost) in [
        (0, "D-87", ErrorKind::Protocol, true),
        (5, "D-87", ErrorKind::Protocol, true),
        (0x101, "D-88", ErrorKind::Other, false),
    ] {
        let (events, captured) = bench.capture(&mut feed, PATIENCE, |hands| {
            hands.place();
            hands.feed.control(-2, fault);
        });
        let told = captured.unwrap_err();
        assert_eq!((told.code.as_str(), told.kind), (code, kind), "{}", told.log);
        assert_eq!((events, bench.driver.check().is_err()), (vec!["placed"], lost));
        bench.probe().unwrap();
        if lost {
            feed = Feed::connect(&bench.socket);
        }
        let (_, captured) = bench.capture(&mut feed, PATIENCE, |hands| {
            hands.place();
            touch(hands.feed, &ridges());
        });
        assert!(captured.unwrap() == ridges(), "after {fault}");
    }
}

#[test]
fn an_unplugged_scanner_is_noticed_and_found_again() {
    let (mut bench, mut feed) = Bench::new();
    for idle in [false, true] {
        if idle {
            feed.control(-5, 0);
            let end = Instant::now() + PATIENCE;
            while bench.driver.check().is_ok() {
                assert!(Instant::now() < end, "unplugging is not noticed");
                thread::yield_now();
            }
        } else {
            let (events, captured) = bench.capture(&mut feed, PATIENCE, |hands| {
                hands.place();
                hands.feed.control(-5, 0);
            });
            let fault = captured.unwrap_err();
            assert_eq!((fault.code.as_str(), fault.kind), ("D-12", ErrorKind::Disconnected), "{}", fault.log);
            assert_eq!(events, ["placed"]);
        }
        assert_eq!(bench.driver.check().unwrap_err().code, "D-12");
        bench.probe().unwrap();
        bench.driver.check().unwrap();
        feed = Feed::connect(&bench.socket);
        let (_, captured) = bench.capture(&mut feed, PATIENCE, |hands| {
            hands.place();
            touch(hands.feed, &ridges());
        });
        assert!(captured.unwrap() == ridges());
    }
}

#[test]
fn nobody_comes_or_nobody_goes() {
    let (mut bench, mut feed) = Bench::new();
    let (events, captured) = bench.capture(&mut feed, Duration::from_millis(50), |_| ());
    let fault = captured.unwrap_err();
    assert_eq!((events.len(), fault.code.as_str(), fault.kind), (0, "D-19", ErrorKind::NoFinger));
    // Placed in time and never lifted: the library keeps the image until it is.
    let (events, captured) = bench.capture(&mut feed, Duration::from_millis(500), |hands| {
        hands.place();
        hands.feed.finger(true);
        hands.feed.image(SIDE, &ridges());
    });
    let fault = captured.unwrap_err();
    assert_eq!((events, fault.code.as_str(), fault.kind), (vec!["placed"], "D-86", ErrorKind::NoFinger));
    feed.finger(false);
    bench.driver.check().unwrap();
}

#[test]
fn a_stop_ends_every_wait() {
    let (mut bench, mut feed) = Bench::new();
    let (events, captured) = bench.capture(&mut feed, PATIENCE, |hands| hands.stop.store(true, Ordering::SeqCst));
    assert_eq!((events.len(), captured.unwrap().len()), (0, 0));
    let (events, captured) = bench.capture(&mut feed, PATIENCE, |hands| {
        hands.place();
        hands.feed.finger(true);
        hands.feed.image(SIDE, &ridges());
        hands.stop.store(true, Ordering::SeqCst);
    });
    assert_eq!((events, captured.unwrap().len()), (vec!["placed"], 0), "a stop in front of the image");
    feed.finger(false);
    let (events, _) = bench.capture(&mut feed, PATIENCE, |hands| {
        hands.place();
        touch(hands.feed, &ridges());
    });
    assert_eq!(events, ["placed", "finger", "lifted"], "and the next capture is sound");
}

#[test]
fn an_image_that_the_scanner_cannot_have_taken_is_refused() {
    let (mut bench, mut feed) = Bench::new();
    let (events, captured) = bench.capture(&mut feed, PATIENCE, |hands| {
        hands.place();
        hands.feed.finger(true);
        hands.feed.image(SIDE, &[ridges(), vec![255; SIDE as usize]].concat());
        hands.feed.finger(false);
    });
    let fault = captured.unwrap_err();
    assert_eq!((events, fault.code.as_str()), (vec!["placed"], "D-17"), "{}", fault.log);
}

#[test]
fn the_whole_way_through_a_driver_process() {
    // Only to see whether this library can; the process has a scanner of its own.
    let (bench, _feed) = Bench::new();
    let socket = bench.socket.with_extension("own");
    let settings = json!({
        "device": "virtual_image", "simulated": true, "socket": socket, "ppi": 508, "width": SIDE, "height": SIDE,
    });
    let (handle, events) = start(DeviceKind::FingerScanner, "libfprint", settings, &program());
    until_state(&events, DeviceState::Ready);
    assert!(handle.descriptor().unwrap().simulated);
    let mut feed = Feed::connect(&socket);
    handle.capture(permits::finger(), 1, PATIENCE);
    let placed = loop {
        feed.finger(true);
        match events.recv_timeout(AGAIN).map(|event| event.what) {
            Ok(HostEventKind::Placed) => break true,
            Ok(HostEventKind::Fault(fault)) => panic!("{}", fault.log),
            _ => {}
        }
    };
    touch(&mut feed, &ridges());
    let event = until(&events, |what| matches!(what, HostEventKind::Fingers(_)));
    let HostEventKind::Fingers(images) = event.what else { panic!("no image") };
    assert!(placed && images[0].grey() == ridges());
    until(&events, |what| matches!(what, HostEventKind::Lifted));
    until_state(&events, DeviceState::Ready);
    // The finger of the next traveller is not awaited for ever, and the process ends when it is told to.
    handle.capture(permits::finger(), 2, PATIENCE);
    until_state(&events, DeviceState::Busy);
    handle.stop();
    until_state(&events, DeviceState::Ready);
    handle.shutdown();
}
