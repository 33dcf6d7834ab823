//! The promise: stations talk over TLS 1.3 with a certificate of their own, which they get once by a code of their
//! administrator and then by themselves; `openssl` sees the same as our own station.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod common;

use common::serving::{DAY_MS, HOUR_MS, Keys, Serving, application, built, clock, code_of, facts};
use common::{Intake, NOW_MS, Station};
use domain::case::StationId;
use intake::commands;
use intake::{Listening, Mode, Redeemed, Refusal};
use link::{Fault, Identity, Provisioned, Renewed, certified};
use reqwest::StatusCode;
use std::process::{Command, Stdio};
use store::{FileKey, verify_receipt};
use tokio::sync::oneshot;

/// From nothing to the first receipt: invitation, application, certificate, record.
#[tokio::test]
async fn a_station_is_provisioned_by_a_code_and_sends_its_first_record() {
    let serving = Serving::start().await;
    let (keys, (code, authority)) = (Keys::new(), serving.invite("S1").await);
    let answer = serving.apply("S1", &keys, &code, authority).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let provisioned: Provisioned = answer.json().await.unwrap();
    let parts = provisioned.parts(&StationId("S1".into()), keys.connection.public()).unwrap();
    assert_eq!(parts.receipts.current, *serving.intake.receipt_key());
    assert_eq!((parts.facts.not_before_ms, parts.facts.not_after_ms), (NOW_MS - HOUR_MS, NOW_MS + 90 * DAY_MS));

    let mut station = Station::new("S1");
    station = station.sealing_to(&serving.intake.dir.path().join("authority.pub"));
    station.key = keys.signing;
    let envelope = station.next();
    let client = built(
        link::client(
            &parts.ca,
            Identity::new(certified(parts.chain, keys.connection.clone()).unwrap()),
            serving.time(),
        )
        .unwrap(),
    );
    let answer = client.post(serving.url("/v1/records")).body(envelope.clone()).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    let receipt = verify_receipt(&parts.receipts.current, &answer.bytes().await.unwrap()).unwrap();
    assert_eq!(receipt.digest, store::format::digest(&envelope));
}

/// A code is good once, for its station, for a day; whoever lost the answer asks again.
#[tokio::test]
async fn each_other_use_of_a_code_has_its_own_refusal() {
    let serving = Serving::start().await;
    let (ours, thief) = (Keys::new(), Keys::new());
    let (code, authority) = serving.invite("S1").await;
    let refused = async |station: &str, keys: &Keys, code: &str| {
        let (status, told) = code_of(serving.apply(station, keys, code, authority).await).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{told}");
        told
    };
    assert_eq!(refused("S1", &thief, "00000-00000-00000-00000-00000").await, "I-41");
    assert_eq!(refused("S1", &thief, "").await, "I-41");
    assert_eq!(refused("S2", &thief, &code).await, "I-45");
    for _ in 0..2 {
        assert_eq!(serving.apply("S1", &ours, &code.to_lowercase(), authority).await.status(), StatusCode::CREATED);
    }
    assert_eq!(refused("S1", &thief, &code).await, "I-43");
    serving.advance(24 * HOUR_MS);
    assert_eq!(refused("S1", &ours, &code).await, "I-42");
}

/// Whoever reaches the port can try codes for every station there is, and changes nothing: the right code is as good as it
/// was. Only time passes, and none of it for the first ten mistakes.
#[tokio::test]
async fn wrong_codes_void_no_invitation() {
    let serving = Serving::start().await;
    let (ours, thief) = (Keys::new(), Keys::new());
    let (code, authority) = serving.invite("S1").await;
    for n in 0..12 {
        let wrong = format!("{n:05}-{}", &code[6..]);
        let told = code_of(serving.apply("S1", &thief, &wrong, authority).await).await;
        assert_eq!(told, (StatusCode::FORBIDDEN, "I-41".into()));
    }
    assert_eq!(serving.apply("S1", &ours, &code, authority).await.status(), StatusCode::CREATED);

    let (code, _) = serving.invite("S2").await;
    let enrolment = serving.enrolment().await;
    for n in 0..300 {
        let told = enrolment.provision(&application("S2", &thief, &format!("wrong {n}"))).await;
        assert!(matches!(told, Err(Refusal::Code(Redeemed::Wrong))), "{n}");
    }
    let given = enrolment.provision(&application("S2", &ours, &code)).await.unwrap();
    assert_eq!(given.station, "S2");
}

