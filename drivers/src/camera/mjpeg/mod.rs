//! Network cameras that stream JPEG pictures over HTTP (`multipart/x-mixed-replace`).
//!
//! Plain HTTP, meant for loopback or the checkpoint's own camera network. A `HEAD` request tells what the camera is
//! without opening its stream: `X-Device-Id`, `X-Frame-Size: 640x480` and `X-Frame-Rate: 20`, each optional.

mod address;
mod connection;
mod multipart;

pub use address::Address;
pub use multipart::{Multipart, MultipartError};

use super::jpeg;
use super::pictures::{Pictures, TooDamaged};
use super::{Camera, CameraEvent, CameraFactory};
use crate::codes::Code;
use crate::host::frame_limit;
use crate::http::Head;
use crate::run::Run;
use crate::settings;
use connection::{Connection, ConnectionError};
use domain::device::{DeviceDescriptor, DeviceFault, DeviceKind, ErrorKind};
use domain::image::Frame;
use serde::Deserialize;
use serde_json::Value;
use std::time::{Duration, Instant};
use thiserror::Error;

/// The name in the configuration.
const NAME: &str = "mjpeg";

/// How often an idle camera is asked whether it is still there.
const CHECK_EVERY: Duration = Duration::from_secs(2);

/// For the first picture: cameras set their exposure first.
const FIRST_FRAME: Duration = Duration::from_secs(3);

/// `mjpeg` in the factory list.
pub struct Factory;

impl CameraFactory for Factory {
    fn name(&self) -> &'static str {
        NAME
    }

    fn open(&self, settings: &Value) -> Result<Box<dyn Camera>, DeviceFault> {
        Ok(Box::new(Mjpeg::new(&settings::read(NAME, settings)?)?))
    }
}

/// The device's table in the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Address of the stream, for example `http://localhost:8610/stream`.
    pub url: String,
}

