//! What devices say: documents, fingers that are put down and lifted, faults.

use super::actor::{Active, Desk};
use super::command::DeskRefusal;
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
        let current = event.attempt.filter(|attempt| self.busy_with(*attempt).is_some());
        match event.what {
            HostEventKind::Document(lines) => self.document_read(&lines),
            HostEventKind::Fingers(images) if let Some(attempt) = current => {
                self.finger_on = true;
                self.ask_of_fingers("hold-still");
                self.judge_fingers(attempt, images);
            }
            HostEventKind::Placed if current.is_some() => {
                self.finger_on = true;
                self.ask_of_fingers("hold-still");
            }
            HostEventKind::Lifted => {
                self.finger_on = false;
                if let Some(("lift-finger" | "lift-fingers", fingers)) = self.asked_of_fingers() {
                    self.ask_of_fingers(finger::prompt(fingers, false));
                }
            }
            HostEventKind::Fault(fault) if let Some(attempt) = current => self.device_failed(attempt, &fault),
            HostEventKind::Fault(fault) => {
                // An idle device's trouble shows on the health page.
                tracing::warn!(device = %event.device, code = %fault.code, detail = %fault.log, "device fault");
                self.note(StaffId("station".into()), Action::DeviceFault, None, Reason::parse(&fault.code));
                self.document_not_read(&event.device, &fault);
            }
            HostEventKind::Described(_) => {
                // A scanner that was not there when the attempt began says only now whether it has a preview.
                let beside = self.beside.as_ref().map(|beside| &beside.active);
                if let Some(Active { attempt, aim: Aim::Fingers(fingers), .. }) = beside.or(self.active.as_ref()) {
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

    fn device_failed(&mut self, attempt: u64, fault: &DeviceFault) {
        let active = match self.take_attempt(attempt) {
            Some((active, false)) => active,
            Some((active, true)) => return self.failed_beside(active, fault),
            None => return,
        };
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
        // A swipe counts only while a document is asked for, and a barcode while a number is. At any other time the reader
        // is ignored, and says so.
        let read = if self.document_is_asked_for() {
            self.read_document(lines, "reader", None)
        } else {
            self.barcode(lines, None)
        };
        if read == Err(DeskRefusal::NotNow) {
            tracing::info!("a document was read while none was asked for");
        } else if let Err(refusal) = read {
            self.fault = Some(FaultView { code: refusal.code().into(), text: refusal.to_string() });
        }
    }
}
