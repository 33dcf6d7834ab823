//! Carrying out what the session asks for, and telling it what came of it.

use super::actor::{Active, Desk, Message};
use super::command::DeskRefusal;
use super::face::FaceTaken;
use super::finger::{self, FingerJudged, Judged, Placed};
use super::keep::{self, Finished, Kept};
use super::placement;
use super::trail::Note;
use super::view::{FaultView, RecordView};
use domain::case::CaseNumber;
use domain::device::{CaptureGroup, DeviceDescriptor, DeviceFault, DeviceKind, ErrorKind};
use domain::finger::Finger;
use domain::guarded::Personal;
use domain::image::FingerImage;
use domain::permit::CapturePermit;
use domain::record::FingerSample;
use domain::session::{Aim, Attempt, Effect, Event, Outcome, ReviewReason, Slot, Step, Wrong};
use domain::units::{Millis, StaffId};
use drivers::host::{HostEvent, HostEventKind};
use std::time::{Duration, Instant};
use store::{Action, Event as AuditEvent, Reason};

/// What a camera may need before its first frame, on top of the time for a good one.
const CAMERA_START_MS: u64 = 3_000;

impl Desk {
    /// Applies an event to the case at the desk and carries out what follows.
    pub(super) fn at_desk(&mut self, event: Event) -> Result<(), DeskRefusal> {
        let case = self.at_desk.as_mut().ok_or(DeskRefusal::DeskEmpty)?;
        let note = Note::of(&event);
        let decides = matches!(event, Event::Decided(_));
        let effects = case.apply(event)?;
        if decides {
            case.under = Some(self.loaded.clone());
        }
        if let Some((who, what, reason)) = note.map(|note| note.on(case)) {
            let number = case.number().clone();
            self.note(who, what, Some(number), reason);
        }
        self.hint = None;
        self.hinted.clear();
        self.fault = None;
        for effect in effects {
            match effect {
                Effect::Capture(aim, permit) => self.capture(aim, permit),
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
        Ok(())
    }

    /// Applies an event to a parked case. Devices belong to the case at the desk and are left alone.
    pub(super) fn on_parked(&mut self, number: &CaseNumber, event: Event) -> Result<(), DeskRefusal> {
        let case = self.parked.get_mut(number).ok_or(DeskRefusal::NoSuchCase)?;
        let mut keeping = Vec::new();
        let note = Note::of(&event);
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
                Effect::Capture(..) | Effect::Park(_) | Effect::StopDevices => {}
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
        self.attempts += 1;
        let attempt = self.attempts;
        let (kind, limit_ms) = match &aim {
            Aim::Face => {
                self.prompt = Some("look-at-camera");
                self.face.begin(attempt);
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

    /// Frames of a resting finger are scored where the scanner offers them, of one finger at a time.
    fn begin_preview(&self, attempt: u64, fingers: &[Finger]) {
        let scanner = self.devices.get(DeviceKind::FingerScanner).and_then(|scanner| scanner.descriptor());
        let small = scanner.as_ref().is_some_and(DeviceDescriptor::small_sensor);
        match (scanner.and_then(|scanner| scanner.scored_preview()), fingers) {
            (Some(preview), [finger]) => self.preview.begin(attempt, *finger, preview.frames, small),
            _ => self.preview.end(),
        }
    }

    /// Notes which device a sample came from: it has described itself by the time it delivers one.
    fn note_device(&mut self, kind: DeviceKind) {
        if let (Some(case), Some(device)) = (self.at_desk.as_mut(), self.devices.get(kind))
            && let Some(descriptor) = device.descriptor()
        {
            case.simulated |= descriptor.simulated;
            case.devices.insert(device.name().to_owned(), descriptor);
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
        self.note(case.session.officer().clone(), Action::Parked, Some(number.clone()), Reason::word(reason.id()));
        self.prompt = None;
        self.last = Some(number.clone());
        self.ended(number.clone(), Outcome::InReview, None);
        self.parked.insert(number, case);
    }

    fn stop_devices(&mut self) {
        self.active = None;
        self.finger_on = false;
        self.prompt = None;
        self.face.end();
        self.preview.end();
        self.devices.stop(DeviceKind::Camera);
        self.devices.stop(DeviceKind::FingerScanner);
    }

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

    /// Has the images of the placement that runs judged: what a device sent at the end, or what a preview kept.
    pub(super) fn judge_fingers(&self, images: Vec<FingerImage>) {
        // Only from a sensor that takes nothing but one finger an image without a name is that finger.
        let scanner = self.devices.get(DeviceKind::FingerScanner).and_then(|scanner| scanner.descriptor());
        let unnamed = scanner.as_ref().is_some_and(|scanner| scanner.groups == [CaptureGroup::Single]);
        let small_sensor = scanner.as_ref().is_some_and(DeviceDescriptor::small_sensor);
        if let Some(Active { attempt, aim: Aim::Fingers(wanted), .. }) = &self.active {
            let earlier = self.at_desk.as_ref().map(|case| case.samples.known()).unwrap_or_default();
            let placed = Placed { wanted: wanted.clone(), images, unnamed, small_sensor, earlier };
            finger::judge(&self.loaded, *attempt, placed, self.messages.clone());
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
        if let Err(refusal) = self.read_document(lines, "reader") {
            self.fault = Some(FaultView { code: refusal.code().into(), text: refusal.to_string() });
        }
    }

    pub(super) fn face_taken(&mut self, attempt: u64, taken: FaceTaken) {
        let Some(active) = self.active.take_if(|active| active.attempt == attempt) else { return };
        let took = elapsed(&active);
        self.devices.stop(DeviceKind::Camera);
        self.note_device(DeviceKind::Camera);
        if let Some(case) = self.at_desk.as_mut() {
            let cues = taken.cues;
            tracing::info!(case = %case.number(), attempt, attack_cues = %cues, "advisory cues of an attack");
            case.attack_cues = Some(match case.attack_cues.take() {
                Some(earlier) => earlier.or_later(cues),
                None => cues,
            });
        }
        let judged = Attempt { score: taken.score, passes: taken.passes, wrong: None, took };
        let number = self.next_number(Slot::Face);
        if self.at_desk(Event::AttemptScored(Aim::Face, vec![(Slot::Face, judged)], vec![])).is_ok()
            && let (Some(case), Some(sample)) = (self.at_desk.as_mut(), taken.sample)
        {
            let is_best = case.progress().and_then(|progress| progress.best(Slot::Face)) == number;
            case.samples.offer_face(sample, is_best);
        }
    }

    pub(super) fn fingers_judged(&mut self, attempt: u64, placement: Judged) {
        let Some(active) = self.active.take_if(|active| active.attempt == attempt) else { return };
        // Of a preview that gives advice only: the sample is here.
        self.preview.end();
        self.note_device(DeviceKind::FingerScanner);
        let took = elapsed(&active);
        let open = self.at_desk.as_ref().and_then(|case| case.progress()).map(|taken| taken.open_slots(&active.aim));
        let open = open.unwrap_or_default();
        let Judged { fingers, wrong, missing, doubted } = placement;
        let (hint, hinted) = placement::hint(&open, &fingers, wrong.as_ref(), &missing).unzip();
        let wrong_of = |slot: Slot| placement::wrong_of(wrong.as_ref(), slot);
        // An error of the sequence discards the images: nobody may file them under the finger that was asked for. A
        // finger that was accepted before keeps the sample that was accepted.
        let discarded = wrong.as_ref().is_some_and(|(wrong, _)| *wrong != Wrong::CutOff);
        let of_use = |judged: &FingerJudged| !discarded && open.contains(&judged.slot());
        let counted: Vec<_> = fingers.into_iter().filter(of_use).collect();
        let numbered: Vec<_> = counted.into_iter().map(|judged| (self.next_number(judged.slot()), judged)).collect();
        // A finger that did not show has used up its attempt as well.
        let attempt = |slot: &Slot| {
            let judged = numbered.iter().find(|(_, judged)| judged.slot() == *slot);
            let without = Attempt { wrong: wrong_of(*slot), ..Attempt::without_sample(took) };
            (*slot, judged.map_or(without, |(_, judged)| judged.attempt(wrong_of(*slot), took)))
        };
        let attempts = open.iter().map(attempt).collect();
        let doubted_slots = doubted.iter().copied().map(Slot::Finger).collect();
        if self.at_desk(Event::AttemptScored(active.aim, attempts, doubted_slots)).is_ok()
            && let Some(case) = self.at_desk.as_mut()
        {
            doubted.into_iter().for_each(|finger| case.samples.forget_finger(finger));
            for (number, judged) in numbered {
                let is_best = case.progress().and_then(|progress| progress.best(judged.slot())) == number;
                let accepted = judged.sample.accepted && wrong_of(judged.slot()).is_none();
                let known = judged.known();
                let sample = FingerSample { accepted, ..judged.sample };
                case.samples.offer_finger(sample, known, is_best);
            }
            self.hint = hint;
            self.hinted = hinted.unwrap_or_default();
        }
    }

    fn next_number(&self, slot: Slot) -> Option<u8> {
        self.at_desk.as_ref().and_then(|case| case.progress()).map(|progress| progress.next_number(slot))
    }

    pub(super) fn kept(&mut self, number: &CaseNumber, kept: Result<Kept, String>) {
        let kept = match kept {
            Ok(kept) => kept,
            Err(fault) => return self.store_failed(fault),
        };
        // A disk that was full has room again.
        self.store_fault = None;
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

fn elapsed(active: &Active) -> Millis {
    Millis(u64::try_from(active.since.elapsed().as_millis()).unwrap_or(u64::MAX))
}

/// Tells the desk from another thread or task; a desk that is gone needs no telling.
pub(super) fn tell(messages: &tokio::sync::mpsc::Sender<Message>, message: Message) {
    let _ = messages.blocking_send(message);
}
