//! A live-scan sensor that streams what lies on its glass.

use crate::fakes::camera::{CameraServer, Play};
use crate::fakes::with_run;
use crate::host::{program, start, until, until_fault, until_state};
use crate::permits;
use domain::device::{DeviceDescriptor, DeviceFault, DeviceKind, DeviceState, PreviewUse};
use domain::finger::Finger;
use drivers::host::HostEventKind;
use drivers::scanner::live::{Live, Settings};
use drivers::scanner::{Scanner, ScannerEvent};
use serde_json::{Value, json};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// Pixels a side of the sensor.
const SIDE: u32 = 160;

/// Frames that the driver cannot miss, however loaded the machine: it takes the newest of those that came together.
const LONG: usize = 12;

/// A JPEG picture of the glass with its own noise; ridges within `reach` pixels of the middle.
fn picture(number: usize, reach: u32) -> Vec<u8> {
    let pixel = |at: u32| {
        let (x, y) = (at % SIDE, at / SIDE);
        let jitter = (at.wrapping_mul(31).wrapping_add(number as u32 * 977)).wrapping_mul(2_654_435_761) >> 29;
        let inside = x.abs_diff(SIDE / 2).pow(2) + y.abs_diff(SIDE / 2).pow(2) < reach * reach;
        let ridge = if inside && (x + y / 3) % 9 < 4 { 150 } else { 0 };
        (240 + jitter - ridge) as u8
    };
    let grey: Vec<u8> = (0..SIDE * SIDE).map(pixel).collect();
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 95)
        .encode(&grey, SIDE, SIDE, image::ExtendedColorType::L8)
        .unwrap();
    jpeg
}

/// The glass with contacts of these sizes, each for a while.
fn reel(reaches: &[u32]) -> Play {
    let frames = reaches.iter().flat_map(|reach| [*reach; LONG]).enumerate();
    Play::Reel(frames.map(|(number, reach)| picture(number, reach)).collect())
}

fn settings(url: &str) -> Value {
    json!({"camera": "mjpeg", "source": {"url": url}, "ppi": 500, "width": SIDE, "height": SIDE})
}

fn driver(server: &CameraServer) -> Live {
    Live::new(serde_json::from_value::<Settings>(settings(&server.url())).unwrap()).unwrap()
}

fn probe(live: &mut Live) -> DeviceDescriptor {
    with_run(PATIENCE, |run| live.probe(run)).unwrap()
}

/// What one capture tells, in words; previews in a row once.
fn capture(live: &mut Live, time: Duration) -> (Vec<&'static str>, Result<(), DeviceFault>) {
    let mut told = Vec::new();
    let ended = with_run(time, |run| {
        live.capture(run, &[Finger::RightIndex], &mut |event| {
            let word = match event {
                ScannerEvent::Degraded => "degraded",
                ScannerEvent::Fingers(_) => "fingers",
                ScannerEvent::Lifted => "lifted",
                ScannerEvent::Placed => "placed",
                ScannerEvent::Preview(frame) => {
                    assert_eq!((frame.image.width, frame.image.height, frame.image.ppi.get()), (SIDE, SIDE, 500));
                    "preview"
                }
            };
            if told.last() != Some(&word) {
                told.push(word);
            }
        })
    });
    (told, ended)
}

#[test]
fn it_says_what_its_preview_is_and_opens_nothing() {
    let server = CameraServer::start(vec![]);
    let told = probe(&mut driver(&server));
    assert_eq!((told.kind, told.driver.as_str(), told.preview_fps), (DeviceKind::FingerScanner, "live", 20));
    assert!(told.simulated && !told.enrolment_grade());
    let preview = told.scored_preview().unwrap();
    assert_eq!((preview.ppi.get(), preview.frames), (500, PreviewUse::Sample));
    assert_eq!(server.streams(), 0);
}

#[test]
fn a_finger_is_previewed_while_it_rests_and_the_next_one_waits_until_it_has_left() {
    let server = CameraServer::start(vec![reel(&[0, 50, 70, 0]), reel(&[60, 0, 60, 0])]);
    let mut live = driver(&server);
    probe(&mut live);
    let (told, ended) = capture(&mut live, PATIENCE);
    assert_eq!((told, ended), (vec!["placed", "preview", "lifted"], Ok(())));
    // Nobody has released the sensor, and the finger was seen to leave: the next one is new.
    let (told, ended) = capture(&mut live, PATIENCE);
    assert_eq!((told, ended), (vec!["placed", "preview", "lifted"], Ok(())));
}

