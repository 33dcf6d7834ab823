//! What the pages show. [`View`] goes to the browser as JSON and holds codes only; the traveller's data stands beside
//! it in [`Panel`] and reaches a page only as the text that the officer reads.

use super::attack::AttackCues;
use super::before::BeforePanel;
use super::beside::BesideView;
use super::engine::EngineView;
use crate::config::Escalation;
use domain::case::CaseNumber;
use domain::device::{DeviceDescriptor, DeviceFault, DeviceKind, DeviceState};
use domain::finger::MissingFinger;
use domain::policy::{Decision, Modality, Notice, Verdict};
use domain::record::{Measure, VetoTrace};
use domain::session::{Outcome, Slot};
use domain::units::StaffId;
use serde::Serialize;
use tokio::time::Instant;

/// Everything the pages need, made anew on each change.
#[derive(Clone, Default)]
pub struct Panel {
    /// What the officer's page and its script see.
    pub view: View,
    /// The traveller as the document says, while the case is at the desk.
    pub traveller: Option<TravellerPanel>,
    /// Cases that wait for a supervisor or for a recall, oldest first.
    pub parked: Vec<ParkedPanel>,
    /// What was owed before arrival, as far as it concerns the officer.
    pub before: Vec<BeforePanel>,
    /// Grounds that the deciding entry lets an officer attest, each with its kinds of evidence.
    pub claims: Vec<ClaimPanel>,
    /// Local date and time, where the officer has to confirm the date.
    pub local_date: String,
    /// Devices and their state.
    pub devices: Vec<DevicePanel>,
    /// Any device of the station says that it is simulated.
    pub simulated: bool,
    /// What happens when no supervisor comes.
    pub escalation: Option<Escalation>,
    /// The basis of the laboratory override, if it is in force.
    pub laboratory: Option<String>,
    /// Records that the intake has not acknowledged yet.
    pub queued: u64,
    /// Of those, the ones that the intake has refused for good.
    pub refused: usize,
    /// Why nothing arrives at the intake, in a code that has a sentence in the locales.
    pub intake: Option<&'static str>,
    /// The engine that finds faces.
    pub face_engine: EngineView,
    /// The rules that work.
    pub rules: RulesView,
    /// Advisory cues of a presentation attack in the face captures of the case at the desk; none before the first. Only
    /// the officer's page shows them.
    pub attack_cues: Option<AttackCues>,
    /// The live picture is shown as in a mirror.
    pub mirrored: bool,
    /// The language in which the traveller's display speaks.
    pub language: &'static str,
    /// What the rules' authority says about travellers' data.
    pub notices: Vec<Notice>,
}

/// The rules as the health page names them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RulesView {
    /// Identifier, version, digest and signature of the pack.
    pub working: String,
    /// The configuration names another pack, which was refused: it is broken, unsigned or older.
    pub instead_of_refused: bool,
}

/// The desk in codes.
#[derive(Clone, Debug, Default, Serialize)]
pub struct View {
    /// Grows with every change.
    pub version: u64,
    /// The case at the desk.
    pub case: Option<CaseNumber>,
    /// `idle`, or the step of the session.
    pub step: &'static str,
    /// What is being captured: `face`, a finger, or fingers that are put down together (`right-four`).
    pub slot: Option<&'static str>,
    /// The slots that this attempt can fill.
    pub aimed_at: Vec<&'static str>,
    /// What the traveller should do: `look-at-camera`, `place-finger`, `place-fingers`, `lift-finger`, `lift-fingers`,
    /// `hold-still`.
    pub prompt: Option<&'static str>,
    /// What would make the capture better.
    pub hint: Option<&'static str>,
    /// The fingers that the hint is about; empty where it is about all of them.
    pub hinted: Vec<&'static str>,
    /// What the rules say.
    pub decision: Option<Decision>,
    /// The slots of this traveller.
    pub slots: Vec<SlotView>,
    /// Fingers that are not there to be taken, and why.
    pub missing: Vec<MissingFinger>,
    /// How the case ended.
    pub outcome: Option<&'static str>,
    /// The record of the case that ended last at the desk.
    pub record: Option<RecordView>,
    /// What went wrong, and what to do.
    pub fault: Option<FaultView>,
    /// What the officer should know: `document-seen-before`, `check-digit`.
    pub warnings: Vec<&'static str>,
    /// Cases that wait.
    pub parked: Vec<ParkedView>,
    /// Cases that ended, newest first, with what became of their records.
    pub recent: Vec<RecentView>,
    /// The adult that a next member of the family would be noted with.
    pub adult: Option<CaseNumber>,
    /// The adult that this traveller came with.
    pub accompanying: Option<CaseNumber>,
    /// Cases that the last run of the station left open, until the next traveller.
    pub interrupted: Vec<InterruptedView>,
    /// Why the face is not captured as usual, as declared.
    pub face_exception: Option<&'static str>,
    /// Fingers that are taken while the face is.
    pub beside: Option<BesideView>,
}

