//! What comes in HTTP: answers of device services, applications of stations, and what an intake gives them.

use crate::seeds::public_key;
use domain::case::StationId;
use drivers::camera::mjpeg::Multipart;
use drivers::http::{Body, Head};
use drivers::sbi::jws::TrustAnchors;
use drivers::sbi::message::{CaptureAnswer, DeviceInfo, DigitalId, Discovered, ErrorAnswer, InfoItem};
use link::{Provisioned, Renewed};
use store::Application;

/// A body by itself, and a whole answer with its head.
pub fn bodies(bytes: &[u8]) {
    of_a_device(bytes);
    of_a_station(bytes);
    let Ok(Some((head, length))) = Head::parse(bytes) else { return };
    let mut parts = head.header("content-type").and_then(Multipart::for_content_type);
    let (mut body, mut content) = (Body::of(&head), Vec::new());
    for piece in bytes[length..].chunks(61) {
        let taken = body.take(piece, &mut |bytes| {
            content.extend_from_slice(bytes);
            if let Some(parts) = &mut parts {
                parts.push(bytes);
                while let Ok(Some(_)) = parts.next_part() {}
            }
        });
        if taken.is_err() {
            break;
        }
    }
    assert!(content.len() <= bytes.len(), "no coding of a transfer makes more of it");
    of_a_device(&content);
}

fn of_a_device(bytes: &[u8]) {
    let _ = serde_json::from_slice::<CaptureAnswer>(bytes).map(drop);
    let _ = serde_json::from_slice::<Vec<Discovered>>(bytes).map(drop);
    let _ = serde_json::from_slice::<Vec<InfoItem>>(bytes).map(drop);
    let _ = serde_json::from_slice::<DeviceInfo>(bytes).map(drop);
    let _ = serde_json::from_slice::<DigitalId>(bytes).map(drop);
    let _ = serde_json::from_slice::<ErrorAnswer>(bytes).map(drop);
    let _ = TrustAnchors::from_pem(bytes).map(drop);
}

fn of_a_station(bytes: &[u8]) {
    let _ = Application::verify(bytes).map(drop);
    let _ = serde_json::from_slice::<Renewed>(bytes).map(drop);
    if let Ok(given) = serde_json::from_slice::<Provisioned>(bytes) {
        let _ = given.parts(&StationId("S1".into()), public_key()).map(drop);
    }
}
