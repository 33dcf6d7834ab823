//! Bad days of the device service.

use super::desk::{Desk, TRANSACTION, codes, samples};
use domain::finger::Finger;
use drivers::sbi::message::time;
use hardware_sim::clock;
use hardware_sim::sbi::Part;
use hardware_sim::stage::{Device, FaultKind};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

fn taken_at(desk: &Desk, answer: &Value) -> Timestamp {
    time(&samples(desk, answer)[0].0.timestamp).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_can_be_wrong_in_every_way_that_a_host_must_notice() {
    let desk = Desk::with_visitor(true).await;
    let thumbs = || desk.capture(desk.wish(Part::TwoThumbs, 2, &[]));
    let set = |fault| desk.stage.set_fault(Device::Slap, fault, 0).unwrap();
    desk.put(&[Finger::LeftThumb, Finger::RightThumb]);
    let good = thumbs().await;
    assert!(clock::now().duration_since(taken_at(&desk, &good)) < SignedDuration::from_mins(2));
    let again = samples(&desk, &thumbs().await);
    let pairs = samples(&desk, &good).into_iter().zip(again);
    assert!(pairs.into_iter().all(|(one, two)| one.0.bio_value != two.0.bio_value), "no two exposures are alike");

    set(FaultKind::BadSignature);
    let spoilt = thumbs().await;
    let token = spoilt["biometrics"][0]["data"].as_str().unwrap();
    assert!(!desk.trusts(token) && desk.trusts(good["biometrics"][0]["data"].as_str().unwrap()));

    set(FaultKind::Stale);
    assert!(clock::now().duration_since(taken_at(&desk, &thumbs().await)) > SignedDuration::from_mins(9));

    set(FaultKind::WrongTransaction);
    assert_ne!(samples(&desk, &thumbs().await)[0].0.transaction_id, TRANSACTION);

    set(FaultKind::Partial);
    assert_eq!(codes(&thumbs().await), ["0", "101"]);

    set(FaultKind::Replay);
    assert_eq!(thumbs().await, good, "the first answer, to the last byte");

    let counted = desk.stage.counters().slap_captures;
    for (fault, code, status) in [
        (FaultKind::Busy, "111", "Busy"),
        (FaultKind::NotReady, "110", "Not Ready"),
        (FaultKind::NotRegistered, "100", "Not Registered"),
    ] {
        set(fault);
        assert_eq!(codes(&thumbs().await), [code]);
        assert_eq!(desk.status().await, status);
        let info = desk.json("MOSIPDINFO", "/info", Value::Null).await;
        assert_eq!(info[0]["error"]["errorCode"], code);
        let signed = info[0]["deviceInfo"].as_str().unwrap().contains('.');
        assert_eq!(signed, fault != FaultKind::NotRegistered, "nobody vouches for what is not registered");
    }
    assert_eq!(desk.stage.counters().slap_captures, counted, "nothing was opened");

    set(FaultKind::None);
    assert_eq!(samples(&desk, &thumbs().await).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_can_fail_in_the_middle_of_an_answer() {
    let desk = Desk::with_visitor(true).await;
    desk.put(&[Finger::LeftThumb, Finger::RightThumb]);
    let wish = || desk.wish(Part::TwoThumbs, 2, &[]);

    desk.stage.set_fault(Device::Slap, FaultKind::Garbage, 100).unwrap();
    let garbage = desk.send("RCAPTURE", "/capture", wish()).await.unwrap().bytes().await.unwrap();
    assert!(serde_json::from_slice::<Value>(&garbage).is_err() && garbage.starts_with(b"{\"biometrics\""));

    desk.stage.set_fault(Device::Slap, FaultKind::Stall, 2000).unwrap();
    let mut stalled = desk.send("RCAPTURE", "/capture", wish()).await.unwrap();
    let mut got = 0;
    while got < 2000 {
        got += stalled.chunk().await.unwrap().unwrap().len();
    }
    assert_eq!(got, 2000);
    assert!(stalled.content_length().unwrap() > 2000, "there should be more, and nothing comes");
    drop(stalled);

    desk.stage.set_fault(Device::Slap, FaultKind::Unplug, 5000).unwrap();
    let cut = desk.send("RCAPTURE", "/capture", wish()).await.unwrap().bytes().await;
    assert!(cut.is_err(), "cut in the middle");
    let limit = std::time::Duration::from_secs(20);
    let stage = std::sync::Arc::clone(&desk.stage);
    let gone = tokio::task::spawn_blocking(move || stage.wait_plugged(Device::Slap, false, limit));
    gone.await.unwrap().unwrap();
    assert!(desk.send("MOSIPDINFO", "/info", Value::Null).await.is_err(), "nobody listens");

    desk.stage.set_fault(Device::Slap, FaultKind::Replug, 0).unwrap();
    let stage = std::sync::Arc::clone(&desk.stage);
    let back = tokio::task::spawn_blocking(move || stage.wait_plugged(Device::Slap, true, limit));
    back.await.unwrap().unwrap();
    assert_eq!(samples(&desk, &desk.capture(wish()).await).len(), 2);

    desk.stage.set_fault(Device::Slap, FaultKind::Slow, 0).unwrap();
    let mut slow = desk.send("MOSIPDISC", "/device", json!({ "type": "Finger" })).await.unwrap();
    assert_eq!(slow.chunk().await.unwrap().unwrap().len(), 1, "byte by byte");
    desk.stage.set_fault(Device::Slap, FaultKind::None, 0).unwrap();
    while slow.chunk().await.unwrap().is_some() {}
}
