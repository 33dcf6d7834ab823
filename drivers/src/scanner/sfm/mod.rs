//! Suprema SFM modules on a serial line: 8 bits a pixel at 500 per inch, up to 921,600 baud.
//!
//! Not enrolment grade: the sensors are about the size of FAP 10 and carry no certificate. The descriptor says so, and
//! the station takes such a sensor only under the laboratory override.
//!
//! Parameters are written for as long as the module has power, and never saved: whoever uses it next finds it as it
//! was. No template is made or stored.

pub mod command;
mod error;
mod image;
mod link;
pub mod packet;

pub use error::SfmError;
pub use link::Timing;

use super::{Scanner, ScannerEvent, ScannerFactory, only_one};
use crate::run::Run;
use crate::settings;
use command::{ALIVE, BAUDS, ZERO, answer, parameter, request as ask};
use domain::device::{CaptureGroup, DeviceDescriptor, DeviceFault, DeviceKind};
use domain::finger::Finger;
use domain::units::Ppi;
use link::Link;
use serde::Deserialize;
use serde_json::Value;
use std::time::Instant;

/// The name in the configuration.
const NAME: &str = "sfm";

/// Failed scans in a row after which the module is said to refuse: a smeared surface gives the odd one.
const MAX_FAILED_SCANS: u32 = 20;

/// How a module says that it is simulated: firmware version and build number, the only texts that it has, four
/// characters each.
pub const SIMULATED: (&str, &str) = ("SIMU", "LATE");

/// `sfm` in the factory list.
pub struct Factory;

impl ScannerFactory for Factory {
    fn name(&self) -> &'static str {
        NAME
    }

    fn open(&self, settings: &Value) -> Result<Box<dyn Scanner>, DeviceFault> {
        Ok(Box::new(Sfm::new(settings::read(NAME, settings)?, Timing::default())?))
    }
}

/// The device's table in the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Device path, for example `/dev/ttyUSB0`.
    pub path: String,
    /// Line speed in baud; 115,200 from the factory.
    #[serde(default = "factory_baud")]
    pub baud: u32,
    /// The module's terminal on a line that several share (RS422/485): 1 to 65,535.
    pub terminal: Option<u16>,
    /// Resolution, where it is not the 500 of most sensors: the T1 has 508.
    pub ppi: Option<Ppi>,
    /// Pixels in a row; 272 on the sensors OP to OP6. The module tells with an image only.
    #[serde(default = "usual_width")]
    pub width: u32,
    /// Rows; 320 on the sensors OP to OP6.
    #[serde(default = "usual_height")]
    pub height: u32,
}

/// One module on one serial line.
pub struct Sfm {
    settings: Settings,
    timing: Timing,
    link: Option<Link>,
    /// The module does not know the transfer in pieces.
    plain: bool,
    /// The last capture's finger has not been seen to leave.
    finger_on: bool,
}

/// How a scan ended.
enum Scan {
    Finger { size: u32 },
    NoFinger,
    Failed(u8),
    Stopped,
}

impl Sfm {
    /// A module that is not looked for yet.
    pub fn new(settings: Settings, timing: Timing) -> Result<Self, DeviceFault> {
        if settings.path.is_empty() {
            return Err(settings::refuse(NAME, "path is empty"));
        }
        if !BAUDS.contains(&settings.baud) {
            return Err(settings::refuse(NAME, format!("baud is none of {BAUDS:?}")));
        }
        if settings.terminal == Some(0) {
            return Err(settings::refuse(NAME, "terminal 0 is everybody, and nobody answers it"));
        }
        for (name, side) in [("width", settings.width), ("height", settings.height)] {
            if !(64..=640).contains(&side) {
                return Err(settings::refuse(NAME, format!("{name} is not within 64 to 640")));
            }
        }
        Ok(Self { settings, timing, link: None, plain: false, finger_on: false })
    }

