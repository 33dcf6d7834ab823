//! Fingers that are taken while the face is captured, where camera and scanner are two devices.

use super::actor::{Active, Desk};
use super::finger;
use domain::device::{DeviceFault, DeviceKind};
use domain::finger::Finger;
use domain::permit::CapturePermit;
use domain::session::{Aim, Event};
use serde::Serialize;
use std::time::{Duration, Instant};

/// An attempt at fingers beside that at the face.
pub(super) struct Beside {
    pub active: Active,
    /// What the traveller is to do.
    pub prompt: &'static str,
    /// What would make it better.
    pub hint: Option<&'static str>,
    /// The fingers that the hint is about.
    pub hinted: Vec<Finger>,
}

/// The same in codes.
#[derive(Clone, Debug, Serialize)]
pub struct BesideView {
    /// What is put down: `right-four`.
    pub slot: &'static str,
    /// The slots that the attempt can fill.
    pub aimed_at: Vec<&'static str>,
    /// `place-fingers`.
    pub prompt: &'static str,
    /// What could be better.
    pub hint: Option<&'static str>,
    /// The fingers that the hint is about.
    pub hinted: Vec<&'static str>,
}

impl Beside {
    /// In codes.
    pub fn view(&self) -> BesideView {
        BesideView {
            slot: self.active.aim.id(),
            aimed_at: self.active.aim.slots().iter().map(|slot| slot.id()).collect(),
            prompt: self.prompt,
            hint: self.hint,
            hinted: self.hinted.iter().map(|finger| finger.id()).collect(),
        }
    }
}

impl Desk {
    /// Opens the scanner beside the camera. An attempt at the same fingers that runs already goes on.
    pub(super) fn capture_beside(&mut self, aim: Aim, permit: CapturePermit) {
        if self.beside.as_ref().is_some_and(|beside| beside.active.aim == aim) {
            return;
        }
        let Aim::Fingers(fingers) = &aim else { return };
        self.attempts += 1;
        let attempt = self.attempts;
        let prompt = finger::prompt(fingers.len(), self.finger_on);
        self.begin_preview(attempt, fingers);
        let active = Active { attempt, aim, since: Instant::now() };
        self.beside = Some(Beside { active, prompt, hint: None, hinted: Vec::new() });
        if let Some(scanner) = self.devices.get(DeviceKind::FingerScanner) {
            let limit = Duration::from_millis(self.loaded.thresholds.finger.attempt_ms.into());
            scanner.capture(permit, attempt, limit);
        }
    }

    /// The face is done, and these fingers come next. An attempt at them that ran beside it goes on as the only one, with
    /// what was said about it; false where there is none.
    pub(super) fn goes_on_alone(&mut self, aim: &Aim) -> bool {
        let Some(Beside { active, prompt, hint, hinted }) = self.beside.take_if(|beside| beside.active.aim == *aim)
        else {
            return false;
        };
        self.active = Some(active);
        (self.prompt, self.hint, self.hinted) = (Some(prompt), hint, hinted);
        self.devices.stop(DeviceKind::Camera);
        true
    }

    /// The attempt of this number, at the face or beside it.
    pub(super) fn busy_with(&self, attempt: u64) -> Option<&Active> {
        let mut all = self.active.iter().chain(self.beside.as_ref().map(|beside| &beside.active));
        all.find(|active| active.attempt == attempt)
    }

    /// The attempt of this number is over: whether it ran beside the face.
    pub(super) fn take_attempt(&mut self, attempt: u64) -> Option<(Active, bool)> {
        let own = self.active.take_if(|active| active.attempt == attempt).map(|active| (active, false));
        own.or_else(|| {
            let beside = self.beside.take_if(|beside| beside.active.attempt == attempt)?;
            Some((beside.active, true))
        })
    }

    /// What whoever puts fingers down is told, and at what.
    pub(super) fn asked_of_fingers(&self) -> Option<(&'static str, usize)> {
        let count = |aim: &Aim| match aim {
            Aim::Fingers(fingers) => Some(fingers.len()),
            Aim::Face => None,
        };
        match &self.beside {
            Some(beside) => Some((beside.prompt, count(&beside.active.aim)?)),
            None => Some((self.prompt?, count(&self.active.as_ref()?.aim)?)),
        }
    }

    /// Tells whoever puts fingers down.
    pub(super) fn ask_of_fingers(&mut self, prompt: &'static str) {
        match &mut self.beside {
            Some(beside) => beside.prompt = prompt,
            None => self.prompt = Some(prompt),
        }
    }

    /// The scanner failed beside the camera: the face goes on, and the fingers are asked for after it.
    pub(super) fn failed_beside(&mut self, active: Active, fault: &DeviceFault) {
        tracing::warn!(code = %fault.code, detail = %fault.log, slot = active.aim.id(), "device fault beside a capture");
        self.preview.end();
        self.finger_on = false;
        // The session has the last word on whether it still matters.
        let _ = self.at_desk(Event::DeviceFailed(active.aim, fault.code.clone()));
    }
}
