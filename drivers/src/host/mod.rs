//! The station's side of a driver process: started or connected to, watched, restarted, and never waited for.
//!
//! All events of a device come from one thread of its own, in order. Pixels arrive copied out of sealed files; what a
//! driver says of itself is checked before anybody sees it.

mod backoff;
mod child;
mod supervisor;
mod watch;
mod words;

pub use backoff::Backoff;
pub(crate) use watch::frame_limit;

use crate::codes::Code;
use crate::wire::Target;
use domain::device::{DeviceDescriptor, DeviceFault, DeviceKind, DeviceState};
use domain::guarded::Personal;
use domain::image::{FingerFrame, FingerImage, Frame};
use domain::permit::{CapturePermit, Permitted};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use serde_json::Value;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A device of the configuration.
#[derive(Clone, Debug)]
pub struct DriverSpec {
    /// The device's name in the configuration, in events and in logs.
    pub name: String,
    /// What it is for.
    pub kind: DeviceKind,
    /// The driver in the factory list: `ef01`, `mjpeg`, `serial-mrz`, `v4l2`.
    pub driver: String,
    /// The driver's own settings; see [`crate::settings::check`].
    pub settings: Value,
    /// Where the driver is.
    pub place: DriverPlace,
}

/// How the station comes to a driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DriverPlace {
    /// It starts this program, `gatepost-driver`: the driver runs as the station's account, within its walls.
    Program(PathBuf),
    /// It connects to `KIND-DRIVER.sock` in this folder, where systemd listens and starts the driver's own unit.
    Sockets(PathBuf),
}

/// Something that a device did.
#[derive(Debug)]
pub struct HostEvent {
    /// Which device.
    pub device: String,
    /// The capture attempt that it belongs to; none for news of the device itself.
    pub attempt: Option<u64>,
    /// What it did.
    pub what: HostEventKind,
}

/// What a device can do.
#[derive(Debug)]
pub enum HostEventKind {
    /// It says what it is; again whenever that changes.
    Described(DeviceDescriptor),
    /// A document was read: the raw lines, separated by line feeds.
    Document(Personal<String>),
    /// Trouble. With an attempt, that attempt is over.
    Fault(DeviceFault),
    /// What rests on the scanner right now, during this attempt. A slow receiver gets the newest frame, not all of them.
    FingerPreview(FingerFrame),
    /// The fingerprints of this attempt, all of one placement.
    Fingers(Vec<FingerImage>),
    /// The finger is off the scanner.
    Lifted,
    /// A finger is on the scanner; its image is on the way.
    Placed,
    /// A camera frame of this attempt. A slow receiver gets the newest one, not all of them.
    Preview(Frame),
    /// How the device is doing, at each change.
    State(DeviceState),
}

/// A device of the station: a supervised process. Dropping it ends the process, or tells it to end itself.
pub struct DriverHandle {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl DriverHandle {
    /// Starts the driver and keeps it running until shut down. Returns at once; every event goes to `sink`, from one
    /// thread of the handle.
    pub fn start(spec: DriverSpec, sink: impl Fn(HostEvent) + Send + Sync + 'static) -> Self {
        let shared = Arc::new(Shared {
            name: spec.name.clone(),
            kind: spec.kind,
            status: Mutex::new(Status { state: DeviceState::Starting, descriptor: None, last_fault: None }),
            orders: Mutex::new(Orders { next: None, shutdown: false }),
            wake: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).ok(),
        });
        let supervisor = supervisor::Supervisor::new(spec, shared.clone(), Box::new(sink));
        let thread = std::thread::Builder::new().name("device".into()).spawn(move || supervisor.run());
        if let Err(error) = &thread {
            let mut status = shared.status();
            status.state = DeviceState::Faulted;
            status.last_fault = Some(Code::DriverMissing.fault(format!("no thread: {:?}", error.kind())));
        }
        Self { shared, thread: thread.ok() }
    }

    /// The device's name.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// What the device is for.
    pub fn kind(&self) -> DeviceKind {
        self.shared.kind
    }

    /// How the device is doing.
    pub fn state(&self) -> DeviceState {
        self.shared.status().state
    }

    /// What the device is, once it has said so; the last word of a device that is now absent.
    pub fn descriptor(&self) -> Option<DeviceDescriptor> {
        self.shared.status().descriptor.clone()
    }

    /// The last trouble, until the device is ready again.
    pub fn last_fault(&self) -> Option<DeviceFault> {
        self.shared.status().last_fault.clone()
    }

    /// Opens the device for one attempt and uses up the permit. A camera sends previews until [`Self::stop`]; a scanner
    /// waits at most `deadline` for the permitted fingers and sends their images together, or previews of them until
    /// [`Self::stop`]. The attempt ends with its image, with a fault that carries its number, or by being stopped. A new attempt stops the one before it.
    pub fn capture(&self, permit: CapturePermit, attempt: u64, deadline: Duration) {
        let what = match permit.what() {
            Permitted::Face => Target::Face,
            Permitted::Fingers(fingers) => Target::Fingers(fingers.clone()),
        };
        self.shared.order(|orders| orders.next = Some(Order::Capture { attempt, what, deadline }));
    }

    /// Closes the device. Its attempt is over and sends nothing more.
    pub fn stop(&self) {
        self.shared.order(|orders| orders.next = Some(Order::Stop));
    }

    /// Ends the driver process and waits for its end, at most about a second.
    pub fn shutdown(self) {
        drop(self);
    }
}

impl Drop for DriverHandle {
    fn drop(&mut self) {
        self.shared.order(|orders| orders.shutdown = true);
        if let Some(thread) = self.thread.take()
            // A receiver may drop the handle from the device's own thread, which cannot wait for itself.
            && thread.thread().id() != std::thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

/// What the handle and the device's thread share.
struct Shared {
    name: String,
    kind: DeviceKind,
    status: Mutex<Status>,
    orders: Mutex<Orders>,
    /// Wakes the device's thread when there is an order; without one it looks 50 times a second.
    wake: Option<OwnedFd>,
}

struct Status {
    state: DeviceState,
    descriptor: Option<DeviceDescriptor>,
    last_fault: Option<DeviceFault>,
}

/// The newest order replaces one that was not taken yet, so nothing queues up.
struct Orders {
    next: Option<Order>,
    shutdown: bool,
}

/// What the station wants of a device.
enum Order {
    Capture { attempt: u64, what: Target, deadline: Duration },
    Stop,
}

impl Shared {
    fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn orders(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn order(&self, give: impl FnOnce(&mut Orders)) {
        give(&mut self.orders());
        if let Some(wake) = &self.wake {
            // Fails only when the counter is full, and then the thread is being woken already.
            let _ = rustix::io::write(wake, &1u64.to_ne_bytes());
        }
    }

    /// Waits for an order, or for the driver to speak, at most this long.
    fn wait(&self, driver: Option<BorrowedFd<'_>>, most: Duration) {
        let most = if self.wake.is_some() { most } else { most.min(Duration::from_millis(20)) };
        let most = Timespec::try_from(most).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
        let awaited = driver.into_iter().chain(self.wake.as_ref().map(AsFd::as_fd));
        let mut awaited: Vec<_> = awaited.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
        // An interrupted wait is a short wait.
        let _ = poll(&mut awaited, Some(&most));
        if let Some(wake) = &self.wake {
            let _ = rustix::io::read(wake, &mut [0u8; 8]);
        }
    }
}
