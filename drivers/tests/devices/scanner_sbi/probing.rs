//! Looking for a device, and who it must be.

use super::*;

/// What is told of a device that cannot be used.
#[test]
fn devices_that_cannot_be_used_say_why() {
    let provider = Provider::new();
    let change = |edit: fn(&mut Device)| {
        let mut device = provider.slap();
        edit(&mut device);
        device
    };
    let stranger = Authority::root("SIMULATED provider");
    let rows = [
        ("a face camera", "D-70", change(|device| device.id.bio_type = BioType::Face)),
        ("not ready", "D-74", change(|device| device.info.device_status = DeviceStatus::NotReady)),
        ("busy", "D-73", change(|device| device.info.device_status = DeviceStatus::Busy)),
        ("no code", "D-75", change(|device| device.info.device_code = None)),
        ("not ready, by its error", "D-74", change(|device| device.error = ErrorCode::NotReady)),
        ("not registered, by its error", "D-75", change(|device| device.error = ErrorCode::DeviceNotRegistered)),
        ("busy, by its error", "D-73", change(|device| device.error = ErrorCode::Busy)),
        ("opened", "D-82", change(|device| device.error = ErrorCode::Tampered)),
        ("for authentication", "D-79", change(|device| device.info.purpose = Purpose::Auth)),
        ("for another installation", "D-79", change(|device| device.info.env = Environment::Production)),
        ("of another version", "D-79", change(|device| device.info.spec_version = vec!["2.0".to_owned()])),
        ("with a stranger's identity", "D-79", {
            let mut device = provider.slap();
            device.identity_signer = Some(Arc::new(provider.authority.device()));
            device
        }),
        ("vouched for by nobody we know", "D-76", Device::slap(stranger.device())),
        ("vouched for by itself", "D-76", Device::slap(self_signed())),
    ];
    for (what, code, device) in rows {
        let server = SbiServer::with(vec![device], |_| panic!("no capture is expected"));
        let fault = probe(&mut scanner(&server, &provider)).unwrap_err();
        assert_eq!(fault.code, code, "{what}: {}", fault.log);
    }
}

/// The profile of a slap scanner is not believed of a device that signs that it is none.
#[test]
fn a_profile_must_fit_the_device() {
    let provider = Provider::new();
    for (kind, fap, fits) in [
        (DeviceSubType::Single, 30, true),
        (DeviceSubType::Single, 45, true),
        (DeviceSubType::Single, 50, false),
        (DeviceSubType::Single, 60, false),
        (DeviceSubType::Slap, 60, true),
    ] {
        let mut device = provider.slap();
        device.id.device_sub_type = kind;
        let server = SbiServer::with(vec![device], |_| panic!("no capture is expected"));
        let mut stated = settings((server.port, server.port), &provider);
        stated["fap"] = json!(fap);
        let got = probe(&mut scanner_with(stated)).map(|told| told.fap).map_err(|fault| fault.code);
        assert_eq!(got, if fits { Ok(Some(fap)) } else { Err("D-10".to_owned()) }, "{kind:?}");
    }
}

#[test]
fn a_list_that_nobody_signed_is_no_proof() {
    // The list and the signed statement name different devices.
    let provider = Provider::new();
    let (listed, mut signed) = (provider.slap(), provider.slap());
    signed.info.device_id = "another".to_owned();
    let server = SbiServer::start(move |method, _| match method {
        "MOSIPDISC" => Reply::Json(json!([listed.listed()])),
        _ => Reply::Json(json!([signed.information()])),
    });
    assert_eq!(probe(&mut scanner(&server, &provider)).unwrap_err().code, "D-70");
}

