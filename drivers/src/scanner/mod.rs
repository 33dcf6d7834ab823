//! Fingerprint scanners.

pub mod ef01;
#[cfg(feature = "libfprint")]
pub mod libfprint;
pub mod live;
#[cfg(feature = "sbi")]
pub mod sbi;
pub mod sfm;

use crate::codes::Code;
use crate::run::Run;
use crate::settings;
use domain::device::{DeviceDescriptor, DeviceFault, DeviceKind};
use domain::finger::Finger;
use domain::image::{FingerFrame, FingerImage};
use serde_json::Value;

/// One scanner make: one file or folder here and one line in this list.
pub const FACTORIES: &[&dyn ScannerFactory] = &[
    &ef01::Factory,
    #[cfg(feature = "libfprint")]
    &libfprint::Factory,
    &live::Factory,
    #[cfg(feature = "sbi")]
    &sbi::Factory,
    &sfm::Factory,
];

/// Makes a scanner out of its settings.
pub trait ScannerFactory: Sync {
    /// The driver's name in the configuration.
    fn name(&self) -> &'static str;

    /// Reads the settings. Touches no device; a wrong setting is a fault with the setting's name in its log text.
    fn open(&self, settings: &Value) -> Result<Box<dyn Scanner>, DeviceFault>;
}

/// What a scanner tells during a capture.
#[derive(Debug)]
pub enum ScannerEvent {
    /// Something was amiss and was put right, such as a damaged packet that came whole the second time.
    Degraded,
    /// The images of one placement: one for each finger that the device found, with its position where the device
    /// tells fingers apart.
    Fingers(Vec<FingerImage>),
    /// Whatever was on is off again.
    Lifted,
    /// A finger is on; its image, or its preview, is on the way.
    Placed,
    /// What rests on the sensor right now, from a scanner whose descriptor offers a preview.
    Preview(FingerFrame),
}

/// A fingerprint scanner, of whatever make.
pub trait Scanner: Send {
    /// Opens the connection if it is not open and asks the device what it is. Takes no image.
    fn probe(&mut self, run: &Run<'_>) -> Result<DeviceDescriptor, DeviceFault>;

    /// Notices, between captures, that the device has gone. Takes no image and waits for nothing.
    fn check(&mut self) -> Result<(), DeviceFault>;

    /// The station has closed the device since the last capture: the next finger is another traveller's, and whatever
    /// was on the sensor before need not be seen to leave.
    fn release(&mut self);

    /// Waits until the run's deadline for `wanted`, which are put down together, reports their images once, then waits
    /// until they are off where the device can tell. Where the frames of the preview are samples no image follows them:
    /// the station keeps the best and stops the capture, or the capture ends when the finger is lifted. What is still on from the capture before has to be lifted first. A device that takes one
    /// finger at a time refuses to be asked for more. Ends without an error when stopped.
    fn capture(
        &mut self,
        run: &Run<'_>,
        wanted: &[Finger],
        report: &mut dyn FnMut(ScannerEvent),
    ) -> Result<(), DeviceFault>;

    /// Whether a thread of the driver is lost in the device or its library: only a new process can use it again.
    fn hangs(&self) -> bool {
        false
    }
}

/// Refuses anything but one finger, for a device that takes one at a time and does not tell which.
fn only_one(wanted: &[Finger]) -> Result<(), DeviceFault> {
    match wanted.len() {
        1 => Ok(()),
        count => Err(Code::WrongPermit.fault(format!("{count} fingers were asked for of a scanner that takes one"))),
    }
}

/// The names of the drivers.
pub fn names() -> Vec<&'static str> {
    FACTORIES.iter().map(|factory| factory.name()).collect()
}

/// The scanner of this driver and settings, not yet looked for.
pub fn open(driver: &str, settings: &Value) -> Result<Box<dyn Scanner>, DeviceFault> {
    match FACTORIES.iter().find(|factory| factory.name() == driver) {
        Some(factory) => factory.open(settings),
        None => Err(settings::unknown(DeviceKind::FingerScanner, driver, &names())),
    }
}
