//! A serial sensor and everything that a cable, a port and a finger can do to it.

use crate::fakes::sensor::{SIDE, Script, Sensor, Upload, pixels};
use crate::fakes::with_run;
use domain::device::{DeviceFault, ErrorKind};
use domain::finger::Finger;
use drivers::run::Run;
use drivers::scanner::ef01::command::confirmation::{IMAGE_FAIL, NO_FINGER, OK};
use drivers::scanner::ef01::packet::DEFAULT_ADDRESS;
use drivers::scanner::ef01::{Ef01, Settings, Timing};
use drivers::scanner::{Scanner, ScannerEvent};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// Short, so that the tests are; wide enough for a machine under load.
const QUICK: Timing = Timing {
    answer: Duration::from_millis(400),
    gap: Duration::from_millis(300),
    poll: Duration::from_millis(1),
    lift: Duration::from_secs(5),
    slack: Duration::from_millis(500),
};

const PATIENCE: Duration = Duration::from_secs(20);

struct Bench {
    _folder: TempDir,
    path: PathBuf,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scanner");
        Self { _folder: folder, path }
    }
}

fn driver(path: &Path) -> Ef01 {
    let settings = Settings {
        path: path.to_str().unwrap().into(),
        baud: 115_200,
        address: DEFAULT_ADDRESS,
        password: 0,
        ppi: None,
        width: None,
        height: None,
    };
    Ef01::new(settings, QUICK).unwrap()
}

/// Probes, captures once and returns the names of the events and what came of it.
fn capture(driver: &mut Ef01) -> (Vec<&'static str>, Result<Vec<u8>, DeviceFault>) {
    let mut events = Vec::new();
    let mut grey = Vec::new();
    let captured = with_run(PATIENCE, |run| {
        driver.probe(run)?;
        driver.capture(run, &[Finger::RightIndex], &mut |event| {
            events.push(name(&event));
            if let ScannerEvent::Fingers(images) = event {
                grey = images.iter().flat_map(|image| image.grey().to_vec()).collect();
            }
        })
    });
    (events, captured.map(|()| grey))
}

fn name(event: &ScannerEvent) -> &'static str {
    match event {
        ScannerEvent::Degraded => "degraded",
        ScannerEvent::Fingers(_) => "finger",
        ScannerEvent::Lifted => "lifted",
        ScannerEvent::Placed => "placed",
        ScannerEvent::Preview(_) => "preview",
    }
}

#[test]
fn it_says_what_it_is() {
    let bench = Bench::new();
    let _sensor = Sensor::plug_in(&bench.path, Script::default());
    let told = with_run(PATIENCE, |run| driver(&bench.path).probe(run)).unwrap();
    assert_eq!((told.model.as_str(), told.serial.as_str(), told.firmware.as_str()), ("SIMULATED R503", "7", "1.4"));
    assert_eq!((told.width, told.height, told.bit_depth), (u32::from(SIDE), u32::from(SIDE), 4));
    assert_eq!(told.ppi.unwrap().get(), 508);
    assert!(told.simulated);
    assert!(!told.enrolment_grade());
}

#[test]
fn an_older_sensor_that_tells_nothing_is_taken_for_the_usual_size() {
    let bench = Bench::new();
    let _sensor = Sensor::plug_in(&bench.path, Script { tells: false, ..Script::default() });
    let told = with_run(PATIENCE, |run| driver(&bench.path).probe(run)).unwrap();
    assert_eq!((told.width, told.height, told.simulated), (256, 288, false));
}

#[test]
fn it_takes_one_finger() {
    let bench = Bench::new();
    for wanted in [&[][..], &[Finger::RightIndex, Finger::RightMiddle]] {
        let refused = with_run(PATIENCE, |run| driver(&bench.path).capture(run, wanted, &mut |_| ()));
        assert_eq!(refused.unwrap_err().code, "D-54");
    }
}

#[test]
fn good_days() {
    let whole = ["placed", "finger", "lifted"];
    for (images, uploads, expected) in [
        (vec![OK], vec![], &whole[..]),
        (vec![NO_FINGER, NO_FINGER, IMAGE_FAIL, OK, OK, OK], vec![], &whole),
        (vec![OK], vec![Upload::BadChecksum], &["placed", "degraded", "finger", "lifted"]),
    ] {
        let bench = Bench::new();
        let _sensor = Sensor::plug_in(&bench.path, Script { images, uploads, ..Script::default() });
        let (events, captured) = capture(&mut driver(&bench.path));
        assert_eq!(events, expected);
        assert_eq!(captured.unwrap(), pixels(), "every pixel, at four bits");
    }
}

