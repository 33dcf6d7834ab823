//! What a sound device sends.

use super::*;

/// Where a record without quality blocks has its position (ISO/IEC 19794-4:2011, tables 2 and 3).
const POSITION: usize = 35;

#[test]
fn a_slap_scanner_is_found_and_described() {
    let provider = Provider::new();
    let (server, _) = honest(&provider.slap());
    let got = probe(&mut scanner(&server, &provider)).unwrap();
    assert_eq!((got.driver.as_str(), got.vendor.as_str(), got.model.as_str()), ("sbi", "SIMULATED", "SLAP-60"));
    assert_eq!((got.serial.as_str(), got.firmware.as_str()), ("SIM-SLAP-1", "1.2.3"));
    assert_eq!(got.transport, format!("http://127.0.0.1:{} device slap-1 L0", server.port));
    use CaptureGroup::{LeftFour, RightFour, Single, TwoThumbs};
    assert_eq!(got.groups, [RightFour, LeftFour, TwoThumbs, Single]);
    // What registration asks of any slap scanner; a better one is stated by the technician, who has its certificate.
    assert_eq!((got.fap, got.ppi, got.bit_depth), (Some(50), Some(Ppi::FIVE_HUNDRED), 8));
    assert!(got.segments_itself && got.simulated && got.enrolment_grade());
    let mut stated = settings((server.port, server.port), &provider);
    stated["fap"] = json!(60);
    let got = probe(&mut scanner_with(stated)).unwrap();
    assert_eq!((got.fap, got.width, got.height), (Some(60), 1600, 1500));
}

#[test]
fn a_slap_comes_exactly_with_positions() {
    let provider = Provider::new();
    let (server, asked) = honest(&provider.slap());
    let mut scanner = scanner(&server, &provider);
    probe(&mut scanner).unwrap();
    let (events, images) = capture(&mut scanner, &RIGHT, Duration::from_secs(20)).unwrap();
    assert_eq!(events, ["placed", "fingers"]);
    let first = asked.recv().unwrap();
    assert_exact(&images, &RIGHT, &first.transaction_id);
    assert_eq!((first.env, first.purpose), (Environment::Developer, Purpose::Registration));
    assert_eq!(first.capture_time, time_text(now()));
    let [bio] = &first.bio[..] else { panic!("{} elements", first.bio.len()) };
    assert_eq!((bio.count.as_str(), bio.device_sub_id.as_str(), bio.device_id.as_str()), ("4", "2", "slap-1"));
    assert_eq!(bio.exception.as_deref(), Some(&[][..]));
    assert_eq!(bio.previous_hash, first_hash());
    // The next placement of the same traveller: two fingers are missing, and the chain goes on.
    let left = [Finger::LeftIndex, Finger::LeftRing];
    let images = take(&mut scanner, &left).unwrap();
    let second = asked.recv().unwrap();
    assert_exact(&images, &left, &second.transaction_id);
    assert_ne!(second.transaction_id, first.transaction_id);
    let bio = &second.bio[0];
    assert_eq!((bio.count.as_str(), bio.device_sub_id.as_str()), ("2", "1"));
    let missing = [Finger::LeftMiddle, Finger::LeftLittle].map(|finger| Some(sub_type(finger).to_owned()));
    assert_eq!(bio.exception.as_deref(), Some(&missing[..]));
    let chain = RIGHT.iter().fold(first_hash(), |hash, finger| {
        next_hash(&hash, record(*finger, &first.transaction_id).write().unwrap().expose()).unwrap()
    });
    assert_eq!(bio.previous_hash, chain);
    // Another traveller's begins anew.
    scanner.release();
    take(&mut scanner, &[Finger::LeftThumb, Finger::RightThumb]).unwrap();
    let third = asked.recv().unwrap();
    assert_eq!((third.bio[0].device_sub_id.as_str(), &third.bio[0].previous_hash), ("3", &first_hash()));
}

