//! USB and built-in cameras on V4L2, through nokhwa.
//!
//! nokhwa's wait for a frame has no time limit: a stalled camera holds its thread for ever. So the stream runs on a
//! thread of its own, and when it stalls the driver process ends, to be started again by the station.

mod choice;
mod pace;
mod picture;

use super::slot::{Slot, Taken};
use super::{Camera, CameraEvent, CameraFactory, MAX_DAMAGED, jpeg, monotonic_now};
use crate::codes::Code;
use crate::host::frame_limit;
use crate::run::Run;
use crate::settings;
use choice::FORMATS;
use domain::device::{DeviceDescriptor, DeviceFault, DeviceKind};
use domain::guarded::Biometric;
use nokhwa::utils::{ApiBackend, CameraFormat, CameraIndex, RequestedFormat, RequestedFormatType};
use pace::Pace;
use picture::Picture;
use rustix::io::Errno;
use serde::Deserialize;
use serde_json::Value;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use thiserror::Error;

/// The name in the configuration.
const NAME: &str = "v4l2";

/// For the first picture: cameras set their exposure first.
const FIRST_FRAME: Duration = Duration::from_secs(4);

/// Pictures thrown away at the start, while the camera finds its exposure, and how long that may last: a slow camera
/// must not look like a stalled one.
const WARM_UP: u64 = 5;
const WARM_UP_TIME: Duration = Duration::from_secs(1);

/// What the stream's thread gets to close the camera.
const CLOSE: Duration = Duration::from_secs(1);

/// `v4l2` in the factory list.
pub struct Factory;

impl CameraFactory for Factory {
    fn name(&self) -> &'static str {
        NAME
    }

    fn open(&self, settings: &Value) -> Result<Box<dyn Camera>, DeviceFault> {
        Ok(Box::new(V4l2::new(settings::read(NAME, settings)?)?))
    }
}

/// The device's table in the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Device path: `/dev/video0`, or better a link below `/dev/v4l/by-id`, which stays with the camera.
    pub device: String,
    /// Wanted pixels in a row; the camera's nearest is taken.
    #[serde(default = "usual_width")]
    pub width: u32,
    /// Wanted rows.
    #[serde(default = "usual_height")]
    pub height: u32,
    /// Wanted frames a second.
    #[serde(default = "usual_fps")]
    pub fps: u8,
}

/// Trouble with a V4L2 camera.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum V4l2Error {
    /// Too many pictures in a row that cannot be decoded.
    #[error("{0} pictures in a row are damaged")]
    Damaged(u32),
    /// The path leads to no video device.
    #[error("{0}")]
    Gone(String),
    /// Another program streams from it.
    #[error("another program streams from it")]
    Held,
    /// The account may not open it.
    #[error("permission denied")]
    Denied,
    /// It is there, and is no camera that we can take pictures from.
    #[error("{0}")]
    Refused(String),
    /// The stream is open, and no picture comes.
    #[error("no picture for {0} ms")]
    Stalled(u128),
}

/// One V4L2 camera.
pub struct V4l2 {
    settings: Settings,
    fps: u8,
    hangs: bool,
}

impl V4l2 {
    /// A camera that is not looked for yet.
    pub fn new(settings: Settings) -> Result<Self, DeviceFault> {
        let sides = 16..=jpeg::MAX_SIDE as u32;
        for (name, side) in [("width", settings.width), ("height", settings.height)] {
            if !sides.contains(&side) {
                return Err(settings::refuse(NAME, format!("{name} is not within 16 to {}", jpeg::MAX_SIDE)));
            }
        }
        if !(1..=120).contains(&settings.fps) {
            return Err(settings::refuse(NAME, "fps is not within 1 to 120"));
        }
        if settings.device.is_empty() {
            return Err(settings::refuse(NAME, "device is empty"));
        }
        let fps = settings.fps;
        Ok(Self { settings, fps, hangs: false })
    }

    fn try_probe(&mut self) -> Result<DeviceDescriptor, V4l2Error> {
        let index = index_of(&self.settings.device)?;
        // Opens the device to read its formats; no buffer is asked for and no stream begins.
        let camera = open(index, &self.settings)?;
        let format = camera.camera_format();
        self.fps = u8::try_from(format.frame_rate()).unwrap_or(u8::MAX);
        Ok(DeviceDescriptor {
            kind: DeviceKind::Camera,
            driver: NAME.to_owned(),
            vendor: String::new(),
            model: camera.info().human_name(),
            serial: String::new(),
            firmware: String::new(),
            transport: self.settings.device.clone(),
            ppi: None,
            bit_depth: 8,
            width: format.width(),
            height: format.height(),
            groups: Vec::new(),
            fap: None,
            preview_fps: self.fps,
            finger_preview: None,
            segments_itself: false,
            simulated: camera.info().human_name().to_ascii_uppercase().contains("SIMULATED"),
        })
    }

