//! The thread of one device: starts the driver, hears what it says, carries out orders, starts it again when lost.

use super::backoff::Backoff;
use super::child::Child;
use super::watch::Watch;
use super::words::{plain, trusted};
use super::{DriverSpec, HostEvent, HostEventKind, Order, Shared};
use crate::codes::Code;
use crate::wire::{Channel, Event, Received, Request, Target, WireError};
use domain::device::{DeviceDescriptor, DeviceFault, DeviceKind, DeviceState};
use domain::guarded::{Biometric, Personal};
use domain::image::{FingerFrame, FingerImage, Frame};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Images that one placement can have.
const MAX_FINGERS: usize = 10;

pub(super) struct Supervisor {
    spec: DriverSpec,
    shared: Arc<Shared>,
    sink: Box<dyn Fn(HostEvent) + Send + Sync>,
    /// The attempt that the device works on, until its image, its fault or its end.
    current: Option<Current>,
}

struct Current {
    attempt: u64,
    what: Target,
    /// Images of the placement that came so far.
    fingers: Vec<FingerImage>,
    /// The images were handed on; what follows cannot fail the attempt any more.
    delivered: bool,
}

/// Why a driver process is no longer attended to.
enum End {
    /// The station wants no device any more.
    Shutdown,
    /// It has to be started again, for this reason.
    Lost(Code, String),
}

impl From<WireError> for End {
    fn from(error: WireError) -> Self {
        match error {
            WireError::Closed => Self::Lost(Code::DriverLost, error.to_string()),
            WireError::Io(std::io::ErrorKind::WouldBlock) => {
                Self::Lost(Code::DriverStalled, "it takes no orders".to_owned())
            }
            other => Self::Lost(Code::DriverProtocol, other.to_string()),
        }
    }
}

impl Supervisor {
    pub(super) fn new(spec: DriverSpec, shared: Arc<Shared>, sink: Box<dyn Fn(HostEvent) + Send + Sync>) -> Self {
        Self { spec, shared, sink, current: None }
    }

    /// Until the station shuts down.
    pub(super) fn run(mut self) {
        let mut backoff = Backoff::default();
        loop {
            self.state(DeviceState::Starting);
            let started = Instant::now();
            let end = match Child::start(&self.spec) {
                Ok(child) => self.attend(child),
                Err(why) => End::Lost(Code::DriverMissing, why),
            };
            let End::Lost(code, why) = end else { return };
            self.lost(code, &why);
            if self.wait_out(backoff.after(started.elapsed())) {
                return;
            }
        }
    }

    fn attend(&mut self, child: Child) -> End {
        let end = match child.channel() {
            Some(channel) => self.converse(channel).err().unwrap_or(End::Shutdown),
            None => End::Lost(Code::DriverLost, "it has no connection".to_owned()),
        };
        let how = child.end();
        match end {
            End::Shutdown => End::Shutdown,
            End::Lost(code, why) => End::Lost(code, format!("{why}; process: {how}")),
        }
    }

    /// Orders one way, events the other, until either side ends it.
    fn converse(&mut self, channel: &Channel) -> Result<(), End> {
        let mut watch = Watch::new(Instant::now());
        channel.send_now(&Request::Start { settings: self.spec.settings.clone() })?;
        loop {
            self.carry_out(channel, &mut watch)?;
            let Some(left) = watch.left(Instant::now()) else {
                return Err(End::Lost(Code::DriverStalled, "it says nothing, or sends no frames".to_owned()));
            };
            self.shared.wait(Some(channel.as_fd()), left);
            if let Some(received) = channel.receive::<Event>(Some(Duration::ZERO))? {
                watch.heard(Instant::now());
                self.hear(received, channel, &mut watch)?;
            }
        }
    }

    fn carry_out(&mut self, channel: &Channel, watch: &mut Watch) -> Result<(), End> {
        let order = {
            let mut orders = self.shared.orders();
            if orders.shutdown {
                // The driver may have gone already; closing the connection says the same.
                let _ = channel.send_now(&Request::Shutdown);
                return Err(End::Shutdown);
            }
            orders.next.take()
        };
        match order {
            Some(Order::Capture { attempt, what, deadline }) if fits(self.spec.kind, &what) => {
                match what {
                    Target::Face => watch.stream_started(Instant::now()),
                    Target::Fingers(_) => watch.stream_ended(),
                }
                let deadline_ms = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
                self.current = Some(Current { attempt, what: what.clone(), fingers: Vec::new(), delivered: false });
                channel.send_now(&Request::Capture { attempt, what, deadline_ms })?;
            }
            Some(Order::Capture { attempt, .. }) => self.refuse(attempt),
            Some(Order::Stop) => {
                self.current = None;
                watch.stream_ended();
                channel.send_now(&Request::Stop)?;
            }
            None => {}
        }
        Ok(())
    }

