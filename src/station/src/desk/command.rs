//! What people ask of the desk, and how it says no.

use super::before::Noted;
use domain::case::CaseNumber;
use domain::finger::MissingFinger;
use domain::guarded::{Biometric, Personal};
use domain::policy::NumberError;
use domain::session::{FaceException, Refused, Slot, Veto};
use domain::units::StaffId;
use thiserror::Error;
use tokio::sync::oneshot;

/// What an officer or a supervisor asks for.
#[derive(Debug)]
pub enum Command {
    /// An answer to the open question.
    Answer { question: String, answer: String },
    /// What was shown of what was owed before arrival.
    BeforeArrival(Noted),
    /// The officer closes the case.
    Cancel,
    /// An exemption is claimed, perhaps as the family of somebody who was exempt earlier.
    Claim { ground: String, evidence: String, family_of: Option<CaseNumber> },
    /// The date on the doubtful clock is right.
    ConfirmDate,
    /// Start the capture with these exceptions.
    Declare { missing: Vec<MissingFinger>, face_exception: Option<FaceException> },
    /// The MRZ as typed from the printed page.
    Document(Personal<String>),
    /// The shift is over: whatever still waits for a supervisor is forgotten.
    EndShift,
    /// The printed page, field by field.
    Fields(Box<ManualFields>),
    /// A new traveller.
    New,
    /// Another member of the family whose case ended last: a child in the row.
    NewWith,
    /// Go on with what the decision says.
    Proceed,
    /// The parked traveller is back.
    Recall(CaseNumber),
    /// Try again after a device fault.
    Retry,
    /// A supervisor's decision.
    Review { case: CaseNumber, decision: ReviewDecision, reason: String, family: bool, seen: Option<usize> },
    /// What a reader typed while no field had the focus: the lines of a document, or the number of a case.
    Scanned(Personal<String>),
    /// Send the question to a supervisor.
    SendToSupervisor,
    /// Sign what was taken.
    Sign,
    /// Speak this language to the traveller.
    Speak(&'static str),
    /// What a slot was captured with is taken back, and it is captured anew.
    TakeBack(Slot),
    /// The traveller refuses.
    TravellerRefuses,
    /// One step back.
    Undo,
    /// The officer's veto, and why.
    Veto { slot: Slot, veto: Veto, reason: String },
}

/// What a supervisor decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewDecision {
    /// Good as it is, or confirmed.
    Approve,
    /// To be captured again.
    Recapture,
    /// Not accepted.
    Refuse,
}

/// Fields typed from the printed page.
#[derive(Debug)]
pub struct ManualFields {
    /// Three letters.
    pub nationality: String,
    /// Three letters.
    pub issuing_state: String,
    /// `P`, `PD`, `ID`.
    pub document_code: String,
    /// Document number.
    pub document_number: Personal<String>,
    /// Surname.
    pub surname: Personal<String>,
    /// Given names.
    pub given_names: Personal<String>,
    /// `1974-08-12`, `XX` for unknown parts.
    pub birth_date: Personal<String>,
    /// `F`, `M` or `X`.
    pub sex: String,
    /// `2032-04-15`.
    pub expiry_date: String,
}

/// A command with who gave it and where the answer goes.
#[derive(Debug)]
pub struct Order {
    /// What.
    pub command: Command,
    /// Who.
    pub by: StaffId,
    /// What stood on the page that it was given from, where the page says so.
    pub at: Option<String>,
    /// The answer.
    pub answer: oneshot::Sender<Result<(), DeskRefusal>>,
}

