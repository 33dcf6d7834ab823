//! What an attempt brought: the samples judged, counted by the session, the best of them kept.

use super::actor::{Active, Desk};
use super::face::FaceTaken;
use super::finger::{self, FingerJudged, Judged, Placed};
use super::placement;
use domain::device::{CaptureGroup, DeviceDescriptor, DeviceKind};
use domain::finger::Finger;
use domain::image::FingerImage;
use domain::record::FingerSample;
use domain::session::{Aim, Attempt, Event, Slot, Wrong};
use domain::units::Millis;

impl Desk {
    /// Frames of a resting finger are scored where the scanner offers them, of one finger at a time.
    pub(super) fn begin_preview(&self, attempt: u64, fingers: &[Finger]) {
        let scanner = self.devices.get(DeviceKind::FingerScanner).and_then(|scanner| scanner.descriptor());
        let small = scanner.as_ref().is_some_and(DeviceDescriptor::small_sensor);
        match (scanner.and_then(|scanner| scanner.scored_preview()), fingers) {
            (Some(preview), [finger]) => self.preview.begin(attempt, *finger, preview.frames, small),
            _ => self.preview.end(),
        }
    }

    /// Has the images of the placement that runs judged: what a device sent at the end, or what a preview kept.
    pub(super) fn judge_fingers(&mut self, attempt: u64, images: Vec<FingerImage>) {
        let glass = images.first();
        self.watch_device(DeviceKind::FingerScanner, "platen", glass.and_then(quality::device::platen));
        self.watch_device(DeviceKind::FingerScanner, "residue", glass.and_then(quality::device::residue));
        if let Some(case) = self.at_desk.as_mut() {
            case.course.works();
        }
        // Only from a sensor that takes nothing but one finger an image without a name is that finger.
        let scanner = self.devices.get(DeviceKind::FingerScanner).and_then(|scanner| scanner.descriptor());
        let unnamed = scanner.as_ref().is_some_and(|scanner| scanner.groups == [CaptureGroup::Single]);
        let small_sensor = scanner.as_ref().is_some_and(DeviceDescriptor::small_sensor);
        if let Some(Active { attempt, aim: Aim::Fingers(wanted), .. }) = self.busy_with(attempt) {
            let earlier = self.at_desk.as_ref().map(|case| case.samples.known()).unwrap_or_default();
            let placed = Placed { wanted: wanted.clone(), images, unnamed, small_sensor, earlier };
            finger::judge(&self.loaded, *attempt, placed, self.messages.clone());
        }
    }

    pub(super) fn face_taken(&mut self, attempt: u64, taken: FaceTaken) {
        let Some(active) = self.active.take_if(|active| active.attempt == attempt) else { return };
        let took = elapsed(&active);
        self.devices.stop(DeviceKind::Camera);
        self.note_device(DeviceKind::Camera);
        self.watch_device(DeviceKind::Camera, "backdrop", taken.backdrop);
        let lacked = self.hint;
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
        if let (Some(case), Some(number), true) = (self.at_desk.as_mut(), number, taken.sample.is_some()) {
            case.course.judged(Slot::Face, number, lacked);
        }
        if self.at_desk(Event::AttemptScored(Aim::Face, vec![(Slot::Face, judged)], vec![])).is_ok()
            && let (Some(case), Some(sample)) = (self.at_desk.as_mut(), taken.sample)
        {
            let is_best = case.progress().and_then(|progress| progress.best(Slot::Face)) == number;
            case.samples.offer_face(sample, number.unwrap_or_default(), is_best);
        }
    }

    pub(super) fn fingers_judged(&mut self, attempt: u64, placement: Judged) {
        let Some((active, aside)) = self.take_attempt(attempt) else { return };
        if let Some(case) = self.at_desk.as_mut() {
            case.course.done();
        }
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
                if let Some(number) = number {
                    case.course.judged(judged.slot(), number, judged.advice);
                }
                let is_best = case.progress().and_then(|progress| progress.best(judged.slot())) == number;
                let accepted = judged.sample.accepted && wrong_of(judged.slot()).is_none();
                let known = judged.known();
                let sample = FingerSample { accepted, ..judged.sample };
                case.samples.offer_finger(sample, number.unwrap_or_default(), known, is_best);
            }
            let hinted = hinted.unwrap_or_default();
            match self.beside.as_mut().filter(|_| aside) {
                Some(beside) => (beside.hint, beside.hinted) = (hint, hinted),
                None if aside => {}
                None => (self.hint, self.hinted) = (hint, hinted),
            }
        }
    }

    fn next_number(&self, slot: Slot) -> Option<u8> {
        self.at_desk.as_ref().and_then(|case| case.progress()).map(|progress| progress.next_number(slot))
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
}

fn elapsed(active: &Active) -> Millis {
    Millis(u64::try_from(active.since.elapsed().as_millis()).unwrap_or(u64::MAX))
}
