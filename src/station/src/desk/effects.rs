//! Carrying out what the session asks for, and telling it what came of it.

use super::actor::{Active, Desk, Message};
use super::command::DeskRefusal;
use super::deciding;
use super::finger;
use super::keep::{self, Finished, Kept};
use super::trail::Note;
use super::view::{FaultView, RecordView};
use domain::case::CaseNumber;
use domain::device::DeviceKind;
use domain::permit::CapturePermit;
use domain::session::{Aim, Effect, Event, Outcome, ReviewReason};
use domain::units::StaffId;
use std::time::{Duration, Instant};
use store::{Action, Event as AuditEvent, Reason};

/// What a camera may need before its first frame, on top of the time for a good one.
const CAMERA_START_MS: u64 = 3_000;

impl Desk {
    /// Applies what the station itself has to say to the case at the desk, and carries out what follows.
    pub(super) fn at_desk(&mut self, event: Event) -> Result<(), DeskRefusal> {
        self.apply(event, None)
    }

    /// Applies what an officer does to the case at the desk, and carries out what follows. From then on it is that officer's
    /// case as well.
    pub(super) fn by_officer(&mut self, event: Event, officer: &StaffId) -> Result<(), DeskRefusal> {
        self.apply(event, Some(officer))
    }

    pub(super) fn apply(&mut self, event: Event, officer: Option<&StaffId>) -> Result<(), DeskRefusal> {
        let case = self.at_desk.as_mut().ok_or(DeskRefusal::DeskEmpty)?;
        let note = Note::of(&event, case.session.step());
        let decided = match &event {
            Event::Decided(decision) => Some(decision.clone()),
            _ => None,
        };
        let effects = case.apply(event)?;
        if let Some(officer) = officer {
            case.worked_on_by(officer);
        }
        if let (Some(decision), Some(put)) = (decided, self.put.take()) {
            deciding::remember(&self.last_decisions, &self.loaded, case, &put, &decision);
        }
        if let Some((who, what, reason)) = note.map(|note| note.on(case)) {
            let number = case.number().clone();
            self.note(who, what, Some(number), reason);
        }
        let (hint, runs) = (self.hint.take(), self.active.as_ref().map(|active| active.attempt));
        self.hinted.clear();
        self.fault = None;
        for effect in effects {
            match effect {
                Effect::Capture(aim, permit) => self.capture(aim, permit),
                Effect::CaptureBeside(aim, permit) => self.capture_beside(aim, permit),
                Effect::KeepRecord(outcome) => self.keep_at_desk(outcome),
                Effect::Park(reason) => self.park(&reason),
                Effect::StopDevices => self.stop_devices(),
                Effect::WipeSamples => {
                    if let Some(case) = self.at_desk.as_mut() {
                        case.samples.wipe();
                    }
                }
            }
        }
        // What was said about an attempt that goes on still stands.
        if runs.is_some() && runs == self.active.as_ref().map(|active| active.attempt) {
            self.hint = hint;
        }
        Ok(())
    }

    /// Applies an event to a parked case. Devices belong to the case at the desk and are left alone.
    pub(super) fn on_parked(&mut self, number: &CaseNumber, event: Event) -> Result<(), DeskRefusal> {
        let case = self.parked.get_mut(number).ok_or(DeskRefusal::NoSuchCase)?;
        let mut keeping = Vec::new();
        let note = Note::of(&event, case.session.step());
        let effects = case.apply(event)?;
        let noted = note.map(|note| note.on(case));
        for effect in effects {
            match effect {
                Effect::KeepRecord(outcome) => {
                    case.simulated |= self.devices.any_simulated();
                    let finished = keep::finish(&self.loaded, case, outcome);
                    keeping.push(finished);
                }
                Effect::WipeSamples => case.samples.wipe(),
                Effect::Capture(..) | Effect::CaptureBeside(..) | Effect::Park(_) | Effect::StopDevices => {}
            }
        }
        if let Some((who, what, reason)) = noted {
            self.note(who, what, Some(number.clone()), reason);
        }
        keeping.into_iter().for_each(|finished| self.keep(finished));
        Ok(())
    }

    /// Writes a line of the audit trail. Where that fails, the page says so, and no further traveller is taken.
    pub(super) fn note(&mut self, who: StaffId, what: Action, case: Option<CaseNumber>, reason: Option<Reason>) {
        let noted = self.keeper.note(&AuditEvent { at_ms: self.clock.utc_ms(), who, what, case, reason });
        if let Err(fault) = noted {
            self.line_owed = true;
            self.store_fault = Some(fault);
        }
    }

    fn keep(&mut self, finished: Result<Finished, String>) {
        match finished {
            Ok(finished) => {
                keep::keep(self.keeper.clone(), self.clock.clone(), finished, self.messages.clone());
            }
            Err(fault) => self.store_failed(fault),
        }
    }

