//! What can be wanted of a simulated person.

use domain::finger::Finger;
use domain::mrz::Format;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How much of a birth date the document states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BirthKnown {
    /// Year, month and day.
    #[default]
    Full,
    /// Nothing.
    Nothing,
    /// The year alone.
    Year,
    /// Year and month.
    YearAndMonth,
}

/// Wishes for a person; what is left out, the seed decides.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Traits {
    /// Three-letter code (`D` for Germany).
    pub nationality: Option<String>,
    /// Three-letter code; the nationality when left out.
    pub issuing_state: Option<String>,
    /// `P` when left out.
    pub document_code: Option<String>,
    /// `TD1`, `TD2`, `TD3`; TD3 when left out.
    pub format: Option<String>,
    /// Completed years, 0 to 100; 18 to 75 when left out.
    pub age: Option<u8>,
    /// How much of the birth date the document states.
    pub birth_known: BirthKnown,
    /// Whether there is a face to be seen; there is when left out.
    pub face: Option<bool>,
    /// 0 the darkest skin, 1 the lightest.
    pub skin: Option<f32>,
    /// How bad the fingers are: 0 good, 1 no sensor can make anything of them.
    #[serde(alias = "finger_quality")]
    pub degradation: f32,
    /// Dry skin, 0 to 1.
    #[serde(alias = "dry")]
    pub dryness: f32,
    /// Wet skin, 0 to 1.
    #[serde(alias = "wet")]
    pub wetness: f32,
    /// Fingers that cannot be put on a sensor.
    pub missing: Vec<Finger>,
}

/// A wish that cannot be met.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TraitsError {
    /// Codes are one to three capital letters.
    #[error("{0} is not one to three capital letters")]
    Code(&'static str),
    /// No such format.
    #[error("format is not TD1, TD2 or TD3")]
    Format,
    /// A number outside its range.
    #[error("{0} is not within its range")]
    Range(&'static str),
}

impl Traits {
    /// The traits, if every one of them can be met.
    pub fn checked(self) -> Result<Self, TraitsError> {
        let code = |text: &Option<String>| {
            text.as_ref().is_none_or(|code| {
                (1..=3).contains(&code.len()) && code.bytes().all(|letter| letter.is_ascii_uppercase())
            })
        };
        for (name, text) in [("nationality", &self.nationality), ("issuing_state", &self.issuing_state)] {
            if !code(text) {
                return Err(TraitsError::Code(name));
            }
        }
        if !code(&self.document_code) || self.document_code.as_ref().is_some_and(|c| c.len() > 2 || c.starts_with('V'))
        {
            return Err(TraitsError::Code("document_code"));
        }
        let document = self.format.as_deref().map(Format::from_id);
        if document.is_some_and(|format| format.is_none_or(Format::is_visa)) {
            return Err(TraitsError::Format);
        }
        for (name, value) in [
            ("skin", self.skin.unwrap_or(0.0)),
            ("degradation", self.degradation),
            ("dryness", self.dryness),
            ("wetness", self.wetness),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return Err(TraitsError::Range(name));
            }
        }
        if self.age.is_some_and(|age| age > 100) {
            return Err(TraitsError::Range("age"));
        }
        Ok(self)
    }

    /// The layout of the document.
    pub fn format(&self) -> Format {
        self.format.as_deref().and_then(Format::from_id).unwrap_or(Format::Td3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_wishes_are_named() {
        let rows = [
            (Traits { nationality: Some("BELARUS".into()), ..Traits::default() }, "nationality"),
            (Traits { issuing_state: Some("".into()), ..Traits::default() }, "issuing_state"),
            (Traits { document_code: Some("V".into()), ..Traits::default() }, "document_code"),
            (Traits { format: Some("MRV-A".into()), ..Traits::default() }, "format"),
            (Traits { degradation: 1.5, ..Traits::default() }, "degradation"),
            (Traits { skin: Some(f32::NAN), ..Traits::default() }, "skin"),
            (Traits { age: Some(101), ..Traits::default() }, "age"),
        ];
        for (traits, named) in rows {
            let error = traits.checked().unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
        assert!(Traits::default().checked().is_ok());
    }
}
