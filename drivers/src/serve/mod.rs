//! The life of a driver process: one thread hears the station, one works with the device.

mod control;
mod last_resort;
mod outbox;
mod worker;

pub use last_resort::end_with_station;

use crate::wire::{Channel, Request, WireError};
use crate::{camera, reader, scanner};
use control::{Control, Job};
use domain::device::{DeviceFault, DeviceKind, DeviceState};
use outbox::Outbox;
use serde_json::Value;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use thiserror::Error;

/// How often to look whether the worker has ended.
const LOOK: Duration = Duration::from_millis(200);

/// What the worker gets to close its device in order when the station is gone. Less than a driver gets from a station that
/// would kill it.
const SETTLE: Duration = Duration::from_millis(300);

/// Why a driver process ends other than by order.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The device cannot be driven with these settings.
    #[error("{}", .0.log)]
    Settings(DeviceFault),
    /// The first message was not the settings.
    #[error("the station did not begin with the settings")]
    NoSettings,
    /// The device holds a thread for ever; only a new process can use it again.
    #[error("the device hangs")]
    Hangs,
    /// The connection failed.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// No thread.
    #[error("no thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// A device of any kind, with the trait of its kind.
enum Device {
    Camera(Box<dyn camera::Camera>),
    Reader(Box<dyn reader::Reader>),
    Scanner(Box<dyn scanner::Scanner>),
}

/// Drives one device for the station at the other end, until that end closes or says so. Settings that are not given
/// are awaited as the first message.
pub fn serve(kind: DeviceKind, driver: &str, settings: Option<Value>, channel: Channel) -> Result<(), ServeError> {
    let settings = match settings {
        Some(settings) => settings,
        None => match channel.receive::<Request>(None)?.map(|received| received.message) {
            Some(Request::Start { settings }) => settings,
            _ => return Err(ServeError::NoSettings),
        },
    };
    let outbox = Arc::new(Outbox::new(channel));
    let device = match open(kind, driver, &settings) {
        Ok(device) => device,
        Err(fault) => {
            outbox.fault(None, &fault)?;
            outbox.state(DeviceState::Faulted)?;
            return Err(ServeError::Settings(fault));
        }
    };
    let control = Arc::new(Control::default());
    let worker = {
        let (control, outbox) = (control.clone(), outbox.clone());
        let work = move || worker::work(device, &control, &outbox);
        std::thread::Builder::new().name("worker".into()).spawn(work)?
    };
    let heard = hear(&control, &outbox, || worker.is_finished());
    control.end();
    // It may hang in the device: then the end of the process takes it along.
    settle(&worker);
    match heard {
        Err(WireError::Closed) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(()) if worker.is_finished() => worker.join().unwrap_or(Err(ServeError::Hangs)),
        Ok(()) => Ok(()),
    }
}

fn settle<T>(worker: &JoinHandle<T>) {
    let patience = Instant::now() + SETTLE;
    while !worker.is_finished() && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn open(kind: DeviceKind, driver: &str, settings: &Value) -> Result<Device, DeviceFault> {
    Ok(match kind {
        DeviceKind::Camera => Device::Camera(camera::open(driver, settings)?),
        DeviceKind::DocumentReader => Device::Reader(reader::open(driver, settings)?),
        DeviceKind::FingerScanner => Device::Scanner(scanner::open(driver, settings)?),
    })
}

/// Passes the station's requests on, until it goes away, wants an end, or the worker is done for.
fn hear(control: &Control, outbox: &Outbox, done: impl Fn() -> bool) -> Result<(), WireError> {
    while !done() {
        let Some(received) = outbox.channel().receive::<Request>(Some(LOOK))? else { continue };
        match received.message {
            Request::Capture { attempt, what, deadline_ms } => {
                let deadline = (deadline_ms > 0).then(|| Duration::from_millis(deadline_ms));
                control.give(Job::Capture { attempt, what, deadline });
            }
            Request::Describe => control.describe(),
            Request::FrameTaken => outbox.frame_taken()?,
            Request::Shutdown => return Ok(()),
            // Settings come once, before the device is there.
            Request::Start { .. } => {}
            Request::Stop => control.stop(),
        }
    }
    Ok(())
}
