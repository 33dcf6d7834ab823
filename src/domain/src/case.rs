//! Names of things that are said aloud and written on receipts: cases, records, stations.

use alloc::{format, string::String};
use core::fmt;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// One traveller's visit to the desk, as staff call it: `S1-251224-0007` (station, day, count of that day).
/// It holds no personal data, so it may stand in logs, on receipts and on the supervisor's screen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CaseNumber(String);

impl CaseNumber {
    /// The case number of the `count`-th traveller of that local day at that station.
    pub fn new(station: &StationId, day: Date, count: u32) -> Self {
        let (y, m, d) = (day.year().rem_euclid(100), day.month(), day.day());
        Self(format!("{}-{y:02}{m:02}{d:02}-{count:04}", station.0))
    }

    /// A case number read back from a form or the journal: letters, digits and dashes, 40 at most.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && text.len() <= 40;
        let clean = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        (fits && clean).then(|| Self(text.into()))
    }

    /// The number as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CaseNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The station's name in records and at the intake: `S1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StationId(pub String);

impl fmt::Display for StationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A record's own random name: 16 bytes, written as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(pub [u8; 16]);

impl RecordId {
    /// The identifier written as [`fmt::Display`] writes it.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = core::str::from_utf8(pair).ok()?;
            *byte = u8::from_str_radix(digits, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use jiff::civil::date;

    #[test]
    fn case_numbers_read_well_and_parse_back() {
        let case = CaseNumber::new(&StationId("S1".into()), date(2025, 12, 24), 7);
        assert_eq!(case.to_string(), "S1-251224-0007");
        assert_eq!(CaseNumber::parse("S1-251224-0007"), Some(case));
        for bad in ["", "a b", "../etc", "x/y"] {
            assert_eq!(CaseNumber::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn record_ids_parse_back() {
        let id = RecordId([0xa5; 16]);
        assert_eq!(RecordId::parse(&id.to_string()), Some(id));
        assert_eq!(RecordId::parse("zz"), None);
        assert_eq!(RecordId::parse(&"+1".repeat(16)), None);
    }
}