    fn try_probe(&mut self, run: &Run<'_>) -> Result<DeviceDescriptor, SfmError> {
        let Settings { path, baud, terminal, .. } = &self.settings;
        // An open line is kept: closing it would give the lock away.
        let mut link = match self.link.take() {
            Some(link) => link,
            None => Link::open(path, *baud, *terminal, self.timing)?,
        };
        // Whoever had it before may have left it waiting for a finger.
        if link.ask(ask::SS, 0, 0, run)?.parameter != ALIVE {
            link.cancel()?;
            let status = link.ask(ask::SS, 0, 0, run)?;
            if status.parameter != ALIVE {
                return Err(SfmError::Refused(ask::SS, status.parameter as u8));
            }
        }
        let seconds = u32::try_from(self.timing.scan.as_secs().clamp(1, 20)).unwrap_or(1);
        for (number, value) in
            [(parameter::IMAGE_FORMAT, ZERO), (parameter::SCAN_SUCCESS, ZERO + 1), (parameter::TIMEOUT, ZERO + seconds)]
        {
            let written = link.ask(ask::SW, value, number, run)?;
            if written.flag != answer::SUCCESS {
                return Err(SfmError::Refused(ask::SW, written.flag));
            }
        }
        let mut read = |number| -> Result<Option<u32>, SfmError> {
            let told = link.ask(ask::SR, 0, number, run)?;
            Ok((told.flag == answer::SUCCESS).then_some(told.size))
        };
        let sensor = command::sensor(read(parameter::SENSOR_TYPE)?.unwrap_or(0));
        let firmware = command::text(read(parameter::FIRMWARE)?.unwrap_or(0));
        let build = command::text(read(parameter::BUILD)?.unwrap_or(0));
        let serial = read(parameter::SERIAL)?;
        let descriptor = self.describe(sensor, firmware, build, serial);
        self.link = Some(link);
        Ok(descriptor)
    }

    fn describe(&self, sensor: &str, firmware: String, build: String, serial: Option<u32>) -> DeviceDescriptor {
        let simulated = (firmware.as_str(), build.as_str()) == SIMULATED;
        let model = if sensor.is_empty() { String::from("SFM") } else { format!("SFM-{sensor}") };
        DeviceDescriptor {
            kind: DeviceKind::FingerScanner,
            driver: NAME.to_owned(),
            vendor: String::from(if simulated { "Gatepost" } else { "Suprema" }),
            model: if simulated { format!("SIMULATED {model}") } else { model },
            serial: serial.map(|serial| serial.to_string()).unwrap_or_default(),
            firmware: format!("{firmware} {build}").trim().to_owned(),
            transport: format!("{} at {} baud", self.settings.path, self.settings.baud),
            ppi: Some(self.settings.ppi.unwrap_or(Ppi::FIVE_HUNDRED)),
            bit_depth: 8,
            width: self.settings.width,
            height: self.settings.height,
            groups: vec![CaptureGroup::Single],
            fap: None,
            preview_fps: 0,
            finger_preview: None,
            segments_itself: false,
            simulated,
        }
    }

    fn try_capture(&mut self, run: &Run<'_>, report: &mut dyn FnMut(ScannerEvent)) -> Result<(), SfmError> {
        if self.finger_on {
            // Otherwise a second finger's attempt would take the first finger again.
            match self.await_lift(run, None)? {
                Waited::Done => {
                    self.finger_on = false;
                    report(ScannerEvent::Lifted);
                }
                Waited::Expired => return Err(SfmError::NoFinger),
                Waited::Stopped => return Ok(()),
            }
        }
        let Some(size) = self.await_finger(run, report)? else { return Ok(()) };
        let Some(image) = self.image(size, run, report)? else { return Ok(()) };
        report(ScannerEvent::Fingers(vec![image]));
        let patience = Instant::now() + self.timing.lift;
        if let Waited::Done = self.await_lift(run, Some(patience))? {
            self.finger_on = false;
            report(ScannerEvent::Lifted);
        }
        Ok(())
    }

