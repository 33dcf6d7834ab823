//! Document readers.

pub mod framing;
pub mod serial_mrz;

use crate::run::Run;
use crate::settings;
use domain::device::{DeviceDescriptor, DeviceFault, DeviceKind};
use domain::guarded::Personal;
use serde_json::Value;

/// One reader make: one file here and one line in this list.
pub const FACTORIES: &[&dyn ReaderFactory] = &[&serial_mrz::Factory];

/// Makes a reader out of its settings.
pub trait ReaderFactory: Sync {
    /// The driver's name in the configuration.
    fn name(&self) -> &'static str;

    /// Reads the settings. Touches no device; a wrong setting is a fault with the setting's name in its log text.
    fn open(&self, settings: &Value) -> Result<Box<dyn Reader>, DeviceFault>;
}

/// What a reader tells.
#[derive(Debug)]
pub enum ReaderEvent {
    /// The raw lines of a document, separated by line feeds. Whether they are an MRZ is for the station to say.
    Document(Personal<String>),
    /// Something was read that is no document.
    Unreadable(DeviceFault),
}

/// A document reader, of whatever make.
pub trait Reader: Send {
    /// Opens the connection if it is not open and asks the device what it is.
    fn probe(&mut self, run: &Run<'_>) -> Result<DeviceDescriptor, DeviceFault>;

    /// Reports documents until stopped or until the device is gone.
    fn listen(&mut self, run: &Run<'_>, report: &mut dyn FnMut(ReaderEvent)) -> Result<(), DeviceFault>;
}

/// The names of the drivers.
pub fn names() -> Vec<&'static str> {
    FACTORIES.iter().map(|factory| factory.name()).collect()
}

/// The reader of this driver and settings, not yet looked for.
pub fn open(driver: &str, settings: &Value) -> Result<Box<dyn Reader>, DeviceFault> {
    match FACTORIES.iter().find(|factory| factory.name() == driver) {
        Some(factory) => factory.open(settings),
        None => Err(settings::unknown(DeviceKind::DocumentReader, driver, &names())),
    }
}
