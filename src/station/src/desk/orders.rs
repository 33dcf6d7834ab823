//! What people ask for, turned into events of the session.

use super::actor::Desk;
use super::case::{Case, TravellerFile};
use super::command::{Command, DeskRefusal, ReviewDecision};
use super::effects::parked_for;
use super::face::NO_ENGINE;
use super::facts;
use super::view::ClaimPanel;
use crate::config::SignedPack;
use domain::case::CaseNumber;
use domain::device::DeviceKind;
use domain::finger::MissingFinger;
use domain::guarded::Personal;
use domain::mrz;
use domain::policy::{Modality, Verdict};
use domain::record::ReviewTrace;
use domain::session::{CapturePlan, Event, FaceException, Session, Step};
use domain::units::StaffId;
use store::Action;

/// Cases that may wait at one time: each holds its best samples in memory.
const MOST_PARKED: usize = 100;
/// Space that a case may need on disk: 4-4-2 as lossless PNG, a portrait, and the journal (see storage.md, rule 5).
pub const RESERVED_BYTES: u64 = 4 * 1024 * 1024;

type Done = Result<(), DeskRefusal>;

impl Desk {
    /// Carries out an order.
    pub(super) async fn order(&mut self, command: Command, by: StaffId) -> Done {
        match command {
            Command::New => self.open_case(by),
            Command::Cancel => self.at_desk(Event::Cancelled),
            Command::TravellerRefuses => self.at_desk(Event::TravellerRefused),
            Command::ConfirmDate => {
                self.at_desk(Event::DateConfirmed)?;
                self.clock.confirmed();
                Ok(())
            }
            Command::Document(lines) => self.read_document(&lines, "typed"),
            Command::Fields(fields) => {
                let found = facts::from_fields(&fields)?;
                self.decide_first(found, TravellerFile::from_fields(&fields))
            }
            Command::Answer { question, answer } => self.answer(&question, &answer),
            Command::Claim { ground, evidence } => self.claim(ground, evidence),
            Command::SendToSupervisor => self.at_desk(Event::SentToSupervisor),
            Command::Proceed => self.at_desk(Event::Proceed),
            Command::Declare { missing, face_exception } => self.declare(missing, face_exception),
            Command::Retry => self.at_desk(Event::Retry),
            Command::Veto { slot, veto } => self.at_desk(Event::Vetoed(slot, veto)),
            Command::Sign => self.at_desk(Event::Signed),
            Command::Speak(language) => {
                self.speak(language);
                Ok(())
            }
            Command::Recall(case) => self.recall(&case),
            Command::EndShift => {
                self.end_shift(&by);
                Ok(())
            }
            Command::Review { case, decision, reason } => self.review(&case, decision, reason, by),
        }
    }

    fn open_case(&mut self, by: StaffId) -> Done {
        if self.at_desk.is_some() {
            return Err(DeskRefusal::DeskBusy);
        }
        if self.line_owed && self.keeper.settle().is_ok() {
            (self.line_owed, self.store_fault) = (false, None);
        }
        if let Some(fault) = &self.store_fault {
            return Err(DeskRefusal::Store(fault.clone()));
        }
        if self.parked.len() >= MOST_PARKED {
            return Err(DeskRefusal::TooManyParked);
        }
        let now = self.clock.local();
        let number = self.keeper.next_case(now.date());
        self.keeper.opened(&number, &by, &self.clock).map_err(DeskRefusal::Store)?;
        self.note(by.clone(), Action::CaseOpened, Some(number.clone()), None);
        let session = Session::open(number, by, self.clock.in_doubt());
        self.at_desk = Some(Case::new(session, now.to_string()));
        self.last = None;
        self.fault = None;
        self.hint = None;
        self.hinted.clear();
        Ok(())
    }

    /// Reads an MRZ and asks the rules.
    pub(super) fn read_document(&mut self, lines: &Personal<String>, evidence: &'static str) -> Done {
        let read = mrz::parse(lines.expose()).map_err(|e| DeskRefusal::Document(e.sentence()))?;
        let today = self.clock.local().date();
        let found = facts::from_mrz(&read, evidence);
        self.decide_first(found, TravellerFile::from_mrz(&read, evidence, today))
    }

