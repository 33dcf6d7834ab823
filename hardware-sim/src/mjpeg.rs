//! JPEG pictures over HTTP, as `multipart/x-mixed-replace`: how the simulated camera and the live-scan sensor send theirs.

use crate::stage::{Counters, Device, FaultKind, KEPT, Stage};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use render::Rng;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{MissedTickBehavior, interval};
use tokio_stream::wrappers::ReceiverStream;

/// A device that sends pictures.
#[derive(Debug)]
pub struct Source {
    /// Which device of the stage.
    pub device: Device,
    /// The path of its stream.
    pub path: &'static str,
    /// What it says it is.
    pub identity: &'static str,
    /// Width and height of its pictures in pixels.
    pub size: (u32, u32),
    /// Pictures a second.
    pub rate: u64,
    /// A stream begins.
    pub opened: fn(&Stage),
    /// The picture of this number in its stream, as JPEG, under this fault.
    pub picture: fn(&Stage, u64, FaultKind) -> Picture,
    /// This picture is about to leave.
    pub leaves: fn(&Stage, &Picture),
    /// A picture was sent.
    pub sent: fn(&mut Counters),
}

/// A picture as JPEG, and the view that it shows with its number there, where that is told apart.
pub type Picture = (Arc<Vec<u8>>, Option<(u64, u64)>);

const BOUNDARY: &str = "gatepost-frame";

/// Streams at the same time, as small network devices have it.
const MAX_STREAMS: usize = 4;

/// Frames made and not yet sent: a slow client sees fewer frames, not older ones.
const WAITING: usize = 1;

/// How often a device looks whether its cable is in.
const LOOK: Duration = Duration::from_millis(50);

/// Serves a device on this port until the task is dropped: closes it while the cable is out.
pub async fn serve(stage: Arc<Stage>, first: TcpListener, source: &'static Source) -> io::Result<()> {
    let port = first.local_addr()?.port();
    let mut listener = Some(first);
    let streams = Arc::new(Semaphore::new(MAX_STREAMS));
    loop {
        unplugged(&stage, source.device, false).await;
        let here = match listener.take() {
            Some(listener) => listener,
            None => TcpListener::bind(("127.0.0.1", port)).await?,
        };
        stage.plugged(source.device);
        let router = Router::new().route(source.path, get(stream).head(describe)).with_state((
            Arc::clone(&stage),
            Arc::clone(&streams),
            source,
        ));
        // Dropped with its listener when the cable goes; running streams see that for themselves.
        let mut serving = Box::pin(axum::serve(here, router).into_future());
        tokio::select! {
            served = &mut serving => served?,
            () = unplugged(&stage, source.device, true) => {}
        }
        stage.unplug(source.device, || drop(serving));
    }
}

type Shared = State<(Arc<Stage>, Arc<Semaphore>, &'static Source)>;

async fn unplugged(stage: &Stage, device: Device, is: bool) {
    let mut look = interval(LOOK);
    while (stage.fault(device) == FaultKind::Unplug) != is {
        look.tick().await;
    }
}

async fn describe(State((stage, _, source)): Shared) -> Response {
    if stage.fault(source.device) == FaultKind::Silent {
        std::future::pending::<()>().await;
    }
    (headers(source), Body::empty()).into_response()
}

async fn stream(State((stage, streams, source)): Shared) -> Response {
    if stage.fault(source.device) == FaultKind::Silent {
        std::future::pending::<()>().await;
    }
    let Ok(place) = streams.try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, headers(source), "all streams are taken").into_response();
    };
    let looking = Arc::clone(&stage);
    // A cue may draw a picture.
    let _ = tokio::task::spawn_blocking(move || (source.opened)(&looking)).await;
    let (frames, body) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        film(&stage, source, frames).await;
        drop(place);
    });
    (headers(source), Body::from_stream(ReceiverStream::new(body))).into_response()
}

fn headers(source: &Source) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mixed = format!("multipart/x-mixed-replace; boundary={BOUNDARY}");
    let size = format!("{}x{}", source.size.0, source.size.1);
    let words = [
        (header::CONTENT_TYPE, mixed),
        (header::CACHE_CONTROL, String::from("no-store")),
        (HeaderName::from_static("x-device-id"), String::from(source.identity)),
        (HeaderName::from_static("x-frame-size"), size),
        (HeaderName::from_static("x-frame-rate"), source.rate.to_string()),
    ];
    headers.extend(words.into_iter().filter_map(|(name, text)| Some((name, HeaderValue::try_from(text).ok()?))));
    headers
}

