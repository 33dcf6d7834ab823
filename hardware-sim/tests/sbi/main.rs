//! The simulated device service, asked over HTTP as any host asks it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod client;
mod desk;
mod faults;

use base64::Engine;
use desk::{Desk, codes, samples};
use domain::device::CaptureGroup;
use domain::finger::Finger;
use drivers::sbi::message::{BASE64, DeviceInfo, DigitalId, sub_type};
use drivers::sbi::{first_hash, iso::FingerRecord, iso::Slap, iso_face::FaceRecord, jp2, next_hash};
use hardware_sim::sbi::Part;
use hardware_sim::stage::HandPose;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_host_learns_what_is_offered_and_opens_nothing_by_asking() {
    let desk = Desk::new().await;
    let found = desk.json("MOSIPDISC", "/device", json!({ "type": "Biometric Device" })).await;
    let ids: Vec<&str> = found.as_array().unwrap().iter().filter_map(|one| one["deviceId"].as_str()).collect();
    assert_eq!(ids, ["SIMULATED-SLAP-1", "SIMULATED-FACE-1"]);
    assert_eq!(found[0]["deviceSubId"], json!(["1", "2", "3"]));
    assert_eq!(found[0]["callbackId"], format!("http://127.0.0.1:{}", desk.port()));
    let id: DigitalId =
        serde_json::from_slice(&BASE64.decode(found[0]["digitalId"].as_str().unwrap()).unwrap()).unwrap();
    assert!(id.simulated() && id.serial_no.len() >= 12, "{id:?}");
    let face = desk.json("MOSIPDISC", "/device", json!({ "type": "Face" })).await;
    assert_eq!((face.as_array().unwrap().len(), &face[0]["deviceId"]), (1, &json!("SIMULATED-FACE-1")));
    for (kind, code) in [("Iris", "106"), ("Toe", "502")] {
        let none = desk.json("MOSIPDISC", "/device", json!({ "type": kind })).await;
        assert_eq!(none[0]["error"]["errorCode"], code, "{kind}");
    }
    let infos = desk.json("MOSIPDINFO", "/info", Value::Null).await;
    for info in infos.as_array().unwrap() {
        let info: DeviceInfo = desk.verified(info["deviceInfo"].as_str().unwrap());
        let id: DigitalId = desk.verified(&info.digital_id);
        assert!(id.simulated() && info.device_id.contains("SIMULATED"), "{info:?}");
    }
    assert_eq!(desk.opened(), 0, "asking opens nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_calls_of_the_interface_from_this_machine_are_answered() {
    let desk = Desk::new().await;
    let info = desk.send("MOSIPDINFO", "/info", Value::Null).await.unwrap();
    assert_eq!(info.status(), StatusCode::OK);
    let header = |name: &str| info.headers()[name].to_str().unwrap().to_owned();
    assert_eq!((header("cache-control"), header("content-type")), ("no-store".into(), "application/json".into()));
    assert_eq!(header("location"), format!("http://127.0.0.1:{}", desk.port()));
    let rows = [
        ("GET", "/info", [None, None], StatusCode::METHOD_NOT_ALLOWED),
        ("MOSIPDISC", "/info", [None, None], StatusCode::METHOD_NOT_ALLOWED),
        ("MOSIPDINFO", "/other", [None, None], StatusCode::NOT_FOUND),
        ("MOSIPDINFO", "/info", [Some(("host", "devices.example:4501")), None], StatusCode::FORBIDDEN),
        ("MOSIPDINFO", "/info", [Some(("origin", "https://devices.example")), None], StatusCode::FORBIDDEN),
        ("MOSIPDINFO", "/info", [Some(("origin", "http://127.0.0.1:8600")), None], StatusCode::OK),
        ("OPTIONS", "/capture", [Some(("origin", "http://localhost")), None], StatusCode::NO_CONTENT),
    ];
    for (verb, path, headers, status) in rows {
        let headers: Vec<(&str, &str)> = headers.into_iter().flatten().collect();
        assert_eq!(desk.send_with(verb, path, Value::Null, &headers).await.unwrap().status(), status, "{verb} {path}");
    }
    let long = Value::String("x".repeat(70_000));
    assert_eq!(desk.send("RCAPTURE", "/capture", long).await.unwrap().status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hand_that_comes_while_the_device_waits_is_answered_finger_by_finger() {
    let desk = Desk::with_visitor(true).await;
    let four = CaptureGroup::RightFour.fingers();
    let put = async {
        desk.until_capturing().await;
        assert_eq!(desk.status().await, "Busy");
        let second = desk.capture(desk.wish(Part::RightFour, 4, &[])).await;
        assert_eq!(codes(&second), ["111"], "one capture at a time");
        desk.put(four);
    };
    let (answer, ()) = tokio::join!(desk.capture(desk.wish(Part::RightFour, 4, &[])), put);
    let platen = desk.stage.platen().unwrap();
    let samples = samples(&desk, &answer);
    assert_eq!(samples.len(), 4);
    let mut previous = first_hash();
    for (at, (data, hash)) in samples.iter().enumerate() {
        let record = data.bio_value.0.expose();
        assert_eq!(data.bio_sub_type.as_deref(), Some(sub_type(four[at])));
        assert_eq!(data.transaction_id, desk::TRANSACTION);
        previous = next_hash(&previous, record).unwrap();
        assert_eq!(*hash, previous, "each hash holds those before");
        let record = FingerRecord::parse(record).unwrap();
        let picture = jp2::decode(record.picture.expose()).unwrap();
        assert_eq!(record.position, four[at]);
        let (sent, shown) = (picture.bytes.expose(), platen.fingers[at].image.as_raw());
        let apart = sent.iter().zip(shown).map(|(sent, shown)| sent.abs_diff(*shown)).max();
        assert_eq!((sent.len(), apart), (shown.len(), Some(1)), "the picture, and the noise of its exposure");
    }
    let counted = desk.stage.counters();
    assert_eq!((counted.slap_captures, counted.slap_images), (1, 4));
    assert_eq!(desk.status().await, "Ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn fingers_that_are_not_there_are_told_apart_from_those_that_are_excepted() {
    let desk = Desk::with_visitor(true).await;
    let nothing = desk.capture(desk.hurried(Part::LeftFour, 4, &[])).await;
    assert_eq!(codes(&nothing), ["101"], "an empty glass");
    desk.put(&[Finger::RightThumb]);
    assert_eq!(codes(&desk.capture(desk.hurried(Part::LeftFour, 4, &[])).await), ["101"], "another hand");
    let three = [Finger::LeftIndex, Finger::LeftRing, Finger::LeftLittle];
    desk.put(&three);
    let partial = desk.capture(desk.hurried(Part::LeftFour, 4, &[])).await;
    assert_eq!(codes(&partial), ["0", "101", "0", "0"], "the middle finger is not on the glass");
    let excepted = desk.capture(desk.wish(Part::LeftFour, 3, &[Finger::LeftMiddle])).await;
    let names: Vec<_> = samples(&desk, &excepted).into_iter().filter_map(|(data, _)| data.bio_sub_type).collect();
    assert_eq!(names, three.map(sub_type));
    let mut one = desk.wish(Part::LeftFour, 1, &[]);
    one["bio"][0]["bioSubType"] = json!([sub_type(Finger::LeftRing)]);
    assert_eq!(samples(&desk, &desk.capture(one).await).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_the_device_cannot_carry_out_are_refused_by_code_before_it_opens() {
    let desk = Desk::new().await;
    let rows: [(&str, Value, &str); 20] = [
        ("/transactionId", json!("no spaces!"), "112"),
        ("/transactionId", json!("abc"), "112"),
        ("/transactionId", Value::Null, "112"),
        ("/env", json!("Home"), "115"),
        ("/purpose", json!("Auth"), "121"),
        ("/specVersion", json!("0.8"), "710"),
        ("/timeout", json!("soon"), "710"),
        ("/timeout", json!("99999999"), "710"),
        ("/bio", json!([]), "109"),
        ("/bio/0/type", json!("Iris"), "114"),
        ("/bio/0/type", json!("Face"), "114"),
        ("/bio/0/deviceId", json!("another"), "106"),
        ("/bio/0/deviceSubId", json!("0"), "109"),
        ("/bio/0/count", json!("5"), "109"),
        ("/bio/0/count", json!("0"), "109"),
        ("/bio/0/requestedScore", json!("101"), "710"),
        ("/bio/0/previousHash", json!("zz"), "710"),
        ("/bio/0/bioSubType", json!(["Left IndexFinger"]), "119"),
        ("/bio/0/exception", json!(["Left Toe"]), "117"),
        ("/bio/0/exception", json!(["Left IndexFinger"]), "118"),
    ];
    for (place, value, code) in rows {
        let mut wish = desk.wish(Part::RightFour, 4, &[]);
        *wish.pointer_mut(place).unwrap() = value.clone();
        assert_eq!(codes(&desk.capture(wish).await), [code], "{place} {value}");
    }
    let auth = desk.json("CAPTURE", "/capture", desk.wish(Part::RightFour, 4, &[])).await;
    assert_eq!(codes(&auth), ["809"]);
    assert_eq!(desk.opened(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_cuts_nothing_sends_the_glass_as_it_is() {
    let desk = Desk::with_visitor(false).await;
    desk.put(&[Finger::LeftThumb, Finger::RightThumb]);
    let answer = desk.capture(desk.wish(Part::TwoThumbs, 2, &[])).await;
    let samples = samples(&desk, &answer);
    let [(data, _)] = samples.as_slice() else { panic!("{} samples", samples.len()) };
    assert_eq!(data.bio_sub_type.as_deref(), Some("UNKNOWN"));
    let record = FingerRecord::parse_slap(data.bio_value.0.expose()).unwrap();
    assert_eq!(record.position, Slap::TwoThumbs);
    let picture = jp2::decode(record.picture.expose()).unwrap();
    assert_eq!((picture.width, picture.height), (1600, 1500));
    let dark = picture.bytes.expose().iter().filter(|grey| **grey < 128).count();
    assert!(dark > 20_000, "{dark} dark pixels");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_face_camera_answers_with_a_portrait_and_shows_a_preview() {
    let desk = Desk::new().await;
    let wish = || {
        let mut wish = desk.hurried(Part::Face, 1, &[]);
        wish["bio"][0]["requestedScore"] = json!("1");
        wish
    };
    assert_eq!(codes(&desk.capture(wish()).await), ["101"], "nobody stands there");
    desk.arrive(true);
    let samples = samples(&desk, &desk.capture(wish()).await);
    let [(data, _)] = samples.as_slice() else { panic!("{} samples", samples.len()) };
    assert_eq!(data.bio_sub_type, None);
    let record = FaceRecord::parse(data.bio_value.0.expose()).unwrap();
    let picture = jp2::decode(record.picture.expose()).unwrap();
    assert_eq!((picture.width, picture.height, picture.channels), (640, 480, 3));
    let sent = picture.bytes.expose();
    let shown = (0..100).any(|number| desk.stage.photograph(number).unwrap().as_raw() == sent);
    assert!(shown, "not a pixel is lost");
    let counted = desk.stage.counters();
    assert_eq!((counted.portrait_captures, counted.portrait_images, counted.slap_captures), (2, 1, 0));

    let order = json!({ "deviceId": "SIMULATED-FACE-1", "deviceSubId": "0", "timeout": "60000" });
    let mut stream = desk.send("STREAM", "/stream", order).await.unwrap();
    assert!(stream.headers()["content-type"].to_str().unwrap().starts_with("multipart/x-mixed-replace"));
    let mut seen = Vec::new();
    while seen.windows(2).filter(|two| two == b"\xff\xd9").count() < 3 {
        seen.extend_from_slice(&stream.chunk().await.unwrap().unwrap());
    }
    assert_eq!(desk.stage.counters().preview_streams, 1);
    let short = json!({ "deviceId": "SIMULATED-SLAP-1", "deviceSubId": "2", "timeout": "1" });
    let ended = desk.send("STREAM", "/stream", short).await.unwrap().bytes().await.unwrap();
    assert!(String::from_utf8_lossy(&ended).contains("\"609\""), "a stream says that its time is up");
    let unknown = desk.json("STREAM", "/stream", json!({ "deviceId": "another", "deviceSubId": "0" })).await;
    assert_eq!(unknown["error"]["errorCode"], "106");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_goes_frees_the_device() {
    let desk = Desk::with_visitor(true).await;
    let waiting = desk.capture(desk.wish(Part::RightFour, 4, &[]));
    tokio::select! {
        answer = waiting => panic!("{answer}"),
        () = desk.until_capturing() => {}
    }
    tokio::time::timeout(Duration::from_secs(20), async { while desk.status().await != "Ready" {} }).await.unwrap();
    desk.stage.put_hand(&[Finger::RightThumb, Finger::LeftThumb], HandPose::default()).unwrap();
    assert_eq!(samples(&desk, &desk.capture(desk.wish(Part::TwoThumbs, 2, &[])).await).len(), 2);
}