#[tokio::test]
async fn who_brings_no_application_or_asks_another_intake_gets_nothing() {
    let serving = Serving::start().await;
    let (_, authority) = serving.invite("S1").await;
    let client = built(link::first_contact(authority, serving.time()).unwrap());
    let url = format!("https://localhost:{}/v1/provision", serving.at.provisioning.unwrap().port());
    for body in [Vec::new(), b"{}".to_vec(), vec![0xd2; 300]] {
        let answer = client.post(&url).body(body).send().await.unwrap();
        assert_eq!(code_of(answer).await, (StatusCode::BAD_REQUEST, "I-40".into()));
    }
    let long = client.post(&url).body(vec![0; 5000]).send().await.unwrap();
    assert_eq!(long.status(), StatusCode::PAYLOAD_TOO_LARGE);
    // Nothing else is served to those without a certificate.
    for path in ["/v1/records", "/v1/stations/S1", "/health"] {
        let url = url.replace("/v1/provision", path);
        assert_eq!(client.get(url).send().await.unwrap().status(), StatusCode::NOT_FOUND, "{path}");
    }
    let elsewhere = built(link::first_contact([7; 32], serving.time()).unwrap());
    let error = elsewhere.post(&url).body("x").send().await.unwrap_err();
    assert_eq!(Fault::of(&error), Fault::Foreign);
}

