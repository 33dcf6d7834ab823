//! What the kernel tells about USB devices. libfprint's interface tells neither id nor serial number.

use std::fmt;
use std::fs;
use std::path::Path;

/// Where the kernel lists them.
pub(super) const DEVICES: &str = "/sys/bus/usb/devices";

/// Devices looked at: a bus has at most 127, and a desk a handful.
const MAX_DEVICES: usize = 1024;

/// Characters of a serial number that are kept. A USB string has at most 126.
const MAX_TEXT: usize = 126;

/// Vendor and product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id {
    pub(super) vendor: u16,
    pub(super) product: u16,
}

impl Id {
    /// Reads `05ba:000a`: four hexadecimal digits each, as `lsusb` prints them.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (vendor, product) = text.split_once(':')?;
        Some(Self { vendor: hex(vendor)?, product: hex(product)? })
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}:{:04x}", self.vendor, self.product)
    }
}

/// One device on the bus.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Usb {
    /// The port: `1-1.4`.
    pub(super) port: String,
    /// The serial number; empty where the device has none.
    pub(super) serial: String,
    /// The release of its firmware, such as `1.02`; empty where it cannot be read.
    pub(super) release: String,
}

/// The devices with this id. A list that cannot be read is an empty one: there is no USB here.
pub(super) fn find(devices: &Path, id: Id) -> Vec<Usb> {
    let Ok(entries) = fs::read_dir(devices) else { return Vec::new() };
    let mut found: Vec<Usb> = entries.take(MAX_DEVICES).flatten().filter_map(|entry| read(&entry.path(), id)).collect();
    found.sort_by(|one, other| one.port.cmp(&other.port));
    found
}

fn read(device: &Path, id: Id) -> Option<Usb> {
    // Interfaces stand in the same folder and have no such files.
    if hex(&text(device, "idVendor"))? != id.vendor || hex(&text(device, "idProduct"))? != id.product {
        return None;
    }
    let release = text(device, "bcdDevice");
    let release = match release.split_at_checked(2) {
        Some((major, minor)) if hex(&release).is_some() => {
            format!("{}.{minor}", major.strip_prefix('0').unwrap_or(major))
        }
        _ => String::new(),
    };
    let port = device.file_name()?.to_string_lossy().into_owned();
    Some(Usb { port, serial: text(device, "serial"), release })
}

/// A file's one line. What a device says of itself may be anything; pages and records get printable characters.
fn text(device: &Path, name: &str) -> String {
    let bytes = fs::read(device.join(name)).unwrap_or_default();
    let line = String::from_utf8_lossy(&bytes);
    line.trim().chars().filter(|c| !c.is_control() && *c != char::REPLACEMENT_CHARACTER).take(MAX_TEXT).collect()
}

fn hex(text: &str) -> Option<u16> {
    let digits = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits.then(|| u16::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const URU: Id = Id { vendor: 0x05ba, product: 0x000a };

    fn plug(bus: &Path, port: &str, files: &[(&str, &[u8])]) {
        let device = bus.join(port);
        fs::create_dir(&device).unwrap();
        files.iter().for_each(|(name, content)| fs::write(device.join(name), content).unwrap());
    }

    #[test]
    fn ids_are_read_as_lsusb_prints_them() {
        assert_eq!(Id::parse("05ba:000a"), Some(URU));
        assert_eq!(URU.to_string(), "05ba:000a");
        for wrong in ["", ":", "05ba", "05ba:", "5ba:a", "05ba:000a ", "+5ba:000a", "05ba:000g", "05ba:000a:1"] {
            assert_eq!(Id::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn devices_are_found_by_their_id() {
        let bus = tempfile::tempdir().unwrap();
        let id: &[(&str, &[u8])] = &[("idVendor", b"05ba\n"), ("idProduct", b"000a\n")];
        plug(bus.path(), "usb1", &[("idVendor", b"1d6b\n"), ("idProduct", b"0002\n")]);
        plug(bus.path(), "1-1:1.0", &[]);
        assert!(find(bus.path(), URU).is_empty());
        plug(bus.path(), "1-2", id);
        plug(bus.path(), "1-1", &[id, &[("serial", b"\x00{AB-1}\xff\n"), ("bcdDevice", b"0102\n")]].concat());
        let ports: Vec<_> = find(bus.path(), URU).into_iter().map(|usb| (usb.port, usb.serial, usb.release)).collect();
        let row = |port: &str, serial: &str, release: &str| (port.into(), serial.into(), release.into());
        assert_eq!(ports, [row("1-1", "{AB-1}", "1.02"), row("1-2", "", "")]);
        assert!(find(&bus.path().join("nowhere"), URU).is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_of_a_device_are_read(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let bus = tempfile::tempdir().unwrap();
            let files = [("idVendor", &b"05ba"[..]), ("idProduct", b"000a"), ("serial", &bytes), ("bcdDevice", &bytes)];
            plug(bus.path(), "1-1", &files);
            let found = find(bus.path(), URU);
            prop_assert!(found.iter().all(|usb| usb.serial.chars().count() <= MAX_TEXT));
            prop_assert_eq!(found.len(), 1);
        }

        #[test]
        fn any_text_is_an_id_or_none(text in ".{0,12}") {
            if let Some(id) = Id::parse(&text) {
                prop_assert_eq!(id.to_string(), text.to_ascii_lowercase());
            }
        }
    }
}