/// A sample as a browser shows it: media type and file.
pub type Picture = (&'static str, Biometric<Vec<u8>>);

/// A picture that a supervisor asks to see.
#[derive(Debug)]
pub struct SampleRequest {
    /// Which case.
    pub case: CaseNumber,
    /// Which slot.
    pub slot: Slot,
    /// Which of its attempts; the best one where none is named.
    pub attempt: Option<u8>,
    /// JPEG or PNG with its media type, if there is one.
    pub answer: oneshot::Sender<Option<Picture>>,
}

/// Why the desk does not do what it is asked. Each has a code and says what to do now.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DeskRefusal {
    /// The session does not take it now.
    #[error("That is not possible at this step. Look at the page again: it shows what comes next")]
    NotNow,
    /// The page that the order came from showed something else than what is there now.
    #[error("The page showed an earlier step, so nothing was done. Look at it again")]
    Outdated,
    /// There is a case at the desk.
    #[error("Another traveller is still at the desk. Finish or cancel that case first")]
    DeskBusy,
    /// There is no case at the desk.
    #[error("No traveller is at the desk. Press New traveller first")]
    DeskEmpty,
    /// The document cannot be read; what is wrong with it.
    #[error("The document could not be read: {0}")]
    Document(String),
    /// A manual field is wrong.
    #[error("The field {0} is not filled in correctly: {1}")]
    Field(&'static str, String),
    /// The ground may not be attested here.
    #[error("This ground cannot be claimed under the rule that applies now. Choose one from the list")]
    UnknownGround,
    /// The answer does not fit the question.
    #[error("This answer does not fit the question. Choose one of the answers on the page")]
    UnknownAnswer,
    /// The open question comes first.
    #[error("Settle the open question first")]
    QuestionOpen,
    /// Nobody decides on their own case.
    #[error("You worked on this case yourself. Another supervisor has to decide")]
    OwnCase,
    /// There is no such case.
    #[error("There is no waiting case of this number. It may have been decided already")]
    NoSuchCase,
    /// Nothing is known of such a case.
    #[error("Nothing is known of a case of this number. Compare it with the receipt")]
    UnknownCase,
    /// A supervisor gave no reason.
    #[error("Choose a reason: it stands in the record")]
    ReasonMissing,
    /// A supervisor chose "other" and said no more.
    #[error("\"Other\" alone says nothing. Write why in your own words, without names")]
    NoteMissing,
    /// Somebody's own words are too long.
    #[error("This text is too long, and nothing was done. Write 200 characters at most")]
    NoteTooLong,
    /// The case that a family refers to is no confirmed exemption.
    #[error("No exemption of this day is confirmed under this number. Compare it with the receipt, or leave it out")]
    UnknownFamily,
    /// Too many cases wait.
    #[error("Too many cases wait for a supervisor. Have some of them decided before the next traveller")]
    TooManyParked,
    /// The number of an application or a profile cannot be one.
    #[error("This cannot be read as a number: {0}. Go on without it if the traveller has no other")]
    Number(NumberError),
    /// No device can take it.
    #[error("No {0} is configured. Tell the administrator")]
    NoDevice(&'static str),
    /// There is nothing that finds faces.
    #[error("The face detector could not be loaded. Run the set-up command, or tell the administrator")]
    NoFaceEngine,
    /// The scanner is below enrolment grade and there is no override.
    #[error(
        "The fingerprint scanner is not ready, or not of enrolment grade, and there is no laboratory override. Tell the administrator"
    )]
    ScannerGrade,
    /// The disk is full or the store is not to be trusted.
    #[error("{0}")]
    Store(String),
}

impl DeskRefusal {
    /// The code, to be read out over the telephone.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotNow => "U-01",
            Self::DeskBusy => "U-02",
            Self::DeskEmpty => "U-03",
            Self::Document(_) => "U-04",
            Self::Field(..) => "U-05",
            Self::UnknownGround => "U-06",
            Self::UnknownAnswer => "U-07",
            Self::QuestionOpen => "U-08",
            Self::OwnCase => "U-09",
            Self::NoSuchCase => "U-10",
            Self::ReasonMissing => "U-11",
            Self::TooManyParked => "U-12",
            Self::NoDevice(_) => "U-13",
            Self::ScannerGrade => "U-14",
            Self::NoFaceEngine => "U-15",
            Self::Outdated => "U-16",
            Self::UnknownCase => "U-17",
            Self::Number(_) => "U-18",
            Self::NoteMissing => "U-19",
            Self::NoteTooLong => "U-20",
            Self::UnknownFamily => "U-21",
            Self::Store(_) => "S-01",
        }
    }
}

impl From<Refused> for DeskRefusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NotDue(_) | Refused::NotNow { .. } => Self::NotNow,
            Refused::OwnCase(_) => Self::OwnCase,
            Refused::QuestionOpen(_) => Self::QuestionOpen,
        }
    }
}
