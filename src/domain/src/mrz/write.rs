//! Writing: fields to lines, with check digits. Simulated documents are made with it.

use super::check_digit::{FILLER, check_digit};
use super::date::PartialDate;
use super::error::Field;
use super::layout::{Format, Layout, Span};
use super::{Sex, name};
use alloc::string::String;
use alloc::vec::Vec;
use thiserror::Error;

/// What is printed into a machine readable zone. No `Debug`: it is all personal data.
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    /// One or two letters. A visa's first one is `V`, and no other document's is.
    pub document_code: &'a str,
    /// Up to three letters.
    pub issuing_state: &'a str,
    /// Up to three letters.
    pub nationality: &'a str,
    /// Letters, spaces, hyphens and apostrophes.
    pub primary: &'a str,
    /// The same; may be empty.
    pub secondary: &'a str,
    /// Letters and digits; a space, a hyphen or `<` becomes a filler. Nine characters; on TD1 22, on TD2 14.
    pub document_number: &'a str,
    /// Date of birth.
    pub birth_date: PartialDate,
    /// Sex.
    pub sex: Sex,
    /// Date of expiry.
    pub expiry_date: PartialDate,
    /// The same characters as the number; on TD3 the personal number.
    pub optional: &'a str,
    /// TD1 only.
    pub optional_2: &'a str,
}

/// Why these fields cannot be printed. Nothing of them is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WriteError {
    /// A visa needs a document code with V, every other document one without.
    #[error("the document code does not belong to a {} document", .format.id())]
    CodeOfAnotherFormat {
        /// The wanted format.
        format: Format,
    },
    /// The primary identifier has no letter.
    #[error("the name has no primary identifier")]
    NoName,
    /// More characters than the field has.
    #[error("the {field} is longer than its field")]
    TooLong {
        /// Which field.
        field: Field,
    },
    /// A character that this writer does not transliterate.
    #[error("the {field} holds a character that cannot be written")]
    Untranslatable {
        /// Which field.
        field: Field,
    },
}

/// The lines of a document with these fields, all check digits in place. Long names are truncated by the rules.
pub fn write(fields: &Fields<'_>, format: Format) -> Result<Vec<String>, WriteError> {
    let layout = format.layout();
    if fields.document_code.starts_with(['V', 'v']) != format.is_visa() {
        return Err(WriteError::CodeOfAnotherFormat { format });
    }
    let mut page = Page::new(layout);
    page.code(Field::DocumentCode, layout.code, fields.document_code)?;
    page.code(Field::IssuingState, layout.state, fields.issuing_state)?;
    page.code(Field::Nationality, layout.nationality, fields.nationality)?;
    page.put(layout.name, &name::join(fields.primary, fields.secondary, layout.name.len)?);
    page.number(layout, fields)?;
    page.date(layout.birth, layout.birth_check, fields.birth_date);
    page.put(layout.sex, &[sex_letter(fields.sex)]);
    page.date(layout.expiry, layout.expiry_check, fields.expiry_date);
    if let Some(digit) = layout.optional_check {
        page.check(digit, &[layout.optional]);
    }
    let optional_2 = characters(Field::PersonalNumber, fields.optional_2)?;
    match layout.optional_2 {
        Some(span) => page.fit(Field::PersonalNumber, span, &optional_2)?,
        None if optional_2.is_empty() => {}
        None => return Err(WriteError::TooLong { field: Field::PersonalNumber }),
    }
    if let Some(digit) = layout.composite {
        page.check(digit, layout.composite_over);
    }
    Ok(page.lines.into_iter().map(|line| line.into_iter().map(char::from).collect()).collect())
}

fn sex_letter(sex: Sex) -> u8 {
    match sex {
        Sex::Female => b'F',
        Sex::Male => b'M',
        Sex::Unspecified => FILLER,
    }
}

/// The lines while they are written; all fillers at first.
struct Page {
    lines: Vec<Vec<u8>>,
}

impl Page {
    fn new(layout: &Layout) -> Self {
        Self { lines: alloc::vec![alloc::vec![FILLER; layout.width]; layout.lines] }
    }

    /// `text` fits: the callers have seen to it.
    fn put(&mut self, span: Span, text: &[u8]) {
        self.lines[span.line][span.from..span.from + text.len()].copy_from_slice(text);
    }

    fn fit(&mut self, field: Field, span: Span, text: &[u8]) -> Result<(), WriteError> {
        if text.len() > span.len {
            return Err(WriteError::TooLong { field });
        }
        self.put(span, text);
        Ok(())
    }

    fn code(&mut self, field: Field, span: Span, code: &str) -> Result<(), WriteError> {
        if !code.bytes().all(|c| c.is_ascii_alphabetic()) || (code.is_empty() && field == Field::DocumentCode) {
            return Err(WriteError::Untranslatable { field });
        }
        self.fit(field, span, code.to_ascii_uppercase().as_bytes())
    }

    /// The number, its check digit and the optional data behind it.
    fn number(&mut self, layout: &Layout, fields: &Fields<'_>) -> Result<(), WriteError> {
        let number = characters(Field::DocumentNumber, fields.document_number)?;
        let optional = characters(Field::PersonalNumber, fields.optional)?;
        if number.len() <= layout.number.len {
            self.put(layout.number, &number);
            self.check(layout.number_check, &[layout.number]);
            // Behind a filler instead of a check digit this would read as a longer number; a digit stands there.
            return self.fit(Field::PersonalNumber, layout.optional, &optional);
        }
        let (head, tail) = number.split_at(layout.number.len);
        // The rest, its check digit and a filler have to find a place, and a filler inside would end the number.
        if !layout.long_numbers || tail.len() + 2 > layout.optional.len || tail.contains(&FILLER) {
            return Err(WriteError::TooLong { field: Field::DocumentNumber });
        }
        let mut continued = tail.to_vec();
        continued.extend([check_digit(number.iter().copied()), FILLER]);
        continued.extend(optional);
        self.put(layout.number, head);
        self.fit(Field::PersonalNumber, layout.optional, &continued)
    }

    fn date(&mut self, span: Span, digit: Span, date: PartialDate) {
        let mut text = [FILLER; 6];
        for (place, part) in text.chunks_exact_mut(2).zip([date.year2(), date.month(), date.day()]) {
            if let Some(value) = part {
                place.copy_from_slice(&[b'0' + value / 10, b'0' + value % 10]);
            }
        }
        self.put(span, &text);
        self.check(digit, &[span]);
    }

    fn check(&mut self, digit: Span, over: &[Span]) {
        let characters = over.iter().flat_map(|span| self.lines[span.line][span.from..span.from + span.len].iter());
        let computed = check_digit(characters.copied());
        self.put(digit, &[computed]);
    }
}

/// Letters and digits, raised; spaces and hyphens as fillers; none at the end.
fn characters(field: Field, text: &str) -> Result<Vec<u8>, WriteError> {
    let mut written = Vec::with_capacity(text.len());
    for c in text.bytes() {
        match c {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => written.push(c.to_ascii_uppercase()),
            b' ' | b'-' | FILLER => written.push(FILLER),
            _ => return Err(WriteError::Untranslatable { field }),
        }
    }
    while written.last() == Some(&FILLER) {
        written.pop();
    }
    Ok(written)
}
