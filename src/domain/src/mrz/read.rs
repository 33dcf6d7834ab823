//! Reading: lines to fields.

use super::check_digit::{FILLER, check_digit};
use super::date::PartialDate;
use super::error::{Field, MrzError};
use super::layout::{Format, Layout, Span};
use super::{Check, Mrz, Sex, name};
use crate::guarded::Personal;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

const DIGIT: &str = "a check digit is 0 to 9";
const DATE: &str = "a date has digits, or << for an unknown part";
const CODE: &str = "a code has letters, followed by < where it is shorter than its field";
const NAME: &str = "a name starts with a letter and has letters and < only";
const SEX: &str = "it is F, M, X or <";

/// Reads the lines of a machine readable zone, separated by line ends.
///
/// Blank lines and spaces around a line are dropped, and small letters raised, since people type them. Nothing else is
/// forgiven. Check digits that do not hold are in [`Mrz::checks`].
///
/// # Errors
/// The first fault of the structure, without what was read.
pub fn parse(text: &str) -> Result<Mrz, MrzError> {
    let printed: Vec<&str> = text.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty()).collect();
    let shape = shape(&printed)?;
    let zone = Zone::new(&printed)?;
    let format = zone.format(shape);
    zone.read(format)
}

/// Lines and width of a zone, before it is known whether it is a visa.
enum Shape {
    Card,
    Small,
    Large,
}

fn shape(lines: &[&str]) -> Result<Shape, MrzError> {
    let width = |line: &&str| line.chars().count();
    let (shape, width_wanted, expected) = match lines {
        [] => return Err(MrzError::Empty),
        [_, _, _] => (Shape::Card, 30, "30"),
        [first, _] => match width(first) {
            36 => (Shape::Small, 36, "36, like line 1"),
            44 => (Shape::Large, 44, "44, like line 1"),
            found => return Err(MrzError::LineLength { line: 1, found, expected: "36 or 44" }),
        },
        // One long line is said to be too long: that tells more than "1 line".
        [only] if width(only) > 44 => {
            return Err(MrzError::LineLength { line: 1, found: width(only), expected: "30, 36 or 44" });
        }
        _ => return Err(MrzError::LineCount { found: lines.len() }),
    };
    match lines.iter().map(width).enumerate().find(|(_, found)| *found != width_wanted) {
        Some((line, found)) => Err(MrzError::LineLength { line: line + 1, found, expected }),
        None => Ok(shape),
    }
}

/// Lines of one width that hold nothing but A to Z, 0 to 9 and `<`.
struct Zone {
    lines: Vec<Personal<String>>,
}

impl Zone {
    fn new(printed: &[&str]) -> Result<Self, MrzError> {
        let mut lines = Vec::with_capacity(printed.len());
        for (number, line) in printed.iter().enumerate() {
            let bad = line.chars().position(|c| !(c.is_ascii_alphanumeric() || c == '<'));
            if let Some(place) = bad {
                return Err(MrzError::IllegalCharacter { line: number + 1, position: place + 1 });
            }
            lines.push(Personal::new(line.to_ascii_uppercase()));
        }
        Ok(Self { lines })
    }

    fn format(&self, shape: Shape) -> Format {
        let visa = self.lines.first().is_some_and(|line| line.expose().starts_with('V'));
        match (shape, visa) {
            (Shape::Card, _) => Format::Td1,
            (Shape::Small, false) => Format::Td2,
            (Shape::Small, true) => Format::MrvB,
            (Shape::Large, false) => Format::Td3,
            (Shape::Large, true) => Format::MrvA,
        }
    }

    fn read(&self, format: Format) -> Result<Mrz, MrzError> {
        let layout = format.layout();
        let number = self.number(layout)?;
        let checks = self.checks(layout, &number)?;
        let bad_name = |place| misplaced(Field::Name, layout.name, place, NAME);
        let name_field = self.text(layout.name);
        if let Some(place) = name_field.bytes().position(|c| c.is_ascii_digit()) {
            return Err(bad_name(place));
        }
        Ok(Mrz {
            format,
            document_code: self.code(Field::DocumentCode, layout.code)?,
            issuing_state: self.code(Field::IssuingState, layout.state)?,
            nationality: self.code(Field::Nationality, layout.nationality)?,
            name: name::split(name_field).ok_or_else(|| bad_name(0))?,
            document_number: number.value,
            birth_date: self.date(Field::BirthDate, layout.birth)?,
            sex: self.sex(layout.sex)?,
            expiry_date: self.date(Field::ExpiryDate, layout.expiry)?,
            optional: number.optional,
            optional_2: layout.optional_2.map_or_else(|| trimmed(""), |span| trimmed(self.text(span))),
            checks,
        })
    }

    /// The characters of a span. Lines and layout have the same width.
    fn text(&self, span: Span) -> &str {
        &self.lines[span.line].expose()[span.from..span.from + span.len]
    }

