//! The preview: JPEG frames of what a device sees, until the host has seen enough.

use super::Service;
use super::device::Kind;
use super::refusal::Refusal;
use super::request::{self, Stream};
use super::slap::blocking;
use crate::stage::FaultKind;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use drivers::camera::monotonic_now;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, resize};
use image::{ExtendedColorType, GrayImage};
use serde_json::json;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_stream::wrappers::ReceiverStream;

/// Frames a second; three are the least that the specification allows.
const RATE: u64 = 8;

const BOUNDARY: &str = "gatepost-sbi-frame";

/// Width and height of a preview of the glass: a quarter of the platen.
const PREVIEW: (u32, u32) = (400, 375);

/// Starts the stream that this request asks for.
pub fn answer(service: &Arc<Service>, body: &[u8]) -> Response {
    let wish = request::stream(body).and_then(|wish| match service.status(wish.kind).refusal() {
        // A capture under way does not end a preview, and may begin during one.
        None | Some(Refusal::Busy) if service.fault() != FaultKind::Busy => Ok(wish),
        refusal => Err(refusal.unwrap_or(Refusal::Busy)),
    });
    let wish = match wish {
        Ok(wish) => wish,
        Err(refusal) => return Json(json!({ "error": refusal.member() })).into_response(),
    };
    let Ok(place) = Arc::clone(&service.streams).try_acquire_owned() else {
        return Json(json!({ "error": Refusal::Busy.member() })).into_response();
    };
    service.stage.count(|counters| counters.preview_streams += 1);
    let (frames, sent) = mpsc::channel(1);
    let service = Arc::clone(service);
    tokio::spawn(async move {
        film(&service, &wish, &frames).await;
        drop(place);
    });
    let kind = format!("multipart/x-mixed-replace; boundary={BOUNDARY}");
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, String::from("no-store"))];
    (headers, Body::from_stream(ReceiverStream::new(sent))).into_response()
}

async fn film(service: &Arc<Service>, wish: &Stream, frames: &mpsc::Sender<io::Result<Bytes>>) {
    let deadline = Instant::now() + wish.timeout;
    let mut tick = interval(Duration::from_millis(1000 / RATE));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for number in 0.. {
        tick.tick().await;
        if Instant::now() >= deadline || service.stage.has_ended() || frames.is_closed() {
            break;
        }
        // While a capture runs, no frame is added (specification, registration capture).
        let capturing = service.running[wish.kind.index()].try_lock().is_err();
        if capturing || matches!(service.fault(), FaultKind::Stall | FaultKind::Silent) {
            continue;
        }
        if service.fault() == FaultKind::Unplug {
            let cut = io::Error::new(io::ErrorKind::ConnectionReset, "the device was unplugged");
            let _ = frames.send(Err(cut)).await;
            return;
        }
        let (source, kind) = (Arc::clone(service), wish.kind);
        let Ok(jpeg) = blocking(move || source.preview(kind, number)).await else { return };
        if frames.send(Ok(part("image/jpeg", &jpeg))).await.is_err() {
            return;
        }
    }
    let last = json!({ "error": Refusal::StreamEnded.member() }).to_string();
    let _ = frames.send(Ok(part("application/json", last.as_bytes()))).await;
}

impl Service {
    /// What the device sees, as JPEG: drawing and compressing take milliseconds of a core.
    fn preview(&self, kind: Kind, number: u64) -> Vec<u8> {
        match kind {
            Kind::Face => {
                let (jpeg, view) = self.stage.frame(number);
                self.stage.sends(view, number, monotonic_now());
                jpeg.to_vec()
            }
            Kind::Slap => {
                let glass = match self.stage.platen() {
                    Some(platen) => resize(&*self.glass(&platen), PREVIEW.0, PREVIEW.1, FilterType::Triangle),
                    None => self.free_glass(PREVIEW.0, PREVIEW.1),
                };
                jpeg(&glass).unwrap_or_default()
            }
        }
    }
}

fn jpeg(image: &GrayImage) -> Result<Vec<u8>, image::ImageError> {
    let mut bytes = Vec::with_capacity(64 * 1024);
    let (width, height) = image.dimensions();
    JpegEncoder::new(&mut bytes).encode(image.as_raw(), width, height, ExtendedColorType::L8)?;
    Ok(bytes)
}

fn part(kind: &str, bytes: &[u8]) -> Bytes {
    let mut part =
        format!("--{BOUNDARY}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", bytes.len()).into_bytes();
    part.extend_from_slice(bytes);
    part.extend_from_slice(b"\r\n");
    part.into()
}
