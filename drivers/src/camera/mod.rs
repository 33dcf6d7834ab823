//! Cameras.

pub mod jpeg;
pub mod mjpeg;
mod pictures;
pub mod pixels;
#[cfg(feature = "sbi")]
pub mod sbi;
pub mod slot;
#[cfg(feature = "nokhwa")]
pub mod v4l2;

use crate::run::Run;
use crate::settings;
use domain::device::{DeviceDescriptor, DeviceFault, DeviceKind};
use domain::image::Frame;
use domain::units::Millis;
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;

/// One camera make: one file or folder here and one line in this list.
pub const FACTORIES: &[&dyn CameraFactory] = &[
    &mjpeg::Factory,
    #[cfg(feature = "sbi")]
    &sbi::Factory,
    #[cfg(feature = "nokhwa")]
    &v4l2::Factory,
];

/// Damaged pictures in a row after which a camera is given up.
pub const MAX_DAMAGED: u32 = 10;

/// Makes a camera out of its settings.
pub trait CameraFactory: Sync {
    /// The driver's name in the configuration.
    fn name(&self) -> &'static str;

    /// Reads the settings. Touches no device; a wrong setting is a fault with the setting's name in its log text.
    fn open(&self, settings: &Value) -> Result<Box<dyn Camera>, DeviceFault>;
}

/// What a camera tells while it streams.
#[derive(Debug)]
pub enum CameraEvent {
    /// A frame was damaged or lost; the stream goes on.
    Degraded,
    /// The camera turned out to be something else than the probe could tell, for example of another size.
    Described(DeviceDescriptor),
    /// A frame.
    Frame(Frame),
}

/// A camera, of whatever make.
pub trait Camera: Send {
    /// Finds out what the camera is. Opens no stream.
    fn probe(&mut self, run: &Run<'_>) -> Result<DeviceDescriptor, DeviceFault>;

    /// Notices, between captures, that the camera has gone. Opens no stream.
    fn check(&mut self) -> Result<(), DeviceFault>;

    /// Opens the stream and reports frames until stopped, then closes it.
    fn stream(&mut self, run: &Run<'_>, report: &mut dyn FnMut(CameraEvent)) -> Result<(), DeviceFault>;

    /// Whether the camera holds a thread that will never return, so that only a new process can use it again.
    fn hangs(&self) -> bool {
        false
    }
}

/// The names of the drivers.
pub fn names() -> Vec<&'static str> {
    FACTORIES.iter().map(|factory| factory.name()).collect()
}

/// The camera of this driver and settings, not yet looked for.
pub fn open(driver: &str, settings: &Value) -> Result<Box<dyn Camera>, DeviceFault> {
    match FACTORIES.iter().find(|factory| factory.name() == driver) {
        Some(factory) => factory.open(settings),
        None => Err(settings::unknown(DeviceKind::Camera, driver, &names())),
    }
}

/// The machine's monotonic clock, which all processes share: the station can tell how old a frame is.
pub fn monotonic_now() -> Millis {
    let now = clock_gettime(ClockId::Monotonic);
    let millis = now.tv_sec.saturating_mul(1000).saturating_add(now.tv_nsec / 1_000_000);
    Millis(u64::try_from(millis).unwrap_or(0))
}
