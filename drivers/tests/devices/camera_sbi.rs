//! The driver for certified cameras: streams that end, stall, break or are refused.

use crate::fakes::camera::{part, picture};
use crate::fakes::pki::Authority;
use crate::fakes::sbi::{Device, Provider, Reply, SbiServer, now};
use crate::fakes::with_run;
use domain::device::{DeviceFault, DeviceKind, ErrorKind};
use drivers::camera::sbi::SbiCamera;
use drivers::camera::{Camera, CameraEvent};
use drivers::run::Run;
use drivers::sbi::ErrorCode;
use drivers::sbi::finder::Where;
use drivers::sbi::jws::Signer;
use drivers::sbi::message::{BioType, DeviceStatus, DeviceSubType, StreamRequest};
use jiff::Timestamp;
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Answer = Box<dyn FnMut() -> Reply + Send>;

type FakeCamera = SbiCamera<fn() -> Timestamp>;

fn face(provider: &Provider) -> Device {
    let mut device = provider.slap();
    device.id.bio_type = BioType::Face;
    device.id.device_sub_type = DeviceSubType::FullFace;
    device.info.device_id = "face-1".to_owned();
    device.info.device_sub_id = vec!["0".to_owned()];
    device
}

/// A service with a slap scanner and a camera whose streams are these, in turn.
fn serve(provider: &Provider, mut stream: impl FnMut(&StreamRequest) -> Reply + Send + 'static) -> SbiServer {
    let devices = [provider.slap(), face(provider)];
    SbiServer::start(move |method, body| match method {
        "MOSIPDISC" => Reply::Json(devices.iter().map(Device::listed).collect()),
        "MOSIPDINFO" => Reply::Json(devices.iter().map(Device::information).collect()),
        "STREAM" => stream(&serde_json::from_slice(body).unwrap()),
        other => panic!("{other} was not expected"),
    })
}

fn camera(server: &SbiServer, provider: &Provider) -> FakeCamera {
    let place: Where = serde_json::from_value(
        json!({"ports": [server.port, server.port], "env": "Developer", "trust": provider.file.path()}),
    )
    .unwrap();
    let mut camera: FakeCamera = SbiCamera::new(place, now as fn() -> Timestamp).unwrap();
    with_run(Duration::from_secs(20), |run| camera.probe(run)).unwrap();
    camera
}

fn stream_of(pictures: usize) -> Vec<u8> {
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n";
    [&head[..], &part(&picture()).repeat(pictures)].concat()
}

/// Streams until this many frames have come. Returns how many came, whether the size was told, and the end.
fn stream(camera: &mut FakeCamera, frames: usize) -> (usize, Vec<(u32, u32)>, Result<(), DeviceFault>) {
    let stop = AtomicBool::new(false);
    let (mut got, mut sizes) = (0, Vec::new());
    let ended = camera.stream(&Run::new(&stop, None, &|| ()), &mut |event| match event {
        CameraEvent::Frame(_) => {
            got += 1;
            stop.store(got >= frames, Ordering::SeqCst);
        }
        CameraEvent::Described(descriptor) => sizes.push((descriptor.width, descriptor.height)),
        CameraEvent::Degraded => {}
    });
    (got, sizes, ended)
}

#[test]
fn a_camera_is_found_beside_a_scanner_and_described() {
    let provider = Provider::new();
    let server = serve(&provider, |_| panic!("no stream is expected"));
    let mut camera = camera(&server, &provider);
    let got = with_run(Duration::from_secs(20), |run| camera.probe(run)).unwrap();
    assert_eq!((got.kind, got.driver.as_str(), got.preview_fps), (DeviceKind::Camera, "sbi", 3));
    assert_eq!(got.transport, format!("http://127.0.0.1:{} device face-1 L0", server.port));
    assert!(got.simulated && got.groups.is_empty());
    camera.check().unwrap();
    drop(server);
    // The next look is due at once after a failed one only.
    let gone = with_run(Duration::from_secs(20), |run| camera.probe(run)).unwrap_err();
    assert_eq!((gone.code.as_str(), gone.kind), ("D-70", ErrorKind::Disconnected));
    assert_eq!(camera.check().unwrap_err().kind, ErrorKind::Disconnected);
}

