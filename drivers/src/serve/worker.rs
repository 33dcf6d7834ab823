//! The thread that works with the device: looks for it while it is absent, looks after it while it is idle.

use super::control::{Control, Job, Next};
use super::outbox::{Outbox, Shown};
use super::{Device, ServeError};
use crate::camera::CameraEvent;
use crate::codes::Code;
use crate::reader::ReaderEvent;
use crate::run::Run;
use crate::scanner::ScannerEvent;
use crate::wire::{Target, WireError};
use domain::device::{DeviceDescriptor, DeviceFault, DeviceState, ErrorKind};
use domain::finger::Finger;
use std::cell::RefCell;
use std::time::{Duration, Instant};

/// How often an absent device is looked for, and an idle one looked after.
const LOOK: Duration = Duration::from_millis(500);

struct Worker<'a> {
    device: Device,
    control: &'a Control,
    outbox: &'a Outbox,
    state: Option<DeviceState>,
    described: Option<DeviceDescriptor>,
    /// The trouble that keeps the device away, told once.
    told: Option<String>,
}

/// Until the process is to end, or the device hangs.
pub(super) fn work(device: Device, control: &Control, outbox: &Outbox) -> Result<(), ServeError> {
    let mut worker = Worker { device, control, outbox, state: None, described: None, told: None };
    let mut wait = Duration::ZERO;
    loop {
        outbox.alive();
        match control.next(wait) {
            Next::End => return Ok(()),
            Next::Idle => worker.look_after()?,
            Next::Job(Job::Describe) => {
                worker.described = None;
                worker.probe()?;
            }
            Next::Job(Job::Capture { attempt, what, deadline }) => worker.capture(attempt, what, deadline)?,
        }
        if worker.device.hangs() {
            return Err(ServeError::Hangs);
        }
        wait = LOOK;
    }
}

