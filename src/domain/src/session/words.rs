//! What goes into the session, what comes out of it, and how a case can end.

use super::exception::FaceException;
use super::wrong::Wrong;
use crate::case::CaseNumber;
use crate::device::CaptureGroup;
use crate::finger::{Finger, MissingFinger};
use crate::permit::CapturePermit;
use crate::policy::Decision;
use crate::units::{Millis, QualityScore, StaffId};
use alloc::{string::String, vec, vec::Vec};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How a case ended, or where it waits. "Exempt" and "cancelled" are neither success nor failure to enrol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Closed by the officer before anything was decided or taken.
    Cancelled,
    /// Everything was taken and accepted.
    Enrolled,
    /// Taken, with missing fingers, a face exception, or a supervisor's approval.
    EnrolledWithExceptions,
    /// An exemption ground was shown or confirmed.
    Exempt,
    /// A supervisor refused what had been taken.
    FailureToEnrol,
    /// A supervisor has to decide.
    InReview,
    /// The station stopped in the middle.
    Interrupted,
    /// No entry of the policy pack applies, or nobody could settle the question.
    NoRule,
    /// Not a foreign citizen.
    NotInScope,
    /// The traveller refused to give biometrics.
    RefusedByTraveller,
}

impl Outcome {
    /// The word in records, reports and pages: `enrolled-with-exceptions`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Enrolled => "enrolled",
            Self::EnrolledWithExceptions => "enrolled-with-exceptions",
            Self::Exempt => "exempt",
            Self::FailureToEnrol => "failure-to-enrol",
            Self::InReview => "in-review",
            Self::Interrupted => "interrupted",
            Self::NoRule => "no-rule",
            Self::NotInScope => "not-in-scope",
            Self::RefusedByTraveller => "refused-by-traveller",
        }
    }

    /// All of them, in alphabetical order.
    pub const ALL: [Self; 10] = [
        Self::Cancelled,
        Self::Enrolled,
        Self::EnrolledWithExceptions,
        Self::Exempt,
        Self::FailureToEnrol,
        Self::InReview,
        Self::Interrupted,
        Self::NoRule,
        Self::NotInScope,
        Self::RefusedByTraveller,
    ];

    /// The outcome with this word.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.id() == id)
    }
}

/// What is captured: a slot that attempts fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Slot {
    /// The portrait.
    Face,
    /// One finger.
    #[serde(untagged)]
    Finger(Finger),
}

impl Slot {
    /// `face`, or the finger's identifier.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Face => "face",
            Self::Finger(finger) => finger.id(),
        }
    }

    /// The slot with this identifier.
    pub fn from_id(id: &str) -> Option<Self> {
        if id == "face" { Some(Self::Face) } else { Finger::from_id(id).map(Self::Finger) }
    }
}

/// What one capture attempt is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aim {
    /// The portrait.
    Face,
    /// Fingers that are put down together; one of them with a single-finger sensor.
    Fingers(Vec<Finger>),
}

impl Aim {
    /// `face`, the finger's identifier, or that of the group: `right-four`.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Face => "face",
            Self::Fingers(fingers) => match (fingers.as_slice(), CaptureGroup::of(fingers)) {
                ([only], _) => only.id(),
                (_, Some(group)) => group.id(),
                (_, None) => "fingers",
            },
        }
    }

    /// The slots that the attempt can fill.
    pub fn slots(&self) -> Vec<Slot> {
        match self {
            Self::Face => vec![Slot::Face],
            Self::Fingers(fingers) => fingers.iter().copied().map(Slot::Finger).collect(),
        }
    }
}

/// How one attempt went, as the quality core judged it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The score that counts for the limit; none when it could not be computed.
    pub score: Option<QualityScore>,
    /// The limit of this slot was met, and nothing is wrong.
    pub passes: bool,
    /// Why the sample does not count, whatever its score.
    pub wrong: Option<Wrong>,
    /// How long it took, from the permit to the judged sample.
    pub took: Millis,
}

