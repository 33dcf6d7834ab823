//! Writes and reads machine readable zones as JSON lines, so that other programs can check ours and be checked.
//!
//! `mrz write COUNT SEED` prints documents of all five formats with made-up people. `mrz read` takes `{"lines": [..]}`
//! a line from standard input, and prints for each what was read, or the error.

use domain::mrz::{self, Fields, Format, PartialDate, Sex};
use jiff::civil::{Date, date};
use serde_json::{Value, json};
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

/// Codes of issuers and nationalities that are known everywhere.
const STATES: [&str; 8] = ["UTO", "D", "RUS", "KAZ", "BLR", "XXA", "CHN", "UNO"];

/// The longest line of standard input that is taken, in bytes.
const MAX_LINE: usize = 4096;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["write", count, seed] => match (count.parse(), seed.parse()) {
            (Ok(count), Ok(seed)) => write_documents(count, seed),
            _ => Err(io::Error::other("COUNT and SEED are numbers")),
        },
        ["read"] => read_documents(),
        _ => Err(io::Error::other("usage: mrz write COUNT SEED | mrz read")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mrz: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write_documents(count: u64, seed: u64) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for number in 0..count {
        let mut dice = Dice(seed.wrapping_add(number.wrapping_mul(0x2545_f491_4f6c_dd1d)));
        let format = Format::ALL[(number % 5) as usize];
        let (facts, lines) = document(format, &mut dice).map_err(io::Error::other)?;
        writeln!(out, "{}", json!({ "format": format.id(), "lines": lines, "facts": facts }))?;
    }
    Ok(())
}

fn document(format: Format, dice: &mut Dice) -> Result<(Value, Vec<String>), mrz::WriteError> {
    let visa = format.is_visa();
    let code = match format {
        Format::MrvA | Format::MrvB => "V",
        Format::Td1 | Format::Td2 => dice.pick(&["I", "ID", "A", "C"]),
        Format::Td3 => dice.pick(&["P", "PP", "PD", "PO"]),
    };
    // Some names are too long on purpose.
    let (surname, given) = (dice.name(1, 3), dice.name(0, 4));
    let number = dice.letters_and_digits(5, 9);
    let optional = if visa { String::new() } else { dice.letters_and_digits(0, 7) };
    let (birth, expiry) = (dice.day(1930, 90), dice.day(2027, 9));
    let sex = dice.pick(&[Sex::Female, Sex::Male, Sex::Unspecified]);
    let fields = Fields {
        document_code: code,
        issuing_state: dice.pick(&STATES),
        nationality: dice.pick(&STATES),
        primary: &surname,
        secondary: &given,
        document_number: &number,
        birth_date: PartialDate::from_date(birth),
        sex,
        expiry_date: PartialDate::from_date(expiry),
        optional: &optional,
        optional_2: "",
    };
    let facts = json!({
        "document_code": code, "issuing_state": fields.issuing_state, "nationality": fields.nationality,
        "surname": surname, "given_names": given, "document_number": number, "optional": optional,
        "birth_date": birth.strftime("%y%m%d").to_string(), "expiry_date": expiry.strftime("%y%m%d").to_string(),
    });
    Ok((facts, mrz::write(&fields, format)?))
}

fn read_documents() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        if line.len() > MAX_LINE {
            return Err(io::Error::other("a line is longer than 4096 bytes"));
        }
        let asked: Value = serde_json::from_str(&line)?;
        let lines = asked["lines"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let answer = match mrz::parse(&lines.collect::<Vec<_>>().join("\n")) {
            Ok(mrz) => said(&mrz),
            Err(error) => json!({ "error": error.id(), "text": error.sentence() }),
        };
        writeln!(out, "{answer}")?;
    }
    Ok(())
}

/// The made-up people are nobody, so their data may be printed.
fn said(mrz: &mrz::Mrz) -> Value {
    let date = |date: PartialDate| {
        let part = |part: Option<u8>| part.map_or("<<".to_owned(), |value| format!("{value:02}"));
        format!("{}{}{}", part(date.year2()), part(date.month()), part(date.day()))
    };
    json!({
        "format": mrz.format.id(),
        "document_code": mrz.document_code,
        "issuing_state": mrz.issuing_state,
        "nationality": mrz.nationality,
        "surname": mrz.name.primary.expose(),
        "given_names": mrz.name.secondary.expose(),
        "truncated": mrz.name.truncated,
        "document_number": mrz.document_number.expose(),
        "optional": mrz.optional.expose(),
        "birth_date": date(mrz.birth_date),
        "expiry_date": date(mrz.expiry_date),
        "failed_checks": mrz.failed_checks().map(mrz::Field::id).collect::<Vec<_>>(),
    })
}

/// Repeatable chance (SplitMix64; Steele, Lea and Flood 2014).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn text(&mut self, from: &[u8], least: usize, most: usize) -> String {
        let len = least + self.below(most - least + 1);
        (0..len).map(|_| char::from(self.pick(from))).collect()
    }

    fn letters_and_digits(&mut self, least: usize, most: usize) -> String {
        self.text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", least, most)
    }

    fn name(&mut self, least: usize, most: usize) -> String {
        let parts = least + self.below(most - least + 1);
        let part = |dice: &mut Self| dice.text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", 4, 11);
        (0..parts).map(|_| part(self)).collect::<Vec<_>>().join(" ")
    }

    fn day(&mut self, first_year: i16, years: usize) -> Date {
        let year = first_year + self.below(years) as i16;
        date(year, 1 + self.below(12) as i8, 1 + self.below(28) as i8)
    }
}