/// One slot in codes.
#[derive(Clone, Debug, Serialize)]
pub struct SlotView {
    /// `face` or a finger.
    pub slot: &'static str,
    /// `open`, `accepted`, `exhausted`.
    pub state: &'static str,
    /// Attempts so far.
    pub attempts: usize,
    /// The best score so far.
    pub score: Option<u8>,
}

/// A record on its way. `queued` is true only after the durable commit: it is made from the store's receipt.
#[derive(Clone, Debug, Serialize)]
pub struct RecordView {
    /// The record's own name.
    pub id: String,
    /// Its place in the station's chain.
    pub sequence: u64,
    /// It is on disk.
    pub queued: bool,
    /// The intake has acknowledged it.
    pub uploaded: bool,
}

/// A fault as the officer reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultView {
    /// To read out over the telephone.
    pub code: String,
    /// What happened and what to do now.
    pub text: String,
}

impl From<&DeviceFault> for FaultView {
    fn from(fault: &DeviceFault) -> Self {
        Self { code: fault.code.clone(), text: fault.officer.clone() }
    }
}

/// A parked case in codes.
#[derive(Clone, Debug, Serialize)]
pub struct ParkedView {
    /// Its number.
    pub case: CaseNumber,
    /// Why it waits.
    pub reason: &'static str,
    /// `waiting` for the supervisor, or `recapture`: to be called back.
    pub state: &'static str,
    /// Seconds since it was parked.
    pub since_s: u64,
}

/// A case that the last run of the station left open: nothing of it was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InterruptedView {
    /// Its number.
    pub case: CaseNumber,
    /// Where it stood: `document`, `decision`, `capture`, `sign`, `review`.
    pub stage: &'static str,
}

/// A case that has ended.
#[derive(Clone, Debug, Serialize)]
pub struct RecentView {
    /// Its number.
    pub case: CaseNumber,
    /// How it ended.
    pub outcome: Outcome,
    /// Its record, if one was made.
    pub record: Option<RecordView>,
}

/// The traveller as the document says. Neither `Debug` nor `Serialize`: it is read by templates only.
#[derive(Clone)]
pub struct TravellerPanel {
    /// Name as in the MRZ.
    pub name: String,
    /// Document number.
    pub document_number: String,
    /// Document code.
    pub document_code: String,
    /// Issuing State.
    pub issuing_state: String,
    /// Nationality.
    pub nationality: String,
    /// Birth date as read.
    pub birth_date: String,
    /// `F`, `M` or `X`.
    pub sex: String,
    /// Expiry date.
    pub expiry_date: String,
    /// `reader`, `typed`, `manual`.
    pub evidence: &'static str,
    /// Fields whose check digit fails.
    pub failed_checks: Vec<String>,
}

/// A ground that may be claimed, and what the officer may have seen for it.
#[derive(Clone)]
pub struct ClaimPanel {
    /// The ground of the pack.
    pub ground: String,
    /// Kinds of evidence.
    pub evidence: Vec<String>,
}

/// A parked case as the supervisor sees it.
#[derive(Clone)]
pub struct ParkedPanel {
    /// The codes.
    pub view: ParkedView,
    /// The officer who parked it.
    pub officer: String,
    /// Ground and evidence of a claimed exemption.
    pub claim: Option<(String, String)>,
    /// The question that the rules leave.
    pub question: Option<String>,
    /// What was captured: slot, state, attempts, best score.
    pub slots: Vec<SlotView>,
    /// Every attempt: slot, number, score or error.
    pub attempts: Vec<AttemptPanel>,
    /// How the best portrait was judged.
    pub portrait: Option<PortraitPanel>,
    /// Fingers that were declared missing.
    pub missing: Vec<MissingFinger>,
    /// Why the face was declared not to be as usual.
    pub face_exception: Option<&'static str>,
    /// What officers said against the software.
    pub vetoes: Vec<VetoTrace>,
    /// Everybody who worked on it.
    pub staff: Vec<StaffId>,
    /// The adult whom this traveller came with.
    pub accompanying: Option<CaseNumber>,
    /// The exempt case that the claim names, and who confirmed that one.
    pub refers: Option<(CaseNumber, StaffId)>,
    /// Other cases of the same family whose claims wait.
    pub family: Vec<CaseNumber>,
    /// The decision so far.
    pub decision: Decision,
    /// When it was parked: its age grows while nothing else changes.
    pub since: Instant,
    /// Local time when it was parked.
    pub parked_at: String,
}

