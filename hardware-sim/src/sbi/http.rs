//! The service on its port: verbs and paths of the specification, its headers, and bad days on the line.

use super::device::{Kind, Status};
use super::refusal::Refusal;
use super::{Service, capture, request, stream};
use crate::clock;
use crate::stage::{Device, FaultKind};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use drivers::sbi::request::{CAPTURE, DISCOVER, INFO, REGISTRATION_CAPTURE, STREAM};
use render::Rng;
use serde_json::{Value, json};
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::interval;
use tokio_stream::wrappers::ReceiverStream;

/// How often the service looks whether its cable is in.
const LOOK: Duration = Duration::from_millis(50);

/// Bytes of an answer that are handed over at a time.
const PIECE: usize = 32 * 1024;

/// Verb and path of everything that is answered.
const CALLS: [(&str, &str); 5] = [DISCOVER, INFO, CAPTURE, REGISTRATION_CAPTURE, STREAM];

/// Serves until the task is dropped: closes the port while the cable is out.
pub async fn serve(service: Arc<Service>, first: TcpListener) -> io::Result<()> {
    let mut listener = Some(first);
    loop {
        unplugged(&service, false).await;
        let here = match listener.take() {
            Some(listener) => listener,
            None => TcpListener::bind((Ipv4Addr::LOCALHOST, service.port)).await?,
        };
        service.stage.plugged(Device::Slap);
        // Verbs are the specification's own, so that no table of the router knows them.
        let router = Router::new().fallback(handle).with_state(Arc::clone(&service));
        let mut serving = Box::pin(axum::serve(here, router).into_future());
        tokio::select! {
            served = &mut serving => served?,
            () = unplugged(&service, true) => {}
        }
        service.stage.unplug(Device::Slap, || drop(serving));
    }
}

async fn unplugged(service: &Service, is: bool) {
    let mut look = interval(LOOK);
    while (service.fault() == FaultKind::Unplug) != is {
        look.tick().await;
    }
}

async fn handle(State(service): State<Arc<Service>>, request: Request) -> Response {
    if service.fault() == FaultKind::Silent {
        std::future::pending::<()>().await;
    }
    let origin = match origin(request.headers()) {
        Ok(origin) if is_loopback(request.headers()) => origin,
        _ => return refused(&service, StatusCode::FORBIDDEN, Refusal::Address),
    };
    let mut response = route(&service, request).await;
    if let Some(origin) = origin {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    response
}

async fn route(service: &Arc<Service>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let verbs: Vec<&str> = CALLS.iter().filter(|call| call.1 == path).map(|call| call.0).collect();
    if verbs.is_empty() {
        return refused(service, StatusCode::NOT_FOUND, Refusal::Address);
    }
    if parts.method == Method::OPTIONS {
        let allowed =
            HeaderValue::try_from(verbs.join(", ")).map(|verbs| (header::ACCESS_CONTROL_ALLOW_METHODS, verbs));
        let headers: HeaderMap = allowed.into_iter().collect();
        return (StatusCode::NO_CONTENT, headers).into_response();
    }
    let Some(call) = CALLS.iter().find(|call| **call == (parts.method.as_str(), path)) else {
        return refused(service, StatusCode::METHOD_NOT_ALLOWED, Refusal::Address);
    };
    let Ok(body) = to_bytes(body, request::MAX_REQUEST).await else {
        return refused(service, StatusCode::PAYLOAD_TOO_LARGE, Refusal::Address);
    };
    match *call {
        DISCOVER => answered(service, discover(service, &body)),
        INFO => answered(service, info(service)),
        REGISTRATION_CAPTURE => answered(service, capture::answer(service, &body).await),
        CAPTURE => answered(service, capture::authentication()),
        _ => stream::answer(service, &body),
    }
}

fn discover(service: &Service, body: &[u8]) -> Vec<u8> {
    let found = request::discovery(body).map(|wanted| {
        let kinds = Kind::ALL.into_iter().filter(|kind| wanted.is_none_or(|wanted| wanted == *kind));
        kinds.map(|kind| kind.discovered(service.status(kind), &service.address, clock::now())).collect::<Vec<Value>>()
    });
    let answer = found.unwrap_or_else(|refusal| vec![json!({ "error": refusal.member() })]);
    json!(answer).to_string().into_bytes()
}

fn info(service: &Service) -> Vec<u8> {
    let one = |kind: Kind| {
        let info = kind.info(service.status(kind), &service.address, clock::now(), &service.vendor);
        info.unwrap_or_else(|_| json!({ "deviceInfo": null, "error": Refusal::Technical.member() }))
    };
    json!(Kind::ALL.map(one)).to_string().into_bytes()
}

impl Service {
    /// How this device is doing.
    pub(super) fn status(&self, kind: Kind) -> Status {
        match self.fault() {
            FaultKind::NotReady => Status::NotReady,
            FaultKind::NotRegistered => Status::NotRegistered,
            FaultKind::Busy => Status::Busy,
            _ if self.running[kind.index()].try_lock().is_err() => Status::Busy,
            _ => Status::Ready,
        }
    }
}

/// Only 127.0.0.1 is answered to (specification, device discovery): a name that somebody lets point here is not.
fn is_loopback(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.is_some_and(|host| host.split(':').next() == Some("127.0.0.1"))
}

/// The origin of the page that asks, which must be this machine's; none of a program.
fn origin(headers: &HeaderMap) -> Result<Option<HeaderValue>, ()> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(None) };
    let host = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, rest)| rest);
    let name = host.and_then(|host| host.split(':').next());
    if matches!(name, Some("127.0.0.1" | "localhost")) { Ok(Some(origin.clone())) } else { Err(()) }
}

