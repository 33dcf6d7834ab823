//! USB fingerprint scanners through libfprint, such as the U.are.U 4000 and 4500.
//!
//! The library is used for images alone: it tells neither minutiae angles nor match scores, and it knows no
//! resolution. Resolution comes from [`model`]'s own table, so that a scanner which is not in it is refused. Not
//! enrolment grade: these sensors have no FAP certificate, and the descriptor says so.
//!
//! libfprint hands an image over only after the finger has left the glass, so `Fingers` and `Lifted` come together.

mod error;
mod model;
mod session;
mod usb;

pub use error::FprintError;

use super::{Scanner, ScannerEvent, ScannerFactory, only_one};
use crate::run::Run;
use crate::settings;
use domain::device::{DeviceDescriptor, DeviceFault};
use domain::finger::Finger;
use domain::units::Ppi;
use model::{Model, VIRTUAL_IMAGE};
use serde::Deserialize;
use serde_json::Value;
use session::{Outcome, Session};
use std::path::Path;
use std::time::Duration;

/// The name in the configuration.
const NAME: &str = "libfprint";

/// Refused placements in one capture after which the scanner is said to refuse: a dry finger gives the odd one.
const MAX_RETRIES: u32 = 20;

/// The largest image that libfprint's simulated device takes, in pixels a side (virtual-image.c).
const MAX_SIDE: u32 = 5000;

/// What a unix socket's name may have in bytes (unix(7): 108 with the zero at its end).
const MAX_SOCKET_NAME: usize = 107;

/// `libfprint` in the factory list.
pub struct Factory;

impl ScannerFactory for Factory {
    fn name(&self) -> &'static str {
        NAME
    }

    fn open(&self, settings: &Value) -> Result<Box<dyn Scanner>, DeviceFault> {
        Ok(Box::new(Libfprint::new(settings::read(NAME, settings)?, Timing::default())?))
    }
}

/// The device's table in the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// USB id as `lsusb` prints it, for example `05ba:000a`; or `virtual_image`, libfprint's simulated device.
    pub device: String,
    /// Must be true for `virtual_image`, and only for it: nobody gets a simulated device by a slip.
    #[serde(default)]
    pub simulated: bool,
    /// Where the simulated device listens for its images: the name of a unix socket. It counts as plugged in while
    /// the socket's folder exists.
    pub socket: Option<String>,
    /// Resolution of the simulated device's images; a real scanner's comes from the table.
    pub ppi: Option<Ppi>,
    /// Pixels in a row of the simulated device's images, 1 to 5000.
    pub width: Option<u32>,
    /// Rows of the simulated device's images, 1 to 5000.
    pub height: Option<u32>,
}

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// For a scanner to be found and opened. A U.are.U uploads its firmware and powers up in 1 to 2 s.
    pub open: Duration,
    /// For a capture to end after it was cancelled.
    pub cancel: Duration,
    /// For a finger to be lifted, where it was placed just before the deadline.
    pub lift: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        let [open, cancel, lift] = [20, 6, 10].map(Duration::from_secs);
        Self { open, cancel, lift }
    }
}

/// One scanner of libfprint's.
pub struct Libfprint {
    model: Model,
    timing: Timing,
    session: Option<Session>,
    hangs: bool,
}

impl Libfprint {
    /// A scanner that is not looked for yet.
    pub fn new(settings: Settings, timing: Timing) -> Result<Self, DeviceFault> {
        let model = if settings.device == VIRTUAL_IMAGE { simulated(settings)? } else { real(&settings)? };
        Ok(Self { model, timing, session: None, hangs: false })
    }

    fn try_probe(&mut self, run: &Run<'_>) -> Result<DeviceDescriptor, FprintError> {
        let session = match self.session.take() {
            Some(session) if session.check().is_ok() => session,
            _ => {
                let found = self.model.find(Path::new(usb::DEVICES))?;
                Session::open(&self.model, found, self.timing.open, run)?
            }
        };
        let descriptor = self.model.describe(session.usb());
        self.session = Some(session);
        Ok(descriptor)
    }