/// Sends pictures until the client goes, the cable is out or the simulation ends.
async fn film(stage: &Arc<Stage>, source: &'static Source, frames: mpsc::Sender<io::Result<Bytes>>) {
    let mut tick = interval(Duration::from_millis(1000 / source.rate));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut noise = Rng::stream(source.rate, 0xCA);
    let mut last: Option<Picture> = None;
    for number in 0.. {
        tick.tick().await;
        if stage.has_ended() || frames.is_closed() {
            return;
        }
        let cued = Arc::clone(stage);
        let _ = tokio::task::spawn_blocking(move || cued.sending(source.device)).await;
        let fault = stage.fault(source.device);
        if matches!(fault, FaultKind::Stall | FaultKind::Silent) || (fault == FaultKind::Dropped && number % KEPT != 0)
        {
            continue;
        }
        let drawing = Arc::clone(stage);
        let frozen = last.take().filter(|_| fault == FaultKind::Frozen);
        // Drawing and compressing take milliseconds of a core.
        let drawn =
            tokio::task::spawn_blocking(move || frozen.unwrap_or_else(|| (source.picture)(&drawing, number, fault)));
        let Ok(picture) = drawn.await else { return };
        let part = part(&picture.0);
        let good = stage.spend(source.device, part.len());
        (source.leaves)(stage, &picture);
        last = Some(picture);
        if !send(stage, source.device, &frames, part, good, &mut noise).await {
            return;
        }
        stage.count(source.sent);
    }
}

/// Sends one part; the fault shows behind its good bytes. False when the stream has ended.
async fn send(
    stage: &Stage,
    device: Device,
    frames: &mpsc::Sender<io::Result<Bytes>>,
    mut part: Vec<u8>,
    good: usize,
    noise: &mut Rng,
) -> bool {
    match stage.fault(device) {
        FaultKind::Unplug => {
            part.truncate(good);
            let cut = io::Error::new(io::ErrorKind::ConnectionReset, "the cable was pulled");
            let _ = frames.send(Ok(Bytes::from(part))).await;
            let _ = frames.send(Err(cut)).await;
            false
        }
        FaultKind::Garbage => {
            // The envelope stays right, so that a client must notice that no picture is inside.
            let start = good.max(envelope(&part));
            part.iter_mut().skip(start).for_each(|byte| *byte = noise.bits() as u8);
            frames.send(Ok(Bytes::from(part))).await.is_ok()
        }
        FaultKind::Stall | FaultKind::Silent => {
            part.truncate(good);
            frames.send(Ok(Bytes::from(part))).await.is_ok()
        }
        FaultKind::Slow => send_slowly(stage, device, frames, &part, good).await,
        // The others show in what is sent, or do not fit.
        _ => frames.send(Ok(Bytes::from(part))).await.is_ok(),
    }
}

async fn send_slowly(
    stage: &Stage,
    device: Device,
    frames: &mpsc::Sender<io::Result<Bytes>>,
    part: &[u8],
    good: usize,
) -> bool {
    let (whole, rest) = part.split_at(good);
    if frames.send(Ok(Bytes::copy_from_slice(whole))).await.is_err() {
        return false;
    }
    let mut second = interval(Duration::from_secs(1));
    for (at, byte) in rest.iter().enumerate() {
        second.tick().await;
        if stage.fault(device) != FaultKind::Slow {
            return frames.send(Ok(Bytes::copy_from_slice(&rest[at..]))).await.is_ok();
        }
        if stage.has_ended() || frames.send(Ok(Bytes::copy_from_slice(&[*byte]))).await.is_err() {
            return false;
        }
    }
    true
}

fn part(jpeg: &[u8]) -> Vec<u8> {
    let mut part =
        format!("--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", jpeg.len()).into_bytes();
    part.extend_from_slice(jpeg);
    part.extend_from_slice(b"\r\n");
    part
}

/// Bytes of a part before its picture.
fn envelope(part: &[u8]) -> usize {
    part.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4)
}
