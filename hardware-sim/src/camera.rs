//! The simulated network camera: MJPEG over HTTP, as `multipart/x-mixed-replace`.

use crate::stage::{Device, FaultKind, KEPT, Stage, pictures::FRAME};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use drivers::camera::monotonic_now;
use render::Rng;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{MissedTickBehavior, interval};
use tokio_stream::wrappers::ReceiverStream;

/// What the camera says it is.
pub const IDENTITY: &str = "SIMULATED CAMERA 1";

/// Frames a second.
pub const RATE: u64 = 20;

const BOUNDARY: &str = "gatepost-frame";

/// Streams at the same time, as small network cameras have it.
const MAX_STREAMS: usize = 4;

/// Frames made and not yet sent: a slow client sees fewer frames, not older ones.
const WAITING: usize = 1;

/// How often the camera looks whether its cable is in.
const LOOK: Duration = Duration::from_millis(50);

/// Serves the camera on this port until the task is dropped: closes it while the cable is out.
pub async fn serve(stage: Arc<Stage>, first: TcpListener) -> io::Result<()> {
    let port = first.local_addr()?.port();
    let mut listener = Some(first);
    let streams = Arc::new(Semaphore::new(MAX_STREAMS));
    loop {
        unplugged(&stage, false).await;
        let here = match listener.take() {
            Some(listener) => listener,
            None => TcpListener::bind(("127.0.0.1", port)).await?,
        };
        stage.plugged(Device::Camera);
        let router = Router::new()
            .route("/stream", get(stream).head(describe))
            .with_state((Arc::clone(&stage), Arc::clone(&streams)));
        // Dropped with its listener when the cable goes; running streams see that for themselves.
        let mut serving = Box::pin(axum::serve(here, router).into_future());
        tokio::select! {
            served = &mut serving => served?,
            () = unplugged(&stage, true) => {}
        }
        stage.unplug(Device::Camera, || drop(serving));
    }
}

type Shared = State<(Arc<Stage>, Arc<Semaphore>)>;

async fn unplugged(stage: &Stage, is: bool) {
    let mut look = interval(LOOK);
    while (stage.fault(Device::Camera) == FaultKind::Unplug) != is {
        look.tick().await;
    }
}

async fn describe(State((stage, _)): Shared) -> Response {
    if stage.fault(Device::Camera) == FaultKind::Silent {
        std::future::pending::<()>().await;
    }
    (headers(), Body::empty()).into_response()
}

async fn stream(State((stage, streams)): Shared) -> Response {
    if stage.fault(Device::Camera) == FaultKind::Silent {
        std::future::pending::<()>().await;
    }
    let Ok(place) = streams.try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, headers(), "all streams are taken").into_response();
    };
    let looking = Arc::clone(&stage);
    // A cue may draw a picture.
    let _ = tokio::task::spawn_blocking(move || looking.looked_at()).await;
    let (frames, body) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        film(&stage, frames).await;
        drop(place);
    });
    (headers(), Body::from_stream(ReceiverStream::new(body))).into_response()
}

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mixed = format!("multipart/x-mixed-replace; boundary={BOUNDARY}");
    let size = format!("{}x{}", FRAME.0, FRAME.1);
    let words = [
        (header::CONTENT_TYPE, mixed),
        (header::CACHE_CONTROL, String::from("no-store")),
        (HeaderName::from_static("x-device-id"), String::from(IDENTITY)),
        (HeaderName::from_static("x-frame-size"), size),
        (HeaderName::from_static("x-frame-rate"), RATE.to_string()),
    ];
    headers.extend(words.into_iter().filter_map(|(name, text)| Some((name, HeaderValue::try_from(text).ok()?))));
    headers
}

/// A frame as JPEG, and the view that it shows with its number there; a dark one shows none.
type Frame = (Arc<Vec<u8>>, Option<(u64, u64)>);

/// Sends frames until the client goes, the cable is out or the simulation ends.
async fn film(stage: &Arc<Stage>, frames: mpsc::Sender<io::Result<Bytes>>) {
    let mut tick = interval(Duration::from_millis(1000 / RATE));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut noise = Rng::stream(RATE, 0xCA);
    let mut last: Option<Frame> = None;
    for number in 0.. {
        tick.tick().await;
        if stage.has_ended() || frames.is_closed() {
            return;
        }
        let cued = Arc::clone(stage);
        let _ = tokio::task::spawn_blocking(move || cued.sending(Device::Camera)).await;
        let fault = stage.fault(Device::Camera);
        if matches!(fault, FaultKind::Stall | FaultKind::Silent) || (fault == FaultKind::Dropped && number % KEPT != 0)
        {
            continue;
        }
        let source = Arc::clone(stage);
        let frozen = last.take().filter(|_| fault == FaultKind::Frozen);
        // Drawing and compressing take milliseconds of a core.
        let drawn = tokio::task::spawn_blocking(move || match (frozen, fault) {
            (Some(frozen), _) => frozen,
            (None, FaultKind::Dark) => (source.dark_frame(number), None),
            (None, _) => {
                let (jpeg, view) = source.frame(number);
                (jpeg, Some((view, number)))
            }
        });
        let Ok((jpeg, view)) = drawn.await else { return };
        last = Some((Arc::clone(&jpeg), view));
        let part = part(&jpeg);
        let good = stage.spend(Device::Camera, part.len());
        if let Some((view, number)) = view {
            stage.sends(view, number, monotonic_now());
        }
        if !send(stage, &frames, part, good, &mut noise).await {
            return;
        }
        stage.count(|counters| counters.camera_frames += 1);
    }
}

/// Sends one part; the fault shows behind its good bytes. False when the stream has ended.
async fn send(
    stage: &Stage,
    frames: &mpsc::Sender<io::Result<Bytes>>,
    mut part: Vec<u8>,
    good: usize,
    noise: &mut Rng,
) -> bool {
    match stage.fault(Device::Camera) {
        FaultKind::Unplug => {
            part.truncate(good);
            let cut = io::Error::new(io::ErrorKind::ConnectionReset, "the camera was unplugged");
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
        FaultKind::Slow => send_slowly(stage, frames, &part, good).await,
        // The others show in what is sent, or do not fit.
        _ => frames.send(Ok(Bytes::from(part))).await.is_ok(),
    }
}

async fn send_slowly(stage: &Stage, frames: &mpsc::Sender<io::Result<Bytes>>, part: &[u8], good: usize) -> bool {
    let (whole, rest) = part.split_at(good);
    if frames.send(Ok(Bytes::copy_from_slice(whole))).await.is_err() {
        return false;
    }
    let mut second = interval(Duration::from_secs(1));
    for (at, byte) in rest.iter().enumerate() {
        second.tick().await;
        if stage.fault(Device::Camera) != FaultKind::Slow {
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