    /// Letters, then fillers. Empty where the document leaves the field blank.
    fn code(&self, field: Field, span: Span) -> Result<String, MrzError> {
        let text = self.text(span);
        let code = text.trim_end_matches('<');
        match code.bytes().position(|c| !c.is_ascii_uppercase()) {
            Some(place) => Err(misplaced(field, span, place, CODE)),
            None if code.is_empty() && field == Field::DocumentCode => Err(misplaced(field, span, 0, CODE)),
            None => Ok(code.to_string()),
        }
    }

    fn date(&self, field: Field, span: Span) -> Result<PartialDate, MrzError> {
        let text = self.text(span);
        let part = |from: usize| match &text.as_bytes()[from..from + 2] {
            [FILLER, FILLER] => Ok(None),
            [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Ok(Some((tens - b'0') * 10 + (ones - b'0'))),
            [first, _] => {
                let place = if first.is_ascii_digit() { from + 1 } else { from };
                Err(misplaced(field, span, place, DATE))
            }
            _ => Err(misplaced(field, span, from, DATE)),
        };
        PartialDate::new(part(0)?, part(2)?, part(4)?)
            .map_err(|_| MrzError::ImpossibleDate { field, line: span.line + 1 })
    }

    fn sex(&self, span: Span) -> Result<Sex, MrzError> {
        match self.text(span) {
            "F" => Ok(Sex::Female),
            "M" => Ok(Sex::Male),
            "<" | "X" => Ok(Sex::Unspecified),
            _ => Err(misplaced(Field::Sex, span, 0, SEX)),
        }
    }

    /// The document number with its check digit. Where it has more than nine characters, a filler stands instead of
    /// the check digit, and the rest with its check digit opens the optional data (Doc 9303-5, note j).
    fn number(&self, layout: &Layout) -> Result<Number, MrzError> {
        let head = self.text(layout.number);
        let check = self.text(layout.number_check);
        let optional = self.text(layout.optional);
        let continued = layout.long_numbers && check == "<" && !optional.starts_with('<');
        if !continued {
            let holds = self.holds(Field::DocumentNumber, layout.number_check, head.bytes())?;
            return Ok(Number { value: trimmed(head), optional: trimmed(optional), holds });
        }
        let (tail, rest) = optional.split_once('<').unwrap_or((optional, ""));
        let (tail, digit) = tail.split_at(tail.len() - 1);
        if !digit.bytes().all(|c| c.is_ascii_digit()) {
            return Err(misplaced(Field::DocumentNumber, layout.optional, tail.len(), DIGIT));
        }
        let holds = digit.as_bytes() == [check_digit(head.bytes().chain(tail.bytes()))];
        let mut value = String::with_capacity(head.len() + tail.len());
        value.push_str(head);
        value.push_str(tail);
        Ok(Number { value: Personal::new(value), optional: trimmed(rest), holds })
    }

    fn checks(&self, layout: &Layout, number: &Number) -> Result<Vec<Check>, MrzError> {
        let mut checks = Vec::with_capacity(5);
        let mut add = |field, holds| checks.push(Check { field, holds });
        add(Field::DocumentNumber, number.holds);
        let dates = [
            (Field::BirthDate, layout.birth, layout.birth_check),
            (Field::ExpiryDate, layout.expiry, layout.expiry_check),
        ];
        for (field, over, digit) in dates {
            add(field, self.holds(field, digit, self.text(over).bytes())?);
        }
        if let Some(digit) = layout.optional_check {
            let over = self.text(layout.optional);
            // An unused personal number may have 0 or a filler as its check digit (Doc 9303-4, 4.2.2.2).
            let unused = over.bytes().all(|c| c == FILLER) && self.text(digit) == "<";
            add(Field::PersonalNumber, unused || self.holds(Field::PersonalNumber, digit, over.bytes())?);
        }
        if let Some(digit) = layout.composite {
            let over = layout.composite_over.iter().flat_map(|span| self.text(*span).bytes());
            add(Field::Composite, self.holds(Field::Composite, digit, over)?);
        }
        Ok(checks)
    }

    /// Whether the printed check digit is the computed one. A filler where a digit belongs does not hold; a letter is
    /// a misreading.
    fn holds(&self, field: Field, digit: Span, over: impl Iterator<Item = u8>) -> Result<bool, MrzError> {
        let printed = self.text(digit).as_bytes();
        match printed {
            [b'0'..=b'9' | FILLER] => Ok(printed == [check_digit(over)]),
            _ => Err(misplaced(field, digit, 0, DIGIT)),
        }
    }
}

/// The document number, and what is left of the optional data.
struct Number {
    value: Personal<String>,
    optional: Personal<String>,
    holds: bool,
}

fn trimmed(field: &str) -> Personal<String> {
    Personal::new(field.trim_end_matches('<').to_string())
}

fn misplaced(field: Field, span: Span, place: usize, allowed: &'static str) -> MrzError {
    MrzError::Misplaced { field, line: span.line + 1, position: span.from + place + 1, allowed }
}
