//! Live-scan sensors that show themselves as cameras: optical readers that enumerate as USB video devices, or stream
//! JPEG pictures over a network. Built on the camera drivers, which bring the pictures.
//!
//! Each picture is a sample: what the sensor streams is all that it has. So a finger that rests is previewed, and the
//! station keeps the best. The glass is watched by [`glass`]; nothing is passed on while no finger lies there.
//!
//! Not enrolment grade: a video stream proves no certificate, and its pictures may be compressed. The descriptor says so,
//! and the station takes such a sensor only under the laboratory override.

mod glass;

use super::{Scanner, ScannerEvent, ScannerFactory, only_one};
use crate::camera::{self, Camera, CameraEvent};
use crate::codes::Code;
use crate::run::Run;
use crate::settings;
use domain::device::{CaptureGroup, DeviceDescriptor, DeviceFault, DeviceKind, FingerPreview, PreviewUse};
use domain::finger::Finger;
use domain::image::{FingerFrame, FingerImage, Frame};
use domain::units::Ppi;
use glass::{Glass, Seen};
use serde::Deserialize;
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use thiserror::Error;

/// The name in the configuration.
const NAME: &str = "live";

/// Sides of a sensor in pixels: 5 mm at 500 per inch, and what a camera's picture may have.
const SIDES: std::ops::RangeInclusive<u32> = 100..=4096;

/// How long a finger may rest. A station stops the capture long before.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// Pictures of a finger in a row that are the same to the last bit: no sensor sees the same noise twice.
const MOST_REPEATED: u32 = 10;

/// `live` in the factory list.
pub struct Factory;

impl ScannerFactory for Factory {
    fn name(&self) -> &'static str {
        NAME
    }

    fn open(&self, settings: &Value) -> Result<Box<dyn Scanner>, DeviceFault> {
        Ok(Box::new(Live::new(settings::read(NAME, settings)?)?))
    }
}

/// The device's table in the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The camera driver that brings the pictures: `mjpeg` or `v4l2`.
    pub camera: String,
    /// That driver's own settings.
    pub source: Value,
    /// Exact resolution of the sensor, 500 or more: a video stream does not tell it.
    pub ppi: Ppi,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The sensor shows ridges light on a dark ground; they are turned dark.
    #[serde(default)]
    pub light_ridges: bool,
}

/// Trouble with what the sensor shows. What the camera beneath it reports is translated by [`as_scanner`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
enum LiveError {
    #[error("no finger before the deadline")]
    NoFinger,
    #[error("the glass was never seen free")]
    NotFree,
    #[error("the finger was not lifted")]
    NotLifted,
    #[error("{0} pictures in a row are the same")]
    Repeats(u32),
    #[error("the pictures have {0} x {1} pixels, and the settings say otherwise")]
    Size(u32, u32),
}

/// One sensor.
pub struct Live {
    settings: Settings,
    camera: Box<dyn Camera>,
    glass: Glass,
    /// The last capture's finger has not been seen to leave.
    finger_on: bool,
}

impl Live {
    /// A sensor that is not looked for yet.
    pub fn new(settings: Settings) -> Result<Self, DeviceFault> {
        for (name, side) in [("width", settings.width), ("height", settings.height)] {
            if !SIDES.contains(&side) {
                let (least, most) = (SIDES.start(), SIDES.end());
                return Err(settings::refuse(NAME, format!("{name} is not within {least} to {most}")));
            }
        }
        if settings.ppi < Ppi::FIVE_HUNDRED {
            // Fewer could not be scored while the finger rests, and no other image would follow.
            return Err(settings::refuse(NAME, "ppi is below 500"));
        }
        if !["mjpeg", "v4l2"].contains(&settings.camera.as_str()) {
            return Err(settings::refuse(NAME, "camera is neither mjpeg nor v4l2"));
        }
        let camera = camera::open(&settings.camera, &settings.source)
            .map_err(|fault| settings::refuse(NAME, format!("source: {}", fault.log)))?;
        let glass = Glass::new(settings.width as usize, settings.ppi);
        Ok(Self { settings, camera, glass, finger_on: false })
    }