/// Trouble with a network camera.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MjpegError {
    /// The connection or what came over it.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// Too many pictures in a row that cannot be decoded.
    #[error(transparent)]
    Damaged(#[from] TooDamaged),
    /// The parts of the stream cannot be told apart.
    #[error(transparent)]
    Multipart(#[from] MultipartError),
    /// It answers, and not with a stream.
    #[error("status {0}")]
    Status(u16),
    /// The stream is open, and no picture comes.
    #[error("no picture for {0} ms")]
    Stalled(u128),
    /// It answers with something that is no stream of pictures.
    #[error("the answer is no multipart stream")]
    NoStream,
}

/// One network camera.
pub struct Mjpeg {
    address: Address,
    descriptor: Option<DeviceDescriptor>,
    check_at: Instant,
}

impl Mjpeg {
    /// A camera that is not looked for yet.
    pub fn new(settings: &Settings) -> Result<Self, DeviceFault> {
        let address = Address::parse(&settings.url).map_err(|error| settings::refuse(NAME, error))?;
        Ok(Self { address, descriptor: None, check_at: Instant::now() })
    }

    fn try_probe(&mut self) -> Result<DeviceDescriptor, MjpegError> {
        let head = Connection::ask(&self.address, "HEAD")?.head().clone();
        match head.status {
            200 => {}
            // Cameras that know GET only: they are there, and that is all the question was.
            405 | 501 => {}
            other => return Err(MjpegError::Status(other)),
        }
        self.check_at = Instant::now() + CHECK_EVERY;
        let descriptor = describe(&self.address, &head);
        self.descriptor = Some(descriptor.clone());
        Ok(descriptor)
    }

    fn try_stream(&mut self, run: &Run<'_>, report: &mut dyn FnMut(CameraEvent)) -> Result<(), MjpegError> {
        let mut connection = Connection::ask(&self.address, "GET")?;
        if connection.head().status != 200 {
            return Err(MjpegError::Status(connection.head().status));
        }
        let kind = connection.head().header("content-type").unwrap_or_default();
        let mut parts = Multipart::for_content_type(kind).ok_or(MjpegError::NoStream)?;
        let limit = frame_limit(self.descriptor.as_ref().map_or(0, |descriptor| descriptor.preview_fps));
        let mut pictures = Pictures::default();
        let mut patience = FIRST_FRAME;
        let mut frame_at = Instant::now();
        while !run.stopped() {
            let waited = frame_at.elapsed();
            if waited >= patience {
                return Err(MjpegError::Stalled(waited.as_millis()));
            }
            connection.read(&mut parts)?;
            let Some(newest) = parts.newest()? else { continue };
            match pictures.take(&newest)? {
                Some(frame) => {
                    self.correct_size(&frame, report);
                    report(CameraEvent::Frame(frame));
                    (frame_at, patience) = (Instant::now(), limit);
                }
                None => report(CameraEvent::Degraded),
            }
        }
        Ok(())
    }

    /// The camera did not tell its size, or told a wrong one: the pictures know better.
    fn correct_size(&mut self, frame: &Frame, report: &mut dyn FnMut(CameraEvent)) {
        if let Some(descriptor) = &mut self.descriptor
            && (descriptor.width, descriptor.height) != (frame.width, frame.height)
        {
            (descriptor.width, descriptor.height) = (frame.width, frame.height);
            report(CameraEvent::Described(descriptor.clone()));
        }
    }

    fn fault(&self, error: &MjpegError) -> DeviceFault {
        error.fault(&self.address.to_string())
    }
}

impl Camera for Mjpeg {
    fn probe(&mut self, _run: &Run<'_>) -> Result<DeviceDescriptor, DeviceFault> {
        self.try_probe().map_err(|error| self.fault(&error))
    }

    fn check(&mut self) -> Result<(), DeviceFault> {
        if Instant::now() < self.check_at {
            return Ok(());
        }
        self.try_probe().map(drop).map_err(|error| self.fault(&error))
    }

    fn stream(&mut self, run: &Run<'_>, report: &mut dyn FnMut(CameraEvent)) -> Result<(), DeviceFault> {
        self.try_stream(run, report).map_err(|error| self.fault(&error))
    }
}

impl MjpegError {
    fn fault(&self, address: &str) -> DeviceFault {
        let code = match self {
            Self::Connection(error) => match error.kind() {
                ErrorKind::PermissionDenied => Code::CameraDenied,
                ErrorKind::Protocol => Code::CameraGarbage,
                ErrorKind::Timeout => Code::CameraStalled,
                _ => Code::CameraGone,
            },
            Self::Damaged(_) | Self::Multipart(_) => Code::CameraGarbage,
            Self::NoStream | Self::Status(_) => Code::CameraRefused,
            Self::Stalled(_) => Code::CameraStalled,
        };
        code.fault(format!("{address}: {self}"))
    }
}

fn describe(address: &Address, head: &Head) -> DeviceDescriptor {
    let model = head.header("x-device-id").unwrap_or("MJPEG camera");
    let (width, height) = head.header("x-frame-size").and_then(size).unwrap_or((0, 0));
    let rate = head.header("x-frame-rate").and_then(|rate| rate.trim().parse().ok());
    DeviceDescriptor {
        kind: DeviceKind::Camera,
        driver: NAME.to_owned(),
        vendor: String::new(),
        model: model.to_owned(),
        serial: String::new(),
        firmware: String::new(),
        transport: address.to_string(),
        ppi: None,
        bit_depth: 8,
        width,
        height,
        groups: Vec::new(),
        fap: None,
        preview_fps: rate.unwrap_or(0),
        finger_preview: None,
        segments_itself: false,
        simulated: model.to_ascii_uppercase().contains("SIMULATED"),
    }
}

/// `640x480`.
fn size(text: &str) -> Option<(u32, u32)> {
    let (width, height) = text.trim().split_once('x')?;
    let (width, height) = (width.parse().ok()?, height.parse().ok()?);
    let fits = |side: u32| (1..=jpeg::MAX_SIDE as u32).contains(&side);
    (fits(width) && fits(height)).then_some((width, height))
}
