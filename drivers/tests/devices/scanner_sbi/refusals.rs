//! What is refused, and what the officer is told.

use super::*;

type Change = fn(&mut BioData);

type Swap = fn(&mut Device, Arc<Signer>);

/// Puts another record into a sample.
fn with_record(data: &mut BioData, change: impl Fn(&mut drivers::sbi::iso::FingerRecord)) {
    let mut record = drivers::sbi::iso::FingerRecord::parse(data.bio_value.0.expose()).unwrap();
    change(&mut record);
    data.bio_value = Sample(record.write().unwrap());
}

/// Each answer is signed by the right key and has one thing that is wrong.
#[test]
fn signed_answers_that_are_not_ours_are_refused() {
    let seconds = |shift: i64| time_text(now() + SignedDuration::from_secs(shift));
    assert_eq!(seconds(-31), "2026-04-01T09:59:29.000Z");
    let rows: [(&str, &str, Change); 20] = [
        ("another transaction", "D-77", |data| data.transaction_id = "another".to_owned()),
        ("an old time", "D-78", |data| data.timestamp = "2026-04-01T09:59:29.000Z".to_owned()),
        ("a time to come", "D-78", |data| data.timestamp = "2026-04-01T12:00:31.000+02:00".to_owned()),
        ("no time", "D-72", |data| data.timestamp = "now".to_owned()),
        ("another purpose", "D-79", |data| data.purpose = Purpose::Auth),
        ("another installation", "D-79", |data| data.env = Environment::Staging),
        ("another device code", "D-79", |data| data.device_code = "0".to_owned()),
        ("another type", "D-79", |data| data.bio_type = BioType::Iris),
        ("an unsigned identity", "D-76", |data| data.digital_id = "e30".to_owned()),
        ("no finger", "D-80", |data| data.bio_sub_type = None),
        ("an unknown finger", "D-80", |data| data.bio_sub_type = Some("UNKNOWN".to_owned())),
        ("the other hand in the answer", "D-80", |data| data.bio_sub_type = Some("Left IndexFinger".to_owned())),
        ("the other hand in the record", "D-80", |data| with_record(data, |r| r.position = Finger::LeftIndex)),
        ("the other hand in both", "D-80", |data| {
            data.bio_sub_type = Some(sub_type(Finger::LeftIndex).to_owned());
            with_record(data, |record| record.position = Finger::LeftIndex);
        }),
        ("no record", "D-83", |data| data.bio_value = Sample(Biometric::new(b"no record".to_vec()))),
        ("a lossy picture", "D-83", |data| with_record(data, |r| r.compression = Compression::Jpeg2000Lossy)),
        ("no picture", "D-83", |data| with_record(data, |r| r.picture = Biometric::new(b"no picture".to_vec()))),
        ("half a picture", "D-83", |data| {
            with_record(data, |record| {
                let half = record.picture.expose().len() / 2;
                record.picture.expose_mut().truncate(half);
            });
        }),
        ("another size", "D-83", |data| with_record(data, |record| record.width += 1)),
        ("too coarse a picture", "D-83", |data| with_record(data, |r| r.ppi = Ppi::try_from(499).unwrap())),
    ];
    let provider = Provider::new();
    let device = provider.slap();
    for (what, code, change) in rows {
        let serving = device.clone();
        let server = SbiServer::with(vec![device.clone()], move |request| {
            serving.changed(request, &[Finger::RightIndex], change)
        });
        let mut scanner = scanner(&server, &provider);
        probe(&mut scanner).unwrap();
        let fault = take(&mut scanner, &[Finger::RightIndex]).unwrap_err();
        assert_eq!(fault.code, code, "{what}: {}", fault.log);
    }
}

/// Whoever has a key under the same anchors is not the device for that, whatever its certification; and a device with
/// a new key has to prove anew who it is.
#[test]
fn samples_count_with_the_keys_of_the_proof_only() {
    let provider = Provider::new();
    let rows: [(&str, Swap); 3] = [
        ("another key for the samples", |device, other| device.signer = other),
        ("another key for the identity", |device, other| device.identity_signer = Some(other)),
        ("another model", |device, _| device.id.model = "SLAP-61".to_owned()),
    ];
    for (what, change) in rows {
        for certification in [Certification::L0, Certification::L1] {
            let mut device = provider.slap();
            device.info.certification = certification;
            let mut other = device.clone();
            // Its identity stays under the old key unless the row says otherwise.
            other.identity_signer = Some(device.signer.clone());
            change(&mut other, Arc::new(provider.authority.device()));
            let server = SbiServer::with(vec![device], move |request| other.answer(request, &RIGHT));
            let mut scanner = scanner(&server, &provider);
            probe(&mut scanner).unwrap();
            let fault = take(&mut scanner, &RIGHT).unwrap_err();
            assert_eq!(fault.code, "D-79", "{what} {certification:?}: {}", fault.log);
            // It is looked for again.
            assert_eq!(scanner.check().unwrap_err().kind, ErrorKind::Disconnected);
        }
    }
}