    fn try_stream(&mut self, run: &Run<'_>, report: &mut dyn FnMut(CameraEvent)) -> Result<(), V4l2Error> {
        let index = index_of(&self.settings.device)?;
        let stop = Arc::new(AtomicBool::new(false));
        // The thread drains the camera's queue, and only the newest picture waits for us.
        let newest = Arc::new(Slot::default());
        let losing = Arc::new(AtomicBool::new(false));
        let thread = {
            let (settings, stop, newest) = (self.settings.clone(), stop.clone(), newest.clone());
            let losing = losing.clone();
            std::thread::Builder::new()
                .name("camera".into())
                .spawn(move || {
                    let ended = drain(index, &settings, &stop, &newest, &losing);
                    newest.close();
                    ended
                })
                .map_err(|error| V4l2Error::Gone(error.to_string()))?
        };
        let streamed = self.receive(&newest, run, report);
        if losing.load(Ordering::SeqCst) {
            report(CameraEvent::Degraded);
        }
        stop.store(true, Ordering::SeqCst);
        let ended = close(thread);
        self.hangs = ended.is_none();
        match (streamed, ended) {
            // The thread knows better why no picture came.
            (Err(V4l2Error::Gone(_)), Some(Err(error))) => Err(error),
            // No picture came, and by now nothing is there that could send one.
            (Err(stalled @ V4l2Error::Stalled(_)), _) => Err(index_of(&self.settings.device).err().unwrap_or(stalled)),
            (streamed, _) => streamed,
        }
    }

    fn receive(
        &self,
        pictures: &Slot<Picture>,
        run: &Run<'_>,
        report: &mut dyn FnMut(CameraEvent),
    ) -> Result<(), V4l2Error> {
        let limit = frame_limit(self.fps);
        let (mut frame_at, mut patience) = (Instant::now(), FIRST_FRAME);
        let mut damaged = 0;
        while !run.stopped() {
            let picture = match pictures.take(Duration::from_millis(50)) {
                Taken::Value(picture) => picture,
                Taken::Closed => return Err(V4l2Error::Gone("the stream ended".to_owned())),
                Taken::Nothing if frame_at.elapsed() < patience => continue,
                Taken::Nothing => return Err(V4l2Error::Stalled(frame_at.elapsed().as_millis())),
            };
            (frame_at, patience) = (Instant::now(), limit);
            match picture.decode() {
                Some(frame) => {
                    damaged = 0;
                    report(CameraEvent::Frame(frame));
                }
                None => {
                    damaged += 1;
                    if damaged >= MAX_DAMAGED {
                        return Err(V4l2Error::Damaged(damaged));
                    }
                    report(CameraEvent::Degraded);
                }
            }
        }
        Ok(())
    }

    fn fault(&self, error: &V4l2Error) -> DeviceFault {
        let code = match error {
            V4l2Error::Damaged(_) => Code::CameraGarbage,
            V4l2Error::Denied => Code::CameraDenied,
            V4l2Error::Gone(_) => Code::CameraGone,
            V4l2Error::Held => Code::CameraHeld,
            V4l2Error::Refused(_) => Code::CameraRefused,
            V4l2Error::Stalled(_) => Code::CameraStalled,
        };
        code.fault(format!("{}: {error}", self.settings.device))
    }
}

impl Camera for V4l2 {
    fn probe(&mut self, _run: &Run<'_>) -> Result<DeviceDescriptor, DeviceFault> {
        self.try_probe().map_err(|error| self.fault(&error))
    }

    fn check(&mut self) -> Result<(), DeviceFault> {
        index_of(&self.settings.device).map(drop).map_err(|error| self.fault(&error))
    }

    fn stream(&mut self, run: &Run<'_>, report: &mut dyn FnMut(CameraEvent)) -> Result<(), DeviceFault> {
        self.try_stream(run, report).map_err(|error| self.fault(&error))
    }

    fn hangs(&self) -> bool {
        self.hangs
    }
}