    /// Scans until a finger is there, and says so; gives the bytes of its image, or nothing when stopped.
    fn await_finger(&mut self, run: &Run<'_>, report: &mut dyn FnMut(ScannerEvent)) -> Result<Option<u32>, SfmError> {
        let mut failed = 0;
        loop {
            if run.stopped() {
                return Ok(None);
            }
            if run.expired() {
                return Err(SfmError::NoFinger);
            }
            let mut placed = false;
            let scan = self.scan(run, &mut || {
                placed = true;
                report(ScannerEvent::Placed);
            })?;
            self.finger_on |= placed;
            match scan {
                Scan::Finger { size } => return Ok(Some(size)),
                Scan::NoFinger => failed = 0,
                Scan::Failed(_) if failed < MAX_FAILED_SCANS => {
                    failed += 1;
                    run.pause(self.timing.poll);
                }
                Scan::Failed(flag) => return Err(SfmError::Refused(self.scan_command(), flag)),
                Scan::Stopped => return Ok(None),
            }
        }
    }

    /// One scan: the module waits for a finger for a second. `placed` is called when one has been scanned.
    fn scan(&mut self, run: &Run<'_>, placed: &mut dyn FnMut()) -> Result<Scan, SfmError> {
        let scan = self.scan_command();
        let link = self.link.as_mut().ok_or(SfmError::NotOpen)?;
        link.begin_scan(scan, run)?;
        let mut told = false;
        loop {
            let Some(packet) = link.scan_answer(scan, run)? else {
                link.cancel()?;
                return Ok(Scan::Stopped);
            };
            match packet.flag {
                answer::SCAN_SUCCESS if !told => {
                    told = true;
                    placed();
                }
                answer::SUCCESS => {
                    if !told {
                        placed();
                    }
                    return Ok(Scan::Finger { size: packet.size });
                }
                answer::TIME_OUT | answer::CANCELED => return Ok(Scan::NoFinger),
                answer::UNSUPPORTED if !self.plain => {
                    // An older module: images without sums are read twice and compared.
                    self.plain = true;
                    return self.scan(run, placed);
                }
                answer::BUSY | answer::SCAN_FAIL | answer::TRY_AGAIN => return Ok(Scan::Failed(packet.flag)),
                other => return Err(SfmError::Refused(scan, other)),
            }
        }
    }

    /// Scans until there is no finger, until `patience` ends or, without one, the run's deadline.
    fn await_lift(&mut self, run: &Run<'_>, patience: Option<Instant>) -> Result<Waited, SfmError> {
        loop {
            if run.stopped() {
                return Ok(Waited::Stopped);
            }
            if patience.map_or_else(|| run.expired(), |end| Instant::now() >= end) {
                return Ok(Waited::Expired);
            }
            match self.scan(run, &mut || ())? {
                Scan::NoFinger => return Ok(Waited::Done),
                Scan::Stopped => return Ok(Waited::Stopped),
                // The image of a finger that is only to leave is not wanted.
                Scan::Finger { .. } => self.link.as_mut().ok_or(SfmError::NotOpen)?.cancel()?,
                Scan::Failed(_) => {}
            }
            run.pause(self.timing.poll);
        }
    }

    fn scan_command(&self) -> u8 {
        if self.plain { ask::SI } else { ask::SIX }
    }

    fn fault(&mut self, error: &SfmError) -> DeviceFault {
        if error.line_is_lost() {
            (self.link, self.plain, self.finger_on) = (None, false, false);
        }
        error.fault(&self.settings.path)
    }
}

impl Scanner for Sfm {
    fn probe(&mut self, run: &Run<'_>) -> Result<DeviceDescriptor, DeviceFault> {
        self.try_probe(run).map_err(|error| self.fault(&error))
    }

    fn check(&mut self) -> Result<(), DeviceFault> {
        let checked = match &mut self.link {
            Some(link) => link.check(),
            None => Err(SfmError::NotOpen),
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
        match self.try_capture(run, report) {
            Err(SfmError::Stopped) => Ok(()),
            captured => captured.map_err(|error| self.fault(&error)),
        }
    }
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waited {
    Done,
    Expired,
    Stopped,
}

fn factory_baud() -> u32 {
    115_200
}

fn usual_width() -> u32 {
    272
}

fn usual_height() -> u32 {
    320
}
