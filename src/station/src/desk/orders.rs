//! What people ask for, turned into events of the session.

use super::actor::Desk;
use super::before::Before;
use super::case::{Case, TravellerFile};
use super::command::{Command, DeskRefusal};
use super::face::NO_ENGINE;
use super::facts;
use super::history;
use super::view::ClaimPanel;
use crate::config::SignedPack;
use domain::case::CaseNumber;
use domain::device::DeviceKind;
use domain::finger::{Finger, MissingFinger};
use domain::guarded::Personal;
use domain::mrz;
use domain::policy::{Modality, Verdict};
use domain::record::VetoTrace;
use domain::session::{CapturePlan, Event, FaceException, Slot, Step, Veto};
use domain::units::StaffId;

/// Space that a case may need on disk: 4-4-2 as lossless PNG, a portrait, and the journal (see storage.md, rule 5).
pub const RESERVED_BYTES: u64 = 4 * 1024 * 1024;

/// Relatives may come so much later than the person whose exemption was confirmed, in milliseconds: the longest shift and
/// its hand-over. Own value.
const SAME_DAY_MS: i64 = 12 * 3_600_000;

pub(super) type Done = Result<(), DeskRefusal>;

impl Desk {
    /// Carries out an order.
    pub(super) async fn order(&mut self, command: Command, by: StaffId) -> Done {
        let officer = &by;
        match command {
            Command::New => self.open_case(officer, None),
            Command::NewWith => self.open_with_family(officer),
            Command::BeforeArrival(noted) => self.note_before_arrival(noted, officer),
            Command::Cancel => self.by_officer(Event::Cancelled, officer),
            Command::TravellerRefuses => self.by_officer(Event::TravellerRefused, officer),
            Command::ConfirmDate => {
                self.by_officer(Event::DateConfirmed, officer)?;
                self.clock.confirmed();
                Ok(())
            }
            Command::Document(lines) => self.read_document(&lines, "typed", Some(officer)),
            Command::Scanned(text) => self.scanned(&text, officer),
            Command::Fields(fields) => {
                let found = facts::from_fields(&fields)?;
                self.decide_first(found, TravellerFile::from_fields(&fields), Some(officer))
            }
            Command::Answer { question, answer } => self.answer(&question, &answer, officer),
            Command::Claim { ground, evidence, family_of } => self.claim((ground, evidence), family_of, officer),
            Command::SendToSupervisor => self.by_officer(Event::SentToSupervisor, officer),
            Command::Proceed => self.by_officer(Event::Proceed, officer),
            Command::Declare { missing, face_exception } => self.declare(missing, face_exception, officer),
            Command::Retry => self.by_officer(Event::Retry, officer),
            Command::TakeBack(slot) => self.take_back(slot, officer),
            Command::Undo => self.by_officer(Event::Undone, officer),
            Command::Veto { slot, veto, reason } => self.veto(slot, veto, reason, officer),
            Command::Sign => self.sign(officer),
            Command::Speak(language) => {
                self.speak(language);
                Ok(())
            }
            Command::Recall(case) => self.recall(&case, officer),
            Command::EndShift => {
                self.end_shift(officer);
                Ok(())
            }
            Command::Review { case, decision, reason, family, seen } => {
                self.still_as(&case, seen)?;
                self.review(&case, decision, &reason, family, officer)
            }
        }
    }

    /// Who signs is noted before the record is made of it, and forgotten where the session does not take it.
    fn sign(&mut self, officer: &StaffId) -> Done {
        let before = self.at_desk.as_mut().and_then(|case| case.signed_by.replace(officer.clone()));
        let signed = self.by_officer(Event::Signed, officer);
        if signed.is_err()
            && let Some(case) = self.at_desk.as_mut()
        {
            case.signed_by = before;
        }
        signed
    }

    fn veto(&mut self, slot: Slot, veto: Veto, reason: String, officer: &StaffId) -> Done {
        // By its own word, a veto without a reason has none.
        if reason.is_empty() && veto != Veto::AcceptedWithoutReason {
            return Err(DeskRefusal::ReasonMissing);
        }
        let local_time = self.clock.local().to_string();
        let case = self.at_desk.as_mut().ok_or(DeskRefusal::DeskEmpty)?;
        // The session has the last word: what it would refuse leaves no trace in the case.
        case.session.apply(Event::Vetoed(slot, veto))?;
        case.vetoes.push(VetoTrace { slot, veto, officer: officer.clone(), reason, local_time });
        self.by_officer(Event::Vetoed(slot, veto), officer)
    }

