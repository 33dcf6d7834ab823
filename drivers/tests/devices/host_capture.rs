//! Captures through the station's side, with real driver processes, on good days and on bad ones.

use crate::fakes::camera::{CameraServer, Play, part, picture};
use crate::fakes::sensor::{Script, Sensor, Upload, pixels};
use crate::host::{impostor, program, start, until, until_fault, until_state};
use crate::permits;
use domain::device::{DeviceKind, DeviceState};
use drivers::host::{HostEvent, HostEventKind};
use serde_json::json;
use std::sync::mpsc::Receiver;
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(20);

/// The next fault that ends an attempt.
fn failed(events: &Receiver<HostEvent>) -> (u64, String) {
    let event = until(events, |what| matches!(what, HostEventKind::Fault(_)));
    match (event.attempt, event.what) {
        (Some(attempt), HostEventKind::Fault(fault)) => (attempt, fault.code),
        (None, _) => failed(events),
        (_, other) => panic!("{other:?}"),
    }
}

#[test]
fn previews_come_until_stopped() {
    let server = CameraServer::start(vec![Play::Parts(part(&picture()))]);
    let (handle, events) = start(DeviceKind::Camera, "mjpeg", json!({"url": server.url()}), &program());
    until_state(&events, DeviceState::Ready);
    assert_eq!(server.streams(), 0, "no stream before a permit");
    handle.capture(permits::face(), 5, DEADLINE);
    let mut last = None;
    for _ in 0..10 {
        let event = until(&events, |what| matches!(what, HostEventKind::Preview(_)));
        assert_eq!(event.attempt, Some(5));
        let HostEventKind::Preview(frame) = event.what else { panic!("no preview") };
        assert_eq!((frame.width, frame.height), (16, 8));
        assert!(last < Some(frame.sequence), "in order");
        last = Some(frame.sequence);
    }
    assert_eq!(handle.state(), DeviceState::Busy);
    handle.stop();
    until_state(&events, DeviceState::Ready);
    handle.shutdown();
    assert!(!events.iter().any(|event| matches!(event.what, HostEventKind::Preview(_))), "none after the stop");
    assert_eq!(server.streams(), 1);
}

#[test]
fn one_finger_and_its_whole_story() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scanner");
    let _sensor = Sensor::plug_in(&path, Script::default());
    let settings = json!({"path": path, "baud": 115_200});
    let (handle, events) = start(DeviceKind::FingerScanner, "ef01", settings, &program());
    until_state(&events, DeviceState::Ready);
    handle.capture(permits::finger(), 2, DEADLINE);
    until(&events, |what| matches!(what, HostEventKind::Placed));
    let event = until(&events, |what| matches!(what, HostEventKind::Fingers(_)));
    assert_eq!(event.attempt, Some(2));
    let HostEventKind::Fingers(images) = event.what else { panic!("no image") };
    let [image] = images.as_slice() else { panic!("{} images", images.len()) };
    assert_eq!((image.grey(), image.ppi.get(), image.bit_depth), (pixels().as_slice(), 508, 4));
    until(&events, |what| matches!(what, HostEventKind::Lifted));
    until_state(&events, DeviceState::Ready);
}

#[test]
fn a_scanner_unplugged_in_the_middle_is_told_and_works_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scanner");
    let sensor = Sensor::plug_in(&path, Script { uploads: vec![Upload::Unplug], ..Script::default() });
    let settings = json!({"path": path, "baud": 115_200});
    let (handle, events) = start(DeviceKind::FingerScanner, "ef01", settings, &program());
    until_state(&events, DeviceState::Ready);
    handle.capture(permits::finger(), 1, DEADLINE);
    assert_eq!(failed(&events), (1, "D-12".into()));
    until_state(&events, DeviceState::Absent);
    drop(sensor);
    let _sensor = Sensor::plug_in(&path, Script::default());
    until_state(&events, DeviceState::Ready);
    handle.capture(permits::finger(), 2, DEADLINE);
    let event = until(&events, |what| matches!(what, HostEventKind::Fingers(_)));
    assert_eq!(event.attempt, Some(2));
}

#[test]
fn a_camera_that_stalls_or_closes_is_told_and_works_again() {
    for (play, code) in [(Play::Close(3), "D-30"), (Play::Stall(3), "D-33")] {
        let server = CameraServer::start(vec![play, Play::Parts(part(&picture()))]);
        let (handle, events) = start(DeviceKind::Camera, "mjpeg", json!({"url": server.url()}), &program());
        until_state(&events, DeviceState::Ready);
        handle.capture(permits::face(), 1, DEADLINE);
        assert_eq!(failed(&events), (1, code.into()));
        until_state(&events, DeviceState::Ready);
        handle.capture(permits::face(), 2, DEADLINE);
        let event = until(&events, |what| matches!(what, HostEventKind::Preview(_)));
        assert_eq!(event.attempt, Some(2));
    }
}