/// Whether the same hand was lifted is looked up quickly, and whatever lies there answers it; what counts is taken well.
#[test]
fn a_hand_that_is_taken_again_is_looked_at_first() {
    let provider = Provider::new();
    let (server, asked) = honest(&provider.slap());
    let mut scanner = scanner(&server, &provider);
    probe(&mut scanner).unwrap();
    take(&mut scanner, &RIGHT).unwrap();
    let (events, images) = capture(&mut scanner, &RIGHT, Duration::from_secs(20)).unwrap();
    assert_eq!(events, ["lifted", "placed", "fingers"]);
    let wishes: Vec<_> = asked.try_iter().collect();
    let scores: Vec<_> = wishes.iter().map(|wish| wish.bio[0].requested_score.as_str()).collect();
    assert_eq!(scores, ["60", "1", "60"]);
    let times: Vec<u64> = wishes.iter().map(|wish| wish.timeout.parse().unwrap()).collect();
    assert!(times[1] < times[0] && times[1] < times[2], "{times:?}");
    assert_exact(&images, &RIGHT, &wishes[2].transaction_id);
}

#[test]
fn an_rsa_key_of_a_trusted_module_is_as_good() {
    let provider = Provider::new();
    let mut device = Device::slap(provider.authority.below("SIMULATED model").rsa_device());
    device.info.certification = Certification::L1;
    // Its identity is signed by the module.
    device.identity_signer = Some(Arc::new(provider.authority.device()));
    let (server, asked) = honest(&device);
    let mut scanner = scanner(&server, &provider);
    probe(&mut scanner).unwrap();
    let images = take(&mut scanner, &RIGHT).unwrap();
    assert_exact(&images, &RIGHT, &asked.recv().unwrap().transaction_id);
}

/// What lies within the tolerance of the clocks passes.
#[test]
fn clocks_may_differ_a_little() {
    let provider = Provider::new();
    let device = provider.slap();
    for time in ["2026-04-01T09:59:30.000Z", "2026-04-01T15:30:30+05:30"] {
        let serving = device.clone();
        let server = SbiServer::with(vec![device.clone()], move |request| {
            serving.changed(request, &RIGHT, |data| data.timestamp = time.to_owned())
        });
        let mut scanner = scanner(&server, &provider);
        probe(&mut scanner).unwrap();
        assert_eq!(take(&mut scanner, &RIGHT).unwrap().len(), 4, "{time}");
    }
}

#[test]
fn fingers_that_came_count_where_others_did_not() {
    let provider = Provider::new();
    let device = provider.slap();
    let serving = device.clone();
    let server = SbiServer::with(vec![device], move |request| {
        let mut json = json_of(serving.answer(request, &[RIGHT[0], RIGHT[2]]));
        let samples = json["biometrics"].as_array_mut().unwrap();
        samples.insert(1, refused(ErrorCode::NothingDetected));
        samples.push(refused(ErrorCode::Technical));
        Reply::Json(json)
    });
    let mut scanner = scanner(&server, &provider);
    probe(&mut scanner).unwrap();
    let images = take(&mut scanner, &RIGHT).unwrap();
    assert_eq!(images.iter().map(|image| image.position.unwrap()).collect::<Vec<_>>(), [RIGHT[0], RIGHT[2]]);
}

/// A second capture is answered with the device's information.
#[test]
fn a_busy_device_is_asked_again() {
    let provider = Provider::new();
    let device = provider.slap();
    let serving = device.clone();
    let mut times = 0;
    let server = SbiServer::with(vec![device], move |request| {
        times += 1;
        match times {
            1 => Reply::Json(json!([serving.information()])),
            2 => Reply::Json(json!({"biometrics": [refused(ErrorCode::NothingDetected)]})),
            _ => serving.answer(request, &RIGHT),
        }
    });
    let mut scanner = scanner(&server, &provider);
    probe(&mut scanner).unwrap();
    assert_eq!(take(&mut scanner, &RIGHT).unwrap().len(), 4);
}