#[test]
fn answers_that_are_not_signed_as_they_must_be_are_refused() {
    let provider = Provider::new();
    let stranger = Authority::root("SIMULATED provider");
    let colleague = provider.authority.device();
    let by = |signer| {
        let stolen = Device::slap(signer);
        move |device: &Device, request: &CaptureRequest| {
            // Everything as the true device says it, but for the key.
            let honest = Device { signer: stolen.signer.clone(), ..device.clone() };
            honest.answer(request, &RIGHT)
        }
    };
    let edited = |edit: fn(&mut Value)| {
        move |device: &Device, request: &CaptureRequest| {
            let mut json = json_of(device.answer(request, &RIGHT));
            edit(&mut json);
            Reply::Json(json)
        }
    };
    let rows: [(&str, &str, Answer); 10] = [
        ("a provider that nobody knows", "D-76", Box::new(by(stranger.device()))),
        ("a device that vouches for itself", "D-76", Box::new(by(self_signed()))),
        ("another device of the same provider", "D-79", Box::new(by(colleague))),
        (
            "a damaged signature",
            "D-76",
            Box::new(edited(|json| {
                let token = json["biometrics"][3]["data"].as_str().unwrap().to_owned();
                let (signed, _) = token.rsplit_once('.').unwrap();
                json["biometrics"][3]["data"] = json!(format!("{signed}.{}", "A".repeat(86)));
            })),
        ),
        ("no token", "D-76", Box::new(edited(|json| json["biometrics"][0]["data"] = json!("no token")))),
        ("no data", "D-72", Box::new(edited(|json| json["biometrics"][0]["data"] = Value::Null))),
        ("no hash", "D-72", Box::new(edited(|json| json["biometrics"][0]["hash"] = Value::Null))),
        ("another order", "D-77", Box::new(edited(|json| json["biometrics"].as_array_mut().unwrap().swap(0, 1)))),
        ("no samples", "D-72", Box::new(edited(|json| json["biometrics"] = json!([])))),
        (
            "the same sample twice",
            "D-77",
            Box::new(|device, request| {
                let data = device.data(request, RIGHT[0]);
                let first = next_hash(&first_hash(), data.bio_value.0.expose()).unwrap();
                let second = next_hash(&first, data.bio_value.0.expose()).unwrap();
                Reply::Json(json!({"biometrics": [device.sample(&data, &first), device.sample(&data, &second)]}))
            }),
        ),
    ];
    for (what, code, answer) in rows {
        let fault = fault_of(&provider, answer);
        assert_eq!(fault.code, code, "{what}: {}", fault.log);
    }
}

/// The same finger in two pictures: a device that counts wrong, or that was tricked.
#[test]
fn a_finger_comes_once() {
    let provider = Provider::new();
    let fault = fault_of(
        &provider,
        Box::new(|device, request| {
            let (first, mut second) = (device.data(request, RIGHT[0]), device.data(request, RIGHT[0]));
            second.bio_value = Sample(record(RIGHT[0], "another picture").write().unwrap());
            let hash = next_hash(&first_hash(), first.bio_value.0.expose()).unwrap();
            let next = next_hash(&hash, second.bio_value.0.expose()).unwrap();
            Reply::Json(json!({"biometrics": [device.sample(&first, &hash), device.sample(&second, &next)]}))
        }),
    );
    assert_eq!(fault.code, "D-80", "{}", fault.log);
}

#[test]
fn a_capture_counts_once() {
    let provider = Provider::new();
    let device = provider.slap();
    for resigned in [false, true] {
        let serving = device.clone();
        let mut kept: Option<CaptureRequest> = None;
        let server = SbiServer::with(vec![device.clone()], move |request| {
            let first = kept.get_or_insert_with(|| request.clone()).clone();
            if !resigned {
                // Byte for byte what was sent before.
                return serving.answer(&first, &RIGHT);
            }
            // The old pictures under a new transaction: whoever does that has the device's key.
            let answered = serving.changed(request, &RIGHT, |data| {
                let finger = drivers::sbi::message::finger(data.bio_sub_type.as_deref().unwrap()).unwrap();
                data.bio_value = Sample(record(finger, &first.transaction_id).write().unwrap());
            });
            Reply::Json(json_of(answered))
        });
        let mut scanner = scanner(&server, &provider);
        probe(&mut scanner).unwrap();
        assert_eq!(take(&mut scanner, &RIGHT).unwrap().len(), 4);
        scanner.release();
        let fault = take(&mut scanner, &RIGHT).unwrap_err();
        assert_eq!((fault.code.as_str(), fault.kind), ("D-77", ErrorKind::Protocol), "{}", fault.log);
    }
}

