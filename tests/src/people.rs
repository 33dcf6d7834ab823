//! Who comes to the desk in the tests.

use domain::mrz::{self, Fields, Format, PartialDate, Sex};
use hardware_sim::clock;
use hardware_sim::person::{Person, Traits};
use serde_json::Value;

/// A grown-up whose biometrics are due.
pub fn adult(seed: u64) -> Person {
    person(seed, Traits::default())
}

/// A child of five: exempt.
pub fn child(seed: u64) -> Person {
    person(seed, Traits { age: Some(5), ..Traits::default() })
}

/// Somebody of this nationality.
pub fn citizen(seed: u64, code: &str) -> Person {
    person(seed, Traits { nationality: Some(code.into()), ..Traits::default() })
}

/// Somebody with a diplomatic passport, which is a hint and no proof.
pub fn diplomat(seed: u64) -> Person {
    person(seed, Traits { document_code: Some("PD".into()), ..Traits::default() })
}

/// Somebody whose prints stay poor.
pub fn poor_prints(seed: u64) -> Person {
    person(seed, Traits { degradation: 1.0, ..Traits::default() })
}

/// The person of a seed with these traits, as old as they are today.
pub fn person(seed: u64, traits: Traits) -> Person {
    Person::new(seed, &traits, clock::today())
}

/// A person's traits as the simulator takes them.
pub fn traits_of(person: &Person) -> Value {
    serde_json::to_value(&person.traits).unwrap()
}

/// Somebody whose name, number and birth date are found again wherever they leak to.
pub struct Canary {
    /// The lines of the document.
    pub lines: Vec<String>,
    /// Each way in which a leak would spell what is personal.
    pub spellings: Vec<&'static str>,
}

/// A grown-up citizen of Uzbekistan, born on 12 August 1974.
pub fn canary() -> Canary {
    let fields = Fields {
        document_code: "P",
        issuing_state: "UZB",
        nationality: "UZB",
        primary: "QUETZALNAME",
        secondary: "XOCHIGIVEN",
        document_number: "X87Q4Z91W",
        birth_date: PartialDate::new(Some(74), Some(8), Some(12)).unwrap(),
        sex: Sex::Female,
        expiry_date: PartialDate::new(Some(32), Some(4), Some(15)).unwrap(),
        optional: "",
        optional_2: "",
    };
    let lines = mrz::write(&fields, Format::Td3).unwrap();
    // The six digits alone would be found in any clock's microseconds; with check digit and sex they are nobody else's.
    let spellings = vec!["QUETZALNAME", "XOCHIGIVEN", "X87Q4Z91W", "1974-08-12", "7408122F"];
    Canary { lines, spellings }
}