/// The stream's thread: takes every picture out of the camera's queue, keeps the newest for whoever receives.
fn drain(
    index: u32,
    settings: &Settings,
    stop: &AtomicBool,
    newest: &Slot<Picture>,
    losing: &AtomicBool,
) -> Result<(), V4l2Error> {
    let mut camera = open(index, settings)?;
    let format = camera.camera_format();
    camera.open_stream().map_err(|error| named(&error.to_string()))?;
    let mut pace = Pace::new(format.frame_rate());
    let (mut came, mut began) = (0, None);
    while !stop.load(Ordering::SeqCst) {
        let bytes = camera.frame_raw().map_err(|error| named(&error.to_string()))?.into_owned();
        let captured_at = monotonic_now();
        pace.frame(Duration::from_millis(captured_at.0));
        losing.store(pace.is_degraded(), Ordering::SeqCst);
        let picture = Picture {
            format: format.format(),
            size: format.resolution(),
            sequence: came + pace.lost(),
            captured_at,
            bytes: Biometric::new(bytes),
        };
        came += 1;
        let began = began.get_or_insert_with(Instant::now);
        if came > WARM_UP || began.elapsed() > WARM_UP_TIME {
            newest.put(picture);
        }
    }
    camera.stop_stream().map_err(|error| named(&error.to_string()))
}

/// How the stream's thread ended; nothing where it hangs in the camera.
fn close(thread: JoinHandle<Result<(), V4l2Error>>) -> Option<Result<(), V4l2Error>> {
    let end = Instant::now() + CLOSE;
    while !thread.is_finished() {
        if Instant::now() >= end {
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    thread.join().ok()
}

fn open(index: u32, settings: &Settings) -> Result<nokhwa::Camera, V4l2Error> {
    // In any format that we know, to ask which there are.
    let any = RequestedFormat::with_formats(RequestedFormatType::None, &FORMATS);
    let mut camera = nokhwa::Camera::with_backend(CameraIndex::Index(index), any, ApiBackend::Video4Linux)
        .map_err(|error| named(&error.to_string()))?;
    let formats = camera.compatible_camera_formats().map_err(|error| named(&error.to_string()))?;
    let wanted = CameraFormat::new_from(settings.width, settings.height, FORMATS[0], u32::from(settings.fps));
    let nearest = choice::nearest(&formats, wanted)
        .ok_or_else(|| V4l2Error::Refused("it has no format that we know".to_owned()))?;
    if camera.camera_format() != nearest {
        let exactly = RequestedFormat::with_formats(RequestedFormatType::Exact(nearest), &FORMATS);
        camera.set_camera_requset(exactly).map_err(|error| named(&error.to_string()))?;
    }
    Ok(camera)
}

/// What the system says of a device that was unplugged, by when it was.
const GONE: [Errno; 5] = [Errno::IO, Errno::NODEV, Errno::NOENT, Errno::NXIO, Errno::SHUTDOWN];

/// nokhwa gives the system's error as text only.
fn named(error: &str) -> V4l2Error {
    let says = |kind: Errno| error.contains(&format!("(os error {})", kind.raw_os_error()));
    if says(Errno::BUSY) {
        V4l2Error::Held
    } else if says(Errno::ACCESS) || says(Errno::PERM) {
        V4l2Error::Denied
    } else if GONE.iter().any(|kind| says(*kind)) {
        V4l2Error::Gone(short(error))
    } else {
        V4l2Error::Refused(short(error))
    }
}

fn short(error: &str) -> String {
    error.chars().take(200).collect()
}

/// nokhwa wants a number and no path: that of `/dev/videoN`, behind all links.
fn index_of(device: &str) -> Result<u32, V4l2Error> {
    let path = Path::new(device).canonicalize().map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => V4l2Error::Denied,
        _ => V4l2Error::Gone("there is no such device".to_owned()),
    })?;
    let index = path.to_str().and_then(|path| path.strip_prefix("/dev/video")).and_then(|number| number.parse().ok());
    index.ok_or_else(|| V4l2Error::Gone("the path leads to no /dev/video device".to_owned()))
}

fn usual_width() -> u32 {
    1280
}

fn usual_height() -> u32 {
    720
}

fn usual_fps() -> u8 {
    30
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_are_no_camera_are_absent() {
        for path in ["/dev/null", "/dev/video-none", "/nonexistent"] {
            assert!(matches!(index_of(path), Err(V4l2Error::Gone(_))), "{path}");
        }
    }

    #[test]
    fn the_system_s_errors_are_recognised() {
        assert_eq!(named("Device or resource busy (os error 16)"), V4l2Error::Held);
        assert_eq!(named("Permission denied (os error 13)"), V4l2Error::Denied);
        assert!(matches!(named("No such device (os error 19)"), V4l2Error::Gone(_)));
        assert!(matches!(named("Framerate not whole number: 60 / 1001"), V4l2Error::Refused(_)));
    }
}