#[test]
fn nobody_puts_a_finger_on() {
    let provider = Provider::new();
    let server = SbiServer::with(vec![provider.slap()], |_| {
        Reply::Json(json!({"biometrics": [refused(ErrorCode::NothingDetected)]}))
    });
    let mut scanner = scanner(&server, &provider);
    probe(&mut scanner).unwrap();
    let fault = capture(&mut scanner, &RIGHT, Duration::from_millis(100)).unwrap_err();
    assert_eq!((fault.code.as_str(), fault.kind), ("D-19", ErrorKind::NoFinger));
    // And the scanner is still open.
    scanner.check().unwrap();
}

#[test]
fn chunked_answers_and_those_up_to_the_end_are_read() {
    let provider = Provider::new();
    let device = provider.slap();
    for chunked in [false, true] {
        let serving = device.clone();
        let server = SbiServer::with(vec![device.clone()], move |request| {
            let body = json_of(serving.answer(request, &RIGHT)).to_string();
            let text = if chunked {
                format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
            } else {
                format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{body}")
            };
            Reply::Raw(text.into_bytes())
        });
        let mut scanner = scanner(&server, &provider);
        probe(&mut scanner).unwrap();
        assert_eq!(take(&mut scanner, &RIGHT).unwrap().len(), 4);
    }
}

#[test]
fn a_stop_ends_a_capture_without_a_fault() {
    let provider = Provider::new();
    let stop = Arc::new(AtomicBool::new(false));
    let stopping = stop.clone();
    let server = SbiServer::with(vec![provider.slap()], move |_| {
        // The capture has begun, and now nobody wants it.
        stopping.store(true, Ordering::SeqCst);
        Reply::Hold(Vec::new())
    });
    let mut scanner = scanner(&server, &provider);
    probe(&mut scanner).unwrap();
    let run = Run::new(&stop, None, &|| ());
    scanner.capture(&run, &RIGHT, &mut |event| panic!("{event:?}")).unwrap();
}

#[test]
fn fingers_that_cannot_lie_together_are_not_asked_for() {
    let provider = Provider::new();
    let server = SbiServer::with(vec![provider.slap()], |_| panic!("nothing should be asked"));
    let mut scanner = scanner(&server, &provider);
    probe(&mut scanner).unwrap();
    let fault = take(&mut scanner, &[Finger::LeftIndex, Finger::RightIndex]).unwrap_err();
    assert_eq!(fault.code, "D-54");
}

/// A stop leaves what was taken on the glass, and another traveller begins with none.
#[test]
fn fingers_are_taken_for_lifted_when_another_hand_is_asked_for() {
    let provider = Provider::new();
    let (server, asked) = honest(&provider.slap());
    let mut scanner = scanner(&server, &provider);
    probe(&mut scanner).unwrap();
    let events = |scanner: &mut _, wanted: &[Finger]| capture(scanner, wanted, Duration::from_secs(20)).unwrap().0;
    assert_eq!(events(&mut scanner, &RIGHT), ["placed", "fingers"]);
    assert_eq!(events(&mut scanner, &[Finger::LeftIndex]), ["lifted", "placed", "fingers"], "another hand");
    scanner.release();
    assert_eq!(events(&mut scanner, &[Finger::LeftIndex]), ["placed", "fingers"], "another traveller");
    let stop = AtomicBool::new(true);
    scanner.capture(&Run::new(&stop, None, &|| ()), &[Finger::LeftIndex], &mut |event| panic!("{event:?}")).unwrap();
    assert_eq!(asked.try_iter().count(), 3);
}