#[test]
fn bad_days_of_the_upload() {
    for (uploads, code, kind) in [
        (vec![Upload::BadChecksum, Upload::BadChecksum], "D-18", ErrorKind::Protocol),
        (vec![Upload::CutShort], "D-16", ErrorKind::Timeout),
        (vec![Upload::Garbage], "D-17", ErrorKind::Protocol),
        (vec![Upload::TooLong], "D-17", ErrorKind::Protocol),
        (vec![Upload::Trickle], "D-16", ErrorKind::Timeout),
        (vec![Upload::Unplug], "D-12", ErrorKind::Disconnected),
    ] {
        let bench = Bench::new();
        let mut uploads = uploads;
        if uploads == [Upload::Garbage] {
            // Noise is asked for a second time, like a damaged packet.
            uploads.push(Upload::Garbage);
        }
        let _sensor = Sensor::plug_in(&bench.path, Script { uploads: uploads.clone(), ..Script::default() });
        let (events, captured) = capture(&mut driver(&bench.path));
        let fault = captured.unwrap_err();
        assert_eq!((fault.code.as_str(), fault.kind), (code, kind), "{uploads:?}: {}", fault.log);
        assert!(!events.contains(&"finger"), "{uploads:?}");
    }
}

#[test]
fn bad_days_of_the_line() {
    for (script, code) in [
        (Script { silent: true, ..Script::default() }, "D-15"),
        (Script { noise: true, ..Script::default() }, "D-17"),
        (Script { half: true, ..Script::default() }, "D-16"),
        (Script { damaged_answers: 2, ..Script::default() }, "D-18"),
        (Script { lags: true, ..Script::default() }, "D-17"),
        (Script { password: 7, ..Script::default() }, "D-20"),
    ] {
        let bench = Bench::new();
        let _sensor = Sensor::plug_in(&bench.path, script.clone());
        let fault = with_run(PATIENCE, |run| driver(&bench.path).probe(run)).unwrap_err();
        assert_eq!(fault.code, code, "{script:?}: {}", fault.log);
    }
}

#[test]
fn nobody_comes() {
    let bench = Bench::new();
    let _sensor = Sensor::plug_in(&bench.path, Script { images: vec![], ..Script::default() });
    let mut driver = driver(&bench.path);
    with_run(PATIENCE, |run| driver.probe(run)).unwrap();
    let fault =
        with_run(Duration::from_millis(50), |run| driver.capture(run, &[Finger::RightIndex], &mut |_| ())).unwrap_err();
    assert_eq!((fault.code.as_str(), fault.kind), ("D-19", ErrorKind::NoFinger));
}

#[test]
fn a_sensor_that_fails_every_image_is_given_up() {
    let bench = Bench::new();
    let _sensor = Sensor::plug_in(&bench.path, Script { images: vec![IMAGE_FAIL; 21], ..Script::default() });
    let (_, captured) = capture(&mut driver(&bench.path));
    assert_eq!(captured.unwrap_err().code, "D-21");
}

#[test]
fn a_stop_ends_the_wait_for_a_finger() {
    let bench = Bench::new();
    let _sensor = Sensor::plug_in(&bench.path, Script { images: vec![], ..Script::default() });
    let mut driver = driver(&bench.path);
    with_run(PATIENCE, |run| driver.probe(run)).unwrap();
    let stop = AtomicBool::new(true);
    let mut events = 0;
    driver.capture(&Run::new(&stop, None, &|| ()), &[Finger::RightIndex], &mut |_| events += 1).unwrap();
    assert_eq!(events, 0);
}

