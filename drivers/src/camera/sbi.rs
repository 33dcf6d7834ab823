//! Face cameras behind a MOSIP Secure Biometric Interface.
//!
//! What the camera is, it proves by its signature. Its frames come as the interface's preview, which is not signed: the
//! proof says who was there when the stream was opened, not who made each frame.

use super::mjpeg::{Multipart, MultipartError};
use super::pictures::{Pictures, TooDamaged};
use super::{Camera, CameraEvent, CameraFactory};
use crate::codes::Code;
use crate::host::frame_limit;
use crate::run::Run;
use crate::sbi::finder::{Found, Where, find_again, machine_clock, still_there};
use crate::sbi::message::{BioType, ErrorAnswer, StreamRequest};
use crate::sbi::service::{Opened, Progress, ServiceError};
use crate::sbi::{ErrorCode, SbiError, request};
use crate::settings;
use domain::device::{DeviceDescriptor, DeviceFault, DeviceKind};
use domain::guarded::Biometric;
use domain::image::Frame;
use jiff::Timestamp;
use serde_json::Value;
use std::time::{Duration, Instant};
use thiserror::Error;

/// The name in the configuration.
const NAME: &str = "sbi";

/// How often an idle camera is asked for.
const CHECK_EVERY: Duration = Duration::from_secs(2);

/// For the head of the stream.
const ANSWER: Duration = Duration::from_secs(2);

/// For the first picture: cameras set their exposure first.
const FIRST_FRAME: Duration = Duration::from_secs(3);

/// Frames a second, the least by the specification.
const PREVIEW_FPS: u8 = 3;

/// Milliseconds that one stream is asked for. A camera ends it then, and another is opened.
const STREAM_MS: &str = "300000";

/// Between the end of a stream and the next.
const BETWEEN: Duration = Duration::from_millis(200);

/// A stream that lasted less has ended too soon: it was asked for five minutes.
const SHORT: Duration = Duration::from_secs(30);

/// Streams in a row that end too soon.
const MAX_SHORT: u32 = 5;

/// How MOSIP's own reference device (MockMDS) ends a stream that has lasted its time; the specification has no number.
const STREAM_ENDED: u16 = 609;

/// Bytes of an answer that is no stream.
const MAX_ERROR: usize = 64 * 1024;

/// `sbi` in the factory list.
pub struct Factory;

impl CameraFactory for Factory {
    fn name(&self) -> &'static str {
        NAME
    }

    fn open(&self, settings: &Value) -> Result<Box<dyn Camera>, DeviceFault> {
        Ok(Box::new(SbiCamera::new(settings::read(NAME, settings)?, machine_clock)?))
    }
}