impl Worker<'_> {
    fn look_after(&mut self) -> Result<(), ServeError> {
        if !self.present() {
            self.probe()?;
        }
        if !self.present() {
            return Ok(());
        }
        let looked = match &mut self.device {
            Device::Reader(_) => return self.listen(),
            Device::Camera(camera) => camera.check(),
            Device::Scanner(scanner) => scanner.check(),
        };
        looked.or_else(|fault| self.absent(&fault)).map_err(ServeError::from)
    }

    /// Finds out what the device is, without a capture. What comes of it is told to the station.
    fn probe(&mut self) -> Result<(), WireError> {
        let alive = || self.outbox.alive();
        let run = Run::new(self.control.stop_flag(), None, &alive);
        let probed = match &mut self.device {
            Device::Camera(camera) => camera.probe(&run),
            Device::Reader(reader) => reader.probe(&run),
            Device::Scanner(scanner) => scanner.probe(&run),
        };
        match probed {
            Ok(descriptor) => {
                self.describe(descriptor)?;
                self.told = None;
                self.enter(DeviceState::Ready)
            }
            Err(fault) => self.absent(&fault),
        }
    }

    fn capture(&mut self, attempt: u64, what: Target, deadline: Option<Duration>) -> Result<(), WireError> {
        if self.present() && self.was_out() {
            self.state = None;
        }
        if !self.present() {
            self.told = None;
            self.probe()?;
        }
        if !self.present() {
            let fault = Code::NotReady.fault("asked for while the device is absent");
            return self.outbox.fault(Some(attempt), &fault);
        }
        self.enter(DeviceState::Busy)?;
        let deadline = deadline.map(|time| Instant::now() + time);
        let (captured, degraded) = match what {
            Target::Face => self.stream(attempt)?,
            Target::Fingers(fingers) => self.fingers(attempt, &fingers, deadline)?,
        };
        match captured {
            Ok(()) if degraded => self.enter(DeviceState::Degraded),
            Ok(()) => self.enter(DeviceState::Ready),
            Err(fault) => {
                self.outbox.fault(Some(attempt), &fault)?;
                match fault.kind {
                    // The device is sound; it was the person, or the image.
                    ErrorKind::NoFinger | ErrorKind::Other => self.enter(DeviceState::Ready),
                    _ => {
                        self.told = Some(fault.code);
                        self.enter(state_after(fault.kind))
                    }
                }
            }
        }
    }

    /// Streams until stopped. Also tells whether frames were lost.
    fn stream(&mut self, attempt: u64) -> Result<(Result<(), DeviceFault>, bool), WireError> {
        let Device::Camera(camera) = &mut self.device else { return Ok((Err(wrong()), false)) };
        let outbox = self.outbox;
        let alive = || outbox.alive();
        let run = Run::new(self.control.stop_flag(), None, &alive);
        let (sent, described) = (RefCell::new(Ok(())), RefCell::new(None));
        let mut degraded = false;
        let captured = camera.stream(&run, &mut |event| match event {
            CameraEvent::Degraded => degraded = true,
            CameraEvent::Described(descriptor) => *described.borrow_mut() = Some(descriptor),
            CameraEvent::Frame(frame) => keep_first_error(&sent, outbox.frame(attempt, Shown::Face(frame))),
        });
        let replaced = outbox.clear_frames();
        tracing::info!(attempt, replaced, "stream ended");
        sent.into_inner()?;
        if let Some(descriptor) = described.into_inner() {
            self.describe(descriptor)?;
        }
        Ok((captured, degraded))
    }

    fn fingers(
        &mut self,
        attempt: u64,
        fingers: &[Finger],
        deadline: Option<Instant>,
    ) -> Result<(Result<(), DeviceFault>, bool), WireError> {
        let Device::Scanner(scanner) = &mut self.device else { return Ok((Err(wrong()), false)) };
        if self.control.take_released() {
            scanner.release();
        }
        let outbox = self.outbox;
        let alive = || outbox.alive();
        let run = Run::new(self.control.stop_flag(), deadline, &alive);
        let sent = RefCell::new(Ok(()));
        let (mut degraded, mut replaced) = (false, 0);
        let captured = scanner.capture(&run, fingers, &mut |event| {
            let told = match event {
                ScannerEvent::Degraded => {
                    degraded = true;
                    Ok(())
                }
                ScannerEvent::Fingers(images) => outbox.fingers(attempt, &images),
                ScannerEvent::Lifted => {
                    // A frame that still waits would come behind its own end.
                    replaced += outbox.clear_frames();
                    outbox.lifted(attempt)
                }
                ScannerEvent::Placed => outbox.placed(attempt),
                ScannerEvent::Preview(frame) => outbox.frame(attempt, Shown::Finger(frame)),
            };
            keep_first_error(&sent, told);
        });
        replaced += outbox.clear_frames();
        if replaced > 0 {
            tracing::info!(attempt, replaced, "preview frames that the station was too slow for");
        }
        sent.into_inner()?;
        Ok((captured, degraded))
    }

    /// A reader is listened to all the time: it needs no permit, since the document comes before any decision.
    fn listen(&mut self) -> Result<(), ServeError> {
        let Device::Reader(reader) = &mut self.device else { return Ok(()) };
        let outbox = self.outbox;
        let alive = || outbox.alive();
        let run = Run::new(self.control.stop_flag(), None, &alive);
        let sent = RefCell::new(Ok(()));
        let listened = reader.listen(&run, &mut |event| {
            let told = match event {
                ReaderEvent::Document(lines) => outbox.document(&lines),
                ReaderEvent::Unreadable(fault) => outbox.fault(None, &fault),
            };
            keep_first_error(&sent, told);
        });
        sent.into_inner()?;
        listened.or_else(|fault| self.absent(&fault)).map_err(ServeError::from)
    }

    /// The device is away, or keeps us away. Told once, not at every look.
    fn absent(&mut self, fault: &DeviceFault) -> Result<(), WireError> {
        if self.told.as_deref() != Some(fault.code.as_str()) {
            self.outbox.fault(None, fault)?;
            self.told = Some(fault.code.clone());
        }
        self.enter(state_after(fault.kind))
    }

    fn describe(&mut self, descriptor: DeviceDescriptor) -> Result<(), WireError> {
        if self.described.as_ref() != Some(&descriptor) {
            self.outbox.described(descriptor.clone())?;
            self.described = Some(descriptor);
        }
        Ok(())
    }

    fn enter(&mut self, state: DeviceState) -> Result<(), WireError> {
        if self.state != Some(state) {
            self.outbox.state(state)?;
            self.state = Some(state);
        }
        Ok(())
    }

    /// A scanner that went and came back between two looks is held by a line that leads nowhere: it is opened anew, and
    /// nobody has to press Retry for it. A camera is opened for each stream anyway.
    fn was_out(&mut self) -> bool {
        match &mut self.device {
            Device::Scanner(scanner) => scanner.check().is_err(),
            Device::Camera(_) | Device::Reader(_) => false,
        }
    }

    fn present(&self) -> bool {
        matches!(self.state, Some(DeviceState::Ready | DeviceState::Degraded | DeviceState::Busy))
    }
}

impl Device {
    /// Whether the device holds a thread that will never return.
    fn hangs(&self) -> bool {
        match self {
            Self::Camera(camera) => camera.hangs(),
            Self::Reader(_) => false,
            Self::Scanner(scanner) => scanner.hangs(),
        }
    }
}

fn state_after(kind: ErrorKind) -> DeviceState {
    match kind {
        ErrorKind::Disconnected | ErrorKind::Timeout => DeviceState::Absent,
        ErrorKind::Busy
        | ErrorKind::NoFinger
        | ErrorKind::Other
        | ErrorKind::PermissionDenied
        | ErrorKind::Protocol => DeviceState::Faulted,
    }
}

fn wrong() -> DeviceFault {
    Code::WrongPermit.fault("a device was asked for what it does not take")
}

fn keep_first_error(kept: &RefCell<Result<(), WireError>>, told: Result<(), WireError>) {
    let mut kept = kept.borrow_mut();
    if kept.is_ok() {
        *kept = told;
    }
}