#[test]
fn a_finger_that_stays_on_is_not_taken_twice() {
    let bench = Bench::new();
    // First attempt: the finger is on, and stopped before it leaves. Second: still on, off, on again, off.
    let images = vec![OK, OK, OK, NO_FINGER, OK];
    let _sensor = Sensor::plug_in(&bench.path, Script { images, ..Script::default() });
    let mut driver = driver(&bench.path);
    with_run(PATIENCE, |run| driver.probe(run)).unwrap();
    let stop = AtomicBool::new(false);
    let mut first = Vec::new();
    driver
        .capture(&Run::new(&stop, None, &|| ()), &[Finger::RightIndex], &mut |event| {
            first.push(name(&event));
            stop.store(matches!(event, ScannerEvent::Fingers(_)), Ordering::SeqCst);
        })
        .unwrap();
    assert_eq!(first, ["placed", "finger"]);
    let mut second = Vec::new();
    with_run(PATIENCE, |run| driver.capture(run, &[Finger::RightIndex], &mut |event| second.push(name(&event))))
        .unwrap();
    assert_eq!(second, ["lifted", "placed", "finger", "lifted"]);
}

#[test]
fn another_travellers_finger_is_taken_without_seeing_the_first_one_leave() {
    let bench = Bench::new();
    let images = vec![OK, OK];
    let _sensor = Sensor::plug_in(&bench.path, Script { images, ..Script::default() });
    let mut driver = driver(&bench.path);
    with_run(PATIENCE, |run| driver.probe(run)).unwrap();
    for _ in 0..2 {
        let stop = AtomicBool::new(false);
        let mut seen = Vec::new();
        driver
            .capture(&Run::new(&stop, None, &|| ()), &[Finger::RightIndex], &mut |event| {
                seen.push(name(&event));
                stop.store(matches!(event, ScannerEvent::Fingers(_)), Ordering::SeqCst);
            })
            .unwrap();
        assert_eq!(seen, ["placed", "finger"]);
        driver.release();
    }
}

#[test]
fn after_an_abandoned_transfer_the_next_capture_is_sound() {
    let bench = Bench::new();
    let images = vec![OK, NO_FINGER, OK];
    let uploads = vec![Upload::CutShort];
    let _sensor = Sensor::plug_in(&bench.path, Script { images, uploads, ..Script::default() });
    let mut driver = driver(&bench.path);
    assert_eq!(capture(&mut driver).1.unwrap_err().code, "D-16");
    assert_eq!(capture(&mut driver).1.unwrap(), pixels());
}

#[test]
fn a_line_that_another_program_holds_is_busy_and_not_absent() {
    let bench = Bench::new();
    let _sensor = Sensor::plug_in(&bench.path, Script::default());
    let mut first = driver(&bench.path);
    with_run(PATIENCE, |run| first.probe(run)).unwrap();
    let fault = with_run(PATIENCE, |run| driver(&bench.path).probe(run)).unwrap_err();
    assert_eq!((fault.code.as_str(), fault.kind), ("D-13", ErrorKind::Busy));
}

#[test]
fn an_idle_sensor_that_is_unplugged_is_noticed_and_found_again() {
    let bench = Bench::new();
    let sensor = Sensor::plug_in(&bench.path, Script::default());
    let mut driver = driver(&bench.path);
    with_run(PATIENCE, |run| driver.probe(run)).unwrap();
    driver.check().unwrap();
    drop(sensor);
    assert_eq!(driver.check().unwrap_err().code, "D-12");
    assert_eq!(with_run(PATIENCE, |run| driver.probe(run)).unwrap_err().code, "D-12");
    let _sensor = Sensor::plug_in(&bench.path, Script::default());
    with_run(PATIENCE, |run| driver.probe(run)).unwrap();
    driver.check().unwrap();
}

#[test]
fn a_damaged_answer_is_asked_for_once_more() {
    let bench = Bench::new();
    let _sensor = Sensor::plug_in(&bench.path, Script { damaged_answers: 1, ..Script::default() });
    let told = with_run(PATIENCE, |run| driver(&bench.path).probe(run)).unwrap();
    assert!(told.simulated);
}

#[test]
fn a_sensor_that_lagged_behind_is_not_taken_for_another_model() {
    let bench = Bench::new();
    let sensor = Sensor::plug_in(&bench.path, Script::default());
    let mut driver = driver(&bench.path);
    with_run(PATIENCE, |run| driver.probe(run)).unwrap();
    drop(sensor);
    with_run(PATIENCE, |run| driver.probe(run)).unwrap_err();
    let _sensor = Sensor::plug_in(&bench.path, Script { tells: false, ..Script::default() });
    assert_eq!(with_run(PATIENCE, |run| driver.probe(run)).unwrap_err().code, "D-15");
}
