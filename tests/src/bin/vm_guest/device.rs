//! A device of the station, with everything that it tells.

use crate::{Checked, PATIENCE, await_some};
use domain::device::{DeviceDescriptor, DeviceKind, DeviceState};
use domain::image::{FingerImage, Frame};
use domain::permit::CapturePermit;
use drivers::host::{DriverHandle, DriverPlace, DriverSpec, HostEvent, HostEventKind};
use serde_json::Value;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// The driver program in the guest.
const PROGRAM: &str = "/bin/gatepost-driver";

/// What a stall is called, by the driver and by the host. On a busy machine an emulated camera may seem to stall.
pub const STALLED: [&str; 2] = ["D-33", "D-51"];

/// A supervised driver process and its events.
pub struct Device {
    handle: DriverHandle,
    events: Receiver<HostEvent>,
    attempt: u64,
}

impl Device {
    /// Starts the driver.
    pub fn start(kind: DeviceKind, driver: &str, settings: Value) -> Self {
        let spec = DriverSpec {
            name: driver.into(),
            kind,
            driver: driver.into(),
            settings,
            place: DriverPlace::Program(PROGRAM.into()),
        };
        let (sender, events) = channel();
        let handle = DriverHandle::start(spec, move |event| drop(sender.send(event)));
        Self { handle, events, attempt: 0 }
    }

    /// What it says it is, once it is ready.
    pub fn descriptor(&self) -> Checked<DeviceDescriptor> {
        self.until_state(DeviceState::Ready)?;
        self.handle.descriptor().ok_or_else(|| "it is ready and undescribed".to_owned())
    }

    /// Waits until it is doing so.
    pub fn until_state(&self, wanted: DeviceState) -> Checked {
        let look = || (self.handle.state() == wanted).then_some(());
        await_some(&format!("the state {wanted:?}"), look).map_err(|why| self.with_fault(&why))
    }

    /// Opens it for the next attempt.
    pub fn capture(&mut self, permit: CapturePermit) {
        self.attempt += 1;
        self.handle.capture(permit, self.attempt, Duration::from_secs(120));
    }

    /// Closes it in the middle of an attempt and waits until it is idle; gives how it then is.
    pub fn stop(&self) -> Checked<DeviceState> {
        self.handle.stop();
        let idle = |state: &DeviceState| matches!(state, DeviceState::Ready | DeviceState::Degraded);
        await_some("the end of the attempt", || Some(self.handle.state()).filter(idle))
            .map_err(|why| self.with_fault(&why))
    }

    /// The next frame of the attempt that runs.
    pub fn frame(&self) -> Result<Frame, String> {
        let attempt = Some(self.attempt);
        self.until("a frame", |event| match event.what {
            HostEventKind::Preview(frame) if event.attempt == attempt => Some(Ok(frame)),
            HostEventKind::Fault(fault) if event.attempt == attempt => Some(Err(fault.code)),
            _ => None,
        })?
    }

    /// The image of the attempt that runs.
    pub fn finger(&self) -> Checked<FingerImage> {
        let attempt = Some(self.attempt);
        let images = self.until("an image", |event| match event.what {
            HostEventKind::Fingers(images) if event.attempt == attempt => Some(Ok(images)),
            HostEventKind::Fault(fault) if event.attempt == attempt => Some(Err(fault.to_string())),
            _ => None,
        })??;
        let count = images.len();
        images.into_iter().next().ok_or(format!("{count} images"))
    }

    /// The code of the fault that ends the attempt that runs.
    pub fn fault(&self) -> Checked<String> {
        let attempt = Some(self.attempt);
        self.until("the end of the attempt by a fault", |event| match event.what {
            HostEventKind::Fault(fault) if event.attempt == attempt => Some(fault.code),
            _ => None,
        })
    }

    /// The code of the next fault of the device itself.
    pub fn trouble(&self) -> Checked<String> {
        self.until("a fault of the device", |event| match event.what {
            HostEventKind::Fault(fault) if event.attempt.is_none() => Some(fault.code),
            _ => None,
        })
    }

    /// Events until one of them is it.
    fn until<T>(&self, what: &str, mut found: impl FnMut(HostEvent) -> Option<T>) -> Checked<T> {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let event = self.events.recv_timeout(left);
            let event = event.map_err(|_| self.with_fault(&format!("waited in vain for {what}")))?;
            if let Some(it) = found(event) {
                return Ok(it);
            }
        }
    }

    fn with_fault(&self, why: &str) -> String {
        let fault =
            self.handle.last_fault().map_or_else(|| "none".into(), |fault| format!("{} {}", fault.code, fault.log));
        format!("{why}; state {:?}, last fault {fault}", self.handle.state())
    }
}
