//! The settings of a driver: a table of the station's configuration, read with unknown keys refused.

use crate::codes::Code;
use domain::device::{DeviceFault, DeviceKind};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Whether a driver of this name exists and would accept these settings. Touches no device.
pub fn check(kind: DeviceKind, driver: &str, settings: &Value) -> Result<(), DeviceFault> {
    match kind {
        DeviceKind::Camera => crate::camera::open(driver, settings).map(drop),
        DeviceKind::DocumentReader => crate::reader::open(driver, settings).map(drop),
        DeviceKind::FingerScanner => crate::scanner::open(driver, settings).map(drop),
    }
}

/// The settings as a driver's own type, which denies unknown fields.
pub(crate) fn read<T: DeserializeOwned>(driver: &str, settings: &Value) -> Result<T, DeviceFault> {
    T::deserialize(settings).map_err(|error| refuse(driver, error))
}

/// A setting that cannot stand.
pub(crate) fn refuse(driver: &str, why: impl std::fmt::Display) -> DeviceFault {
    Code::BadSettings.fault(format!("settings of {driver}: {why}"))
}

/// The driver's name is in no list.
pub(crate) fn unknown(kind: DeviceKind, driver: &str, known: &[&str]) -> DeviceFault {
    let kind = kind.id();
    Code::UnknownDriver.fault(format!("there is no {kind} driver {driver:?}; there are {}", known.join(", ")))
}
