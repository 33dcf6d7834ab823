//! What is known about one traveller, and how it is known.

use super::birth::BirthDate;
use super::pack::Direction;
use crate::mrz::{Field, Mrz};
use crate::units::StaffId;
use alloc::{string::String, vec::Vec};
use jiff::civil::Date;
use thiserror::Error;

/// How the fields of the document came to the station.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The officer entered the fields from the printed page.
    Manual,
    /// A document reader read the machine readable zone.
    Reader,
    /// The officer typed the machine readable zone.
    Typed,
}

impl Evidence {
    /// The word in facts and on the command line.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Reader => "reader",
            Self::Typed => "typed",
        }
    }

    /// The evidence with this word.
    pub fn from_id(id: &str) -> Option<Self> {
        [Self::Manual, Self::Reader, Self::Typed].into_iter().find(|evidence| evidence.id() == id)
    }
}

/// An exemption that somebody claims and an officer has seen evidence of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// The ground of the pack.
    pub ground: String,
    /// Kind of the evidence, as the ground lists it: `accreditation-card`.
    pub evidence: String,
    /// The second person who has confirmed it.
    pub confirmed_by: Option<StaffId>,
}

/// What an officer answered to the engine's questions.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Answers {
    /// `birth-date`: the date of birth, from the printed page or the traveller.
    pub birth_date: Option<Date>,
    /// `confirm-child`: the traveller is a small child, and not somebody a hundred years older.
    pub child: Option<bool>,
    /// `hinted-exemption`: the traveller claims an exemption.
    pub claims_exemption: Option<bool>,
    /// `confirm-nationality`: the printed page shows the nationality that was read.
    pub nationality: Option<bool>,
    /// `read-again`: the printed page shows the fields that were read.
    pub read_again: Option<bool>,
}

/// An answer that the engine did not ask for, or cannot read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AnswerError {
    /// The question takes a date.
    #[error("the answer is a date such as 2019-12-24")]
    NotADate,
    /// The question takes yes or no.
    #[error("the answer is yes or no")]
    NotYesOrNo,
    /// No question of this identifier takes an answer of an officer.
    #[error(
        "there is no such question; an officer answers birth-date, confirm-child, confirm-nationality, \
         hinted-exemption and read-again"
    )]
    UnknownQuestion,
}

impl Answers {
    /// Takes an answer by the question's identifier: `yes`, `no`, or a date for `birth-date`.
    ///
    /// # Errors
    /// When the question or the form of the answer is unknown. Nothing is changed then.
    pub fn set(&mut self, question: &str, answer: &str) -> Result<(), AnswerError> {
        let slot = match question {
            "birth-date" => {
                self.birth_date = Some(answer.parse().map_err(|_| AnswerError::NotADate)?);
                return Ok(());
            }
            "confirm-child" => &mut self.child,
            "confirm-nationality" => &mut self.nationality,
            "hinted-exemption" => &mut self.claims_exemption,
            "read-again" => &mut self.read_again,
            _ => return Err(AnswerError::UnknownQuestion),
        };
        *slot = match answer {
            "yes" => Some(true),
            "no" => Some(false),
            _ => return Err(AnswerError::NotYesOrNo),
        };
        Ok(())
    }
}

impl core::fmt::Debug for Answers {
    /// Tells which questions are answered; a date of birth is not printed.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Answers")
            .field("birth_date", &self.birth_date.is_some())
            .field("child", &self.child)
            .field("claims_exemption", &self.claims_exemption)
            .field("nationality", &self.nationality)
            .field("read_again", &self.read_again)
            .finish()
    }
}

/// What another document of the same traveller said, shown before the one that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherDocument {
    /// Its nationality.
    pub nationality: String,
    /// How it came to the station.
    pub evidence: Evidence,
}

/// Everything that the engine may use about one traveller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// How the fields of the document came here.
    pub evidence: Evidence,
    /// Nationality, a code of Doc 9303-3 without fillers. Empty counts as absent.
    pub nationality: Option<String>,
    /// Issuing State or organisation, without fillers.
    pub issuing_state: Option<String>,
    /// Document code, without fillers: `P`, `PD`.
    pub document_code: Option<String>,
    /// Date of birth.
    pub birth_date: Option<BirthDate>,
    /// Fields whose check digit does not hold.
    pub failed_checks: Vec<Field>,
    /// Direction of travel.
    pub direction: Direction,
    /// A claimed exemption.
    pub attestation: Option<Attestation>,
    /// The officer's answers.
    pub answers: Answers,
    /// The supervisor who has ruled that biometrics are due.
    pub ruled_due_by: Option<StaffId>,
    /// Other documents that this traveller has shown, each with a nationality of its own; at most [`MAX_OTHERS`].
    pub others: Vec<OtherDocument>,
}

/// The most other documents that are remembered. Own value: nobody carries so many.
pub const MAX_OTHERS: usize = 4;

