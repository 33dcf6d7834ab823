//! What devices say: documents, fingers that are put down and lifted, faults.

use super::actor::{Active, Desk};
use super::finger;
use super::view::FaultView;
use domain::device::{DeviceFault, DeviceKind, ErrorKind};
use domain::guarded::Personal;
use domain::session::{Aim, Event, Step};
use domain::units::StaffId;
use drivers::host::{HostEvent, HostEventKind};
use store::{Action, Reason};

impl Desk {
    /// What a device says.
    pub(super) fn host_event(&mut self, event: HostEvent) {
        let current = event.attempt.is_some_and(|attempt| self.is_active(attempt));
        match event.what {
            HostEventKind::Document(lines) => self.document_read(&lines),
            HostEventKind::Fingers(images) if current => {
                self.finger_on = true;
                self.prompt = Some("hold-still");
                self.judge_fingers(images);
            }
            HostEventKind::Placed if current => {
                self.finger_on = true;
                self.prompt = Some("hold-still");
            }
            HostEventKind::Lifted => {
                self.finger_on = false;
                if let (Some("lift-finger" | "lift-fingers"), Some(Active { aim: Aim::Fingers(wanted), .. })) =
                    (self.prompt, &self.active)
                {
                    self.prompt = Some(finger::prompt(wanted.len(), false));
                }
            }
            HostEventKind::Fault(fault) if current => self.device_failed(&fault),
            HostEventKind::Fault(fault) => {
                // An idle device's trouble shows on the health page.
                tracing::warn!(device = %event.device, code = %fault.code, detail = %fault.log, "device fault");
                self.note(StaffId("station".into()), Action::DeviceFault, None, Reason::parse(&fault.code));
                self.document_not_read(&event.device, &fault);
            }
            HostEventKind::Described(_) => {
                // A scanner that was not there when the attempt began says only now whether it has a preview.
                if let Some(Active { attempt, aim: Aim::Fingers(fingers), .. }) = &self.active {
                    self.begin_preview(*attempt, fingers);
                }
            }
            HostEventKind::State(_)
            | HostEventKind::FingerPreview(_)
            | HostEventKind::Fingers(_)
            | HostEventKind::Placed
            | HostEventKind::Preview(_) => {}
        }
    }

    fn device_failed(&mut self, fault: &DeviceFault) {
        let Some(active) = self.active.take() else { return };
        tracing::warn!(code = %fault.code, detail = %fault.log, slot = active.aim.id(), "device fault during a capture");
        self.face.end();
        self.preview.end();
        self.finger_on = false;
        let failed = self.at_desk(Event::DeviceFailed(active.aim, fault.code.clone()));
        if failed.is_ok() {
            self.prompt = None;
            self.fault = Some(FaultView::from(fault));
        }
    }

    /// Whether the case at the desk waits for a document: for the first time, or to be read again.
    pub(super) fn document_is_asked_for(&self) -> bool {
        let asks = |step: &Step| match step {
            Step::Document => true,
            Step::Decided(decision) => decision.question.as_ref().is_some_and(|asked| asked.id == "read-again"),
            _ => false,
        };
        self.at_desk.as_ref().is_some_and(|case| asks(case.session.step()))
    }

    /// A swipe that came to nothing, or a reader that went away, while the officer waits for the document.
    fn document_not_read(&mut self, device: &str, fault: &DeviceFault) {
        let is_reader = self.devices.get(DeviceKind::DocumentReader).is_some_and(|reader| reader.name() == device);
        if is_reader && fault.kind == ErrorKind::Protocol && self.document_is_asked_for() {
            self.fault = Some(FaultView::from(fault));
        }
    }

    fn document_read(&mut self, lines: &Personal<String>) {
        // A swipe counts only while a document is asked for; at any other time the reader is ignored, and says so.
        if !self.document_is_asked_for() {
            tracing::info!("a document was read while none was asked for");
            return;
        }
        if let Err(refusal) = self.read_document(lines, "reader", None) {
            self.fault = Some(FaultView { code: refusal.code().into(), text: refusal.to_string() });
        }
    }
}
