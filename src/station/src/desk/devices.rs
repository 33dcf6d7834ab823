//! The devices of this station, each behind its own supervised process.

use super::actor::Message;
use super::effects::tell;
use super::face::FaceWorker;
use super::preview::PreviewWorker;
use super::view::{DevicePanel, FaultView};
use crate::config::{Device, Loaded};
use domain::device::{DeviceKind, DeviceState};
use drivers::host::{DriverHandle, DriverPlace, DriverSpec, HostEvent, HostEventKind};
use tokio::sync::mpsc;

/// All devices.
pub struct Devices {
    handles: Vec<DriverHandle>,
}

/// What a driver needs to be started.
pub fn spec(device: &Device, place: &DriverPlace) -> DriverSpec {
    DriverSpec {
        name: device.name.clone(),
        kind: device.kind,
        driver: device.driver.clone(),
        settings: device.settings.clone(),
        place: place.clone(),
    }
}

impl Devices {
    /// Starts a driver for each configured device. Frames go straight to the workers that look at them, all else to the
    /// desk.
    pub fn start(
        loaded: &Loaded,
        drivers: &DriverPlace,
        messages: &mpsc::Sender<Message>,
        face: &FaceWorker,
        preview: &PreviewWorker,
    ) -> Self {
        let start = |device: &Device| {
            let (messages, face, preview) = (messages.clone(), face.clone(), preview.clone());
            DriverHandle::start(spec(device, drivers), move |event: HostEvent| {
                match (event.attempt, event.what) {
                    (Some(attempt), HostEventKind::Preview(frame)) => face.offer(attempt, frame),
                    (Some(attempt), HostEventKind::FingerPreview(frame)) => preview.offer(attempt, frame),
                    (attempt, what) => {
                        if let (Some(attempt), HostEventKind::Lifted) = (attempt, &what) {
                            // In the order of the frames, so that none comes behind it.
                            preview.lifted(attempt);
                        }
                        tell(&messages, Message::Host(HostEvent { device: event.device, attempt, what }));
                    }
                }
            })
        };
        Self { handles: loaded.config.device.iter().map(start).collect() }
    }

    /// The first device of a kind.
    pub fn get(&self, kind: DeviceKind) -> Option<&DriverHandle> {
        self.handles.iter().find(|handle| handle.kind() == kind)
    }

    /// Closes the devices of a kind.
    pub fn stop(&self, kind: DeviceKind) {
        self.handles.iter().filter(|handle| handle.kind() == kind).for_each(DriverHandle::stop);
    }

    /// Whether any device says that it is simulated.
    pub fn any_simulated(&self) -> bool {
        self.handles.iter().filter_map(DriverHandle::descriptor).any(|descriptor| descriptor.simulated)
    }

    /// What keeps a device of this kind away, as long as it does.
    pub fn trouble(&self, kind: DeviceKind) -> Option<FaultView> {
        let handle = self.get(kind)?;
        handle.last_fault().filter(|_| handle.state() != DeviceState::Ready).as_ref().map(FaultView::from)
    }

    /// What the health page shows.
    pub fn panels(&self) -> Vec<DevicePanel> {
        let panel = |handle: &DriverHandle| DevicePanel {
            name: handle.name().to_owned(),
            kind: handle.kind(),
            state: handle.state(),
            descriptor: handle.descriptor(),
            // What went wrong before the device came back is no news.
            fault: handle.last_fault().filter(|_| handle.state() != DeviceState::Ready).as_ref().map(FaultView::from),
        };
        self.handles.iter().map(panel).collect()
    }

    /// Ends all drivers.
    pub fn shutdown(self) {
        self.handles.into_iter().for_each(DriverHandle::shutdown);
    }
}