    fn describe(&self, told: DeviceDescriptor) -> DeviceDescriptor {
        let Settings { ppi, width, height, .. } = self.settings;
        DeviceDescriptor {
            kind: DeviceKind::FingerScanner,
            driver: NAME.to_owned(),
            ppi: Some(ppi),
            bit_depth: 8,
            width,
            height,
            groups: vec![CaptureGroup::Single],
            fap: None,
            // A camera that does not say still streams.
            preview_fps: told.preview_fps.max(1),
            finger_preview: Some(FingerPreview { ppi, frames: PreviewUse::Sample }),
            segments_itself: false,
            ..told
        }
    }

    fn try_capture(&mut self, run: &Run<'_>, report: &mut dyn FnMut(ScannerEvent)) -> Result<(), DeviceFault> {
        self.glass.begin(self.finger_on);
        let stop = AtomicBool::new(false);
        // The camera ends when the station says so, or when the watch has seen enough.
        let alive = || {
            if run.stopped() {
                stop.store(true, Ordering::SeqCst);
            }
        };
        let Self { settings, camera, glass, finger_on } = self;
        let mut watch = Watch { settings, glass, finger_on, run, report, placed: None, ended: None };
        let streamed = camera.stream(&Run::new(&stop, None, &alive), &mut |event| match event {
            CameraEvent::Frame(frame) => {
                watch.see(&frame);
                if watch.ended.is_some() {
                    stop.store(true, Ordering::SeqCst);
                }
            }
            CameraEvent::Degraded => (watch.report)(ScannerEvent::Degraded),
            CameraEvent::Described(_) => {}
        });
        let ended = watch.ended;
        self.glass.end();
        match (ended, streamed) {
            (Some(ended), _) => ended.map_err(|error| error.fault(&self.settings.camera)),
            (None, streamed) => streamed.map_err(|fault| self.lost(fault)),
        }
    }

    /// The camera failed: what is plugged in next may be another sensor.
    fn lost(&mut self, fault: DeviceFault) -> DeviceFault {
        self.glass.forget();
        self.finger_on = false;
        as_scanner(fault)
    }
}

impl Scanner for Live {
    fn probe(&mut self, run: &Run<'_>) -> Result<DeviceDescriptor, DeviceFault> {
        match self.camera.probe(run) {
            Ok(told) => Ok(self.describe(told)),
            Err(fault) => Err(self.lost(fault)),
        }
    }

    fn check(&mut self) -> Result<(), DeviceFault> {
        self.camera.check().map_err(|fault| self.lost(fault))
    }

    fn release(&mut self) {
        self.finger_on = false;
        self.glass.end();
    }

    fn capture(
        &mut self,
        run: &Run<'_>,
        wanted: &[Finger],
        report: &mut dyn FnMut(ScannerEvent),
    ) -> Result<(), DeviceFault> {
        only_one(wanted)?;
        self.try_capture(run, report)
    }

    fn hangs(&self) -> bool {
        self.camera.hangs()
    }
}

/// One capture: what has been seen so far.
struct Watch<'a, 'r> {
    settings: &'a Settings,
    glass: &'a mut Glass,
    finger_on: &'a mut bool,
    run: &'a Run<'r>,
    report: &'a mut dyn FnMut(ScannerEvent),
    /// When the finger of this capture came.
    placed: Option<Instant>,
    ended: Option<Result<(), LiveError>>,
}