impl Attempt {
    /// An attempt that brought no sample of a slot.
    pub const fn without_sample(took: Millis) -> Self {
        Self { score: None, passes: false, wrong: None, took }
    }
}

/// One attempt as the record keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptLog {
    /// What was captured.
    pub slot: Slot,
    /// Count of this slot's attempts, from 1.
    pub number: u8,
    /// The score, if there is one.
    pub score: Option<QualityScore>,
    /// The limit was met, and nothing was wrong.
    pub passes: bool,
    /// Why the sample does not count, whatever its score.
    pub wrong: Option<Wrong>,
    /// Code of the device fault or failure to acquire that ended it, instead of a score.
    pub error: Option<String>,
    /// How long it took.
    pub took: Millis,
}

/// What an officer says against the software, by the types of BSI TR-03121-3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Veto {
    /// Below the limit, and the officer sees why it cannot be better. A supervisor decides.
    AcceptedForReason,
    /// Below the limit, and the officer finds it good all the same. A supervisor decides.
    AcceptedWithoutReason,
    /// The software accepted it, the officer does not: another person, another hand, a fake.
    RefusedAlthoughAccepted,
}

impl Veto {
    /// The word in forms, records and the journal: `refused-although-accepted`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::AcceptedForReason => "accepted-for-reason",
            Self::AcceptedWithoutReason => "accepted-without-reason",
            Self::RefusedAlthoughAccepted => "refused-although-accepted",
        }
    }
}

/// Why a case waits for a supervisor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReviewReason {
    /// An exemption was claimed by attestation: ground and kind of evidence.
    Attestation {
        /// The ground of the pack.
        ground: String,
        /// What the officer saw: `accreditation-card`.
        evidence: String,
    },
    /// No finger can be taken.
    NoFingers,
    /// The rules leave a question that the officer may not settle; its identifier.
    Question(String),
    /// These slots stayed below their limit after all attempts.
    Rejected(Vec<Slot>),
    /// The officer's veto on a slot.
    Vetoed(Slot, Veto),
}

impl ReviewReason {
    /// The key of its text in the locale files: `attestation`, `no-fingers`, `question`, `rejected`, `vetoed`.
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Attestation { .. } => "attestation",
            Self::NoFingers => "no-fingers",
            Self::Question(_) => "question",
            Self::Rejected(_) => "rejected",
            Self::Vetoed(..) => "vetoed",
        }
    }
}

/// What happens to a session. Time, scores and decisions are computed outside and handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The samples of an attempt were judged. A slot without an answer brought no sample. The slots at the end were
    /// filled earlier, and what was put down now is their finger: which of the two times it was the right one nobody
    /// can say, so these are to be taken again as well.
    AttemptScored(Aim, Vec<(Slot, Attempt)>, Vec<Slot>),
    /// The officer closes the case.
    Cancelled,
    /// The clock jumped while the case was open.
    ClockDoubted,
    /// The officer has checked the date on a doubtful clock.
    DateConfirmed,
    /// The policy engine has decided, or decided again after an answer.
    Decided(Decision),
    /// A device failed in the middle of an attempt; the code of its fault.
    DeviceFailed(Aim, String),
    /// An exemption is claimed by attestation: ground and kind of evidence. The case parks for a second person.
    ExemptionClaimed {
        /// The ground of the pack.
        ground: String,
        /// What the officer saw.
        evidence: String,
    },
    /// The officer goes on with what the decision says.
    Proceed,
    /// The officer starts the capture: the fingers to take, what is missing, and a face exception.
    CaptureDeclared(CapturePlan),
    /// The parked traveller is back at the desk for a recapture.
    Recalled,
    /// The durable commit of the record is done.
    RecordKept,
    /// The officer lets the attempt that a device broke be made again.
    Retry,
    /// A supervisor approves, and by that confirms an attestation.
    ReviewApproved(StaffId),
    /// A supervisor wants the rejected slots captured again.
    ReviewRecapture(StaffId),
    /// A supervisor refuses.
    ReviewRefused(StaffId),
    /// The officer sends the question on to a supervisor.
    SentToSupervisor,
    /// The officer has looked at the summary and signs.
    Signed,
    /// The officer takes back what a slot was captured with: it does not count any more and is captured again.
    TakenBack(Slot),
    /// The traveller refuses to give biometrics.
    TravellerRefused,
    /// The officer goes one step back.
    Undone,
    /// The officer's veto on a slot.
    Vetoed(Slot, Veto),
}

