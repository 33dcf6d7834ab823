//! The scanners that we know, with what libfprint does not tell: resolution, size and make.

use super::NAME;
use super::error::FprintError;
use super::usb::{self, Id, Usb};
use domain::device::{CaptureGroup, DeviceDescriptor, DeviceKind};
use domain::units::Ppi;
use std::path::Path;

/// libfprint's simulated device, by the name of its driver.
pub(super) const VIRTUAL_IMAGE: &str = "virtual_image";

/// One row of the table.
struct Row {
    id: Id,
    /// Which of libfprint's drivers takes it.
    driver: &'static str,
    vendor: &'static str,
    model: &'static str,
    ppi: u32,
    width: u32,
    height: u32,
}

/// Sensors for a desk. 512 dpi is what the vendor's data sheets state for the U.are.U 4000, 4000B and 4500; at that,
/// the 384 x 290 pixels that libfprint fetches (uru4000.c) are 19.1 x 14.4 mm, which is the sheets' sensor turned.
/// Swipe sensors and small sensors of portable computers are left out on purpose, like those that match on the chip.
const TABLE: &[Row] = &[
    Row {
        id: Id { vendor: 0x05ba, product: 0x0007 },
        driver: "uru4000",
        vendor: "DigitalPersona",
        model: "U.are.U 4000",
        ppi: 512,
        width: 384,
        height: 290,
    },
    Row {
        id: Id { vendor: 0x05ba, product: 0x000a },
        driver: "uru4000",
        vendor: "DigitalPersona",
        model: "U.are.U 4000B/4500",
        ppi: 512,
        width: 384,
        height: 290,
    },
];

/// What the configuration names.
#[derive(Clone, Debug)]
pub(super) struct Model {
    /// As it stands in the configuration.
    pub(super) device: String,
    /// Which of libfprint's drivers has to take it.
    pub(super) driver: &'static str,
    pub(super) ppi: Ppi,
    /// The largest image: a scanner may leave rows out, and never sends more.
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) place: Place,
    vendor: &'static str,
    model: &'static str,
}

/// Where it is found.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Bus(Id),
    Socket(String),
}

impl Model {
    /// The scanner with this USB id.
    pub(super) fn known(id: Id) -> Option<Self> {
        let row = TABLE.iter().find(|row| row.id == id)?;
        let Row { driver, vendor, model, ppi, width, height, .. } = *row;
        let ppi = Ppi::try_from(ppi).ok()?;
        Some(Self { device: id.to_string(), driver, ppi, width, height, place: Place::Bus(id), vendor, model })
    }

    /// libfprint's simulated device, which takes images of any size and has no resolution of its own.
    pub(super) fn simulated(socket: String, ppi: Ppi, width: u32, height: u32) -> Self {
        Self {
            device: VIRTUAL_IMAGE.to_owned(),
            driver: VIRTUAL_IMAGE,
            ppi,
            width,
            height,
            place: Place::Socket(socket),
            vendor: "libfprint",
            model: "SIMULATED image device",
        }
    }

    /// Looks for it without touching it. The folder of its socket is the port of the simulated one.
    pub(super) fn find(&self, devices: &Path) -> Result<Usb, FprintError> {
        let mut found = match &self.place {
            Place::Bus(id) => usb::find(devices, *id),
            Place::Socket(socket) if Path::new(socket).parent().is_some_and(Path::is_dir) => vec![Usb::default()],
            Place::Socket(_) => Vec::new(),
        };
        match (found.pop(), found.len()) {
            (None, _) => Err(FprintError::Gone),
            (Some(one), 0) => Ok(one),
            (Some(_), others) => Err(FprintError::Several(others + 1)),
        }
    }

    pub(super) fn describe(&self, usb: &Usb) -> DeviceDescriptor {
        let (transport, simulated) = match &self.place {
            Place::Bus(id) => (format!("USB {id} at {}", usb.port), false),
            Place::Socket(socket) => (socket.clone(), true),
        };
        DeviceDescriptor {
            kind: DeviceKind::FingerScanner,
            driver: NAME.to_owned(),
            vendor: self.vendor.to_owned(),
            model: self.model.to_owned(),
            serial: usb.serial.clone(),
            firmware: usb.release.clone(),
            transport,
            ppi: Some(self.ppi),
            bit_depth: 8,
            width: self.width,
            height: self.height,
            groups: vec![CaptureGroup::Single],
            fap: None,
            preview_fps: 0,
            finger_preview: None,
            segments_itself: false,
            simulated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn every_row_can_be_described_and_none_is_of_enrolment_grade() {
        for row in TABLE {
            let model = Model::known(row.id).unwrap();
            let told = model.describe(&Usb { port: "1-2".into(), serial: "{7}".into(), release: "1.02".into() });
            assert_eq!((told.ppi.unwrap().get(), told.bit_depth, told.fap), (512, 8, None), "{}", told.model);
            assert_eq!(told.transport, format!("USB {} at 1-2", row.id));
            assert!(!told.simulated && !told.enrolment_grade());
        }
        // A laptop's swipe sensor, one that matches on the chip, and one that nobody makes.
        for (vendor, product) in [(0x147e, 0x2016), (0x06cb, 0x00bd), (0xffff, 0xffff)] {
            assert!(Model::known(Id { vendor, product }).is_none());
        }
    }

    #[test]
    fn one_scanner_is_found_and_two_cannot_be_told_apart() {
        let bus = tempfile::tempdir().unwrap();
        let model = Model::known(TABLE[1].id).unwrap();
        assert_eq!(model.find(bus.path()), Err(FprintError::Gone));
        for (port, expected) in [("1-1", None), ("1-2", Some(FprintError::Several(2)))] {
            fs::create_dir(bus.path().join(port)).unwrap();
            fs::write(bus.path().join(port).join("idVendor"), "05ba\n").unwrap();
            fs::write(bus.path().join(port).join("idProduct"), "000a\n").unwrap();
            assert_eq!(model.find(bus.path()).err(), expected);
        }
    }

    #[test]
    fn the_simulated_one_says_so() {
        let away = Model::simulated("/nonexistent/socket".into(), Ppi::FIVE_HUNDRED, 4, 2);
        assert_eq!(away.find(Path::new("/nonexistent")), Err(FprintError::Gone));
        let told = away.describe(&Usb::default());
        assert!(told.simulated && told.label().contains("SIMULATED"));
        assert_eq!((told.width, told.height, told.groups.as_slice()), (4, 2, &[CaptureGroup::Single][..]));
    }
}