impl Watch<'_, '_> {
    fn see(&mut self, frame: &Frame) {
        let (width, height) = (frame.width, frame.height);
        if (width, height) != (self.settings.width, self.settings.height) {
            self.ended = Some(Err(LiveError::Size(width, height)));
            return;
        }
        let grey = grey(frame.rgb(), self.settings.light_ridges);
        let Ok(image) = FingerImage::new(width, height, self.settings.ppi, 8, grey) else { return };
        let seen = self.glass.look(image.grey());
        if self.glass.repeated() >= MOST_REPEATED {
            self.ended = Some(Err(LiveError::Repeats(self.glass.repeated())));
            return;
        }
        match (self.placed, seen) {
            (Some(_), Seen::Free | Seen::Unknown) => {
                *self.finger_on = false;
                (self.report)(ScannerEvent::Lifted);
                self.ended = Some(Ok(()));
            }
            (Some(since), Seen::Finger) if since.elapsed() >= LONGEST_REST => {
                self.ended = Some(Err(LiveError::NotLifted));
            }
            (Some(_), Seen::Finger) => self.preview(image, frame),
            // Otherwise a second finger's attempt would take the first finger again.
            (None, Seen::Finger) if *self.finger_on => self.expire(LiveError::NotLifted),
            (None, Seen::Finger) => {
                *self.finger_on = true;
                self.placed = Some(Instant::now());
                (self.report)(ScannerEvent::Placed);
                self.preview(image, frame);
            }
            (None, Seen::Free) => {
                if std::mem::take(self.finger_on) {
                    (self.report)(ScannerEvent::Lifted);
                }
                self.expire(LiveError::NoFinger);
            }
            (None, Seen::Unknown) => self.expire(LiveError::NotFree),
        }
    }

    fn preview(&mut self, image: FingerImage, frame: &Frame) {
        let frame = FingerFrame { image, captured_at: frame.captured_at, sequence: frame.sequence };
        (self.report)(ScannerEvent::Preview(frame));
    }

    fn expire(&mut self, error: LiveError) {
        if self.run.expired() {
            self.ended = Some(Err(error));
        }
    }
}

impl LiveError {
    fn fault(self, camera: &str) -> DeviceFault {
        let code = match self {
            Self::NoFinger => Code::ScannerNoFinger,
            Self::NotFree => Code::ScannerNotFree,
            Self::NotLifted => Code::ScannerNotLifted,
            Self::Repeats(_) => Code::ScannerRepeats,
            Self::Size(..) => Code::ScannerOtherSize,
        };
        code.fault(format!("{NAME} on {camera}: {self}"))
    }
}

/// A camera's trouble as the scanner's that it is: the officer has no second camera on the desk.
fn as_scanner(fault: DeviceFault) -> DeviceFault {
    let code = match Code::from_code(&fault.code) {
        Some(Code::CameraGone) => Code::ScannerGone,
        Some(Code::CameraHeld) => Code::ScannerHeld,
        Some(Code::CameraDenied) => Code::ScannerDenied,
        Some(Code::CameraStalled) => Code::ScannerSilent,
        Some(Code::CameraGarbage) => Code::ScannerGarbage,
        Some(Code::CameraRefused) => Code::ScannerNoPicture,
        _ => return fault,
    };
    code.fault(fault.log)
}

/// Luma of BT.601 in whole 256ths, so that grey pixels stay what they are.
fn grey(rgb: &[u8], light_ridges: bool) -> Vec<u8> {
    let turn = if light_ridges { u8::MAX } else { 0 };
    let luma = |pixel: &[u8]| (77 * u32::from(pixel[0]) + 150 * u32::from(pixel[1]) + 29 * u32::from(pixel[2])) >> 8;
    // The weights add up to 256, so the sum fits a byte.
    rgb.chunks_exact(3).map(|pixel| luma(pixel) as u8 ^ turn).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_stays_grey_and_ridges_turn_dark() {
        let rgb: Vec<u8> = (0..=255).flat_map(|grey| [grey; 3]).collect();
        assert!(grey(&rgb, false).into_iter().eq(0..=255));
        assert!(grey(&rgb, true).into_iter().eq((0..=255).rev()));
    }

    #[test]
    fn the_officer_reads_of_a_scanner_only() {
        for code in Code::ALL.iter().filter(|code| code.code().starts_with("D-3")) {
            let told = as_scanner(code.fault("x"));
            assert!(!told.officer.contains("camera"), "{code:?}: {}", told.officer);
            assert_eq!((told.kind, told.log.as_str()), (code.kind(), "x"));
        }
    }
}