/// The interface does not tell when fingers leave. What shows the same ridges at the same place was not lifted, and is no
/// attempt; what came in the short time of that look is not the best picture either.
#[test]
fn fingers_that_rest_are_no_attempt() {
    let provider = Provider::new();
    let device = provider.slap();
    // The slope of the ridges that lie there at each look; none where nothing does.
    let looks = [Some(0), Some(0), Some(0), None, Some(0), Some(1), Some(2), Some(2)];
    let (serving, (sender, asked)) = (device.clone(), channel());
    let mut times = 0;
    let server = SbiServer::with(vec![device], move |request| {
        sender.send(request.timeout.parse::<u128>().unwrap()).unwrap();
        let look = looks.get(times).copied().unwrap_or(Some(2));
        times += 1;
        match look {
            None => Reply::Json(json!({"biometrics": [refused(ErrorCode::NothingDetected)]})),
            Some(slope) => serving.changed(request, &RIGHT[..1], |data| data.bio_value = ridges(slope, times)),
        }
    });
    let mut scanner = scanner(&server, &provider);
    probe(&mut scanner).unwrap();
    let (short, whole) = (TIMING.lift.as_millis(), 5000);
    for (events, times) in [
        (&["placed", "fingers"][..], vec![whole]),
        // Still there twice, gone; and there as before, because the look had missed them; then down anew.
        (&["lifted", "placed", "fingers"], vec![short, short, short, whole, whole]),
        // Down anew already: they are asked for again, in peace.
        (&["lifted", "placed", "fingers"], vec![short, whole]),
    ] {
        assert_eq!(capture(&mut scanner, &RIGHT[..1], Duration::from_secs(20)).unwrap().0, events);
        assert_eq!(asked.try_iter().collect::<Vec<_>>(), times);
    }
    // Never lifted: the time is up.
    let fault = capture(&mut scanner, &RIGHT[..1], Duration::from_millis(300)).unwrap_err();
    assert_eq!(fault.code, "D-19");
    assert!(asked.try_iter().all(|time| time <= short));
}

/// A record of straight ridges of this slope, with noise of its own for each picture.
fn ridges(slope: usize, picture: usize) -> Sample {
    let (width, height) = (usize::from(WIDTH), usize::from(HEIGHT));
    let phase = |at: usize| (at % width + slope * (at / width)) as f64 * core::f64::consts::TAU / 9.0;
    let noise = |at: usize| (at * (2 * picture + 1) % 251 % 5) as f64;
    let grey: Vec<u8> = (0..width * height).map(|at| (128.0 + 80.0 * phase(at).sin() + noise(at)) as u8).collect();
    let picture = jp2::encode(WIDTH.into(), HEIGHT.into(), 1, &grey).unwrap();
    Sample(FingerRecord { picture, ..record(RIGHT[0], "") }.write().unwrap())
}

/// The slaps of a device that cuts nothing come as they are, and no name of a finger is put on them.
#[test]
fn whole_slaps_come_without_a_position() {
    let provider = Provider::new();
    let device = provider.slap();
    for (code, name, refused) in [
        (13, Some("UNKNOWN"), None),
        (13, None, None),
        (14, Some("UNKNOWN"), Some("D-80")),
        (13, Some("Right IndexFinger"), Some("D-80")),
        (2, Some("UNKNOWN"), Some("D-83")),
    ] {
        let (serving, (sender, asked)) = (device.clone(), channel());
        let server = SbiServer::with(vec![device.clone()], move |request| {
            sender.send(request.clone()).unwrap();
            serving.changed(request, &RIGHT[..1], |data| {
                data.bio_sub_type = name.map(str::to_owned);
                data.bio_value.0.expose_mut()[POSITION] = code;
            })
        });
        let mut whole = settings((server.port, server.port), &provider);
        whole["whole_slaps"] = json!(true);
        let mut scanner = scanner_with(whole);
        let told = probe(&mut scanner).unwrap();
        assert!(!told.segments_itself && !told.groups.contains(&CaptureGroup::Single));
        // One finger alone, of a hand that has no other, comes as the whole glass too.
        let one = take(&mut scanner, &RIGHT[..1]).map(|images| images[0].position);
        assert_eq!(one.ok(), refused.is_none().then_some(None), "{code} {name:?}");
        asked.recv().unwrap();
        // What is put down next is told from what lay there by its ridges, which these pictures do not have.
        scanner.release();
        match (take(&mut scanner, &RIGHT), refused) {
            (Ok(images), None) => {
                let [image] = &images[..] else { panic!("{} images", images.len()) };
                assert_eq!(image.position, None);
                assert!(image.grey() == grey(RIGHT[0], &asked.recv().unwrap().transaction_id));
            }
            (Err(fault), Some(code)) => assert_eq!(fault.code, code, "{}", fault.log),
            (got, _) => panic!("{code} {name:?}: {got:?}"),
        }
    }
}