/// A camera that ends each stream after its time goes on in the next, and the frames' size is told once.
#[test]
fn streams_follow_one_another() {
    let provider = Provider::new();
    let (sender, asked) = channel();
    let server = serve(&provider, move |request| {
        sender.send(request.clone()).unwrap();
        Reply::Raw(stream_of(1))
    });
    let (got, sizes, ended) = stream(&mut camera(&server, &provider), 3);
    ended.unwrap();
    assert_eq!((got, sizes), (3, vec![(16, 8)]));
    let first = asked.recv().unwrap();
    assert_eq!((first.device_id.as_str(), first.device_sub_id.as_str()), ("face-1", "0"));
    assert_eq!(asked.iter().take(2).count(), 2);
}

/// Whoever listens on the port later is not the camera for that.
#[test]
fn every_stream_is_of_the_camera_that_proved_itself() {
    let provider = Provider::new();
    for (what, code, change) in [
        (
            "another camera",
            "D-79",
            (|device, _| device.id.serial_no = "SIM-FACE-2".to_owned()) as fn(&mut Device, Signer),
        ),
        ("nobody's camera", "D-76", |device, stranger| device.signer = Arc::new(stranger)),
        ("no camera", "D-74", |device, _| device.info.device_status = DeviceStatus::NotReady),
    ] {
        let device = Arc::new(Mutex::new(face(&provider)));
        let shared = device.clone();
        let server = SbiServer::start(move |method, _| {
            let mut device = shared.lock().unwrap();
            match method {
                "MOSIPDISC" => Reply::Json(json!([device.listed()])),
                "MOSIPDINFO" => Reply::Json(json!([device.information()])),
                _ => {
                    change(&mut device, Authority::root("SIMULATED provider").device());
                    Reply::Raw(stream_of(1))
                }
            }
        });
        let (got, _, ended) = stream(&mut camera(&server, &provider), usize::MAX);
        let fault = ended.unwrap_err();
        assert_eq!((got, fault.code.as_str()), (1, code), "{what}: {}", fault.log);
    }
}

#[test]
fn bad_days_of_the_stream() {
    let provider = Provider::new();
    let refused = |code: ErrorCode| move || Reply::Json(json!({"error": code.info()}));
    let endless = || [stream_of(0), b"--frame\r\n\r\n".to_vec(), vec![b'x'; 9 * 1024 * 1024]].concat();
    let ending = |error: serde_json::Value| {
        let last = format!("--frame\r\nContent-Type: application/json\r\n\r\n{error}\r\n--frame--\r\n");
        [stream_of(1), last.into_bytes()].concat()
    };
    let rows: [(&str, Answer); 14] = [
        ("D-30", Box::new(|| Reply::Raw(stream_of(0)))),
        ("D-33", Box::new(|| Reply::Hold(stream_of(1)))),
        ("D-34", Box::new(move || Reply::Raw(endless()))),
        ("D-35", Box::new(|| Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>".to_vec()))),
        ("D-72", Box::new(|| Reply::Raw(b"HTTP/1.1 500 Sorry\r\n\r\n".to_vec()))),
        ("D-72", Box::new(|| Reply::Raw(b"SSH-2.0-OpenSSH\r\n\r\n".to_vec()))),
        ("D-70", Box::new(refused(ErrorCode::NoDevice))),
        ("D-73", Box::new(refused(ErrorCode::Busy))),
        ("D-74", Box::new(refused(ErrorCode::NotReady))),
        ("D-71", Box::new(|| Reply::Hold(Vec::new()))),
        // Streams that end at once, one after the other.
        ("D-30", Box::new(|| Reply::Raw(stream_of(1)))),
        ("D-30", Box::new(move || Reply::Raw(ending(json!({"error": {"errorCode": "609", "errorInfo": ""}}))))),
        // What ends a stream is read as the error that it is, and counts as no picture.
        ("D-74", Box::new(move || Reply::Raw(ending(json!({"error": ErrorCode::NotReady.info()}))))),
        ("D-72", Box::new(move || Reply::Raw(ending(json!({"errors": 1}))))),
    ];
    for (code, mut reply) in rows {
        let server = serve(&provider, move |_| reply());
        let fault = stream(&mut camera(&server, &provider), usize::MAX).2.unwrap_err();
        assert_eq!(fault.code, code, "{}", fault.log);
    }
}
