//! The document of a simulated person: facts and MRZ lines.

use super::traits::{BirthKnown, Traits};
use domain::mrz::{self, Fields, PartialDate, Sex};
use jiff::ToSpan;
use jiff::civil::Date;
use render::Rng;

/// States whose citizens stand in line when nobody asks for another.
pub(super) const STATES: [&str; 14] =
    ["ARM", "AZE", "CHN", "D", "GEO", "IND", "KAZ", "KGZ", "MDA", "SRB", "TJK", "TUR", "UZB", "VNM"];

/// Invented: no State's registry is meant.
const SURNAMES: [&str; 20] = [
    "ARVENDIL",
    "BOROVAN",
    "CALDERIM",
    "DOSTANEK",
    "ELMAROV",
    "FARUZIN",
    "GALVEDIS",
    "HOLTANI",
    "IVERSKAN",
    "JARMILEK",
    "KESTANOV",
    "LORVIDIAN",
    "MERIDOSH",
    "NAVELIN",
    "ORSADZE",
    "PELTAMUR",
    "QUILARON",
    "RASHTOVAN",
    "SELVARI",
    "TUMAREK",
];

/// Invented as well, of either sex.
const GIVEN: [&str; 20] = [
    "ADVINA",
    "BELTHAR",
    "CORIS MAREN",
    "DANVIR",
    "ELISKA",
    "FENJA",
    "GORAN LEV",
    "HALMA",
    "ISKEN",
    "JOVITA",
    "KALIM",
    "LUMIRA",
    "MAVEN",
    "NORIS",
    "OTAMIR",
    "PELIA ANSE",
    "RUSTANA",
    "SAMVEL",
    "TARIEN",
    "VESNIKA",
];

/// Years between which somebody is an adult whom the seed may choose.
const ADULT: (usize, usize) = (18, 75);

/// Days since the last birthday. Nobody's is within two days: the station may stand in another time zone, where it is
/// another day and such a person another age.
const FROM_BIRTHDAY: (usize, usize) = (2, 362);

/// What a document says about its holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// One or two letters.
    pub document_code: String,
    /// Three-letter code.
    pub issuing_state: String,
    /// Three-letter code.
    pub nationality: String,
    /// Primary identifier.
    pub surname: String,
    /// Secondary identifier.
    pub given_names: String,
    /// Nine characters.
    pub document_number: String,
    /// The real date; the document may state less of it.
    pub birth_date: Date,
    /// `F` or `M`.
    pub sex: char,
    /// Last day of validity.
    pub expiry_date: Date,
}

/// Everything on paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Papers {
    /// Age in completed years.
    pub age: u8,
    /// What the document says.
    pub facts: Facts,
    /// Its MRZ.
    pub lines: Vec<String>,
}

impl Papers {
    /// The papers of a seed.
    pub fn of(seed: u64, traits: &Traits, today: Date) -> Self {
        let mut draw = Rng::stream(seed, 0xD0C5);
        let nationality = String::from(STATES[draw.below(STATES.len())]);
        let nationality = traits.nationality.clone().unwrap_or(nationality);
        let adult = ADULT.0 + draw.below(ADULT.1 - ADULT.0 + 1);
        let age = traits.age.unwrap_or(adult as u8);
        let days = FROM_BIRTHDAY.0 + draw.below(FROM_BIRTHDAY.1 - FROM_BIRTHDAY.0 + 1);
        let facts = Facts {
            document_code: traits.document_code.clone().unwrap_or_else(|| String::from("P")),
            issuing_state: traits.issuing_state.clone().unwrap_or_else(|| nationality.clone()),
            nationality,
            surname: String::from(SURNAMES[draw.below(SURNAMES.len())]),
            given_names: String::from(GIVEN[draw.below(GIVEN.len())]),
            document_number: number(&mut draw),
            birth_date: born(today, age, days),
            sex: if draw.chance(0.5) { 'F' } else { 'M' },
            expiry_date: today.saturating_add((200 + draw.below(3000) as i64).days()),
        };
        let lines = lines(&facts, traits);
        Self { age, facts, lines }
    }
}

/// One letter and eight digits.
fn number(draw: &mut Rng) -> String {
    let letter = char::from(b'A' + draw.below(26) as u8);
    format!("{letter}{:08}", draw.below(100_000_000))
}

/// A birth date of somebody who is `age` years old on `today`, this many days after the last birthday.
fn born(today: Date, age: u8, days: usize) -> Date {
    let latest = today.saturating_sub(i64::from(age).years());
    latest.saturating_sub((days as i64).days())
}

fn lines(facts: &Facts, traits: &Traits) -> Vec<String> {
    let fields = Fields {
        document_code: &facts.document_code,
        issuing_state: &facts.issuing_state,
        nationality: &facts.nationality,
        primary: &facts.surname,
        secondary: &facts.given_names,
        document_number: &facts.document_number,
        birth_date: stated(facts.birth_date, traits.birth_known),
        sex: if facts.sex == 'F' { Sex::Female } else { Sex::Male },
        expiry_date: PartialDate::from_date(facts.expiry_date),
        optional: "",
        optional_2: "",
    };
    // Checked traits and the lists above always fit the fields; a person without lines would fail every test of them.
    mrz::write(&fields, traits.format()).unwrap_or_default()
}

fn stated(born: Date, known: BirthKnown) -> PartialDate {
    let whole = PartialDate::from_date(born);
    let (month, day) = match known {
        BirthKnown::Full => return whole,
        BirthKnown::Nothing => return PartialDate::UNKNOWN,
        BirthKnown::Year => (None, None),
        BirthKnown::YearAndMonth => (whole.month(), None),
    };
    PartialDate::new(whole.year2(), month, day).unwrap_or(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_one_that_passports_name() {
        for state in STATES {
            assert!(mrz::codes::known(state).is_some(), "{state}");
        }
    }
}