    fn capture(&mut self, aim: Aim, permit: CapturePermit) {
        // The permit of an attempt that runs already lapses unused.
        if self.goes_on_alone(&aim) {
            return;
        }
        self.attempts += 1;
        let attempt = self.attempts;
        let (kind, limit_ms) = match &aim {
            Aim::Face => {
                self.prompt = Some("look-at-camera");
                let taken = self.at_desk.as_ref().and_then(|case| case.taken.as_ref());
                self.face.begin(attempt, taken.and_then(|taken| taken.plan().face_exception));
                (DeviceKind::Camera, self.loaded.thresholds.face.capture.timeout_ms + CAMERA_START_MS)
            }
            Aim::Fingers(fingers) => {
                // The driver waits until what was on before has left, and says so.
                self.prompt = Some(finger::prompt(fingers.len(), self.finger_on));
                self.begin_preview(attempt, fingers);
                // The camera of the face before is not needed any more.
                self.devices.stop(DeviceKind::Camera);
                (DeviceKind::FingerScanner, self.loaded.thresholds.finger.attempt_ms.into())
            }
        };
        self.active = Some(Active { attempt, aim, since: Instant::now() });
        if let Some(device) = self.devices.get(kind) {
            device.capture(permit, attempt, Duration::from_millis(limit_ms));
        }
    }

    fn keep_at_desk(&mut self, outcome: Outcome) {
        self.prompt = None;
        if let Some(case) = self.at_desk.as_mut() {
            case.simulated |= self.devices.any_simulated();
            let finished = keep::finish(&self.loaded, case, outcome);
            self.keep(finished);
        }
    }

    fn park(&mut self, reason: &ReviewReason) {
        let Some(mut case) = self.at_desk.take() else { return };
        case.parked = Some((tokio::time::Instant::now(), self.clock.local().to_string()));
        case.samples.seal();
        let number = case.number().clone();
        let why = parked_for(reason);
        tracing::info!(case = %number, %why, "a case waits for a supervisor");
        if let Err(fault) = self.keeper.parked(&number, &why) {
            self.store_failed(fault);
        }
        self.note(case.hand.clone(), Action::Parked, Some(number.clone()), Reason::word(reason.id()));
        self.prompt = None;
        self.last = Some(number.clone());
        self.ended(number.clone(), Outcome::InReview, None);
        self.parked.insert(number, case);
    }

    fn stop_devices(&mut self) {
        self.active = None;
        self.beside = None;
        self.finger_on = false;
        self.prompt = None;
        self.face.end();
        self.preview.end();
        self.devices.stop(DeviceKind::Camera);
        self.devices.stop(DeviceKind::FingerScanner);
    }

    pub(super) fn kept(&mut self, number: &CaseNumber, kept: Result<Kept, String>) {
        let kept = match kept {
            Ok(kept) => kept,
            Err(fault) => return self.store_failed(fault),
        };
        // A disk that was full has room again.
        self.store_fault = None;
        self.count(number, kept.outcome);
        let record = RecordView { id: kept.record.to_string(), sequence: kept.sequence, queued: true, uploaded: false };
        self.ended(number.clone(), kept.outcome, Some(record));
        if self.at_desk.as_ref().is_some_and(|case| case.number() == number) {
            let closed = self.at_desk(Event::RecordKept);
            self.last = Some(number.clone());
            if closed.is_ok() {
                self.at_desk = None;
            }
        } else if self.on_parked(number, Event::RecordKept).is_ok() {
            self.parked.remove(number);
        }
    }

    /// The store cannot be trusted any more: no further traveller is taken, and what is there is left as it is.
    pub(super) fn store_failed(&mut self, fault: String) {
        tracing::error!(detail = %fault, "the store failed");
        let refusal = DeskRefusal::Store(fault.clone());
        self.fault = Some(FaultView { code: refusal.code().into(), text: refusal.to_string() });
        self.store_fault = Some(fault);
    }
}

/// Why a case waits, in codes: for the journal, the log and the record.
pub(super) fn parked_for(reason: &ReviewReason) -> String {
    match reason {
        ReviewReason::Attestation { ground, .. } => format!("attestation:{ground}"),
        ReviewReason::NoFingers => "no-fingers".into(),
        ReviewReason::Question(id) => format!("question:{id}"),
        ReviewReason::Rejected(slots) => {
            let slots: Vec<_> = slots.iter().map(|slot| slot.id()).collect();
            format!("rejected:{}", slots.join(","))
        }
        ReviewReason::Vetoed(slot, veto) => format!("vetoed:{}:{}", veto.id(), slot.id()),
    }
}

/// Tells the desk from another thread or task; a desk that is gone needs no telling.
pub(super) fn tell(messages: &tokio::sync::mpsc::Sender<Message>, message: Message) {
    let _ = messages.blocking_send(message);
}