impl Event {
    /// The event's name in refusals, logs and tests.
    pub const fn id(&self) -> &'static str {
        match self {
            Self::AttemptScored(..) => "attempt-scored",
            Self::Cancelled => "cancelled",
            Self::CaptureDeclared(_) => "capture-declared",
            Self::ClockDoubted => "clock-doubted",
            Self::DateConfirmed => "date-confirmed",
            Self::Decided(_) => "decided",
            Self::DeviceFailed(..) => "device-failed",
            Self::ExemptionClaimed { .. } => "exemption-claimed",
            Self::Proceed => "proceed",
            Self::Recalled => "recalled",
            Self::RecordKept => "record-kept",
            Self::Retry => "retry",
            Self::ReviewApproved(_) => "review-approved",
            Self::ReviewRecapture(_) => "review-recapture",
            Self::ReviewRefused(_) => "review-refused",
            Self::SentToSupervisor => "sent-to-supervisor",
            Self::Signed => "signed",
            Self::TakenBack(_) => "taken-back",
            Self::TravellerRefused => "traveller-refused",
            Self::Undone => "undone",
            Self::Vetoed(..) => "vetoed",
        }
    }
}

/// What will be captured, as declared before the first capture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CapturePlan {
    /// Placements in order, each with the fingers that are put down together.
    pub placements: Vec<Vec<Finger>>,
    /// Fingers that are missing, with reasons.
    pub missing: Vec<MissingFinger>,
    /// Why the face will not meet the rules.
    pub face_exception: Option<FaceException>,
    /// Camera and scanner work at the same time: fingers are taken beside the face.
    pub together: bool,
}

impl CapturePlan {
    /// All fingers to take, in order.
    pub fn fingers(&self) -> impl Iterator<Item = Finger> + '_ {
        self.placements.iter().flatten().copied()
    }
}

/// What the station must do next. Carrying it out is not the session's affair.
#[derive(Debug, PartialEq, Eq)]
pub enum Effect {
    /// Open the device and make one attempt. The permit is used up by it.
    Capture(Aim, CapturePermit),
    /// Open the scanner and make one attempt at these fingers while the face is captured. Where such an attempt runs already,
    /// it goes on, and the permit lapses; where the face is done meanwhile, it is the attempt that comes next.
    CaptureBeside(Aim, CapturePermit),
    /// Seal, sign and append a record with this outcome, then report [`Event::RecordKept`].
    KeepRecord(Outcome),
    /// Park the case for a supervisor; the best attempts are kept.
    Park(ReviewReason),
    /// Close every device of this case and forget previews.
    StopDevices,
    /// Wipe the samples of this case.
    WipeSamples,
}

/// An event that this state does not take. Nothing has changed: people double-click.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// The event belongs to another step.
    #[error("case {case}: {event} is not possible in step {step}")]
    NotNow {
        /// The case.
        case: CaseNumber,
        /// The step's name.
        step: &'static str,
        /// The event's name.
        event: &'static str,
    },
    /// Fingers were declared, and only a face is due.
    #[error("case {0}: fingers are not due for this traveller")]
    NotDue(CaseNumber),
    /// Nobody approves their own case.
    #[error("case {0}: a supervisor cannot decide on a case that the same person worked on")]
    OwnCase(CaseNumber),
    /// The decision still has an open question.
    #[error("case {0}: the open question must be settled first")]
    QuestionOpen(CaseNumber),
}
