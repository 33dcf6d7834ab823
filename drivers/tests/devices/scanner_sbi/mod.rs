//! The driver for certified scanners against services that keep to the specification, and services that do not.

mod captures;
mod probing;
mod refusals;

use crate::fakes::pki::{Authority, self_signed};
use crate::fakes::sbi::{Device, HEIGHT, Provider, Reply, SbiServer, WIDTH, grey, now, record, refused};
use crate::fakes::with_run;
use domain::device::{CaptureGroup, DeviceDescriptor, DeviceFault, ErrorKind};
use domain::finger::Finger;
use domain::guarded::Biometric;
use domain::image::FingerImage;
use domain::units::Ppi;
use drivers::run::Run;
use drivers::sbi::iso::{Compression, FingerRecord};
use drivers::sbi::jws::Signer;
use drivers::sbi::message::{
    BioData, BioType, CaptureRequest, Certification, DeviceStatus, DeviceSubType, Environment, Purpose, Sample, Token,
    sub_type, time_text,
};
use drivers::sbi::{ErrorCode, first_hash, jp2, next_hash};
use drivers::scanner::sbi::{Outside, SbiScanner, Settings, Timing};
use drivers::scanner::{Scanner, ScannerEvent};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(super) const RIGHT: [Finger; 4] = [Finger::RightIndex, Finger::RightMiddle, Finger::RightRing, Finger::RightLittle];

/// Impatient enough for a test, patient enough for a busy machine.
pub(super) const TIMING: Timing = Timing {
    check: Duration::ZERO,
    again: Duration::from_millis(10),
    busy: Duration::from_millis(100),
    grace: Duration::from_millis(300),
    lift: Duration::from_millis(30),
};

/// A clock that stands still, and numbers that count.
pub(super) struct Still(u8);

impl Outside for Still {
    fn now(&self) -> Timestamp {
        now()
    }

    fn random(&mut self) -> Option<[u8; 16]> {
        self.0 += 1;
        Some([self.0; 16])
    }
}

pub(super) fn settings(ports: (u16, u16), provider: &Provider) -> Value {
    json!({"ports": [ports.0, ports.1], "env": "Developer", "trust": provider.file.path(), "timeout_ms": 5000})
}

pub(super) fn scanner_with(settings: Value) -> SbiScanner<Still> {
    let settings: Settings = serde_json::from_value(settings).unwrap();
    SbiScanner::new(settings, Still(0), TIMING).unwrap()
}

pub(super) fn scanner(server: &SbiServer, provider: &Provider) -> SbiScanner<Still> {
    scanner_with(settings((server.port, server.port), provider))
}

pub(super) fn probe(scanner: &mut SbiScanner<Still>) -> Result<DeviceDescriptor, DeviceFault> {
    with_run(Duration::from_secs(20), |run| scanner.probe(run))
}

/// Events by name and the images.
pub(super) fn capture(
    scanner: &mut SbiScanner<Still>,
    wanted: &[Finger],
    time: Duration,
) -> Result<(Vec<&'static str>, Vec<FingerImage>), DeviceFault> {
    let (mut events, mut images) = (Vec::new(), Vec::new());
    with_run(time, |run| {
        scanner.capture(run, wanted, &mut |event| {
            events.push(match event {
                ScannerEvent::Degraded => "degraded",
                ScannerEvent::Fingers(got) => {
                    images.extend(got);
                    "fingers"
                }
                ScannerEvent::Lifted => "lifted",
                ScannerEvent::Placed => "placed",
                ScannerEvent::Preview(_) => "preview",
            });
        })
    })?;
    Ok((events, images))
}

pub(super) fn take(scanner: &mut SbiScanner<Still>, wanted: &[Finger]) -> Result<Vec<FingerImage>, DeviceFault> {
    capture(scanner, wanted, Duration::from_secs(20)).map(|(_, images)| images)
}

/// Whether each image is the one that the device sent in this transaction.
pub(super) fn assert_exact(images: &[FingerImage], fingers: &[Finger], transaction: &str) {
    assert_eq!(images.iter().map(|image| image.position.unwrap()).collect::<Vec<_>>(), fingers);
    for (image, finger) in images.iter().zip(fingers) {
        assert_eq!((image.width, image.height, image.bit_depth), (WIDTH.into(), HEIGHT.into(), 8));
        assert_eq!(image.ppi, Ppi::FIVE_HUNDRED);
        assert!(image.grey() == grey(*finger, transaction), "{finger}");
    }
}

/// A server that answers honestly and passes on what it was asked.
pub(super) fn honest(device: &Device) -> (SbiServer, Receiver<CaptureRequest>) {
    let (sender, receiver) = channel();
    let serving = device.clone();
    let server = SbiServer::with(vec![device.clone()], move |request| {
        sender.send(request.clone()).unwrap();
        let wanted = request.bio[0].bio_sub_type.iter().flatten();
        let fingers: Vec<Finger> = wanted.map(|text| drivers::sbi::message::finger(text).unwrap()).collect();
        serving.answer(request, &fingers)
    });
    (server, receiver)
}

pub(super) type Answer = Box<dyn FnMut(&Device, &CaptureRequest) -> Reply + Send>;

/// Runs one capture of the right hand against this answer.
pub(super) fn fault_of(provider: &Provider, mut answer: Answer) -> DeviceFault {
    let device = provider.slap();
    let serving = device.clone();
    let server = SbiServer::with(vec![device], move |request| answer(&serving, request));
    let mut scanner = scanner(&server, provider);
    probe(&mut scanner).unwrap();
    take(&mut scanner, &RIGHT).unwrap_err()
}

pub(super) fn json_of(reply: Reply) -> Value {
    let Reply::Json(json) = reply else { panic!("no JSON") };
    json
}