/// One attempt as the supervisor sees it.
#[derive(Clone)]
pub struct AttemptPanel {
    /// What was captured.
    pub slot: Slot,
    /// Its number.
    pub number: u8,
    /// The score.
    pub score: Option<u8>,
    /// The limit was met.
    pub passes: bool,
    /// Why the sample does not count: `same-finger`, `wrong-hand`.
    pub wrong: Option<&'static str>,
    /// The code of the fault that ended it.
    pub error: Option<String>,
    /// How it was judged, component by component, where its picture is still there.
    pub measures: Option<Vec<Measure>>,
}

/// How the portrait was judged, as the supervisor sees it.
#[derive(Clone)]
pub struct PortraitPanel {
    /// The engine and its model.
    pub engine: String,
    /// `landmarks` or `box`.
    pub basis: &'static str,
    /// Mandatory components that nobody has judged.
    pub not_assessed: Vec<String>,
    /// Every component by the name of ISO/IEC 29794-5.
    pub measures: Vec<Measure>,
}

/// A device as the health page sees it.
#[derive(Clone, Serialize)]
pub struct DevicePanel {
    /// Its name in the configuration.
    pub name: String,
    /// What it is for.
    pub kind: DeviceKind,
    /// How it is.
    pub state: DeviceState,
    /// What it says of itself.
    pub descriptor: Option<DeviceDescriptor>,
    /// The last thing that went wrong.
    pub fault: Option<FaultView>,
}

impl View {
    /// What the page shows, for the orders that it gives: the case, its step, the open question, and what there is to sign.
    pub fn at(&self) -> String {
        let case = self.case.as_ref().map_or("-", CaseNumber::as_str);
        let question = self.decision.as_ref().filter(|_| self.step == "decided").and_then(|of| of.question.as_ref());
        let attempts: usize = match self.step {
            "declare" | "summary" => self.slots.iter().map(|slot| slot.attempts).sum(),
            _ => 0,
        };
        format!("{case} {} {} {attempts}", self.step, question.map_or("-", |question| question.id.as_str()))
    }
}

impl View {
    /// Whether this slot is captured now: as the only one, or beside the face.
    pub fn is_aimed_at(&self, slot: &str) -> bool {
        let beside = self.beside.iter().flat_map(|beside| &beside.aimed_at);
        self.aimed_at.iter().chain(beside).any(|aimed| *aimed == slot)
    }
}

impl Panel {
    /// What to write above the decision. An exemption that still has a question is no exemption yet.
    pub fn verdict(&self) -> &'static str {
        match &self.view.decision {
            Some(decision) if decision.question.is_some() && decision.verdict != Verdict::NoRule => {
                if self.officer_settles() { "ask" } else { "ask-supervisor" }
            }
            Some(decision) => match decision.verdict {
                Verdict::AskSupervisor => "ask-supervisor",
                Verdict::Exempt => "exempt",
                Verdict::NoRule => "no-rule",
                Verdict::NotInScope => "not-in-scope",
                Verdict::Required => "required",
            },
            None => "ask",
        }
    }

    /// Cases as a supervisor looks at them: those that wait for a decision by age, then those that wait for the traveller.
    pub fn waiting_first(&self) -> impl Iterator<Item = &ParkedPanel> {
        let of = |waiting: bool| self.parked.iter().filter(move |case| (case.view.state == "waiting") == waiting);
        of(true).chain(of(false))
    }

    /// Whether the officer may settle the open question.
    pub fn officer_settles(&self) -> bool {
        self.view.decision.as_ref().is_some_and(domain::session::officer_may_settle)
    }

    /// Whether anything that was taken stayed below its limit, or nothing could be taken of the fingers.
    pub fn rejected(&self) -> bool {
        let slots = &self.view.slots;
        let due = |decision: &Decision| decision.takes.contains(Modality::Fingers);
        let fingers = self.view.decision.as_ref().is_none_or(due);
        slots.iter().any(|slot| slot.state == "exhausted") || (fingers && slots.iter().all(|slot| slot.slot == "face"))
    }
}

impl ParkedPanel {
    /// Whether this person worked on it: somebody else has to decide.
    pub fn is_own(&self, person: &StaffId) -> bool {
        self.officer == person.0 || self.staff.contains(person)
    }

    /// Whole minutes since it was parked.
    pub fn minutes(&self) -> usize {
        usize::try_from(self.since.elapsed().as_secs() / 60).unwrap_or(usize::MAX)
    }
}

impl DevicePanel {
    /// The state as a word of the locale files.
    pub fn state_id(&self) -> &'static str {
        match self.state {
            DeviceState::Absent => "absent",
            DeviceState::Busy => "busy",
            DeviceState::Degraded => "degraded",
            DeviceState::Faulted => "faulted",
            DeviceState::Ready => "ready",
            DeviceState::Starting => "starting",
        }
    }
}
