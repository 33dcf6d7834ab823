//! What can be wrong with the structure of an MRZ, said to the officer in finished sentences.

use alloc::string::String;
use core::fmt;
use thiserror::Error;

/// A field of the MRZ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Date of birth.
    BirthDate,
    /// All protected fields of the document together. Visas have no composite check digit.
    Composite,
    /// Type of the document.
    DocumentCode,
    /// Number of the document.
    DocumentNumber,
    /// Date of expiry.
    ExpiryDate,
    /// Issuing State or organisation.
    IssuingState,
    /// Name of the holder.
    Name,
    /// Nationality of the holder.
    Nationality,
    /// The personal number of a TD3 document.
    PersonalNumber,
    /// Sex.
    Sex,
}

impl Field {
    /// The key of its name in the locale files, records and logs: `birth-date`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::BirthDate => "birth-date",
            Self::Composite => "composite",
            Self::DocumentCode => "document-code",
            Self::DocumentNumber => "document-number",
            Self::ExpiryDate => "expiry-date",
            Self::IssuingState => "issuing-state",
            Self::Name => "name",
            Self::Nationality => "nationality",
            Self::PersonalNumber => "personal-number",
            Self::Sex => "sex",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::BirthDate => "date of birth",
            Self::Composite => "composite check digit",
            Self::DocumentCode => "document code",
            Self::DocumentNumber => "document number",
            Self::ExpiryDate => "date of expiry",
            Self::IssuingState => "issuing State",
            Self::Name => "name",
            Self::Nationality => "nationality",
            Self::PersonalNumber => "personal number",
            Self::Sex => "sex",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// Why lines are no machine readable zone. Places are counted from 1. No sentence quotes what was read: the lines are
/// personal data.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MrzError {
    /// Nothing was read or typed.
    #[error("No lines were read. Lay the document on the reader again, or type its lines.")]
    Empty,
    /// A character that the MRZ does not have.
    #[error(
        "Line {line} has a character at position {position} that no document prints there. \
         Only A to Z, 0 to 9 and < occur: read the document again, or correct that character."
    )]
    IllegalCharacter {
        /// Which line.
        line: usize,
        /// Which character of it.
        position: usize,
    },
    /// The date does not exist.
    #[error("The {field} on line {line} is not a date of the calendar. Read the document again, or correct the line.")]
    ImpossibleDate {
        /// Which date.
        field: Field,
        /// Which line.
        line: usize,
    },
    /// A number of lines that no format has.
    #[error(
        "A document has 2 or 3 lines, but {found} came. Read it again, or type each printed line as a line of its own."
    )]
    LineCount {
        /// Lines that are not blank.
        found: usize,
    },
    /// A line of another length.
    #[error(
        "Line {line} has {found} characters, but it must have {expected}. Read the document again, or compare the line \
         with the document: every < counts."
    )]
    LineLength {
        /// Which line.
        line: usize,
        /// Its characters.
        found: usize,
        /// What the formats allow: `30`, `36 or 44`.
        expected: &'static str,
    },
    /// A character that this field cannot hold: a letter in a date, a digit in a name.
    #[error(
        "The {field} cannot have the character at line {line}, position {position}: {allowed}. \
         Read the document again, or correct that character."
    )]
    Misplaced {
        /// Which field.
        field: Field,
        /// Which line.
        line: usize,
        /// Which character of it.
        position: usize,
        /// What the field may hold, as a half sentence.
        allowed: &'static str,
    },
}

impl MrzError {
    /// The stable name of the error in logs, tests and locale files: `mrz-line-length`.
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Empty => "mrz-empty",
            Self::IllegalCharacter { .. } => "mrz-illegal-character",
            Self::ImpossibleDate { .. } => "mrz-impossible-date",
            Self::LineCount { .. } => "mrz-line-count",
            Self::LineLength { .. } => "mrz-line-length",
            Self::Misplaced { .. } => "mrz-misplaced",
        }
    }

    /// The sentence for the officer.
    pub fn sentence(&self) -> String {
        alloc::format!("{self}")
    }
}
