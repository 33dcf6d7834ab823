//! The number of an application, as it is typed or as a reader hands over what stands in a barcode.

use crate::guarded::Personal;
use alloc::string::String;
use thiserror::Error;

/// The longest text that is looked at, in bytes: own value, more than a number with its separators takes.
pub const MAX_SCAN_BYTES: usize = 256;

/// How many letters and digits a number has. No source tells its form, so the limits are wide (project's reading).
const LETTERS: core::ops::RangeInclusive<usize> = 4..=64;

/// The number of a pre-arrival application: 4 to 64 capital letters and digits. Personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationNumber(Personal<String>);

/// Why a text is no number. The text itself is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NumberError {
    /// Something else than letters of the Latin alphabet, digits, spaces and dashes, such as a web address.
    #[error("the number of an application has Latin letters, digits, spaces and dashes only; type it from the paper")]
    Character,
    /// Too short or too long.
    #[error("the number of an application has 4 to 64 letters and digits; type it from the paper")]
    Length,
}

impl ApplicationNumber {
    /// Reads what was typed or scanned. A symbology identifier in front (`]Q1`, ISO/IEC 15424) is left out, spaces and
    /// dashes too, and small letters become capitals.
    ///
    /// # Errors
    /// When the text cannot be a number.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        if text.len() > MAX_SCAN_BYTES {
            return Err(NumberError::Length);
        }
        let text = text.trim();
        let text = symbology(text).unwrap_or(text);
        let mut number = Personal::new(String::with_capacity(text.len()));
        for letter in text.chars() {
            match letter {
                ' ' | '-' => {}
                _ if letter.is_ascii_alphanumeric() => number.expose_mut().push(letter.to_ascii_uppercase()),
                _ => return Err(NumberError::Character),
            }
        }
        if LETTERS.contains(&number.expose().len()) { Ok(Self(number)) } else { Err(NumberError::Length) }
    }

    /// Reads the bytes of a barcode.
    ///
    /// # Errors
    /// When the bytes cannot be a number.
    pub fn from_scan(bytes: &[u8]) -> Result<Self, NumberError> {
        if bytes.len() > MAX_SCAN_BYTES {
            return Err(NumberError::Length);
        }
        core::str::from_utf8(bytes).map_err(|_| NumberError::Character).and_then(Self::parse)
    }

    /// For the record.
    pub fn into_personal(self) -> Personal<String> {
        self.0
    }
}

/// What follows `]`, a letter and a modifier.
fn symbology(text: &str) -> Option<&str> {
    let [b']', code, modifier, ..] = text.as_bytes() else { return None };
    let fits = code.is_ascii_alphabetic() && modifier.is_ascii_alphanumeric();
    fits.then(|| text.get(3..)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, vec::Vec};
    use proptest::prelude::*;

    #[test]
    fn numbers_are_read_as_typed_and_as_scanned() {
        for (text, number) in [
            ("AB12-3456 7890", Ok("AB1234567890")),
            (" ab12\r\n", Ok("AB12")),
            ("]Q1AB12-34", Ok("AB1234")),
            ("]C0 0042", Ok("0042")),
            ("]Q", Err(NumberError::Character)),
            ("A-1", Err(NumberError::Length)),
            ("", Err(NumberError::Length)),
            ("https://example.org/?n=AB12", Err(NumberError::Character)),
            ("АВ123456", Err(NumberError::Character)),
        ] {
            let read = ApplicationNumber::parse(text).map(|read| read.into_personal().expose().clone());
            assert_eq!(read, number.map(String::from), "{text:?}");
        }
        assert_eq!(ApplicationNumber::parse(&"7".repeat(64)).map(|_| ()), Ok(()));
        assert_eq!(ApplicationNumber::parse(&"7".repeat(65)), Err(NumberError::Length));
        assert_eq!(ApplicationNumber::from_scan(&[0xff, b'1', b'2', b'3']), Err(NumberError::Character));
        assert_eq!(ApplicationNumber::from_scan(&[b'7'; MAX_SCAN_BYTES + 1]), Err(NumberError::Length));
    }

    #[test]
    fn a_number_is_not_printed() {
        let number = ApplicationNumber::parse("AB123456").unwrap();
        assert_eq!(format!("{number:?}"), "ApplicationNumber(Personal(8 bytes))");
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_number_of_its_form_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(number) = ApplicationNumber::from_scan(&bytes) {
                let number = number.into_personal();
                prop_assert!(LETTERS.contains(&number.expose().len()));
                prop_assert!(number.expose().bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()));
            }
        }

        #[test]
        fn separators_and_small_letters_change_nothing(number in "[A-Z0-9]{4,64}", gaps in prop::collection::vec(0..4usize, 64)) {
            let spread: Vec<char> = number
                .chars()
                .zip(gaps)
                .flat_map(|(letter, gap)| [letter.to_ascii_lowercase()].into_iter().chain("- -".chars().take(gap)))
                .collect();
            let read = ApplicationNumber::parse(&spread.into_iter().collect::<String>());
            let whole = ApplicationNumber::parse(&number);
            prop_assert!(whole.is_ok());
            prop_assert!(read == whole || read == Err(NumberError::Length));
        }
    }
}