/// Trouble with a camera.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
enum StreamError {
    /// One stream after the other ends too soon.
    #[error("{0} streams in a row ended too soon")]
    Broken(u32),
    /// Too many pictures in a row that cannot be decoded.
    #[error(transparent)]
    Damaged(#[from] TooDamaged),
    /// The camera ended the stream before a picture came.
    #[error("the stream ended without a picture")]
    Empty,
    /// The parts of the stream cannot be told apart.
    #[error(transparent)]
    Multipart(MultipartError),
    /// It answers with something that is no stream of pictures.
    #[error("the answer is no multipart stream")]
    NoStream,
    /// The device, its service, or what it says.
    #[error(transparent)]
    Sbi(#[from] SbiError),
    /// The stream is open, and no picture comes.
    #[error("no picture for {0} ms")]
    Stalled(u128),
}

/// One camera behind one service.
pub struct SbiCamera<C> {
    place: Where,
    clock: C,
    found: Option<Found>,
    descriptor: Option<DeviceDescriptor>,
    check_at: Instant,
}

impl<C: Fn() -> Timestamp + Send> SbiCamera<C> {
    /// A camera that is not looked for yet. `clock` is the wall clock.
    pub fn new(place: Where, clock: C) -> Result<Self, DeviceFault> {
        place.check().map_err(|why| settings::refuse(NAME, why))?;
        Ok(Self { place, clock, found: None, descriptor: None, check_at: Instant::now() })
    }

    fn try_probe(&mut self, run: &Run<'_>) -> Result<DeviceDescriptor, SbiError> {
        let found = find_again(&self.place, self.found.take(), BioType::Face, (self.clock)(), run)?;
        let descriptor = describe(&found);
        self.check_at = Instant::now() + CHECK_EVERY;
        self.found = Some(found);
        self.descriptor = Some(descriptor.clone());
        Ok(descriptor)
    }

    fn try_stream(&mut self, run: &Run<'_>, report: &mut dyn FnMut(CameraEvent)) -> Result<(), StreamError> {
        let (mut pictures, mut short) = (Pictures::default(), 0);
        loop {
            let begun = Instant::now();
            self.one_stream(run, &mut pictures, report)?;
            short = if begun.elapsed() < SHORT { short + 1 } else { 0 };
            if run.stopped() {
                return Ok(());
            }
            if short >= MAX_SHORT {
                return Err(StreamError::Broken(short));
            }
            run.pause(BETWEEN);
            // A stream that lasted its time is followed by another, once it is sure whose that will be.
            match self.prove_again(run) {
                _ if run.stopped() => return Ok(()),
                proved => proved?,
            }
        }
    }

    /// Has the same camera prove once more who it is.
    fn prove_again(&mut self, run: &Run<'_>) -> Result<(), SbiError> {
        let before = self.found.as_ref().ok_or(SbiError::NotOpen)?;
        let found = find_again(&self.place, Some(before.clone()), BioType::Face, (self.clock)(), run)?;
        let who = |found: &Found| (found.id.make.clone(), found.id.model.clone(), found.id.serial_no.clone());
        if who(&found) != who(before) {
            return Err(SbiError::Mismatch("serial number"));
        }
        self.found = Some(found);
        Ok(())
    }

    /// Streams until stopped, or until the camera ends a stream that had pictures.
    fn one_stream(
        &mut self,
        run: &Run<'_>,
        pictures: &mut Pictures,
        report: &mut dyn FnMut(CameraEvent),
    ) -> Result<(), StreamError> {
        let Some(mut opened) = self.open(run)? else { return Ok(()) };
        let kind = opened.head.header("content-type").unwrap_or_default().to_owned();
        let Some(mut parts) = Multipart::for_content_type(&kind) else { return Err(refusal(&mut opened, run)) };
        let (mut patience, mut frame_at, mut frames) = (FIRST_FRAME, Instant::now(), 0u64);
        while !run.stopped() {
            let waited = frame_at.elapsed();
            if waited >= patience {
                return Err(StreamError::Stalled(waited.as_millis()));
            }
            let progress = opened.read(&mut |content| parts.push(content)).map_err(SbiError::from)?;
            match parts.newest() {
                Ok(None) => {}
                Ok(Some(newest)) => match part(&newest, pictures)? {
                    Part::Last if frames == 0 => return Err(StreamError::Empty),
                    Part::Last => return Ok(()),
                    Part::Picture(picture) => match picture {
                        Some(frame) => {
                            self.correct_size((frame.width, frame.height), report);
                            report(CameraEvent::Frame(frame));
                            (frame_at, patience, frames) = (Instant::now(), frame_limit(PREVIEW_FPS), frames + 1);
                        }
                        None => report(CameraEvent::Degraded),
                    },
                },
                Err(MultipartError::End) => return ended(frames),
                Err(error) => return Err(StreamError::Multipart(error)),
            }
            if progress != Progress::Open {
                return ended(frames);
            }
        }
        Ok(())
    }

    /// A stream whose head has come; nothing when stopped.
    fn open(&self, run: &Run<'_>) -> Result<Option<Opened>, SbiError> {
        let found = self.found.as_ref().ok_or(SbiError::NotOpen)?;
        let sensor = found.info.device_sub_id.first().cloned().unwrap_or_else(|| "0".to_owned());
        let body = StreamRequest {
            device_id: found.info.device_id.clone(),
            device_sub_id: sensor,
            timeout: Some(STREAM_MS.to_owned()),
        };
        let body = serde_json::to_vec(&body).map_err(ServiceError::from)?;
        match found.service.open(request::STREAM, &body, ANSWER, run) {
            Ok(opened) if opened.head.status == 200 => Ok(Some(opened)),
            Ok(opened) => Err(ServiceError::Status(opened.head.status).into()),
            Err(ServiceError::Stopped) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The interface does not tell the size of the frames: the pictures do.
    fn correct_size(&mut self, size: (u32, u32), report: &mut dyn FnMut(CameraEvent)) {
        if let Some(descriptor) = &mut self.descriptor
            && (descriptor.width, descriptor.height) != size
        {
            (descriptor.width, descriptor.height) = size;
            report(CameraEvent::Described(descriptor.clone()));
        }
    }

    fn fault(&mut self, error: &StreamError) -> DeviceFault {
        let place = match &self.found {
            Some(found) => found.service.to_string(),
            None => format!("{} ports {} to {}", self.place.host, self.place.ports.0, self.place.ports.1),
        };
        let code = match error {
            StreamError::Sbi(error) => {
                if error.is_lost() {
                    self.found = None;
                }
                return error.fault(&place);
            }
            StreamError::Damaged(_) | StreamError::Multipart(_) => Code::CameraGarbage,
            StreamError::Broken(_) | StreamError::Empty => Code::CameraGone,
            StreamError::NoStream => Code::CameraRefused,
            StreamError::Stalled(_) => Code::CameraStalled,
        };
        code.fault(format!("{place}: {error}"))
    }
}

impl<C: Fn() -> Timestamp + Send> Camera for SbiCamera<C> {
    fn probe(&mut self, run: &Run<'_>) -> Result<DeviceDescriptor, DeviceFault> {
        self.try_probe(run).map_err(|error| self.fault(&error.into()))
    }

    fn check(&mut self) -> Result<(), DeviceFault> {
        if Instant::now() < self.check_at && self.found.is_some() {
            return Ok(());
        }
        self.check_at = Instant::now() + CHECK_EVERY;
        let checked = match &self.found {
            Some(found) => still_there(found),
            None => Err(SbiError::NotOpen),
        };
        checked.map_err(|error| self.fault(&error.into()))
    }

    fn stream(&mut self, run: &Run<'_>, report: &mut dyn FnMut(CameraEvent)) -> Result<(), DeviceFault> {
        self.try_stream(run, report).map_err(|error| self.fault(&error))
    }
}

/// The end of a stream: of one that had no picture it is a fault, or it would be opened for ever.
fn ended(frames: u64) -> Result<(), StreamError> {
    if frames == 0 { Err(StreamError::Empty) } else { Ok(()) }
}

/// A part of a stream.
enum Part {
    /// Nothing follows, and nothing is wrong: the stream has lasted its time.
    Last,
    /// A picture, unless it is damaged.
    Picture(Option<Frame>),
}

/// Where a stream ends, its last part is no picture but an error answer, as JSON.
fn part(bytes: &Biometric<Vec<u8>>, pictures: &mut Pictures) -> Result<Part, StreamError> {
    // A JPEG picture begins with another byte.
    if !bytes.expose().starts_with(b"{") {
        return Ok(Part::Picture(pictures.take(bytes)?));
    }
    match serde_json::from_slice::<ErrorAnswer>(bytes.expose()).map(|answer| answer.error.code()) {
        Ok(ErrorCode::Success | ErrorCode::Unknown(STREAM_ENDED)) => Ok(Part::Last),
        Ok(code) => Err(SbiError::Refused(code).into()),
        Err(error) => Err(SbiError::from(ServiceError::from(error)).into()),
    }
}

/// What an answer that is no stream says.
fn refusal(opened: &mut Opened, run: &Run<'_>) -> StreamError {
    let mut body = Biometric::new(Vec::new());
    let end = Instant::now() + ANSWER;
    while body.expose().len() <= MAX_ERROR && Instant::now() < end && !run.stopped() {
        match opened.read(&mut |content| body.expose_mut().extend_from_slice(content)) {
            Ok(Progress::Open) => {}
            Ok(Progress::Closed | Progress::Ended) | Err(_) => break,
        }
    }
    match serde_json::from_slice::<ErrorAnswer>(body.expose()) {
        Ok(answer) => SbiError::Refused(answer.error.code()).into(),
        Err(_) => StreamError::NoStream,
    }
}

fn describe(found: &Found) -> DeviceDescriptor {
    let Found { service, info, id, .. } = found;
    DeviceDescriptor {
        kind: DeviceKind::Camera,
        driver: NAME.to_owned(),
        vendor: id.make.clone(),
        model: id.model.clone(),
        serial: id.serial_no.clone(),
        firmware: info.firmware.clone(),
        transport: format!("{service} device {} {}", info.device_id, info.certification.word()),
        ppi: None,
        bit_depth: 8,
        width: 0,
        height: 0,
        groups: Vec::new(),
        fap: None,
        preview_fps: PREVIEW_FPS,
        finger_preview: None,
        segments_itself: false,
        simulated: id.simulated(),
    }
}
