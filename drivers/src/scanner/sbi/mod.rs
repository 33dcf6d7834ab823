//! Certified slap and single-finger scanners behind a MOSIP Secure Biometric Interface.
//!
//! The device cuts slaps into fingers itself (unless the settings say otherwise) and signs each; what it sends counts
//! only when the signature, its certificate, the transaction, the time, the purpose and the chain of hashes hold, and
//! never twice. The interface does not tell when fingers are put down or lifted. That they were put down is reported
//! when the capture has come; that they were lifted, when the next capture begins: at once where it is of another group
//! of a device that knows fingers, else after a pause in which they can be.

mod ask;
mod check;
mod group;
mod resting;

use super::{Scanner, ScannerEvent, ScannerFactory};
use crate::run::Run;
use crate::sbi::error_code::ErrorCode;
use crate::sbi::finder::{Found, Where, all_ports, find_again, loopback, machine_clock, still_there};
use crate::sbi::message::{
    BioType, CaptureRequest, DeviceStatus, DeviceSubType, Environment, Purpose, SPEC_VERSION, time_text,
};
use crate::sbi::service::{Limit, ServiceError};
use crate::sbi::{SbiError, first_hash, request};
use crate::settings;
use ask::{bio, parse, transaction_id};
use check::{Asked, Seen, Shows, check};
use domain::device::{DeviceDescriptor, DeviceFault, DeviceKind};
use domain::finger::Finger;
use domain::units::Ppi;
use group::Group;
use jiff::{SignedDuration, Timestamp};
use resting::Resting;
use serde::Deserialize;
use serde_json::Value;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The name in the configuration.
const NAME: &str = "sbi";

/// Bytes of an answer at most: four fingers of a FAP 60 scanner are below 3 MB.
const MAX_ANSWER: usize = 24 * 1024 * 1024;

/// `sbi` in the factory list.
pub struct Factory;

impl ScannerFactory for Factory {
    fn name(&self) -> &'static str {
        NAME
    }

    fn open(&self, settings: &Value) -> Result<Box<dyn Scanner>, DeviceFault> {
        Ok(Box::new(SbiScanner::new(settings::read(NAME, settings)?, Machine, Timing::default())?))
    }
}

/// The device's table in the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Address of the services: loopback.
    #[serde(default = "loopback")]
    pub host: IpAddr,
    /// First and last port to look at; 4501 and 4600 by the specification.
    #[serde(default = "all_ports")]
    pub ports: (u16, u16),
    /// Installation for which the device must be registered, for example `Production`.
    pub env: Environment,
    /// File of certificates in PEM: those who vouch for devices.
    pub trust: PathBuf,
    /// Serial number of the device, where several are plugged in.
    pub serial: Option<String>,
    /// Acquisition profile by the device's certificate. The interface does not tell it; a registered slap scanner has
    /// at least 50, because its platen must have 3.2 x 2.0 inches.
    pub fap: Option<u8>,
    /// The device cuts nothing: it sends slaps as they lie on the glass, and the station cuts them.
    #[serde(default)]
    pub whole_slaps: bool,
    /// Milliseconds that one request may take; the station's own deadline ends it sooner.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u32,
    /// Seconds by which the device's clock may differ from ours.
    #[serde(default = "clock_skew_s")]
    pub clock_skew_s: u32,
}

/// How patient the driver is.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// How often an idle device is asked for.
    pub check: Duration,
    /// Between two requests where the first found nothing, or the device was busy.
    pub again: Duration,
    /// How long a device may be busy with a capture that we have given up before another program is blamed.
    pub busy: Duration,
    /// What a device may take to answer beyond the time that it was given.
    pub grace: Duration,
    /// How long the device is asked whether fingers still lie there that are asked for again.
    pub lift: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            check: Duration::from_secs(2),
            again: Duration::from_millis(200),
            busy: Duration::from_secs(4),
            grace: Duration::from_secs(5),
            lift: Duration::from_millis(500),
        }
    }
}

/// What the driver asks of the machine it runs on.
pub trait Outside: Send {
    /// The wall clock.
    fn now(&self) -> Timestamp;

    /// Random bytes.
    fn random(&mut self) -> Option<[u8; 16]>;
}

/// Fingers that were taken.
struct OnGlass {
    group: Group,
    ridges: Resting,
    /// They were seen to be gone.
    lifted: bool,
}

/// One scanner behind one service.
pub struct SbiScanner<O> {
    settings: Settings,
    place: Where,
    timing: Timing,
    outside: O,
    found: Option<Found>,
    /// What the traveller was last seen to have on the glass.
    on: Option<OnGlass>,
    /// `hash` of the traveller's last sample.
    previous_hash: String,
    seen: Seen,
    check_at: Instant,
}

