//! Faults, cables and the end of the simulation.

use super::{Device, Fault, FaultKind, Scene, Stage, StageError};
use crate::serial::Bell;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

impl Stage {
    /// What is wrong with a device right now.
    pub fn fault(&self, device: Device) -> FaultKind {
        self.scene().faults[device as usize].now()
    }

    /// The fault that is set, with the good bytes that are left.
    pub fn fault_set(&self, device: Device) -> Fault {
        self.scene().faults[device as usize]
    }

    /// A device is about to send `length` bytes: how many go out well.
    pub fn spend(&self, device: Device, length: usize) -> usize {
        self.scene().faults[device as usize].spend(length)
    }

    /// Sets a fault that shows after this many more bytes, or ends it (`none`, `replug`).
    pub fn set_fault(&self, device: Device, kind: FaultKind, good_bytes: u64) -> Result<(), StageError> {
        let fits = if device == Device::Scanner && self.is_live() { kind.fits_live() } else { kind.fits(device) };
        if !fits {
            return Err(StageError::FaultDoesNotFit { device: device.id(), fault: kind.id() });
        }
        let kind = if kind == FaultKind::Replug { FaultKind::None } else { kind };
        self.scene().faults[device as usize] = Fault { kind, good_bytes };
        self.moved.notify_all();
        self.bell(device).ring();
        Ok(())
    }

    /// A device's port exists from here on.
    pub fn plugged(&self, device: Device) {
        self.scene().plugged[device as usize] = true;
        self.moved.notify_all();
    }

    /// Takes a device's port away. Who asks meanwhile whether it exists waits for the answer: a host that has seen the
    /// line end must not be told that it is still there.
    pub fn unplug(&self, device: Device, take_away: impl FnOnce()) {
        let mut scene = self.scene();
        take_away();
        scene.plugged[device as usize] = false;
        self.moved.notify_all();
    }

    /// Waits until a device's port exists, or is gone.
    pub fn wait_plugged(&self, device: Device, is: bool, limit: Duration) -> Result<(), StageError> {
        let other = |scene: &mut Scene| scene.plugged[device as usize] != is;
        let waited = self.moved.wait_timeout_while(self.scene(), limit, other);
        let (scene, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if scene.plugged[device as usize] == is { Ok(()) } else { Err(StageError::Slow(device.id())) }
    }

    /// What wakes a device's thread.
    pub fn bell(&self, device: Device) -> &Bell {
        &self.bells[device as usize]
    }

    /// Ends the simulation: devices unplug and their threads return.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.moved.notify_all();
        Device::ALL.iter().for_each(|device| self.bell(*device).ring());
    }

    /// The simulation has ended.
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }
}
