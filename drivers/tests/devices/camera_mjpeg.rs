//! A network camera that closes, stalls, sends rubbish or refuses.

use crate::fakes::camera::{CameraServer, Play, part, picture};
use crate::fakes::with_run;
use domain::device::DeviceFault;
use drivers::camera::mjpeg::{Mjpeg, Settings};
use drivers::camera::{Camera, CameraEvent};
use drivers::run::Run;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

fn driver(server: &CameraServer) -> Mjpeg {
    Mjpeg::new(&Settings { url: server.url() }).unwrap()
}

/// Width, height, sequence number.
type Size = (u32, u32, u64);

/// Streams until this many frames have come. Returns their sizes and sequence numbers, the damaged ones, the end.
fn stream(camera: &mut Mjpeg, frames: usize) -> (Vec<Size>, u32, Result<(), DeviceFault>) {
    let stop = AtomicBool::new(false);
    let (mut got, mut damaged) = (Vec::new(), 0);
    let ended = camera.stream(&Run::new(&stop, None, &|| ()), &mut |event| match event {
        CameraEvent::Frame(frame) => {
            got.push((frame.width, frame.height, frame.sequence));
            stop.store(got.len() >= frames, Ordering::SeqCst);
        }
        CameraEvent::Degraded => damaged += 1,
        CameraEvent::Described(_) => {}
    });
    (got, damaged, ended)
}

#[test]
fn asking_what_it_is_opens_no_stream() {
    let server = CameraServer::start(vec![]);
    let told = with_run(PATIENCE, |run| driver(&server).probe(run)).unwrap();
    assert_eq!(told.model, "SIMULATED CAMERA 1");
    assert!(told.simulated);
    assert_eq!((told.width, told.height, told.preview_fps), (16, 8, 20));
    assert_eq!(server.streams(), 0);
}

#[test]
fn frames_come_until_the_station_stops_them() {
    for play in [Play::Parts(part(&picture())), Play::Chunked] {
        let server = CameraServer::start(vec![play]);
        let mut camera = driver(&server);
        with_run(PATIENCE, |run| camera.probe(run)).unwrap();
        let (got, damaged, ended) = stream(&mut camera, 5);
        ended.unwrap();
        assert_eq!((got.len(), damaged), (5, 0));
        assert!(got.windows(2).all(|pair| pair[0].2 < pair[1].2), "sequence numbers rise");
        assert!(got.iter().all(|(width, height, _)| (*width, *height) == (16, 8)));
    }
}

#[test]
fn bad_days_of_the_stream() {
    let damaged = part(&picture()[..60]);
    for (play, code) in [
        (Play::Close(2), "D-30"),
        (Play::Stall(2), "D-33"),
        (Play::Stall(0), "D-33"),
        (Play::Parts(damaged), "D-34"),
        (Play::Raw(b"SSH-2.0-OpenSSH\r\n\r\n".to_vec()), "D-34"),
        (Play::Raw(vec![0; 20_000]), "D-34"),
        (Play::Raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>".to_vec()), "D-35"),
        (Play::Raw(Vec::new()), "D-30"),
        (Play::Status(404), "D-35"),
        (Play::Status(503), "D-35"),
    ] {
        let server = CameraServer::start(vec![play.clone()]);
        let mut camera = driver(&server);
        with_run(PATIENCE, |run| camera.probe(run)).unwrap();
        let fault = stream(&mut camera, usize::MAX).2.unwrap_err();
        assert_eq!(fault.code, code, "{play:?}: {}", fault.log);
    }
}

#[test]
fn a_damaged_picture_among_sound_ones_is_passed_over() {
    let parts = [part(&picture()), part(b"no picture"), part(&picture())].concat();
    let mut spaced = Vec::new();
    for _ in 0..3 {
        spaced.extend_from_slice(&parts);
    }
    // The sound one last: of several pictures that arrive together only the newest is looked at.
    let server = CameraServer::start(vec![Play::Parts(spaced)]);
    let mut camera = driver(&server);
    let (got, _, ended) = stream(&mut camera, 4);
    ended.unwrap();
    assert_eq!(got.len(), 4);
}

#[test]
fn a_camera_that_does_not_tell_its_size_is_described_by_its_pictures() {
    let server = CameraServer::start(vec![Play::Parts(part(&larger()))]);
    let mut camera = driver(&server);
    with_run(PATIENCE, |run| camera.probe(run)).unwrap();
    let stop = AtomicBool::new(false);
    let mut described = None;
    camera
        .stream(&Run::new(&stop, None, &|| ()), &mut |event| match event {
            CameraEvent::Described(descriptor) => described = Some((descriptor.width, descriptor.height)),
            CameraEvent::Frame(_) => stop.store(true, Ordering::SeqCst),
            CameraEvent::Degraded => {}
        })
        .unwrap();
    assert_eq!(described, Some((32, 24)));
}

#[test]
fn a_camera_that_goes_and_comes_back() {
    let server = CameraServer::start(vec![]);
    let port = server.port;
    let mut camera = driver(&server);
    with_run(PATIENCE, |run| camera.probe(run)).unwrap();
    drop(server);
    let fault = with_run(PATIENCE, |run| camera.probe(run)).unwrap_err();
    assert_eq!(fault.code, "D-30");
    let server = CameraServer::start_at(port, vec![Play::Parts(part(&picture()))]);
    with_run(PATIENCE, |run| camera.probe(run)).unwrap();
    stream(&mut camera, 1).2.unwrap();
    assert_eq!(server.streams(), 1);
}

fn larger() -> Vec<u8> {
    let mut bytes = Vec::new();
    image::codecs::jpeg::JpegEncoder::new(&mut bytes)
        .encode(&[90; 32 * 24 * 3], 32, 24, image::ExtendedColorType::Rgb8)
        .unwrap();
    bytes
}
