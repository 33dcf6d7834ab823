//! Serial fingerprint sensors of the 0xEF01 family: ZFM-20, R30x, R50x and their like.
//!
//! Not enrolment grade: 4 bits a pixel, a sensor area below FAP 10, no certificate. The descriptor says so, and the
//! station takes such a sensor only under the laboratory override.

pub mod command;
mod error;
mod link;
mod nibbles;
pub mod packet;
mod product;
mod quirks;

pub use error::Ef01Error;
pub use link::Timing;

use super::{Scanner, ScannerEvent, ScannerFactory, only_one};
use crate::run::Run;
use crate::serial::BAUDS;
use crate::settings;
use command::{Instruction, PacketSize, ProductInfo, SystemParameters, confirmation, unpack_nibbles};
use domain::device::{CaptureGroup, DeviceDescriptor, DeviceFault, DeviceKind};
use domain::finger::Finger;
use domain::image::FingerImage;
use domain::units::Ppi;
use link::Link;
use serde::Deserialize;
use serde_json::Value;
use std::time::Instant;

/// The name in the configuration.
const NAME: &str = "ef01";

/// Failed images in a row after which the sensor is said to refuse: a smeared surface gives the odd one.
const MAX_FAILED_IMAGES: u32 = 20;

/// `ef01` in the factory list.
pub struct Factory;

impl ScannerFactory for Factory {
    fn name(&self) -> &'static str {
        NAME
    }

    fn open(&self, settings: &Value) -> Result<Box<dyn Scanner>, DeviceFault> {
        Ok(Box::new(Ef01::new(settings::read(NAME, settings)?, Timing::default())?))
    }
}

/// The device's table in the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Device path, for example `/dev/ttyUSB0`.
    pub path: String,
    /// Line speed in baud; 57,600 from the factory.
    #[serde(default = "factory_baud")]
    pub baud: u32,
    /// The module's address; all ones from the factory.
    #[serde(default = "factory_address")]
    pub address: u32,
    /// The module's password; zero from the factory.
    #[serde(default)]
    pub password: u32,
    /// Resolution, where the table of models is wrong about this one.
    pub ppi: Option<Ppi>,
    /// Pixels in a row, where the module does not tell or is wrong.
    pub width: Option<u16>,
    /// Rows, where the module does not tell or is wrong.
    pub height: Option<u16>,
}

/// One sensor on one serial line.
pub struct Ef01 {
    settings: Settings,
    timing: Timing,
    open: Option<Open>,
    /// The last capture's finger has not been seen to leave.
    finger_on: bool,
    /// The sensor has told its model before: that it does not now is no sign of an older one.
    has_told: bool,
}

/// A sensor that has answered.
struct Open {
    link: Link,
    width: u32,
    height: u32,
    ppi: Ppi,
    packet_size: PacketSize,
}

impl Ef01 {
    /// A sensor that is not looked for yet.
    pub fn new(settings: Settings, timing: Timing) -> Result<Self, DeviceFault> {
        if settings.path.is_empty() {
            return Err(settings::refuse(NAME, "path is empty"));
        }
        if !BAUDS.contains(&settings.baud) {
            return Err(settings::refuse(NAME, "baud is not within 1200 to 3000000"));
        }
        for (name, size) in [("width", settings.width), ("height", settings.height)] {
            if size.is_some_and(|size| !quirks::plausible(size)) {
                return Err(settings::refuse(NAME, format!("{name} is not an even number within 64 to 640")));
            }
        }
        Ok(Self { settings, timing, open: None, finger_on: false, has_told: false })
    }

    fn try_probe(&mut self, run: &Run<'_>) -> Result<DeviceDescriptor, Ef01Error> {
        let Settings { path, baud, address, password, .. } = &self.settings;
        // An open line is kept: closing it would give the lock away.
        let mut link = match self.open.take() {
            Some(open) => open.link,
            None => Link::open(path, *baud, *address, self.timing)?,
        };
        match link.ask(Instruction::VfyPwd, &password.to_be_bytes(), run)?.0 {
            confirmation::OK => {}
            confirmation::WRONG_PASSWORD => return Err(Ef01Error::Password),
            other => return Err(Ef01Error::Refused(Instruction::VfyPwd, other)),
        }
        // The R308 cannot read its parameters and older makes know no product information: both are optional.
        let parameters = link.ask_optional(Instruction::ReadSysPara, SystemParameters::LENGTH, run)?;
        let parameters = parameters.and_then(|bytes| SystemParameters::decode(&bytes).ok());
        let product = link.ask_optional(Instruction::ReadProdInfo, ProductInfo::LENGTH, run)?;
        let product = product.and_then(|bytes| ProductInfo::decode(&bytes).ok());
        if product.is_none() && self.has_told {
            return Err(Ef01Error::Silent(Instruction::ReadProdInfo));
        }
        self.has_told = product.is_some();
        let model = quirks::model(product.as_ref());
        let (told_width, told_height) = quirks::size(product.as_ref());
        let open = Open {
            link,
            width: u32::from(self.settings.width.unwrap_or(told_width)),
            height: u32::from(self.settings.height.unwrap_or(told_height)),
            ppi: self.settings.ppi.unwrap_or(model.ppi),
            packet_size: parameters.map_or(PacketSize::Bytes128, |parameters| parameters.packet_size),
        };
        let descriptor = self.describe(&open, model, product);
        self.open = Some(open);
        Ok(descriptor)
    }