    fn hear(&mut self, received: Received<Event>, channel: &Channel, watch: &mut Watch) -> Result<(), End> {
        let bytes = match received.message.attachment_size() {
            Some(size) if self.wanted(&received.message) => {
                let file = received.attachment.ok_or(WireError::NoAttachment)?;
                Some(Biometric::new(file.read(size)?))
            }
            _ => None,
        };
        match received.message {
            Event::Alive => {}
            Event::Described { descriptor } => self.described(descriptor)?,
            Event::Document { .. } => self.document(bytes)?,
            Event::Fault { attempt, fault } => {
                if attempt.is_some() && attempt == self.attempt() {
                    watch.stream_ended();
                }
                self.fault(attempt, trusted(&fault));
            }
            Event::Finger { attempt, width, height, ppi, bit_depth, position, more } => {
                let Some(mut bytes) = bytes else { return Ok(()) };
                let grey = std::mem::take(bytes.expose_mut());
                let image = FingerImage::new(width, height, ppi, bit_depth, grey).map_err(impossible)?;
                self.finger(attempt, image.of(position), more)?;
            }
            Event::Frame { attempt, width, height, captured_at, sequence } => {
                watch.frame(Instant::now(), self.fps());
                if let Some(mut bytes) = bytes {
                    let rgb = std::mem::take(bytes.expose_mut());
                    let frame = Frame::new(width, height, captured_at, sequence, rgb).map_err(impossible)?;
                    self.emit(Some(attempt), HostEventKind::Preview(frame));
                }
                // Only now: a slow receiver slows the driver down, and gets the newest frame next.
                channel.send_now(&Request::FrameTaken)?;
            }
            Event::Preview { attempt, width, height, ppi, bit_depth, position, captured_at, sequence } => {
                if let Some(mut bytes) = bytes {
                    let grey = std::mem::take(bytes.expose_mut());
                    let image = FingerImage::new(width, height, ppi, bit_depth, grey).map_err(impossible)?;
                    let frame = FingerFrame { image: image.of(position), captured_at, sequence };
                    self.emit(Some(attempt), HostEventKind::FingerPreview(frame));
                }
                channel.send_now(&Request::FrameTaken)?;
            }
            // The glass is free, whichever attempt it was that noticed: the next one may have begun already.
            Event::Lifted { attempt } => self.emit(Some(attempt), HostEventKind::Lifted),
            Event::Placed { attempt } => self.emit_if_current(attempt, HostEventKind::Placed),
            Event::State { state } => self.state(state),
        }
        Ok(())
    }

    /// Whether a message with a file is one that this kind of device may send, for the attempt that runs.
    /// Others are late ones of an attempt that was stopped, or none of this device's business.
    fn wanted(&self, event: &Event) -> bool {
        match (event, &self.current) {
            (Event::Document { .. }, _) => self.spec.kind == DeviceKind::DocumentReader,
            (Event::Finger { attempt, .. }, Some(current)) => {
                current.what != Target::Face && current.attempt == *attempt && !current.delivered
            }
            (Event::Frame { attempt, .. }, Some(current)) => {
                current.what == Target::Face && current.attempt == *attempt
            }
            // What its descriptor does not offer is not looked at.
            (Event::Preview { attempt, .. }, Some(current)) => {
                let offered =
                    self.shared.status().descriptor.as_ref().is_some_and(|told| told.finger_preview.is_some());
                offered && current.what != Target::Face && current.attempt == *attempt && !current.delivered
            }
            _ => false,
        }
    }

    /// One image of a placement; the last one hands all of them on.
    fn finger(&mut self, attempt: u64, image: FingerImage, more: u8) -> Result<(), End> {
        let Some(current) = &mut self.current else { return Ok(()) };
        if current.fingers.len() + usize::from(more) >= MAX_FINGERS {
            return Err(End::Lost(Code::DriverProtocol, "it sends more fingers than a traveller has".to_owned()));
        }
        current.fingers.push(image);
        if more == 0 {
            current.delivered = true;
            let images = std::mem::take(&mut current.fingers);
            self.emit(Some(attempt), HostEventKind::Fingers(images));
        }
        Ok(())
    }

    fn described(&mut self, descriptor: DeviceDescriptor) -> Result<(), End> {
        if descriptor.kind != self.spec.kind {
            return Err(End::Lost(Code::DriverProtocol, "it says that it is another kind of device".to_owned()));
        }
        let descriptor = DeviceDescriptor {
            driver: self.spec.driver.clone(),
            vendor: plain(&descriptor.vendor),
            model: plain(&descriptor.model),
            serial: plain(&descriptor.serial),
            firmware: plain(&descriptor.firmware),
            transport: plain(&descriptor.transport),
            ..descriptor
        };
        let mut status = self.shared.status();
        if status.descriptor.as_ref() != Some(&descriptor) {
            status.descriptor = Some(descriptor.clone());
            drop(status);
            self.emit(None, HostEventKind::Described(descriptor));
        }
        Ok(())
    }

