//! The machine readable zone of travel documents (ICAO Doc 9303, eighth edition, parts 3 to 7).
//!
//! [`parse`] reads lines, [`write()`] makes them. A wrong structure is an error with a finished sentence; a wrong check
//! digit is not: it is a fact that the result carries, because by the rules it never decides anything on its own.
//! Nothing is guessed: no letter is taken for a digit, no line is joined or cut.

mod check_digit;
pub mod codes;
mod date;
mod error;
mod layout;
mod name;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use check_digit::check_digit;
pub use codes::{CodeKind, Hint};
pub use date::{ImpossibleDate, MAX_AGE_YEARS, PartialDate};
pub use error::{Field, MrzError};
pub use layout::Format;
pub use name::Name;
pub use read::parse;
pub use write::{Fields, WriteError, write};

use crate::guarded::Personal;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// What a machine readable zone says. `Debug` shows the kind of document and nothing about the person.
#[derive(Clone, PartialEq, Eq)]
pub struct Mrz {
    /// Which of the five layouts.
    pub format: Format,
    /// One or two letters: `P`, `PD`, `V`, `ID`.
    pub document_code: String,
    /// Issuing State or organisation, without fillers: `UTO`, `D`. Not checked against [`codes::known`].
    pub issuing_state: String,
    /// Nationality of the holder, without fillers. No check digit protects it.
    pub nationality: String,
    /// The holder's name.
    pub name: Name,
    /// Number of the document, joined where a TD1 or TD2 document continues it in the optional data. Fillers inside
    /// stand as `<`, those at the end are dropped. May be empty.
    pub document_number: Personal<String>,
    /// Date of birth, with unknown parts.
    pub birth_date: PartialDate,
    /// Sex, as the issuing State states it.
    pub sex: Sex,
    /// Date of expiry. Some identity cards state none: then every part is unknown.
    pub expiry_date: PartialDate,
    /// Optional data, on a TD3 document the personal number. Fillers inside stand as `<`, those at the end are dropped.
    pub optional: Personal<String>,
    /// The second field of optional data, which only TD1 has.
    pub optional_2: Personal<String>,
    /// Every check digit of the format, and whether it holds.
    pub checks: Vec<Check>,
}

/// One check digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// What it protects.
    pub field: Field,
    /// The printed digit is the computed one.
    pub holds: bool,
}

/// Sex as an MRZ states it (Doc 9303-4, 4.2.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sex {
    /// `F`.
    Female,
    /// `M`.
    Male,
    /// `<`, and `X`, which some States print instead.
    Unspecified,
}

impl Mrz {
    /// The fields whose check digit does not hold. Empty for a clean reading.
    pub fn failed_checks(&self) -> impl Iterator<Item = Field> + '_ {
        self.checks.iter().filter(|check| !check.holds).map(|check| check.field)
    }

    /// Whether the check digit of a field, and the composite one where it covers the field too, hold. `false` for a
    /// field that no check digit of this format protects.
    pub fn is_protected(&self, field: Field) -> bool {
        let own = self.checks.iter().any(|check| check.field == field && check.holds);
        let composite = self.checks.iter().all(|check| check.field != Field::Composite || check.holds);
        own && composite
    }
}

impl fmt::Debug for Mrz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mrz")
            .field("format", &self.format)
            .field("document_code", &self.document_code)
            .field("issuing_state", &self.issuing_state)
            .field("checks", &self.checks)
            .finish_non_exhaustive()
    }
}