    fn try_capture(&mut self, run: &Run<'_>, report: &mut dyn FnMut(ScannerEvent)) -> Result<(), FprintError> {
        let session = self.session.as_ref().ok_or(FprintError::Gone)?;
        let mut placed = false;
        let mut tell_placed = |report: &mut dyn FnMut(ScannerEvent)| {
            if !std::mem::replace(&mut placed, true) {
                report(ScannerEvent::Placed);
            }
        };
        for _ in 0..MAX_RETRIES {
            match session.capture(run, self.timing, &mut || tell_placed(report))? {
                Outcome::Image(image) => {
                    tell_placed(report);
                    report(ScannerEvent::Fingers(vec![image]));
                    report(ScannerEvent::Lifted);
                    return Ok(());
                }
                Outcome::Again(why) => {
                    tracing::info!(%why, "the scanner asks for the finger once more");
                    report(ScannerEvent::Degraded);
                }
                Outcome::Stopped => return Ok(()),
            }
        }
        Err(FprintError::Refused(MAX_RETRIES))
    }

    fn fault(&mut self, error: &FprintError) -> DeviceFault {
        self.hangs |= matches!(error, FprintError::Hangs);
        if error.session_is_lost() {
            self.session = None;
        }
        error.fault(&self.model.device)
    }
}

impl Scanner for Libfprint {
    fn probe(&mut self, run: &Run<'_>) -> Result<DeviceDescriptor, DeviceFault> {
        self.try_probe(run).map_err(|error| self.fault(&error))
    }

    fn check(&mut self) -> Result<(), DeviceFault> {
        let checked = match &self.session {
            // The bus is looked at as well: the library hears of a cable only while its loop runs.
            Some(session) => session.check().and_then(|()| match self.model.find(Path::new(usb::DEVICES)) {
                Err(FprintError::Gone) => Err(FprintError::Gone),
                _ => Ok(()),
            }),
            None => Err(FprintError::Gone),
        };
        checked.map_err(|error| self.fault(&error))
    }

    fn release(&mut self) {
        // A capture that gave an image has seen its finger leave; nothing is remembered between two of them.
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

    fn hangs(&self) -> bool {
        self.hangs
    }
}

/// The scanner with this USB id, if the table knows it.
fn real(settings: &Settings) -> Result<Model, DeviceFault> {
    let Settings { simulated, socket, ppi, width, height, .. } = settings;
    if *simulated {
        return Err(settings::refuse(NAME, format!("simulated = true goes with device = {VIRTUAL_IMAGE:?} only")));
    }
    let extra = [socket.is_some(), ppi.is_some(), width.is_some(), height.is_some()];
    if extra.contains(&true) {
        return Err(settings::refuse(NAME, "socket, ppi, width and height are for the simulated device only"));
    }
    let id = usb::Id::parse(&settings.device).ok_or_else(|| {
        settings::refuse(NAME, format!("device is neither a USB id such as 05ba:000a nor {VIRTUAL_IMAGE:?}"))
    })?;
    Model::known(id).ok_or_else(|| FprintError::Unknown.fault(&settings.device))
}

/// libfprint's simulated device.
fn simulated(settings: Settings) -> Result<Model, DeviceFault> {
    if !settings.simulated {
        let text = format!("device = {VIRTUAL_IMAGE:?} is simulated: it is taken only with simulated = true");
        return Err(settings::refuse(NAME, text));
    }
    let missing = |name| settings::refuse(NAME, format!("{name} is missing: the simulated device needs it"));
    let socket = settings.socket.ok_or_else(|| missing("socket"))?;
    if socket.is_empty() || socket.len() > MAX_SOCKET_NAME {
        return Err(settings::refuse(NAME, format!("socket is not 1 to {MAX_SOCKET_NAME} bytes long")));
    }
    let ppi = settings.ppi.ok_or_else(|| missing("ppi"))?;
    let width = settings.width.ok_or_else(|| missing("width"))?;
    let height = settings.height.ok_or_else(|| missing("height"))?;
    for (name, side) in [("width", width), ("height", height)] {
        if !(1..=MAX_SIDE).contains(&side) {
            return Err(settings::refuse(NAME, format!("{name} is not within 1 to {MAX_SIDE}")));
        }
    }
    Ok(Model::simulated(socket, ppi, width, height))
}
