//! A driver process from its own side: what it says to the station, in order.

use crate::fakes::camera::{CameraServer, Play, part, picture};
use crate::fakes::sensor::{Script, Sensor, Upload, pixels};
use domain::device::DeviceKind;
use domain::finger::Finger;
use drivers::serve::{ServeError, serve};
use drivers::wire::{Attachment, Channel, Event, Request, Target};
use serde_json::{Value, json};
use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// The station's end of a driver that runs on a thread.
struct Station {
    channel: Option<Channel>,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
}

impl Station {
    fn start(kind: DeviceKind, driver: &'static str, settings: Value) -> Self {
        let (ours, theirs) = Channel::pair().unwrap();
        let thread = std::thread::spawn(move || serve(kind, driver, None, theirs));
        let station = Self { channel: Some(ours), thread: Some(thread) };
        station.ask(&Request::Start { settings });
        station
    }

    fn scanner(path: &Path) -> Self {
        Self::start(DeviceKind::FingerScanner, "ef01", json!({"path": path, "baud": 115_200}))
    }

    fn ask(&self, request: &Request) {
        self.channel.as_ref().unwrap().send(request, None).unwrap();
    }

    fn capture(&self, attempt: u64, what: Target) {
        self.ask(&Request::Capture { attempt, what, deadline_ms: 20_000 });
    }

    /// The next thing said besides "alive".
    fn next(&self) -> (Event, Option<Attachment>) {
        loop {
            let received = self.channel.as_ref().unwrap().receive::<Event>(Some(PATIENCE)).unwrap();
            let received = received.expect("the driver says something");
            if received.message != Event::Alive {
                return (received.message, received.attachment);
            }
        }
    }

    fn words(&self, count: usize) -> Vec<String> {
        (0..count).map(|_| word(&self.next().0)).collect()
    }

    fn end(mut self) -> Result<(), ServeError> {
        self.channel = None;
        self.thread.take().unwrap().join().unwrap()
    }
}

fn word(event: &Event) -> String {
    match event {
        Event::Alive => "alive".into(),
        Event::Described { descriptor } => format!("described {}", descriptor.model),
        Event::Document { .. } => "document".into(),
        Event::Fault { attempt, fault } => format!("fault {attempt:?} {}", fault.code),
        Event::Finger { attempt, .. } => format!("finger {attempt}"),
        Event::Frame { attempt, .. } => format!("frame {attempt}"),
        Event::Lifted { attempt } => format!("lifted {attempt}"),
        Event::Placed { attempt } => format!("placed {attempt}"),
        Event::Preview { attempt, .. } => format!("preview {attempt}"),
        Event::State { state } => format!("{state:?}").to_lowercase(),
    }
}

#[test]
fn one_capture_from_beginning_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scanner");
    let _sensor = Sensor::plug_in(&path, Script::default());
    let station = Station::scanner(&path);
    assert_eq!(station.words(2), ["described SIMULATED R503", "ready"]);
    station.capture(7, Target::Fingers(vec![Finger::RightIndex]));
    assert_eq!(station.words(2), ["busy", "placed 7"]);
    let (event, file) = station.next();
    assert_eq!(file.unwrap().read(event.attachment_size().unwrap()).unwrap(), pixels());
    assert_eq!(station.words(2), ["lifted 7", "ready"]);
    station.end().unwrap();
}

#[test]
fn unplugged_in_the_middle_and_plugged_in_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scanner");
    let sensor = Sensor::plug_in(&path, Script { uploads: vec![Upload::Unplug], ..Script::default() });
    let station = Station::scanner(&path);
    station.words(2);
    station.capture(3, Target::Fingers(vec![Finger::RightIndex]));
    assert_eq!(station.words(4), ["busy", "placed 3", "fault Some(3) D-12", "absent"]);
    drop(sensor);
    station.capture(4, Target::Fingers(vec![Finger::RightIndex]));
    assert_eq!(station.words(2), ["fault None D-12", "fault Some(4) D-55"]);
    let _sensor = Sensor::plug_in(&path, Script::default());
    assert_eq!(station.words(1), ["ready"]);
    station.capture(5, Target::Fingers(vec![Finger::RightIndex]));
    assert_eq!(station.words(5), ["busy", "placed 5", "finger 5", "lifted 5", "ready"]);
    station.end().unwrap();
}

#[test]
fn out_and_in_again_before_anybody_looked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scanner");
    let sensor = Sensor::plug_in(&path, Script::default());
    let station = Station::scanner(&path);
    station.words(2);
    drop(sensor);
    let _sensor = Sensor::plug_in(&path, Script::default());
    station.capture(6, Target::Fingers(vec![Finger::RightIndex]));
    // On a busy machine a look may have come between, and told of it.
    let told: Vec<_> = std::iter::from_fn(|| Some(station.words(1).remove(0)))
        .skip_while(|word| word != "busy")
        .take_while(|word| word != "ready")
        .collect();
    assert_eq!(told, ["busy", "placed 6", "finger 6", "lifted 6"]);
    station.end().unwrap();
}

#[test]
fn a_stream_until_it_is_stopped_and_once_more() {
    let server = CameraServer::start(vec![Play::Parts(part(&picture())), Play::Parts(part(&picture()))]);
    let station = Station::start(DeviceKind::Camera, "mjpeg", json!({"url": server.url()}));
    assert_eq!(station.words(2), ["described SIMULATED CAMERA 1", "ready"]);
    for attempt in [1, 2] {
        station.capture(attempt, Target::Face);
        assert_eq!(station.words(1), ["busy"]);
        for _ in 0..5 {
            let (event, file) = station.next();
            assert_eq!(word(&event), format!("frame {attempt}"));
            assert_eq!(file.unwrap().read(16 * 8 * 3).unwrap().len(), 384);
            station.ask(&Request::FrameTaken);
        }
        station.ask(&Request::Stop);
        let late = std::iter::from_fn(|| Some(station.next()))
            .inspect(|_| station.ask(&Request::FrameTaken))
            .find(|(event, _)| !matches!(event, Event::Frame { .. }));
        assert_eq!(word(&late.unwrap().0), "ready");
    }
    assert_eq!(server.streams(), 2);
    station.end().unwrap();
}

#[test]
fn settings_that_cannot_stand_end_the_process() {
    let station = Station::start(DeviceKind::FingerScanner, "ef01", json!({"path": "/x", "bauds": 1}));
    assert_eq!(station.words(2), ["fault None D-10", "faulted"]);
    assert!(matches!(station.end(), Err(ServeError::Settings(_))));
}

#[test]
fn a_station_that_does_not_begin_with_the_settings_is_refused() {
    let (ours, theirs) = Channel::pair().unwrap();
    ours.send(&Request::Stop, None).unwrap();
    assert!(matches!(serve(DeviceKind::Camera, "mjpeg", None, theirs), Err(ServeError::NoSettings)));
}
