//! The station's side of drivers that run in units of their own, behind sockets.

use crate::fakes::camera::{CameraServer, Play, part, picture};
use crate::fakes::sensor::{Script, Sensor, pixels};
use crate::fakes::units::Unit;
use crate::host::{start_at, until, until_fault, until_state};
use crate::permits;
use domain::device::{DeviceKind, DeviceState};
use drivers::host::{DriverPlace, HostEventKind};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, socket_with};
use serde_json::json;
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(20);

/// Waits for something that comes by itself.
fn eventually(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_driver_behind_a_socket_works_dies_and_works_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scanner");
    let _sensor = Sensor::plug_in(&path, Script::default());
    let unit = Unit::listen(folder.path(), "scanner", "ef01");
    let settings = json!({"path": path, "baud": 115_200});
    let place = DriverPlace::Sockets(folder.path().into());
    let (handle, events) = start_at(DeviceKind::FingerScanner, "ef01", settings, place);
    until_state(&events, DeviceState::Ready);
    handle.capture(permits::finger(), 2, DEADLINE);
    let HostEventKind::Fingers(images) = until(&events, |what| matches!(what, HostEventKind::Fingers(_))).what else {
        panic!("no image")
    };
    assert_eq!(images[0].grey(), pixels());
    until_state(&events, DeviceState::Ready);
    assert_eq!((unit.started(), unit.running()), (1, 1));

    unit.kill();
    assert_eq!(until_fault(&events), "D-50");
    assert!(handle.last_fault().unwrap().log.contains("journalctl --unit 'gatepost-driver-scanner-ef01@*'"));
    until_state(&events, DeviceState::Faulted);
    until_state(&events, DeviceState::Ready);
    assert_eq!(handle.last_fault(), None);
    assert_eq!((unit.started(), unit.running()), (2, 1));

    handle.shutdown();
    eventually("the driver ends when the station has gone", || unit.running() == 0);
}

#[test]
fn a_driver_ends_in_order_before_the_station_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let server = CameraServer::start(vec![Play::Parts(part(&picture()))]);
    let unit = Unit::listen(folder.path(), "camera", "mjpeg");
    let place = DriverPlace::Sockets(folder.path().into());
    let (handle, events) = start_at(DeviceKind::Camera, "mjpeg", json!({"url": server.url()}), place);
    until_state(&events, DeviceState::Ready);
    handle.capture(permits::face(), 5, DEADLINE);
    until(&events, |what| matches!(what, HostEventKind::Preview(_)));
    let before = Instant::now();
    handle.shutdown();
    assert!(before.elapsed() < Duration::from_secs(2), "{:?}", before.elapsed());
    eventually("the driver ends in the middle of a stream", || unit.running() == 0);
}

#[test]
fn a_socket_that_is_missing_is_told_with_its_unit_and_found_when_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let server = CameraServer::start(vec![]);
    let place = DriverPlace::Sockets(folder.path().into());
    let (handle, events) = start_at(DeviceKind::Camera, "mjpeg", json!({"url": server.url()}), place);
    assert_eq!(until_fault(&events), "D-53");
    let told = handle.last_fault().unwrap();
    assert!(told.log.contains("systemctl enable --now gatepost-driver-camera-mjpeg.socket"), "{}", told.log);
    until_state(&events, DeviceState::Faulted);

    // A file that is left of a listener that has gone.
    let path = folder.path().join("camera-mjpeg.sock");
    let left = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
    bind(&left, &SocketAddrUnix::new(&path).unwrap()).unwrap();
    eventually("the refusal is told", || handle.last_fault().is_some_and(|fault| fault.log.contains("nobody listens")));
    assert_eq!(handle.last_fault().unwrap().code, "D-53");

    std::fs::remove_file(&path).unwrap();
    let unit = Unit::listen(folder.path(), "camera", "mjpeg");
    until_state(&events, DeviceState::Ready);
    assert_eq!((unit.started(), handle.last_fault()), (1, None));
}

/// The thread that works with the device waits for ever: nobody but the process itself could end it.
#[cfg(feature = "sbi")]
#[test]
fn a_driver_whose_device_hangs_ends_itself_when_the_station_has_gone() {
    use crate::fakes::sbi::{Provider, SbiServer};
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    let server = SbiServer::with(vec![Provider::new().slap()], |_| panic!("nothing is captured"));
    let folder = tempfile::tempdir().unwrap();
    // Whoever opens it waits for a writer, and none comes.
    let endless = folder.path().join("trust.pem");
    mknodat(CWD, &endless, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let unit = Unit::listen(folder.path(), "scanner", "sbi");
    let settings = json!({"ports": [server.port, server.port], "env": "Developer", "fap": 60, "trust": endless});
    let place = DriverPlace::Sockets(folder.path().into());
    let (handle, events) = start_at(DeviceKind::FingerScanner, "sbi", settings, place);
    assert_eq!(until_fault(&events), "D-51", "it says nothing, so it is given up");
    eventually("it has ended, and another was started", || (unit.started(), unit.running()) == (2, 1));
    handle.shutdown();
    eventually("that one ends too", || unit.running() == 0);
}