impl<O: Outside> SbiScanner<O> {
    /// A scanner that is not looked for yet.
    pub fn new(settings: Settings, outside: O, timing: Timing) -> Result<Self, DeviceFault> {
        let Settings { host, ports, env, trust, serial, .. } = settings.clone();
        let place = Where { host, ports, env, trust, serial };
        place.check().map_err(|why| settings::refuse(NAME, why))?;
        if settings.fap.is_some_and(|fap| ![10, 20, 30, 40, 45, 50, 60].contains(&fap)) {
            return Err(settings::refuse(NAME, "fap is none of 10, 20, 30, 40, 45, 50 and 60"));
        }
        if !(1_000..=120_000).contains(&settings.timeout_ms) {
            return Err(settings::refuse(NAME, "timeout_ms is not within 1000 to 120000"));
        }
        if settings.clock_skew_s > 3600 {
            return Err(settings::refuse(NAME, "clock_skew_s is not within 0 to 3600"));
        }
        let (previous_hash, seen) = (first_hash(), Seen::default());
        let check_at = Instant::now();
        Ok(Self { settings, place, timing, outside, found: None, on: None, previous_hash, seen, check_at })
    }

    fn try_probe(&mut self, run: &Run<'_>) -> Result<DeviceDescriptor, SbiError> {
        let now = self.outside.now();
        let found = find_again(&self.place, self.found.take(), BioType::Finger, now, run)?;
        // The finest profile would make a single-finger scanner a slap scanner that nobody certified.
        if let Some(fap @ 50..) = self.settings.fap
            && found.id.device_sub_type != DeviceSubType::Slap
        {
            return Err(SbiError::Fap(fap));
        }
        let descriptor = self.describe(&found);
        self.check_at = Instant::now() + self.timing.check;
        self.found = Some(found);
        Ok(descriptor)
    }

    fn describe(&self, found: &Found) -> DeviceDescriptor {
        let Found { service, info, id, .. } = found;
        let slap = id.device_sub_type == DeviceSubType::Slap;
        let fap = self.settings.fap.or(slap.then_some(50));
        // The platen by its profile, at the least resolution that registration allows. Each image tells its own.
        let (width, height) = match fap {
            Some(60) => (1600, 1500),
            Some(50) => (1600, 1000),
            Some(40 | 45) => (800, 750),
            Some(30) => (400, 500),
            _ => (0, 0),
        };
        DeviceDescriptor {
            kind: DeviceKind::FingerScanner,
            driver: NAME.to_owned(),
            vendor: id.make.clone(),
            model: id.model.clone(),
            serial: id.serial_no.clone(),
            firmware: info.firmware.clone(),
            transport: format!("{service} device {} {}", info.device_id, info.certification.word()),
            ppi: Some(Ppi::FIVE_HUNDRED),
            bit_depth: 8,
            width,
            height,
            groups: Group::taken_by(id.device_sub_type, &info.device_sub_id, self.settings.whole_slaps),
            fap,
            // The service's own stream is not asked for: it is unsigned, and no frame of it reaches the station.
            preview_fps: 0,
            finger_preview: None,
            segments_itself: !self.settings.whole_slaps,
            simulated: id.simulated(),
        }
    }