    fn decide_first(&mut self, mut found: domain::policy::Facts, file: TravellerFile) -> Done {
        if self.clock.jumped() {
            return self.at_desk(Event::ClockDoubted);
        }
        let earlier = self.at_desk.as_ref().and_then(|case| case.facts.as_ref());
        earlier.iter().for_each(|earlier| found.remember(earlier));
        let decision = facts::decide(&self.loaded, &self.clock, &found);
        self.at_desk(Event::Decided(decision))?;
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
            case.facts = Some(found);
            case.traveller = Some(file);
        }
        Ok(())
    }

    /// An officer's answer; the rules are asked again. An answer that leaves no question also goes on by itself when
    /// the traveller is exempt: the one key that confirms a child is the last one.
    fn answer(&mut self, question: &str, answer: &str) -> Done {
        let case = self.at_desk.as_ref().ok_or(DeskRefusal::DeskEmpty)?;
        let Step::Decided(decision) = case.session.step() else { return Err(DeskRefusal::NotNow) };
        let asked = decision.question.as_ref().filter(|asked| asked.id == question);
        let asked = asked.ok_or(DeskRefusal::UnknownAnswer)?;
        let mut known = case.facts.clone().ok_or(DeskRefusal::NotNow)?;
        facts::answer(&mut known, asked, answer)?;
        if self.clock.jumped() {
            return self.at_desk(Event::ClockDoubted);
        }
        let again = facts::decide(&self.loaded, &self.clock, &known);
        let exempt_now = again.verdict == Verdict::Exempt && again.stands();
        self.at_desk(Event::Decided(again))?;
        if let Some(case) = self.at_desk.as_mut() {
            case.facts = Some(known);
        }
        if exempt_now { self.at_desk(Event::Proceed) } else { Ok(()) }
    }

    fn claim(&mut self, ground: String, evidence: String) -> Done {
        let case = self.at_desk.as_ref().ok_or(DeskRefusal::DeskEmpty)?;
        let pack = &self.rules_of(case).pack;
        if !matches!(case.session.step(), Step::Decided(_) | Step::Declare(_)) {
            return Err(DeskRefusal::NotNow);
        }
        if !self.claimable(case).contains(&ground) {
            return Err(DeskRefusal::UnknownGround);
        }
        if !facts::is_evidence(pack, &ground, &evidence) {
            return Err(DeskRefusal::UnknownAnswer);
        }
        let mut known = case.facts.clone().ok_or(DeskRefusal::NotNow)?;
        facts::claim(&mut known, &ground, &evidence);
        // The session parks with the decision that names the claim, where the step still takes a decision.
        if matches!(case.session.step(), Step::Decided(_)) {
            let again = facts::decide(&self.loaded, &self.clock, &known);
            self.at_desk(Event::Decided(again))?;
        }
        if let Some(case) = self.at_desk.as_mut() {
            case.facts = Some(known);
            case.claim = Some((ground.clone(), evidence.clone()));
        }
        self.at_desk(Event::ExemptionClaimed { ground, evidence })
    }

    /// Grounds that may be attested for this case: those of the entry that decided.
    fn claimable(&self, case: &Case) -> Vec<String> {
        let entry = case.decision().and_then(|decision| decision.entry.as_deref());
        let entry = entry.and_then(|id| self.rules_of(case).pack.entry(id));
        entry.map(|entry| entry.grounds.clone()).unwrap_or_default()
    }

    /// The rules that this case was decided under; those that work now, where nothing is decided yet. A case goes on under
    /// the rules that its traveller was told of.
    pub(super) fn rules_of<'a>(&'a self, case: &'a Case) -> &'a SignedPack {
        &case.under.as_ref().unwrap_or(&self.loaded).rules
    }

    /// Those grounds with the kinds of evidence that each takes.
    pub(super) fn claims(&self, case: &Case) -> Vec<ClaimPanel> {
        let pack = &self.rules_of(case).pack;
        let evidence = |id: &str| pack.ground(id).map(|ground| ground.evidence.clone()).unwrap_or_default();
        self.claimable(case).into_iter().map(|ground| ClaimPanel { evidence: evidence(&ground), ground }).collect()
    }

    fn declare(&mut self, missing: Vec<MissingFinger>, face_exception: Option<FaceException>) -> Done {
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
        if let Some(case) = self.at_desk.as_mut() {
            case.reservation = Some(reservation);
        }
        self.at_desk(Event::CaptureDeclared(CapturePlan { placements, missing, face_exception }))
    }

    /// Whether the case at the desk waits for a capture of which fingers are no part.
    fn only_a_face_is_due(&self) -> bool {
        let step = self.at_desk.as_ref().map(|case| case.session.step());
        matches!(step, Some(Step::Declare(due)) if !due.takes(Modality::Fingers))
    }

    fn recall(&mut self, number: &CaseNumber) -> Done {
        if self.at_desk.is_some() {
            return Err(DeskRefusal::DeskBusy);
        }
        let waits = |case: &Case| matches!(case.session.step(), Step::AwaitingRecall(..));
        if !self.parked.get(number).is_some_and(waits) {
            return Err(DeskRefusal::NoSuchCase);
        }
        let reservation = self.keeper.reserve(RESERVED_BYTES).map_err(DeskRefusal::Store)?;
        self.at_desk = self.parked.remove(number);
        if let Some(case) = self.at_desk.as_mut() {
            case.reservation.get_or_insert(reservation);
            case.samples.bring_back();
        }
        self.last = None;
        self.at_desk(Event::Recalled)?;
        self.decide_after_review()
    }

    /// A case that came back undecided: the rules are asked again with what the supervisor said.
    fn decide_after_review(&mut self) -> Done {
        let Some(case) = self.at_desk.as_mut() else { return Ok(()) };
        let Step::Decided(_) = case.session.step() else { return Ok(()) };
        let Some(known) = case.facts.as_mut() else { return Ok(()) };
        let supervisor = case.review.as_ref().map(|review| &review.supervisor);
        facts::after_review(known, case.claim.take().is_some(), supervisor);
        if self.clock.jumped() {
            return self.at_desk(Event::ClockDoubted);
        }
        let again = facts::decide(&self.loaded, &self.clock, known);
        self.at_desk(Event::Decided(again))
    }

    fn review(&mut self, number: &CaseNumber, decision: ReviewDecision, reason: String, by: StaffId) -> Done {
        let (event, word) = match decision {
            ReviewDecision::Approve => (Event::ReviewApproved(by.clone()), "approved"),
            ReviewDecision::Recapture => (Event::ReviewRecapture(by.clone()), "recapture"),
            ReviewDecision::Refuse => (Event::ReviewRefused(by.clone()), "refused"),
        };
        let case = self.parked.get_mut(number).ok_or(DeskRefusal::NoSuchCase)?;
        // The session has the last word: what it would refuse leaves no trace in the case.
        case.session.apply(event.clone())?;
        let parked_for = match case.session.step() {
            Step::InReview(why, _) => parked_for(why),
            _ => return Err(DeskRefusal::NoSuchCase),
        };
        if decision == ReviewDecision::Approve
            && case.claim.is_some()
            && let Some(known) = case.facts.as_mut()
        {
            let mut confirmed = known.clone();
            facts::confirm_claim(&mut confirmed, &by);
            let decided = facts::decide(&self.loaded, &self.clock, &confirmed);
            // The rule may have changed while the case waited: then there is nothing to confirm any more.
            if decided.verdict != Verdict::Exempt || !decided.stands() {
                return Err(DeskRefusal::UnknownGround);
            }
            (*known, case.decided, case.under) = (confirmed, Some(decided), Some(self.loaded.clone()));
        }
        let local_time = self.clock.local().to_string();
        tracing::info!(case = %number, supervisor = %by.0, decision = word, "a case was reviewed");
        case.review = Some(ReviewTrace { supervisor: by, decision: word.into(), reason, parked_for, local_time });
        self.on_parked(number, event)
    }
}