#[test]
fn a_permit_for_a_finger_opens_no_camera() {
    let server = CameraServer::start(vec![]);
    let (handle, events) = start(DeviceKind::Camera, "mjpeg", json!({"url": server.url()}), &program());
    until_state(&events, DeviceState::Ready);
    handle.capture(permits::finger(), 9, DEADLINE);
    assert_eq!(failed(&events), (9, "D-54".into()));
    assert_eq!(server.streams(), 0);
}

#[test]
fn a_driver_that_dies_in_the_middle_fails_the_attempt() {
    let folder = tempfile::tempdir().unwrap();
    // Takes the settings and the order, and goes.
    let program = impostor(folder.path(), "dd bs=20000 count=2 of=/dev/null 2>/dev/null; kill -9 $$");
    let (handle, events) = start(DeviceKind::Camera, "mjpeg", json!({}), &program);
    handle.capture(permits::face(), 4, DEADLINE);
    assert_eq!(failed(&events), (4, "D-50".into()));
    until_state(&events, DeviceState::Faulted);
    handle.capture(permits::face(), 5, DEADLINE);
    let (attempt, code) = failed(&events);
    // Whether the order meets the pause or the next process is a matter of moments.
    assert!(attempt == 5 && ["D-50", "D-55"].contains(&code.as_str()), "{attempt} {code}");
}

#[test]
fn a_driver_that_talks_but_sends_no_frames_is_restarted() {
    let folder = tempfile::tempdir().unwrap();
    let alive = r#"while echo '{"event":"alive"}' >&0; do sleep 0.5; done"#;
    let (handle, events) = start(DeviceKind::Camera, "mjpeg", json!({}), &impostor(folder.path(), alive));
    handle.capture(permits::face(), 6, DEADLINE);
    assert_eq!(failed(&events), (6, "D-51".into()));
    assert_eq!(next_state(&events), DeviceState::Faulted);
}

#[test]
fn a_preview_counts_only_where_the_descriptor_offers_one() {
    let described = |preview: &str| {
        format!(
            r#"echo '{{"event":"described","descriptor":{{"kind":"finger-scanner","driver":"","vendor":"","model":"","serial":"","firmware":"","transport":"","ppi":500,"bit_depth":8,"width":2,"height":2,"groups":["single"],"fap":null,"preview_fps":9,"finger_preview":{preview},"segments_itself":false,"simulated":false}}}}' >&0"#
        )
    };
    let frame = r#"echo '{"event":"preview","attempt":7,"width":2,"height":2,"ppi":500,"bit_depth":8,"position":null,"captured_at":1,"sequence":1}' >&0"#;
    let offered = r#"{"ppi":500,"frames":"sample"}"#;
    // Takes the settings and the order. Each frame lacks its file, which is noticed when it is looked at.
    let script = format!(
        "dd bs=20000 count=2 of=/dev/null 2>/dev/null\n{}\n{frame}\n{}\n{frame}\nexec sleep 60",
        described("null"),
        described(offered)
    );
    let folder = tempfile::tempdir().unwrap();
    let (handle, events) = start(DeviceKind::FingerScanner, "live", json!({}), &impostor(folder.path(), &script));
    handle.capture(permits::finger(), 7, DEADLINE);
    for offers in [false, true] {
        let event = until(&events, |what| matches!(what, HostEventKind::Described(_) | HostEventKind::Fault(_)));
        let HostEventKind::Described(told) = event.what else { panic!("{event:?}") };
        assert_eq!(told.scored_preview().is_some(), offers);
    }
    assert_eq!(failed(&events), (7, "D-52".into()));
}

fn next_state(events: &Receiver<HostEvent>) -> DeviceState {
    match until(events, |what| matches!(what, HostEventKind::State(_))).what {
        HostEventKind::State(state) => state,
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_finger_in_time_is_no_trouble_of_the_device() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scanner");
    let _sensor = Sensor::plug_in(&path, Script { images: vec![], ..Script::default() });
    let settings = json!({"path": path, "baud": 115_200});
    let (handle, events) = start(DeviceKind::FingerScanner, "ef01", settings, &program());
    until_state(&events, DeviceState::Ready);
    handle.capture(permits::finger(), 3, Duration::from_millis(100));
    assert_eq!(until_fault(&events), "D-19");
    until_state(&events, DeviceState::Ready);
}