    fn try_capture(
        &mut self,
        run: &Run<'_>,
        wanted: &[Finger],
        report: &mut dyn FnMut(ScannerEvent),
    ) -> Result<(), SbiError> {
        let group = Group::of(wanted).ok_or(SbiError::Wanted)?;
        if run.stopped() {
            return Ok(());
        }
        if let Some(on) = self.on.as_mut().filter(|on| !on.lifted && on.group != group && !self.settings.whole_slaps) {
            // A device that names its fingers sends none of another group, whether those rest or not.
            on.lifted = true;
            report(ScannerEvent::Lifted);
        }
        let mut busy_since: Option<Instant> = None;
        while !run.stopped() {
            let resting = self.on.as_ref().is_some_and(|on| !on.lifted);
            match self.attempt(run, group, wanted, resting) {
                // They were not lifted since: that is no attempt.
                Ok(images) if self.on.as_ref().is_some_and(|on| on.ridges.lies_as_in(&images)) => {}
                // Nothing, or something else. What was seen in so short a time is not the best that there is.
                Ok(_) | Err(SbiError::Refused(ErrorCode::NothingDetected)) if resting => {
                    self.on.as_mut().into_iter().for_each(|on| on.lifted = true);
                    report(ScannerEvent::Lifted);
                    continue;
                }
                Ok(images) => {
                    self.on = Some(OnGlass { group, ridges: Resting::of(&images), lifted: false });
                    report(ScannerEvent::Placed);
                    report(ScannerEvent::Fingers(images));
                    return Ok(());
                }
                Err(SbiError::Service(ServiceError::Stopped)) => return Ok(()),
                Err(SbiError::Refused(ErrorCode::NothingDetected)) => {}
                Err(error @ (SbiError::Refused(ErrorCode::Busy) | SbiError::Status(DeviceStatus::Busy))) => {
                    if busy_since.get_or_insert_with(Instant::now).elapsed() >= self.timing.busy {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
            run.pause(self.timing.again);
        }
        Ok(())
    }

    /// What a device is given for fingers to be put down.
    fn longest(&self) -> Duration {
        Duration::from_millis(self.settings.timeout_ms.into())
    }

    /// One request with a transaction of its own: for the best picture, or, where it `looks`, for whatever lies there now.
    fn attempt(
        &mut self,
        run: &Run<'_>,
        group: Group,
        wanted: &[Finger],
        looks: bool,
    ) -> Result<Vec<domain::image::FingerImage>, SbiError> {
        let found = self.found.as_ref().ok_or(SbiError::NotOpen)?;
        let patience = if looks { self.timing.lift } else { self.longest() };
        let time = run.left().map_or(patience, |left| left.min(patience));
        if time < self.timing.again {
            return Err(SbiError::NoFinger);
        }
        let transaction = transaction_id(&self.outside.random().ok_or(SbiError::Random)?);
        let at = self.outside.now();
        let body = CaptureRequest {
            env: self.settings.env,
            purpose: Purpose::Registration,
            spec_version: SPEC_VERSION.to_owned(),
            timeout: time.as_millis().to_string(),
            capture_time: time_text(at),
            domain_uri: None,
            transaction_id: transaction.clone(),
            bio: vec![bio(found, group, wanted, &self.previous_hash, looks)],
            custom_opts: None,
        };
        let body = serde_json::to_vec(&body).map_err(ServiceError::from)?;
        let limit = Limit { time: time + self.timing.grace, bytes: MAX_ANSWER };
        let answer = found.service.exchange(request::REGISTRATION_CAPTURE, &body, limit, run)?;
        let answer = parse(&answer)?;
        let skew = SignedDuration::from_secs(self.settings.clock_skew_s.into());
        let shows = if self.settings.whole_slaps { Shows::Slap(group.slap()) } else { Shows::Fingers(wanted) };
        let asked = Asked { found, shows, transaction: &transaction, previous: &self.previous_hash, at, skew };
        let accepted = check(&answer, &asked, self.outside.now(), &self.seen)?;
        for code in &accepted.refused {
            // The fingers that came count; the station asks for the others again.
            tracing::warn!(error = code.number(), "a finger is missing from the answer");
        }
        self.seen.add(&accepted.digests);
        self.previous_hash = accepted.hash;
        Ok(accepted.images)
    }

    fn fault(&mut self, error: &SbiError) -> DeviceFault {
        let place = match &self.found {
            Some(found) => found.service.to_string(),
            None => format!("{} ports {} to {}", self.place.host, self.place.ports.0, self.place.ports.1),
        };
        if error.is_lost() {
            self.found = None;
        }
        error.fault(&place)
    }
}

impl<O: Outside> Scanner for SbiScanner<O> {
    fn probe(&mut self, run: &Run<'_>) -> Result<DeviceDescriptor, DeviceFault> {
        self.try_probe(run).map_err(|error| self.fault(&error))
    }

    fn check(&mut self) -> Result<(), DeviceFault> {
        if Instant::now() < self.check_at && self.found.is_some() {
            return Ok(());
        }
        self.check_at = Instant::now() + self.timing.check;
        let checked = match &self.found {
            Some(found) => still_there(found),
            None => Err(SbiError::NotOpen),
        };
        checked.map_err(|error| self.fault(&error))
    }

    fn release(&mut self) {
        // The chain is one traveller's, and so is what lies on the glass.
        self.on = None;
        self.previous_hash = first_hash();
    }

    fn capture(
        &mut self,
        run: &Run<'_>,
        wanted: &[Finger],
        report: &mut dyn FnMut(ScannerEvent),
    ) -> Result<(), DeviceFault> {
        self.try_capture(run, wanted, report).map_err(|error| self.fault(&error))
    }
}

/// The machine's own clock and random numbers.
struct Machine;

impl Outside for Machine {
    fn now(&self) -> Timestamp {
        machine_clock()
    }

    fn random(&mut self) -> Option<[u8; 16]> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).ok()?;
        Some(bytes)
    }
}

fn timeout_ms() -> u32 {
    20_000
}

fn clock_skew_s() -> u32 {
    30
}