    fn document(&self, bytes: Option<Biometric<Vec<u8>>>) -> Result<(), End> {
        let Some(mut bytes) = bytes else { return Ok(()) };
        let text = String::from_utf8(std::mem::take(bytes.expose_mut()))
            .map_err(|_| End::Lost(Code::DriverProtocol, "the document is no text".to_owned()))?;
        self.emit(None, HostEventKind::Document(Personal::new(text)));
        Ok(())
    }

    fn fault(&mut self, attempt: Option<u64>, fault: DeviceFault) {
        if attempt.is_some() && attempt != self.attempt() {
            return;
        }
        let delivered = self.current.as_ref().is_some_and(|current| current.delivered);
        if attempt.is_some() {
            self.current = None;
        }
        // The image has been handed on: what goes wrong while the finger is lifted is news of the device.
        self.report(attempt.filter(|_| !delivered), fault);
    }

    fn report(&self, attempt: Option<u64>, fault: DeviceFault) {
        tracing::warn!(device = self.spec.name, code = fault.code, log = fault.log, "device fault");
        self.shared.status().last_fault = Some(fault.clone());
        self.emit(attempt, HostEventKind::Fault(fault));
    }

    fn state(&mut self, state: DeviceState) {
        let mut status = self.shared.status();
        if status.state == state {
            return;
        }
        if state == DeviceState::Ready && status.state != DeviceState::Busy {
            status.last_fault = None;
        }
        status.state = state;
        drop(status);
        tracing::info!(device = self.spec.name, ?state, "device state");
        self.emit(None, HostEventKind::State(state));
    }

    /// The process is gone: the attempt it worked on fails, and the device is out of order until it runs again.
    fn lost(&mut self, code: Code, why: &str) {
        let attempt = self.current.take().filter(|current| !current.delivered).map(|current| current.attempt);
        self.report(attempt, code.fault(format!("driver {}: {why}", self.spec.driver)));
        self.state(DeviceState::Faulted);
    }

    /// Waits before the next start, and answers orders meanwhile. True when the station shuts down.
    fn wait_out(&mut self, wait: Duration) -> bool {
        let end = Instant::now() + wait;
        loop {
            let (shutdown, order) = {
                let mut orders = self.shared.orders();
                (orders.shutdown, orders.next.take())
            };
            if shutdown {
                return true;
            }
            if let Some(Order::Capture { attempt, .. }) = order {
                let fault = Code::NotReady.fault("asked for while the driver restarts");
                self.emit(Some(attempt), HostEventKind::Fault(fault));
            }
            let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else {
                return false;
            };
            self.shared.wait(None, left);
        }
    }

    fn refuse(&mut self, attempt: u64) {
        let fault = Code::WrongPermit.fault(format!("a {} was asked for something else", self.spec.kind.id()));
        self.emit(Some(attempt), HostEventKind::Fault(fault));
    }

    fn attempt(&self) -> Option<u64> {
        self.current.as_ref().map(|current| current.attempt)
    }

    fn fps(&self) -> u8 {
        self.shared.status().descriptor.as_ref().map_or(0, |descriptor| descriptor.preview_fps)
    }

    fn emit_if_current(&self, attempt: u64, what: HostEventKind) {
        if self.attempt() == Some(attempt) {
            self.emit(Some(attempt), what);
        }
    }

    fn emit(&self, attempt: Option<u64>, what: HostEventKind) {
        (self.sink)(HostEvent { device: self.spec.name.clone(), attempt, what });
    }
}

fn fits(kind: DeviceKind, what: &Target) -> bool {
    match kind {
        DeviceKind::Camera => *what == Target::Face,
        DeviceKind::DocumentReader => false,
        DeviceKind::FingerScanner => *what != Target::Face,
    }
}

/// The file was as long as the message said, so this cannot be; a driver that manages it is ended all the same.
fn impossible(error: domain::image::SizeMismatch) -> End {
    End::Lost(Code::DriverProtocol, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_take_what_they_are_for() {
        for (kind, what, fit) in [
            (DeviceKind::Camera, Target::Face, true),
            (DeviceKind::Camera, Target::Fingers(vec![]), false),
            (DeviceKind::DocumentReader, Target::Face, false),
            (DeviceKind::DocumentReader, Target::Fingers(vec![]), false),
            (DeviceKind::FingerScanner, Target::Face, false),
            (DeviceKind::FingerScanner, Target::Fingers(vec![]), true),
        ] {
            assert_eq!(fits(kind, &what), fit, "{kind:?} {what:?}");
        }
    }
}
