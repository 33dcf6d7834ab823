//! The settings of drivers, in TOML as an administrator writes them.

use domain::device::DeviceKind;
use drivers::{camera, reader, scanner, settings};

/// Settings for every driver that there is: it takes them, or says why not.
pub fn settings(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(table) = text.parse::<toml::Table>() else { return };
    let Ok(given) = serde_json::to_value(table) else { return };
    for (kind, names) in [
        (DeviceKind::Camera, camera::names()),
        (DeviceKind::DocumentReader, reader::names()),
        (DeviceKind::FingerScanner, scanner::names()),
    ] {
        for name in names {
            if let Err(fault) = settings::check(kind, name, &given) {
                assert!(!fault.log.is_empty(), "a refusal says why");
            }
        }
    }
}