    fn take_back(&mut self, slot: Slot, officer: &StaffId) -> Done {
        self.by_officer(Event::TakenBack(slot), officer)?;
        if let Some(case) = self.at_desk.as_mut() {
            case.samples.forget(slot);
        }
        Ok(())
    }

    /// Reads an MRZ and asks the rules.
    pub(super) fn read_document(
        &mut self,
        lines: &Personal<String>,
        evidence: &'static str,
        officer: Option<&StaffId>,
    ) -> Done {
        let read = mrz::parse(lines.expose()).map_err(|e| DeskRefusal::Document(e.sentence()))?;
        let today = self.clock.local().date();
        let found = facts::from_mrz(&read, evidence);
        self.decide_first(found, TravellerFile::from_mrz(&read, evidence, today), officer)
    }

    fn decide_first(
        &mut self,
        mut found: domain::policy::Facts,
        file: TravellerFile,
        officer: Option<&StaffId>,
    ) -> Done {
        if self.clock.jumped() {
            return self.at_desk(Event::ClockDoubted);
        }
        let earlier = self.at_desk.as_ref().and_then(|case| case.facts.as_ref());
        earlier.iter().for_each(|earlier| found.remember(earlier));
        let decision = self.ask_rules(&found);
        self.apply(Event::Decided(decision), officer)?;
        let key = file.document_key();
        let before = self.at_desk.as_ref().and_then(|case| case.traveller.as_ref());
        // A document that is read again in the same case was not presented again.
        let same = before.is_some_and(|before| before.document_key() == key);
        let seen_before = !same && self.keeper.seen_before(&key, self.clock.utc_ms());
        if let Some(case) = self.at_desk.as_mut() {
            case.warnings.retain(|warning| same && *warning == "document-seen-before");
            if seen_before {
                case.warnings.push("document-seen-before");
            }
            if !file.panel().failed_checks.is_empty() {
                case.warnings.push("check-digit");
            }
            if !same {
                // What was shown with another document was not shown with this one.
                case.before = Before::default();
            }
            case.facts = Some(found);
            case.traveller = Some(file);
        }
        self.ask_before_arrival();
        Ok(())
    }

    /// An officer's answer; the rules are asked again. An answer that leaves no question also goes on by itself when
    /// the traveller is exempt: the one key that confirms a child is the last one.
    fn answer(&mut self, question: &str, answer: &str, officer: &StaffId) -> Done {
        let case = self.at_desk.as_ref().ok_or(DeskRefusal::DeskEmpty)?;
        let Step::Decided(decision) = case.session.step() else { return Err(DeskRefusal::NotNow) };
        let asked = decision.question.as_ref().filter(|asked| asked.id == question);
        let asked = asked.ok_or(DeskRefusal::UnknownAnswer)?;
        let mut known = case.facts.clone().ok_or(DeskRefusal::NotNow)?;
        facts::answer(&mut known, asked, answer)?;
        if self.clock.jumped() {
            return self.at_desk(Event::ClockDoubted);
        }
        let again = self.ask_rules(&known);
        let exempt_now = again.verdict == Verdict::Exempt && again.stands();
        self.by_officer(Event::Decided(again), officer)?;
        if let Some(case) = self.at_desk.as_mut() {
            case.facts = Some(known);
        }
        self.ask_before_arrival();
        if exempt_now { self.by_officer(Event::Proceed, officer) } else { Ok(()) }
    }

    /// Relatives of somebody who was exempt earlier in the day name that case: whoever confirms their claim, which they
    /// need as well, then sees what it rests on, and the records belong together.
    fn claim(
        &mut self,
        (ground, evidence): (String, String),
        family_of: Option<CaseNumber>,
        officer: &StaffId,
    ) -> Done {
        let case = self.at_desk.as_ref().ok_or(DeskRefusal::DeskEmpty)?;
        let pack = &self.rules_of(case).pack;
        match case.session.step() {
            Step::Decided(_) => {}
            Step::Declare(_, before) if before.attempts().is_empty() => {}
            _ => return Err(DeskRefusal::NotNow),
        }
        if !self.claimable(case).contains(&ground) {
            return Err(DeskRefusal::UnknownGround);
        }
        if !facts::is_evidence(pack, &ground, &evidence) {
            return Err(DeskRefusal::UnknownAnswer);
        }
        let since_ms = self.clock.utc_ms().saturating_sub(SAME_DAY_MS);
        let earlier = |case: CaseNumber| history::exempt_since(&self.keeper, &case, since_ms).map(|by| (case, by));
        let refers = match family_of {
            Some(case) => Some(earlier(case).ok_or(DeskRefusal::UnknownFamily)?),
            None => None,
        };
        let mut known = case.facts.clone().ok_or(DeskRefusal::NotNow)?;
        facts::claim(&mut known, &ground, &evidence);
        // The session parks with the decision that names the claim, where the step still takes a decision.
        if matches!(case.session.step(), Step::Decided(_)) {
            let again = self.ask_rules(&known);
            self.by_officer(Event::Decided(again), officer)?;
        }
        if let Some(case) = self.at_desk.as_mut() {
            case.facts = Some(known);
            case.claim = Some((ground.clone(), evidence.clone()));
            if let Some((family, by)) = refers {
                case.accompanying = Some(family.clone());
                case.refers = Some((family, by));
            }
        }
        self.by_officer(Event::ExemptionClaimed { ground, evidence }, officer)
    }