#[test]
fn errors_of_the_specification_have_sentences() {
    let provider = Provider::new();
    for (code, shown) in [
        (ErrorCode::DeviceNotRegistered, "D-75"),
        (ErrorCode::Technical, "D-81"),
        (ErrorCode::Tampered, "D-82"),
        (ErrorCode::ManagementServer, "D-81"),
        (ErrorCode::DeviceNotFound, "D-70"),
        (ErrorCode::KeyExpired, "D-75"),
        (ErrorCode::CountNotSupported, "D-81"),
        (ErrorCode::NotReady, "D-74"),
        (ErrorCode::Busy, "D-73"),
        (ErrorCode::NoDevice, "D-70"),
        (ErrorCode::Custom(555), "D-81"),
        (ErrorCode::Unknown(7), "D-81"),
    ] {
        // In each of the ways that services have of saying it.
        let ways: [Value; 3] = [
            json!({"biometrics": [refused(ErrorCode::NothingDetected), refused(code)]}),
            json!({"error": code.info()}),
            json!([{"deviceInfo": null, "error": code.info()}]),
        ];
        for way in ways {
            let answer = way.clone();
            let fault = fault_of(&provider, Box::new(move |_, _| Reply::Json(answer.clone())));
            assert_eq!(fault.code, shown, "{way}: {}", fault.log);
        }
    }
}

#[test]
fn answers_that_are_none() {
    let provider = Provider::new();
    let rows: [(&str, &str, Answer); 10] = [
        ("no HTTP", "D-72", Box::new(|_, _| Reply::Raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec()))),
        ("a head without end", "D-72", Box::new(|_, _| Reply::Raw(vec![b'x'; 64 * 1024]))),
        ("half a head", "D-70", Box::new(|_, _| Reply::Raw(b"HTTP/1.1 200".to_vec()))),
        ("nothing", "D-70", Box::new(|_, _| Reply::Raw(Vec::new()))),
        ("a status", "D-72", Box::new(|_, _| Reply::Raw(b"HTTP/1.1 500 Sorry\r\n\r\n".to_vec()))),
        ("no JSON", "D-72", Box::new(|_, _| Reply::Raw(b"HTTP/1.1 200 OK\r\n\r\n<html>".to_vec()))),
        ("other JSON", "D-72", Box::new(|_, _| Reply::Json(json!({"biometrics": 7})))),
        ("a short answer", "D-70", Box::new(|_, _| Reply::Cut(b"{\"biometrics\": []}".to_vec()))),
        (
            "damaged chunks",
            "D-72",
            Box::new(|_, _| Reply::Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n".to_vec())),
        ),
        (
            "an endless answer",
            "D-72",
            Box::new(|_, _| Reply::Raw([b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b' '; 25 * 1024 * 1024]].concat())),
        ),
    ];
    for (what, code, answer) in rows {
        let fault = fault_of(&provider, answer);
        assert_eq!(fault.code, code, "{what}: {}", fault.log);
    }
}

#[test]
fn a_service_that_says_nothing_times_out() {
    let provider = Provider::new();
    let server = SbiServer::with(vec![provider.slap()], |_| Reply::Hold(Vec::new()));
    let mut scanner = scanner(&server, &provider);
    probe(&mut scanner).unwrap();
    let fault = capture(&mut scanner, &RIGHT, Duration::from_millis(200)).unwrap_err();
    assert_eq!((fault.code.as_str(), fault.kind), ("D-71", ErrorKind::Timeout), "{}", fault.log);
    assert_eq!(scanner.check().unwrap_err().kind, ErrorKind::Disconnected);
}

/// No part of an answer, signed or not, gets into a log.
#[test]
fn faults_quote_nothing_of_an_answer() {
    let provider = Provider::new();
    let secret = "c2VjcmV0LXNhbXBsZQ";
    let rows: [Answer; 3] = [
        Box::new(move |_, _| Reply::Json(json!({"biometrics": secret}))),
        Box::new(move |_, _| {
            Reply::Json(json!({"biometrics": [{"data": secret, "hash": secret, "specVersion": secret,
            "error": ErrorCode::Success.info()}]}))
        }),
        Box::new(move |device, request| {
            let mut json = json_of(device.answer(request, &RIGHT));
            json["biometrics"][0]["hash"] = json!(secret);
            json["biometrics"][1]["data"] = json!(Token(Biometric::new(secret.to_owned())));
            Reply::Json(json)
        }),
    ];
    for answer in rows {
        let fault = fault_of(&provider, answer);
        assert!(!fault.log.contains(secret) && !fault.officer.contains(secret), "{}", fault.log);
    }
}