fn refused(service: &Service, status: StatusCode, refusal: Refusal) -> Response {
    let body = json!({ "error": refusal.member() }).to_string();
    (status, headers(service), body).into_response()
}

/// The headers that the specification wants on every answer.
fn headers(service: &Service) -> HeaderMap {
    let words = [
        (header::CACHE_CONTROL, String::from("no-store")),
        (header::LOCATION, service.address.clone()),
        (header::CONTENT_TYPE, String::from("application/json")),
        (header::CONNECTION, String::from("close")),
    ];
    words.into_iter().filter_map(|(name, text)| Some((name, HeaderValue::try_from(text).ok()?))).collect()
}

/// Sends an answer; the fault of the line shows behind its good bytes.
fn answered(service: &Arc<Service>, mut body: Vec<u8>) -> Response {
    let good = service.stage.spend(Device::Slap, body.len());
    let fault = service.fault();
    let length = body.len();
    let mut headers = headers(service);
    headers.insert(header::CONTENT_LENGTH, length.into());
    let body = match fault {
        FaultKind::Garbage => {
            // Whoever looks at the length only takes it for an answer.
            let mut noise = Rng::stream(length as u64, 0x5B1);
            body.iter_mut().skip(good).for_each(|byte| *byte = noise.bits() as u8);
            Body::from(body)
        }
        FaultKind::Unplug | FaultKind::Stall | FaultKind::Slow => {
            let (pieces, sent) = mpsc::channel(1);
            let service = Arc::clone(service);
            tokio::spawn(async move { send_badly(&service, &pieces, &body, good).await });
            Body::from_stream(ReceiverStream::new(sent))
        }
        _ => Body::from(body),
    };
    (headers, body).into_response()
}

/// Sends the good bytes, then as the fault has it, for as long as it lasts.
async fn send_badly(service: &Service, pieces: &mpsc::Sender<io::Result<Bytes>>, body: &[u8], good: usize) {
    let mut sent = 0;
    let mut second = interval(Duration::from_secs(1));
    while sent < body.len() && !service.stage.has_ended() {
        let piece = match service.fault() {
            _ if sent < good => (good - sent).min(PIECE),
            FaultKind::Unplug => {
                let cut = io::Error::new(io::ErrorKind::ConnectionReset, "the device was unplugged");
                let _ = pieces.send(Err(cut)).await;
                return;
            }
            FaultKind::Stall => 0,
            FaultKind::Slow => 1,
            _ => PIECE,
        };
        if piece <= 1 {
            second.tick().await;
        }
        let end = body.len().min(sent + piece);
        let piece = Bytes::copy_from_slice(&body[sent..end]);
        sent = end;
        if pieces.is_closed() || (!piece.is_empty() && pieces.send(Ok(piece)).await.is_err()) {
            return;
        }
    }
}