#[test]
fn a_finger_that_was_on_when_the_station_stopped_has_to_leave_first() {
    let server = CameraServer::start(vec![reel(&[0, 60]), reel(&[60, 0, 60, 0])]);
    let (handle, events) = start(DeviceKind::FingerScanner, "live", settings(&server.url()), &program());
    until_state(&events, DeviceState::Ready);
    handle.capture(permits::finger(), 1, PATIENCE);
    let mut last = None;
    for _ in 0..5 {
        let event = until(&events, |what| matches!(what, HostEventKind::FingerPreview(_)));
        let HostEventKind::FingerPreview(frame) = event.what else { panic!("no preview") };
        assert!(event.attempt == Some(1) && last < Some(frame.sequence), "in order");
        last = Some(frame.sequence);
    }
    // The station has kept one of them and asks for the next finger.
    handle.capture(permits::finger(), 2, PATIENCE);
    let first = until(&events, |what| matches!(what, HostEventKind::Lifted | HostEventKind::Placed));
    assert!(matches!(first.what, HostEventKind::Lifted) && first.attempt == Some(2), "{first:?}");
    until(&events, |what| matches!(what, HostEventKind::Placed));
    let shown = until(&events, |what| matches!(what, HostEventKind::FingerPreview(_) | HostEventKind::Lifted));
    assert!(matches!(shown.what, HostEventKind::FingerPreview(_)) && shown.attempt == Some(2), "{shown:?}");
    until(&events, |what| matches!(what, HostEventKind::Lifted));
    until_state(&events, DeviceState::Ready);
    handle.shutdown();
    assert!(!events.iter().any(|event| matches!(event.what, HostEventKind::FingerPreview(_))), "none without a finger");
    assert_eq!(server.streams(), 2);
}

#[test]
fn a_finger_that_never_leaves_is_not_taken_for_the_next_one() {
    let server = CameraServer::start(vec![reel(&[0, 60, 0]), reel(&[60]), reel(&[60, 60, 0])]);
    let mut live = driver(&server);
    probe(&mut live);
    let stop = std::sync::atomic::AtomicBool::new(false);
    let run = drivers::run::Run::new(&stop, None, &|| ());
    // The station has enough while the finger rests.
    let ended = live.capture(&run, &[Finger::RightIndex], &mut |event| {
        stop.store(matches!(event, ScannerEvent::Preview(_)), std::sync::atomic::Ordering::SeqCst);
    });
    assert_eq!(ended, Ok(()));
    let (told, ended) = capture(&mut live, Duration::from_millis(400));
    assert_eq!((told, ended.unwrap_err().code.as_str()), (vec![], "D-86"), "it was never seen to leave");
    live.release();
    let (told, _) = capture(&mut live, PATIENCE);
    assert_eq!(told, ["placed", "preview", "lifted"], "the next traveller's");
}

#[test]
fn bad_days() {
    let still =
        Play::Reel(std::iter::repeat_n(picture(1, 0), 12).chain(std::iter::repeat_n(picture(1, 60), 40)).collect());
    let small = image_of(SIDE / 2);
    for (play, code) in [
        (reel(&[0]), "D-19"),
        (reel(&[60]), "D-91"),
        (still, "D-90"),
        (Play::Reel(vec![small; 4]), "D-92"),
        (Play::Stall(0), "D-15"),
        (Play::Status(404), "D-93"),
        (Play::Raw(vec![0; 20_000]), "D-17"),
        (Play::Raw(Vec::new()), "D-12"),
    ] {
        let server = CameraServer::start(vec![play.clone()]);
        let mut live = driver(&server);
        probe(&mut live);
        let fault = capture(&mut live, Duration::from_millis(400)).1.unwrap_err();
        assert_eq!(fault.code, code, "{}", fault.log);
    }
}

#[test]
fn unplugged_in_the_middle_is_told_and_works_again() {
    let frames = [0usize, 60].iter().flat_map(|reach| [*reach; LONG]).enumerate();
    let parts: Vec<Vec<u8>> = frames.map(|(number, reach)| picture(number, reach as u32)).collect();
    let server = CameraServer::start(vec![Play::Reel(parts)]);
    let port = server.port;
    let (handle, events) = start(DeviceKind::FingerScanner, "live", settings(&server.url()), &program());
    until_state(&events, DeviceState::Ready);
    handle.capture(permits::finger(), 1, PATIENCE);
    until(&events, |what| matches!(what, HostEventKind::FingerPreview(_)));
    drop(server);
    assert_eq!(until_fault(&events), "D-12");
    let _server = CameraServer::start_at(port, vec![reel(&[0, 60])]);
    until_state(&events, DeviceState::Ready);
    handle.capture(permits::finger(), 2, PATIENCE);
    let shown = until(&events, |what| matches!(what, HostEventKind::FingerPreview(_)));
    assert_eq!(shown.attempt, Some(2));
}

fn image_of(side: u32) -> Vec<u8> {
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new(&mut jpeg)
        .encode(&vec![240; (side * side) as usize], side, side, image::ExtendedColorType::L8)
        .unwrap();
    jpeg
}