#[tokio::test]
async fn a_certificate_is_renewed_over_the_connection_and_both_are_good() {
    let serving = Serving::start().await;
    let keys = Keys::new();
    let first = serving.issuer().station(&StationId("S1".into()), keys.connection.public(), NOW_MS).unwrap();
    serving.advance(60 * DAY_MS);
    assert!(facts(&first).renew_from_ms() <= NOW_MS + 60 * DAY_MS);
    let client = serving.client(keys.identity(&first));
    let answer = client.post(serving.url("/v1/certificate")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let next: Renewed = answer.json().await.unwrap();
    let (before, after) = (facts(&first), facts(&next.certificate));
    assert_eq!((&after.station, &after.key), (&before.station, &before.key));
    assert_eq!(after.not_after_ms, before.not_after_ms + 60 * DAY_MS);
    assert_ne!(after.fingerprint, before.fingerprint);
    for certificate in [&first, &next.certificate] {
        let client = serving.client(keys.identity(certificate));
        assert_eq!(client.get(serving.url("/health")).send().await.unwrap().status(), StatusCode::OK);
    }
}

/// What was valid when a connection began is asked again at every request: its time, and whether it was revoked.
#[tokio::test]
async fn a_connection_does_not_outlive_its_certificate() {
    let serving = Serving::start().await;
    let (keys, (code, authority)) = (Keys::new(), serving.invite("S1").await);
    let answer = serving.apply("S1", &keys, &code, authority).await;
    let provisioned: Provisioned = answer.json().await.unwrap();
    let client = serving.client(keys.identity(&provisioned.certificate));
    let look = async || client.get(serving.url("/v1/stations/S1")).send().await;
    assert_eq!(look().await.unwrap().status(), StatusCode::OK);
    assert_eq!(commands::revoke(serving.intake.dir.path(), "S1", &clock(&serving.now)).await.unwrap(), 1);
    assert_eq!(code_of(look().await.unwrap()).await, (StatusCode::FORBIDDEN, "I-32".into()));
    // Whoever took the station took its code too, and may have asked for a certificate in the same moment.
    let again = serving.apply("S1", &keys, &code, authority).await;
    assert_eq!(code_of(again).await, (StatusCode::FORBIDDEN, "I-41".into()));
    let renewed = client.post(serving.url("/v1/certificate")).send().await.unwrap();
    assert_eq!(code_of(renewed).await, (StatusCode::FORBIDDEN, "I-32".into()));

    let other = Keys::new();
    let certificate = serving.issuer().station(&StationId("S1".into()), other.connection.public(), NOW_MS).unwrap();
    let client = serving.client(other.identity(&certificate));
    let look = async || client.get(serving.url("/v1/stations/S1")).send().await;
    assert_eq!(look().await.unwrap().status(), StatusCode::OK);
    serving.advance(90 * DAY_MS + 2000);
    assert_eq!(code_of(look().await.unwrap()).await, (StatusCode::FORBIDDEN, "I-32".into()));
    let again = serving.client(other.identity(&certificate));
    let error = again.get(serving.url("/v1/stations/S1")).send().await.unwrap_err();
    assert_eq!(Fault::of(&error), Fault::OwnTime, "{error:?}");
}

#[tokio::test]
async fn without_a_certificate_there_is_no_connection() {
    let serving = Serving::start().await;
    let client = serving.client(Identity::default());
    let error = client.get(serving.url("/health")).send().await.unwrap_err();
    assert_eq!(Fault::of(&error), Fault::OwnRefused, "{error:?}");
    let nobody = "127.0.0.1:1";
    let error = client.get(format!("https://{nobody}/health")).send().await.unwrap_err();
    assert_eq!(Fault::of(&error), Fault::Unreachable);
}

/// OpenSSL, which shares no line with rustls, sees TLS 1.3 and nothing else, verifies our server, and is refused without
/// a certificate of a station.
#[tokio::test]
async fn openssl_agrees() {
    if Command::new("openssl").arg("version").stdout(Stdio::null()).status().is_err() {
        println!("SKIPPED: this machine has no openssl");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let intake = Intake::new().await;
    // OpenSSL goes by the system's clock.
    let system = intake::clock::system();
    let data = dir.path().join("intake");
    commands::init(&data, Mode::Demonstration, &commands::local_names(), &system).await.unwrap();
    drop(intake);
    let (ready, started) = oneshot::channel();
    let (of_server, served) = (data.clone(), system.clone());
    tokio::spawn(async move {
        let at = Listening { stations: "127.0.0.1:0".parse().unwrap(), provisioning: None };
        intake::serve(&of_server, Some(at), served, |at| ready.send(at).unwrap()).await.unwrap();
    });
    let at = started.await.unwrap().stations.to_string();
    let key = FileKey::create(&dir.path().join("station.key")).unwrap();
    let issuer = intake::load_tls(&data, 90).unwrap().issuer.unwrap();
    let certificate = issuer.station(&StationId("S1".into()), key.public(), system()).unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    std::fs::write(path("station.pem"), certificate).unwrap();
    let ca = data.join("tls/ca.pem").display().to_string();
    let checked = Command::new("openssl")
        .args(["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", &ca, &path("station.pem")])
        .output()
        .unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));

    let own = ["-cert", &path("station.pem"), "-key", &path("station.key")].map(str::to_owned);
    let rows: [(&str, &[String], bool); 3] =
        [("-tls1_3", &own, true), ("-tls1_3", &[], false), ("-tls1_2", &own, false)];
    for (version, own, stands) in rows {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-connect", &at, "-CAfile", &ca, "-verify_return_error", "-verify_ip", "127.0.0.1"]);
        command.args([version, "-quiet", "-ign_eof"]).args(own);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = tokio::task::spawn_blocking(move || {
            use std::io::Write;
            let mut child = command.spawn().unwrap();
            let request = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            // One that is refused may have gone before it reads this.
            let _ = child.stdin.take().unwrap().write_all(request);
            child.wait_with_output().unwrap()
        });
        let output = output.await.unwrap();
        let (said, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(said.starts_with("HTTP/1.1 200 OK"), stands, "{version}: {said}\n{complaint}");
        let alert = if version == "-tls1_2" { "alert protocol version" } else { "certificate required" };
        assert!(stands || complaint.contains(alert), "{version}: {complaint}");
    }
}
