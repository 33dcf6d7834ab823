//! The name field: fillers, truncation, and what they hide (Doc 9303-3, 4.6; Doc 9303-4, 4.2.3).

use super::check_digit::FILLER;
use super::write::WriteError;
use crate::guarded::Personal;
use alloc::string::String;
use alloc::vec::Vec;

/// The holder's name as the MRZ has it: without diacritics, apostrophes and hyphens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Primary identifier, mostly the surname; a space between its parts.
    pub primary: Personal<String>,
    /// Secondary identifier, mostly the given names; empty where the document states none.
    pub secondary: Personal<String>,
    /// The field is full up to its last letter, so the name must be treated as truncated. It may fit all the same.
    pub truncated: bool,
}

/// Splits a name field that holds nothing but letters and fillers. `None` when it does not start with a letter.
pub(super) fn split(field: &str) -> Option<Name> {
    let (primary, secondary) = field.split_once("<<").unwrap_or((field, ""));
    let truncated = !field.ends_with('<');
    let (primary, secondary) = (spaced(primary), spaced(secondary));
    let starts_well = field.bytes().next().is_some_and(|first| first != FILLER);
    starts_well.then(|| Name { primary: Personal::new(primary), secondary: Personal::new(secondary), truncated })
}

fn spaced(field: &str) -> String {
    let mut name = String::with_capacity(field.len());
    for part in field.split('<').filter(|part| !part.is_empty()) {
        if !name.is_empty() {
            name.push(' ');
        }
        name.push_str(part);
    }
    name
}

/// Both identifiers in a field of this width, truncated where they do not fit.
pub(super) fn join(primary: &str, secondary: &str, width: usize) -> Result<Vec<u8>, WriteError> {
    let mut field = components(primary)?;
    let secondary = components(secondary)?;
    if field.is_empty() {
        return Err(WriteError::NoName);
    }
    if !secondary.is_empty() {
        // Two fillers and the first letter of the secondary identifier must find a place (Doc 9303-4, 4.2.2.1).
        cut(&mut field, width - 3);
        field.extend([FILLER; 2]);
        field.extend(secondary);
    }
    cut(&mut field, width);
    field.resize(width, FILLER);
    Ok(field)
}

/// At most `width` characters, and what is cut ends with a letter, or nobody would see that it was.
fn cut(field: &mut Vec<u8>, width: usize) {
    if field.len() > width && field[width - 1] == FILLER {
        free_one_position(field, width);
    }
    field.truncate(width);
}

/// Where the cut would fall behind a filler, the longest part before it gives up its last letter; where all parts are
/// initials, that filler goes.
fn free_one_position(field: &mut Vec<u8>, width: usize) {
    let mut longest = (0, 0);
    let mut start = 0;
    for part in field[..width].split(|c| *c == FILLER) {
        if part.len() > longest.1 {
            longest = (start, part.len());
        }
        start += part.len() + 1;
    }
    let (start, len) = longest;
    field.remove(if len > 1 { start + len - 1 } else { width - 1 });
}

/// Letters with single fillers between the parts: apostrophes vanish, spaces and hyphens become fillers.
fn components(name: &str) -> Result<Vec<u8>, WriteError> {
    let mut field = Vec::with_capacity(name.len());
    for c in name.chars() {
        match c {
            'a'..='z' | 'A'..='Z' => field.push(c.to_ascii_uppercase() as u8),
            '\'' | '\u{2019}' => {}
            ' ' | '-' if field.last().is_some_and(|last| *last != FILLER) => field.push(FILLER),
            ' ' | '-' => {}
            _ => return Err(WriteError::Untranslatable { field: super::Field::Name }),
        }
    }
    if field.last() == Some(&FILLER) {
        field.pop();
    }
    Ok(field)
}