#[test]
fn the_right_device_is_found_among_others() {
    let provider = Provider::new();
    let (first, mut second) = (provider.slap(), provider.slap());
    second.id.serial_no = "SIM-SLAP-2".to_owned();
    second.info.device_id = "slap-2".to_owned();
    second.id.device_sub_type = DeviceSubType::Single;
    // Whatever else listens on a port is no hindrance.
    let odd = || SbiServer::start(|_, _| Reply::Raw(b"HTTP/1.1 404 No\r\n\r\n".to_vec()));
    let alone = odd();
    assert_eq!(probe(&mut scanner(&alone, &provider)).unwrap_err().code, "D-72");
    let (odd, server) = std::iter::repeat_with(odd)
        .find_map(|odd| {
            let next = odd.port.checked_add(1)?;
            let devices = vec![first.clone(), second.clone()];
            let server = SbiServer::with_at(next, devices, |_| panic!("no capture is expected"))?;
            Some((odd, server))
        })
        .unwrap();
    let ports = (odd.port, server.port);
    let mut by_serial = settings(ports, &provider);
    by_serial["serial"] = json!("SIM-SLAP-2");
    let got = probe(&mut scanner_with(by_serial.clone())).unwrap();
    assert_eq!((got.serial.as_str(), got.groups, got.fap), ("SIM-SLAP-2", vec![CaptureGroup::Single], None));
    by_serial["serial"] = json!("SIM-SLAP-3");
    assert_eq!(probe(&mut scanner_with(by_serial)).unwrap_err().code, "D-70");
}

#[test]
fn anchors_that_are_not_there_are_a_matter_of_settings() {
    let provider = Provider::new();
    let server = SbiServer::with(vec![provider.slap()], |_| panic!("no capture is expected"));
    let empty = tempfile::NamedTempFile::new().unwrap();
    for path in [empty.path(), std::path::Path::new("/nonexistent/anchors.pem")] {
        let mut wrong = settings((server.port, server.port), &provider);
        wrong["trust"] = json!(path);
        assert_eq!(probe(&mut scanner_with(wrong)).unwrap_err().code, "D-10");
    }
}

#[test]
fn a_device_that_leaves_is_noticed_and_found_again() {
    let provider = Provider::new();
    let device = Arc::new(Mutex::new(vec![provider.slap()]));
    let shared = device.clone();
    let server = SbiServer::start(move |method, _| {
        let devices = shared.lock().unwrap();
        Reply::Json(match method {
            "MOSIPDISC" => devices.iter().map(Device::listed).collect(),
            _ => devices.iter().map(Device::information).collect(),
        })
    });
    let mut scanner = scanner(&server, &provider);
    probe(&mut scanner).unwrap();
    scanner.check().unwrap();
    device.lock().unwrap()[0].info.device_status = DeviceStatus::NotReady;
    let fault = scanner.check().unwrap_err();
    assert_eq!((fault.code.as_str(), fault.kind), ("D-74", ErrorKind::Disconnected));
    device.lock().unwrap()[0].info.device_status = DeviceStatus::Ready;
    probe(&mut scanner).unwrap();
    let unplugged = device.lock().unwrap().pop().unwrap();
    assert_eq!(scanner.check().unwrap_err().code, "D-70");
    device.lock().unwrap().push(unplugged);
    probe(&mut scanner).unwrap();
    drop(server);
    assert_eq!(scanner.check().unwrap_err().kind, ErrorKind::Disconnected);
    assert_eq!(probe(&mut scanner).unwrap_err().code, "D-70");
}

/// A service that is slow to answer is not gone for that: a look between captures waits for nothing.
#[test]
fn a_slow_service_is_still_there() {
    let provider = Provider::new();
    let device = provider.slap();
    let mut looks = 0;
    let server = SbiServer::start(move |method, _| {
        looks += u32::from(method == "MOSIPDISC");
        match method {
            "MOSIPDISC" if looks > 1 => Reply::Hold(Vec::new()),
            "MOSIPDISC" => Reply::Json(json!([device.listed()])),
            _ => Reply::Json(json!([device.information()])),
        }
    });
    let mut scanner = scanner(&server, &provider);
    probe(&mut scanner).unwrap();
    scanner.check().unwrap();
}