    fn describe(&self, open: &Open, model: &quirks::Model, product: Option<ProductInfo>) -> DeviceDescriptor {
        let (name, serial, [major, minor]) = match product {
            Some(product) => (product.model, product.serial, product.hardware),
            None => (String::new(), String::new(), [0, 0]),
        };
        let simulated = [&name, &serial].iter().any(|text| text.to_ascii_uppercase().contains("SIMULATED"));
        DeviceDescriptor {
            kind: DeviceKind::FingerScanner,
            driver: NAME.to_owned(),
            vendor: model.vendor.to_owned(),
            model: if name.is_empty() { model.name.to_owned() } else { name },
            serial,
            firmware: if [major, minor] == [0, 0] { String::new() } else { format!("{major}.{minor}") },
            transport: format!("{} at {} baud", self.settings.path, self.settings.baud),
            ppi: Some(open.ppi),
            bit_depth: 4,
            width: open.width,
            height: open.height,
            groups: vec![CaptureGroup::Single],
            fap: None,
            preview_fps: 0,
            finger_preview: None,
            segments_itself: false,
            simulated,
        }
    }

    fn try_capture(&mut self, run: &Run<'_>, report: &mut dyn FnMut(ScannerEvent)) -> Result<(), Ef01Error> {
        let open = self.open.as_mut().ok_or(Ef01Error::NotOpen)?;
        if self.finger_on {
            // Otherwise a second finger's attempt would take the first finger again.
            match open.await_lift(run, None)? {
                Waited::Done => {
                    self.finger_on = false;
                    report(ScannerEvent::Lifted);
                }
                Waited::Expired => return Err(Ef01Error::NoFinger),
                Waited::Stopped => return Ok(()),
            }
        }
        match open.await_finger(run)? {
            Waited::Done => {}
            Waited::Expired => return Err(Ef01Error::NoFinger),
            Waited::Stopped => return Ok(()),
        }
        self.finger_on = true;
        report(ScannerEvent::Placed);
        let image = match open.image(run) {
            Err(Ef01Error::Checksum(_) | Ef01Error::Garbage(_)) => {
                report(ScannerEvent::Degraded);
                // The image is still in the sensor's buffer.
                open.image(run)
            }
            other => other,
        };
        let Some(image) = image? else { return Ok(()) };
        report(ScannerEvent::Fingers(vec![image]));
        let patience = Instant::now() + self.timing.lift;
        if let Waited::Done = open.await_lift(run, Some(patience))? {
            self.finger_on = false;
            report(ScannerEvent::Lifted);
        }
        Ok(())
    }

    fn fault(&mut self, error: &Ef01Error) -> DeviceFault {
        if error.line_is_lost() {
            self.open = None;
            self.finger_on = false;
        }
        error.fault(&self.settings.path)
    }
}

impl Scanner for Ef01 {
    fn probe(&mut self, run: &Run<'_>) -> Result<DeviceDescriptor, DeviceFault> {
        self.try_probe(run).map_err(|error| self.fault(&error))
    }

    fn check(&mut self) -> Result<(), DeviceFault> {
        let checked = match &mut self.open {
            Some(open) => open.link.check(),
            None => Err(Ef01Error::NotOpen),
        };
        checked.map_err(|error| self.fault(&error))
    }

    fn release(&mut self) {
        self.finger_on = false;
    }

    fn capture(
        &mut self,
        run: &Run<'_>,
        wanted: &[Finger],
        report: &mut dyn FnMut(ScannerEvent),
    ) -> Result<(), DeviceFault> {
        only_one(wanted)?;
        self.try_capture(run, report).map_err(|error| self.fault(&error))
    }
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waited {
    Done,
    Expired,
    Stopped,
}

impl Open {
    /// Commands images until one shows a finger.
    fn await_finger(&mut self, run: &Run<'_>) -> Result<Waited, Ef01Error> {
        let mut failed = 0;
        loop {
            if run.stopped() {
                return Ok(Waited::Stopped);
            }
            if run.expired() {
                return Ok(Waited::Expired);
            }
            match self.link.ask(Instruction::GenImg, &[], run)?.0 {
                confirmation::OK => return Ok(Waited::Done),
                confirmation::NO_FINGER => failed = 0,
                confirmation::IMAGE_FAIL if failed < MAX_FAILED_IMAGES => failed += 1,
                other => return Err(Ef01Error::Refused(Instruction::GenImg, other)),
            }
            run.pause(self.link.timing.poll);
        }
    }

    /// Commands images until one shows no finger, until `patience` ends or, without one, the run's deadline.
    fn await_lift(&mut self, run: &Run<'_>, patience: Option<Instant>) -> Result<Waited, Ef01Error> {
        loop {
            if run.stopped() {
                return Ok(Waited::Stopped);
            }
            if patience.map_or_else(|| run.expired(), |end| Instant::now() >= end) {
                return Ok(Waited::Expired);
            }
            if self.link.ask(Instruction::GenImg, &[], run)?.0 == confirmation::NO_FINGER {
                return Ok(Waited::Done);
            }
            run.pause(self.link.timing.poll);
        }
    }

    /// Fetches the image in the sensor's buffer; nothing when stopped.
    fn image(&mut self, run: &Run<'_>) -> Result<Option<FingerImage>, Ef01Error> {
        match self.link.ask(Instruction::UpImage, &[], run)?.0 {
            confirmation::OK => {}
            other => return Err(Ef01Error::Refused(Instruction::UpImage, other)),
        }
        let size = (self.width * self.height / 2) as usize;
        let Some(packed) = self.link.receive_data(size, self.packet_size, run)? else { return Ok(None) };
        let grey = unpack_nibbles(packed.expose());
        FingerImage::new(self.width, self.height, self.ppi, 4, grey)
            .map(Some)
            .map_err(|_| Ef01Error::Size { got: packed.expose().len(), needed: size })
    }
}

fn factory_baud() -> u32 {
    57_600
}

fn factory_address() -> u32 {
    packet::DEFAULT_ADDRESS
}