impl Facts {
    /// Nothing known yet, and fields to come in this way.
    pub fn none(evidence: Evidence) -> Self {
        Self {
            evidence,
            nationality: None,
            issuing_state: None,
            document_code: None,
            birth_date: None,
            failed_checks: Vec::new(),
            direction: Direction::default(),
            attestation: None,
            answers: Answers::default(),
            ruled_due_by: None,
            others: Vec::new(),
        }
    }

    /// Remembers what an earlier document of the same traveller said, so that nobody becomes a foreigner by showing a
    /// second passport. What was misread, or is not on the printed page, was not said.
    pub fn remember(&mut self, earlier: &Self) {
        let said = earlier.nationality().filter(|_| !earlier.misread() && earlier.answers.nationality != Some(false));
        let said = said.map(|code| OtherDocument { nationality: code.into(), evidence: earlier.evidence_now() });
        for other in earlier.others.iter().cloned().chain(said) {
            let same = |known: &str| known == other.nationality;
            let known = self.nationality().is_some_and(same) || self.others.iter().any(|o| same(&o.nationality));
            if !known && self.others.len() < MAX_OTHERS {
                self.others.push(other);
            }
        }
    }

    /// The facts of a machine readable zone.
    pub fn from_mrz(mrz: &Mrz, evidence: Evidence) -> Self {
        Self {
            nationality: Some(mrz.nationality.clone()),
            issuing_state: Some(mrz.issuing_state.clone()),
            document_code: Some(mrz.document_code.clone()),
            birth_date: Some(BirthDate::from_mrz(mrz.birth_date)),
            failed_checks: mrz.failed_checks().collect(),
            ..Self::none(evidence)
        }
    }

    /// What may be remembered of the facts: ages on this day in the place of dates of birth, and nobody's name. Every pack
    /// gives the same answer to them on that day.
    #[must_use]
    pub fn with_ages_only(&self, on: Date) -> Self {
        let somebody = || StaffId("somebody".into());
        let contradicted = self.birth_date_contradicted();
        let mut kept = self.clone();
        kept.birth_date = self.birth_date_now().map(|born| born.as_ages(on, contradicted));
        // That somebody answered is kept, and not what.
        kept.answers.birth_date = self.answers.birth_date.map(|_| on);
        kept.ruled_due_by = self.ruled_due_by.as_ref().map(|_| somebody());
        if let Some(attestation) = kept.attestation.as_mut() {
            attestation.confirmed_by = attestation.confirmed_by.as_ref().map(|_| somebody());
        }
        kept
    }

    /// The facts of somebody of the same ages on another day.
    pub(super) fn moved_to(mut self, on: Date) -> Self {
        self.birth_date = self.birth_date.map(|born| born.moved_to(on));
        self
    }

    /// The nationality, if there is one.
    pub(super) fn nationality(&self) -> Option<&str> {
        self.nationality.as_deref().filter(|code| !code.is_empty())
    }

    /// The issuing State, if there is one.
    pub(super) fn issuing_state(&self) -> Option<&str> {
        self.issuing_state.as_deref().filter(|code| !code.is_empty())
    }

    /// A check digit does not hold, and nobody has compared the fields with the printed page.
    pub(super) fn misread(&self) -> bool {
        !self.failed_checks.is_empty() && self.answers.read_again != Some(true)
    }

    /// How the fields are known now: an officer's comparison with the printed page takes the place of a check digit.
    pub(super) fn evidence_now(&self) -> Evidence {
        if self.failed_checks.is_empty() { self.evidence } else { Evidence::Manual }
    }

    /// The birth date that counts: what the officer answered, or what the document says.
    pub(super) fn birth_date_now(&self) -> Option<BirthDate> {
        let read = self.birth_date.as_ref();
        match self.answers.birth_date {
            Some(answered) if read.is_none_or(|read| !read.is_ages() && read.could_be(answered)) => {
                Some(BirthDate::full(answered))
            }
            _ => self.birth_date,
        }
    }

    /// The officer's date of birth contradicts the document.
    pub(super) fn birth_date_contradicted(&self) -> bool {
        let answered = self.answers.birth_date;
        answered.zip(self.birth_date).is_some_and(|(answered, read)| !read.could_be(answered))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_taken_by_their_question() {
        let mut answers = Answers::default();
        for (question, answer, taken) in [
            ("confirm-child", "yes", Ok(())),
            ("confirm-nationality", "no", Ok(())),
            ("birth-date", "2019-12-24", Ok(())),
            ("birth-date", "yes", Err(AnswerError::NotADate)),
            ("birth-date", "2019-02-30", Err(AnswerError::NotADate)),
            ("read-again", "perhaps", Err(AnswerError::NotYesOrNo)),
            ("confirm-attestation", "yes", Err(AnswerError::UnknownQuestion)),
        ] {
            assert_eq!(answers.set(question, answer), taken, "{question}={answer}");
        }
        assert_eq!((answers.child, answers.nationality, answers.read_again), (Some(true), Some(false), None));
    }
}