    /// Grounds that may be attested for this case: those of the entry that decided.
    fn claimable(&self, case: &Case) -> Vec<String> {
        let entry = case.decision().and_then(|decision| decision.entry.as_deref());
        let entry = entry.and_then(|id| self.rules_of(case).pack.entry(id));
        entry.map(|entry| entry.grounds.clone()).unwrap_or_default()
    }

    /// The rules that worked when this case was opened: it goes on under them.
    pub(super) fn rules_of<'a>(&'a self, case: &'a Case) -> &'a SignedPack {
        &case.under.as_ref().unwrap_or(&self.loaded).rules
    }

    /// Those grounds with the kinds of evidence that each takes.
    pub(super) fn claims(&self, case: &Case) -> Vec<ClaimPanel> {
        let pack = &self.rules_of(case).pack;
        let evidence = |id: &str| pack.ground(id).map(|ground| ground.evidence.clone()).unwrap_or_default();
        self.claimable(case).into_iter().map(|ground| ClaimPanel { evidence: evidence(&ground), ground }).collect()
    }

    fn declare(
        &mut self,
        missing: Vec<MissingFinger>,
        face_exception: Option<FaceException>,
        officer: &StaffId,
    ) -> Done {
        match self.at_desk.as_ref().map(|case| case.session.step()) {
            Some(Step::Declare(..)) => {}
            Some(_) => return Err(DeskRefusal::NotNow),
            None => return Err(DeskRefusal::DeskEmpty),
        }
        // Of whom no fingers are due, no scanner is needed, and none is asked which fingers there are.
        let fingers = !self.only_a_face_is_due();
        for (kind, name) in [(DeviceKind::Camera, "camera"), (DeviceKind::FingerScanner, "fingerprint scanner")] {
            if self.devices.get(kind).is_none() && (fingers || kind == DeviceKind::Camera) {
                return Err(DeskRefusal::NoDevice(name));
            }
        }
        if self.face.engine().name == NO_ENGINE {
            return Err(DeskRefusal::NoFaceEngine);
        }
        // Without an override the scanner has to have said that it is good enough.
        let scanner = self.devices.get(DeviceKind::FingerScanner).and_then(|scanner| scanner.descriptor());
        let grade = scanner.as_ref().is_some_and(|descriptor| descriptor.enrolment_grade());
        if fingers && !grade && self.loaded.config.laboratory.is_none() {
            return Err(DeskRefusal::ScannerGrade);
        }
        let reservation = self.keeper.reserve(RESERVED_BYTES).map_err(DeskRefusal::Store)?;
        // One finger after the other, unless the scanner takes hands: cut into fingers, or whole, and then we cut them.
        let groups = scanner.map(|scanner| scanner.groups).unwrap_or_default();
        let rules = self.at_desk.as_ref().map_or(&self.loaded.rules, |case| self.rules_of(case));
        let capture = &rules.pack.capture;
        let (placements, missing) =
            if fingers { (capture.plan(&groups, &missing), missing) } else { (Vec::new(), Vec::new()) };
        let wanted: Vec<Finger> = placements.iter().flatten().copied().collect();
        let together = self.loaded.config.desk.together;
        let plan = CapturePlan { placements, missing, face_exception, together };
        self.by_officer(Event::CaptureDeclared(plan), officer)?;
        if let Some(case) = self.at_desk.as_mut() {
            case.reservation.get_or_insert(reservation);
            // After a step back: what is not to be taken any more is not kept either.
            case.samples.keep_fingers(&wanted);
        }
        Ok(())
    }

    /// Whether the case at the desk waits for a capture of which fingers are no part.
    fn only_a_face_is_due(&self) -> bool {
        let step = self.at_desk.as_ref().map(|case| case.session.step());
        matches!(step, Some(Step::Declare(due, _)) if !due.takes(Modality::Fingers))
    }
}
