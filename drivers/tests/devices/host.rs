//! The station's side, with real driver processes.

use crate::fakes::pty::Device;
use crate::fakes::sensor::{Script, Sensor};
use domain::device::{DeviceKind, DeviceState};
use drivers::host::{DriverHandle, DriverPlace, DriverSpec, HostEvent, HostEventKind};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

pub fn start(kind: DeviceKind, driver: &str, settings: Value, program: &Path) -> (DriverHandle, Receiver<HostEvent>) {
    start_at(kind, driver, settings, DriverPlace::Program(program.to_owned()))
}

pub fn start_at(
    kind: DeviceKind,
    driver: &str,
    settings: Value,
    place: DriverPlace,
) -> (DriverHandle, Receiver<HostEvent>) {
    let spec = DriverSpec { name: "desk".into(), kind, driver: driver.into(), settings, place };
    let (sender, events) = channel();
    (DriverHandle::start(spec, move |event| drop(sender.send(event))), events)
}

pub fn program() -> PathBuf {
    env!("CARGO_BIN_EXE_gatepost-driver").into()
}

/// Events until one of them is this.
pub fn until(events: &Receiver<HostEvent>, found: impl Fn(&HostEventKind) -> bool) -> HostEvent {
    loop {
        let event = events.recv_timeout(PATIENCE).expect("the device does something");
        if found(&event.what) {
            return event;
        }
    }
}

pub fn until_state(events: &Receiver<HostEvent>, wanted: DeviceState) {
    until(events, |what| matches!(what, HostEventKind::State(state) if *state == wanted));
}

pub fn until_fault(events: &Receiver<HostEvent>) -> String {
    match until(events, |what| matches!(what, HostEventKind::Fault(_))).what {
        HostEventKind::Fault(fault) => fault.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_scanner_goes_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scanner");
    let settings = json!({"path": path, "baud": 115_200});
    let (handle, events) = start(DeviceKind::FingerScanner, "ef01", settings, &program());
    assert_eq!(until_fault(&events), "D-12");
    until_state(&events, DeviceState::Absent);
    assert_eq!(handle.last_fault().unwrap().code, "D-12");
    for _ in 0..2 {
        let sensor = Sensor::plug_in(&path, Script::default());
        until_state(&events, DeviceState::Ready);
        assert!(handle.descriptor().unwrap().simulated);
        assert_eq!(handle.last_fault(), None);
        drop(sensor);
        until_state(&events, DeviceState::Absent);
        assert_eq!(handle.last_fault().unwrap().code, "D-12");
    }
    handle.shutdown();
    assert!(events.iter().count() < 10, "after the shutdown nothing more comes");
}

#[test]
fn documents_come_without_being_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reader");
    let device = Device::plug_in(&path);
    let settings = json!({"path": path, "ask_identity": false});
    let (handle, events) = start(DeviceKind::DocumentReader, "serial-mrz", settings, &program());
    until_state(&events, DeviceState::Ready);
    device.write(b"P<UTOERIKSSON\rL898902C36UTO\r");
    let event = until(&events, |what| matches!(what, HostEventKind::Document(_)));
    assert_eq!(event.attempt, None);
    assert!(!format!("{event:?}").contains("ERIKSSON"));
    let HostEventKind::Document(lines) = event.what else { panic!("no document") };
    assert_eq!(lines.expose(), "P<UTOERIKSSON\nL898902C36UTO");
    assert_eq!((handle.name(), handle.kind()), ("desk", DeviceKind::DocumentReader));
}

/// A program that takes a driver's place, in the words of the shell.
pub fn impostor(folder: &Path, script: &str) -> PathBuf {
    let path = folder.join("impostor");
    // Another process writes the file. Were it open for writing here, a test that forks at this moment would inherit
    // it, and the kernel would refuse to run it ("text file busy").
    let mut writer = Command::new("sh")
        .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
        .arg(&path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    writer.stdin.take().unwrap().write_all(format!("#!/bin/sh\n{script}\n").as_bytes()).unwrap();
    assert!(writer.wait().unwrap().success());
    path
}

#[test]
fn programs_that_are_no_driver_are_restarted_again_and_again() {
    let described = r#"{"event":"described","descriptor":{"kind":"camera","driver":"","vendor":"","model":"","serial":"","firmware":"","transport":"","ppi":null,"bit_depth":8,"width":1,"height":1,"groups":[],"fap":null,"preview_fps":0,"segments_itself":false,"simulated":false}}"#;
    for (script, code) in [
        ("exit 0", "D-50"),
        ("kill -9 $$", "D-50"),
        ("echo garbage >&0; exec sleep 60", "D-52"),
        (r#"echo '{"event":"document","bytes":5}' >&0; exec sleep 60"#, "D-52"),
        (&format!("echo '{described}' >&0; exec sleep 60"), "D-52"),
        (
            r#"echo '{"event":"fault","attempt":null,"fault":{"kind":"other","code":"X","officer":"","log":""}}' >&0; exec sleep 60"#,
            "D-52",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let program = impostor(folder.path(), script);
        let (handle, events) = start(DeviceKind::DocumentReader, "serial-mrz", json!({}), &program);
        assert_eq!(until_fault(&events), code, "{script}");
        if !script.contains(r#""code":"X""#) {
            until_state(&events, DeviceState::Faulted);
            until_state(&events, DeviceState::Starting);
        }
        handle.shutdown();
    }
}

#[test]
fn a_driver_that_says_nothing_is_restarted() {
    let folder = tempfile::tempdir().unwrap();
    let program = impostor(folder.path(), "exec sleep 60");
    let (_handle, events) = start(DeviceKind::Camera, "mjpeg", json!({}), &program);
    assert_eq!(until_fault(&events), "D-51");
    until_state(&events, DeviceState::Faulted);
}

#[test]
fn a_program_that_is_missing_is_told() {
    let (handle, events) = start(DeviceKind::Camera, "mjpeg", json!({}), Path::new("/nonexistent/driver"));
    assert_eq!(until_fault(&events), "D-53");
    until_state(&events, DeviceState::Faulted);
    assert_eq!(handle.state(), DeviceState::Faulted);
}
