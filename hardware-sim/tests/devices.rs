//! Reader, camera, control socket and page, each over its own wire.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod common;

use common::{LIMIT, Simulation};
use domain::units::Millis;
use hardware_sim::stage::{Device, FaultKind};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Once;

fn client() -> reqwest::Client {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    reqwest::Client::builder().no_proxy().timeout(LIMIT).redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

fn order(simulation: &Simulation, order: &Value) -> Value {
    let mut socket = UnixStream::connect(simulation.path("control.sock")).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    socket.write_all(format!("{order}\n").as_bytes()).unwrap();
    let mut line = String::new();
    BufReader::new(socket).read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap()
}

fn read_until(port: &mut dyn Read, end: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let deadline = std::time::Instant::now() + LIMIT;
    while !bytes.ends_with(end) && std::time::Instant::now() < deadline {
        let mut buffer = [0; 64];
        if let Ok(count) = port.read(&mut buffer) {
            bytes.extend_from_slice(&buffer[..count]);
        }
    }
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reader_says_who_it_is_and_sends_what_is_swiped() {
    let simulation = Simulation::start(false, 0).await;
    let path = simulation.path("reader");
    let port = serialport::new(path.to_string_lossy(), 9600).timeout(std::time::Duration::from_millis(100)).open();
    let mut port = port.unwrap();
    port.write_all(&[0x05]).unwrap();
    assert_eq!(read_until(&mut port, b"\r"), b"ID SIMULATED MRZ READER 1\r");
    let answer = order(&simulation, &json!({ "do": "swipe", "lines": ["ABC<<", "DEF<<"] }));
    assert_eq!(answer, json!({ "ok": true }));
    assert_eq!(read_until(&mut port, b"DEF<<\r"), b"ABC<<\rDEF<<\r");
    // The count follows the last byte; a second question comes behind it.
    port.write_all(&[0x05]).unwrap();
    read_until(&mut port, b"1\r");
    assert_eq!(order(&simulation, &json!({ "do": "counters" }))["reader_swipes"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_answered_one_line_each() {
    let simulation = Simulation::start(false, 0).await;
    let arrived = order(&simulation, &json!({ "do": "arrive", "seed": 7, "traits": { "age": 5 } }));
    assert_eq!((&arrived["ok"], &arrived["seed"]), (&json!(true), &json!(7)));
    assert_eq!(arrived["lines"].as_array().unwrap().len(), 2);
    assert_eq!(order(&simulation, &json!({ "do": "finger", "finger": "right-index" }))["ok"], true);
    assert_eq!(order(&simulation, &json!({ "do": "who" }))["finger"], "right-index");
    for (bad, said) in [
        (json!({ "do": "pose", "yaw": 999 }), "yaw is not within -60 to 60"),
        (json!({ "do": "fault", "device": "reader", "fault": "bad-checksum" }), "cannot have"),
        (json!({ "do": "arrive", "seed": 1, "traits": { "age": 200 } }), "age"),
        (json!("x".repeat(33_000)), "32768 bytes"),
    ] {
        let answer = order(&simulation, &bad);
        assert_eq!(answer["ok"], false);
        assert!(answer["error"].as_str().unwrap().contains(said), "{answer}");
    }
    assert_eq!(order(&simulation, &json!({ "do": "leave" }))["ok"], true);
    let nobody = order(&simulation, &json!({ "do": "finger", "finger": "left-index" }));
    assert!(nobody["error"].as_str().unwrap().contains("nobody stands at the desk"), "{nobody}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_camera_streams_jpeg_frames_and_counts_only_streams() {
    let simulation = Simulation::start(false, 0).await;
    let address = format!("http://localhost:{}/stream", simulation.running.camera_port);
    let head = client().head(&address).send().await.unwrap();
    for (name, value) in [("x-device-id", "SIMULATED CAMERA 1"), ("x-frame-size", "640x480"), ("x-frame-rate", "20")] {
        assert_eq!(head.headers()[name], value);
    }
    assert_eq!(simulation.running.stage.counters().camera_streams, 0, "asking for the headers opens nothing");
    let mut stream = client().get(&address).send().await.unwrap();
    let first = stream.chunk().await.unwrap().unwrap();
    let start = first.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let image = image::load_from_memory(&first[start..]).unwrap();
    assert_eq!((image.width(), image.height()), (640, 480));
    assert!(simulation.running.stage.shown_at().is_some());
    assert_eq!(simulation.running.stage.counters().camera_streams, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_frames_of_the_newest_view_tell_since_when_it_is_shown() {
    let simulation = Simulation::start(false, 0).await;
    let stage = &simulation.running.stage;
    let (_, before) = stage.frame(0);
    simulation.arrive(3);
    let (_, now) = stage.frame(0);
    for (view, at, shown) in [(before, 5, None), (now, 7, Some(7)), (now, 9, Some(7)), (before, 11, Some(7))] {
        stage.sends(view, 0, Millis(at));
        assert_eq!(stage.shown_at(), shown.map(Millis), "{at}");
        assert_eq!(order(&simulation, &json!({ "do": "who" }))["shown_at_ms"], json!(shown), "{at}");
    }
    stage.leave();
    assert_eq!(stage.shown_at(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unplugged_camera_ends_its_streams_and_comes_back() {
    let simulation = Simulation::start(false, 0).await;
    let address = format!("http://localhost:{}/stream", simulation.running.camera_port);
    let mut stream = client().get(&address).send().await.unwrap();
    stream.chunk().await.unwrap().unwrap();
    let answer = order(&simulation, &json!({ "do": "fault", "device": "camera", "fault": "unplug" }));
    assert_eq!(answer, json!({ "ok": true }));
    let mut ended = stream.chunk().await;
    while matches!(ended, Ok(Some(_))) {
        ended = stream.chunk().await;
    }
    assert!(client().get(&address).send().await.is_err(), "nobody listens while it is unplugged");
    assert_eq!(order(&simulation, &json!({ "do": "fault", "device": "camera", "fault": "replug" }))["ok"], true);
    assert!(client().get(&address).send().await.unwrap().chunk().await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_frames_are_no_pictures() {
    let simulation = Simulation::start(false, 0).await;
    simulation.running.stage.set_fault(Device::Camera, FaultKind::Garbage, 0).unwrap();
    let address = format!("http://localhost:{}/stream", simulation.running.camera_port);
    let first = client().get(&address).send().await.unwrap().chunk().await.unwrap().unwrap();
    let start = first.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    assert!(first.starts_with(b"--gatepost-frame"), "the envelope stays right");
    assert!(image::load_from_memory(&first[start..]).is_err());
}

/// The next so many pictures of a stream, as bytes.
async fn pictures(stream: &mut reqwest::Response, count: usize) -> Vec<Vec<u8>> {
    let mut bytes: Vec<u8> = Vec::new();
    let mut found = Vec::new();
    while found.len() < count {
        bytes.extend(stream.chunk().await.unwrap().unwrap());
        while let Some(envelope) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..envelope].to_vec()).unwrap();
            let length: usize = head.rsplit("Content-Length: ").next().unwrap().trim().parse().unwrap();
            let (start, end) = (envelope + 4, envelope + 4 + length);
            if bytes.len() < end + 2 {
                break;
            }
            found.push(bytes[start..end].to_vec());
            bytes.drain(..end + 2);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_camera_repeats_itself_and_a_dark_one_shows_nothing() {
    let simulation = Simulation::start(false, 0).await;
    let stage = &simulation.running.stage;
    let address = format!("http://localhost:{}/stream", simulation.running.camera_port);
    let mut stream = client().get(&address).send().await.unwrap();
    let live = pictures(&mut stream, 3).await;
    assert!(live[0] != live[1] && live[1] != live[2], "no two live frames are alike");
    stage.set_fault(Device::Camera, FaultKind::Frozen, 0).unwrap();
    // One frame may be on its way, and one drawn.
    let frozen = pictures(&mut stream, 6).await;
    assert!(frozen[3] == frozen[4] && frozen[4] == frozen[5]);
    let brightness = |jpeg: &[u8]| {
        let grey = image::load_from_memory(jpeg).unwrap().into_luma8();
        let wall = image::imageops::crop_imm(&grey, 100, 50, 400, 300).to_image();
        wall.as_raw().iter().map(|value| u64::from(*value)).sum::<u64>() / wall.as_raw().len() as u64
    };
    stage.set_fault(Device::Camera, FaultKind::Dark, 0).unwrap();
    let dark = pictures(&mut stream, 4).await;
    assert!(brightness(&frozen[5]) > 100 && brightness(&dark[3]) < 20, "{}", brightness(&dark[3]));
    assert_ne!(dark[2], dark[3], "its sensor still has noise");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_that_drops_frames_sends_few_of_them() {
    let simulation = Simulation::start(false, 0).await;
    let stage = &simulation.running.stage;
    stage.set_fault(Device::Camera, FaultKind::Dropped, 0).unwrap();
    let address = format!("http://localhost:{}/stream", simulation.running.camera_port);
    let began = std::time::Instant::now();
    let mut stream = client().get(&address).send().await.unwrap();
    pictures(&mut stream, 3).await;
    // Between three frames lie two times nineteen that were dropped: a machine can be late with them, but not early.
    assert!(began.elapsed() >= std::time::Duration::from_millis(2 * 19 * 50), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hand_is_put_on_the_glass_by_order() {
    let simulation = Simulation::start(false, 0).await;
    simulation.arrive(9);
    let fingers = ["left-thumb", "right-thumb"];
    let put = json!({ "do": "hand", "fingers": fingers, "rotation": -12.5 });
    assert_eq!(order(&simulation, &put), json!({ "ok": true }));
    assert_eq!(order(&simulation, &json!({ "do": "who" }))["hand"], json!(fingers));
    assert_eq!(simulation.running.stage.platen().unwrap().pose.rotation, -12.5);
    let turned = order(&simulation, &json!({ "do": "hand", "fingers": fingers, "rotation": 50 }));
    assert!(turned["error"].as_str().unwrap().contains("45 degrees"), "{turned}");
    assert_eq!(order(&simulation, &json!({ "do": "hand", "fingers": [] }))["ok"], true);
    assert_eq!(order(&simulation, &json!({ "do": "who" }))["hand"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_plays_the_traveller() {
    let simulation = Simulation::start(false, 0).await;
    let base = format!("http://localhost:{}", simulation.running.page_port);
    let post = async |path: &str, form: &[(&str, &str)]| {
        client().post(format!("{base}{path}")).form(form).send().await.unwrap().status().as_u16()
    };
    assert_eq!(post("/finger", &[("finger", "right-index")]).await, 409, "nobody is there");
    assert_eq!(post("/arrive", &[("preset", "bandaged-finger"), ("seed", "9")]).await, 303);
    assert_eq!(post("/finger", &[("finger", "right-index")]).await, 409, "that finger is bandaged");
    assert_eq!(post("/finger", &[("finger", "left-index")]).await, 303);
    assert_eq!(post("/document", &[]).await, 303);
    assert_eq!(post("/fault", &[("device", "scanner"), ("fault", "unplug")]).await, 303);
    assert!(!simulation.path("scanner").exists());
    assert_eq!(post("/fault", &[("device", "scanner"), ("fault", "none")]).await, 303);
    assert!(simulation.path("scanner").exists());
    assert_eq!(post("/autopilot", &[("on", "true")]).await, 303);
    assert!(simulation.running.stage.has_autopilot());
    for (path, kind) in [("/", "text/html"), ("/picture.jpg", "image/jpeg"), ("/touch.png", "image/png")] {
        let answer = client().get(format!("{base}{path}")).send().await.unwrap();
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with(kind), "{path}");
    }
    let counters = simulation.running.stage.counters();
    assert_eq!((counters.camera_streams, counters.scanner_images), (0, 0), "looking at the page opens no device");
}
